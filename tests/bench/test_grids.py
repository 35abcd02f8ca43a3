"""Grids in suites: what one entry expands to, and every way of writing it wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.bench.test_suite import faults, read

from misusebench.grids import MOST
from misusebench.run import run
from misusebench.suite import ComponentSpec, load_suite, named_apart

README = Path(__file__).parents[2] / "bench" / "README.md"
ENTRY = '[[detector]]\nname = "rules"\n'


def names(tmp_path, text: str) -> list[str]:
    """Return the components' names of a suite."""
    return [one.name for one in read(tmp_path, text).components]


def test_a_grid_is_its_product_in_the_files_order(tmp_path):
    """The last key changes fastest; fixed parameters stay; each goes to the component."""
    text = (
        '[[detector]]\nname = "near"\ncomponent = "knn"\nparameters = {seed = 4}\n'
        "[detector.grid]\nsample = [100, 200]\nneighbours = [5, 10]\n"
        '[[detector]]\nname = "volume"\n'
    )
    suite = read(tmp_path, text)
    assert [one.name for one in suite.components] == [
        "near-sample_100-neighbours_5", "near-sample_100-neighbours_10",
        "near-sample_200-neighbours_5", "near-sample_200-neighbours_10", "volume",
    ]  # fmt: skip
    assert suite.components[1].parameters == {"seed": 4, "sample": 100, "neighbours": 10}
    assert suite == read(tmp_path, text)


def test_tiers_are_a_grid_as_well(tmp_path):
    """One component a tier, named after it, tiers slowest."""
    text = ENTRY + 'tiers = ["T0", "T2"]\ngrid = {memory_days = [30, 60]}\n'
    found = read(tmp_path, text).components
    assert [(one.name, one.tier) for one in found] == [
        ("rules-T0-memory_days_30", "T0"), ("rules-T0-memory_days_60", "T0"),
        ("rules-T2-memory_days_30", "T2"), ("rules-T2-memory_days_60", "T2"),
    ]  # fmt: skip
    assert names(tmp_path, ENTRY + 'tiers = ["T1"]\n') == ["rules-T1"]


def test_a_tier_in_a_grid_is_granted_and_told(tmp_path):
    """For components that take their tier as a parameter; they are named as by `tiers`."""
    found = read(tmp_path, ENTRY + 'grid = {tier = ["T0", "T2"], memory_days = [9]}\n').components
    assert [(one.name, one.tier, dict(one.parameters)) for one in found] == [
        ("rules-T0-memory_days_9", "T0", {"tier": "T0", "memory_days": 9}),
        ("rules-T2-memory_days_9", "T2", {"tier": "T2", "memory_days": 9}),
    ]  # fmt: skip


def test_names_are_fit_for_files(tmp_path):
    """Points, signs and blanks go; what is long or a list goes by its place."""
    text = (
        '[[detector]]\nname = "ensemble"\n[detector.grid]\nshare = [0.5, -1, 1e-7]\n'
        'members = [["iforest"], ["knn"]]\n'
        '[[detector]]\nname = "sigma"\n[detector.grid]\nwindow = ["a/../b c", "' + 40 * "x" + '"]\n'
        "flag = [true]\n"
    )
    found = names(tmp_path, text)
    assert found == [
        "ensemble-share_0p5-members_1", "ensemble-share_0p5-members_2",
        "ensemble-share_minus1-members_1", "ensemble-share_minus1-members_2",
        "ensemble-share_1eminus07-members_1", "ensemble-share_1eminus07-members_2",
        "sigma-window_a_b_c-flag_true", "sigma-window_2-flag_true",
    ]  # fmt: skip
    assert all(re.fullmatch(r"[A-Za-z0-9][\w-]*", name) for name in found)


def test_values_that_read_alike_are_told_apart(tmp_path):
    """Two values of one word still make two results."""
    text = '[[detector]]\nname = "sigma"\ngrid = {window = ["a b", "a.b"]}\n'
    assert names(tmp_path, text) == ["sigma-window_a_b", "sigma-window_a_b-2"]


