"""Feedback: the only legal road from truth to a component, delayed, partial and fallible.

A component learns nothing but outcomes: of alerts that somebody reviewed, of campaigns that the
agency itself found, of queries that a periodic audit happened to read. What nobody looked at has no
label, so there are no clean negatives. Chance hangs on the queries concerned and on the seed, so
that neither the order of reviews nor another component changes an outcome. Everything here is a
pure function of truth tables and of what was reviewed; the harness decides when to hand it over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusebench.columns import DAY_US, micros
from misusesim import rng
from misusesim.dice import exponential

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

Verdict = Literal["confirmed", "unfounded", "unresolved"]
Source = Literal["review", "complaint", "audit"]
#: How the truth says that a campaign was found -> the source a component is told.
_SOURCE: Final[dict[str, Source]] = {"audit": "audit"}


@dataclass(frozen=True, slots=True)
class Rules:
    """How slow and how wrong outcomes are; all defaults are assumptions.

    Raises
    ------
    ValueError
        If a share is outside [0, 1], or a delay is negative or above 200 days.
    """

    delay_days: Mapping[Source, float] = field(
        default_factory=lambda: {"review": 7.0, "complaint": 45.0, "audit": 30.0}
    )  # means; a week for reviews is the default of the Fraud Detection Handbook
    miss_share: float = 0.05  # misuse that a reviewer finds in order
    false_share: float = 0.01  # honest work that he calls misuse
    unresolved_share: float = 0.05  # questions that stay open
    sample_share: float = 0.0005  # queries that periodic audits read

    def __post_init__(self) -> None:
        for name in ("miss_share", "false_share", "unresolved_share", "sample_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in 0 .. 1, got {getattr(self, name)}")
        for source, days in self.delay_days.items():
            if not 0 <= days <= _MOST_DAYS:
                raise ValueError(
                    f"the delay of a {source} must be in 0 .. {_MOST_DAYS} days, got {days}"
                )


_MOST_DAYS: Final = 200


class Reviewed(NamedTuple):
    """An alert that a reviewer read."""

    officer_id: str
    query_ids: tuple[int, ...]  # its evidence, at least one
    read_us: int  # UTC microseconds
    chance: float = 1.0  # of being read, where that was drawn


class Outcome(NamedTuple):
    """What a component is told."""

    query_ids: tuple[int, ...]
    officer_id: str
    verdict: Verdict
    source: Source
    delivered_us: int  # UTC microseconds: the end of a UTC day
    chance: float = 1.0  # of being looked at: weight by its inverse

    def message(self) -> dict[str, Any]:
        """Return the outcome as `feedback` of a component gets it."""
        return {
            "query_ids": list(self.query_ids), "officer_id": self.officer_id,
            "verdict": self.verdict, "source": self.source, "delivered_at": self.delivered_us,
            "chance": self.chance,
        }  # fmt: skip


class Answers:
    """Which queries are misuse; a query that the truth leaves out is plain work.

    Parameters
    ----------
    queries
        `truth.queries`, with at least `query_id` and `label`.
    """

    def __init__(self, queries: pa.Table) -> None:
        positive = pc.equal(queries["label"].cast(pa.string()), "positive")
        self._positive = np.sort(queries.filter(positive)["query_id"].to_numpy())

    def positive(self, query_ids: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Return which of the queries are misuse."""
        return np.isin(query_ids, self._positive)


def of_reviews(
    answers: Answers, reviewed: Sequence[Reviewed], rules: Rules, seed: int
) -> list[Outcome]:
    """Return the outcomes of alerts that were read, in their order.

    An alert is confirmed if its evidence holds misuse and the reviewer sees it. Accidental slips
    are not misuse.

    Raises
    ------
    ValueError
        If an alert has no evidence.
    """
    if not reviewed:
        return []
    if not all(one.query_ids for one in reviewed):
        raise ValueError("a reviewed alert needs at least one query as evidence")
    size = np.array([len(one.query_ids) for one in reviewed])
    flat = np.array([q for one in reviewed for q in one.query_ids], np.uint64)
    first = np.cumsum(size) - size
    misuse = np.logical_or.reduceat(answers.positive(flat), first)
    key = np.minimum.reduceat(flat, first)
    read = np.array([one.read_us for one in reviewed], np.int64)
    verdict = _verdicts(misuse, key, rules, seed, "review")
    delivered = _delivered(read, key, rules, seed, "review")
    return [
        Outcome(one.query_ids, one.officer_id, v, "review", d, one.chance)
        for one, v, d in zip(reviewed, verdict, delivered.tolist(), strict=True)
    ]


