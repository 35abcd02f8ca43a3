"""Reviewers beside a replay: they read the day's alerts, and what they find reaches the component.

The only road from truth to a component (`feedback.py` says what is delayed, partial and wrong).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusebench.columns import HOUR_US, distinct
from misusebench.feedback import Answers, Reviewed, due, of_audits, of_findings, of_reviews
from misusesim import rng

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from misusebench.feedback import Rules
    from misusebench.veil import Veil
    from misusesim.truth import Truth

#: Share of the budget that reads officers at random, whatever their score (assumption): else a
#: component learns from its own choice only.
RANDOM_SHARE: Final = 0.05
_EVIDENCE: Final = 3  # rows of an officer's day that a reviewer is shown


class Office:
    """What all components of a run have in common: truth, audits, and what the agency finds."""

    def __init__(
        self, log: pa.Table, truth: Truth, rules: Rules, budget: int, seed: int,
        veil: Veil | None = None,
    ) -> None:  # fmt: skip
        self.answers, self.rules, self.budget, self.seed, self.veil = (
            Answers(truth.queries), rules, budget, seed, veil,
        )  # fmt: skip
        self.log = log.select(["query_id", "officer_id", "received_at"])
        self.known = [
            *of_audits(self.answers, self.log, rules, seed),
            *of_findings(truth.queries, truth.outcomes, self.log, rules, seed),
        ]

    def reviewers(self) -> Reviewers:
        """Return the reviewers of one component."""
        return Reviewers(self)


class Reviewers:
    """Read the highest officers of each period, and some of the others at random, in the budget.

    An officer who was confirmed is dealt with and is read no more.
    """

    def __init__(self, office: Office) -> None:
        self._office, self._outcomes = office, list(office.known)
        self._told_us = -(2**62)
        self._dealt_with: set[str] = set()

    def read(self, first: int, score: NDArray[np.float64], now_us: int) -> None:
        """Read the alerts of a period that closed.

        Parameters
        ----------
        first, score
            First row of the period in the log, and the scores of its rows.
        now_us
            When it closed, UTC microseconds.
        """
        rows = self._office.log.slice(first, len(score))
        place, names = distinct(rows["officer_id"])
        if not names:
            return
        best = np.full(len(names), -np.inf)
        np.maximum.at(best, place, score)
        ids = rows["query_id"].to_numpy().astype(np.uint64)
        picked = self._picked(names, best, now_us)
        order = np.lexsort((ids, -score))
        by_officer: dict[int, list[int]] = {}
        wanted = {number for number, _ in picked}
        for row in order[np.isin(place[order], list(wanted))].tolist():
            own = by_officer.setdefault(int(place[row]), [])
            if len(own) < _EVIDENCE:
                own.append(int(ids[row]))
        reviewed = [
            Reviewed(names[number], tuple(by_officer[number]), now_us, chance)
            for number, chance in picked
        ]
        office = self._office
        self._outcomes += of_reviews(office.answers, reviewed, office.rules, office.seed)

    def due(self, now_us: int) -> list[dict[str, Any]]:
        """Return the outcomes delivered since the last call, as a component gets them."""
        found = due(self._outcomes, self._told_us, now_us)
        self._outcomes = [one for one in self._outcomes if one.delivered_us > now_us]
        self._told_us = now_us
        self._dealt_with |= {one.officer_id for one in found if one.verdict == "confirmed"}
        told, veil = [one.message() for one in found], self._office.veil
        return told if veil is None else veil.outcomes(told)

    def _picked(
        self, names: list[str], best: NDArray[np.float64], now_us: int
    ) -> list[tuple[int, float]]:
        """Return which officers are read, and with what chance each was picked."""
        free = [n for n, name in enumerate(names) if name not in self._dealt_with]
        chance = rng.stream(self._office.seed, "reviewers", now_us // HOUR_US)
        free = [free[n] for n in chance.permutation(len(free)).tolist()]
        wanted = self._office.budget * RANDOM_SHARE
        at_random = int(wanted) + int(chance.random() < wanted % 1)
        ranked = sorted(free, key=lambda n: -best[n])  # ties as they were shuffled
        top, rest = (
            ranked[: self._office.budget - at_random],
            ranked[self._office.budget - at_random :],
        )
        low = set(rest)
        lucky = [n for n in free if n in low][:at_random]
        # a place of the last is by score on some days and by chance on others; told is the mean
        share = min(1.0, wanted / max(1, len(rest)))
        return [(n, 1.0) for n in top] + [(n, share) for n in lucky]
