"""Whom a row is about, and what of him is typed on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from misusesim import rng
from misusesim.dataset.schema import MATCHES, SEXES, SUBJECT_KINDS
from misusesim.dice import lane, of_65536, raw_lane
from misusesim.query.columns import long_words, numbers, words
from misusesim.query.transactions import KIND, SHOWS, mixes
from misusesim.textcolumns import fixed_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.dice import Dice
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
    main = occasions.subject.copy()
    unnamed = np.flatnonzero(~named)
    main[unnamed] = strangers(rows, rows.occasion_dice.take(unnamed).bits("stranger"))
    bits = rows.dice.bits("subject")
    share = mixes().same[occasions.template, named.astype(np.int8)]
    other = np.flatnonzero((rows.needs.nth > 0) & (raw_lane(bits, 0) >= share[occasion]))
    near = (lane(bits[other], 1) < _OTHER_IS_NEAR) & ~rows.machine[other]
    subject = main[occasion]
    subject[other] = _others(rows, occasion[other], main, near, rows.dice.take(other))
    kind = KIND[rows.transaction]
    return Typed(subject, kind, *_slips(rows, kind, bits))


def _slips(
    rows: Rows, kind: NDArray[np.int8], bits: NDArray[np.uint64]
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Return how each row matches, and its typo: only what a hand types can go wrong."""
    match, typo = np.zeros(len(kind), np.int8), np.zeros(len(kind), np.int8)
    slip, by_hand = raw_lane(bits, 2), ~rows.machine
    plates = (slip < of_65536(_PARTIAL_PLATE)) & by_hand & (kind == VEHICLE)
    match[plates] = PARTIAL
    names = np.flatnonzero((slip < of_65536(_PARTIAL_NAME + _WILDCARD_NAME)) & by_hand)
    names = names[(kind[names] == PERSON) & SHOWS["y"][rows.transaction[names]]]
    match[names] = np.where(slip[names] < of_65536(_WILDCARD_NAME), WILDCARD, PARTIAL)
    wrong = rows.hand[rows.dice.take(rows.hand).chance("typo", rows.scenario.noise.typo_share)]
    wrong = wrong[match[wrong] == EXACT]
    typo[wrong] = 1 + lane(bits[wrong], 3) % _TYPOS
    return match, typo


def _others(
    rows: Rows,
    occasion: NDArray[np.int64],
    main: NDArray[np.int64],
    near: NDArray[np.bool_],
    dice: Dice,
) -> NDArray[np.int64]:
    """Return who else is asked about: the victim of the case, the partner, else a stranger."""
    out, cases = np.empty(len(occasion), np.int64), rows.plan.cases
    case = rows.occasions.case[occasion]
    far, known = np.flatnonzero(~near), np.flatnonzero(near & (case >= 0))
    out[far] = strangers(rows, dice.take(far).bits("other"))
    close = np.flatnonzero(near & (case < 0))
    if close.size:
        out[close] = rows.population.partner(main[occasion[close]])
    if known.size:
        order = np.argsort(cases.serial, kind="stable")
        out[known] = cases.victim[order[np.searchsorted(cases.serial, case[known], sorter=order)]]
    return out


def subject_columns(rows: Rows, who: Typed) -> dict[str, pa.Array]:
    """Return the subject columns of the log."""
    people, shown = rows.population, who.kind == PERSON
    name_shown = shown & SHOWS["s"][rows.transaction]
    surname = np.full(len(shown), -1, np.int32)
    at = np.flatnonzero(name_shown)
    surname[at] = people.surname_code(who.subject[at])
    year = np.zeros(len(shown), np.int16)
    year_shown = shown & SHOWS["y"][rows.transaction] & (who.match == EXACT)
    at = np.flatnonzero(year_shown)
    year[at] = people.birth_year(who.subject[at])
    sex = np.full(len(shown), -1, np.int8)
    at = np.flatnonzero(shown & SHOWS["x"][rows.transaction])
    sex[at] = people.sex(who.subject[at])
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
    key, slips = np.empty(len(who.kind), np.uint64), np.flatnonzero(who.typo)
    things = np.flatnonzero(who.kind == PROPERTY)
    key[things] = rng.draw(rows.first_need[rows.occasion[things]], rng.salt(seed, "property"))
    for kind, hashed in ((PERSON, people.person_key), (VEHICLE, people.plate_key)):
        mine = np.flatnonzero(who.kind == kind)  # what is typed vaguely is settled below
        key[mine] = hashed(who.subject[mine], 0)
        for typo in range(1, _TYPOS + 1):
            mine = slips[(who.kind[slips] == kind) & (who.typo[slips] == typo)]
            key[mine] = hashed(who.subject[mine], typo)
    vague = np.flatnonzero((who.kind == PERSON) & (who.match != EXACT))
    name = people.surname_code(who.subject[vague]).astype(np.uint64)
    sort = np.uint64(WILDCARD) == who.match[vague].astype(np.uint64)
    name = np.where(sort, name >> np.uint64(3) | np.uint64(1 << 40), name)
    key[vague] = rng.draw(name, rng.salt(seed, "vague name"))
    vehicle = who.kind == VEHICLE
    plated = np.flatnonzero(vehicle)
    plate = _plates(rows, who, plated)
    partial = np.flatnonzero(who.match[plated] == PARTIAL)
    stars, kept = plated[partial], plate[partial]
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
