"""What every kind of work stands on: people, their shifts, the calendar.

The people are those of one agency or of some neighbouring ones. Whatever is drawn belongs to an
agency and a week, to an officer, or to a thing with a serial, so work is the same for an agency
alone and among neighbours. Serials have the place of the agency on top (see `plan.SERIAL_BITS`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusesim import rng
from misusesim.clock import DAY_US, HOUR_US, LocalClock
from misusesim.dataset.schema import ROLES, SHIFT_KINDS
from misusesim.dice import Dice, lane
from misusesim.occasions import NONE, WORK, Occasions
from misusesim.plan import SERIAL_BITS, own_serials
from misusesim.world.model import Neighbours

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Agency, Officers, Shifts
    from misusesim.world.subjects import Population

    I64Array = NDArray[np.int64]
    Mask = NDArray[np.bool_]

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60_000_000
WEEK_BITS: Final = 22  # of a serial: place in the week
_FULL_SHIFT_US: Final = 10 * HOUR_US
_COURT: Final = SHIFT_KINDS.index("court")
_LEAST_APPETITE, _MOST_APPETITE = 0.05, 8.0
_MOST_PER_SHIFT: Final = 1023
_DAYS_PER_WEEK: Final = 7
#: A tenth of the people met are known to the agency and met again and again; stops per person:
#: mean 1.23, once 75 %, at most 11 in 2.5 years (Seattle, domain note 7.4).
_KNOWN_SHARE: Final = 0.10
_KNOWN_PER_ACCOUNT: Final = 6


@dataclass(frozen=True)
class Setting(Neighbours):
    """Agencies at work; the officers of each stand together, in the order of the agencies."""

    scenario: Scenario
    agencies: tuple[Agency, ...]
    sizes: tuple[int, ...]  # officers of each
    officers: Officers
    shifts: Shifts  # by start
    clock: LocalClock
    population: Population
    units: tuple[tuple[str, ...], ...] | None = None  # of each agency; None: those of the officers

    @property
    def agency(self) -> Agency:
        """The one agency.

        Raises
        ------
        ValueError
            If there are several.
        """
        (only,) = self.agencies
        return only

    def of_group(self, name: str) -> NDArray[Any]:
        """Return a field of the agencies' groups, one entry per agency."""
        return np.array([getattr(agency.group, name) for agency in self.agencies])

    @property
    def weeks(self) -> range:
        """All weeks, the warm-up (-1) first."""
        return range(-1, self.clock.weeks)

    def asks(self, until: I64Array) -> Mask:
        """Return which of some jobs may ask something after the warm-up, by their ends.

        Nothing before is kept; a job's first question comes within minutes of its end at most.
        """
        return np.asarray(until > self.clock.horizon[0] - HOUR_US)

    def stream(self, name: str, week: int, place: int = 0) -> np.random.Generator:
        """Return the generator of one purpose in one week of an agency."""
        return rng.stream(self.scenario.seed, name, self.agencies[place].index, week + 1)

    def streams(self, name: str, week: I64Array, place: I64Array) -> Iterator[np.random.Generator]:
        """Return the generators of one purpose in some weeks of some agencies, row by row."""
        return rng.streams(self.scenario.seed, name, self.numbers[place], week + 1)

    def dice(self, serial: I64Array, nth: I64Array | int = 0, bits: int = 0) -> Dice:
        """Return the dice of things with serials, or of the `bits` bits of parts of each."""
        place, own = serial >> SERIAL_BITS, own_serials(serial)
        return self._dice(place, own << bits | nth)

    def officer_dice(self, officer: NDArray[np.integer], what: I64Array, bits: int) -> Dice:
        """Return the dice of something of officers, a number of `bits` bits."""
        place = self.place[officer]
        own = officer.astype(np.int64) - self.first[place]
        return self._dice(place, own << bits | what)

    def _dice(self, place: I64Array, entity: I64Array) -> Dice:
        """Return the dice of entities of agencies; ids are below 2**48."""
        here = self.numbers[place] << np.uint64(48)
        return Dice(self.scenario.seed, entity.astype(np.uint64) | here)

    def has_role(self, *roles: str) -> Mask:
        """Return which officers hold one of the roles."""
        wanted = np.zeros(len(ROLES), np.bool_)
        wanted[[ROLES.index(role) for role in roles]] = True
        return wanted[self.officers.role]

    def in_unit(self, unit: str) -> Mask:
        """Return which officers belong to a unit."""
        names = self.units or (self.officers.units,)
        code = np.array([own.index(unit) if unit in own else NONE for own in names])
        return np.asarray(self.officers.unit == code[self.place])

    def appetite(self) -> NDArray[np.float64]:
        """Return everybody's activity within bounds that a shift allows."""
        return np.clip(self.officers.activity, _LEAST_APPETITE, _MOST_APPETITE)

    def weights(self, base: float = 0.0) -> I64Array:
        """Return appetites as whole weights in thousandths, with a share that all have alike."""
        return np.round((base + (1 - base) * self.appetite()) * 1000).astype(np.int64)

    def shifts_of(self, officers: Mask) -> I64Array:
        """Return the shifts, court apart, of some officers, by start."""
        mine = officers[self.shifts.officer] & (self.shifts.kind != _COURT)
        return np.flatnonzero(mine)

    def strength(self, officers: Mask, week: int) -> NDArray[np.float64]:
        """Return the regular shifts that some officers owe in a week, leave off, per agency.

        Only who is there as the week begins counts, so that a later successor changes nothing.
        """
        staffing = self.scenario.staffing
        weekly = staffing.duty_days_per_week - staffing.leave_days_per_year * _DAYS_PER_WEEK / 365
        return np.asarray(self.there(officers, week) * max(weekly, 0.0), np.float64)

    def there(self, officers: Mask, week: int) -> I64Array:
        """Return how many of some officers hold an account as a week begins, per agency."""
        start = self.clock.week_bounds(week)[0]
        there = officers & (self.officers.hired <= start) & (self.officers.left > start)
        return np.bincount(self.place[there], minlength=len(self.agencies))

    def people(self, dice: Dice, name: str) -> I64Array:
        """Return whom a job is about: mostly strangers, sometimes one of the agency's regulars."""
        bits = dice.bits(f"{name} subject")
        anyone = rng.below(bits, self.scenario.population)
        accounts = np.array([agency.accounts for agency in self.agencies])
        regulars = np.maximum(20, _KNOWN_PER_ACCOUNT * accounts)
        agency = dice.entity >> np.uint64(48)
        place = np.searchsorted(self.numbers, agency)
        which = np.minimum(lane(bits, 2), lane(bits, 3)) * regulars[place] >> 16
        key = which.astype(np.uint64) + (agency << np.uint64(32))
        salt = rng.salt(self.scenario.seed, "regular")
        regular = rng.below(rng.draw(key, salt), self.scenario.population)
        known = dice.chance(f"{name} known", _KNOWN_SHARE)
        return self.population.grown(np.where(known, regular, anyone))

    def paced(self, name: str, shifts: I64Array, per_shift: NDArray[np.float64] | float) -> Paced:
        """Return what people take up in their own time, spread over their shifts.

        Shifts that end with the warm-up have no jobs: nothing of them would be kept.

        Parameters
        ----------
        name
            Of the work; names its chance.
        shifts
            Rows of `self.shifts`.
        per_shift
            Mean number in ten hours, per officer (indexed by officer) or the same for all.
        """
        shifts = shifts[self.clock.week_of(self.shifts.start[shifts]) < self.clock.weeks]
        start, end = self.shifts.start[shifts], self.shifts.end[shifts]
        officer = self.shifts.officer[shifts]
        rate = np.broadcast_to(per_shift, len(self.officers))[officer]
        count = self._counts(name, start, officer, rate * ((end - start) / _FULL_SHIFT_US))
        count[~self.asks(end)] = 0
        at = np.repeat(np.arange(len(shifts)), count)
        nth = np.arange(len(at)) - np.repeat(np.cumsum(count) - count, count)
        day = self.clock.day_index(start)[at] + _DAYS_PER_WEEK
        hour = self.clock.local(start)[at] % DAY_US // HOUR_US  # tells shifts of a day apart
        dice = self.officer_dice(officer[at], (day << 5 | hour) << 10 | nth, 27)
        place = rng.unit(dice.bits(f"{name} time"))
        time = start[at] + (place * (end - start)[at]).astype(np.int64) // SECOND_US * SECOND_US
        return Paced(time, officer[at], dice, shifts[at])

    def _counts(
        self, name: str, start: I64Array, officer: NDArray[np.int32], mean: NDArray[np.float64]
    ) -> I64Array:
        """Return over-dispersed counts per shift; the draws of a week come in order of officers."""
        weeks = len(self.weeks)
        group = self.place[officer] * weeks + self.clock.week_of(start) + 1
        count = np.zeros(len(start), np.int64)
        spread = max(self.scenario.workload.daily_dispersion, 1e-6)
        order = np.lexsort((start, officer, group))
        bounds = np.searchsorted(group[order], np.arange(len(self.agencies) * weeks + 1))
        some, means = np.flatnonzero(np.diff(bounds)), mean[order]
        chances = [
            self.streams(f"{name} {what}", some % weeks - 1, some // weeks)
            for what in ("mood", "count")
        ]
        edges = zip(bounds[some].tolist(), bounds[some + 1].tolist(), strict=True)
        for mood, chance, (low, high) in zip(*chances, edges, strict=True):
            moods = mood.gamma(1 / spread, spread, high - low)
            count[order[low:high]] = chance.poisson(means[low:high] * moods)
        return np.minimum(count, _MOST_PER_SHIFT)


@dataclass(frozen=True, slots=True)
class Paced:
    """Jobs taken up in shifts."""

    time: I64Array  # UTC microseconds
    officer: NDArray[np.int32]
    dice: Dice  # one entity per job
    shift: I64Array  # row of the setting's shifts

    def __len__(self) -> int:
        """Return the number of jobs."""
        return len(self.time)


def work(count: int, /, **columns: NDArray[Any] | int) -> Occasions:
    """Return honest occasions; the engine numbers them when all are known."""
    return Occasions.build(count, source=WORK, serial=0, **columns)


def join(parts: Sequence[Any]) -> Any:
    """Return dataclasses of equally long columns, all of one type, one below the other."""
    if len(parts) == 1:  # a giant's columns are not copied
        return parts[0]
    names = type(parts[0]).__dataclass_fields__
    return type(parts[0])(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in names})


def select(columns: Any, index: NDArray[Any]) -> Any:
    """Return the rows at `index` of a dataclass of equally long columns."""
    names = type(columns).__dataclass_fields__
    return type(columns)(**{name: getattr(columns, name)[index] for name in names})


def within_weeks(setting: Setting) -> Setting:
    """Return the setting with the shifts of the scenario's weeks only."""
    end = setting.clock.week_bounds(setting.clock.weeks - 1)[1]
    return replace(setting, shifts=select(setting.shifts, setting.shifts.start < end))
