"""Alerts that the harness makes of scores, and which of them a reviewer reads.

Each day every officer's queries form one alert with the largest score; its evidence is the five
highest-scored queries (equal scores by `query_id`, a keyed hash, so by chance). The B highest
alerts of a day are reviewed; a reviewed officer is not listed again for 14 days (an assumption).
Grouping and order never use truth.

Alerts with equal scores may compete for the last places. Where such a tie touches no other day,
everything follows by exact expectation; where the pause makes days depend on each other, 200
seeded random orders are averaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.columns import DAY_US
from misusesim import rng

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusebench.metrics.frame import Scored

EVIDENCE: Final = 5
PAUSE_DAYS: Final = 14
ORDERS: Final = 200


class Verdict(IntEnum):
    """What a review of an alert finds."""

    HIT = 0  # the evidence holds misuse
    SLIP = 1  # the evidence holds an accidental slip: neither hit nor accusation
    FALSE = 2  # the officer has done no misuse so far
    OTHER = 3  # the officer has, but the evidence does not show it


@dataclass(frozen=True, slots=True)
class Alerts:
    """One alert per officer and day, in order of (day, officer)."""

    officer: NDArray[np.int32]
    day: NDArray[np.int32]
    score: NDArray[np.float64]
    verdict: NDArray[np.int8]  # of Verdict
    evidence_alert: NDArray[np.int64]  # with evidence_row: which scored rows are evidence
    evidence_row: NDArray[np.int64]

    def __len__(self) -> int:
        """Return how many alerts there are."""
        return len(self.score)

    @property
    def read_us(self) -> NDArray[np.int64]:
        """When an alert can be read: the end of its day, UTC microseconds."""
        return (self.day.astype(np.int64) + 1) * DAY_US

    def pairs(self, code: NDArray[np.generic]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the distinct (alert, code) of the evidence; `code` is per row, -1 is none."""
        of_row = code[self.evidence_row].astype(np.int64)
        own = of_row >= 0
        size = int(of_row.max(initial=0)) + 1
        both = np.unique(self.evidence_alert[own] * size + of_row[own])
        return both // size, both % size


