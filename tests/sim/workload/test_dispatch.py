"""Units go to calls: the kernel against hand-made cases and against a SimPy telling of the rule."""

from __future__ import annotations

import heapq

import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from misusesim.engine import causal_passes
from misusesim.scenario.load import load_scenario
from misusesim.workload import street
from misusesim.workload.dispatch import dispatch
from misusesim.world.agencies import agencies


def dispatch_reference(calls, service, starts, ends, officers):  # noqa: C901 - one story
    """Tell the rule as SimPy processes: units come free, a dispatcher sends them."""
    env, bell, idle, busy = simpy.Environment(), [], [], {}
    took, begin = [-1] * len(calls), [-1] * len(calls)

    def come_free(shift, wait):
        yield env.timeout(wait)
        if (late := busy.get(officers[shift], 0) - env.now) > 0:
            yield env.timeout(late)
        heapq.heappush(idle, (env.now, shift))
        if bell:
            bell.pop().succeed()

    def send(call):
        while idle and took[call] < 0:
            shift = heapq.heappop(idle)[1]
            if env.now < ends[shift]:
                took[call], begin[call] = shift, env.now
                busy[officers[shift]] = env.now + service[call]
                env.process(come_free(shift, service[call]))

    def dispatcher():
        for call, time in enumerate(calls):
            yield env.timeout(max(0, time - env.now))
            while took[call] < 0:
                yield env.timeout(0)  # all else that happens now happens first
                send(call)
                if took[call] < 0:
                    bell.append(env.event())
                    yield bell[0]

    for shift, start in enumerate(starts):
        env.process(come_free(shift, start))
    env.process(dispatcher())
    env.run()
    return took, begin


@st.composite
def small_worlds(draw):
    """Draw a world with many equal times: calls, and disjoint shifts of a few officers."""
    calls = sorted(draw(st.lists(st.integers(0, 40), max_size=25)))
    service = [draw(st.integers(1, 12)) for _ in calls]
    shifts = []
    for officer in range(draw(st.integers(0, 4))):
        edges = sorted(draw(st.sets(st.integers(0, 50), max_size=6)))
        shifts += [(a, b, officer) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    shifts.sort()
    return calls, service, *([list(c) for c in zip(*shifts, strict=True)] or ([], [], []))


@pytest.mark.slow
@settings(max_examples=300, deadline=None, derandomize=True)
@given(small_worlds())
def test_kernel_equals_processes(world):
    """The kernel and the SimPy processes settle every small world alike."""
    assert dispatch(*world) == dispatch_reference(*world)


def test_kernel_equals_processes_in_one_busy_world():
    """They also agree where almost every call waits."""
    calls, service = list(range(0, 400, 3)), [7 + c % 11 for c in range(134)]
    starts, ends, officers = [0, 0, 50, 200, 210], [90, 200, 260, 400, 400], [0, 1, 2, 0, 1]
    assert dispatch(calls, service, starts, ends, officers) == dispatch_reference(
        calls, service, starts, ends, officers
    )


@pytest.mark.parametrize(
    ("world", "took", "begin"),
    [
        (([10, 10], [5, 5], [0], [100], [7]), [0, 0], [10, 15]),
        (([10, 11], [5, 5], [0, 0], [100, 100], [1, 2]), [0, 1], [10, 11]),
        (([10, 20, 30], [2, 2, 2], [0, 1], [100, 100], [1, 2]), [0, 1, 0], [10, 20, 30]),
        (([10], [5], [50], [100], [1]), [0], [50]),
        (([10], [5], [0], [10], [1]), [-1], [-1]),
        (([8, 9], [5, 5], [0, 12], [10, 100], [1, 1]), [0, 1], [8, 13]),
        (([1], [1], [], [], []), [-1], [-1]),
        (([], [], [0], [9], [1]), [], []),
    ],
    ids=[
        "the second call waits", "two units", "idle longest goes first", "waits for a shift",
        "went home at that moment", "a job outlasts the shift", "nobody", "no calls",
    ],
)  # fmt: skip
def test_small_cases_by_hand(world, took, begin):
    """Literal worlds end as a dispatcher would say."""
    assert dispatch(*world) == (took, begin)


@pytest.mark.slow
def test_kernel_equals_processes_in_a_month_of_the_county(monkeypatch):
    """Every call of the demo's agencies: the same shift, so the same officer, at the same time."""
    asked = []

    def watched(*world):
        asked.append((world, dispatch(*world)))
        return asked[-1][1]

    monkeypatch.setattr(street, "dispatch", watched)
    scenario = load_scenario("county", days=30)
    causal_passes(scenario, agencies(scenario))
    waited = 0
    for world, (took, begin) in asked:
        assert (took, begin) == dispatch_reference(*world)
        waited += sum(at > call for call, at in zip(world[0], begin, strict=True))
    calls = sum(len(world[0]) for world, _ in asked)
    groups = [agency.group for agency in agencies(scenario)]
    with_patrol = [group for group in groups if group.street and group.type != "dispatch"]
    assert len(asked) == len(with_patrol) > 1
    assert calls > 10_000
    assert waited > 100  # some had to wait for a unit, or nothing would be compared