def test_a_name_that_looks_numbered_is_not_taken_twice():
    """The third is neither of the two that are there."""
    named = [ComponentSpec("detector", name, "m:C") for name in ("a", "a-2", "a", "a")]
    assert [one.name for one in named_apart(named)] == ["a", "a-2", "a-3", "a-4"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[detector.grid]\nmemory_days = []\n",
         ("s.toml:4: detector.grid.memory_days is empty: give at least one value, or leave the key "
         "out")),
        ("[detector.grid]\nmemory_days = 30\n",
         "s.toml:4: detector.grid.memory_days must be a list of values to try, got 30"),
        ("parameters = {memory_days = 3}\n[detector.grid]\nmemory_days = [30]\n",
         ("s.toml:5: detector.grid.memory_days stands in parameters too; leave it out of one of "
         "the two")),
        ('grid = {tier = ["T0", "low"]}\n',
         "s.toml:3: detector.grid.tier must be one of T0, T1, T2, T3, got 'low'"),
        ('grid = {tier = "T0"}\n',
         "s.toml:3: detector.grid.tier must be a list of values to try, got 'T0'"),
        ('parameters = {tier = "T0"}\ngrid = {tier = ["T1"]}\n',
         "s.toml:4: detector.grid.tier stands in parameters too; leave it out of one of the two"),
        ('tiers = ["T0"]\ngrid = {tier = ["T1"]}\n',
         "s.toml:4: detector has both tiers and grid.tier; leave one out"),
        ("[detector.grid]\nmemory_days = [30, 60, 30]\n",
         "s.toml:4: detector.grid.memory_days has 30 twice"),
        ("[detector.grid]\nmemory_days = [2024-01-01]\n",
         ("s.toml:4: detector.grid.memory_days must be text, numbers, lists or tables, got "
         "[datetime.date(2024, 1, 1)]")),
        ("grid = {}\n",
         "s.toml:3: detector.grid is empty: give it a key, as in bins = [10, 20]"),
        ("grid = 3\n", "s.toml:3: detector.grid must be a table, got 3"),
        (f"[detector.grid]\na = {list(range(9))}\nb = {list(range(8))}\n",
         (f"s.toml:3: detector.grid makes 72 components, at most {MOST} are allowed; split the "
         "entry or try fewer values")),
        ('tiers = ["T0", "T9"]\n',
         "s.toml:3: detector.tiers must be one of T0, T1, T2, T3, got 'T9'"),
        ("tiers = []\n",
         "s.toml:3: detector.tiers must name at least one tier, each once, got []"),
        ('tiers = ["T0", "T0"]\n',
         "s.toml:3: detector.tiers must name at least one tier, each once, got ['T0', 'T0']"),
        ('tier = "T0"\ntiers = ["T1"]\n',
         "s.toml:4: detector has both tier and tiers; leave one out"),
        ('tiers = "T0"\n', "s.toml:3: detector.tiers must be a list, got 'T0'"),
    ],
)  # fmt: skip
def test_faults_of_a_grid(tmp_path, text, message):
    """Each with file, line and what is allowed."""
    assert faults(tmp_path, ENTRY + text) == [message]


def test_sixty_four_are_allowed(tmp_path):
    """The bound itself."""
    text = f"{ENTRY}[detector.grid]\na = {list(range(8))}\nb = {list(range(8))}\n"
    assert len(set(names(tmp_path, text))) == MOST


@pytest.mark.slow
def test_the_readmes_example_runs(tiny_dataset, tmp_path):
    """The suite in bench/README.md, on a small data set: every member has a result of its own."""
    block = re.search(
        r"```toml\n(# tried\.toml\n.*?)```", README.read_text(encoding="utf-8"), re.DOTALL
    )
    assert block is not None
    path = tmp_path / "tried.toml"
    path.write_text(block[1], encoding="utf-8")
    suite = replace(load_suite(path), single_rows=10)
    done = run(tiny_dataset, suite, tmp_path / "run")
    assert [one.name for one in done.results] == [
        "rules-T0-memory_days_30", "rules-T0-memory_days_60", "rules-T1-memory_days_30",
        "rules-T1-memory_days_60", "shift_window",
    ]  # fmt: skip
    assert all(one.valid for one in done.results)
    assert [one.tier for one in done.results] == ["T0", "T0", "T1", "T1", "T3"]
    assert done.results[1].component["parameters"] == {"tier": "T0", "memory_days": 60}


@pytest.mark.slow
def test_communities_of_any_rank_run_shut_in(tiny_dataset, tmp_path):
    """Few officers or many factors must not lead to what confinement forbids."""
    text = '[[detector]]\nname = "community"\ngrid = {rank = [6, 24]}\n'
    suite = replace(read(tmp_path, text), single_rows=0)
    done = run(tiny_dataset, suite, tmp_path / "run")
    assert [one.reasons for one in done.results] == [[], []]
