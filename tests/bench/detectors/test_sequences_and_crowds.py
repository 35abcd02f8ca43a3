"""Steps, crowds, communities and the public index: scores by hand and what each is for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array
from tests.bench.dataset import small_world
from tests.bench.literal import batch, log

from misusebench.columns import DAY_US
from misusebench.detectors.anomaly_index import AnomalyIndex, narrowest
from misusebench.detectors.collaborative import Collaborative
from misusebench.detectors.community import Community
from misusebench.detectors.fan_in import FanIn
from misusebench.detectors.habits import FactoredShares, NearShares, by_row, surprise
from misusebench.detectors.ngram import STEPS, Ngram
from misusebench.detectors.supervised import Supervised

MINUTE = 60_000_000
NIGHT = 1_709_510_400_000_000  # 2024-03-04 00:00 UTC


def steps(*systems, officer="o1", gap=MINUTE, start=NIGHT):
    """Return one query a step, a gap apart."""
    return [
        {"officer_id": officer, "system": system, "time": start + n * gap,
         "received_at": start + n * gap}
        for n, system in enumerate(systems)
    ]  # fmt: skip


def test_the_first_step_is_as_likely_as_any():
    """Nothing seen: each of the thousand steps, through all three orders."""
    assert Ngram().score(batch(*steps("DMV")))[0] == pytest.approx(np.log(STEPS))


def test_a_second_step_by_hand():
    """One DMV seen: 1 + 1 kinds + 1 as its share of an even chance, of 1 + 1 + 1 in all."""
    even = 1 / STEPS
    one = (1 + 2 * even) / 3  # unigram: seen once, one kind
    found = Ngram().score(batch(*steps("DMV", "DMV")))[1]
    assert found == pytest.approx(-np.log(one))  # no pair nor triple seen before: the same


def test_what_follows_is_learnt():
    """After a plate comes a person, a hundred times; then a plate again is a surprise."""
    made = Ngram()
    made.score(batch(*steps(*(["DMV", "NCIC"] * 100))))
    usual, odd = made.score(batch(*steps("DMV", "NCIC", "NCIC", start=NIGHT + 200 * MINUTE)))[1:]
    assert usual < 0.1
    assert odd > 3


def test_a_pause_begins_a_new_sequence():
    """What followed half an hour later counts as a first step, not as a pair."""
    made, apart = Ngram(), 31 * MINUTE
    made.score(batch(*steps(*(["DMV", "NCIC"] * 50), gap=apart)))
    pair = made.score(batch(*steps("DMV", "NCIC", start=NIGHT + 200 * apart)))[1]
    assert pair == pytest.approx(np.log(2), abs=0.3)  # half of all first steps are NCIC


def asked(*who, person=7, gap=3_600_000_000):
    """Return queries for one person by these officers, an hour apart."""
    return [
        {"officer_id": name, "subject_key": person, "query_id": n, "received_at": NIGHT + n * gap}
        for n, name in enumerate(who)
    ]


def test_a_crowd_is_counted_by_heads():
    """The same officer twice is one head; a person asked for by nobody else has one."""
    made = FanIn(days=1, crowd=3)
    assert made.score(batch(*asked("a", "a", "b", "c", "a"))).tolist() == [1, 1, 2, 3, 3]
    assert made.score(batch(*asked("z", person=8))).tolist() == [1]


def test_a_crowd_is_one_alert_with_all_its_queries():
    """Raised when the third officer asks, and not again within the span."""
    made = FanIn(days=1, crowd=3)
    made.score(batch(*asked("a", "a", "b", "c", "d")))
    (alert,) = made.alerts(0)
    assert (alert.level, alert.key, alert.score, alert.evidence) == (
        "subject", "7", 3.0, (0, 1, 2, 3),
    )  # fmt: skip
    assert made.alerts(0) == []


def test_a_crowd_over_weeks_is_none():
    """Officers days apart do not add up."""
    made = FanIn(days=1, crowd=3)
    assert made.score(batch(*asked("a", "b", "c", gap=2 * DAY_US))).tolist() == [1, 1, 1]
    assert made.alerts(0) == []


def test_the_crowd_of_the_history_is_remembered_and_raises_nothing():
    """Two officers of the last day of the history and one now are three."""
    made = FanIn(days=1, crowd=3)
    made.fit(log(*asked("a", "b", "c")), {})
    assert made.alerts(0) == []
    late = [{**row, "received_at": NIGHT + 5 * 3_600_000_000} for row in asked("d")]
    assert made.score(batch(*late)).tolist() == [4]


def test_surprise_mixes_the_own_and_the_common_share():
    """Nine tenths of the own share, one of what all do; a thing never seen is rarer than any."""
    own, common = np.array([0.5, 0.0, 1.0, np.nan, np.nan]), np.array([0.75, 0.25])
    found = surprise(own, common, np.array([0, 1, 0, 1, -1]), 0.1)
    assert np.exp(-found) == pytest.approx([0.525, 0.025, 0.975, 0.25, 0.125])


def test_shares_near_by_are_those_of_the_whole_table():
    """The mean of the rows near an officer, place by place; nought where none holds the thing."""
    chance = np.random.default_rng(4)
    counts = chance.poisson(0.3, (12, 9)).astype(float)
    counts[3] = 0
    near = np.array([chance.choice(12, 4, replace=False) for _ in range(12)])
    own = by_row(csr_array(counts))
    whole = np.stack([own.toarray()[row].mean(axis=0) for row in near])
    officer, thing = chance.integers(0, 12, 200), chance.integers(0, 9, 200)
    found = NearShares(own, near).at(officer, thing)
    assert found == pytest.approx(whole[officer, thing], abs=1e-15)
    assert len(NearShares(own, near).at(officer[:0], thing[:0])) == 0
    assert not NearShares(own * 0, near).at(officer, thing).any()


def test_factored_shares_are_those_of_the_whole_table():
    """Product of the factors, each officer's row divided by its sum; one of noughts stays so."""
    chance = np.random.default_rng(5)
    left, right = chance.random((6, 3)), chance.random((3, 8))
    left[2] = 0
    whole = left @ right
    whole /= np.maximum(whole.sum(axis=1, keepdims=True), 1e-12)
    officer, thing = np.divmod(np.arange(48), 8)
    found = FactoredShares(left, right).at(officer, thing)
    assert found == pytest.approx(whole.ravel(), abs=1e-15)


