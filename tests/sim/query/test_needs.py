"""Needs: their numbers, times, terminals, suspensions and order, on occasions made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sim import synthetic_plan

from misusesim import rng
from misusesim.clock import DAY_US, HOUR_US, LocalClock
from misusesim.dataset.schema import TERMINAL_KINDS
from misusesim.errors import SimulatorError
from misusesim.occasions import MISUSE, ODDITY, TEMPLATE, WORK, Occasions
from misusesim.ordering import by_time
from misusesim.plan import Suspensions
from misusesim.query.needs import COPY, expand_needs, occasion_needs, terminals
from misusesim.scenario.model import Noise

QUIET = Noise(skew_seconds=0, late_share=0, lost_share=0, duplicate_share=0)
WORLD = synthetic_plan.scenario(noise=QUIET)
PLAN = synthetic_plan.plan(WORLD, 50, misuse=0, odd=0)
HORIZON = LocalClock(WORLD).horizon
START = HORIZON[0]
PATROL, DETECTIVE, DISPATCHER = 5, 95, 110
SECOND = 1_000_000


def made(count=1, **columns):
    """Return occasions an hour apart."""
    plain = {
        "source": WORK, "serial": np.arange(count), "officer": PATROL,
        "start": START + np.arange(count) * HOUR_US, "template": TEMPLATE["traffic_stop"],
    }  # fmt: skip
    return Occasions.build(count, **{**plain, **columns})


def expanded(occasions, world=WORLD, plan=PLAN, horizon=HORIZON):
    """Return the needs of occasions and their count."""
    zero = np.zeros(len(occasions), np.int64)
    return expand_needs(
        world, plan, occasions, terminal=zero.astype(np.int32), week=zero, horizon=horizon
    )


def suspended(*rows):
    """Return the plan with these suspensions: officer, start, end."""
    officer, start, end = np.array(rows, np.int64).T
    return replace(PLAN, suspensions=Suspensions(officer.astype(np.int32), start, end))


@pytest.mark.parametrize(
    ("agency", "source", "serial", "number"),
    [
        (0, WORK, 0, 0),
        (0, WORK, 1, 256),
        (0, ODDITY, 0, 2**46),
        (0, MISUSE, 0, 2**47),
        (1, WORK, 0, 2**48),
        (3, MISUSE, 5, 3 * 2**48 + 2**47 + 5 * 256),
        (0, WORK, 2**38 - 1, 2**46 - 256),
        (65_535, MISUSE, 2**38 - 1, 65_535 * 2**48 + 2**47 + 2**46 - 256),
    ],
)
def test_numbers_of_needs_by_hand(agency, source, serial, number):
    """16 bits of agency, 2 of source, 38 of serial, 8 left for the query."""
    assert int(occasion_needs(agency, made(source=source, serial=serial))[0]) == number


@pytest.mark.parametrize("serial", [-1, 2**38, 2**40])
def test_serials_that_do_not_fit_are_refused(serial):
    """A serial out of its 38 bits would be somebody else's need."""
    with pytest.raises(SimulatorError, match=r"serials of occasions must be in 0 \.\. 2\*\*38 - 1"):
        occasion_needs(0, made(3, serial=[0, serial, 1]))


def test_no_occasions_have_no_needs():
    """Nothing to expand is not an error."""
    needs, count = expanded(made(0))
    assert len(needs) == 0
    assert (count.generated, count.lost, count.copies, count.late) == (0, 0, 0, 0)


@given(
    agency=st.integers(0, 65_535), source=st.sampled_from([WORK, ODDITY, MISUSE]),
    serial=st.integers(0, 2**38 - 1),
)  # fmt: skip
def test_a_need_can_be_taken_apart(agency, source, serial):
    """Agency, source and serial are read back from the number."""
    number = int(occasion_needs(agency, made(source=source, serial=serial))[0])
    assert (number >> 48, number >> 46 & 3, number >> 8 & 2**38 - 1) == (agency, source, serial)
    assert number & 255 == 0


def test_an_occasion_has_as_many_rows_as_it_says():
    """Without noise each query is a row, numbered from 0."""
    needs, count = expanded(made(3, n=[2, 1, 4]))
    assert needs.occasion.tolist() == [0, 0, 1, 2, 2, 2, 2]
    assert needs.nth.tolist() == [0, 1, 0, 0, 1, 2, 3]
    assert count.generated == 7


def test_the_lowest_byte_of_a_need_is_the_number_of_the_query():
    """Rows of one occasion differ in nothing but their place in it."""
    needs, _ = expanded(made(1, n=5, serial=9))
    assert (needs.need - (9 << 8)).tolist() == [0, 1, 2, 3, 4]