def officer_days(scored: Scored, evidence: int = EVIDENCE) -> Alerts:
    """Return one alert per officer and day, with the day's largest score."""
    order = np.lexsort((scored.query_id, -scored.score, scored.officer, scored.day))
    officer, day = scored.officer[order], scored.day[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (officer[1:] != officer[:-1]) | (day[1:] != day[:-1])
    start = np.flatnonzero(new)
    alert = np.cumsum(new) - 1
    shown = np.arange(len(order)) - start[alert] < evidence if len(order) else new
    shown_alert, shown_row = alert[shown], order[shown]
    size = len(start)
    hit = np.bincount(shown_alert, scored.positive[shown_row], size) > 0
    slip = np.bincount(shown_alert, scored.ignore[shown_row], size) > 0
    innocent = scored.guilty_us[officer[start]] >= (day[start].astype(np.int64) + 1) * DAY_US
    verdict = np.select(
        [hit, slip, innocent], [Verdict.HIT, Verdict.SLIP, Verdict.FALSE], Verdict.OTHER
    )
    return Alerts(
        officer[start], day[start], scored.score[order[start]], verdict.astype(np.int8),
        shown_alert, shown_row,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tie:
    """Alerts of equal score that compete for fewer places."""

    alerts: NDArray[np.int64]
    places: int


@dataclass(frozen=True, slots=True)
class Reviews:
    """Which alerts are read: for certain, by expectation, or in each of some random orders."""

    chance: NDArray[np.float64]  # per alert: probability of being read
    orders: int  # random orders listed below; 1 where there is no choice
    order: NDArray[np.int64]  # with `alert`: what is read in which order
    alert: NDArray[np.int64]
    ties: tuple[Tie, ...] | None  # None: the ties depend on each other

    def any_of(
        self, alert: NDArray[np.int64], of: NDArray[np.int64], size: int
    ) -> NDArray[np.float64]:
        """Return per thing the probability that at least one of its alerts is read.

        Parameters
        ----------
        alert, of
            Distinct pairs: this alert belongs to this thing.
        size
            Number of things.
        """
        if self.ties is None:
            return self._any_of_orders(alert, of, size)
        return 1 - self._missed(alert, of, size, self.ties)

    def _missed(
        self,
        alert: NDArray[np.int64],
        of: NDArray[np.int64],
        size: int,
        ties: tuple[Tie, ...],
    ) -> NDArray[np.float64]:
        missed = np.ones(size)
        missed[of[self.chance[alert] == 1.0]] = 0.0
        for tie in ties:
            own = np.bincount(of[np.isin(alert, tie.alerts)], minlength=size)
            table = np.array([none_taken(len(tie.alerts), tie.places, g)
                              for g in range(int(own.max(initial=0)) + 1)])  # fmt: skip
            missed *= table[own]
        return missed

    def _any_of_orders(
        self, alert: NDArray[np.int64], of: NDArray[np.int64], size: int
    ) -> NDArray[np.float64]:
        order, thing = self.things(alert, of)
        both = np.unique(order * np.int64(size) + thing)
        return np.bincount(both % max(size, 1), minlength=size) / self.orders

    def things(
        self, alert: NDArray[np.int64], of: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (order, thing) for every alert read in an order; also see :meth:`read`."""
        place, pair = self.read(alert)
        return self.order[place], of[pair]

    def read(self, alert: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return for pairs sorted by alert the (place in `order`, place in `alert`) that match."""
        low = np.searchsorted(alert, self.alert, "left")
        count = np.searchsorted(alert, self.alert, "right") - low
        place = np.repeat(np.arange(len(self.alert)), count)
        offset = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
        return place, np.repeat(low, count) + offset


def none_taken(tied: int, places: int, own: int) -> float:
    """Return 1 - P(at least one of `own` among `tied` gets one of the places): C(m-g,s) / C(m,s).

    Examples
    --------
    >>> round(1 - none_taken(tied=10, places=3, own=2), 4)
    0.5333
    """
    missed = 1.0
    for g in range(own):
        missed *= max(0, tied - places - g) / (tied - g)
    return missed


def review(
    alerts: Alerts,
    budget: int,
    *,
    pause_days: int = PAUSE_DAYS,
    orders: int = ORDERS,
    seed: int = 0,
) -> Reviews:
    """Return which alerts are read at `budget` alerts a day.

    Parameters
    ----------
    alerts
        In order of (day, officer).
    budget
        Alerts that can be read a day, at least 1.
    pause_days
        Days for which a reviewed officer is not listed again; 0 or 1 for none.
    orders
        Random orders where ties decide.
    seed
        Of those orders.
    """
    if budget < 1:
        raise ValueError(f"a review budget must be at least 1, got {budget}")
    chance, ties, dependent = _in_order(alerts, budget, pause_days)
    if not ties:
        read = np.flatnonzero(chance)
        return Reviews(chance, 1, np.zeros(len(read), np.int64), read, ())
    order, alert = _random_orders(alerts, budget, pause_days, orders, seed)
    if dependent:
        chance = np.bincount(alert, minlength=len(alerts)) / orders
    return Reviews(chance, orders, order, alert, None if dependent else tuple(ties))


def _days(alerts: Alerts) -> list[tuple[int, int, int]]:
    """Return (day, first alert, end) of each day."""
    days, first = np.unique(alerts.day, return_index=True)
    ends = np.append(first, len(alerts))[1:]
    return [(int(d), int(a), int(b)) for d, a, b in zip(days, first, ends, strict=True)]


def _in_order(
    alerts: Alerts, budget: int, pause: int
) -> tuple[NDArray[np.float64], list[Tie], bool]:
    """Return each alert's chance, the undecided ties, and whether they depend on each other."""
    chance, ties = np.zeros(len(alerts)), []
    again = np.full(int(alerts.officer.max(initial=0)) + 1, -(2**31), np.int64)
    following = _next_day(alerts)
    for day, first, end in _days(alerts):
        listed = first + np.flatnonzero(again[alerts.officer[first:end]] <= day)
        cut = _cut(alerts.score[listed], budget)
        sure = listed[alerts.score[listed] > cut]
        tied = listed[alerts.score[listed] == cut]
        places = budget - len(sure)
        if 0 < places < len(tied):
            ties.append(Tie(tied, places))
            chance[tied] = places / len(tied)
            if (following[tied] < day + pause).any():
                return chance, ties, True
        else:
            sure = np.append(sure, tied)
        chance[sure] = 1.0
        again[alerts.officer[sure]] = day + pause
    return chance, ties, False


def _cut(score: NDArray[np.float64], budget: int) -> float:
    if len(score) <= budget:
        return float(score.min(initial=np.inf))
    return float(np.partition(score, len(score) - budget)[len(score) - budget])


def _next_day(alerts: Alerts) -> NDArray[np.int64]:
    """Return the day of the same officer's next alert."""
    order = np.lexsort((alerts.day, alerts.officer))
    following = np.full(len(alerts), 2**31, np.int64)
    same = alerts.officer[order[1:]] == alerts.officer[order[:-1]]
    following[order[:-1][same]] = alerts.day[order[1:][same]]
    return following


def _random_orders(
    alerts: Alerts, budget: int, pause: int, orders: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (order, alert) of what is read when ties fall at random, order by order."""
    size = int(alerts.officer.max(initial=0)) + 1
    again = np.full((orders, size), -(2**31), np.int32)
    each = np.arange(orders)[:, None]
    found_order, found_alert = [], []
    for day, first, end in _days(alerts):
        luck = rng.stream(seed, "review-order", day & 0xFFFFFFFF).random(
            (orders, end - first), np.float32
        )
        # at most budget * (pause - 1) officers pause, so what lies lower is never reached
        score = alerts.score[first:end]
        reach = np.flatnonzero(score >= _cut(score, budget * max(1, pause)))
        rank = np.unique(score[reach], return_inverse=True)[1]
        officer = alerts.officer[first:end][reach]
        key = np.where(again[:, officer] <= day, rank + luck[:, reach].astype(np.float64), -1.0)
        top = key.argpartition(-min(budget, len(reach)), axis=1)[:, -min(budget, len(reach)) :]
        order, place = np.nonzero(np.take_along_axis(key, top, 1) >= 0)
        taken = top[order, place]
        again[each[order, 0], officer[taken]] = day + pause
        found_order.append(order)
        found_alert.append(first + reach[taken])
    return np.concatenate(found_order), np.concatenate(found_alert)
