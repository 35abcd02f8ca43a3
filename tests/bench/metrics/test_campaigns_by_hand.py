"""Campaign metrics on worlds small enough to count on paper, and against slow definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusebench.metrics import Tally, compute, labelled
from misusebench.metrics.campaigns import (
    campaign_recall,
    entries,
    harm_weighted_recall,
    kaplan_meier,
    kinds,
    kinds_and_rungs,
    leaked_queries,
    macro,
    quantile_of,
    queries,
    recall_macro,
    recall_min,
    restricted_mean,
    time_to_detect_median,
    time_to_detect_q80,
    time_to_detect_rmst,
)

DAY_US = 86_400_000_000


def paper() -> Tally:
    """Return three campaigns of three officers over four days, one alert a day, no pause.

    Officer 0 scores 9 on days 0 and 2, officer 1 scores 5 on days 0, 1 and 3, officer 2 (another
    kind) scores 1 on days 0 to 2; so days 0 and 2 read officer 0, days 1 and 3 read officer 1.
    """
    officer = np.array([0, 0, 1, 1, 1, 2, 2, 2])
    day = np.array([0, 2, 0, 1, 3, 0, 1, 2])
    score = np.array([9.0, 9, 5, 5, 5, 1, 1, 1])
    kind = np.array([0, 0, 0, 0, 0, 2, 2, 2])
    rung = np.array([0, 0, 2, 2, 2, 1, 1, 1])
    rows = labelled(
        score, np.ones(8, bool), officer=officer, day=day, campaign=officer, kind=kind, rung=rung
    )
    return Tally(rows, 1, pause_days=0)


def test_which_campaigns_are_caught() -> None:
    """The two with high scores are caught for certain, the third never."""
    assert paper().caught.tolist() == [1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("kind", "rung", "share"),
    [(None, None, 2 / 3), (0, None, 1.0), (2, None, 0.0), (0, 0, 1.0), (0, 2, 1.0), (2, 1, 0.0),
     (None, 1, 0.0), (None, 2, 1.0)],
)  # fmt: skip
def test_recall_of_parts(kind: int | None, rung: int | None, share: float) -> None:
    """Recall of kinds, rungs and both counts only their own campaigns."""
    tally = paper()
    names = tally.scored.kinds, tally.scored.rungs
    found = campaign_recall(
        tally, tally.ones, None if kind is None else names[0][kind],
        None if rung is None else names[1][rung],
    )  # fmt: skip
    assert found.tolist() == pytest.approx([share])


def test_a_part_without_campaigns_is_undefined() -> None:
    """A kind with campaigns has no recall on a rung where it has none."""
    tally = paper()
    name, rung = tally.scored.kinds[0], tally.scored.rungs[1]
    assert math.isnan(campaign_recall(tally, tally.ones, name, rung)[0])


def test_kinds_and_pairs_come_in_schema_order() -> None:
    """Kinds and pairs that occur, ordered by their place in the lists of the schema."""
    tally = paper()
    first, third = tally.scored.kinds[0], tally.scored.kinds[2]
    rungs = tally.scored.rungs
    assert kinds(tally) == [first, third]
    assert kinds_and_rungs(tally) == [(first, rungs[0]), (first, rungs[2]), (third, rungs[1])]


def test_a_campaign_without_a_rung_has_no_pair() -> None:
    """Rung -1 counts for its kind and for no pair."""
    tally = Tally(
        labelled(np.ones(1), np.ones(1, bool), campaign=np.array([0]), rung=np.array([-1]))
    )
    assert kinds(tally) == [tally.scored.kinds[0]]
    assert kinds_and_rungs(tally) == []


def test_macro_and_least_of_the_paper_world() -> None:
    """Recall 1 on one kind and 0 on the other: a half and nothing."""
    tally = paper()
    assert recall_macro(tally, tally.ones).tolist() == [0.5]
    assert recall_min(tally, tally.ones).tolist() == [0.0]


@pytest.mark.parametrize(
    ("weights", "recall", "mean", "least"),
    [([1, 1, 1], 2 / 3, 0.5, 0.0), ([2, 1, 0], 1.0, 1.0, 1.0), ([0, 0, 3], 0.0, 0.0, 0.0),
     ([1, 0, 2], 1 / 3, 0.5, 0.0), ([0, 0, 0], None, None, None)],
)  # fmt: skip
def test_draws_of_the_paper_world(
    weights: list[float], recall: float | None, mean: float | None, least: float | None
) -> None:
    """Weights count officers; a kind that is not drawn counts neither in mean nor in least."""
    tally, drawn = paper(), np.array([weights], float)
    found = [float(fn(tally, drawn)[0]) for fn in (campaign_recall, recall_macro, recall_min)]
    wanted = [math.nan if v is None else v for v in (recall, mean, least)]
    assert found == pytest.approx(wanted, nan_ok=True)


def test_queries_after_the_first_alert() -> None:
    """Alerts are read when their day ends: one query, then two, then none come after."""
    total, after = queries(paper())
    assert total.tolist() == [2, 3, 3]
    assert after.tolist() == [1, 1, 0]


def test_harm_and_leaks_of_the_paper_world() -> None:
    """Two of eight queries come after an alert; (1 + 2 + 3) / 3 leak."""
    tally = paper()
    assert harm_weighted_recall(tally, tally.ones).tolist() == [2 / 8]
    assert leaked_queries(tally, tally.ones).tolist() == [2.0]


def test_time_to_detect_of_the_paper_world() -> None:
    """Caught after 1 day and after 2, the third seen for 4 days and never caught."""
    tally = paper()
    campaign, days, detected, share = entries(tally)
    told = sorted(zip(campaign.tolist(), days.tolist(), detected.tolist(), strict=True))
    assert told == [(0, 1.0, True), (1, 2.0, True), (2, 4.0, False)]
    assert share.tolist() == [1.0, 1.0, 1.0]
    assert time_to_detect_median(tally, tally.ones).tolist() == [2.0]
    assert time_to_detect_q80(tally, tally.ones).tolist() == [math.inf]
    assert math.isnan(time_to_detect_rmst(tally, tally.ones)[0]), "nobody was seen for 30 days"


def test_what_compute_says_of_the_paper_world() -> None:
    """Values, units and reasons by name."""
    told = compute(paper())
    first = paper().scored.kinds[0]
    assert told["campaign_recall"].value == pytest.approx(2 / 3)
    assert (told["campaign_recall"].n, told[f"campaign_recall/{first}"].n) == (3, 2)
    q80 = told["time_to_detect_q80"]
    assert (q80.value, q80.low, q80.high) == (None, None, None)
    assert q80.reason == "fewer than 80 % of the campaigns were caught"
    assert told["time_to_detect_rmst_30d"].reason == "no campaign was observed for 30 days"
    assert told["campaign_recall"].note == "interval unreliable"


def test_tied_campaigns_share_their_first_alert() -> None:
    """Two equal campaigns for one place on one day: each is caught half of the time."""
    rows = labelled(np.ones(2), np.ones(2, bool), campaign=np.array([0, 1]))
    tally = Tally(rows, 1)
    _, days, detected, share = entries(tally)
    assert share.tolist() == pytest.approx(
        [tally.catches[2][0], tally.catches[2][1], 1 - tally.catches[2][0], 1 - tally.catches[2][1]]
    )
    assert detected.tolist() == [True, True, False, False]
    assert days.tolist() == [1.0] * 4
    assert tally.catches[2].sum() == pytest.approx(1), "in every order just one is read"


TIMES = st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=1, max_size=8)


@given(TIMES)
@settings(max_examples=30, deadline=None)
def test_without_censoring_the_curve_is_the_plain_share(rows: list[tuple[int, bool]]) -> None:
    """If all are detected, what is left at a time is the share detected later."""
    time = np.array([t for t, _ in rows], float)
    when, left = kaplan_meier(time, np.ones(len(time), bool), np.ones((1, len(time))))
    assert left[0].tolist() == pytest.approx([float((time > t).mean()) for t in when])


@given(TIMES)
@settings(max_examples=30, deadline=None)
def test_the_curve_is_the_product_over_times(rows: list[tuple[int, bool]]) -> None:
    """S(t) multiplies 1 - d/n over the times of detection up to t."""
    time = np.array([t for t, _ in rows], float)
    detected = np.array([d for _, d in rows])
    when, left = kaplan_meier(time, detected, np.ones((1, len(rows))))
    wanted, share = [1.0], 1.0
    for t in sorted(set(time[detected].tolist())):
        share *= 1 - (detected & (time == t)).sum() / (time >= t).sum()
        wanted.append(share)
    assert when.tolist() == [0.0, *sorted(set(time[detected].tolist()))]
    assert left[0].tolist() == pytest.approx(wanted)


@given(TIMES, st.integers(1, 8))
@settings(max_examples=30, deadline=None)
def test_the_restricted_mean_is_the_mean_of_capped_times(
    rows: list[tuple[int, bool]], horizon: int
) -> None:
    """Without censoring the area under the curve is the mean of min(time, horizon)."""
    time = np.array([t for t, _ in rows], float)
    when, left = kaplan_meier(time, np.ones(len(time), bool), np.ones((1, len(time))))
    area = restricted_mean(when, left, float(horizon))
    assert area.tolist() == pytest.approx([float(np.minimum(time, horizon).mean())])


@pytest.mark.parametrize(
    ("share", "day"),
    [(0.0, 0.0), (0.1, 1.0), (0.25, 1.0), (0.26, 3.0), (0.5, 3.0), (0.51, math.inf)],
)
def test_quantiles_of_four_campaigns(share: float, day: float) -> None:
    """One of four caught on day 1, one on day 3, two never: steps are reached, not interpolated."""
    when, left = kaplan_meier(
        np.array([1.0, 3.0, 9.0, 9.0]), np.array([1, 1, 0, 0], bool), np.ones((1, 4))
    )
    assert quantile_of(when, left, share).tolist() == [day]


def test_a_curve_of_nobody_is_undefined() -> None:
    """A draw of weight 0 has no curve, no quantile."""
    when, left = kaplan_meier(np.array([1.0, 2.0]), np.ones(2, bool), np.zeros((1, 2)))
    assert np.isnan(left).all()
    assert math.isnan(quantile_of(when, left, 0.5)[0])


@pytest.mark.parametrize(
    ("rows", "mean"),
    [([[0.2], [0.4]], 0.3), ([[math.nan], [0.4]], 0.4), ([[math.nan], [math.nan]], math.nan),
     ([[1.0]], 1.0)],
)  # fmt: skip
def test_macro_leaves_out_what_is_undefined(rows: list[list[float]], mean: float) -> None:
    """The mean over the known ones, undefined if there is none."""
    assert macro(np.array(rows)).tolist() == pytest.approx([mean], nan_ok=True)
