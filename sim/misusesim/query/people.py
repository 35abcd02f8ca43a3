"""Whom a row is about, and what of him is typed on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from misusesim import rng
from misusesim.dataset.schema import MATCHES, SEXES, SUBJECT_KINDS
from misusesim.dice import Dice, lane, of_65536
from misusesim.query.columns import long_words, numbers, words
from misusesim.query.transactions import KIND, SHOWS, mixes
from misusesim.textcolumns import fixed_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.query.rows import Rows

PERSON, VEHICLE, PROPERTY = (SUBJECT_KINDS.index(k) for k in ("person", "vehicle", "property"))
EXACT, PARTIAL, WILDCARD = (MATCHES.index(m) for m in ("exact", "partial", "wildcard"))
#: Names without birth date and wildcard names; plates with missing characters (assumption).
_PARTIAL_NAME, _WILDCARD_NAME, _PARTIAL_PLATE = 0.05, 0.02, 0.02
_TYPOS: Final = 3
_OTHER_IS_NEAR: Final = 32768  # half of the others: victim of the case, or the partner
_PLATE_WIDTH: Final = 7
_STAR: Final = ord("*")


@dataclass(frozen=True, slots=True)
class Typed:
    """Whom each row is about and how he was typed."""

    subject: NDArray[np.int64]  # person of the population
    kind: NDArray[np.int8]  # code of SUBJECT_KINDS
    match: NDArray[np.int8]  # code of MATCHES
    typo: NDArray[np.int8]  # 0 none, else the variant


def strangers(rows: Rows, bits: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return adults of the population at large."""
    return rows.population.grown(rng.below(bits, rows.scenario.population))


def typed(rows: Rows) -> Typed:
    """Return whom each row is about: the occasion's subject first, then mostly the same."""
    occasions, occasion = rows.occasions, rows.occasion
    named = occasions.subject >= 0
    main = np.where(named, occasions.subject, strangers(rows, rows.occasion_dice.bits("stranger")))
    bits = rows.dice.bits("subject")
    template = occasions.template[occasion]
    same = lane(bits, 0) < mixes().same[template, named[occasion].astype(np.int8)]
    by_hand = ~rows.machine
    other = np.flatnonzero((rows.needs.nth > 0) & ~same)
    near = (lane(bits[other], 1) < _OTHER_IS_NEAR) & by_hand[other]
    subject = main[occasion]
    subject[other] = _others(
        rows, occasion[other], main, near, Dice(rows.scenario.seed, rows.needs.need[other])
    )
    kind = KIND[rows.transaction]
    match = np.zeros(len(subject), np.int8)
    slip = np.where(by_hand, lane(bits, 2), 65535)
    match[(kind == VEHICLE) & (slip < of_65536(_PARTIAL_PLATE))] = PARTIAL
    by_name = (kind == PERSON) & SHOWS["y"][rows.transaction]
    match[by_name & (slip < of_65536(_PARTIAL_NAME + _WILDCARD_NAME))] = PARTIAL
    match[by_name & (slip < of_65536(_WILDCARD_NAME))] = WILDCARD
    wrong = rows.dice.chance("typo", rows.scenario.noise.typo_share) & (match == EXACT) & by_hand
    typo = np.where(wrong, 1 + lane(bits, 3) % _TYPOS, 0).astype(np.int8)
    return Typed(subject, kind, match, typo)


def _others(
    rows: Rows,
    occasion: NDArray[np.int64],
    main: NDArray[np.int64],
    near: NDArray[np.bool_],
    dice: Dice,
) -> NDArray[np.int64]:
    """Return who else is asked about: the victim of the case, the partner, else a stranger."""
    out = strangers(rows, dice.bits("other"))
    cases = rows.plan.cases
    if near.any():
        out[near] = rows.population.partner(main[occasion[near]])
    case = rows.occasions.case[occasion]
    known = np.flatnonzero(near & (case >= 0))
    if known.size:
        order = np.argsort(cases.serial, kind="stable")
        out[known] = cases.victim[order[np.searchsorted(cases.serial, case[known], sorter=order)]]
    return out


def subject_columns(rows: Rows, who: Typed) -> dict[str, pa.Array]:
    """Return the subject columns of the log."""
    people, shown = rows.population, who.kind == PERSON
    name_shown = shown & SHOWS["s"][rows.transaction]
    surname = np.full(len(shown), -1, np.int32)
    surname[name_shown] = people.surname_code(who.subject[name_shown])
    year = np.zeros(len(shown), np.int16)
    year_shown = shown & SHOWS["y"][rows.transaction] & (who.match == EXACT)
    year[year_shown] = people.birth_year(who.subject[year_shown])
    sex = np.full(len(shown), -1, np.int8)
    sex_shown = shown & SHOWS["x"][rows.transaction]
    sex[sex_shown] = people.sex(who.subject[sex_shown])
    key, plate = _keys(rows, who)
    return {
        "subject_kind": words(who.kind, SUBJECT_KINDS),
        "subject_key": numbers(key, pa.uint64()),
        "subject_surname": long_words(surname, people.surnames),
        "subject_birth_year": numbers(year, pa.int16(), ~year_shown),
        "subject_sex": words(sex, SEXES),
        "subject_plate": plate,
        "match": words(who.match, MATCHES),
    }


def _keys(rows: Rows, who: Typed) -> tuple[NDArray[np.uint64], pa.StringArray]:
    """Return the key of what was typed, and the plate texts."""
    seed, people = rows.scenario.seed, rows.population
    first = rows.first_need[rows.occasion]
    key = rng.draw(first, rng.salt(seed, "property"))
    for kind, hashed in ((PERSON, people.person_key), (VEHICLE, people.plate_key)):
        for typo in range(_TYPOS + 1):
            mine = np.flatnonzero((who.kind == kind) & (who.typo == typo) & (who.match == EXACT))
            key[mine] = hashed(who.subject[mine], typo)
    vague = np.flatnonzero((who.kind == PERSON) & (who.match != EXACT))
    name = people.surname_code(who.subject[vague]).astype(np.uint64)
    sort = np.uint64(WILDCARD) == who.match[vague].astype(np.uint64)
    name = np.where(sort, name >> np.uint64(3) | np.uint64(1 << 40), name)
    key[vague] = rng.draw(name, rng.salt(seed, "vague name"))
    vehicle = who.kind == VEHICLE
    plate = _plates(rows, who, np.flatnonzero(vehicle))
    stars = np.flatnonzero(vehicle & (who.match == PARTIAL))
    kept = plate[np.searchsorted(np.flatnonzero(vehicle), stars)]
    folded = kept.astype(np.uint64) @ (np.uint64(256) ** np.arange(_PLATE_WIDTH, dtype=np.uint64))
    key[stars] = rng.draw(folded, rng.salt(seed, "vague plate"))
    return key, fixed_text(plate, vehicle)


def _plates(rows: Rows, who: Typed, at: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return plates as typed: a typo changes one character, a partial plate ends in stars."""
    plate = rows.population.plate_text(rows.population.plate_number(who.subject[at]))
    plate = np.array(plate, np.uint8)
    wrong = np.flatnonzero(who.typo[at])
    place = who.typo[at][wrong].astype(np.int64) * 2 - 1
    was = plate[wrong, place]
    last = (was == ord("9")) | (was == ord("Z"))
    plate[wrong, place] = np.where(last, was - 1, was + 1)
    plate[np.flatnonzero(who.match[at] == PARTIAL), 4:] = _STAR
    return plate
