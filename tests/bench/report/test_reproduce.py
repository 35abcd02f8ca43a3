"""How to reproduce a run: commands that a shell takes as they stand."""

from __future__ import annotations

import html
import shlex
from typing import Any

import pytest
from tests.bench.report.made_view import RUN, detector, view

from misusebench.cli_bench import _suite
from misusebench.report import reproduce
from misusesim.scenario.load import load_scenario, scenario_hash


def test_the_command_names_the_suite() -> None:
    """How to reproduce shows the commands and the hashes."""
    told = reproduce.reproduce(view(detector("x")))
    assert "misusebench bench AGAIN --suite smoke -o RUN" in told
    assert "d" * 64 in told


@pytest.mark.parametrize(
    ("scenario", "suite", "commands"),
    [("county", "full", ("simulate county --seed 1 -o", "--suite full -o")),
     ("S-NAT-easy", "smoke", ("simulate S-NAT-easy --seed 1 -o", "--suite smoke -o")),
     ("ours", "mine", ("simulate DATA/scenario.toml -o", "--suite mine.toml -o"))],
)  # fmt: skip
def test_own_worlds_and_suites_are_named_by_their_files(
    scenario: str, suite: str, commands: tuple[str, ...]
) -> None:
    """A name that nothing shipped has would be refused; the data set holds its scenario."""
    data = {**RUN["dataset"], "name": scenario}
    shipped = scenario != "ours"
    made = scenario_hash(load_scenario(scenario, seed=1)) if shipped else "c" * 64
    told = reproduce.reproduce(view(detector("x"), dataset=data, suite=suite, scenario_hash=made))
    assert all(command in told for command in commands)


def test_a_shipped_world_of_other_days_is_named_by_its_file() -> None:
    """Its name alone would make another data set; the file beside the data holds all settings."""
    data = {**RUN["dataset"], "name": "county"}
    made = scenario_hash(load_scenario("county", seed=1, days=9))
    told = reproduce.reproduce(view(detector("x"), dataset=data, scenario_hash=made))
    assert "simulate DATA/scenario.toml -o AGAIN" in told


@pytest.mark.parametrize(
    ("suite", "where", "given"),
    [("other", {"suite_given": "mine.toml", "suite": "/home/x/mine.toml"}, "mine.toml"),
     ("smoke", {"suite_given": "../my suites/a'b.toml"}, "../my suites/a'b.toml"),
     ("other", {"suite_given": "$(touch x);<b>&.toml"}, "$(touch x);<b>&.toml"),
     ("smoke", {"suite_given": "full", "suite": "full"}, "full"),
     ("other", {"suite_given": "/home/x/mine.toml", "suite": "/home/x/mine.toml"}, "mine.toml"),
     ("other", {"suite": "/home/x/old run/mine.toml"}, "mine.toml"),
     ("smoke", {"suite": "smoke"}, "smoke"),
     ("two words", {"suite": ""}, "two words.toml")],
)  # fmt: skip
def test_the_suite_is_the_file_that_was_given(suite: str, where: Any, given: str) -> None:
    """Whatever name stands in it; one word of a shell. Older runs tell its path or nothing."""
    told = html.unescape(reproduce.reproduce(view(detector("x"), suite=suite, ungated=where)))
    line = next(one for one in told.splitlines() if "misusebench bench" in one)
    assert shlex.split(line) == ["misusebench", "bench", "AGAIN", "--suite", given, "-o", "RUN"]
    assert "/home/x" not in told


def test_chosen_components_and_tier_are_in_the_command() -> None:
    """Without them the command would run the whole suite at its own tier."""
    chosen = _suite("smoke", ["knn"], ["cedar"], None, "T2").options
    assert chosen == ("--detector", "knn", "--policy", "cedar", "--tier", "T2")
    only = _suite("smoke", None, None, ["random", "constant"], None).options
    assert only == ("--only", "random", "--only", "constant")
    told = reproduce.reproduce(view(detector("x"), ungated={"options": [*chosen, "a b'"]}))
    line = next(one for one in html.unescape(told).splitlines() if "misusebench bench" in one)
    assert shlex.split(line)[3:-2] == ["--suite", "smoke", *chosen, "a b'"]
