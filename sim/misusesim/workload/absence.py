"""Leave: spells of vacation, sickness and training, from draws of each officer's weeks."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.clock import DAY_US, HOUR_US, LocalClock
from misusesim.dataset import schema
from misusesim.dice import Dice, lane, table
from misusesim.world.context import table as context_table

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Staff

    I64Array = NDArray[np.int64]

#: Length of a spell in calendar days, and weights of 100 (assumption).
_LENGTHS: Final = {1: 46, 2: 14, 3: 8, 5: 14, 7: 9, 14: 9}
_MEAN_DAYS: Final = sum(n * w for n, w in _LENGTHS.items()) / sum(_LENGTHS.values())
_LONGEST_WEEKS: Final = 2
_DAYS: Final = 7
KINDS: Final = ("sick", "training", "vacation")
_SICK, _TRAINING, _VACATION = range(len(KINDS))
_SHORT_DAYS: Final = 3  # up to here mostly sickness
_KNOWN_BEFORE_US: Final = np.array([-5 * HOUR_US, 14 * DAY_US, 30 * DAY_US])


class Absence:
    """All leave of some agencies' officers."""

    def __init__(self, scenario: Scenario, staff: Staff, clock: LocalClock, weeks: range) -> None:
        self._staff, self._officers, self._clock = staff, staff.officers, clock
        self._first_day = weeks.start * _DAYS
        self._spells(scenario, np.arange(weeks.start - _LONGEST_WEEKS, weeks.stop))
        self._away = np.zeros((len(staff), (len(weeks) + _LONGEST_WEEKS) * _DAYS), np.bool_)
        for nth in range(max(_LENGTHS)):
            day = self._day + nth - self._first_day
            there = (nth < self._length) & (day >= 0) & (day < self._away.shape[1])
            self._away[self._officer[there], day[there]] = True

    def _spells(self, scenario: Scenario, begun: I64Array) -> None:
        people = np.arange(len(self._staff))
        officer, week = (a.reshape(-1) for a in np.meshgrid(people, begun, indexing="ij"))
        key = self._staff.entity[officer] | (week + 8).astype(np.uint64)
        dice = Dice(scenario.seed, key)
        staffing = scenario.staffing
        on_duty = staffing.duty_days_per_week / _DAYS
        weekly = staffing.leave_days_per_year * _DAYS / 365 / (_MEAN_DAYS * on_duty)
        away = np.flatnonzero(dice.chance("leave", min(1.0, weekly)))
        bits = dice.bits("leave spell")[away]
        self._officer, self._length = officer[away], table(_LENGTHS)[lane(bits, 0)].astype(np.int64)
        self._day = week[away] * _DAYS + (lane(bits, 1) * _DAYS >> 16)
        short = self._length <= _SHORT_DAYS
        kind = np.where(short, _SICK, _VACATION)
        self._kind = np.where(lane(bits, 2) < 65536 // 6, _TRAINING, kind)

    def days(self, officers: I64Array, week: int) -> NDArray[np.bool_]:
        """Return which of a week's seven days officers are away, shape (officers, 7)."""
        first = week * _DAYS - self._first_day
        return self._away[officers, first : first + _DAYS]

    def tables(self) -> list[pa.Table]:
        """Return `schema.CONTEXT["roster"]["leave"]` per agency; sickness is known that morning."""
        start = self._clock.day_start(self._day)
        end = self._clock.day_start(self._day + self._length)
        hired, left = self._officers.hired[self._officer], self._officers.left[self._officer]
        rows = np.flatnonzero((start >= hired) & (end <= left))
        place = self._staff.place[self._officer]
        rows = rows[np.lexsort((self._officer[rows], start[rows], place[rows]))]
        whole = context_table(
            schema.CONTEXT["roster"]["leave"],
            len(rows),
            officer_id=self._officers.officer_id[self._officer[rows]],
            kind=np.array(KINDS, object)[self._kind[rows]],
            valid_from=start[rows],
            valid_to=end[rows],
            known_at=(start - _KNOWN_BEFORE_US[self._kind])[rows],
        )
        ends = np.searchsorted(place[rows], np.arange(len(self._staff.sizes) + 1)).tolist()
        return [whole.slice(a, b - a) for a, b in pairwise(ends)]
