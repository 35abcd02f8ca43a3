"""The page as a text: self-contained, escaped, deterministic, readable."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from tests.bench.made_run import HOSTILE

from misusebench import report
from misusebench.report import plots

if TYPE_CHECKING:
    from pathlib import Path

#: They stand on whole runs.
pytestmark = pytest.mark.slow


class Outline(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and its attributes."""
        self.tags.append((tag, dict(attrs)))


def outline(text: str) -> list[tuple[str, dict[str, str | None]]]:
    """Return all tags of a page with their attributes."""
    parser = Outline()
    parser.feed(text)
    return parser.tags


def test_the_page_is_written_and_small(run: Path, tmp_path: Path) -> None:
    """Far below 2 MB, although every figure is in it."""
    path = report.write_report(run, tmp_path / "deep" / "report.html")
    assert 50_000 < path.stat().st_size < 1_000_000


def test_same_run_same_bytes(run: Path, page: str) -> None:
    """Rendering again gives the same text: no date, no random id."""
    assert report.render(run) == page


def test_all_sections_are_there(page: str) -> None:
    """Every section that the run has data for, in reading order, linked from the top."""
    names = re.findall(r'<section id="([^"]+)"', page)
    assert names == [
        "leaderboard", "precision-recall", "kinds", "oddities", "time-to-detect", "accusations",
        "policies", "cost", "speed", "campaigns", "data", "reproduce",
    ]  # fmt: skip
    assert all(f'href="#{name}"' in page for name in names)


def test_nothing_is_asked_for_outside(page: str) -> None:
    """No address but anchors, an empty icon and the names of XML spaces."""
    for tag, attributes in outline(page):
        for key in ("src", "href", "xlink:href", "action", "srcset", "data"):
            value = attributes.get(key)
            assert value is None or value.startswith("#") or value == "data:,", (tag, key, value)
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) <= {
        "http://www.w3.org/1999/xlink", "http://www.w3.org/2000/svg",
    }  # fmt: skip
    assert "@import" not in page
    assert "url(http" not in page


def test_the_content_policy_fits_style_and_script(page: str) -> None:
    """Hashes in the policy are those of the one style and the one script; nothing unsafe."""
    policy = html.unescape(re.search(r'Security-Policy" content="([^"]+)"', page)[1])  # type: ignore[index]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    for tag in ("style", "script"):
        bodies = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert len(bodies) == 1
        digest = base64.b64encode(hashlib.sha256(bodies[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_no_inline_style_and_no_handler(page: str) -> None:
    """The policy would block them, so there are none, not even in figures."""
    for tag, attributes in outline(page):
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag


def test_ids_are_unique(page: str) -> None:
    """Figures do not share ids, or clip paths would mix up."""
    ids = [a["id"] for _, a in outline(page) if "id" in a]
    clips = [i for i in ids if i and re.fullmatch(r"p[0-9a-f]{10}", i)]
    assert len(clips) == len(set(clips))
    assert len([i for i in ids if i == "leaderboard"]) == 1


def test_tables_are_accessible(page: str) -> None:
    """Each table has a caption, column heads and row heads with their scope."""
    tables = re.findall(r"<table.*?</table>", page, re.DOTALL)
    assert len(tables) >= 10
    for table in tables:
        assert "<caption>" in table
        assert 'scope="col"' in table
        assert 'scope="row"' in table
        heads = table.count('scope="col"')
        for row in re.findall(r"<tr[^>]*><th scope=\"row\".*?</tr>", table, re.DOTALL):
            assert row.count("<td") == heads - 1


def test_column_heads_are_explained_in_text(page: str) -> None:
    """What hovering over a head shows is said below its table too, in the order of the columns."""
    pieces = re.split(r"(?=<table)", page)[1:]
    explained = [one for one in pieces if '<th scope="col"' in one and " title=" in one]
    shown = [re.findall(r'<th scope="col"[^>]* title="([^"]+)">([^<]+)</th>', p) for p in pieces]
    told = [re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", one) for one in pieces]
    assert len(explained) >= 6
    assert [[(name, why) for why, name in one] for one in shown] == told
    assert page.count('<details class="terms">') == sum(map(bool, shown))


def test_readable_without_script(page: str) -> None:
    """All numbers are in the tables; the script only sorts."""
    text = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    for word in ("label_oracle", "took longer than 60 s", "needs requestor", "plausible case",
                 "lawful licensing", "half + good"):  # fmt: skip
        assert word in text
    assert "NaN" not in re.sub(r'data-value="nan"', "", text)


def test_hostile_names_stay_text(run: Path, tmp_path: Path) -> None:
    """Names of components, data and reasons never become markup, in page or figure."""
    folder = shutil.copytree(run, tmp_path / "hostile")
    told = json.loads((folder / "run.json").read_text())
    told["dataset"]["name"] = HOSTILE[0]
    told["suite"] = HOSTILE[1]
    (folder / "run.json").write_text(json.dumps(told))
    broken = json.loads((folder / "results" / "broken.json").read_text())
    broken["reasons"] = list(HOSTILE)
    (folder / "results" / "broken.json").write_text(json.dumps(broken))
    for name in ("good", "fair"):
        path = folder / "results" / f"{name}.json"
        data = json.loads(path.read_text())
        data["component"]["target"] = HOSTILE[1]
        path.write_text(json.dumps(data))
    text = report.render(folder)
    tags = [tag for tag, _ in outline(text)]
    assert tags.count("script") == 2  # the page's own, and data that nothing runs
    assert "img" not in tags
    assert not set("\u2028\x1b") & set(text)
    marked = report.summary(folder)
    assert "<script" not in marked
    assert "<img" not in marked


def test_hostile_names_in_figures() -> None:
    """A legend shows a name with markup and formula signs as it is."""
    points = {"recall": [1.0], "precision": [0.5], "base_rate": 0.5, "budget": None}
    lines = [(name, points) for name in HOSTILE[:3]]
    svg = plots.precision_recall(lines, plots.colours([n for n, _ in lines], ()))
    tags = [tag for tag, _ in outline(svg)]
    assert "script" not in tags
    assert "img" not in tags
    assert html.escape(HOSTILE[2], quote=False).split("&")[0] in svg


def test_colours_tell_controls_apart() -> None:
    """Controls share a grey and differ in dashes; the eleventh series gets new dashes."""
    names = [f"d{i}" for i in range(11)] + ["random", "constant"]
    look = plots.colours(names, ("random", "constant"))
    assert look["random"][0] == look["constant"][0] == plots.CONTROL
    assert look["random"][1] != look["constant"][1]
    assert look["d0"][0] == look["d10"][0]
    assert look["d0"][1] != look["d10"][1]
