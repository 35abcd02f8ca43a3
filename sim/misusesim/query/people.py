"""Whom a row is about, and what of him is typed on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from misusesim import rng
from misusesim.dataset.schema import MATCHES, SEXES, SUBJECT_KINDS
from misusesim.dice import lane, of_65536, raw_lane
from misusesim.occasions import TEMPLATE
from misusesim.query.columns import listed, numbers, some_words, words
from misusesim.query.transactions import KIND, SHOWS, mixes
from misusesim.textcolumns import fixed_text
from misusesim.world.plates import PLATE_WIDTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.query.rows import Rows
    from misusesim.world.subjects import Seated

PERSON, VEHICLE, PROPERTY = (SUBJECT_KINDS.index(k) for k in ("person", "vehicle", "property"))
EXACT, PARTIAL, WILDCARD = (MATCHES.index(m) for m in ("exact", "partial", "wildcard"))
#: Names without birth date and wildcard names; plates with missing characters (assumption).
_PARTIAL_NAME, _WILDCARD_NAME, _PARTIAL_PLATE = 0.05, 0.02, 0.02
#: Of the names somebody guesses at, those without a birth date; the others are wildcards
#: (assumption; domain note 5.1, kind 3: nineteen wildcard names in one sitting).
_GUESSED_BY_PART: Final = 0.4
_TYPOS: Final = 3
_OTHER_IS_NEAR: Final = 32768  # half of the others: victim of the case, or the partner
_STAR: Final = ord("*")


@dataclass(frozen=True, slots=True)
class Typed:
    """Whom each row is about and how he was typed."""

    people: Seated  # of the population
    kind: NDArray[np.int8]  # code of SUBJECT_KINDS
    match: NDArray[np.int8]  # code of MATCHES
    typo: NDArray[np.int8]  # 0 none, else the variant


def strangers(rows: Rows, bits: NDArray[np.uint64]) -> Seated:
    """Return adults of the population at large."""
    return rows.population.grown_seated(rng.below(bits, rows.scenario.population))


def typed(rows: Rows) -> Typed:
    """Return whom each row is about: the occasion's subject first, then mostly the same."""
    bits = rows.hand_dice.bits("subject")
    main = _subjects(rows)
    people = main.take(rows.occasion)
    far, close = _others(rows, bits)
    _seat(people, far, strangers(rows, rows.dice.take(far).bits("other")))
    _seat(people, close, _close(rows, rows.occasion[close], main))
    kind = KIND.take(rows.transaction)
    return Typed(people, kind, *_slips(rows, kind, bits))


