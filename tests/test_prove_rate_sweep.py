"""The long proof `prove/rate_sweep.py`: how rates are set, what it takes to hold."""

from __future__ import annotations

import pytest

from misusesim.scenario.load import load_scenario


def test_only_how_often_campaigns_begin_changes(proof):
    """Shares end at one; nothing finds misuse; all else is the scenario's own."""
    sweep = proof("rate_sweep")
    plain, many = (load_scenario(sweep.WORLD, sweep.sets(times)) for times in (1.0, 1_500.0))
    for one, other in zip(plain.misuse, many.misuse, strict=True):
        rest = {k: v for k, v in one.model_dump().items() if k not in sweep.RATES}
        assert rest == {k: v for k, v in other.model_dump().items() if k not in sweep.RATES}
        for rate in sweep.RATES:
            if hasattr(one, rate):
                most = float("inf") if "agencies" in rate else 1.0
                assert getattr(other, rate) == pytest.approx(min(most, 1_500 * getattr(one, rate)))
    same = {"misuse"}
    assert plain.model_dump(exclude=same) == many.model_dump(exclude=same)
    assert many.oversight.reviews_per_officer_year == 0


def test_what_it_takes_to_hold(proof):
    """The same honest rows, rates near those aimed at, random scores at chance."""
    sweep = proof("rate_sweep")

    def rows(**changes):
        found = {
            aim: {"honest": ["x"], "rate": aim, "misuse": 100, "middle": 0.5} for aim in sweep.TIMES
        }
        found[1e-5]["honest"] = ["x", "more"]  # the lowest rate has more seeds
        found[1e-2] |= changes
        return found

    assert sweep.holds(rows())
    assert not sweep.holds(rows(honest=["y"]))
    assert not sweep.holds(rows(rate=0.04))
    assert not sweep.holds(rows(rate=1e-3))
    assert not sweep.holds(rows(middle=0.7))


def test_ranks_of_equal_values_are_shared(proof):
    """1 is best."""
    assert proof("rate_sweep").rank({"a": 0.1, "b": 0.3, "c": 0.1}) == {"a": 2.5, "b": 1, "c": 2.5}
