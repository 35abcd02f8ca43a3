"""Who knows whom: spouses, former partners, families, neighbours, colleagues, opponents.

Every officer has ties, whether or not anybody ever misuses; a campaign only picks one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim import rng
from misusesim.clock import DAY_US, LocalClock
from misusesim.dataset.schema import TIE_KINDS
from misusesim.world.model import Ties
from misusesim.world.subjects import Population

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Agency, Officers

    Ints = NDArray[np.int64]

#: Shares of officers with such a tie, and how many of each (assumptions).
_EX_SHARE: Final = 0.55
_DISPUTE_SHARE: Final = 0.35
_FAMILY, _NEIGHBOURS, _COLLEAGUES = 2, 3, 3
#: Share of separations and quarrels that begin in the first year of the scenario (assumption).
_FRESH_SHARE: Final = 0.3
_OLD_DAYS: Final = (30, 4_000)
_YEAR_DAYS: Final = 365
#: A former partner is the best match of so many people met, in age and mostly of the other sex.
_MET: Final = 12
_SAME_SEX_SHARE: Final = 0.1  # assumption
_ADULT_DAYS: Final = 18 * 365 + 5
_COUPLES: Final = ("spouse", "ex")
_FRESH_KINDS: Final = ("ex", "dispute")


class _Slot(NamedTuple):
    """One possible tie of every officer: whom (oneself: nobody) and since when."""

    kind: str
    whom: Ints
    since: Ints


def ties(scenario: Scenario, agency: Agency, officers: Officers) -> Ties:
    """Return all ties of an agency's officers, by officer, kind and person.

    A longer horizon appends officers without moving anybody's ties: every draw is an officer's own.

    Returns
    -------
    Ties
        No pair twice in one kind. `since` (UTC microseconds) is never before both are adults
        (couples), born (family) or hired (colleagues); that of a former partner or an opponent may
        lie inside the horizon.
    """
    slots = _Drawn(scenario, agency, officers).slots()
    n = len(officers)
    officer = np.tile(np.arange(n), len(slots))
    subject = np.concatenate([slot.whom for slot in slots])
    since = np.concatenate([slot.since for slot in slots])
    kind = np.repeat([TIE_KINDS.index(slot.kind) for slot in slots], n)
    order = np.lexsort((since, subject, kind, officer))
    order = order[subject[order] != officers.subject[officer[order]]]
    same = [np.diff(column[order]) == 0 for column in (officer, kind, subject)]
    order = order[np.r_[True, ~np.logical_and.reduce(same)][: len(order)]]
    return Ties(
        officer=officer[order].astype(np.int32),
        subject=subject[order],
        kind=kind[order].astype(np.int8),
        since=since[order],
    )


class _Drawn:
    """The draws of one agency's ties."""

    def __init__(self, scenario: Scenario, agency: Agency, officers: Officers) -> None:
        self._seed, self._agency, self._officers = scenario.seed, agency.index, officers
        self._start = LocalClock(scenario).horizon[0]
        self._people = Population(scenario)
        self._own = officers.subject

    def slots(self) -> list[_Slot]:
        """Return all slots; a slot is drawn for every officer."""
        people, own = self._people, self._own
        whom = [("spouse", people.partner(own)), ("ex", self._ex()), ("dispute", self._opponent())]
        whom += [("family", people.kin(own, nth)) for nth in range(_FAMILY)]
        whom += [("neighbour", people.neighbour(own, nth + 1)) for nth in range(_NEIGHBOURS)]
        slots = [self._slot(place, kind, other) for place, (kind, other) in enumerate(whom)]
        return slots + [self._colleague(nth) for nth in range(_COLLEAGUES)]

    def _stream(self, what: str) -> np.random.Generator:
        return rng.stream(self._seed, f"ties/{what}", self._agency)

    def _slot(self, place: int, kind: str, whom: Ints) -> _Slot:
        """Return a tie with its beginning."""
        n = len(whom)
        days = self._stream(f"since/{place}").integers(*_OLD_DAYS, n)
        fresh = self._stream(f"fresh/{place}").random(n) < _FRESH_SHARE
        fresh &= kind in _FRESH_KINDS
        since = self._start + np.where(fresh, days % _YEAR_DAYS, -days) * DAY_US
        born = np.maximum(self._born(self._own), self._born(whom))
        if kind == "family":
            since = np.maximum(born * DAY_US, 0)
        elif kind in _COUPLES:
            since = np.maximum(since, (born + _ADULT_DAYS) * DAY_US)
        return _Slot(kind, whom, since)

    def _born(self, ids: Ints) -> Ints:
        return self._people.birth_date(ids).astype(np.int64)

    def _ex(self) -> Ints:
        """Return a former partner of about the same age, oneself for those without."""
        own, n = self._own, len(self._own)
        has = self._stream("ex").random(n) < _EX_SHARE
        alike = self._stream("alike").random(n) < _SAME_SEX_SHARE
        met = self._people.adult(self._stream("met").integers(0, 2**31, (n, _MET)).ravel())
        same = self._people.sex(met).reshape(n, _MET) == self._people.sex(own)[:, None]
        years = self._people.birth_year(met).reshape(n, _MET).astype(np.int64)
        apart = np.abs(years - self._people.birth_year(own)[:, None])
        best = np.argmin(apart + 100 * (same != alike[:, None]), axis=1)
        return np.where(has, met.reshape(n, _MET)[np.arange(n), best], own)

    def _opponent(self) -> Ints:
        """Return somebody the officer quarrels with, oneself for those without."""
        n = len(self._own)
        has = self._stream("dispute").random(n) < _DISPUTE_SHARE
        number = self._stream("whom/dispute").integers(0, 2**31, n)
        return np.where(has, self._people.adult(number), self._own)

    def _colleague(self, nth: int) -> _Slot:
        """Return somebody of the first day's staff, from the day on that both are there."""
        hired, own = self._officers.hired, self._own
        first_day = int((hired < self._start).sum())
        peer = self._stream(f"peer/{nth}").integers(0, first_day, len(own))
        since = np.maximum(hired, hired[peer])
        met = since < self._officers.left[peer]
        return _Slot("colleague", np.where(met, own[peer], own), since)
