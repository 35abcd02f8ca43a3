"""The page in a browser: it sorts, filters, opens and prints, and axe-core finds nothing."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from prove.shared import browser as chromium
from tests.bench.made_run import HOSTILE

from misusebench import report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: They stand on whole runs.
pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return Debian's Chromium, one for all tests of this file."""
    if chromium.program() is None:
        pytest.skip("no Chromium on this machine")
    with chromium.launched() as found:
        yield found


@pytest.fixture(scope="module")
def written(run: Path) -> Path:
    """Return the file of the run's page."""
    return report.write_report(run, run.parent / "report.html")


@contextmanager
def opened(browser: Any, target: Path, **options: Any) -> Iterator[Any]:
    """Open a page; nothing may be said on the console nor asked for elsewhere."""
    with chromium.tab(browser, target, **options) as shown:
        yield shown.page
    assert shown.messages == []
    assert shown.requests == []


def broken_rules(page: Any) -> list[str]:
    """Return the rules of axe-core that a page breaks, with the first place of each."""
    found = chromium.axe(page)
    assert len(found["passes"]) > 20  # it has looked
    found = found["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


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
        chromium.unfold(page)
        wide = chromium.wider(page)
        faults = broken_rules(page)
    assert (before, after) == ("label_oracle", "random")
    assert len(sizes) == 5
    assert min(sizes) > 100
    assert wide == 0
    assert faults == []


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
        assert chromium.wider(page) == 0


@pytest.mark.parametrize("script", [True, False])
def test_what_columns_mean_opens_by_keyboard(browser: Any, written: Path, script: bool) -> None:
    """Tab reaches the list below a table, Enter opens it, in a narrow window and without script."""
    narrow = {"width": 400, "height": 800}
    with opened(browser, written, viewport=narrow, java_script_enabled=script) as page:
        terms = page.locator("#policies details.terms").first
        told = terms.get_by_text("asked again with one fact missing")
        assert not told.is_visible()
        terms.locator("summary").focus()
        page.keyboard.press("Enter")
        assert told.is_visible()
        assert terms.locator("dt").last.inner_text() == "fail-open"
        box = told.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 400


@pytest.mark.parametrize("script", [True, False])
def test_what_columns_mean_is_printed(browser: Any, written: Path, script: bool) -> None:
    """Paper cannot be opened: every list is there, and campaigns stay folded."""
    with opened(browser, written, java_script_enabled=script) as page:
        told = page.locator("details.terms dd")
        assert told.count() > 30
        assert told.locator("visible=true").count() == 0
        page.emulate_media(media="print")
        assert told.locator("visible=true").count() == told.count()
        assert not page.locator("#campaign-list > details p").first.is_visible()


def test_without_script_everything_is_there(browser: Any, written: Path) -> None:
    """Tables, figures and campaigns; those open without script, and no control is left idle."""
    with opened(browser, written, java_script_enabled=False) as page:
        assert page.locator("table").count() >= 10
        assert page.locator("button, select, input").count() == 0
        first = page.locator("#campaign-list > details").first
        first.locator("summary").click()
        assert first.locator("ul.who").first.is_visible()


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
