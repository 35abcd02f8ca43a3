"""Who knows whom: spouses, former partners, families, neighbours, colleagues, opponents.

Every officer has ties, whether or not anybody ever misuses; a campaign only picks one.
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from misusesim import rng
from misusesim.clock import DAY_US, LocalClock
from misusesim.dataset.schema import TIE_KINDS
from misusesim.world.model import Staff, Ties
from misusesim.world.subjects import Population

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Agency, Officers

    Ints = NDArray[np.int64]
    Drawn = NDArray[Any]

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
_PERSON_BITS: Final = 48
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
    return block_ties(scenario, Staff.of([agency], [officers]))[0]


def block_ties(scenario: Scenario, staff: Staff) -> list[Ties]:
    """Return the ties of each of some agencies; see :func:`ties`."""
    slots = _Drawn(scenario, staff).slots()
    kinds = np.array([TIE_KINDS.index(slot.kind) for slot in slots])
    subject, since = (np.stack(c, axis=1) for c in list(zip(*slots, strict=True))[1:])
    # by officer, kind, person and beginning: few of one officer, so each row for itself
    first = np.argsort(since, axis=1, kind="stable")
    key = np.take_along_axis(kinds << _PERSON_BITS | subject, first, axis=1)
    second = np.argsort(key, axis=1, kind="stable")
    key = np.take_along_axis(key, second, axis=1)
    since = np.take_along_axis(since, np.take_along_axis(first, second, axis=1), axis=1)
    subject = key & (1 << _PERSON_BITS) - 1
    kept = subject != staff.officers.subject[:, None]
    kept[:, 1:] &= key[:, 1:] != key[:, :-1]
    own = (np.arange(len(staff)) - staff.first[staff.place]).astype(np.int32)
    officer = np.repeat(own, kept.sum(axis=1))
    kind = (key[kept] >> _PERSON_BITS).astype(np.int8)
    whole = Ties(officer=officer, subject=subject[kept], kind=kind, since=since[kept])
    ends = np.append(0, np.cumsum(kept.sum(axis=1)))[staff.first].tolist()
    return [_part(whole, slice(low, high)) for low, high in pairwise(ends)]


def _part(ties: Ties, rows: slice) -> Ties:
    return Ties(ties.officer[rows], ties.subject[rows], ties.kind[rows], ties.since[rows])


class _Drawn:
    """The draws of some agencies' ties."""

    def __init__(self, scenario: Scenario, staff: Staff) -> None:
        self._seed, self._staff, self._officers = scenario.seed, staff, staff.officers
        self._start = LocalClock(scenario).horizon[0]
        self._people = Population(scenario)
        self._own = staff.officers.subject

    def slots(self) -> list[_Slot]:
        """Return all slots; a slot is drawn for every officer."""
        people, own = self._people, self._own
        whom = [("spouse", people.partner(own)), ("ex", self._ex()), ("dispute", self._opponent())]
        whom += [("family", people.kin(own, nth)) for nth in range(_FAMILY)]
        whom += [("neighbour", people.neighbour(own, nth + 1)) for nth in range(_NEIGHBOURS)]
        slots = [self._slot(place, kind, other) for place, (kind, other) in enumerate(whom)]
        return slots + [self._colleague(nth) for nth in range(_COLLEAGUES)]

    def _each(self, what: str, draw: Callable[[np.random.Generator, int], Drawn]) -> Drawn:
        """Return what is drawn for all officers, from the stream of each agency."""
        staff = self._staff
        return np.concatenate([
            draw(chance, size)
            for chance, size in zip(self._streams(what), staff.sizes, strict=True)
        ])  # fmt: skip

    def _streams(self, what: str) -> Iterator[np.random.Generator]:
        return rng.streams(self._seed, f"ties/{what}", self._staff.numbers)

    def _chance(self, what: str, share: float) -> NDArray[np.bool_]:
        return self._each(what, lambda stream, n: stream.random(n)) < share

    def _slot(self, place: int, kind: str, whom: Ints) -> _Slot:
        """Return a tie with its beginning; what does not decide it is not drawn."""
        if kind == "family":
            born = np.maximum(self._own_birth, self._born(whom))
            return _Slot(kind, whom, np.maximum(born * DAY_US, 0))
        days = -self._each(f"since/{place}", lambda stream, n: stream.integers(*_OLD_DAYS, n))
        if kind in _FRESH_KINDS:
            fresh = self._chance(f"fresh/{place}", _FRESH_SHARE)
            days = np.where(fresh, -days % _YEAR_DAYS, days)
        since = self._start + days * DAY_US
        if kind in _COUPLES:
            born = np.maximum(self._own_birth, self._born(whom))
            since = np.maximum(since, (born + _ADULT_DAYS) * DAY_US)
        return _Slot(kind, whom, since)

    @cached_property
    def _own_birth(self) -> Ints:
        return self._born(self._own)

    def _born(self, ids: Ints) -> Ints:
        return self._people.birth_date(ids).astype(np.int64)

    def _ex(self) -> Ints:
        """Return a former partner of about the same age, oneself for those without."""
        has, alike = self._chance("ex", _EX_SHARE), self._chance("alike", _SAME_SEX_SHARE)
        number = self._each("met", lambda stream, n: stream.integers(0, 2**31, (n, _MET)))
        some = np.flatnonzero(has)
        own, n, people = self._own[some], len(some), self._people
        met = people.adult(number[some].ravel())
        same = people.sex(met).reshape(n, _MET) == people.sex(own)[:, None]
        years = people.birth_year(met).reshape(n, _MET).astype(np.int64)
        apart = np.abs(years - people.birth_year(own)[:, None])
        best = np.argmin(apart + 100 * (same != alike[some, None]), axis=1)
        whom = self._own.copy()
        whom[some] = met.reshape(n, _MET)[np.arange(n), best]
        return whom

    def _opponent(self) -> Ints:
        """Return somebody the officer quarrels with, oneself for those without."""
        has = self._chance("dispute", _DISPUTE_SHARE)
        number = self._each("whom/dispute", lambda stream, n: stream.integers(0, 2**31, n))
        whom = self._own.copy()
        whom[has] = self._people.adult(number[has])
        return whom

    def _colleague(self, nth: int) -> _Slot:
        """Return somebody of the first day's staff, from the day on that both are there."""
        hired, own, staff = self._officers.hired, self._own, self._staff
        there = np.bincount(staff.place, hired < self._start, len(staff.sizes)).astype(np.int64)
        peer = np.concatenate([
            first + chance.integers(0, some, size)
            for chance, size, first, some in zip(
                self._streams(f"peer/{nth}"), staff.sizes, staff.first[:-1].tolist(),
                there.tolist(), strict=True,
            )
        ])  # fmt: skip
        since = np.maximum(hired, hired[peer])
        met = since < self._officers.left[peer]
        return _Slot("colleague", np.where(met, own[peer], own), since)
