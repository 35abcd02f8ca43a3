"""What came back and what was done with it: scope, hit, records, outcome, action, latency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from misusesim import rng
from misusesim.dataset.schema import ACTIONS, OUTCOMES, ROLES, SCOPES, SYSTEMS
from misusesim.dice import lane, raw_lane, table
from misusesim.occasions import TEMPLATE, TEMPLATES
from misusesim.query.columns import numbers, some_words, words
from misusesim.query.people import EXACT
from misusesim.scenario.levels import LEVELS
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
#: Hours looked back by who finds nothing and asks again (Okaloosa; domain note 6).
_WIDER: Final = np.array([12, 24, 168, 720], np.int32)
#: Of searches far back and wide: a year (360 to 524 days in one office, domain note 5.1, kind 21)
#: or three months, as others at times; the state or the whole network (shares are assumptions).
_FAR: Final = table({2160: 50, 8640: 50})
_FAR_SCOPES: Final = table({2: 60, 3: 40})
_ALPR_HIT_RATE: Final = 0.0073  # median agency, reads that hit a hot list
_OK, _NO_RECORD, _ERROR, _TIMEOUT = range(len(OUTCOMES))
_OUTCOMES: Final = table({_OK: 9500, _NO_RECORD: 400, _ERROR: 70, _TIMEOUT: 30}).astype(np.int8)
_TYPO_FINDS_NOTHING: Final = 40_000  # of 65,536 (assumption)
_RECORDS: Final = table({1: 78, 2: 12, 3: 5, 4: 2, 6: 2, 10: 1})
_VAGUE_FACTOR: Final = 6  # more answers to a name without birth date (assumption)
_DESK: Final = np.isin(
    TEMPLATES, ("records_request", "booking", "background_check", "case_session")
)
#: What somebody with a case or a request before him asks as desk work, and others in the field.
_EITHER: Final = np.isin(TEMPLATES, ("plate_check", "name_check"))
#: Whose work is mostly at desks.
_DESK_ROLES: Final = np.isin(ROLES, ("detective", "analyst", "records_clerk", "licensing_clerk"))
#: view, print, export, share per 10,000, in the field and at the desk (assumption).
_ACTIONS_OF: Final = np.concatenate(
    [rng.guide([9960, 30, 6, 4]), rng.guide([8900, 1000, 70, 30])]
).astype(np.int8)
_SHARE: Final = ACTIONS.index("share")
_BREAK_GLASS_SHARE: Final = 0.0004  # assumption
_LONGEST_TEXT: Final = 100
#: Median answer time by system, ms: hot files fast, state switches slower, plate readers by span
#: (NCIC 160 ms in 2002, 60 ms in 2009; the rest assumption).
_MEDIAN_MS: Final = np.array(
    [420, 180, 900, 650, 300, 350, 320, 520, 400, 420, 400, 1100, 240, 380], np.int32
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


_STRETCH: Final = _stretch().astype(np.int32)  # times a median it is below 2**31


def answer_columns(rows: Rows, who: Typed, system: NDArray[np.int8]) -> dict[str, pa.Array]:
    """Return the columns from `scope` to `latency_ms`."""
    bits, alpr = rows.dice.bits("answer"), system == _ALPR
    outcome = _OUTCOMES.take(lane(bits, 0))
    lost_way = (who.typo > 0) & (raw_lane(bits, 1) < _TYPO_FINDS_NOTHING) & (outcome == _OK)
    outcome[lost_way] = _NO_RECORD
    records = _RECORDS.take(lane(bits, 2))
    records[np.flatnonzero(who.match != EXACT)] *= _VAGUE_FACTOR
    records *= outcome == _OK
    latency = _MEDIAN_MS.take(system)
    latency *= _STRETCH.take(lane(bits, 3))
    latency //= 1000
    latency[outcome == _TIMEOUT] = _TIMEOUT_MS
    return {
        **_plate_reader_columns(rows, np.flatnonzero(alpr)),
        "hit": numbers(_hits(rows, np.flatnonzero(alpr)) & (outcome == _OK), pa.bool_()),
        "records_returned": numbers(records, pa.int32()),
        "outcome": words(outcome, OUTCOMES),
        **_use_columns(rows),
        "latency_ms": numbers(latency, pa.int32()),
    }


def _at_desk(rows: Rows) -> NDArray[np.bool_]:
    """Return which occasions are desk work: whoever hides does with answers as his role does."""
    occasions = rows.occasions
    desk = _DESK[occasions.template]
    if LEVELS[rows.scenario.level].as_usual:
        hides = np.flatnonzero((occasions.campaign >= 0) & _EITHER[occasions.template])
        desk[hides] |= _DESK_ROLES[rows.plan.officers.role[occasions.officer[hides]]]
    return desk


def _plate_reader_columns(rows: Rows, at: NDArray[np.int64]) -> dict[str, pa.Array]:
    """Return scope and hours looked back of the rows `at`, which ask plate readers."""
    span = rows.occasion_dice.bits("span")[rows.occasion[at]]
    scope, hours = np.full(len(rows.needs), -1, np.int8), np.zeros(len(rows.needs), np.int32)
    absent = np.ones(len(rows.needs), np.bool_)
    scope[at], hours[at], absent[at] = _SCOPES[lane(span, 0)], _LOOKBACK[lane(span, 1)], False
    wider = rows.occasions.template == TEMPLATE["alpr_widening"]
    again = at[wider.take(rows.occasion.take(at))]
    hours[again] = _WIDER.take(np.minimum(rows.needs.nth.take(again), len(_WIDER) - 1))
    far = at[(rows.occasions.template == TEMPLATE["alpr_wide"]).take(rows.occasion.take(at))]
    reach = rows.occasion_dice.bits("reach")[rows.occasion[far]]
    scope[far], hours[far] = _FAR_SCOPES[lane(reach, 0)], _FAR[lane(reach, 1)]
    return {
        "scope": words(scope, SCOPES),
        "lookback_hours": numbers(hours, pa.int32(), absent),
    }


def _hits(rows: Rows, at: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which answers would be hits; the rows `at` ask plate readers."""
    hit = rows.dice.chance("hit", rows.scenario.workload.hit_rate)
    hit[at] = rows.dice.take(at).chance("hit", _ALPR_HIT_RATE)
    return hit


