"""The how-tos: every command runs; the reference pages are what the code makes; links lead on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.bench.gate.test_change import commit, git
from tests.markdown import blocks, dead_links, links, play, reachable

from misusebench.__main__ import main
from misusebench.reference import pages
from misusesim import fit

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
#: In the order in which they run, in one folder.
HOW_TOS = (
    "README.md", "compare-two-detectors.md", "write-a-plug-in.md", "gate-your-ci.md",
    "fit-a-scenario-to-your-log.md", "read-the-metrics.md",
)  # fmt: skip
#: What of the starter is smaller here, in each file; so small a world can hold no bounds, and so
#: few launches can tell no small slowdown.
SMALLER = {
    "world.toml": {
        "days = 42": "days = 10", "accounts_median = 40": "accounts_median = 14",
        "accounts_median = 60": "accounts_median = 18",
        'level = "easy"  ': 'level = "medium"',  # with so few days the fit depends on chance
    },
    "gate.toml": {
        "[1, 2, 3]": "[1]", "margin = 0.05 ": "launches = 5\npairs = 5\nmargin = 5.0 ",
        "margin = 0.10": "margin = 5.0\nlaunches = 1", "campaign_recall = 0.4": "",
        '"campaign_recall/*" = 0.2': "", '"alert_rate/*" = 0.2': "",
    },
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_how_tos_run(tmp_path, monkeypatch, capsys):
    """Each `$` line of each page exits with 0, on a smaller world and with a quick fit."""
    reachable(tmp_path)
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "-q", "-b", "main")
    monkeypatch.setattr(fit, "ROUNDS", 1)
    monkeypatch.setattr(fit, "_LEAST", (20, 3, 7))

    def run(words: list[str]) -> None:
        more = ["--workers", "1"] if words[0] == "simulate" else []
        code = main([*words, *more])
        assert code == 0, f"{words}\n{''.join(capsys.readouterr())}"
        capsys.readouterr()
        if words[0] == "init":
            for file, smaller in SMALLER.items():
                path = tmp_path / file
                text = path.read_text()
                for large, small in smaller.items():
                    assert large in text
                    text = text.replace(large, small)
                path.write_text(text)
            commit(tmp_path, "what init wrote")

    ran = {name: play(blocks(DOCS / name), tmp_path, run) for name in HOW_TOS}

    assert ran == dict(zip(HOW_TOS, (3, 12, 7, 5, 9, 2), strict=True))
    assert "<testsuites" in (tmp_path / "gate.xml").read_text()
    assert "MisuseBench gate: pass" in (tmp_path / "gate.md").read_text()


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

    assert told - known == {"ok", "random", "constant", "state", "review_budget"}
