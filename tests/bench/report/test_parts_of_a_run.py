"""What a run has beside its results, or lacks: the page shows it, or leaves it out."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from misusebench import report
from misusebench.errors import SuiteError
from misusebench.gate import gate

if TYPE_CHECKING:
    from pathlib import Path

#: They stand on whole runs.
pytestmark = pytest.mark.slow


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
