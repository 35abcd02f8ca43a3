"""The report: self-contained, escaped, deterministic, readable, and it opens in a browser."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
from contextlib import contextmanager
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
    from collections.abc import Iterator
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return Debian's Chromium, one for all tests of this file."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as driver:
        yield driver.chromium.launch(executable_path=path, args=["--no-sandbox"])


@pytest.fixture(scope="module")
def written(run: Path) -> Path:
    """Return the file of the run's page."""
    return report.write_report(run, run.parent / "report.html")


@contextmanager
def opened(browser: Any, target: Path, **options: Any) -> Iterator[Any]:
    """Open a page; nothing may be said on the console nor asked for elsewhere."""
    told: list[str] = []
    context = browser.new_context(**options)
    page = context.new_page()
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: told.append(request.url))
    page.goto(target.as_uri())
    yield page
    context.close()
    assert [one for one in told if not one.startswith(("file:", "data:"))] == []


def broken_rules(page: Any) -> list[str]:
    """Return the rules of axe-core that a page breaks, with the first place of each."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415

    found = Axe().run(page).response
    assert len(found["passes"]) > 20  # it has looked
    found = found["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_in_a_browser(browser: Any, written: Path, scheme: Any) -> None:
    """Tables sort, figures have a size, nothing is wider than the window, axe finds nothing."""
    with opened(browser, written, color_scheme=scheme) as page:
        first = page.locator("#leaderboard table.sortable tbody tr th").first
        before = first.inner_text()
        page.locator("#leaderboard table.sortable thead button").nth(3).click()
        page.locator("#leaderboard table.sortable thead button").nth(3).click()
        after = first.inner_text()
        sizes = page.eval_on_selector_all(
            "svg.figure", "all => all.map(one => one.getBoundingClientRect().height)"
        )
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        faults = broken_rules(page)
    assert (before, after) == ("label_oracle", "random")
    assert len(sizes) == 5
    assert min(sizes) > 100
    assert wide <= 0
    assert faults == []


@pytest.mark.browser
def test_campaigns_are_filtered_and_opened_by_keyboard(browser: Any, written: Path) -> None:
    """The choice of a finder and of who misses leaves as many as the data say; Enter opens one."""
    with opened(browser, written, viewport={"width": 400, "height": 800}) as page:
        every = page.locator("#campaign-list > details").count()
        page.get_by_label("found by").select_option("good")
        page.get_by_label("missed by").select_option("fair")
        told = json.loads(page.locator("#page-data").text_content())
        good, fair = told["detectors"].index("good"), told["detectors"].index("fair")
        wanted = sum(good in c["found"] and fair not in c["found"] for c in told["campaigns"])
        shown = page.locator("#campaign-list > details:visible")
        assert shown.count() == wanted
        assert 0 < wanted < every
        assert page.get_by_text(f"{wanted} of {every} campaigns").is_visible()
        shown.first.locator("summary").focus()
        page.keyboard.press("Enter")
        assert shown.first.get_by_text("Found by", exact=True).is_visible()
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


@pytest.mark.browser
def test_without_script_everything_is_there(browser: Any, written: Path) -> None:
    """Tables, figures and campaigns; those open without script, and no control is left idle."""
    with opened(browser, written, java_script_enabled=False) as page:
        assert page.locator("table").count() >= 10
        assert page.locator("button, select, input").count() == 0
        first = page.locator("#campaign-list > details").first
        first.locator("summary").click()
        assert first.locator("ul.who").first.is_visible()


@pytest.mark.browser
def test_hostile_names_run_nothing(browser: Any, run: Path, tmp_path: Path) -> None:
    """Names of components and campaigns with markup in them stay text, and axe finds nothing."""
    folder = shutil.copytree(run, tmp_path / "hostile")
    path = folder / "campaigns.json"
    told = json.loads(path.read_text())
    for campaign, name in zip(told["campaigns"], HOSTILE, strict=False):
        campaign["campaign_id"] = name
    told["campaigns"][0]["kind"] = HOSTILE[0]
    path.write_text(json.dumps(told))
    with opened(browser, report.write_report(folder, tmp_path / "hostile.html")) as page:
        assert page.evaluate("document.images.length") == 0
        assert page.locator("script").count() == 2
        assert HOSTILE[0] in page.locator("#campaigns").inner_text()
