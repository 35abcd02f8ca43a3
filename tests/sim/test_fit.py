"""Fitting a scenario to a log: what is measured, what is moved, and what comes of the real log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from misusesim import fit
from misusesim.errors import UsageError
from misusesim.portal import read_portal_csv
from misusesim.realism.material import material
from misusesim.scenario.load import load_scenario

EUGENE = "tests/data/eugene_searches.csv"


@pytest.fixture(scope="module")
def eugene():
    """Return the published log."""
    return material(read_portal_csv(EUGENE))


@pytest.fixture(scope="module")
def told(eugene):
    """Return its measures; it begins on a Tuesday, and its first week on 16 June 2025."""
    return fit.measures(eugene, eugene.days, 20_255, 25)


def test_measures_of_the_real_log(told):
    """4,294 searches of 147 officers in 169 days: Gini 0.59, 42 % by a tenth, Fano 2.7 and 16.8."""
    assert told.searches_per_day == pytest.approx(4_294 / 169)
    assert told.officers == 147
    assert told.gini == pytest.approx(0.59, abs=0.005)
    assert told.top10 == pytest.approx(0.419, abs=0.001)
    assert told.night == pytest.approx(0.156, abs=0.001)
    assert (told.fano_hour, told.fano_day) == pytest.approx((2.71, 16.77), abs=0.01)
    assert told.hours.sum() == pytest.approx(1)
    assert told.weeks.sum() == pytest.approx(1)
    assert told.days.mean() == pytest.approx(1)


def test_screens_are_told_apart_from_words(told):
    """4.2 % were written by a screen."""
    assert told.told()["reason_screen"] == pytest.approx(0.042, abs=0.001)
    assert sum(v for k, v in told.told().items() if k.startswith("reason_")) == pytest.approx(1)


def test_weights_move_towards_what_is_missing():
    """Twice as much is asked for as came out: more weight, bounded, and the same sum."""
    moved = fit._turned((1.0, 1.0), np.array([2 / 3, 1 / 3]), np.array([1 / 3, 2 / 3]))
    assert sum(moved) == pytest.approx(2, abs=0.002)
    assert moved[0] / moved[1] == pytest.approx(2 ** (2 * 0.8), rel=0.15)


def test_dispersion_moves_by_what_chance_leaves():
    """A Fano factor of 3 where 2 came out: twice as far from 1; never beyond the bound."""
    assert fit._dispersed(1.0, 3.0, 2.0) == pytest.approx(2**0.8, abs=0.001)
    assert fit._dispersed(15.0, 30.0, 2.0) == 20.0


@pytest.mark.parametrize(
    ("rows", "what"), [(200, "200 searches"), (0, "no rows")], ids=["few", "none"]
)
def test_too_little_is_refused(tmp_path, rows, what):
    """Fewer than 300 searches describe nobody."""
    lines = Path(EUGENE).read_text(encoding="utf-8").splitlines()
    path = tmp_path / "log.csv"
    path.write_text("\n".join(lines[: rows + 1]) + "\n")
    with pytest.raises(UsageError, match=what):
        fit.fit(material(read_portal_csv(path)), "few")


@pytest.mark.slow
def test_a_world_like_the_real_log(eugene, tmp_path):
    """The kept round is near the log, and its file loads to the same scenario."""
    lines = []
    found = fit.fit(eugene, "like_eugene", lines.append)
    assert len(lines) == fit.ROUNDS
    log, made = found.log, found.made
    assert made.gini == pytest.approx(log.gini, abs=0.05)
    assert made.top10 == pytest.approx(log.top10, abs=0.06)
    assert made.night == pytest.approx(log.night, abs=0.03)
    assert made.searches_per_day == pytest.approx(log.searches_per_day, rel=0.1)
    assert made.officers == pytest.approx(log.officers, rel=0.06)
    assert made.fano_hour == pytest.approx(log.fano_hour, rel=0.3)
    assert made.fano_day == pytest.approx(log.fano_day, rel=0.4)
    assert np.abs(made.reasons - log.reasons).max() < 0.05
    path = tmp_path / "like_eugene.toml"
    path.write_text(fit.written(found))
    assert load_scenario(path) == found.scenario


def test_a_log_that_lacks_a_day_of_the_week(eugene):
    """Three days make no week: told as what is wrong with the log, not as our bug."""
    time = eugene.searches.time
    few = time < time.min() + 3 * 86_400_000_000
    short = replace(eugene, searches=replace(
        eugene.searches, time=time[few], officer=eugene.searches.officer[few],
        reason=eugene.searches.reason[few],
    ))  # fmt: skip
    with pytest.raises(UsageError, match="too short to be fitted: not every day of the week"):
        fit.measures(short, 3, 20_255, 1)
