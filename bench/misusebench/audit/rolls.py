"""Who could have misused the system, made again from the scenario: accounts, ties and shifts.

What a scenario implies depends on who was really there; that is part of its world, not of misuse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from misusesim.clock import HOUR_US, MINUTE_US, NEVER, LocalClock
from misusesim.dataset.schema import ROLES, TIE_KINDS
from misusesim.misuse.targets import ADULT_YEARS
from misusesim.scenario.levels import LEVELS
from misusesim.workload.setting import Setting, within_weeks
from misusesim.workload.watches import block_shifts
from misusesim.world.agencies import agencies
from misusesim.world.model import Staff
from misusesim.world.officers import block_officers
from misusesim.world.subjects import Population
from misusesim.world.ties import block_ties

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario

    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

_LEAVING_US, _FREE_US = 5 * MINUTE_US, 3 * HOUR_US


@dataclass(frozen=True)
class Rolls:
    """All accounts of a world in one, those of an agency side by side; shifts by officer, start."""

    scenario: Scenario
    clock: LocalClock
    staff: Staff
    place: dict[str, int]  # row of each officer by name
    agency: dict[str, int]  # number of each agency by name
    shift_of: Ints
    start: Ints
    end: Ints
    ties: dict[str, Any]  # columns: officer, kind, since, grown

    @staticmethod
    def of(scenario: Scenario) -> Rolls:
        """Return the accounts of a scenario's world."""
        every = agencies(scenario)
        staff = Staff.of(every, block_officers(scenario, every))
        duty, _ = block_shifts(scenario, staff)
        clock, people = LocalClock(scenario), Population(scenario)
        within = within_weeks(
            Setting(scenario, staff.agencies, staff.sizes, staff.officers, duty, clock, people)
        ).shifts
        order = np.lexsort((within.start, within.officer))
        return Rolls(
            scenario, clock, staff,
            {name: row for row, name in enumerate(staff.officers.officer_id.tolist())},
            {one.agency_id: number for number, one in enumerate(every)},
            within.officer[order].astype(np.int64), within.start[order], within.end[order],
            _ties(scenario, staff, people),
        )  # fmt: skip

    def having(self, roles: Iterable[str]) -> Mask:
        """Return who has one of some roles."""
        return np.isin(self.staff.officers.role, [ROLES.index(role) for role in roles])

    def there(self, time: int) -> Mask:
        """Return who holds an account at a time."""
        people = self.staff.officers
        return np.asarray((people.hired <= time) & (people.left > time))

    def tied_since(self, kinds: Mapping[str, int], *, grown: bool) -> Ints:
        """Return since when each officer knows somebody in one of some ways."""
        ties = self.ties
        some = np.isin(ties["kind"], [TIE_KINDS.index(kind) for kind in kinds])
        some &= ties["grown"] | (not grown)
        since = np.full(len(self.staff), NEVER, np.int64)
        np.minimum.at(since, ties["officer"][some], ties["since"][some])
        return since

    def last_chance(self, officer: Ints) -> Ints:
        """Return until when each of some officers may act: his last shift, where it is known."""
        last = np.full(len(self.staff), -1, np.int64)
        last[self.shift_of] = self.end  # by officer and start: the last one stays
        left = self.staff.officers.left
        return np.where(left <= self.known_until, last - _LEAVING_US, left)[officer]

    @property
    def known_until(self) -> int:
        """Return when shifts end, with the last week that the scenario touches."""
        return self.clock.week_bounds(self.clock.weeks - 1)[1]

    def at_work(self, officer: Ints, wish: Ints) -> Ints:
        """Return wishes of a week as wishes at work: as far through its shifts as the week.

        Weeks without a shift stay as they are.
        """
        week = self.clock.week_of(wish)
        known, place = np.unique(week, return_inverse=True)
        bounds = np.array([self.clock.week_bounds(one) for one in known.tolist()])[place]
        base = min(int(self.start.min()), int(bounds.min(initial=self.start.min())))
        span = max(int(self.start.max()), int(bounds.max(initial=0))) + 1 - base
        sought = officer[:, None] * span + bounds - base
        low, high = np.searchsorted(self.shift_of * span + self.start - base, sought).T
        length = bounds[:, 1] - bounds[:, 0]
        row, rest = np.divmod((wish - bounds[:, 0]) * (high - low), length)
        at = np.minimum(low + row, len(self.start) - 1)
        room = self.end[at] - _LEAVING_US - self.start[at]
        time = self.start[at] + (room * (rest / length)).astype(np.int64)
        return np.where(low < high, time, wish)

    def acted(self, officer: Ints, wish: Ints, after: Mask, place: NDArray[np.float64]) -> Ints:
        """Return when wishes are acted on, NEVER by who has left: in a shift or soon after one.

        Parameters
        ----------
        officer, wish
            Who, and not before when.
        after
            Whether it is done after a shift.
        place
            Where in the shift, or after it, [0, 1).
        """
        base = min(int(self.start.min()), int(wish.min()))
        span = max(int(self.end.max()), int(wish.max())) + HOUR_US - base
        at = np.searchsorted(
            self.shift_of * span + self.end - base, officer * span + wish + _LEAVING_US - base
        )
        row = np.minimum(at, len(self.end) - 1)
        none = (at >= len(self.end)) | (self.shift_of[row] != officer)
        begin = np.where(after, self.end[row], self.start[row])
        until = np.where(after, self.end[row] + _FREE_US, self.end[row] - _LEAVING_US)
        time = begin + ((until - begin) * place).astype(np.int64)
        time = np.where(~after & (self.start[row] <= wish), wish, time)
        later = np.maximum(wish, self.known_until)
        beyond = np.where(self.staff.officers.left[officer] <= later, NEVER, later)
        return np.where(wish < self.clock.week_bounds(-1)[0], wish, np.where(none, beyond, time))

    @property
    def after_work(self) -> float:
        """Return the share of sittings after a shift, of those that may be."""
        return LEVELS[self.scenario.level].after_work


def _ties(scenario: Scenario, staff: Staff, people: Population) -> dict[str, Any]:
    """Return who knows whom, in one; an officer is his row among all."""
    each = block_ties(scenario, staff)
    first = staff.first[:-1].tolist()
    subject = np.concatenate([one.subject for one in each])
    born = people.birth_year(subject)
    return {
        "officer": np.concatenate([o.officer + f for o, f in zip(each, first, strict=True)]),
        "kind": np.concatenate([one.kind for one in each]),
        "since": np.concatenate([one.since for one in each]),
        "grown": born <= scenario.start.year - ADULT_YEARS,
    }
