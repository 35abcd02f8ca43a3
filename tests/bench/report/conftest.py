"""A run and its page, for the tests of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.bench import made_run

from misusebench import report
from misusebench.report import plots

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run with a failed component and one that is not applicable."""
    broken = made_run.result("broken", state="timeout", reasons=["took longer than 60 s"])
    missing = made_run.result("lacking", state="not_applicable", reasons=["needs requestor"])
    return made_run.write(tmp_path_factory.mktemp("report") / "run", extra=[broken, missing])


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the drawing, which takes most of a page's time."""
    monkeypatch.setattr(plots, "figure_of", lambda name, *_: f'<svg data-figure="{name}"></svg>')


@pytest.fixture(scope="session")
def page(run: Path) -> str:
    """Return its page."""
    return report.render(run)