def test_the_first_query_is_when_the_occasion_starts():
    """Gaps come after the first query only."""
    occasions = made(20, n=3)
    needs, _ = expanded(occasions)
    assert needs.time[needs.nth == 0].tolist() == occasions.start.tolist()


def test_gaps_are_at_least_a_fifth_of_their_mean():
    """Nobody types faster than that."""
    needs, _ = expanded(made(40, n=10, gap_s=30))
    gap = np.diff(needs.time)[np.diff(needs.occasion) == 0]
    assert len(gap) == 360
    assert gap.min() >= 6 * SECOND - 1000
    assert gap.mean() == pytest.approx(30 * SECOND, rel=0.15)


def test_a_gap_of_nothing_puts_all_queries_at_once():
    """A machine may send everything in the same millisecond."""
    needs, _ = expanded(made(1, n=6, gap_s=0))
    assert needs.time.tolist() == [START] * 6


def test_times_are_whole_milliseconds():
    """Both times of a row are cut to milliseconds, whatever the start was."""
    needs, _ = expanded(made(5, n=4, start=START + 123_456 + np.arange(5) * HOUR_US))
    assert not (needs.time % 1000).any()
    assert not (needs.received % 1000).any()


def test_rows_arrive_after_they_were_sent():
    """Without lateness the way takes 40 to 400 ms."""
    needs, count = expanded(made(200, n=2))
    way = needs.received - needs.time
    assert way.min() >= 40_000
    assert way.max() <= 400_000
    assert count.late == 0


def test_a_row_is_in_the_log_if_its_time_is_in_the_horizon():
    """The first microsecond belongs to the log, the end does not."""
    times = [HORIZON[0] - 1000, HORIZON[0], HORIZON[1] - 1000, HORIZON[1]]
    needs, count = expanded(made(4, start=times))
    assert needs.occasion.tolist() == [1, 2]
    assert count.generated == 2


def test_an_occasion_is_cut_where_the_horizon_ends():
    """The queries before the end are kept, those after it are not."""
    needs, _ = expanded(made(1, n=50, gap_s=60, start=HORIZON[1] - 600 * SECOND))
    assert 0 < len(needs) < 50
    assert needs.nth.tolist() == list(range(len(needs)))


def test_everything_lost_leaves_an_empty_log_that_is_accounted_for():
    """Rows that are lost are counted, and have no second entry."""
    world = synthetic_plan.scenario(noise=Noise(lost_share=1.0, duplicate_share=1.0))
    needs, count = expanded(made(10, n=2), world)
    assert (len(needs), count.generated, count.lost, count.copies) == (0, 20, 20, 0)


def test_everything_entered_twice_doubles_the_log():
    """Second entries share the need and the time of the first and come later."""
    noise = QUIET.model_copy(update={"duplicate_share": 1.0})
    needs, count = expanded(made(10, n=2), synthetic_plan.scenario(noise=noise))
    assert (len(needs), count.generated, count.copies) == (40, 20, 20)
    copied = needs.original != needs.query_id
    assert int(copied.sum()) == 20
    assert set(needs.original[copied].tolist()) == set(needs.query_id[~copied].tolist())
    first = dict(zip(needs.need[~copied].tolist(), needs.received[~copied].tolist(), strict=True))
    for need, received in zip(needs.need[copied], needs.received[copied], strict=True):
        assert 0 < received - first[int(need)] <= 5 * SECOND


@pytest.mark.parametrize(("queries", "copies"), [(COPY, 128), (COPY + 1, 0)])
def test_second_entries_need_a_free_bit(queries, copies):
    """An occasion of more than 128 queries uses the bit itself and is never entered twice."""
    noise = QUIET.model_copy(update={"duplicate_share": 1.0})
    needs, count = expanded(made(1, n=queries, gap_s=1), synthetic_plan.scenario(noise=noise))
    assert count.copies == copies
    assert len(np.unique(needs.query_id)) == len(needs) == queries + copies


def test_the_need_is_found_again_from_the_query_id():
    """Who has the seed can undo the permutation and read agency, source, serial and place."""
    needs, _ = expanded(made(4, n=3, source=ODDITY))
    back = rng.unfeistel(needs.query_id, rng.salt(WORLD.seed, "query_id"), 32)
    assert (back == needs.need).all()


