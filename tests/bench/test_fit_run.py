"""The command `fit`: what it refuses, writes and shows."""

from __future__ import annotations

import json

import pytest

from misusebench import fit_run
from misusebench.__main__ import main
from misusesim import fit
from misusesim.portal import read_portal_csv
from misusesim.realism.material import material
from misusesim.scenario.load import load_scenario

EUGENE = "tests/data/eugene_searches.csv"


@pytest.fixture
def quick(monkeypatch):
    """Take the first guess for the fit."""
    of = material(read_portal_csv(EUGENE))
    log = fit.measures(of, of.days, 20_255, 25)

    def guess(of, name, tell):
        tell("round 1 of 1")
        return fit.Fit(fit._first_guess(of, log, name), log, log)

    monkeypatch.setattr(fit_run, "fit", guess)


def test_it_writes_a_scenario_named_like_its_file(quick, tmp_path, capsys):
    """The file loads, the rounds are told aside, and JSON has both measures."""
    out = tmp_path / "my-own town.toml"
    assert main(["fit", EUGENE, "-o", str(out), "--json"]) == 0
    scenario = load_scenario(out)
    assert scenario.name == "my_own_town"
    assert str(scenario.start) == "2025-06-16"
    assert scenario.days == 170
    told = capsys.readouterr()
    measures = {one["name"]: one for one in json.loads(told.out)["data"]["measures"]}
    assert measures["officers"] == {"name": "officers", "log": 147.0, "fitted": 147.0}
    assert "round 1 of 1" in told.err


def test_the_table_has_both(quick, tmp_path, capsys):
    """Terminals get log, fitted and difference."""
    assert main(["fit", EUGENE, "-o", str(tmp_path / "x.toml")]) == 0
    assert "searches_per_day          25.408   25.408      +0.000" in capsys.readouterr().out


def test_a_file_that_is_there_is_kept(quick, tmp_path, capsys):
    """Unless --force is given."""
    out = tmp_path / "x.toml"
    out.write_text("mine")
    assert main(["fit", EUGENE, "-o", str(out)]) == 2
    assert out.read_text() == "mine"
    assert "is there already; --force writes over it" in capsys.readouterr().err
    assert main(["fit", EUGENE, "-o", str(out), "--force"]) == 0
    assert load_scenario(out).name == "x"


def test_a_scenario_ends_in_toml(quick, tmp_path, capsys):
    """Anything else is refused before any work."""
    assert main(["fit", EUGENE, "-o", str(tmp_path / "x.json")]) == 2
    assert "a scenario's file ends in .toml" in capsys.readouterr().err
