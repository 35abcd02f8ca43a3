"""Numbers of incidents and cases worked out by hand: slots, collisions, shapes and years."""

from __future__ import annotations

import datetime as dt
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.workload.office import scenario_of

from misusesim.clock import DAY_US, HOUR_US, LocalClock
from misusesim.scenario.model import AgencyGroup
from misusesim.workload.numbers import (
    _in_year,
    invented_number,
    number_digits,
    number_style,
    number_texts,
    opaque_id,
)
from misusesim.workload.slots import _one_by_one, _queued, settle
from misusesim.world.model import Agency

WORLD = scenario_of()
CLOCK = LocalClock(WORLD)
INCIDENT_SHAPE = re.compile(r"(\d\d-\d+|\d\d\d+|20\d\d-\d+)")
CASE_SHAPE = re.compile(r"[A-Z]{0,2}(20)?\d\d-?\d+")


def agency(index=0, accounts=60):
    return Agency(index, f"CA{index:07}", "Elm", AgencyGroup(name="g", type="police"), accounts)


def local(*parts):
    """Return a local time as UTC microseconds."""
    since = dt.datetime(*parts) - dt.datetime(1970, 1, 1)  # noqa: DTZ001 - local wall clock
    return int(CLOCK.utc(np.array([since // dt.timedelta(microseconds=1)]))[0])


def running(text, kind="incident", index=0):
    """Return the running number of a text."""
    return int(text[-number_style(WORLD, agency(index), kind)[3] :])


def numbers(serials, times, index=0):
    made = number_texts(WORLD, agency(index), "incident", np.array(serials), np.array(times))
    return made.tolist()


def settled_alone(slots, serials):
    """Settle slots of one agency."""
    slots = np.array(slots, np.int64)
    return settle(slots, np.array(serials, np.int64), np.zeros(len(slots), np.int64))


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=30),
    st.randoms(use_true_random=False),
)
def test_agencies_settle_as_if_alone(rows, chance):
    """Slots of neighbours never push each other, in whatever order rows come."""
    place, slots = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    serials = np.array(chance.sample(range(100), len(rows)))
    together = settle(slots, serials, place)
    for own in set(place.tolist()):
        mine = place == own
        assert together[mine].tolist() == settled_alone(slots[mine], serials[mine]).tolist()


@pytest.mark.parametrize(
    ("slots", "serials", "settled"),
    [
        ([], [], []),
        ([5], [1], [5]),
        ([5, 5], [1, 2], [5, 6]),
        ([5, 5], [2, 1], [6, 5]),
        ([5, 5, 5], [3, 1, 2], [7, 5, 6]),
        ([5, 5, 6], [1, 2, 0], [5, 7, 6]),
        ([4, 9, 4], [1, 1, 2], [4, 9, 5]),
        ([1, 1, 2, 2], [1, 3, 2, 4], [1, 3, 2, 4]),
    ],
)
def test_settling_by_hand(slots, serials, settled):
    """The lowest serial keeps its slot; another moves to the next that is free."""
    assert settled_alone(slots, serials).tolist() == settled


@settings(max_examples=40)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=25), st.randoms(use_true_random=False))
def test_settled_slots_differ(slots, chance):
    """Slots come out different and none moves back."""
    serials = chance.sample(range(100), len(slots))
    out = settled_alone(slots, serials)
    assert len(set(out.tolist())) == len(slots)
    assert (out >= np.array(slots)).all()


@given(st.lists(st.integers(0, 12), min_size=2, max_size=25))
def test_later_serials_move_no_earlier_one(slots):
    """Whatever higher serials are added, the lower ones keep their slots."""
    serials = np.arange(len(slots))
    whole = settled_alone(slots, serials)
    half = len(slots) // 2
    assert settled_alone(slots[:half], serials[:half]).tolist() == whole[:half].tolist()


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=40).map(sorted),
    st.randoms(use_true_random=False),
    st.booleans(),
)
def test_queues_settle_as_one_by_one(slots, chance, in_turn):
    """The short cut for those who wait in order of their turns gives the same slots."""
    turns = list(range(len(slots))) if in_turn else chance.sample(range(100), len(slots))
    slots, turns = zip(*sorted(zip(slots, turns, strict=True)), strict=True)
    slots, turns = np.array(slots), np.array(turns)
    assert _queued(slots, turns).tolist() == _one_by_one(slots, turns).tolist()


def test_wanted_numbers_are_those_of_all():
    """Others that are not asked for still take their slots."""
    serials, opened = np.arange(6), np.repeat([local(2025, 3, 1, 12), local(2025, 3, 2)], 3)
    asked = (WORLD, [agency()], "incident", np.zeros(6, np.int64), serials, opened)
    some = np.array([1, 2, 5])
    assert number_digits(*asked, some).tolist() == number_digits(*asked)[some].tolist()


def test_years_change_at_midnight():
    """A time belongs to the year whose first moment is the last one not after it."""
    times = ["2024-12-31T23:59:59.999999", "2025-01-01", "2025-01-01T00:00:01", "1969-12-31"]
    year, passed = _in_year(np.array(times, "M8[us]").astype(np.int64))
    assert (1970 + year).tolist() == [2024, 2025, 2025, 1969]
    assert passed.tolist() == [366 * DAY_US - 1, 0, 1_000_000, 364 * DAY_US]


def test_settling_leaves_its_argument_alone():
    """The slots given are not changed."""
    slots = np.array([3, 3])
    settle(slots, np.array([0, 1]), np.zeros(2, np.int64))
    assert slots.tolist() == [3, 3]


