"""The report: self-contained, escaped, deterministic, readable, and it opens in a browser."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console
from tests.bench import made_run

from misusebench import report
from misusebench.errors import SuiteError
from misusebench.gate import gate
from misusebench.report import plots, view

if TYPE_CHECKING:
    from pathlib import Path

#: They stand on whole runs.
pytestmark = pytest.mark.slow

#: Names that must stay text wherever they are shown.
HOSTILE = (
    "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "$\\frac{$&\"'",
    "a\u2028b", "\x1b[31mred", "{{7*7}}",
)  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run with a failed component and one that is not applicable."""
    broken = made_run.result("broken", state="timeout", reasons=["took longer than 60 s"])
    missing = made_run.result("lacking", state="not_applicable", reasons=["needs requestor"])
    return made_run.write(tmp_path_factory.mktemp("report") / "run", extra=[broken, missing])


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the drawing, which takes most of a page's time."""
    monkeypatch.setattr(plots, "figure_of", lambda name, *_: f'<svg data-figure="{name}"></svg>')


@pytest.fixture(scope="module")
def page(run: Path) -> str:
    """Return its page."""
    return report.render(run)


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


@pytest.mark.usefixtures("no_figures")
def test_the_verdict_is_on_top(run: Path, page: str, tmp_path: Path) -> None:
    """A failed component without a gate; the gate's verdict where there is one."""
    assert (
        page.index("2 components") if "2 components" in page else page.index("1 component failed")
    )
    folder = shutil.copytree(run, tmp_path / "gated")
    told = json.loads((folder / "run.json").read_text())
    told["components"] = [n for n in told["components"] if n not in ("broken", "strange")]
    (folder / "run.json").write_text(json.dumps(told))
    verdict = gate(folder, folder)
    (folder / "verdict.json").write_text(json.dumps(verdict.as_json()))
    text = report.render(folder)
    assert "Pass: nothing is worse" in text
    assert text.index("Pass: nothing") < text.index('<section id="leaderboard"')
    assert "**Verdict: pass**" in report.summary(folder)


@pytest.mark.usefixtures("no_figures")
@pytest.mark.parametrize("status", ["regression", "inconclusive", "failed"])
def test_every_verdict_has_words(run: Path, tmp_path: Path, status: str) -> None:
    """Each status is said in words, with the faults below."""
    folder = shutil.copytree(run, tmp_path / "gated")
    checks = [{"status": status, "message": "good lost 0.3"}, {"status": "new", "message": "x"}]
    (folder / "verdict.json").write_text(json.dumps({"status": status, "checks": checks}))
    text = report.render(folder)
    assert f'class="verdict {status}"' in text
    assert "<li>good lost 0.3</li>" in text


@pytest.mark.usefixtures("no_figures")
def test_realism_is_shown_if_given(run: Path, tmp_path: Path) -> None:
    """Profiles side by side, with a dash where one lacks a measure."""
    folder = shutil.copytree(run, tmp_path / "real")
    profiles = [{"name": "made", "night_share": 0.25, "n": 5}, {"name": "Eugene", "n": 3}]
    (folder / "realism.json").write_text(json.dumps({"profiles": profiles}))
    text = report.render(folder)
    assert '<section id="data"' in text
    assert "night share" in text
    assert "Eugene" in text


@pytest.mark.usefixtures("no_figures")
def test_few_officers_are_warned_of(run: Path, tmp_path: Path) -> None:
    """Below thirty misusing officers the page says that intervals are unreliable."""
    assert "Intervals are unreliable" not in report.render(run)
    folder = shutil.copytree(run, tmp_path / "few")
    path = folder / "results" / "good.json"
    told = json.loads(path.read_text())
    told["diagnostics"]["curves"]["misusing_officers"] = 7
    path.write_text(json.dumps(told))
    assert "only 7 misusing officers" in report.render(folder)


