"""Who is accused of misuse he did not do, and who is punished for something else.

Drawn for every officer by himself, from the first day on: nothing depends on the horizon or on
neighbours. Who is suspended for something else asks nothing meanwhile, whether there is misuse or
not.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

from misusesim import rng
from misusesim.clock import DAY_US, NEVER
from misusesim.dataset import schema
from misusesim.dice import Dice, exponential
from misusesim.oversight.files import SUSPENSION_DAYS
from misusesim.oversight.sanctions import Sanctions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.clock import LocalClock
    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Staff

    I64Array = NDArray[np.int64]

#: How accusations come, by chance in 100: most are complaints (assumption; domain note 5.2).
_ACCUSED_BY: Final = {
    "complaint": 60, "access_request": 10, "peer_report": 10, "audit": 8, "supervisor_review": 6,
    "analytics": 6,
}  # fmt: skip
_BY: Final = rng.guide(list(_ACCUSED_BY.values()))
_BY_CODE: Final = np.array([schema.FOUND_BY.index(name) for name in _ACCUSED_BY], np.int8)
#: What other matters end with; the shares of misuse without those who leave (assumption).
_OTHER: Final = {"retrained": 50, "counselled": 35, "suspended": 15}
_OTHER_GUIDE: Final = rng.guide(list(_OTHER.values()))
_OTHER_CODE: Final = np.array([schema.OUTCOME_KINDS.index(name) for name in _OTHER], np.int8)
_SUSPENDED: Final = schema.OUTCOME_KINDS.index("suspended")
_YEAR_DAYS: Final = 365
_DAY_S: Final = 86_400
_SECOND_US: Final = 1_000_000
#: Mean of an exponential that the dice can throw.
_LONGEST: Final = (1 << 44) - 1


class Accused(NamedTuple):
    """Honest officers and what came of the accusation, by agency and row."""

    officer: I64Array  # rows of the staff
    by: NDArray[np.int8]  # code of schema.FOUND_BY
    found: I64Array  # UTC microseconds
    decided: I64Array  # clock.NEVER while it is not


def accused(scenario: Scenario, staff: Staff, clock: LocalClock, guilty: I64Array) -> Accused:
    """Return the honest officers of some agencies whom somebody accuses within the horizon.

    Parameters
    ----------
    scenario
        The world.
    staff
        People of some agencies.
    clock
        Of the scenario.
    guilty
        When each of them first misuses the system on record, clock.NEVER for most: from then on an
        accusation would not be false.
    """
    settings = scenario.oversight
    rate = settings.accusations_per_officer_year
    officer, time = _struck(scenario, staff, clock, "accused", rate)
    honest = time < guilty[officer]
    officer, time = officer[honest], time[honest]
    dice = Dice(scenario.seed, staff.entity[officer] | _years(clock, time))
    bits = dice.bits("oversight/accusation")
    mean = min(_LONGEST, round(settings.delay_days * _DAY_S))
    waited = exponential(bits, mean) * _SECOND_US // DAY_US + 1
    decided = time + waited * DAY_US
    return Accused(
        officer, _BY_CODE[rng.pick(_BY, dice.bits("oversight/accused by"))], time,
        np.where(decided < clock.horizon[1], decided, NEVER),
    )  # fmt: skip


def other_sanctions(scenario: Scenario, staff: Staff, clock: LocalClock) -> Sanctions:
    """Return who is trained, counselled or suspended for what has nothing to do with queries."""
    rate = scenario.oversight.other_sanctions_per_officer_year
    officer, time = _struck(scenario, staff, clock, "other sanction", rate)
    dice = Dice(scenario.seed, staff.entity[officer] | _years(clock, time))
    bits = dice.bits("oversight/other kind")
    kind = _OTHER_CODE[rng.pick(_OTHER_GUIDE, bits)]
    back = time + SUSPENSION_DAYS * DAY_US
    end = np.where(kind == _SUSPENDED, back, NEVER)
    return Sanctions(officer.astype(np.int32), kind, time, end)


def _struck(
    scenario: Scenario, staff: Staff, clock: LocalClock, what: str, per_year: float
) -> tuple[I64Array, I64Array]:
    """Return who meets something within the horizon while he is there, and when.

    At most once in a year of 365 days from the start, so that the rate is a chance.
    """
    people, (start, end) = staff.officers, clock.horizon
    if not per_year or not len(staff):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    years = -(-scenario.days // _YEAR_DAYS)
    every, of_year = np.arange(len(staff)).repeat(years), np.tile(np.arange(years), len(staff))
    dice = Dice(scenario.seed, staff.entity[every] | of_year.astype(np.uint64))
    at = np.flatnonzero(dice.chance(f"oversight/{what}", per_year))
    officer, year = every[at], of_year[at]
    when = rng.unit(dice.take(at).bits(f"oversight/{what} when"))
    seconds = year * (_YEAR_DAYS * _DAY_S) + (when * (_YEAR_DAYS * _DAY_S)).astype(np.int64)
    time = start + seconds * _SECOND_US
    met = (time >= people.hired[officer]) & (time < np.minimum(people.left[officer], end))
    return officer[met], time[met]


def _years(clock: LocalClock, time: I64Array) -> NDArray[np.uint64]:
    """Return the year of 365 days, from the start, of each time."""
    return ((time - clock.horizon[0]) // (_YEAR_DAYS * DAY_US)).astype(np.uint64)


def accused_table(staff: Staff, found: Accused) -> pa.Table:
    """Return rows of `truth/outcomes`: nobody did anything, so there is no campaign."""
    shape, n = schema.TRUTH_OUTCOMES, len(found.officer)
    open_still = found.decided == NEVER
    columns = {
        "campaign_id": pa.nulls(n, pa.string()),
        "officer_id": pa.array(staff.officers.officer_id[found.officer], pa.string()),
        "found_by": schema.coded(pa.array(found.by), schema.FOUND_BY),
        "found_at": pa.array(found.found, pa.int64()),
        "outcome": pa.array(["unfounded"] * n, pa.string(), mask=open_still),
        "decided_at": pa.array(found.decided, pa.int64(), mask=open_still),
        "n_queries": pa.array(np.zeros(n, np.int32)),
    }
    arrays = [_typed(columns[f.name], f.type) for f in shape]
    return pa.Table.from_arrays(arrays, schema=shape)


def _typed(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind) and pa.types.is_string(column.type):
        return column.dictionary_encode().cast(kind)
    return column if column.type == kind else column.cast(kind)


def by_agency(staff: Staff, found: Accused) -> list[slice]:
    """Return which rows are of each agency."""
    place = staff.place[found.officer]
    ends = np.searchsorted(place, np.arange(len(staff.sizes) + 1)).tolist()
    return [slice(low, high) for low, high in pairwise(ends)]
