"""A page in Debian's Chromium: what it says, what it asks for, what axe-core finds."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from pathlib import Path

#: Name -> options of a browser's context.
WAYS: Final[dict[str, dict[str, Any]]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "light, 400 pixels wide": {"color_scheme": "light", "viewport": {"width": 400, "height": 800}},
    "light, no script": {"color_scheme": "light", "java_script_enabled": False},
}


class Opened(NamedTuple):
    """What came of opening a page one way."""

    name: str
    messages: list[str]  # on the console, and faults of scripts
    requests: list[str]  # for anything but the page itself
    violations: list[str]  # of axe-core's rules
    wider: int  # pixels that the page is wider than the window
    axe: str
    browser: str


def opened(page: Path) -> list[Opened]:
    """Open a page every way, with all that folds up opened, and return what came of it.

    Raises
    ------
    SystemExit
        If there is no Chromium.
    """
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if program is None:
        raise SystemExit("no Chromium here; on Debian: apt-get install chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        found = [_opened(browser, page, name, options) for name, options in WAYS.items()]
        browser.close()
    return found


def _opened(browser: Any, page: Path, name: str, options: dict[str, Any]) -> Opened:
    messages: list[str] = []
    requests: list[str] = []
    context = browser.new_context(**options)
    tab = context.new_page()
    tab.on("console", lambda message: messages.append(message.text))
    tab.on("pageerror", lambda error: messages.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(page.as_uri())
    violations: list[str] = []
    version, wider = "", 0
    if options.get("java_script_enabled", True):
        tab.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        wider = tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        told = Axe().run(tab).response
        version = told["testEngine"]["version"]
        violations = [f"{one['id']} ({len(one['nodes'])})" for one in told["violations"]]
    context.close()
    elsewhere = [url for url in requests if not url.startswith(("file:", "data:"))]
    return Opened(
        name, messages, elsewhere, violations, max(0, wider), version,
        f"Chromium {browser.version}",
    )  # fmt: skip
