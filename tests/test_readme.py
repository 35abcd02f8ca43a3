"""Every console block of the README runs, in the order of the text, in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.markdown import blocks, dead_links, links, play, reachable

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
#: Files of blocks that name none.
NAMES = {"python": "mine.py", "toml": "rules.toml"}


@pytest.mark.slow
def test_the_tour_runs(tmp_path):
    """Each `$` line exits with 0; the Python block becomes mine.py, the TOML one rules.toml."""
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    reachable(tmp_path)
    env = {**os.environ, "COLUMNS": "120"}

    def run(words: list[str]) -> None:
        command = [sys.executable, "-m", "misusebench", *words]
        done = subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"

    assert play(blocks(ROOT / "README.md", NAMES), tmp_path, run) == 23


def test_the_two_commands_are_dev_py_and_exist():
    """The README's two commands are verbs of dev.py."""
    verbs = re.findall(r"^python3 dev\.py (\w+)", TEXT, re.MULTILINE)
    assert verbs[:2] == ["demo", "test"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "dev.py")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    for verb in verbs:
        assert verb in done.stdout + done.stderr


def test_links_lead_somewhere():
    """Every relative link of the README is a file, a folder or a heading of the repository."""
    assert links(ROOT / "README.md")
    assert dead_links(ROOT / "README.md") == []
