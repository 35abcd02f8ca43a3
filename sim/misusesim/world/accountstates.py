"""States of accounts in the roster: open, in another unit, closed for a time, closed for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim import rng
from misusesim.clock import DAY_US, NEVER, LocalClock
from misusesim.world.fugitives import duty

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusesim.plan import Suspensions
    from misusesim.scenario.model import Scenario
    from misusesim.world.fugitives import Duty
    from misusesim.world.model import Officers, Staff

    I64Array = NDArray[np.int64]

#: One leaver in eight is entered up to a month late (assumption; domain note 5.1, kind 17).
_LATE_ENTRY: Final = np.uint64(8)
_LATEST_DAYS: Final = 30


class States(NamedTuple):
    """States of accounts, one row each."""

    officer: NDArray[np.int64]
    active: NDArray[np.bool_]
    start: NDArray[np.int64]
    known: NDArray[np.int64]
    left: NDArray[np.int64]  # leave date, NEVER where none is entered
    transferred: NDArray[np.bool_]  # in the fugitive unit, which is nobody's for good

    @staticmethod
    def of(
        officer: NDArray[np.int64], start: NDArray[np.int64], known: NDArray[np.int64],
        left: NDArray[np.int64], *, active: bool,
    ) -> States:  # fmt: skip
        """Return states that are all open, or all closed."""
        home = np.zeros(len(officer), np.bool_)
        return States(officer, np.full(len(officer), active), start, known, left, home)


def account_states(scenario: Scenario, staff: Staff, suspensions: Suspensions | None) -> States:
    """Return the states of all accounts, by agency: hired, transferred, suspended, back, gone.

    Parameters
    ----------
    scenario
        The world.
    staff
        Some agencies with all that hold accounts there.
    suspensions
        Who may not work and whose account is closed meanwhile, by rows of the staff.
    """
    people, clock = staff.officers, LocalClock(scenario)
    end, terms = clock.horizon[1], duty(scenario.seed, clock, staff, staff.officers)
    who, since, until = _closed(people, suspensions)
    removed = np.zeros(len(people), np.bool_)
    removed[who[until == NEVER]] = True
    late = entered(scenario, people)
    gone = np.flatnonzero((late < end) & ~removed)
    back = np.flatnonzero(until < np.minimum(end, people.left[who]))
    never = np.full(len(people), NEVER)
    parts = (
        States.of(np.arange(len(people)), people.hired, people.hired, never, active=True),
        States.of(who, since, since, np.where(until == NEVER, since, NEVER), active=False),
        States.of(who[back], until[back], until[back], never[who[back]], active=True),
        States.of(gone, people.left[gone], late[gone], people.left[gone], active=False),
        _moves(people, terms, (who, since, until), end),
    )
    states = _by_agency(staff, parts)
    return states._replace(transferred=terms.holds(states.officer, states.start))


def _moves(
    people: Officers, terms: Duty, closed: tuple[I64Array, I64Array, I64Array], end: int
) -> States:
    """Return the states that begin with a transfer, but for those whose account is closed then."""
    officer = np.concatenate([terms.officer, terms.officer])
    time = np.concatenate([terms.start, terms.end])
    ends = np.arange(len(time)) >= len(terms.officer)
    real = (time < end) & (time < people.left[officer])
    real &= ~(ends & terms.holds(officer, time))  # stays on
    real &= ends | ~terms.holds(officer, time - 1)
    for who, since, until in zip(*(part.tolist() for part in closed), strict=True):
        real &= ~((officer == who) & (time >= since) & (time <= until))
    officer, time = officer[real], time[real]
    return States.of(officer, time, time, np.full(len(officer), NEVER), active=True)


def _by_agency(staff: Staff, parts: Sequence[States]) -> States:
    officer = np.concatenate([part.officer for part in parts])
    order = np.argsort(staff.place[officer], kind="stable")
    return States(
        officer[order],
        np.concatenate([part.active for part in parts])[order],
        np.concatenate([part.start for part in parts])[order],
        np.concatenate([part.known for part in parts])[order],
        np.concatenate([part.left for part in parts])[order],
        np.concatenate([part.transferred for part in parts])[order],
    )


def _closed(
    people: Officers, suspensions: Suspensions | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return whose account a decision closes, from when to when; nobody's who is gone already."""
    if suspensions is None:
        none = np.empty(0, np.int64)
        return none, none, none
    who = suspensions.officer.astype(np.int64)
    until = people.left.copy()
    forever = suspensions.end == NEVER
    np.minimum.at(until, who[forever], suspensions.start[forever] + 1)  # his own still counts
    there = np.flatnonzero(suspensions.start < until[who])
    return who[there], suspensions.start[there], suspensions.end[there]


def entered(scenario: Scenario, officers: Officers) -> NDArray[np.int64]:
    """Return when personnel enters that somebody has left, UTC microseconds."""
    return officers.left + _days_late(scenario, officers) * DAY_US


def _days_late(scenario: Scenario, officers: Officers) -> NDArray[np.int64]:
    """Return how many days after leaving each officer's leaving is entered: mostly 0."""
    bits = rng.draw(officers.subject.astype(np.uint64), rng.salt(scenario.seed, "late entry"))
    return np.where(bits % _LATE_ENTRY == 0, 1 + rng.below(bits, _LATEST_DAYS), 0)
