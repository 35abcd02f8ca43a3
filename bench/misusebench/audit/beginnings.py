"""How many campaigns of each kind are to begin, and where, given who was really there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from misusebench.audit import draws
from misusebench.audit.gaits import CELEBRITY_ROLES, Gait, gait
from misusesim.clock import DAY_US, NEVER
from misusesim.misuse import access, curiosity
from misusesim.misuse.personal import RetaliationCampaigns
from misusesim.scenario.misuse import Celebrity, GhostAccount, PermitChecks, Retaliation
from misusesim.scenario.prevalence import Practice
from misusesim.workload.events import statewide

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusebench.audit.rolls import Rolls

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

_WEEKS_PER_YEAR: Final = 365 / 7
_TRIED: Final = 20_000  # draws of beginnings, per kind
_TRIED_OF_EACH: Final = 200  # of each account that was left, of each event
_EARLY_WEEKS: Final = 9  # campaigns begun so long before may have their first step in the horizon


class Number(NamedTuple):
    """How many campaigns there are to be: a Poisson number, and some that are or are not."""

    mean: float  # of the Poisson number
    chances: Floats  # of the others, each

    @property
    def expected(self) -> float:
        """Return the mean of all."""
        return self.mean + float(self.chances.sum())


class Begun(NamedTuple):
    """Campaigns that may begin: who and when, drawn as they are to be."""

    number: float  # mean of all, those included that come to nothing
    officer: Ints
    begin: Ints  # of the week, UTC microseconds
    within: NDArray[np.bool_]  # whether the first step is in the horizon

    @property
    def mean(self) -> float:
        """Return the mean number of those whose first step is in the horizon."""
        return self.number * float(self.within.mean()) if len(self.within) else 0.0


def number_of(rolls: Rolls, misuse: Any, chance: np.random.Generator) -> Number:
    """Return how many campaigns of a kind are to begin in the horizon."""
    none = np.empty(0)
    if isinstance(misuse, PermitChecks):
        every = [one for one in rolls.scenario.misuse if isinstance(one, PermitChecks)]
        return Number(0.0, np.ones(len(every)))
    if isinstance(misuse, Celebrity):
        return Number(0.0, _of_events(rolls, misuse, chance))
    if isinstance(misuse, GhostAccount):
        return Number(0.0, _of_leavers(rolls, misuse, chance))
    return Number(begun(rolls, misuse, chance).mean, none)


def begun(rolls: Rolls, misuse: Any, chance: np.random.Generator) -> Begun:
    """Return campaigns that may begin week by week."""
    how = gait(misuse, rolls.scenario) or _of_a_quarrel()
    able, clock = rolls.having(how.roles), rolls.clock
    if isinstance(misuse, Retaliation):
        able &= _has_patrol(rolls)
    begins = clock.day_start(np.arange(-_EARLY_WEEKS, clock.weeks) * 7)
    passed = np.cumsum([_rates(rolls, misuse, able, begin) for begin in begins.tolist()])
    if not len(passed) or not passed[-1]:
        none = np.empty(0, np.int64)
        return Begun(0.0, none, none, none > 0)
    at = np.searchsorted(passed, chance.random(_TRIED) * passed[-1], side="right")
    week, officer = np.divmod(at, len(able))
    begin = begins[week]
    time = draws.first_steps(rolls, how, officer, begin, chance)
    good = _has_somebody(rolls, how, officer, begin) & (time >= clock.horizon[0])
    return Begun(float(passed[-1]), officer, begin, good & (time < clock.horizon[1]))


def _rates(rolls: Rolls, misuse: Any, able: NDArray[np.bool_], begin: int) -> Floats:
    """Return the mean number of campaigns that each account begins in a week.

    The rate of an agency is that of all who are there; who cannot do it leaves his part to others.
    """
    place, there = rolls.staff.place, rolls.there(begin)
    some, every = (np.bincount(place, m, len(rolls.agency)) for m in (able & there, there))
    if isinstance(misuse, Practice):
        yearly = np.full(len(every), misuse.agencies_per_year)
    else:
        yearly = misuse.officers_per_year * every
    return np.asarray((able & there) * (yearly / np.maximum(some, 1) / _WEEKS_PER_YEAR)[place])


def _of_a_quarrel() -> Gait:
    """Return how quarrels begin: with one look-up."""
    of = RetaliationCampaigns
    return Gait(of.kind, of.roles, of.ties, False, 1.0, 1, 0.0, (1,), 0.0)


def _has_patrol(rolls: Rolls) -> NDArray[np.bool_]:
    place = rolls.staff.place
    patrols = np.bincount(place, rolls.having(["patrol"]), len(rolls.agency)) > 0
    return np.asarray(patrols[place])


def _has_somebody(rolls: Rolls, how: Gait, officer: Ints, begin: Ints) -> NDArray[np.bool_]:
    """Return who knows somebody, or has a colleague, as the kind needs."""
    good = np.ones(len(officer), np.bool_)
    if how.ties is not None:
        good = rolls.tied_since(how.ties, grown=how.grown)[officer] <= begin
    if how.colleagues:
        people, roles = rolls.staff.officers, rolls.staff.officers.role.astype(np.int64)
        same = rolls.staff.place * (int(roles.max()) + 1) + roles
        for time in np.unique(begin).tolist():
            rows = begin == time
            number = np.bincount(same, rolls.there(time), int(same.max()) + 1)
            open_ = people.left[officer[rows]] > time
            good[rows] &= open_ & (number[same[officer[rows]]] > 1)
    return good


def _of_leavers(rolls: Rolls, misuse: GhostAccount, chance: np.random.Generator) -> Floats:
    """Return the chance of each who left that his account is used afterwards, in the horizon."""
    how = gait(misuse, rolls.scenario)
    assert how is not None
    left = rolls.staff.officers.left
    who = np.flatnonzero((left < rolls.clock.horizon[1]) & rolls.having(how.roles))
    who = np.repeat(who, _TRIED_OF_EACH)
    begin = left[who] + chance.integers(*access.DORMANT_DAYS, len(who)) * DAY_US
    time = draws.first_steps(rolls, how, who, begin, chance)
    good = _has_somebody(rolls, how, who, begin) & (time >= rolls.clock.horizon[0])
    good &= time < rolls.clock.horizon[1]
    return np.asarray(misuse.leavers_share * good.reshape(-1, _TRIED_OF_EACH).mean(axis=1))


def news(rolls: Rolls) -> Ints:
    """Return when public figures come into the news."""
    events = statewide(rolls.scenario)
    return np.sort(events.begin[np.isin(events.sort, curiosity.FAMOUS)])


def curious(rolls: Rolls, agency: int, begun: int) -> Ints:
    """Return who of an agency may be curious about news of a time."""
    here = rolls.there(begun) & (rolls.staff.place == agency)
    return np.flatnonzero(here & rolls.having(CELEBRITY_ROLES))


def _of_events(rolls: Rolls, misuse: Celebrity, chance: np.random.Generator) -> Floats:
    """Return the chance of each piece of news and agency that somebody there looks."""
    found = []
    first, end = rolls.clock.horizon
    for when in news(rolls).tolist():
        here = np.bincount(rolls.staff.place, rolls.there(when), len(rolls.agency))
        for agency in range(len(here)):
            some = curious(rolls, agency, when)
            if not len(some):
                continue
            who = chance.choice(some, _TRIED_OF_EACH)
            time = draws.looked(rolls, who, np.full(len(who), when), chance)
            within = float(((time >= first) & (time < end)).mean())
            acted = float((time < NEVER).mean())
            looks = -np.expm1(-misuse.officers_per_event * here[agency] * acted)
            found.append(looks * within / max(acted, 1 / _TRIED_OF_EACH))
    return np.array(found)
