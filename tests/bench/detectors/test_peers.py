"""Who is a peer of whom, what is usual among peers, and how far a group is trusted."""

from __future__ import annotations

import numpy as np
import pytest
from tests.bench.literal import at, batch, context, log

from misusebench.detectors.peer_z import COMPARED, PeerZ, usual
from misusebench.detectors.shrinkage import shrunk
from misusebench.facts_of_people import Roster


def test_shrinkage_by_hand():
    """Means 1 and 9 of two members each, σ² = 2: MSB 64, τ² = (64 - 2) / 2 = 31, trust 31 / 32."""
    member = np.array([[0.0], [2.0], [8.0], [10.0]])
    found = shrunk(member, np.array([0, 0, 2, 2]), 3).ravel()
    assert found == pytest.approx([5 - 4 * 31 / 32, 5, 5 + 4 * 31 / 32, 5])


def test_a_group_of_one_is_trusted_less_than_one_of_many():
    """The same distance from the rest: many members keep more of it than one."""
    chance = np.random.default_rng(1)
    member = np.concatenate([chance.normal(m, 1, n) for m, n in ((0, 30), (2, 30), (2, 1))])
    member[60] = member[30:60].mean()
    found = shrunk(member[:, None], np.repeat([0, 1, 2], [30, 30, 1]), 3).ravel()
    assert found[0] < found[3] < found[2] < found[1]


def test_shrunk_means_are_nearer_the_truth_than_own_means():
    """Of forty groups of five drawn from one normal law (Efron and Morris)."""
    chance = np.random.default_rng(2)
    true, group = chance.normal(0, 0.5, 40), np.repeat(np.arange(40), 5)
    member = chance.normal(true[group], 1.5)
    own = np.bincount(group, member) / 5
    found = shrunk(member[:, None], group, 40).ravel()[:40]
    assert ((found - true) ** 2).sum() < 0.75 * ((own - true) ** 2).sum()


@pytest.mark.parametrize("group", [[], [0], [0, 0], [0, 1]])
def test_without_a_second_group_or_member_all_are_alike(group):
    """What cannot be told apart is not told apart; nobody at all gives noughts."""
    found = shrunk(np.arange(len(group), dtype=float)[:, None], np.array(group, np.int64), 2)
    assert found.ravel() == pytest.approx(np.full(3, np.mean(range(len(group))) if group else 0))


def test_officers_count_and_not_their_rows():
    """One busy officer at 9 and three quiet ones at 1 in each group: centre 3, whatever the rows.

    Who has fewer than five rows says nothing.
    """
    rows = [(9.0, 0, 500), (1.0, 1, 5), (1.0, 2, 5), (1.0, 3, 5), (100.0, 4, 4)]
    value = np.concatenate([np.full(n, v) for v, _, n in rows])[:, None]
    officer = np.concatenate([np.full(n, o) for _, o, n in rows])
    centre, spread = usual(value, np.zeros(len(value), np.int64), officer, 1)
    assert centre.ravel() == pytest.approx([3, 3])
    assert spread[0] == pytest.approx((6 * 2**3) ** 0.25 * 1.4826)


WATCH = {"valid_from": "2024-03-04 21:00", "valid_to": "2024-03-05 07:00"}


def test_the_shift_that_an_officer_was_on():
    """Both ends belong to it; of two that overlap the later; none for others, none between."""
    roster = Roster()
    late = {"valid_from": "2024-03-05 05:00", "valid_to": "2024-03-05 09:00"}
    roster.learn("roster/shifts", context(shifts=[WATCH, late])["roster/shifts"])
    o1, o2 = roster.officers.code("o1"), roster.officers.code("o2")
    times = ["2024-03-04 20:59", "2024-03-04 21:00", "2024-03-05 06:00", "2024-03-05 09:01"]
    time = np.array([at(text) for text in times])
    start = roster.shift_start_us(np.full(4, o1), time).tolist()
    assert start == [-1, at("2024-03-04 21:00"), at("2024-03-05 05:00"), -1]
    assert roster.shift_start_us(np.full(4, o2), time).tolist() == [-1] * 4
    assert len(roster.shift_start_us(np.empty(0, np.int64), np.empty(0, np.int64))) == 0


@pytest.mark.parametrize(
    ("time", "watch"),
    [
        ("2024-03-04 21:30", 2), ("2024-03-05 06:30", 2), ("2024-03-05 07:30", 0),
        ("2024-03-05 13:59", 0), ("2024-03-05 14:00", 1), ("2024-03-05 22:00", 2),
    ],
)  # fmt: skip
def test_the_watch_is_the_shift_s_and_else_the_hour_s(time, watch):
    """A night shift from 21 to 7 is the night watch to its end; off shift the hour says it."""
    made = PeerZ()
    for name, rows in context(shifts=[WATCH], officers=[{}]).items():
        made.observe(name, rows)
    assert made._group(batch({"time": time})).tolist() == [watch]
    assert made._group(batch({"time": time, "officer_id": "stranger"})).tolist() == [-1]


def test_peers_without_a_roster_are_of_the_agency_in_the_same_hours():
    """At T0 agency and eight hours; a role plays no part."""
    made = PeerZ(tier="T0")
    rows = batch(
        {"time": "2024-03-04 07:00"}, {"time": "2024-03-04 07:00", "agency_id": "B"},
        {"time": "2024-03-04 23:00"},
    )  # fmt: skip
    assert made._group(rows).tolist() == [0, 3, 2]


def test_what_one_role_does_and_another_never_is_strange_there_only():
    """Desks print, streets do not: a print is a surprise from the street."""
    officers = [{"officer_id": f"{role}{n}", "role": role} for role in ("desk", "street")
                for n in range(10)]  # fmt: skip
    asked = [
        {"officer_id": one["officer_id"], "subject_key": 100 * n + k, "time": f"2024-03-0{k} 17:00",
         "action": "print" if one["role"] == "desk" else "view"}
        for k in range(1, 7) for n, one in enumerate(officers)
    ]  # fmt: skip
    made = PeerZ()
    made.fit(log(*asked), context(officers=officers))
    place = COMPARED.index("disclosed")
    group = made._group(batch({"officer_id": "desk1"}, {"officer_id": "street1"}))
    centre = made._centre[group, place]
    assert centre == pytest.approx([1, 0], abs=0.05)
    told = [{"officer_id": who, "action": "print", "subject_key": 7, "time": "2024-03-08 17:00"}
            for who in ("desk1", "street1")]  # fmt: skip
    desk, street = made.score(batch(*told))
    assert street > desk
    assert len(made.score(batch(*told).slice(0, 0))) == 0