@pytest.mark.parametrize(
    ("kind", "accounts", "slots", "width"),
    [
        ("incident", 1, 100_000, 5),
        ("incident", 5, 100_000, 5),
        ("incident", 6, 120_000, 6),
        ("incident", 60, 1_200_000, 7),
        ("case", 1, 1_001, 4),
        ("case", 6, 1_200, 4),
        ("case", 60, 12_000, 5),
    ],
)
def test_slots_and_digits(kind, accounts, slots, width):
    """Slots grow with the accounts from a least number; digits are those of the last slot."""
    assert number_style(WORLD, agency(accounts=accounts), kind)[2:] == (slots, width)


@pytest.mark.parametrize("accounts", [1, 3, 5, 6, 50, 60, 500, 9000])
def test_the_two_widths_differ(accounts):
    """The digits of incidents and cases of one agency are never equally many."""
    place = agency(accounts=accounts)
    assert number_style(WORLD, place, "incident")[3] != number_style(WORLD, place, "case")[3]


@pytest.mark.parametrize("kind", ["incident", "case"])
def test_prefixes_are_one_or_two_letters(kind):
    """Both lengths of prefix occur over agencies, in capitals."""
    letters = [number_style(WORLD, agency(i), kind)[1] for i in range(60)]
    assert {len(text) for text in letters} == {1, 2}
    assert all(re.fullmatch("[A-Z]{1,2}", text) for text in letters)


def test_numbers_begin_anew_with_the_local_year():
    """The first second of the year has number 0, the last of the year before a high one."""
    eve, new = numbers([0, 1], [local(2023, 12, 31, 23, 59, 59), local(2024, 1, 1)])
    assert running(new) == 0
    assert running(eve) > 365 / 366 * 0.999 * number_style(WORLD, agency(), "incident")[2]


@pytest.mark.parametrize(
    ("day", "share"),
    [((2024, 1, 1, 12), 0.5 / 366), ((2024, 7, 2), 183 / 366), ((2024, 4, 1), 91 / 366)],
)
def test_the_running_number_is_the_part_of_the_year(day, share):
    """On 2 July of a leap year, by the local clock, half of the slots have passed."""
    slots = number_style(WORLD, agency(), "incident")[2]
    (text,) = numbers([0], [local(*day)])
    assert running(text) == pytest.approx(share * slots, rel=0.001)


def test_two_in_one_moment_have_successive_numbers():
    """Two incidents of one moment get numbers next to each other, the lower serial first."""
    now = local(2024, 3, 4, 9)
    first, second = numbers([8, 7], [now, now])
    assert running(first) == running(second) + 1


@pytest.mark.parametrize("index", range(12))
def test_shapes_of_agencies(index):
    """Every agency's numbers have one of the documented shapes."""
    place, when = agency(index), np.array([local(2024, 3, 4, 9)])
    serial = np.zeros(1, np.int64)
    assert INCIDENT_SHAPE.fullmatch(number_texts(WORLD, place, "incident", serial, when)[0])
    assert CASE_SHAPE.fullmatch(number_texts(WORLD, place, "case", serial, when)[0])


def test_an_invented_number_is_of_the_week_before():
    """Over many tokens they spread over the week that honest work still cites, and no further."""
    before = local(2024, 12, 1)
    slots = number_style(WORLD, agency(), "case")[2]
    days = [
        running(invented_number(WORLD, agency(), "case", f"c-{i}", before), "case") / slots * 366
        for i in range(60)
    ]
    assert 335 - 8 <= min(days) < 330
    assert 333 < max(days) <= 336


@pytest.mark.parametrize("kind", ["incident", "case"])
def test_invented_numbers_look_like_real_ones(kind):
    """An invented number is as long as a real one of its kind."""
    when = local(2024, 12, 1)
    opened = np.array([when - HOUR_US])
    text = number_texts(WORLD, agency(), kind, np.zeros(1, np.int64), opened)[0]
    assert len(invented_number(WORLD, agency(), kind, "token", when)) == len(text)


def test_ids_are_sixteen_hex_digits():
    """Ids are 16 hexadecimal digits in lower case."""
    ids = opaque_id(WORLD, "incident", agency(), np.array([0, 1, 2**48 - 1]))
    assert all(re.fullmatch("[0-9a-f]{16}", text) for text in ids)


@pytest.mark.parametrize(("kind", "index", "seed"), [("case", 0, 5), ("incident", 1, 5)])
def test_ids_differ_by_kind_and_agency(kind, index, seed):
    """The same serial has another id as another kind or at another agency."""
    plain = opaque_id(WORLD, "incident", agency(), np.arange(50))
    other = opaque_id(scenario_of(seed=seed), kind, agency(index), np.arange(50))
    assert not {*plain} & {*other}


def test_ids_follow_the_seed():
    """Another seed gives other ids."""
    plain, other = (
        opaque_id(scenario_of(seed=s), "incident", agency(), np.arange(50)) for s in (5, 6)
    )
    assert not {*plain} & {*other}


@given(st.lists(st.integers(0, 2**48 - 1), min_size=1, max_size=20, unique=True))
def test_ids_are_a_permutation(serials):
    """Different serials have different ids, each the same whoever is asked for with it."""
    ids = opaque_id(WORLD, "campaign", agency(), np.array(serials)).tolist()
    assert len(set(ids)) == len(serials)
    assert opaque_id(WORLD, "campaign", agency(), np.array(serials[:1])).tolist() == ids[:1]


@given(st.lists(st.integers(0, 20 * DAY_US), min_size=2, max_size=20, unique=True))
def test_numbers_rise_with_serials_that_do(gaps):
    """Incidents that are numbered in order of time have ascending numbers."""
    times = np.sort(np.array(gaps)) + CLOCK.horizon[0]
    texts = numbers(np.arange(len(gaps)), times)
    assert texts == sorted(texts)
    assert len(set(texts)) == len(gaps)
