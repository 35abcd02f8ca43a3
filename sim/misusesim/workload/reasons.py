"""How people fill in reasons and case numbers: agency habit first, officer habit next, then topic.

Measured facts are in domain note 8. Honest and dishonest rows take the same road: what a cover
story changes is the topic spoken of, the number typed, or a generic word, never the habit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim import rng
from misusesim.dice import lane, raw_lane
from misusesim.occasions import ORDINARY, TOPICS
from misusesim.workload.vocabulary import ADMINISTRATIVE, CLASS, CLASSES, FORMS, STYLES, vocabulary
from misusesim.workload.ways import WAYS

if TYPE_CHECKING:
    from collections.abc import Sequence, Sized

    from numpy.typing import NDArray

    from misusesim.plan import AgencyPlan, Block
    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Agency

    U64Array = NDArray[np.uint64]

__all__ = [
    "CLASSES",
    "CRIMES",
    "NUMBER_FORMS",
    "Habits",
    "ReasonCodes",
    "block_habits",
    "habits",
    "reason_codes",
]

#: Shares of the big classes per mille, of which those of the log come out as measured (42,391 rows,
#: 70 agencies): 236, 228, 169, 167, 112, 71. Numbers come as well of case numbers in the wrong
#: field and of bare codes, and some of what is generic is written in words. They vary by agency.
_POOLED: Final = {
    "blank": 236, "free": 140, "generic": 350, "code": 265, "number": 45, "qualifier": 74,
}  # fmt: skip
#: Per 100,000; nearly the same everywhere (screen: Eugene has 4,200, the portals fewer).
_SMALL: Final = {"number_words": 700, "short": 500, "misspelt": 330, "test": 180, "screen": 300}
#: Archetypes of `AgencyGroup.reason_style`, per mille; `mixed` is the pooled mix.
_ARCHETYPES: Final = {
    "mixed": _POOLED,
    "vague": {"blank": 300, "free": 60, "generic": 560, "code": 30, "number": 30, "qualifier": 20},
    "coded": {"blank": 100, "free": 100, "generic": 50, "code": 680, "number": 40, "qualifier": 30},
    "numbers": {"blank": 40, "free": 40, "generic": 40, "code": 50, "number": 810, "qualifier": 20},
    "words": {"blank": 100, "free": 720, "generic": 60, "code": 50, "number": 30, "qualifier": 40},
}  # fmt: skip
#: Dirichlet concentration: 2.3 gives about the measured spread over agencies (calc).
_CONCENTRATION: Final = {"mixed": 2.3}
_OTHER_CONCENTRATION: Final = 60.0
#: Blanks of a mixed agency whose field is not mandatory: beta of mean 0.43, so that over all
#: agencies median and 90th percentile are 30 and 56 % (calc, domain note 8).
_BLANK: Final = (4.3, 5.7)
_MANDATORY_SHARE: Final = 0.35  # 35 % of agencies never leave the field blank
_DROPDOWN_SHARE: Final = 0.10  # 7 of 78 agencies have a drop-down
_PLUS_SHARE: Final = 0.16  # officers who write "+" for blanks at times: 24 of Eugene's 147
_PLUS_BIT: Final = 1 << 18  # of a row's bits; half of what they write (3-4 % of Eugene's rows)
_FAVOURITE: Final = (0.34, 0.56)  # commonest reason: 25th-75th percentile 34-56 %
_OWN_FORM: Final = 0.8  # one officer has about 8 distinct reasons
_STYLES: Final = rng.guide((34, 38, 28))  # lower, title, upper: 17, 19, 14 % of rows
_RETYPED: Final = 0.2  # within an occasion the text is mostly kept (assumption)
_FILL: Final = (0.45, 0.9)  # case number given where the field is optional (assumption)

_PLAIN: Final = STYLES // 2  # styles without "+" come first
_SECOND_BITS: Final = 3 << 20  # of a row's bits; no lane is looked up so finely
_NO_HABIT: Final = 2
#: Topics that are crimes: what one writes out of habit is written for any of them.
CRIMES: Final = np.array(
    [n for n, name in enumerate(ORDINARY) if name not in (*ADMINISTRATIVE, "patrol")],
    np.int16,
)
_CRIME: Final = np.isin(np.arange(len(TOPICS)), CRIMES)

#: How a number is typed as a reason: whole, its tail, or with a word (shapes 99999, 9999,
#: `inc 9999999999`, `99999 report`, `999 inv`).
NUMBER_FORMS: Final = ("{n}", "{tail5}", "{tail4}", "inc {n}", "{n} inv", "{tail5} report")
_NUMBER_FORMS: Final = rng.guide((62, 26, 12))


@dataclass(frozen=True, slots=True)
class Habits:
    """What agencies and their officers always do; officer columns are indexed by officer."""

    mandatory: NDArray[np.bool_]  # per agency: the reason field must be filled
    dropdown: NDArray[np.bool_]  # per agency: there is a reason drop-down
    fill_share: NDArray[np.float64]  # per agency: case numbers given where that is optional
    mix: NDArray[np.int16]  # agency x 65,536: guide table over CLASSES
    house: NDArray[np.uint64]  # per agency: its salt, which ways of writing are its own
    place: NDArray[np.int16]  # the officer's agency
    own: NDArray[np.uint64]  # the officer's salt: which forms are his
    favourite: NDArray[np.int16]  # class he uses without thinking
    favourite_share: NDArray[np.int32]  # of 65,536
    style: NDArray[np.int8]  # one of STYLES
    number_form: NDArray[np.int8]  # 0..2 of NUMBER_FORMS


@dataclass(frozen=True, slots=True)
class ReasonCodes:
    """What each row's reason is made of."""

    kind: NDArray[np.int16]  # code of CLASSES
    text: NDArray[np.int32]  # index into `vocabulary().texts`; -1 for blank or number
    number_form: NDArray[np.int8]  # code of NUMBER_FORMS; -1 unless a number


