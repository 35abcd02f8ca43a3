"""Campaign recall and time to detect: worked examples, scipy, enumeration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from misusebench.metrics import Tally, campaigns, labelled

DAY_US = 86_400_000_000


def three_campaigns(budget: int = 2) -> Tally:
    """Campaigns of 10 queries (caught after 2), 4 (caught after 3) and 6 (missed)."""
    day = np.r_[[0, 0], np.full(8, 5), [0, 0, 0, 5], np.zeros(6, int)]
    who = np.repeat([0, 1, 2], [10, 4, 6])
    score = np.r_[np.full(10, 0.9), np.full(4, 0.8), np.full(6, 0.1)]
    kind, rung = np.repeat([0, 1, 1], [10, 4, 6]), np.repeat([0, 2, 3], [10, 4, 6])
    columns = {"day": day, "officer": who, "campaign": who, "kind": kind, "rung": rung}
    return Tally(labelled(score, np.ones(20, bool), **columns), budget, draws=50)


def test_worked_example() -> None:
    """Recall 2/3, harm-weighted 0.45, 11/3 queries leaked."""
    tally = three_campaigns()
    assert campaigns.campaign_recall(tally, tally.ones)[0] == pytest.approx(2 / 3)
    assert campaigns.harm_weighted_recall(tally, tally.ones)[0] == 0.45
    assert campaigns.leaked_queries(tally, tally.ones)[0] == pytest.approx(11 / 3)


def test_recall_by_kind_and_rung() -> None:
    """The second kind holds one caught and one missed campaign, of different rungs."""
    tally = three_campaigns()
    assert campaigns.kinds(tally) == ["permit_checks", "romantic_interest"]
    assert campaigns.kinds_and_rungs(tally) == [
        ("permit_checks", "declared"), ("romantic_interest", "plausible_case"),
        ("romantic_interest", "own_case"),
    ]  # fmt: skip
    recall = campaigns.campaign_recall(tally, tally.ones, "romantic_interest")
    assert recall.tolist() == [0.5]
    recall = campaigns.campaign_recall(tally, tally.ones, "romantic_interest", "own_case")
    assert recall.tolist() == [0.0]


def test_macro_and_least_recall() -> None:
    """Recalls 1 and 0.5 have mean 0.75 and least 0.5."""
    tally = three_campaigns()
    assert campaigns.recall_macro(tally, tally.ones).tolist() == [0.75]
    assert campaigns.recall_min(tally, tally.ones).tolist() == [0.5]


def test_a_kind_that_was_not_drawn_does_not_count() -> None:
    """With weight on the second cluster alone, macro and least recall are of its kind."""
    tally = three_campaigns()
    weights = np.array([[0.0, 1.0, 0.0]])
    assert campaigns.recall_macro(tally, weights).tolist() == [1.0]
    assert campaigns.recall_min(tally, weights).tolist() == [1.0]


def test_recall_for_other_queries_is_no_hit() -> None:
    """An officer flagged for honest queries only is not caught for the campaign."""
    score = np.r_[np.full(5, 0.9), [0.1]]
    tally = Tally(
        labelled(score, np.arange(6) == 5, officer=np.zeros(6, int),
                 campaign=np.where(np.arange(6) == 5, 0, -1))
    )  # fmt: skip
    assert campaigns.campaign_recall(tally, tally.ones).tolist() == [0.0]


def test_tied_campaigns_are_caught_by_expectation() -> None:
    """Four equal alerts, one place: a campaign that holds two of them is caught half the time."""
    tally = Tally(
        labelled(np.zeros(4), np.array([1, 1, 0, 0], bool), campaign=np.array([0, 0, -1, -1])),
        budget=1,
    )
    assert campaigns.campaign_recall(tally, tally.ones)[0] == pytest.approx(0.5)


def test_no_campaign_is_undefined() -> None:
    """Without campaigns every campaign metric has no value."""
    tally = Tally(labelled(np.zeros(3), np.zeros(3, bool)))
    for fn in (
        campaigns.campaign_recall, campaigns.recall_macro, campaigns.recall_min,
        campaigns.harm_weighted_recall, campaigns.leaked_queries, campaigns.time_to_detect_median,
        campaigns.time_to_detect_rmst,
    ):  # fmt: skip
        assert not np.isfinite(fn(tally, tally.ones)).any(), fn.__name__


def test_kaplan_meier_worked_example() -> None:
    """S falls to 0.8 at day 2 and to 4/15 at day 5; median 5, 80 % never, RMST(10) 5.733."""
    when, left = campaigns.kaplan_meier(
        np.array([2.0, 5, 5, 4, 10]), np.array([1, 1, 1, 0, 0], bool), np.ones((1, 5))
    )
    assert left[0] == pytest.approx([1.0, 0.8, 4 / 15])
    assert campaigns.quantile_of(when, left, 0.5).tolist() == [5.0]
    assert campaigns.quantile_of(when, left, 0.8).tolist() == [np.inf]
    assert campaigns.restricted_mean(when, left, 10.0) == pytest.approx([2 + 3 * 0.8 + 5 * 4 / 15])


@given(
    st.lists(st.tuples(st.integers(1, 8), st.booleans()), min_size=1, max_size=25).filter(
        lambda rows: any(seen for _, seen in rows)
    )
)
@settings(deadline=None, max_examples=60)
def test_kaplan_meier_equals_scipy(rows: list[tuple[int, bool]]) -> None:
    """The curve is scipy's survival function of right-censored times."""
    time = np.array([float(t) for t, _ in rows])
    seen = np.array([s for _, s in rows])
    when, left = campaigns.kaplan_meier(time, seen, np.ones((1, len(rows))))
    expected = ecdf(CensoredData(uncensored=time[seen], right=time[~seen])).sf
    assert left[0] == pytest.approx(expected.evaluate(when), abs=1e-12)


