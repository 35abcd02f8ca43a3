"""What metrics are computed from: scores and truth side by side, as plain numpy arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.answers import Answers, CampaignAnswers, align
from misusebench.columns import DAY_US, micros
from misusesim.dataset import schema

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from misusesim.truth import Truth

NEVER: Final = 2**62


@dataclass(frozen=True, slots=True)
class Campaigns:
    """Campaigns with misuse among the scored queries; `Scored.campaign` is the row number."""

    kind: NDArray[np.int16]  # code of `Scored.kinds`
    rung: NDArray[np.int8]  # code of `Scored.rungs`
    first_us: NDArray[np.int64]  # its first misuse query, also if in the history
    last_us: NDArray[np.int64]
    severity: NDArray[np.float64]
    officers: tuple[NDArray[np.int32], ...]  # places in `Scored.officers`


@dataclass(frozen=True, slots=True)
class Scored:
    """One row per scored query, aligned; -1 is "none" in every column of codes."""

    query_id: NDArray[np.uint64]
    score: NDArray[np.float64]  # higher is more suspicious
    positive: NDArray[np.bool_]
    ignore: NDArray[np.bool_]  # accidental slips: neither hit nor accusation
    officer: NDArray[np.int32]  # place in `officers`
    agency: NDArray[np.int32]  # place in `agencies`
    day: NDArray[np.int32]  # UTC day since the epoch
    time_us: NDArray[np.int64]  # arrival, UTC microseconds
    campaign: NDArray[np.int32]  # row of `campaigns`
    kind: NDArray[np.int16]  # of misuse
    rung: NDArray[np.int8]
    oddity: NDArray[np.int16]
    officers: tuple[str, ...]
    agencies: tuple[str, ...]
    campaigns: Campaigns
    guilty_us: NDArray[np.int64]  # per officer: first misuse query, NEVER if innocent
    home: NDArray[np.int32]  # per officer: agency
    start_us: int  # of the scored part
    end_us: int
    kinds: tuple[str, ...] = schema.MISUSE_KINDS
    rungs: tuple[str, ...] = schema.RUNGS
    oddities: tuple[str, ...] = schema.ODDITY_KINDS

    @property
    def days(self) -> float:
        """Length of the scored part, days."""
        return (self.end_us - self.start_us) / DAY_US

    @property
    def misusing_officers(self) -> int:
        """Officers with at least one misuse query among the scored ones."""
        return len(np.unique(self.officer[self.positive]))


def frame(answers: Answers, score: NDArray[np.float64]) -> Scored:
    """Return scores beside their truth.

    Parameters
    ----------
    answers
        Truth of the scored rows (`misusebench.answers.align`).
    score
        One finite number a row, in the same order.

    Raises
    ------
    ValueError
        If there are too few or too many scores, or one is not finite.
    """
    score = np.asarray(score, np.float64)
    if score.shape != answers.positive.shape:
        raise ValueError(f"{score.shape} scores for {answers.positive.shape} queries")
    if not np.isfinite(score).all():
        raise ValueError("a score is not finite")
    last = int(answers.time_us.max()) if len(score) else answers.start_us
    return Scored(
        query_id=answers.query_id, score=score, positive=answers.positive, ignore=answers.ignore,
        officer=answers.officer, agency=answers.agency, day=answers.day, time_us=answers.time_us,
        campaign=answers.campaign, kind=answers.kind, rung=answers.rung, oddity=answers.oddity,
        officers=tuple(answers.officers), agencies=tuple(answers.agencies),
        campaigns=_campaigns(answers), guilty_us=_guilty(answers), home=_home(answers),
        start_us=answers.start_us, end_us=(last // DAY_US + 1) * DAY_US,
    )  # fmt: skip


def labelled(
    score: NDArray[np.float64],
    positive: NDArray[np.bool_],
    **columns: NDArray[np.generic],
) -> Scored:
    """Return a frame of any labelled table, for outside data and worked examples.

    Parameters
    ----------
    score, positive
        One entry a row.
    columns
        Any of `ignore`, `officer`, `agency`, `day`, `time_us`, `campaign`, `kind`, `rung`,
        `oddity`, `query_id`, as codes. By default every row has an officer of its own, all on
        one day of one agency, in no campaign, of the first kind and rung.
    """
    n = len(score)
    positive = np.asarray(positive, np.bool_)
    if len(positive) != n:
        raise ValueError(f"{n} scores for {len(positive)} labels")
    none, zero = np.full(n, -1), np.zeros(n, np.int64)
    first = np.where(positive, 0, -1)
    given: dict[str, NDArray[np.generic]] = {
        "ignore": np.zeros(n, np.bool_), "officer": np.arange(n), "agency": zero, "day": zero,
        "campaign": none, "kind": first, "rung": first, "oddity": none, "query_id": np.arange(n),
    }  # fmt: skip
    given |= {name: np.asarray(column) for name, column in columns.items()}
    given.setdefault("time_us", given["day"].astype(np.int64) * DAY_US)
    days = given["time_us"].astype(np.int64) // DAY_US if n else zero
    start = int(days.min()) * DAY_US if n else 0
    return frame(_answers(given, positive, start), np.asarray(score, np.float64))


def _answers(
    given: dict[str, NDArray[np.generic]], positive: NDArray[np.bool_], start: int
) -> Answers:
    campaign = np.where(positive, given["campaign"], -1).astype(np.int32)
    size = int(campaign.max(initial=-1)) + 1
    rows = [np.flatnonzero(campaign == c) for c in range(size)]
    if empty := [c for c, own in enumerate(rows) if not len(own)]:
        raise ValueError(f"campaign {empty[0]} has no positive row")
    officer, time = given["officer"].astype(np.int32), given["time_us"].astype(np.int64)
    officers = [str(i) for i in range(int(officer.max(initial=-1)) + 1)]
    head = np.array([own[0] for own in rows], np.int64)
    campaigns = CampaignAnswers(
        campaign_id=[str(c) for c in range(size)],
        kind=given["kind"].astype(np.int16)[head], rung=given["rung"].astype(np.int8)[head],
        first_us=np.array([time[own].min() for own in rows], np.int64),
        last_us=np.array([time[own].max() for own in rows], np.int64),
        agency=["0"] * size, severity=np.ones(size, np.int8), straddles=np.zeros(size, np.bool_),
        officers=[tuple(officers[o] for o in np.unique(officer[own])) for own in rows],
    )  # fmt: skip
    guilty = np.full(len(officers), NEVER, np.int64)
    np.minimum.at(guilty, officer[positive], time[positive])
    return Answers(
        query_id=given["query_id"].astype(np.uint64), positive=positive,
        ignore=given["ignore"].astype(np.bool_), officer=officer,
        agency=given["agency"].astype(np.int32), time_us=time, day=given["day"].astype(np.int32),
        campaign=campaign, kind=given["kind"].astype(np.int16), rung=given["rung"].astype(np.int8),
        oddity=given["oddity"].astype(np.int16), officers=officers,
        agencies=[str(i) for i in range(int(given["agency"].astype(np.int32).max(initial=-1)) + 1)],
        campaigns=campaigns, start_us=start, guilty_us=guilty,
    )  # fmt: skip


def scored_frame(log: pa.Table, score: NDArray[np.float64], truth: Truth) -> Scored:
    """Return the last ``len(score)`` rows of a log in replay order, scored, beside their truth."""
    first = log.num_rows - len(score)
    received = micros(log["received_at"])
    start = int(received[first]) // DAY_US * DAY_US if len(score) else NEVER
    return frame(align(log, truth, first, start), score)


def _campaigns(answers: Answers) -> Campaigns:
    told = answers.campaigns
    place = {officer: i for i, officer in enumerate(answers.officers)}
    return Campaigns(
        kind=told.kind, rung=told.rung, first_us=told.first_us, last_us=told.last_us,
        severity=told.severity.astype(np.float64),
        officers=tuple(
            np.array([place[o] for o in who if o in place], np.int32) for who in told.officers
        ),
    )  # fmt: skip


def _guilty(answers: Answers) -> NDArray[np.int64]:
    """Return each officer's first misuse query; a campaign that began earlier makes it earlier."""
    first = answers.guilty_us.copy()
    rows = np.flatnonzero(answers.positive & (answers.campaign >= 0))
    begun = answers.campaigns.first_us[answers.campaign[rows]]
    np.minimum.at(first, answers.officer[rows], begun)
    return first


def _home(answers: Answers) -> NDArray[np.int32]:
    home = np.full(len(answers.officers), -1, np.int32)
    home[answers.officer[::-1]] = answers.agency[::-1]
    return home
