"""A page in Debian's Chromium: what it says, what it asks for, what axe-core finds."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Name -> options of a browser's context.
WAYS: Final[dict[str, dict[str, Any]]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "light, 400 pixels wide": {"color_scheme": "light", "viewport": {"width": 400, "height": 800}},
    "light, no script": {"color_scheme": "light", "java_script_enabled": False},
}
_PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")


class Opened(NamedTuple):
    """What came of opening a page one way."""

    name: str
    messages: list[str]  # on the console, and faults of scripts
    requests: list[str]  # for anything but the page itself
    violations: list[str]  # of axe-core's rules
    wider: int  # pixels that the page is wider than the window
    axe: str
    browser: str


class Tab(NamedTuple):
    """A page that is open; the lists grow as it speaks."""

    page: Any
    messages: list[str]  # on the console, and faults of scripts
    requests: list[str]  # for anything but files and what the page holds itself


def program() -> str | None:
    """Return the path of a Chromium, None if there is none."""
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)


@contextmanager
def launched() -> Iterator[Any]:
    """Start a headless Chromium, and end it.

    Raises
    ------
    SystemExit
        If there is no Chromium.
    """
    path = program()
    if path is None:
        raise SystemExit("no Chromium here; on Debian: apt-get install chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def tab(browser: Any, target: Path, **options: Any) -> Iterator[Tab]:
    """Open a file in a context of its own, whose options are given."""
    context = browser.new_context(**options)
    opened = Tab(context.new_page(), [], [])

    def asked(url: str) -> None:
        if not url.startswith(("file:", "data:")):
            opened.requests.append(url)

    opened.page.on("console", lambda message: opened.messages.append(message.text))
    opened.page.on("pageerror", lambda error: opened.messages.append(str(error)))
    opened.page.on("request", lambda request: asked(request.url))
    opened.page.goto(target.as_uri())
    yield opened
    context.close()


def unfold(page: Any) -> None:
    """Open all that folds up."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


def wider(page: Any) -> int:
    """Return by how many pixels a page is wider than its window, 0 if it fits."""
    found = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return max(0, int(found))


def axe(page: Any) -> dict[str, Any]:
    """Return what axe-core says of a page, in its own words."""
    return dict(Axe().run(page).response)


def opened(page: Path) -> list[Opened]:
    """Open a page every way, with all that folds up opened, and return what came of it.

    Raises
    ------
    SystemExit
        If there is no Chromium.
    """
    with launched() as browser:
        return [_opened(browser, page, name, options) for name, options in WAYS.items()]


def _opened(browser: Any, page: Path, name: str, options: dict[str, Any]) -> Opened:
    violations: list[str] = []
    version, over = "", 0
    with tab(browser, page, **options) as shown:
        if options.get("java_script_enabled", True):
            unfold(shown.page)
            over = wider(shown.page)
            told = axe(shown.page)
            version = told["testEngine"]["version"]
            violations = [f"{one['id']} ({len(one['nodes'])})" for one in told["violations"]]
    return Opened(
        name, shown.messages, shown.requests, violations, over, version,
        f"Chromium {browser.version}",
    )  # fmt: skip
