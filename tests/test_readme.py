"""Every console block of the README runs, in the order of the text, in an empty folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(console|python|toml)\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.slow
def test_the_tour_runs(tmp_path):
    """Each `$` line exits with 0; the Python block becomes mine.py, the TOML one rules.toml."""
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    tmp_path.chmod(0o755)  # the component runs under another user
    for parent in tmp_path.parents:
        if parent.name.startswith("pytest-"):
            parent.chmod(0o755)
    env = {**os.environ, "COLUMNS": "120"}
    ran = 0
    for language, block in BLOCKS:
        if language == "python":
            (tmp_path / "mine.py").write_text(block)
        if language == "toml":
            (tmp_path / "rules.toml").write_text(block)
            continue
        for line in re.findall(r"^\$ (.*)$", block, re.MULTILINE):
            words = shlex.split(line)
            assert words[0] == "misusebench"
            command = [sys.executable, "-m", "misusebench", *words[1:]]
            done = subprocess.run(
                command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
            ran += 1
    assert ran == 22


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
    """Every relative link of the README is a file or a folder of the repository."""
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", TEXT)
    assert links
    missing = [link for link in links if not (ROOT / link).exists()]
    assert missing == []
