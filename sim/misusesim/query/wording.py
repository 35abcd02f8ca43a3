"""What the officer writes: category, reason text and case number, in the right field or not."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusesim.clock import DAY_US, NEVER, LocalClock
from misusesim.dataset.schema import ODDITY_KINDS, ROLES
from misusesim.dice import lane, of_65536
from misusesim.occasions import DEFAULT, ORDINARY, TEMPLATES
from misusesim.query.asides import asides
from misusesim.query.columns import listed, long_words, words
from misusesim.query.numbering import GENERIC, cover_story
from misusesim.query.transactions import SENSITIVE
from misusesim.scenario.levels import LEVELS
from misusesim.workload.reasons import NUMBER_FORMS, reason_codes
from misusesim.workload.vocabulary import CLASS, offenses, vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.query.people import Typed
    from misusesim.query.rows import Rows

_IN_REASON: Final = ODDITY_KINDS.index("case_in_reason")
_FILL_SENSITIVE: Final = 0.96  # number given where needed (policy note 8, assumption)
_FILL_MANDATORY: Final = 0.985  # else a placeholder (assumption)
_WRONG_PICK: Final = 0.02  # next to the right line of the menu (assumption)
_CATEGORY_BLANK: Final = 0.0015  # 0.15 % blank in the drop-down era
_PLACEHOLDERS: Final = ("0", "na", "none", "1234", "pending", "x")
#: What each system writes into the reason field (assumption).
_AUTOMATIC: Final = {
    "cad_interface": "CAD AUTO", "records_interface": "RMS AUTO", "alpr_interface": "ALPR HIT",
}  # fmt: skip
_AUTOMATIC_TEXT: Final = np.array(
    [list(_AUTOMATIC).index(t) if t in _AUTOMATIC else -1 for t in TEMPLATES], np.int32
)
#: Added to 1, "sensitive systems only", it gives 2, "given".
_MORE_WANTED: Final = SENSITIVE.astype(np.int8)
_EPOCH: Final = dt.date(1970, 1, 1)
#: Of 100 honest queries of each role so many are of an incident or a case, and could name it
#: (`S-HI-medium`); who types as others do at level hard keeps to that.
_HAVE_A_NUMBER: Final = np.array([
    {"patrol": 85, "detective": 72, "supervisor": 97, "analyst": 98, "licensing_clerk": 27}.get(
        role, 100
    )
    for role in ROLES
])  # fmt: skip
_PLACES: Final = 5  # a mistyped number has one of its last five digits wrong


def wording_columns(rows: Rows, who: Typed) -> dict[str, pa.Array]:
    """Return `reason_category`, `reason_text` and `case_number`."""
    occasions, number = rows.occasions, rows.numbering.code
    topic = np.where(occasions.says_topic == DEFAULT, occasions.topic, occasions.says_topic)
    absent = rows.plan.of_group("case_field") == "absent"
    homeless = rows.numbering.told & absent[rows.place]
    misplaced = (homeless | (occasions.oddity == _IN_REASON)) & (number >= 0)
    return {
        "reason_category": _category(rows, topic),
        "reason_text": _reason(rows, who, topic, number, misplaced),
        "case_number": _case_number(rows, number, misplaced),
    }


def _category(rows: Rows, topic: NDArray[np.int16]) -> pa.DictionaryArray:
    listed = offenses()
    out = np.full(len(topic), -1, np.int8)
    there = np.flatnonzero((rows.habit.dropdown[rows.place] | _menu_only(rows)) & ~rows.automatic)
    if there.size:
        bits = rows.occasion_dice.take(there).bits("category")
        other = lane(bits, 2) * len(ORDINARY) >> 16
        about = np.where(lane(bits, 3) < of_65536(_WRONG_PICK), other, topic[there])
        picked = listed.pick[about, lane(bits, 0) >> 7]
        picked[lane(bits, 1) < of_65536(_CATEGORY_BLANK)] = -1
        out[there] = picked
    return words(rows.spread(out), listed.values)


def _menu_only(rows: Rows) -> NDArray[np.bool_]:
    """Tell which occasions come after their agency put a menu in the place of the text field."""
    clock = LocalClock(rows.scenario)
    since = np.array([
        NEVER if day is None else int(clock.utc(np.array([(day - _EPOCH).days * DAY_US]))[0])
        for day in rows.plan.of_group("dropdown_from")
    ])  # fmt: skip
    return np.asarray(rows.occasions.start >= since[rows.place])


def _reason(
    rows: Rows, who: Typed, topic: NDArray[np.int16], number: NDArray[np.int32],
    misplaced: NDArray[np.bool_],
) -> pa.DictionaryArray:  # fmt: skip
    hand, occasion = rows.hand, rows.occasion.take(rows.hand)
    forced = np.full(len(rows.occasions), -1, np.int8)
    forced[cover_story(rows.plan, rows.occasions) == GENERIC] = CLASS["generic"]
    forced[_menu_only(rows)] = CLASS["blank"]
    forced[misplaced] = CLASS["number"]
    said = reason_codes(
        rows.habit, rows.scenario.seed, officer=rows.occasions.officer.take(occasion),
        topic=topic.take(occasion), occasion=rows.first_need.take(occasion),
        need=rows.hand_dice.entity, has_number=(number >= 0).take(occasion),
        forced=forced.take(occasion),
    )  # fmt: skip
    form, code = said.number_form, said.text
    form[misplaced.take(occasion)] = 0
    numeric = np.flatnonzero(form >= 0)
    codes, texts = _rendered(rows, number.take(occasion.take(numeric)), form[numeric])
    static = listed(vocabulary().texts)
    code[numeric] = codes + len(static)
    usual = _one_list(static, texts)
    at, more = asides(rows, who, said, code, usual)
    code[at] = len(usual) + np.arange(len(at), dtype=np.int32)
    machines = len(usual) + len(more)
    text = rows.spread(_AUTOMATIC_TEXT[rows.occasions.template] + np.int32(machines))
    text[hand] = code
    return long_words(text, _one_list(usual, more, pa.array(_AUTOMATIC.values(), pa.string())))


def _one_list(*parts: pa.StringArray) -> pa.StringArray:
    return pa.concat_arrays(parts)


def _rendered(
    rows: Rows, number: NDArray[np.int32], form: NDArray[np.int8]
) -> tuple[NDArray[np.int32], pa.StringArray]:
    """Return the code of each number in its form, and the text of each pair that occurs."""
    pairs = len(rows.numbering.texts) * len(NUMBER_FORMS)
    pair = number * np.int64(len(NUMBER_FORMS)) + form
    used = np.zeros(pairs, np.bool_)
    used[pair] = True
    n, f = np.divmod(np.flatnonzero(used), len(NUMBER_FORMS))
    place = np.cumsum(used, dtype=np.int32) - np.int32(1)
    parts, order = [], []
    for which, pattern in enumerate(NUMBER_FORMS):
        mine = np.flatnonzero(f == which)
        parts.append(_in_form(rows.numbering.texts.take(pa.array(n[mine])), pattern))
        order.append(mine)
    back = np.argsort(np.concatenate(order))
    return place[pair], pa.concat_arrays(parts).take(pa.array(back))


def _in_form(numbers: pa.StringArray, pattern: str) -> pa.StringArray:
    """Return numbers in one of NUMBER_FORMS."""
    before, field, after = re.split(r"\{(\w+)\}", pattern)
    if field.startswith("tail"):
        numbers = pc.utf8_slice_codeunits(numbers, -int(field.removeprefix("tail")))
    return pc.binary_join_element_wise(before, numbers, after, "")


def _case_number(
    rows: Rows, number: NDArray[np.int32], misplaced: NDArray[np.bool_]
) -> pa.DictionaryArray:
    rule, texts = rows.plan.of_group("case_field"), rows.numbering.texts
    bits = rows.occasion_dice.bits("case number")
    filled = _filled(rows, bits)
    filled[(number < 0) | misplaced | (rule == "absent").take(rows.place)] = 0
    filled = rows.spread(filled)
    filled += _MORE_WANTED.take(rows.transaction)
    at = np.flatnonzero(filled > 1)
    code = np.full(len(filled), -1, np.int32)
    code[at] = number.take(rows.occasion.take(at))
    extra = _mistyped(rows, code, at)
    must = rows.spread((rule == "mandatory").take(rows.place) & ~rows.automatic)
    empty = np.flatnonzero(must & (code < 0))
    junk = lane(bits[rows.occasion[empty]], 1) * len(_PLACEHOLDERS) >> 16
    code[empty] = len(texts) + len(extra) + junk
    return long_words(code, _one_list(texts, extra, pa.array(_PLACEHOLDERS, pa.string())))


def _filled(rows: Rows, bits: NDArray[np.uint64]) -> NDArray[np.int8]:
    """Return where each occasion's number is given: 0 nowhere, 1 in sensitive systems, 2 in all."""
    mandatory = rows.plan.of_group("case_field") == "mandatory"
    usual = np.where(mandatory, _FILL_MANDATORY, rows.habit.fill_share)
    # of 65,536, for systems of both kinds; a lane is below a share if it is below the next integer
    least = np.ceil(np.array([usual, np.maximum(usual, _FILL_SENSITIVE)]) * 65536).astype(np.int32)
    drawn = np.where(rows.numbering.told, -1, lane(bits, 0)).astype(np.int32)
    if LEVELS[rows.scenario.level].as_usual:
        hidden = np.flatnonzero(rows.occasions.campaign >= 0)
        role = rows.plan.officers.role[rows.occasions.officer[hidden]]
        drawn[hidden] = drawn[hidden] * 100 // _HAVE_A_NUMBER[role]
    filled: NDArray[np.int8] = (drawn < least[1, rows.place]).astype(np.int8)
    filled += drawn < least[0, rows.place]
    return filled


