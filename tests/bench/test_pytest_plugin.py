"""The fixtures for other people's test suites, in sessions of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from misusebench.in_tests import DatasetMaker

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
DETECTOR = """
import numpy as np


class Mine:
    name = "mine"
    tiers = ("T0",)
    needs = ("subject_key",)

    def __init__(self, wrong=False):
        self.wrong = wrong

    def score(self, batch):
        if self.wrong:
            raise ValueError("I am wrong")
        keys = batch["subject_key"].to_pylist()
        return np.array([keys.count(key) for key in keys], np.float64)
"""
TESTS = """
import pytest

DATA = "data"


def test_it_finds_misuse(misuse_bench):
    result = misuse_bench(DATA, detector="mine:Mine")
    assert result.metric("campaign_recall@20").upper > 0.1
    assert result.valid and result.name == "Mine" and not result.reasons
    assert result.metric("campaign_recall").value == result.metrics["campaign_recall"]["value"]
    few, many = (result.metric(f"recall_at_budget@{n}") for n in (1, 20))
    assert few.value <= many.value <= 1 and few.lower <= few.value <= few.upper


def test_it_finds_all(misuse_bench):
    result = misuse_bench(DATA, detector="mine:Mine", parameters={"wrong": False})
    assert result.metric("campaign_recall@20").lower > 1.5


def test_it_is_wrong(misuse_bench):
    misuse_bench(DATA, detector="mine:Mine", parameters={"wrong": True})


def test_it_may_be_wrong(misuse_bench):
    result = misuse_bench(DATA, detector="mine:Mine", parameters={"wrong": True},
                          must_be_valid=False)
    assert not result.valid and "I am wrong" in result.reasons[0]
    with pytest.raises(pytest.fail.Exception, match="Mine is INVALID: crash"):
        result.metric("campaign_recall")


def test_a_scenario_is_misspelt(misuse_dataset):
    misuse_dataset("tinny")


def test_it_is_misspelt(misuse_bench):
    misuse_bench(DATA, detector="mine:Mien")


def test_names(misuse_bench):
    result = misuse_bench(DATA, suite="suite.toml", component="volume")
    with pytest.raises(pytest.fail.Exception, match="no metric campain_recall; did you mean"):
        result.metric("campain_recall")
    with pytest.raises(pytest.fail.Exception, match="after @ comes a number"):
        result.metric("campaign_recall@few")
    assert result.metric("campaign_recall@3").told is not None  # the suite's own budget
    with pytest.raises(pytest.fail.Exception, match="component= one of volume, constant"):
        misuse_bench(DATA, suite="suite.toml")
"""


def session(folder: Path, *arguments: str, plugins: Sequence[str] = ()) -> tuple[int, str]:
    """Run pytest in a folder, in a process of its own, without what this project's tests use."""
    off = [f"-p no:{name}" for name in ("randomly", "xdist", "benchmark", "cacheprovider")]
    words = [word for option in (*off, *plugins) for word in option.split()]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *words, *arguments], cwd=folder,
        capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def told(tiny_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what a session of a team's tests prints."""
    folder = tmp_path_factory.mktemp("team")
    (folder / "data").symlink_to(tiny_dataset)
    (folder / "mine.py").write_text(DETECTOR)
    (folder / "test_mine.py").write_text(TESTS)
    (folder / "suite.toml").write_text(
        'review_budget = 3\n[[detector]]\nname = "volume"\n[[detector]]\nname = "constant"\n'
    )
    code, text = session(folder)
    assert code == 1, text
    return text


def test_a_team_s_assertions_work(told: str) -> None:
    """Four tests fail on purpose, the others pass."""
    assert "4 failed, 3 passed" in told
    failed = [line.split(" - ")[0] for line in told.splitlines() if line.startswith("FAILED ")]
    assert failed == [f"FAILED test_mine.py::{name}" for name in (
        "test_it_finds_all", "test_it_is_wrong", "test_a_scenario_is_misspelt",
        "test_it_is_misspelt")]  # fmt: skip


def test_a_failed_assertion_says_what_it_saw(told: str) -> None:
    """The metric, the component, the data set, the value and its interval."""
    assert "> 1.5" in told
    assert "<campaign_recall@20 of Mine on" in told
    assert ", 95 % " in told


def test_faults_are_told_without_a_traceback_of_ours(told: str) -> None:
    """An INVALID component and a misspelt one are told in one line each."""
    assert "Mine is INVALID: crash: " in told
    assert "ValueError: I am wrong (mine.py:" in told
    assert "mine has no class Mien; did you mean Mine?" in told
    assert "in_tests.py" not in told
    assert "asserted.py" not in told


def test_data_sets_are_made_once(tmp_path: Path) -> None:
    """Once in a cache; another seed is another; a broken one is made again."""
    one = DatasetMaker(tmp_path)("tiny", days=2, seed=5)
    made = one.stat().st_ctime_ns
    assert DatasetMaker(tmp_path)("tiny", days=2, seed=5) == one
    assert one.stat().st_ctime_ns == made
    manifest = json.loads((one / "manifest.json").read_text())
    assert one.name.split("-")[:2] == ["tiny", manifest["scenario_hash"][:16]]
    (one / "manifest.json").unlink()
    assert DatasetMaker(tmp_path)("tiny", days=2, seed=5) == one
    assert (one / "manifest.json").is_file()
    assert DatasetMaker(tmp_path)("tiny", days=2, seed=6) != one
    assert len(list(tmp_path.iterdir())) == 2


def test_a_wrong_scenario_is_told(told: str) -> None:
    """With what there is, and no traceback."""
    assert "tinny" in told
    assert "Traceback" not in told


def test_the_plugin_is_cheap_and_quiet(tmp_path: Path) -> None:
    """Tests that do not use it import nothing heavy by it, and see no fixture made."""
    (tmp_path / "test_none.py").write_text(
        "import sys\n\n\ndef test_none():\n"
        '    assert "misusebench.pytest_plugin" in sys.modules\n'
        '    heavy = {"numpy", "pyarrow", "duckdb", "pydantic", "misusebench.in_tests"}\n'
        "    assert not heavy & set(sys.modules)\n"
    )
    # plugins of others are left out, for some of them import numpy
    code, text = session(tmp_path, plugins=["-p no:hypothesispytest", "-p no:typeguard"])
    assert code == 0, text


@pytest.mark.slow
def test_the_example_of_the_docs(tmp_path: Path) -> None:
    """The example file passes as it is."""
    shutil.copy(ROOT / "examples/ci/test_detector.py", tmp_path)
    code, text = session(tmp_path, "--misuse-cache", "kept")
    assert code == 0, text
    assert "2 passed" in text
    assert len(list((tmp_path / "kept").glob("tiny-*/manifest.json"))) == 1