def _others(rows: Rows, bits: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows about strangers, and those about somebody close to the occasion's subject.

    A machine asks about another stranger each time; `bits` are of what people type.
    """
    later = rows.needs.nth > 0
    share = mixes().same[rows.occasions.template, (rows.occasions.subject >= 0).astype(np.int8)]
    another = raw_lane(bits, 0) >= share.take(rows.occasion.take(rows.hand))
    another &= later.take(rows.hand)
    near = raw_lane(bits, 1) < _OTHER_IS_NEAR
    strange = rows.machine & later
    strange[rows.hand.take(np.flatnonzero(another & ~near))] = True
    return np.flatnonzero(strange), rows.hand.take(np.flatnonzero(another & near))


def _subjects(rows: Rows) -> Seated:
    """Return whom each occasion is about."""
    subject = rows.occasions.subject
    main = rows.population.seated(np.maximum(subject, 0))
    unnamed = np.flatnonzero(subject < 0)
    _seat(main, unnamed, strangers(rows, rows.occasion_dice.take(unnamed).bits("stranger")))
    return main


def _seat(people: Seated, at: NDArray[np.int64], others: Seated) -> None:
    """Put others in the place of some people."""
    people.ids[at] = others.ids
    people.seat[at] = others.seat


def _close(rows: Rows, occasion: NDArray[np.int64], main: Seated) -> Seated:
    """Return who else is asked about: the victim of the case, else the partner."""
    cases, case = rows.plan.cases, rows.occasions.case[occasion]
    out = rows.population.partner(main.take(occasion))
    known = np.flatnonzero(case >= 0)
    if known.size:
        order = np.argsort(cases.serial, kind="stable")
        out[known] = cases.victim[order[np.searchsorted(cases.serial, case[known], sorter=order)]]
    return rows.population.seated(out)


def _slips(
    rows: Rows, kind: NDArray[np.int8], bits: NDArray[np.uint64]
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Return how each row matches, and its typo: only what a hand types can go wrong."""
    match, typo = np.zeros(len(kind), np.int8), np.zeros(len(kind), np.int8)
    hand, slip = rows.hand, raw_lane(bits, 2)
    mine, vague = kind.take(hand), np.zeros(len(hand), np.int8)
    vague[(slip < of_65536(_PARTIAL_PLATE)) & (mine == VEHICLE)] = PARTIAL
    names = np.flatnonzero((slip < of_65536(_PARTIAL_NAME + _WILDCARD_NAME)) & (mine == PERSON))
    names = names[SHOWS["y"][rows.transaction[hand[names]]]]
    vague[names] = np.where(slip[names] < of_65536(_WILDCARD_NAME), WILDCARD, PARTIAL)
    _guess(rows, mine, slip, vague)
    match[hand] = vague
    wrong = np.flatnonzero(rows.hand_dice.chance("typo", rows.scenario.noise.typo_share))
    wrong = wrong[vague[wrong] == EXACT]
    typo[hand[wrong]] = 1 + lane(bits[wrong], 3) % _TYPOS
    return match, typo


def _guess(
    rows: Rows, kind: NDArray[np.int8], slip: NDArray[np.uint16], vague: NDArray[np.int8]
) -> None:
    """Let those who know only a nickname ask for parts of names; columns are of rows by hand."""
    guessed = rows.occasions.template == TEMPLATE["nickname_search"]
    if not guessed.any():
        return
    at = np.flatnonzero(guessed.take(rows.occasion.take(rows.hand)) & (kind == PERSON))
    vague[at] = np.where(slip[at] < of_65536(_GUESSED_BY_PART), PARTIAL, WILDCARD)


def subject_columns(rows: Rows, who: Typed) -> dict[str, pa.Array]:
    """Return the subject columns of the log."""
    key, plate = _keys(rows, who)
    return {
        "subject_kind": words(who.kind, SUBJECT_KINDS),
        "subject_key": numbers(key, pa.uint64()),
        **_shown_columns(rows, who),
        "subject_plate": plate,
        "match": words(who.match, MATCHES),
    }


def _shown_columns(rows: Rows, who: Typed) -> dict[str, pa.Array]:
    """Return what the screens for a person show of him; who has a birth year has a surname."""
    people, count = rows.population, len(who.kind)
    at = np.flatnonzero(SHOWS["s"].take(rows.transaction))
    shown = people.at_home(who.people.take(at))
    year, dated = np.zeros(count, np.int16), SHOWS["y"].take(rows.transaction)
    dated &= who.match == EXACT
    year[at] = people.birth_year(shown)
    asked = np.flatnonzero(SHOWS["x"].take(rows.transaction.take(at)))
    sex = np.full(count, -1, np.int8)
    sex[at.take(asked)] = people.sex(shown.take(asked))
    return {
        "subject_surname": some_words(
            count, at, people.surname_code(shown), listed(people.surnames)
        ),
        "subject_birth_year": numbers(year, pa.int16(), ~dated),
        "subject_sex": words(sex, SEXES),
    }


def _keys(rows: Rows, who: Typed) -> tuple[NDArray[np.uint64], pa.StringArray]:
    """Return the key of what was typed, and the plate texts.

    Each way to type has a salt of its own; added to what is typed, it lets one draw do for all.
    """
    seed, people = rows.scenario.seed, rows.population
    salts = people.key_salts(_TYPOS)
    way = who.kind * np.int8(_TYPOS + 1)
    way += who.typo
    key = salts.take(way)
    key += who.people.ids.view(np.uint64)
    things = np.flatnonzero(who.kind == PROPERTY)
    thing = rows.first_need[rows.occasion[things]]
    key[things] = thing + np.uint64(rng.salt(seed, "property"))
    vague = np.flatnonzero((who.kind == PERSON) & (who.match != EXACT))
    name = people.surname_code(who.people.take(vague)).astype(np.uint64)
    sort = np.uint64(WILDCARD) == who.match[vague].astype(np.uint64)
    name = np.where(sort, name >> np.uint64(3) | np.uint64(1 << 40), name)
    key[vague] = name + np.uint64(rng.salt(seed, "vague name"))
    vehicle = who.kind == VEHICLE
    plated = np.flatnonzero(vehicle)
    plate = plates(rows, who, plated)
    partial = np.flatnonzero(who.match.take(plated) == PARTIAL)
    stars, kept = plated[partial], plate[partial]
    folded = kept.astype(np.uint64) @ (np.uint64(256) ** np.arange(PLATE_WIDTH, dtype=np.uint64))
    key[stars] = folded + np.uint64(rng.salt(seed, "vague plate"))
    return rng.draw(key, 0), fixed_text(plate, vehicle)


def plates(rows: Rows, who: Typed, at: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return plates as typed: a typo changes one character, a partial plate ends in stars."""
    plate = rows.population.plate_text(rows.population.plate_number(who.people.ids.take(at)))
    wrong = np.flatnonzero(who.typo.take(at))
    place = who.typo[at][wrong].astype(np.int64) * 2 - 1
    was = plate[wrong, place]
    last = (was == ord("9")) | (was == ord("Z"))
    plate[wrong, place] = np.where(last, was - 1, was + 1)
    plate[np.flatnonzero(who.match.take(at) == PARTIAL), 4:] = _STAR
    return plate
