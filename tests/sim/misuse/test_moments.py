"""When a wish is acted on: hand-made shifts."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from misusesim.clock import HOUR_US, MINUTE_US, NEVER, WEEK_US
from misusesim.misuse.moments import in_shifts, moment, on_duty_share, own_shifts

HOUR = HOUR_US


def scene(left=NEVER):
    """Return an officer with shifts at hours 10-20 and 34-44; known from hour 0 to 100."""
    shifts = SimpleNamespace(
        officer=np.array([1, 0, 1]), start=np.array([10, 12, 34]) * HOUR,
        end=np.array([20, 22, 44]) * HOUR,
    )  # fmt: skip
    people = SimpleNamespace(left=np.array([NEVER, left]))
    return SimpleNamespace(
        shifts=shifts, officers=people, known_from=0, known_until=100 * HOUR,
        scenario=SimpleNamespace(level="medium"), clock=Weeks(),
    )  # fmt: skip


class Weeks:
    """Weeks from time 0 on."""

    def week_of(self, time):
        """Return the week of each time."""
        return time // WEEK_US

    def week_bounds(self, week):
        """Return begin and end."""
        return week * WEEK_US, (week + 1) * WEEK_US


MINE = np.array([0, 2])


def test_own_shifts_are_the_officer_s():
    """Rows of the officer, by start."""
    assert own_shifts(scene(), 1).tolist() == [0, 2]


def test_a_wish_on_shift_is_acted_on_at_once():
    """Inside a shift, well before its end, nothing is waited for."""
    assert moment(scene(), MINE, 11 * HOUR, 0.0, 0.7) == 11 * HOUR


def test_a_wish_off_shift_waits_for_a_place_in_the_next_shift():
    """Half-way through hours 34 to 44, five minutes before the end apart."""
    assert moment(scene(), MINE, 25 * HOUR, 0.0, 0.5) == 39 * HOUR - 150_000_000


def test_a_wish_in_the_last_minutes_waits_for_the_next_shift():
    """Nobody begins five minutes before he goes."""
    assert moment(scene(), MINE, 20 * HOUR - 4 * MINUTE_US, 0.0, 0.0) == 34 * HOUR


def test_off_duty_is_within_three_hours_after_the_shift():
    """A step off duty comes after the end of the shift, not inside it."""
    assert moment(scene(), MINE, 11 * HOUR, on_duty_share(scene()), 0.0) == 20 * HOUR
    assert moment(scene(), MINE, 11 * HOUR, 0.99, 2 / 3) == 22 * HOUR


def test_before_the_record_the_wish_stands():
    """History has no shifts: wishes do not pile up in the first known shift."""
    assert moment(scene(), MINE, -5 * HOUR, 0.0, 0.5) == -5 * HOUR


@pytest.mark.parametrize(("wish", "time"), [(50, 100), (130, 130)])
def test_after_the_record_the_wish_stands(wish, time):
    """Beyond the last known shift the step counts, but never inside the record."""
    assert moment(scene(), MINE, wish * HOUR, 0.0, 0.5) == time * HOUR


def test_a_leaver_never_acts():
    """Who has left before any further shift is known gives up."""
    assert moment(scene(left=60 * HOUR), MINE, 50 * HOUR, 0.0, 0.5) is None


def test_without_shifts_nothing_happens():
    """An officer without any shift on record has no moment on record."""
    assert moment(scene(), np.array([], np.int64), 50 * HOUR, 0.0, 0.5) is None


@pytest.mark.parametrize(
    ("days", "time"),
    [
        (0, 10 * HOUR), (3.5, 34 * HOUR),
        (1.75, 15 * HOUR - 150 * 1_000_000), (5.25, 39 * HOUR - 150 * 1_000_000),
    ],
)  # fmt: skip
def test_what_is_wished_in_a_week_is_wished_at_work(days, time):
    """Half of the week is the first of two shifts, whatever the days between them."""
    assert in_shifts(scene(), MINE, int(days * 24) * HOUR) == time


def test_a_week_without_a_shift_leaves_a_wish_as_it_is():
    """Who is on leave wishes when he wishes."""
    assert in_shifts(scene(), MINE, WEEK_US + 5 * HOUR) == WEEK_US + 5 * HOUR


def test_days_off_do_not_pile_up_on_the_first_day_back():
    """Of a week's wishes as many are lived out in one of its shifts as in the other."""
    wishes = [in_shifts(scene(), MINE, hour * HOUR) for hour in range(168)]
    assert wishes == sorted(wishes)
    assert sum(wish < 20 * HOUR for wish in wishes) == 84


def test_times_are_whole_seconds():
    """A place in a shift is cut to seconds, as honest times are."""
    time = moment(scene(), MINE, 25 * HOUR, 0.0, 1 / 3)
    assert time % 1_000_000 == 0