@pytest.mark.parametrize(
    ("officer", "begin", "end", "left"),
    [
        (PATROL, 0, 10, []),
        (PATROL, 2, 4, [0, 1, 4, 5]),
        (PATROL, 3, 3, [0, 1, 2, 3, 4, 5]),
        (PATROL + 1, 0, 10, [0, 1, 2, 3, 4, 5]),
        (PATROL, 5, 100, [0, 1, 2, 3, 4]),
    ],
)
def test_who_is_suspended_makes_no_rows_meanwhile(officer, begin, end, left):
    """A suspension holds from its start, and its end is the first moment back at work."""
    plan = suspended((officer, START + begin * HOUR_US, START + end * HOUR_US))
    needs, count = expanded(made(6), plan=plan)
    assert needs.occasion.tolist() == left
    assert count.generated == len(left)


def test_two_suspensions_of_one_officer_add_up():
    """Each of them holds, and so does that of a colleague."""
    plan = suspended(
        (PATROL, START, START + HOUR_US), (PATROL, START + 4 * HOUR_US, START + 5 * HOUR_US),
        (DETECTIVE, START + 2 * HOUR_US, START + 3 * HOUR_US),
    )  # fmt: skip
    officer = np.where(np.arange(6) == 2, DETECTIVE, PATROL)
    assert expanded(made(6, officer=officer), plan=plan)[0].occasion.tolist() == [1, 3, 5]


@pytest.mark.parametrize(
    ("officer", "template", "kinds"),
    [
        (PATROL, "traffic_stop", {"car", "mobile", "desk"}),
        (PATROL, "alpr_search", {"car", "mobile", "desk"}),
        (PATROL, "case_session", {"car", "mobile", "desk"}),
        (PATROL, "name_check", {"car", "mobile", "desk"}),
        (DETECTIVE, "plate_check", {"desk"}), (DETECTIVE, "case_session", {"desk"}),
        (DISPATCHER, "call_dispatch", {"desk"}), (DISPATCHER, "traffic_stop", {"desk"}),
    ],
)  # fmt: skip
def test_terminals_by_role_and_work(officer, template, kinds):
    """Patrols use cars, handhelds and seldom a desk, whatever they ask; everybody else a desk."""
    occasions = made(400, officer=officer, template=TEMPLATE[template])
    chosen = terminals(WORLD, PLAN, occasions)
    assert {TERMINAL_KINDS[k] for k in PLAN.terminals.kind[chosen]} == kinds


@pytest.mark.parametrize("template", ["traffic_stop", "name_check", "case_session"])
def test_the_terminal_of_a_patrol_does_not_tell_the_template(template):
    """One in twenty from the station, six in a hundred of the others from the own handheld."""
    chosen = terminals(WORLD, PLAN, made(20_000, officer=PATROL, template=TEMPLATE[template]))
    kind = PLAN.terminals.kind[chosen]
    desk, mobile = (kind == TERMINAL_KINDS.index(name) for name in ("desk", "mobile"))
    assert desk.mean() == pytest.approx(0.05, abs=0.006)
    assert mobile[~desk].mean() == pytest.approx(0.06, abs=0.007)
    assert [len(set(chosen[of].tolist())) for of in (desk, mobile, ~desk & ~mobile)] == [1, 1, 1]


@given(
    times=st.lists(st.integers(0, 50), min_size=0, max_size=60),
    ties=st.randoms(use_true_random=False),
)
def test_order_by_time_then_tie(times, ties):
    """Packed keys give the order of a plain sort, however many times are equal."""
    time = np.array(times, np.int64) * 1000 + START
    tie = np.array([ties.getrandbits(64) for _ in times], np.uint64)
    wanted = sorted(range(len(times)), key=lambda i: (times[i], int(tie[i])))
    assert by_time(time, tie).tolist() == wanted


def test_ties_that_differ_in_their_last_bit_are_told_apart():
    """Where the packed key has no room for the whole tie, equal heads are mended."""
    tie = np.array([3, 2, 1, 0], np.uint64) + np.uint64(2**63)
    assert by_time(np.full(4, START), tie).tolist() == [3, 2, 1, 0]
    far = np.array([START, START, START + 2**39 * 1000])
    assert by_time(far, tie[:3]).tolist() == [1, 0, 2]


def test_times_of_more_than_a_lifetime_are_sorted_the_slow_way():
    """What does not fit one key is sorted all the same."""
    time = np.array([2**41, 0, 2**41, 5]) * 1000
    assert by_time(time, np.array([9, 1, 4, 1], np.uint64)).tolist() == [1, 3, 2, 0]


def test_rows_of_two_occasions_are_interleaved():
    """The log is in the order of time, not of occasions."""
    needs, _ = expanded(made(2, n=20, gap_s=60, start=[START, START + 5 * SECOND]))
    assert (np.diff(needs.time) >= 0).all()
    assert int((np.diff(needs.occasion) != 0).sum()) > 1
    assert needs.time[-1] - START < DAY_US
