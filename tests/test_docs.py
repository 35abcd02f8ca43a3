"""The how-tos: every command runs; the reference pages are what the code makes; links lead on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.markdown import blocks, dead_links, links, play, reachable
from typer.main import get_command

from misusebench.__main__ import main
from misusebench.cli import app
from misusebench.reference import pages
from misusesim import fit

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
#: In the order in which they run, in one folder.
HOW_TOS = (
    "README.md", "compare-two-detectors.md", "write-a-plug-in.md", "gate-your-ci.md",
    "fit-a-scenario-to-your-log.md", "read-the-metrics.md",
)  # fmt: skip
#: What of the starter's world is smaller here.
SMALLER = {
    "days = 42": "days = 10", "accounts_median = 40": "accounts_median = 14",
    "accounts_median = 60": "accounts_median = 18",
}  # fmt: skip
OPTIONS = {
    name: {flag for parameter in one.params for flag in parameter.opts}
    for name, one in get_command(app).commands.items()  # type: ignore[attr-defined]
}


def of_changes(words: list[str]) -> bool:
    """Tell whether a command judges a commit; the gate's own tests make repositories."""
    return "--base" in words


@pytest.mark.slow
def test_how_tos_run(tmp_path, monkeypatch, capsys):
    """Each `$` line of each page exits with 0, on a smaller world and with a quick fit."""
    reachable(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fit, "ROUNDS", 1)
    monkeypatch.setattr(fit, "_LEAST", (20, 3, 7))

    def run(words: list[str]) -> None:
        more = ["--workers", "1"] if words[0] == "simulate" else []
        code = main([*words, *more])
        assert code == 0, f"{words}\n{capsys.readouterr().err}"
        capsys.readouterr()
        if words[0] == "init":
            world = tmp_path / "world.toml"
            text = world.read_text()
            for large, small in SMALLER.items():
                assert large in text
                text = text.replace(large, small)
            world.write_text(text)

    ran = {name: play(blocks(DOCS / name), tmp_path, run, of_changes) for name in HOW_TOS}

    assert ran == dict(zip(HOW_TOS, (3, 9, 7, 3, 9, 2), strict=True))


def test_commands_that_judge_a_commit_have_options_that_exist():
    """Those that the test above leaves to the gate's own tests."""
    found = [
        words for name in HOW_TOS for block in blocks(DOCS / name) for words in block.commands
        if of_changes(words)
    ]  # fmt: skip
    assert found
    if "--base" not in OPTIONS["gate"]:
        pytest.skip("the gate does not judge commits yet")
    for _, command, *words in found:
        assert {word for word in words if word.startswith("-")} <= OPTIONS[command]


@pytest.mark.parametrize("name", sorted(pages()))
def test_reference_pages_are_what_the_code_makes(name):
    """A page that is behind is renewed by `python3 dev.py docs`."""
    assert (DOCS / name).read_text(encoding="utf-8") == pages()[name]


@pytest.mark.parametrize("page", sorted([*DOCS.glob("*.md"), ROOT / "CONTRIBUTING.md"]), ids=str)
def test_links_lead_somewhere(page):
    """Every relative link is a file, a folder or a heading."""
    assert dead_links(page) == []


def test_a_dead_link_is_seen(tmp_path):
    """What is not there is named, a heading as well."""
    page = tmp_path / "page.md"
    page.write_text("# One two\n[a](page.md#one-two) [b](gone.md) [c](#gone) [d](https://x.org)\n")

    assert dead_links(page) == ["gone.md", "#gone"]


def test_the_index_has_every_page():
    """docs/README.md leads to all."""
    others = {path.name for path in DOCS.glob("*.md")} - {"README.md"}

    assert others <= set(links(DOCS / "README.md"))


def test_metrics_that_a_page_names_exist():
    """A name in code type that looks like a metric is one."""
    text = (DOCS / "read-the-metrics.md").read_text(encoding="utf-8")
    known = set(re.findall(r"^\| `(\w+)`", pages()["metrics.md"], re.MULTILINE))
    told = {word.partition("/")[0] for word in re.findall(r"`([a-z0-9_]+(?:/[A-Z]+)?)`", text)}

    assert told - known == {"ok", "random", "state", "review_budget"}
