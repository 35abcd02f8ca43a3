"""Where a fault is pointed at: the first line that the change touches, nearest to the class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.bench.gate.test_change import git

from misusebench.gate.changed import Since
from misusebench.gate.places import place

if TYPE_CHECKING:
    from pathlib import Path

MODULE = """\
import os

import shapes

LIMIT = 3


def helper():
    return 1


class Other:
    x = 1


class Mine:
    def score(self):
        found = []
        return found
"""
ABOUT: dict[str, Any] = {"target": "det:Mine", "parameters": {}}


@pytest.fixture
def since(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Since:
    """Return what a repository is compared with; it is the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "det.py").write_text(MODULE)
    (tmp_path / "shapes.py").write_text("def one():\n    return 1\n")
    (tmp_path / "rules.toml").write_text('[[rule]]\nid = "a"\n[[rule]]\nid = "b"\n')
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "all")
    return Since(git(tmp_path, "rev-parse", "HEAD").strip(), tmp_path, (str(tmp_path),))


def changed(folder: Path, old: str, new: str) -> None:
    text = (folder / "det.py").read_text()
    assert old in text
    (folder / "det.py").write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("edits", "line"),
    [
        ([], 16),  # nothing changed: the class
        ([("found = []", "found = [1]")], 18),
        ([("LIMIT = 3", "LIMIT = 4"), ("return found", "return []")], 19),
        ([("LIMIT = 3", "LIMIT = 4"), ("return 1", "return 2")], 9),
        ([("LIMIT = 3", "LIMIT = 4")], 5),
        ([("        found = []\n", "")], 17),  # taken away: the line before
        ([("import os\n\n", ""), ("found = []", "found = 0")], 16),
    ],
)
def test_the_line_that_changed(
    tmp_path: Path, since: Since, edits: list[tuple[str, str]], line: int
) -> None:
    """In the class before a function, in a function before the rest; a commit changes nothing."""
    for old, new in edits:
        changed(tmp_path, old, new)
    assert place(({}, {}), ABOUT, since) == ("det.py", line)
    git(tmp_path, "commit", "-q", "-a", "--allow-empty", "-m", "head")
    assert place(({}, {}), ABOUT, since) == ("det.py", line)


def test_what_a_module_imports_comes_after_it(tmp_path: Path, since: Since) -> None:
    """Only where the component's own file is as it was."""
    (tmp_path / "shapes.py").write_text("def one():\n    return 2\n")
    assert place(({}, {}), ABOUT, since) == ("shapes.py", 2)
    changed(tmp_path, "return found", "return []")
    assert place(({}, {}), ABOUT, since) == ("det.py", 19)


def test_git_must_know_both(tmp_path: Path, since: Since) -> None:
    """A file that is not tracked, a commit that is not there and no repository: the class."""
    (tmp_path / "new.py").write_text("\n\nclass Mine:\n    pass\n")
    assert place(({}, {}), {"target": "new:Mine"}, since) == ("new.py", 3)
    changed(tmp_path, "return found", "return []")
    gone = Since("0" * 40, tmp_path)
    assert place(({}, {}), ABOUT, gone) == place(({}, {}), ABOUT) == ("det.py", 16)
    (tmp_path / "det.py").write_bytes(MODULE.encode() + b"# caf\xe9\n")
    assert place(({}, {}), ABOUT, since) == ("det.py", 16)  # a diff in no encoding of ours


def test_rules_keep_their_place(tmp_path: Path, since: Since) -> None:
    """The rule that lost, whatever line changed; without one the line that changed."""
    about = {"target": "misusebench.detectors.rules:Rules", "parameters": {"rules": "rules.toml"}}
    (tmp_path / "rules.toml").write_text('[[rule]]\nid = "a"\n[[rule]]\nid = "b"\nsays = "x"\n')
    lost = {"rules": {"a": {"queries": 3}}}, {"rules": {}}
    assert place(lost, about, since) == ("rules.toml", 1)
    assert place(({}, {}), about, since) == ("rules.toml", 5)
