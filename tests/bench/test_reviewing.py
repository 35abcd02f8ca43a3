"""Reviewers beside a replay: whom they read, what they tell, and when."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from tests.bench.dataset import small_world

from misusebench import reviewing
from misusebench.columns import DAY_US, micros
from misusebench.feedback import Rules
from misusebench.replay import InProcess, replay
from misusebench.reviewing import Office, Reviewers
from misusesim.dataset import schema

EXACT = Rules(
    delay_days={"review": 0, "complaint": 0, "audit": 0}, miss_share=0, false_share=0,
    unresolved_share=0, sample_share=0,
)  # fmt: skip


class Truth:
    """Truth of a day: query 7 of officer c is misuse, nothing was found by the agency."""

    queries = pa.table({
        "query_id": pa.array([7], pa.uint64()), "label": ["positive"], "campaign_id": ["k"],
    })  # fmt: skip
    outcomes = pa.table({
        "campaign_id": pa.array([], pa.string()), "officer_id": pa.array([], pa.string()),
        "found_by": pa.array([], pa.string()), "found_at": pa.array([], schema.TIME),
        "outcome": pa.array([], pa.string()), "decided_at": pa.array([], schema.TIME),
    })  # fmt: skip


def day(officers):
    """Return a day's log of queries 1, 2, 3 ... by these officers."""
    times = pa.array([1_000_000 * n for n in range(len(officers))], schema.TIME)
    ids = pa.array(range(1, len(officers) + 1), pa.uint64())
    who = pa.array(list(officers)).dictionary_encode()
    return pa.table({"query_id": ids, "received_at": times, "officer_id": who})


def office(budget, officers="aabbccdd", rules=EXACT):
    """Return an office that reads so many officers a day, whose days are all alike."""
    return Office(day(officers), Truth(), rules, budget, seed=0)


def test_the_highest_officers_are_read_with_their_highest_rows():
    """Two of four officers, by their best row; up to three rows each are looked at."""
    score = np.array([0.1, 0.9, 0.8, 0.7, 0.2, 0.1, 0.5, 0.3])
    readers = Reviewers(office(2, "aaaabbcd"))
    readers.read(0, score, DAY_US)
    found = {one["officer_id"]: one for one in readers.due(DAY_US)}
    assert set(found) == {"a", "c"}
    assert found["a"]["query_ids"] == [2, 3, 4]
    assert (found["a"]["verdict"], found["c"]["verdict"]) == ("unfounded", "confirmed")
    assert all(one["delivered_at"] == DAY_US and one["chance"] == 1.0 for one in found.values())
    assert readers.due(2 * DAY_US) == []


def test_who_was_confirmed_is_read_no_more(monkeypatch):
    """The next day's budget goes to the next officer."""
    monkeypatch.setattr(reviewing, "RANDOM_SHARE", 0.0)
    score = np.array([0.1, 0.2, 0.3, 0.4, 0.9, 0.6, 0.0, 0.7])
    readers = Reviewers(office(1))
    readers.read(0, score, DAY_US)
    assert [one["officer_id"] for one in readers.due(DAY_US)] == ["c"]
    readers._dealt_with.add("c")
    readers.read(0, score, 2 * DAY_US)
    assert [one["officer_id"] for one in readers.due(2 * DAY_US)] == ["d"]


@pytest.mark.parametrize(("budget", "at_random"), [(20, 1.0), (10, 0.5)])
def test_a_share_is_read_at_random_and_weighted_by_its_chance(budget, at_random):
    """A twentieth of the budget, on some days only where that is no whole officer."""
    officers = [f"o{n:03d}" for n in range(200)]
    score, lucky, days = np.arange(200.0), [], 200
    for when in range(1, days + 1):
        readers = Reviewers(office(budget, officers))
        readers.read(0, score, when * DAY_US)
        found = readers.due(when * DAY_US)
        assert len(found) == budget
        lucky += [one for one in found if one["chance"] < 1]
    assert len(lucky) / days == pytest.approx(at_random, abs=0.12)
    assert all(0 < one["chance"] <= at_random / (200 - budget) + 1e-12 for one in lucky)
    places = sorted(int(one["officer_id"][1:]) for one in lucky)
    assert places[-1] < 200 - budget + 1  # never one whom the score picks anyway
    assert np.mean(places) == pytest.approx(90, abs=20)


def test_outcomes_wait_for_their_day():
    """A delay of a week reaches nobody before; what was told is not told again."""
    slow = Rules(delay_days={"review": 7.0}, miss_share=0, false_share=0, unresolved_share=0,
                 sample_share=0)  # fmt: skip
    readers = Reviewers(office(2, rules=slow))
    readers.read(0, np.arange(8.0), DAY_US)
    when = [n for n in range(1, 200) if readers.due(n * DAY_US)]
    assert when
    assert min(when) > 1


class Listener:
    """Scores zero; notes how many rows it had scored when outcomes came."""

    def __init__(self):
        self.rows, self.told = 0, []

    def score(self, batch):
        self.rows += batch.num_rows
        return np.zeros(batch.num_rows)

    def feedback(self, outcomes):
        self.told += [(self.rows, one) for one in outcomes]


@pytest.fixture(scope="module")
def world():
    return small_world()


def test_a_replay_tells_outcomes_between_periods(world):
    """Outcomes come between days, none of a row that was not scored yet, and none too early."""
    log, context, truth = world

    class Known:
        queries, outcomes = truth["queries"], truth["outcomes"]

    audits = Rules(
        delay_days={"review": 0, "complaint": 0, "audit": 0}, miss_share=0, false_share=0,
        unresolved_share=0, sample_share=0.2,
    )  # fmt: skip
    own, listener = Office(log, Known(), audits, 3, 0), Listener()
    found = replay(InProcess(listener), log, context, readers=own.reviewers())
    assert len(listener.told) > 50
    received = micros(log["received_at"])
    place = {query: n for n, query in enumerate(log["query_id"].to_pylist())}
    for rows, one in listener.told:
        known = [place[query] for query in one["query_ids"]]
        assert max(known) < found.first + rows
        if found.first + rows < len(received):
            assert one["delivered_at"] <= received[found.first + rows]
    sources = {one["source"] for _, one in listener.told}
    assert {"review", "audit"} <= sources


def test_without_readers_nothing_is_told(world):
    """The unsupervised division hears nothing."""
    log, context, _ = world
    listener = Listener()
    replay(InProcess(listener), log, context)
    assert listener.told == []


def test_outcomes_that_come_after_the_end_change_nothing(world):
    """With delays beyond the log, scores are bit for bit those without feedback."""
    from misusebench.detectors.supervised import Supervised  # noqa: PLC0415 - an extra

    log, context, truth = world

    class Known:
        queries = truth["queries"]
        outcomes = truth["outcomes"].slice(0, 0)

    late = Rules(delay_days=dict.fromkeys(("review", "complaint", "audit"), 200.0))
    own = Office(log, Known(), late, 3, 0)
    told = replay(InProcess(Supervised()), log, context, readers=own.reviewers())
    assert np.array_equal(told.score, replay(InProcess(Supervised()), log, context).score)