def _mistyped(rows: Rows, code: NDArray[np.int32], at: NDArray[np.int64]) -> pa.StringArray:
    """Put typing errors into the codes of the rows `at`; return the mistyped numbers."""
    dice, texts = rows.dice.take(at), rows.numbering.texts
    wrong = at[dice.chance("number typo", rows.scenario.noise.typo_share)]
    bits = rows.dice.take(wrong).bits("number typo kind")
    pair = code[wrong].astype(np.int64) * 64 + (
        (lane(bits, 0) * _PLACES >> 16) * 9 + (lane(bits, 1) * 9 >> 16)
    )
    distinct, place = np.unique(pair, return_inverse=True)
    code[wrong] = len(texts) + place
    right = texts.take(pa.array(distinct // 64)).to_pylist()
    slips = (distinct % 64).tolist()
    return pa.array(
        [_with_slip(text, *divmod(one, 9)) for text, one in zip(right, slips, strict=True)],
        pa.string(),
    )


def _with_slip(text: str, back: int, shift: int) -> str:
    """Return a number with its last digit but `back` replaced by another digit."""
    at = len(text) - 1 - back
    if not text[at].isdigit():
        at = len(text) - 1
    digit = (int(text[at]) + 1 + shift) % 10
    return f"{text[:at]}{digit}{text[at + 1 :]}"
