"""Reviews against a slow model that plays every order of ties on small queues."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusebench.metrics import Tally, labelled
from misusebench.metrics.alerts import PAUSE_DAYS, Alerts, officer_days, review

DAY_US = 86_400_000_000
Row = tuple[int, int, int]  # (day, officer, score)


def queue(rows: list[Row]) -> Alerts:
    """Return alerts in order of (day, officer), without evidence."""
    rows = sorted(rows)
    day, officer, score = (np.array([row[i] for row in rows]) for i in range(3))
    none = np.zeros(0, np.int64)
    return Alerts(
        officer.astype(np.int32), day.astype(np.int32), score.astype(float),
        np.zeros(len(rows), np.int8), none, none,
    )  # fmt: skip


def played(rows: list[Row], budget: int, pause: int) -> list[frozenset[int]]:
    """Return what is read (places in the sorted rows) in every order of each day's alerts."""
    rows = sorted(rows)
    days = sorted({day for day, _, _ in rows})
    own = {day: [i for i, row in enumerate(rows) if row[0] == day] for day in days}
    found = []
    for chosen in product(*(list(permutations(own[day])) for day in days)):
        again: dict[int, int] = {}
        read: set[int] = set()
        for day, order in zip(days, chosen, strict=True):
            open_ = [i for i in order if again.get(rows[i][1], day) <= day]
            top = sorted(open_, key=lambda i: -rows[i][2])[:budget]
            for i in top:
                again[rows[i][1]] = day + pause
            read.update(top)
        found.append(frozenset(read))
    return found


def chances(outcomes: list[frozenset[int]], size: int) -> list[Fraction]:
    """Return the share of outcomes in which each alert is read."""
    return [Fraction(sum(i in read for read in outcomes), len(outcomes)) for i in range(size)]


SMALL = st.dictionaries(
    st.tuples(st.integers(0, 2), st.integers(0, 3)), st.integers(1, 2), min_size=1, max_size=9
).filter(lambda d: max([sum(k[0] == day for k in d) for day in range(3)]) <= 4)