def _use_columns(rows: Rows) -> dict[str, pa.Array]:
    """Return what was done with the answer, and whether the glass was broken for it."""
    action = _actions(rows)
    names = [agency.agency_id for agency in agencies(rows.scenario)]
    shared = np.flatnonzero(action == _SHARE) if len(names) > 1 else np.empty(0, np.int64)
    step = 1 + (lane(rows.dice.take(shared).bits("use"), 1) * (len(names) - 1) >> 16)
    own = rows.plan.numbers.astype(np.int64)[rows.place[rows.occasion[shared]]]
    broken = rows.hand[rows.hand_dice.chance("break glass", _BREAK_GLASS_SHARE)]
    glass, length = np.zeros(len(action), np.bool_), np.zeros(len(action), np.int16)
    glass[broken] = True
    length[broken] = 4 + (lane(rows.dice.take(broken).bits("use"), 2) * _LONGEST_TEXT >> 16)
    return {
        "action": words(action, ACTIONS),
        "recipient_agency_id": some_words(len(action), shared, (own + step) % len(names), names),
        "break_glass": numbers(glass, pa.bool_()),
        "justification_length": numbers(length, pa.int16(), ~glass),
    }


def _actions(rows: Rows) -> NDArray[np.int8]:
    """Return what was done with each answer: what the occasion tells, else by chance."""
    occasions = rows.occasions
    action = rows.spread(occasions.action)
    free = np.flatnonzero(action < 0)
    bits = rows.dice.take(free).top("use").astype(np.int64)
    bits += (_at_desk(rows).astype(np.int64) << 16).take(rows.occasion[free])
    action[free] = _ACTIONS_OF.take(bits)
    return action