def of_audits(answers: Answers, log: pa.Table, rules: Rules, seed: int) -> list[Outcome]:
    """Return the outcomes of the queries that periodic audits read, whatever their score.

    Parameters
    ----------
    answers
        The truth.
    log
        With `query_id`, `officer_id` and `received_at`.
    rules, seed
        How large and how fallible the sample is.
    """
    ids = log["query_id"].to_numpy().astype(np.uint64)
    chance = rng.unit(rng.draw(ids, rng.salt(seed, "feedback/sample")))
    at = np.flatnonzero(chance < rules.sample_share)
    key, part = ids[at], log.take(pa.array(at))
    verdict = _verdicts(answers.positive(key), key, rules, seed, "audit")
    delivered = _delivered(micros(part["received_at"]), key, rules, seed, "audit")
    officers = part["officer_id"].cast(pa.string()).to_pylist()
    return [
        Outcome((query,), officer, v, "audit", d, rules.sample_share)
        for query, officer, v, d in zip(
            key.tolist(), officers, verdict, delivered.tolist(), strict=True
        )
    ]


def of_findings(
    queries: pa.Table, outcomes: pa.Table, log: pa.Table, rules: Rules, seed: int
) -> list[Outcome]:
    """Return the outcomes of campaigns that the agency found by itself, by officer.

    Told are the campaign's queries on record when it was found. A finding without a decision in the
    truth stays unresolved.

    Parameters
    ----------
    queries, outcomes
        `truth.queries` and `truth.outcomes`.
    log
        With `query_id`, `officer_id` and `received_at`.
    rules, seed
        The delay, where the truth knows no decision.
    """
    found = outcomes.filter(pc.is_valid(outcomes["found_at"])).to_pylist()
    mine = queries.filter(pc.is_valid(queries["campaign_id"])).select(["query_id", "campaign_id"])
    rows = _by_campaign(
        mine.join(log.select(["query_id", "officer_id", "received_at"]), "query_id")
    )
    told = []
    for row in found:
        when, at = _us(row["found_at"]), rows.get((row["campaign_id"], row["officer_id"]), [])
        known = tuple(sorted(query for query, received in at if received < when))
        if not known:
            continue
        source = _SOURCE.get(row["found_by"], "complaint")
        if row["decided_at"] is not None:
            delivered = _day_end(np.array([_us(row["decided_at"])], np.int64))
        else:
            key = np.array(known[:1], np.uint64)
            delivered = _delivered(np.array([when], np.int64), key, rules, seed, source)
        told.append(
            Outcome(known, row["officer_id"], _decided(row["outcome"]), source, int(delivered[0]))
        )
    return sorted(told, key=lambda one: (one.delivered_us, one.query_ids))


def due(outcomes: Iterable[Outcome], after_us: int, upto_us: int) -> list[Outcome]:
    """Return what is delivered later than `after_us` and not later than `upto_us`, in order."""
    some = [one for one in outcomes if after_us < one.delivered_us <= upto_us]
    return sorted(some, key=lambda one: (one.delivered_us, one.query_ids, one.source))


def _decided(outcome: str | None) -> Verdict:
    if outcome is None:
        return "unresolved"
    return "unfounded" if outcome == "unfounded" else "confirmed"


def _us(time: Any) -> int:
    """Return a timestamp of a row as UTC microseconds."""
    return int(pa.scalar(time, pa.timestamp("us", tz="UTC")).value)


def _by_campaign(rows: pa.Table) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """Return (query, arrival) of the misuse queries of each campaign and officer."""
    out: dict[tuple[str, str], list[tuple[int, int]]] = {}
    received = micros(rows["received_at"]).tolist()
    for query, campaign, officer, time in zip(
        rows["query_id"].to_pylist(), rows["campaign_id"].to_pylist(),
        rows["officer_id"].cast(pa.string()).to_pylist(), received, strict=True,
    ):  # fmt: skip
        out.setdefault((campaign, officer), []).append((query, time))
    return out


def _verdicts(
    misuse: NDArray[np.bool_], key: NDArray[np.uint64], rules: Rules, seed: int, source: Source
) -> list[Verdict]:
    """Return what reviewers make of each case; `key` carries its chance."""
    error = rng.unit(rng.draw(key, rng.salt(seed, f"feedback/{source} error")))
    settled = rng.unit(rng.draw(key, rng.salt(seed, f"feedback/{source} settled")))
    confirmed = np.where(misuse, error >= rules.miss_share, error < rules.false_share)
    return [
        "unresolved" if u < rules.unresolved_share else "confirmed" if c else "unfounded"
        for u, c in zip(settled.tolist(), confirmed.tolist(), strict=True)
    ]


def _delivered(
    since: NDArray[np.int64], key: NDArray[np.uint64], rules: Rules, seed: int, source: Source
) -> NDArray[np.int64]:
    """Return when each outcome reaches the component: an exponential delay, then the day's end."""
    mean = round(rules.delay_days.get(source, 0.0) * DAY_US)
    bits = rng.draw(key, rng.salt(seed, f"feedback/{source} delay"))
    return _day_end(since + exponential(bits, mean))


def _day_end(time: NDArray[np.int64]) -> NDArray[np.int64]:
    return -(-time // DAY_US) * DAY_US
