"""Case load against a process per case that asks for its investigator's desk."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from misusesim.clock import NEVER
from misusesim.workload.detectives import Investigators, at_work


def by_case(due, course, starts, ends):
    """Return starts of sittings and ends of cases of one investigator, a process per case."""
    env = simpy.Environment()
    desk = simpy.Resource(env)
    started, ended = [NEVER] * len(course.length), [NEVER] * len(due)
    last = np.cumsum(course.sittings).tolist()

    def case(row, due):
        for sitting in range(last[row - 1] if row else 0, last[row]):
            shift = at_work(starts, ends, max(due, int(env.now)))
            if shift is None:
                return
            due = due if shift == due else shift + int(course.into_day[sitting])
            yield env.timeout(max(0, due - env.now))
            with desk.request() as turn:
                yield turn
                at = at_work(starts, ends, int(env.now))
                if at is None:
                    return
                yield env.timeout(at - env.now)
                started[sitting] = int(env.now)
                yield env.timeout(int(course.length[sitting]))
            due = int(env.now) + int(course.pause[sitting])
        ended[row] = int(env.now)

    for row, first in enumerate(due):
        env.process(case(row, first))
    env.run()
    return started, ended


def by_investigator(due, course, starts, ends):
    """Return the same from the simulator's own process."""
    env = simpy.Environment()
    crew = Investigators(np.array(due, np.int64), course)
    env.process(crew.investigator(env, list(range(len(due))), starts, ends))
    env.run()
    return crew.started, crew.ended


def course_of(sittings, chance):
    """Return a course of short jobs, full of equal times."""
    total = sum(sittings)
    return SimpleNamespace(
        sittings=np.array(sittings, np.int64),
        length=chance.integers(1, 6, total),
        pause=chance.integers(1, 12, total),
        into_day=chance.integers(0, 6, total),
    )


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 5)), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), max_size=6),
    st.integers(0, 2**32 - 1),
)
def test_equal_to_a_process_per_case(cases, shifts, seed):
    """Every sitting begins and every case ends at the same moment, whoever waits for whom."""
    edges = np.cumsum(np.array(shifts, np.int64).reshape(-1)).tolist()
    starts, ends = edges[::2], edges[1::2]
    due = [first for first, _ in cases]
    course = course_of([n for _, n in cases], np.random.default_rng(seed))
    expected = by_case(due, course, starts, ends)
    assert by_investigator(due, course, starts, ends) == expected


def test_the_comparison_sees_waiting():
    """In a world like those above, cases do wait for the desk and for the next shift."""
    chance = np.random.default_rng(1)
    course = course_of([3, 3, 3], chance)
    started, ended = by_investigator([0, 0, 0], course, [0, 30], [20, 200])
    assert len(set(started)) == 9  # one at a time
    assert any(start >= 30 for start in started)
    assert max(ended) < NEVER


@pytest.mark.parametrize("shifts", [([], []), ([5], [6])])
def test_cases_without_shifts_stay_open(shifts):
    """Beyond the last shift nothing is worked and nothing is closed."""
    course = course_of([2], np.random.default_rng(2))
    started, ended = by_investigator([7], course, *shifts)
    assert started == [NEVER, NEVER]
    assert ended == [NEVER]