@given(st.lists(st.tuples(st.integers(1, 6), st.booleans(), st.integers(0, 3)), min_size=2,
                max_size=15))  # fmt: skip
@settings(deadline=None, max_examples=40)
def test_kaplan_meier_weights_equal_repetition(rows: list[tuple[int, bool, int]]) -> None:
    """A campaign drawn three times counts as three."""
    time = np.array([float(t) for t, _, _ in rows])
    seen = np.array([s for _, s, _ in rows])
    weight = np.array([w for _, _, w in rows])
    again = np.repeat(np.arange(len(rows)), weight)
    _, left = campaigns.kaplan_meier(time, seen, weight[None, :].astype(float))
    when, whole = campaigns.kaplan_meier(time[again], seen[again], np.ones((1, len(again))))
    if not len(again):
        assert np.isnan(left).all()
        return
    kept = np.isin(np.append(0.0, np.unique(time[seen])), when)
    assert left[0][kept] == pytest.approx(whole[0], abs=1e-12)


def test_time_runs_from_the_first_misuse_to_the_end_of_the_day() -> None:
    """First misuse at noon of day 0, read at the end of day 5: 5.5 days."""
    time = np.array([DAY_US // 2, 5 * DAY_US, 5 * DAY_US])
    tally = Tally(
        labelled(np.array([0.0, 1.0, 0.5]), np.array([1, 1, 0], bool), officer=np.array([0, 0, 1]),
                 campaign=np.array([0, 0, -1]), day=time // DAY_US, time_us=time),
        budget=1,
    )  # fmt: skip
    _, days, detected, _ = campaigns.entries(tally)
    assert days.tolist() == [0.5], "its first day is read already"
    later = Tally(
        labelled(np.array([0.0, 1.0, 0.5]), np.array([1, 1, 0], bool), officer=np.array([0, 0, 1]),
                 campaign=np.array([0, 0, -1]), day=np.array([0, 5, 0]), time_us=time),
        budget=1,
    )  # fmt: skip
    _, days, detected, _ = campaigns.entries(later)
    assert days.tolist() == [5.5]
    assert detected.tolist() == [True]


def test_missed_campaigns_are_censored_at_the_end_of_observation() -> None:
    """A campaign of one early query is at risk until the log ends."""
    tally = Tally(
        labelled(np.array([0.0, 1.0, 1.0]), np.array([1, 0, 0], bool),
                 campaign=np.array([0, -1, -1]), day=np.array([0, 0, 39])),
        budget=1,
    )  # fmt: skip
    _, days, detected, share = campaigns.entries(tally)
    assert (days.tolist(), detected.tolist(), share.tolist()) == ([40.0], [False], [1.0])
    assert campaigns.time_to_detect_rmst(tally, tally.ones).tolist() == [30.0]
    assert campaigns.time_to_detect_median(tally, tally.ones).tolist() == [np.inf]


def test_too_short_an_observation_has_no_restricted_mean() -> None:
    """Five days of observation say nothing about thirty."""
    tally = Tally(
        labelled(np.array([0.0, 1.0]), np.array([1, 0], bool), campaign=np.array([0, -1]),
                 day=np.array([0, 4])),
        budget=1,
    )  # fmt: skip
    alone = Tally(labelled(np.array([0.0, 1.0]), np.array([1, 0], bool),
                           campaign=np.array([0, -1]), day=np.array([0, 0])), budget=1)  # fmt: skip
    assert campaigns.time_to_detect_rmst(tally, tally.ones).tolist() == [0.5 + 0.5]
    assert np.isnan(campaigns.time_to_detect_rmst(alone, alone.ones)).all()


def test_a_unit_campaign_moves_as_one_cluster() -> None:
    """Officers of one campaign, and of campaigns that share an officer, are drawn together."""
    tally = Tally(
        labelled(np.zeros(4), np.ones(4, bool), officer=np.array([0, 1, 1, 2]),
                 campaign=np.array([0, 0, 1, 1]))
    )  # fmt: skip
    assert tally.cluster.tolist() == [0, 0, 0]
    assert tally.campaign_cluster.tolist() == [0, 0]