@given(SMALL, st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_without_a_pause_the_chance_is_exact(
    cells: dict[tuple[int, int], int], budget: int
) -> None:
    """No pause, so no tie touches another day: chances equal the enumeration to the last digit."""
    rows = [(day, officer, score) for (day, officer), score in cells.items()]
    found = review(queue(rows), budget, pause_days=0)
    assert found.ties is not None
    wanted = chances(played(rows, budget, 0), len(rows))
    assert found.chance.tolist() == pytest.approx([float(c) for c in wanted])


@given(SMALL, st.integers(1, 2), st.integers(2, 4))
@settings(max_examples=15, deadline=None)
def test_with_a_pause_the_chance_is_the_enumerated_one(
    cells: dict[tuple[int, int], int], budget: int, pause: int
) -> None:
    """Whether exact or averaged over 1,500 orders, chances lie by those of all orders."""
    rows = [(day, officer, score) for (day, officer), score in cells.items()]
    found = review(queue(rows), budget, pause_days=pause, orders=1500)
    wanted = [float(c) for c in chances(played(rows, budget, pause), len(rows))]
    within = 0.07 if found.ties is None else 1e-12
    assert found.chance.tolist() == pytest.approx(wanted, abs=within)


@given(SMALL, st.integers(1, 3), st.lists(st.integers(0, 2), min_size=12, max_size=12))
@settings(max_examples=30, deadline=None)
def test_any_of_is_the_share_of_orders_that_read_one(
    cells: dict[tuple[int, int], int], budget: int, owner: list[int]
) -> None:
    """The chance that one of a thing's alerts is read equals that of the enumeration."""
    rows = sorted((day, officer, score) for (day, officer), score in cells.items())
    found = review(queue(rows), budget, pause_days=0)
    outcomes = played(rows, budget, 0)
    of = np.array(owner[: len(rows)])
    got = found.any_of(np.arange(len(rows)), of, 3)
    for thing in range(3):
        mine = set(np.flatnonzero(of == thing).tolist())
        share = sum(bool(read & mine) for read in outcomes) / len(outcomes)
        assert got[thing] == pytest.approx(share)


@given(SMALL, st.integers(1, 3), st.integers(0, 4))
@settings(max_examples=40, deadline=None)
def test_every_order_fills_the_budget(
    cells: dict[tuple[int, int], int], budget: int, pause: int
) -> None:
    """Listed orders are as long as those of the model: the budget is used up or the list is."""
    rows = [(day, officer, score) for (day, officer), score in cells.items()]
    found = review(queue(rows), budget, pause_days=pause, orders=20)
    possible = set(played(rows, budget, pause))
    for order in range(found.orders):
        assert frozenset(found.alert[found.order == order].tolist()) in possible


# rows as (day, officer, score); wanted: chance of each, in order of (day, officer)
WORKED = [
    pytest.param([(0, 0, 3), (0, 1, 2), (0, 2, 1)], 2, 0, [1, 1, 0], id="distinct-scores"),
    pytest.param([(0, 0, 1), (0, 1, 1)], 1, 0, [0.5, 0.5], id="two-for-one"),
    pytest.param([(0, 0, 1), (0, 1, 1)], 2, 0, [1, 1], id="two-for-two"),
    pytest.param([(0, 0, 2), (0, 1, 1), (0, 2, 1), (0, 3, 1)], 2, 0,
                 [1, 1 / 3, 1 / 3, 1 / 3], id="one-sure-three-for-one"),
    pytest.param([(0, 0, 2), (1, 0, 2), (1, 1, 1)], 1, 14, [1, 0, 1], id="paused-gives-way"),
    pytest.param([(0, 0, 2), (1, 0, 2), (1, 1, 1)], 1, 1, [1, 1, 0], id="pause-of-one-is-none"),
    pytest.param([(0, 0, 2), (1, 0, 2), (1, 1, 1)], 1, 0, [1, 1, 0], id="pause-of-none"),
    pytest.param([(0, 0, 2), (14, 0, 2), (14, 1, 1)], 1, 14, [1, 1, 0], id="listed-on-day-14"),
    pytest.param([(0, 0, 2), (13, 0, 2), (13, 1, 1)], 1, 14, [1, 0, 1], id="not-on-day-13"),
    pytest.param([(-3, 0, 1), (5, 0, 1)], 1, 7, [1, 1], id="days-before-the-epoch"),
    pytest.param([(0, 0, 1), (0, 1, 1), (14, 0, 1)], 1, 14, [0.5, 0.5, 1], id="tie-ends-in-time"),
    pytest.param([(0, 0, -1), (0, 1, -2)], 1, 0, [1, 0], id="scores-below-zero"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "budget", "pause", "wanted"), WORKED)
def test_worked_queues(rows: list[Row], budget: int, pause: int, wanted: list[float]) -> None:
    """Queues worked out by hand."""
    found = review(queue(rows), budget, pause_days=pause)
    assert found.chance.tolist() == pytest.approx(wanted)
    assert found.ties is not None


@pytest.mark.parametrize("after", [1, 7, 13])
def test_a_tie_within_the_pause_depends(after: int) -> None:
    """Who of two equals is read decides who is listed within the pause: orders are averaged."""
    found = review(queue([(0, 0, 1), (0, 1, 1), (after, 0, 1)]), 1, pause_days=PAUSE_DAYS)
    assert found.ties is None
    assert found.orders == 200
    assert found.chance[0] + found.chance[1] == pytest.approx(1)
    assert found.chance[2] == pytest.approx(found.chance[1]), "read just when the other was before"


def test_a_later_day_reads_a_paused_officers_rival() -> None:
    """A pause of an officer with the highest scores lets two others through in turn."""
    rows = [(day, officer, 9 - officer) for day in range(3) for officer in range(3)]
    found = review(queue(rows), 1)
    assert np.flatnonzero(found.chance).tolist() == [0, 4, 8]


@pytest.mark.parametrize("budget", [0, -1, -10])
def test_a_budget_below_one_is_named(budget: int) -> None:
    """The message says which budget was given."""
    with pytest.raises(ValueError, match=f"a review budget must be at least 1, got {budget}"):
        review(queue([(0, 0, 1)]), budget)


def test_a_budget_that_reads_all_leaves_nothing_to_chance() -> None:
    """As many places as alerts: all are read for certain in one order, ties or not."""
    found = review(queue([(0, i, 1) for i in range(7)]), 7)
    assert found.chance.tolist() == [1.0] * 7
    assert (found.orders, found.ties, found.order.tolist()) == (1, (), [0] * 7)


@given(st.integers(2, 12), st.data())
@settings(max_examples=30, deadline=None)
def test_expected_alerts_read_are_the_budget(tied: int, data: st.DataObject) -> None:
    """Chances of one day of equals sum to the budget."""
    budget = data.draw(st.integers(1, tied))
    found = review(queue([(0, i, 5) for i in range(tied)]), budget)
    assert found.chance.sum() == pytest.approx(budget)


def test_an_alert_is_read_at_the_end_of_its_day() -> None:
    """What is seen on day 3 can be read when day 4 begins."""
    found = officer_days(labelled(np.zeros(1), np.zeros(1, bool), day=np.array([3])))
    assert found.read_us.tolist() == [4 * DAY_US]
    assert len(found) == 1


def test_pairs_are_distinct_and_leave_out_none() -> None:
    """Three evidence rows of one campaign and one of none make one pair."""
    rows = labelled(
        np.array([4.0, 3.0, 2.0, 1.0]), np.array([1, 1, 1, 0], bool), officer=np.zeros(4, int),
        campaign=np.array([0, 0, 0, -1]),
    )  # fmt: skip
    alert, campaign = officer_days(rows).pairs(rows.campaign)
    assert (alert.tolist(), campaign.tolist()) == ([0], [0])


@pytest.mark.parametrize(("evidence", "shown"), [(1, [0]), (2, [0, 1]), (5, [0, 1, 2])])
def test_evidence_may_be_shorter(evidence: int, shown: list[int]) -> None:
    """The first rows by score are shown, no more than there are."""
    rows = labelled(np.array([3.0, 2.0, 1.0]), np.zeros(3, bool), officer=np.zeros(3, int))
    assert officer_days(rows, evidence).evidence_row.tolist() == shown


def test_the_tally_reviews_with_its_own_pause() -> None:
    """A tally of no pause reads the same officer each day, one of 14 days only once."""
    rows = labelled(
        np.array([2.0, 1.0, 2.0, 1.0]), np.zeros(4, bool), officer=np.array([0, 1, 0, 1]),
        day=np.array([0, 0, 1, 1]),
    )  # fmt: skip
    assert Tally(rows, 1, pause_days=0).reviews.chance.tolist() == [1, 0, 1, 0]
    assert Tally(rows, 1).reviews.chance.tolist() == [1, 0, 0, 1]
