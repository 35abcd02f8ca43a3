"""What came back and what was done with it: scope, hit, records, outcome, action, latency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from misusesim import rng
from misusesim.dataset.schema import ACTIONS, OUTCOMES, SCOPES, SYSTEMS
from misusesim.dice import lane, table
from misusesim.occasions import TEMPLATES
from misusesim.query.columns import long_words, numbers, words
from misusesim.query.people import EXACT
from misusesim.world.agencies import agencies

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.query.people import Typed
    from misusesim.query.rows import Rows

_ALPR: Final = SYSTEMS.index("ALPR")
#: 22 % own agency only, 56 % more than 100 networks (78 Californian agencies).
_SCOPES: Final = table({0: 22, 1: 22, 2: 46, 3: 10})
#: Hours looked back (Okaloosa); the rest of 21 % spread by assumption, 2 % beyond 60 days.
_LOOKBACK: Final = table(
    {24: 31, 168: 14, 12: 12, 2: 9, 48: 10, 720: 8, 0: 4, 6: 5, 4: 3, 72: 2, 2160: 1, 8640: 1}
)
_ALPR_HIT_RATE: Final = 0.0073  # median agency, reads that hit a hot list
_OK, _NO_RECORD, _ERROR, _TIMEOUT = range(len(OUTCOMES))
_OUTCOMES: Final = table({_OK: 9500, _NO_RECORD: 400, _ERROR: 70, _TIMEOUT: 30})
_TYPO_FINDS_NOTHING: Final = 40_000  # of 65,536 (assumption)
_RECORDS: Final = table({1: 78, 2: 12, 3: 5, 4: 2, 6: 2, 10: 1})
_VAGUE_FACTOR: Final = 6  # more answers to a name without birth date (assumption)
_DESK: Final = np.isin(
    TEMPLATES, ("records_request", "booking", "background_check", "case_session")
)
#: view, print, export, share per 10,000, in the field and at the desk (assumption).
_FIELD_ACTIONS: Final = rng.guide([9960, 30, 6, 4])
_DESK_ACTIONS: Final = rng.guide([8900, 1000, 70, 30])
_SHARE: Final = ACTIONS.index("share")
_BREAK_GLASS_SHARE: Final = 0.0004  # assumption
_LONGEST_TEXT: Final = 100
#: Median answer time by system, ms: hot files fast, state switches slower, plate readers by span
#: (NCIC 160 ms in 2002, 60 ms in 2009; the rest assumption).
_MEDIAN_MS: Final = np.array(
    [420, 180, 900, 650, 300, 350, 320, 520, 400, 420, 400, 1100, 240, 380], np.int64
)
#: Answer time in thousandths of the median at the quantiles 0, 1/8, ... 7/8, 15/16, 63/64, 1.
_QUANTILES: Final = (0, 8192, 16384, 24576, 32768, 40960, 49152, 57344, 61440, 64512, 65536)
_LATENCY: Final = (250, 520, 680, 830, 1000, 1210, 1500, 2050, 2800, 5200, 12_000)
_TIMEOUT_MS: Final = 30_000


def _stretch() -> NDArray[np.int64]:
    """Return 65,536 answer times in thousandths of the median, by integer interpolation."""
    out = []
    for i in range(len(_QUANTILES) - 1):
        width, rise = _QUANTILES[i + 1] - _QUANTILES[i], _LATENCY[i + 1] - _LATENCY[i]
        out.append(_LATENCY[i] + np.arange(width, dtype=np.int64) * rise // width)
    return np.concatenate(out)


_STRETCH: Final = _stretch()


def answer_columns(rows: Rows, who: Typed, system: NDArray[np.int8]) -> dict[str, pa.Array]:
    """Return the columns from `scope` to `latency_ms`."""
    bits, alpr = rows.dice.bits("answer"), system == _ALPR
    span = rows.occasion_dice.bits("span")[rows.occasion]
    outcome = _OUTCOMES[lane(bits, 0)].astype(np.int8)
    lost_way = (who.typo > 0) & (lane(bits, 1) < _TYPO_FINDS_NOTHING) & (outcome == _OK)
    outcome[lost_way] = _NO_RECORD
    rate = np.where(alpr, _ALPR_HIT_RATE, rows.scenario.workload.hit_rate)
    hit = rows.dice.chance("hit", rate) & (outcome == _OK)
    records = _RECORDS[lane(bits, 2)]
    records = np.where(who.match == EXACT, records, records * _VAGUE_FACTOR)
    records[outcome != _OK] = 0
    latency = _MEDIAN_MS[system] * _STRETCH[lane(bits, 3)] // 1000
    latency[outcome == _TIMEOUT] = _TIMEOUT_MS
    return {
        "scope": words(np.where(alpr, _SCOPES[lane(span, 0)], -1).astype(np.int8), SCOPES),
        "lookback_hours": numbers(_LOOKBACK[lane(span, 1)], pa.int32(), ~alpr),
        "hit": numbers(hit, pa.bool_()),
        "records_returned": numbers(records.astype(np.int32), pa.int32()),
        "outcome": words(outcome, OUTCOMES),
        **_use_columns(rows),
        "latency_ms": numbers(latency.astype(np.int32), pa.int32()),
    }


def _use_columns(rows: Rows) -> dict[str, pa.Array]:
    """Return what was done with the answer, and whether the glass was broken for it."""
    bits, occasions = rows.dice.bits("use"), rows.occasions
    desk = _DESK[occasions.template][rows.occasion]
    action = np.where(desk, _DESK_ACTIONS[lane(bits, 0)], _FIELD_ACTIONS[lane(bits, 0)])
    told = occasions.action[rows.occasion]
    action = np.where(told >= 0, told, action).astype(np.int8)
    names = [agency.agency_id for agency in agencies(rows.scenario)]
    step = 1 + (lane(bits, 1) * max(len(names) - 1, 0) >> 16)
    other = (rows.plan.numbers.astype(np.int64)[rows.place] + step) % len(names)
    shared = (action == _SHARE) & (len(names) > 1)
    glass = rows.dice.chance("break glass", _BREAK_GLASS_SHARE) & ~rows.machine
    length = 4 + (lane(bits, 2) * _LONGEST_TEXT >> 16)
    return {
        "action": words(action, ACTIONS),
        "recipient_agency_id": long_words(np.where(shared, other, -1).astype(np.int32), names),
        "break_glass": numbers(glass, pa.bool_()),
        "justification_length": numbers(length.astype(np.int16), pa.int16(), ~glass),
    }