@pytest.mark.parametrize("detector", [Community, Collaborative])
def test_what_colleagues_never_do_is_rare(detector):
    """Twenty of the street and twenty of a desk: the desk's work on the street is a surprise."""
    street = [("DMV", f"s{n}") for n in range(20) for _ in range(30)]
    desk = [("LICENSING", f"d{n}") for n in range(20) for _ in range(30)]
    history = log(*({"system": system, "officer_id": who} for system, who in street + desk))
    made = detector()
    made.fit(history, {})
    usual, odd = made.score(batch(
        {"system": "DMV", "officer_id": "s3"}, {"system": "LICENSING", "officer_id": "s3"},
    ))  # fmt: skip
    assert usual < 0.3
    assert odd > 2


@pytest.mark.parametrize("detector", [Community, Collaborative])
def test_one_officer_alone_is_rated_by_himself(detector):
    """Without anybody to compare with, scores are still numbers."""
    made = detector()
    made.fit(log(*({"system": "DMV", "officer_id": "s"} for _ in range(5))), {})
    usual, odd = made.score(batch({"system": "DMV", "officer_id": "s"}, {"system": "NCIC"}))
    assert 0 <= usual < odd < np.inf


def test_the_narrowest_window_may_pass_midnight():
    """Nine of ten queries between 23:00 and 02:00; all of a day if they are spread."""
    counts = np.zeros(24, np.int64)
    counts[[23, 0, 1, 12]] = 3, 3, 3, 1
    assert narrowest(counts, 0.85) == (23, 3)
    assert narrowest(np.ones(24, np.int64), 1.0) == (0, 24)


def test_the_index_weighs_what_is_outside_five_times():
    """Ten days of four to six queries at ten; then one at night counts like five by day."""
    rows = [
        {"time": NIGHT + day * DAY_US + 10 * 3_600_000_000 + n * MINUTE, "scope": None}
        for day in range(10) for n in range(4 + day % 3)
    ]  # fmt: skip
    made = AnomalyIndex()
    made.fit(log(*rows), {})
    new = NIGHT + 20 * DAY_US
    volume = np.array([4 + day % 3 for day in range(10)])
    mean, spread = volume.mean(), max(volume.std(), 1.0)
    found = made.score(batch(
        {"time": new + 3 * 3_600_000_000}, {"time": new + 4 * 3_600_000_000},
        {"time": new + 10 * 3_600_000_000},
    ))  # fmt: skip
    assert found == pytest.approx(
        [max((5 - mean) / spread, 0), (10 - mean) / spread, (11 - mean) / spread]
    )
    assert made.score(batch({"officer_id": "new", "time": new})).tolist() == [0.0]


def test_supervised_learns_what_was_confirmed():
    """Zero before any label; after three officers were confirmed at night, nights score higher."""
    rows_of, context, truth = small_world()
    history, rest = rows_of.slice(0, 800), rows_of.slice(800).combine_chunks()
    made = Supervised(least=2)
    made.fit(history, context)
    first, second = rest.slice(0, 300).to_batches()[0], rest.slice(300).to_batches()[0]
    assert not made.score(first).any()
    kinds = dict(zip(
        truth["queries"]["query_id"].to_pylist(), truth["queries"]["kind"].to_pylist(), strict=True,
    ))  # fmt: skip
    ids = rows_of["query_id"].to_pylist()
    who = dict(zip(ids, rows_of["officer_id"].to_pylist(), strict=True))
    bad = [query for query in ids[:1100] if kinds[query] == "permit_checks"]
    made.feedback([
        {"query_ids": [query], "officer_id": who[query], "verdict": "confirmed"} for query in bad
    ])  # fmt: skip
    score = made.score(second)
    later = np.array([kinds[query] == "permit_checks" for query in second["query_id"].to_pylist()])
    assert ((score > 0) & (score <= 1)).all()  # above all that was scored before it had learnt
    assert score[later].mean() > score[~later].mean() + 0.1