def habits(scenario: Scenario, agency: Agency, officers: Sized) -> Habits:
    """Return the habits of one agency; a pure function of the scenario and the agency."""
    return _habits(scenario, [agency], [len(officers)])


def block_habits(scenario: Scenario, plan: AgencyPlan | Block) -> Habits:
    """Return the habits of all agencies of a block, or of a plan's only one."""
    return _habits(scenario, plan.agencies, np.diff(plan.first_officer).tolist())


def _habits(scenario: Scenario, agencies: Sequence[Agency], sizes: list[int]) -> Habits:
    """Return the habits of agencies with so many officers each."""
    customs = [_customs(scenario, agency) for agency in agencies]
    mix = np.array([one.mix for one in customs])
    place = np.repeat(np.arange(len(agencies), dtype=np.int16), sizes)
    people = np.concatenate([
        np.arange(size, dtype=np.uint64) | np.uint64(agency.index << 32)
        for agency, size in zip(agencies, sizes, strict=True)
    ])  # fmt: skip
    own = rng.draw(people, rng.salt(scenario.seed, "reason forms"))
    houses = np.array([agency.index for agency in agencies], np.uint64)
    bits = rng.draw(people, rng.salt(scenario.seed, "reason style"))
    low, high = (round(share * 65536) for share in _FAVOURITE)
    plus = lane(bits, 1) < round(_PLUS_SHARE * 65536)
    return Habits(
        mandatory=np.array([one.mandatory for one in customs]),
        dropdown=np.array([one.dropdown for one in customs]),
        fill_share=np.array([one.fill_share for one in customs]), mix=mix,
        house=rng.draw(houses, rng.salt(scenario.seed, "reason house")), place=place, own=own,
        favourite=mix[place, lane(own, 0)],
        favourite_share=(low + (lane(bits, 2) * (high - low) >> 16)).astype(np.int32),
        style=(_STYLES[lane(bits, 0)] + 3 * plus).astype(np.int8),
        number_form=_NUMBER_FORMS[lane(bits, 3)].astype(np.int8),
    )  # fmt: skip


class _Customs(NamedTuple):
    """What holds for all officers of one agency; see :class:`Habits`."""

    mandatory: bool
    dropdown: bool
    fill_share: float
    mix: NDArray[np.int16]


def _customs(scenario: Scenario, agency: Agency) -> _Customs:
    chance = rng.stream(scenario.seed, "reason habits", agency.index)
    mandatory = bool(chance.random() < _MANDATORY_SHARE)
    dropdown = bool(chance.random() < _DROPDOWN_SHARE)
    fill = _FILL[0] + (_FILL[1] - _FILL[0]) * float(chance.random())
    if (told := agency.group.reasons) is not None:
        given = told.model_dump()
        scale = 1_000_000 / sum(given.values())
        told_mix = rng.guide([round(given[name] * scale) for name in CLASSES])
        return _Customs(not told.blank, dropdown=False, fill_share=fill, mix=told_mix)
    weights = _class_weights(chance, agency.group.reason_style, mandatory=mandatory)
    return _Customs(mandatory, dropdown, fill, rng.guide(weights))


def _class_weights(chance: np.random.Generator, style: str, *, mandatory: bool) -> list[int]:
    """Return integer weights of the classes of one agency: Dirichlet around its archetype."""
    centre = dict(_ARCHETYPES[style])
    if mandatory:
        centre["blank"] = 0
    total = sum(centre.values())
    spread = _CONCENTRATION.get(style, _OTHER_CONCENTRATION)
    drawn = {
        name: float(chance.gamma(spread * n / total)) if n else 0.0 for name, n in centre.items()
    }
    if style == "mixed" and not mandatory:
        blank = float(chance.beta(*_BLANK))
        drawn["blank"] = (sum(drawn.values()) - drawn["blank"]) * blank / (1 - blank)
    scale = (100_000 - sum(_SMALL.values())) / max(sum(drawn.values()), 1e-9)
    return [_SMALL.get(name, round(drawn.get(name, 0.0) * scale)) for name in CLASSES]


