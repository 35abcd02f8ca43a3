"""What the officer writes: category, reason text and case number, in the right field or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.dataset.schema import ODDITY_KINDS
from misusesim.dice import lane, of_65536
from misusesim.occasions import DEFAULT, TEMPLATES
from misusesim.query.columns import long_words, words
from misusesim.query.numbering import GENERIC, cover_story
from misusesim.query.transactions import SENSITIVE
from misusesim.workload.reasons import NUMBER_FORMS, reason_codes
from misusesim.workload.vocabulary import CLASS, offenses, vocabulary

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from misusesim.query.rows import Rows

_IN_REASON: Final = ODDITY_KINDS.index("case_in_reason")
_FILL_SENSITIVE: Final = 0.96  # number given where needed (policy note 8, assumption)
_FILL_MANDATORY: Final = 0.985  # else a placeholder (assumption)
_CATEGORY_BLANK: Final = 0.0015  # 0.15 % blank in the drop-down era
_PLACEHOLDERS: Final = ("0", "na", "none", "1234", "pending", "x")
#: What each system writes into the reason field (assumption).
_AUTOMATIC: Final = {
    "cad_interface": "CAD AUTO", "records_interface": "RMS AUTO", "alpr_interface": "ALPR HIT",
}  # fmt: skip
_AUTOMATIC_TEXT: Final = np.array(
    [list(_AUTOMATIC).index(t) if t in _AUTOMATIC else -1 for t in TEMPLATES], np.int32
)
_PLACES: Final = 5  # a mistyped number has one of its last five digits wrong


def wording_columns(rows: Rows) -> dict[str, pa.Array]:
    """Return `reason_category`, `reason_text` and `case_number`."""
    occasions, occasion = rows.occasions, rows.occasion
    spoken = np.where(occasions.says_topic == DEFAULT, occasions.topic, occasions.says_topic)
    topic = spoken[occasion]
    number = rows.numbering.code[occasion]
    absent = rows.plan.of_group("case_field") == "absent"
    homeless = rows.numbering.told & absent[rows.occasion_place]
    misplaced = (homeless | (occasions.oddity == _IN_REASON))[occasion] & (number >= 0)
    return {
        "reason_category": _category(rows, topic),
        "reason_text": _reason(rows, topic, number, misplaced),
        "case_number": _case_number(rows, number, misplaced),
    }


def _category(rows: Rows, topic: NDArray[np.int16]) -> pa.DictionaryArray:
    listed = offenses()
    out = np.full(len(topic), -1, np.int8)
    there = np.flatnonzero(rows.habit.dropdown[rows.place])
    if there.size:
        bits = rows.occasion_dice.bits("category")[rows.occasion[there]]
        picked = listed.pick[topic[there], lane(bits, 0) >> 7]
        picked[(lane(bits, 1) < of_65536(_CATEGORY_BLANK)) | rows.machine[there]] = -1
        out[there] = picked
    return words(out, listed.values)


def _reason(
    rows: Rows, topic: NDArray[np.int16], number: NDArray[np.int32], misplaced: NDArray[np.bool_]
) -> pa.DictionaryArray:
    generic = (cover_story(rows.plan, rows.occasions) == GENERIC)[rows.occasion]
    forced = np.full(len(topic), -1, np.int8)
    forced[generic] = CLASS["generic"]
    forced[misplaced] = CLASS["number"]
    forced[rows.machine] = CLASS["blank"]
    said = reason_codes(
        rows.habit, rows.scenario.seed, officer=rows.officer, topic=topic,
        occasion=rows.first_need[rows.occasion], need=rows.needs.need, has_number=number >= 0,
        forced=forced,
    )  # fmt: skip
    form = np.where(misplaced, np.int8(0), said.number_form)
    numeric = np.flatnonzero(form >= 0)
    codes, texts = _rendered(rows, number[numeric], form[numeric])
    text = said.text.copy()
    static = vocabulary().texts
    text[numeric] = codes + len(static)
    own = _AUTOMATIC_TEXT[rows.occasions.template][rows.occasion]
    text = np.where(own >= 0, len(static) + len(texts) + own, text)
    return long_words(text, (*static, *texts, *_AUTOMATIC.values()))


def _rendered(
    rows: Rows, number: NDArray[np.int32], form: NDArray[np.int8]
) -> tuple[NDArray[np.int32], list[str]]:
    """Return the code of each number in its form, and the text of each pair that occurs."""
    pair = number.astype(np.int64) * len(NUMBER_FORMS) + form
    distinct, place = np.unique(pair, return_inverse=True)
    texts = []
    for one in distinct.tolist():
        n, f = divmod(one, len(NUMBER_FORMS))
        whole = rows.numbering.texts[n]
        texts.append(NUMBER_FORMS[f].format(n=whole, tail5=whole[-5:], tail4=whole[-4:]))
    return place.astype(np.int32), texts


def _case_number(
    rows: Rows, number: NDArray[np.int32], misplaced: NDArray[np.bool_]
) -> pa.DictionaryArray:
    rule, texts, place = rows.plan.of_group("case_field"), rows.numbering.texts, rows.place
    bits = rows.occasion_dice.bits("case number")[rows.occasion]
    by_agency = np.where(rule == "mandatory", _FILL_MANDATORY, rows.habit.fill_share)
    usual = by_agency[place]
    needed = np.where(SENSITIVE[rows.transaction], np.maximum(usual, _FILL_SENSITIVE), usual)
    given = (lane(bits, 0) < (needed * 65536)) | rows.numbering.told[rows.occasion]
    given &= (rule != "absent")[place]
    code = np.where(given & ~misplaced, number, -1).astype(np.int32)
    code, extra = _mistyped(rows, code)
    empty = np.flatnonzero((code < 0) & (rule == "mandatory")[place] & ~rows.machine)
    junk = lane(bits[empty], 1) * len(_PLACEHOLDERS) >> 16
    code[empty] = len(texts) + len(extra) + junk
    return long_words(code, (*texts, *extra, *_PLACEHOLDERS))


def _mistyped(rows: Rows, code: NDArray[np.int32]) -> tuple[NDArray[np.int32], list[str]]:
    """Return codes with typing errors, and the texts of the mistyped numbers."""
    dice, texts = rows.dice, rows.numbering.texts
    wrong = np.flatnonzero(dice.chance("number typo", rows.scenario.noise.typo_share) & (code >= 0))
    bits = dice.bits("number typo kind")[wrong]
    pair = code[wrong].astype(np.int64) * 64 + (
        (lane(bits, 0) * _PLACES >> 16) * 9 + (lane(bits, 1) * 9 >> 16)
    )
    distinct, place = np.unique(pair, return_inverse=True)
    code = code.copy()
    code[wrong] = len(texts) + place
    return code, [_with_slip(texts[one // 64], one % 64 // 9, one % 64 % 9) for one in distinct]


def _with_slip(text: str, back: int, shift: int) -> str:
    """Return a number with its last digit but `back` replaced by another digit."""
    at = len(text) - 1 - back
    if not text[at].isdigit():
        at = len(text) - 1
    digit = (int(text[at]) + 1 + shift) % 10
    return f"{text[:at]}{digit}{text[at + 1 :]}"