@pytest.mark.usefixtures("no_figures")
def test_a_run_without_curves_or_policies(run: Path, tmp_path: Path) -> None:
    """What the run lacks is left out, nothing breaks."""
    folder = shutil.copytree(run, tmp_path / "bare")
    for path in (folder / "results").glob("*.json"):
        data = json.loads(path.read_text())
        path.write_text(json.dumps({**data, "diagnostics": {}}))
    told = json.loads((folder / "run.json").read_text())
    told["components"].remove("half")
    (folder / "run.json").write_text(json.dumps(told))
    names = re.findall(r'<section id="([^"]+)"', report.render(folder))
    assert names == ["leaderboard", "accusations", "speed", "campaigns", "data", "reproduce"]


def test_no_run(tmp_path: Path) -> None:
    """An empty folder is a usage error."""
    with pytest.raises(SuiteError, match="holds no run"):
        report.render(tmp_path)


def shown(run: Path, width: int) -> str:
    """Return the terminal leaderboard as text."""
    with open("/dev/null", "w") as sink:  # noqa: PTH123
        console = Console(width=width, record=True, file=sink)
        console.print(report.leaderboard(run))
        return console.export_text()


def test_the_terminal_leaderboard(run: Path) -> None:
    """Best first, intervals below, failures below the table, no line too long."""
    text = shown(run, 100)
    order = [text.index(f"\n {n} ") if f"\n {n} " in text else text.index(n)
             for n in ("label_oracle", "good", "fair", "constant")]  # fmt: skip
    assert order == sorted(order)
    assert "broken: timeout: took longer than 60 s" in text
    assert "Policies" in text
    assert "campaigns of 40 officers lie in the scored part" in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 100


def test_a_terminal_cannot_be_steered(run: Path, tmp_path: Path) -> None:
    """Escape sequences in a reason are shown, not sent."""
    folder = shutil.copytree(run, tmp_path / "hostile")
    path = folder / "results" / "broken.json"
    told = json.loads(path.read_text())
    told["reasons"] = ["\x1b]0;title\x07"]
    path.write_text(json.dumps(told))
    assert "\x1b" not in shown(folder, 120)


def test_the_markdown_summary(run: Path) -> None:
    """A table a kind of component, with intervals; as many cells in each row as heads."""
    text = report.summary(run)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert rows[0].startswith("| detector | campaigns caught")
    detectors = rows[: rows.index(next(r for r in rows if r.startswith("| policy")))]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in detectors} == {7}
    assert re.search(r"\| good \| \d\d\.\d % \(\d\d\.\d–\d\d\.\d %\)", text)  # noqa: RUF001


def test_small_shares_keep_a_digit() -> None:
    """A share of 0.0004 is 0.040 %, not 0.0 %."""
    one = made_run.result("x", metrics={"a": {"value": 0.0004, "unit": "", "direction": ""}})
    assert view.text(one, "a", ".1%") == "0.040 %"
    assert view.text(one, "b", ".1%") == "–"  # noqa: RUF001


def test_colours_tell_controls_apart() -> None:
    """Controls share a grey and differ in dashes; the eleventh series gets new dashes."""
    names = [f"d{i}" for i in range(11)] + ["random", "constant"]
    look = plots.colours(names, ("random", "constant"))
    assert look["random"][0] == look["constant"][0] == plots.CONTROL
    assert look["random"][1] != look["constant"][1]
    assert look["d0"][0] == look["d10"][0]
    assert look["d0"][1] != look["d10"][1]


def chromium() -> str | None:
    """Return the path of a Chromium, if there is one."""
    return next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_in_a_browser(run: Path, tmp_path: Path, scheme: Any) -> None:
    """No message on the console, no request but the page, tables sort, figures have a size."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    target = report.write_report(run, tmp_path / "report.html")
    told: list[str] = []
    asked: list[str] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(color_scheme=scheme)
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(target.as_uri())
        first = page.locator("#leaderboard table.sortable tbody tr th").first
        before = first.inner_text()
        page.locator("#leaderboard table.sortable thead button").nth(2).click()
        page.locator("#leaderboard table.sortable thead button").nth(2).click()
        after = first.inner_text()
        sizes = page.eval_on_selector_all(
            "svg.figure", "all => all.map(one => one.getBoundingClientRect().height)"
        )
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        browser.close()
    assert told == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert (before, after) == ("label_oracle", "random")
    assert len(sizes) == 4
    assert min(sizes) > 100
    assert wide <= 0