def reason_codes(
    habit: Habits,
    seed: int,
    *,
    officer: NDArray[np.int32],
    topic: NDArray[np.int16],
    occasion: U64Array,
    need: U64Array,
    has_number: NDArray[np.bool_],
    forced: NDArray[np.int8],
) -> ReasonCodes:
    """Return what each row's reason is made of.

    Parameters
    ----------
    habit
        Of the agencies.
    seed
        The scenario's.
    officer, topic
        Who types, and what he speaks of.
    occasion, need
        Need number of the occasion's first row, and of the row: the text is mostly kept.
    has_number
        Whether there is a number that could be typed.
    forced
        Code of CLASSES that circumstances impose (a number that belongs in another field, a cover
        story of generic words); -1: habit decides.
    """
    again = rng.draw(need, rng.salt(seed, "reason again"))
    key = np.where(raw_lane(again, 0) < round(_RETYPED * 65536), need, occasion)
    bits = rng.draw(key, rng.salt(seed, "reason"))
    kind, habitual = _kinds(habit, officer, bits)
    set_by = np.flatnonzero(forced >= 0)
    kind[set_by] = forced[set_by]
    numeric = (kind == CLASS["number"]) | (kind == CLASS["number_words"])
    kind[numeric & ~has_number] = CLASS["code"]
    numeric &= has_number
    text, form = np.full(len(kind), -1, np.int32), np.full(len(kind), -1, np.int8)
    worded = np.flatnonzero(~numeric & (kind != CLASS["blank"]))
    spoken = _spoken_of(habit, officer, topic, kind, habitual)
    text[worded] = _texts(
        habit, officer.take(worded), spoken.take(worded), kind.take(worded), bits.take(worded)
    )
    at = np.flatnonzero(numeric)
    form[at] = np.where(
        kind[at] == CLASS["number_words"], 3 + lane(bits[at], 2) % 3, habit.number_form[officer[at]]
    )
    return ReasonCodes(kind, text, form)


def _kinds(
    habit: Habits, officer: NDArray[np.int32], bits: U64Array
) -> tuple[NDArray[np.int16], NDArray[np.int8]]:
    """Return the class of each row's reason, and the habit it comes of: first, second, none.

    What an officer writes without thinking first, then what he writes three of four other times.
    """
    kind, which = habit.favourite.take(officer), np.zeros(len(officer), np.int8)
    any_ = np.flatnonzero(raw_lane(bits, 0) >= habit.favourite_share.take(officer))
    bits, officer = bits[any_], officer[any_]
    second = (bits & np.uint64(_SECOND_BITS)) != 0
    which[any_] = np.where(second, 1, 2)
    own = raw_lane(habit.own, 1).take(officer)
    kind[any_] = habit.mix[habit.place[officer], np.where(second, own, raw_lane(bits, 1))]
    return kind, which


def _spoken_of(
    habit: Habits,
    officer: NDArray[np.int32],
    topic: NDArray[np.int16],
    kind: NDArray[np.int16],
    which: NDArray[np.int8],
) -> NDArray[np.int16]:
    """Return the topic that each text is about: out of habit the officer's own, whatever it is.

    Codes stay what they are about, and so does everything that is no crime.
    """
    fixed = np.isin(kind, [CLASS[name] for name in ("free", "generic", "qualifier")])
    rows = np.flatnonzero(fixed & (which < _NO_HABIT) & _CRIME[topic])
    salt = habit.own.take(officer[rows]) + which[rows].astype(np.uint64)
    spoken = topic.copy()
    spoken[rows] = CRIMES[rng.below(rng.mix(salt), len(CRIMES))]
    return spoken


def _texts(
    habit: Habits,
    officer: NDArray[np.int32],
    topic: NDArray[np.int16],
    kind: NDArray[np.int16],
    bits: U64Array,
) -> NDArray[np.int32]:
    words = vocabulary()
    cell = kind.astype(np.int64) * len(TOPICS) + topic
    usual = (kind.astype(np.int64) * len(ORDINARY) + topic).view(np.uint64)
    own = (rng.mix(habit.own.take(officer) + usual) >> np.uint64(55)).view(np.int64)
    free = lane(bits, 2) >> 7
    form = np.where(raw_lane(bits, 3) < round(_OWN_FORM * 65536), own, free)
    base = words.form.reshape(-1).take(cell * FORMS + form)
    way = _ways(habit, officer, base)
    style = habit.style.take(officer)
    style[(style >= _PLAIN) & ((bits & np.uint64(_PLUS_BIT)) == 0)] -= _PLAIN
    loose = np.flatnonzero((bits & np.uint64(15)) == 0)  # a sixteenth: not the usual (assumption)
    style[loose] = free[loose] % 3
    return words.styled.reshape(-1).take((base.astype(np.int64) * WAYS + way) * STYLES + style)


def _ways(habit: Habits, officer: NDArray[np.int32], base: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return how each text is written: half the texts in the house's way, half in the officer's."""
    house = habit.house.take(habit.place.take(officer))
    whose = np.where(base & 1, house, habit.own.take(officer))
    drawn = rng.mix(whose + base.astype(np.uint64))
    return (drawn >> np.uint64(64 - (WAYS - 1).bit_length())).view(np.int64)
