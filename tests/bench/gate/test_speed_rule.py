"""When a change is slower: tables, and launches with the bias that was measured."""

from __future__ import annotations

import numpy as np
import pytest

from misusebench.gate.speed import rule
from misusebench.gate.speed.rule import Stage

MARGIN = 0.03
QUIET = np.zeros(8)


def stage(*ratios: float, control: float = 1.0) -> Stage:
    return Stage(np.log(ratios), np.log(np.full(len(ratios), control)))


@pytest.mark.parametrize(
    ("ratios", "wanted"),
    [
        ([1.0] * 8, False),
        ([1.029] * 8, False),  # within the margin
        ([1.031] * 8, True),
        ([1.031] * 7 + [0.5], True),  # one launch may be far out
        ([1.031] * 6 + [0.5, 0.999], False),  # two may not
        ([1.031] * 5 + [1.001] * 3, True),
        ([1.031] * 3 + [1.001] * 5, False),  # the median is what counts
        ([0.9] * 8, False),
        ([1.6] + [1.0] * 7, False),  # one launch of 60 % says nothing
    ],
)
def test_slower(ratios: list[float], wanted: bool) -> None:
    assert rule.slower(np.log(ratios), MARGIN) is wanted


@pytest.mark.parametrize(
    ("stages", "wanted"),
    [
        ([stage(*[1.0] * 8)], "pass"),
        ([stage(*[1.1] * 8)], "suspect"),
        ([stage(*[1.1] * 8), stage(*[1.1] * 8)], "regression"),
        ([stage(*[1.1] * 8), stage(*[1.0] * 8)], "pass"),  # it does not say so twice
        ([stage(*[1.1] * 8, control=1.02), stage(*[1.1] * 8, control=1.02)], "inconclusive"),
        ([stage(*[1.1] * 8, control=0.98), stage(*[1.1] * 8, control=0.98)], "inconclusive"),
        ([stage(*[1.1] * 8, control=1.01), stage(*[1.1] * 8, control=1.01)], "regression"),
        ([stage(*[1.0] * 8, control=1.2)], "pass"),  # nothing is to be failed
    ],
)
def test_decide(stages: list[Stage], wanted: str) -> None:
    assert rule.decide(stages, MARGIN) == wanted


QUIET_ONE = [0.98, 0.99, 1.0, 1.0, 1.0, 1.01, 1.02, 1.3]
WILD = [0.7, 0.8, 0.9, 0.95, 1.05, 1.1, 1.2, 1.3]


@pytest.mark.parametrize(
    ("change", "control", "wanted"),
    [
        (QUIET_ONE, QUIET_ONE, "pass"),
        (WILD, QUIET_ONE, "pass"),  # the machine is quiet: head is restless by itself
        (WILD, WILD, "inconclusive"),
        ([0.5] * 8, WILD, "pass"),  # however noisy, it is not slower
        ([1.0] * 7 + [1.3], [1.02] * 8, "pass"),  # one launch hides nothing
        ([1.0] * 6 + [1.07] * 2, [1.02] * 8, "inconclusive"),
        ([1.0] * 6 + [1.05] * 2, [1.02] * 8, "pass"),  # below twice the margin
        ([1.0] * 6 + [1.07] * 2, [1 / 1.02] * 8, "inconclusive"),
    ],
)
def test_a_pass_on_a_noisy_machine(change: list[float], control: list[float], wanted: str) -> None:
    assert rule.decide([Stage(np.log(change), np.log(control))], MARGIN) == wanted


def test_time_outside_the_calls_is_seen() -> None:
    """Only if it is there in each launch of each stage."""
    one = stage(*[1.0] * 8)._replace(hidden=np.full(8, 0.6))
    assert rule.decide([one], MARGIN) == "inconclusive"
    assert rule.decide([one._replace(hidden=np.r_[np.full(7, 9), 0.4])], MARGIN) == "pass"


def test_equal_code_is_seldom_inconclusive() -> None:
    """Launches as measured, base's bias in both numbers: 4,000 verdicts."""
    chance = np.random.default_rng(8)
    base, head, copy = (launches(chance, 0.0, 4_000) / np.sqrt(2) for _ in range(3))
    status = [
        rule.decide([Stage(a - b, c - b)], MARGIN) for a, b, c in zip(head, base, copy, strict=True)
    ]
    assert status.count("inconclusive") < 0.02 * 4_000


def test_a_launch_is_the_median_of_its_pairs() -> None:
    base = [100.0, 200.0, 400.0, 100.0, 100.0]
    assert np.exp(rule.launch(base, [110.0, 220.0, 440.0, 900.0, 10.0])) == pytest.approx(1.1)


def test_numbers_of_both_stages_are_told() -> None:
    both = [stage(1.1, 1.2, 1.3, control=1.01), stage(1.0, 1.4, 1.2, control=1.01)]
    assert rule.ratio(both) == pytest.approx(1.2)
    assert rule.spread(both) == pytest.approx((1.0, 1.4))
    assert rule.control_ratio(both) == pytest.approx(1.01)


def test_memory_is_the_largest_of_each_side() -> None:
    assert rule.larger([100, 90], [110, 80], 0.10) == (1.1, False)
    assert rule.larger([100, 90], [111, 80], 0.10)[1] is True


def launches(chance: np.random.Generator, change: float, count: int) -> np.ndarray:
    """Return log-ratios as measured: |bias| has a median of 1.4 %, 5 % beyond 5.1 %, to 60 %."""
    bias = chance.normal(0, 0.021, (count, 8))
    far = chance.random(bias.shape) < 0.02
    bias[far] = chance.choice([-1, 1], far.sum()) * chance.uniform(0.05, 0.47, far.sum())
    return np.log1p(change) + bias


@pytest.mark.parametrize(
    ("change", "least", "most"), [(0.0, 0.0, 0.001), (0.05, 0.9, 1.0), (0.10, 0.99, 1.0)]
)
def test_false_alarms_and_power_with_launches_as_measured(
    change: float, least: float, most: float
) -> None:
    """Both stages together, 4,000 times."""
    chance = np.random.default_rng(5)
    size = np.abs(launches(chance, 0.0, 4_000))
    assert np.quantile(size, 0.5) == pytest.approx(0.014, abs=0.002)
    assert np.quantile(size, 0.95) == pytest.approx(0.051, abs=0.01)
    first, second = (launches(chance, change, 4_000) for _ in range(2))
    found = [
        rule.decide([Stage(a, QUIET), Stage(b, QUIET)], MARGIN) == "regression"
        for a, b in zip(first, second, strict=True)
    ]
    assert least <= np.mean(found) <= most


def test_a_mean_over_launches_would_be_moved_by_one() -> None:
    """The rule holds where the mean is far above the margin."""
    odd = np.log([1.0] * 7 + [1.6])
    assert np.exp(odd.mean()) > 1 + MARGIN
    assert not rule.slower(odd, MARGIN)
