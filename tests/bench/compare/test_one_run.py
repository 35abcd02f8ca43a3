"""The components of one run among each other: what is told, what takes a second run."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from tests.bench import made_run
from tests.bench.conftest import validator

from misusebench.__main__ import main
from misusebench.compare import Comparison, Wanted, compare, page, shown, tables, whole
from misusebench.errors import SuiteError

if TYPE_CHECKING:
    from pathlib import Path

#: They stand on a whole run.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of seven detectors and a policy."""
    return made_run.write(tmp_path_factory.mktemp("one") / "run")


@pytest.fixture(scope="module")
def found(run: Path) -> Comparison:
    """Return its comparison, of two detectors' campaigns."""
    return compare([run], None, Wanted(between=(("fair", "coarse"),)))


def text(told: Comparison) -> str:
    """Return what a terminal shows."""
    console = Console(width=120)
    with console.capture() as said:
        console.print(shown.text(told))
    return said.get()


def test_each_component_is_there_once_by_its_plain_name(found: Comparison) -> None:
    """Seven detectors have 21 pairs, and nothing is laid against a first run."""
    names = [one.name for one in found.configurations]
    assert names == [*made_run.detector_scores(made_run.table()), "half"]
    assert (found.heads, found.differences) == ((), ())
    assert len(found.rankings[0].pairs) == found.rankings[0].family == 21
    assert all("changes" not in note for note in found.notes)


def test_a_terminal_tells_the_two_that_were_asked_for(found: Comparison, run: Path) -> None:
    """Their places, their pair, corrected for all, and two columns; the page has every pair."""
    told = " ".join(text(found).split())
    assert told.startswith(f"The components of {run} among each other: 7 detectors and 1 policy;")
    assert "4 alerts a day read" in told
    assert "p corrected over all 21 tests" in told
    assert "2 of 7, as asked for" in told
    assert "noisy" not in told
    assert "The one of 21 pairs that was asked for" in told
    assert "Found by fair, missed by coarse" in told
    assert "misuse prevented" not in told
    made = page.page(found)
    assert f"The components of {run} among each other" in made
    assert "asked for" not in made
    assert "Changes" not in made
    (pairs,) = (one for one in tables.tables(found) if one.heads[0] == "ahead")
    assert len(pairs.rows) == 21
    places = next(one for one in tables.tables(found) if one.heads[:2] == ("detector", "rank"))
    assert len(places.rows) == 7


def test_both_ways_are_those_of_the_run(found: Comparison, run: Path) -> None:
    """Campaigns of one alone are those to which the run gives a chance of a half and less."""
    kept = json.loads((run / "campaigns.json").read_text())
    chance = [kept["detectors"][name]["chance"] for name in ("fair", "coarse")]
    ids = [one["campaign_id"] for one in kept["campaigns"]]
    first = [i for i, a, b in zip(ids, *chance, strict=True) if a >= 0.5 > b]
    second = [i for i, a, b in zip(ids, *chance, strict=True) if b >= 0.5 > a]
    (apart,) = found.campaigns
    assert first
    assert [one.campaign_id for one in apart.only_first] == first
    assert [one.campaign_id for one in apart.only_second] == second


def test_nobody_asked_for(run: Path) -> None:
    """The two that stand first are held against each other; a terminal has all pairs."""
    told = compare([run], None, Wanted(among=("good", "fair", "coarse", "half")))
    best = [one.name for one in told.rankings[0].standings[:2]]
    assert [told.campaigns[0].first, told.campaigns[0].second] == best
    assert "3 detectors and 1 policy" in text(told).replace("\n", "")
    assert told.rankings[0].family == 3


def test_what_takes_a_second_run(run: Path) -> None:
    """Metrics of differences, and the same run as the second one."""
    with pytest.raises(SuiteError, match=r"there is one run; --rank lift ranks its components"):
        compare([run], ["lift"])
    with pytest.raises(SuiteError, match="is given twice; to compare its components give it once"):
        compare([run, run])


def test_a_run_without_a_valid_component(run: Path, tmp_path: Path) -> None:
    """Is told, with the reasons: empty tables would look like an answer."""
    other = shutil.copytree(run, tmp_path / "other")
    told = json.loads((other / "run.json").read_text())
    told["components"] = ["good"]
    (other / "run.json").write_text(json.dumps(told))
    path = other / "results" / "good.json"
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({**kept, "state": "invalid", "reasons": ["it raised"]}))
    with pytest.raises(SuiteError, match="has a valid result: good: it raised"):
        compare([other])


def test_wrong_names_are_told_before_anything_is_drawn(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a configuration and of a component; draws take seconds."""
    monkeypatch.setattr(whole, "draws_of", lambda *_: pytest.fail("it was drawn"))
    with pytest.raises(SuiteError, match="'god'; did you mean good"):
        compare([run], None, Wanted(between=(("god", "fair"),)))
    with pytest.raises(SuiteError, match="--component god"):
        compare([run], None, Wanted(among=("god",)))
    with pytest.raises(SuiteError, match="is explained from the run's data set"):
        compare([run], None, Wanted(explain="m-01"))


def test_two_runs_by_one_name(run: Path, tmp_path: Path) -> None:
    """One component twice is its two runs; once it is in both, and that is said."""
    other = shutil.copytree(run, tmp_path / "later")
    told = compare([run, other], None, Wanted(between=(("fair", "fair"),)))
    assert [(one.first, one.second) for one in told.campaigns] == [("fair @ run", "fair @ later")]
    same = "fair @ run and fair @ later find the same campaigns: both find"
    assert any(note.startswith(same) for note in told.notes)
    with pytest.raises(SuiteError, match="fair is in several runs; name one of 'fair @ run'"):
        compare([run, other], None, Wanted(between=(("fair", "good"),)))


def test_other_budgets_and_names_say_what_to_do(run: Path, tmp_path: Path) -> None:
    """A suite's `fair` and the class `Fair` at another budget: neither is paired, and why."""
    other = shutil.copytree(run, tmp_path / "other")
    told = json.loads((other / "run.json").read_text())
    told |= {"review_budget": 10, "components": ["Fair"]}
    (other / "run.json").write_text(json.dumps(told))
    kept = json.loads((other / "results" / "fair.json").read_text())
    kept["component"]["name"] = "Fair"
    (other / "results" / "Fair.json").write_text(json.dumps(kept))
    said = compare([run, other])
    assert "a run has that of its suite, also with --detector" in said.notes[0]
    assert any(note.startswith("fair and Fair may be the same component") for note in said.notes)
    assert text(said).strip() == ""
    with pytest.raises(SuiteError, match="nobody is left to hold against each other: the runs"):
        compare([run, other], None, Wanted(between=(("fair", "Fair"),)))


def test_the_command(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON as its schema says, a page, Markdown and a figure of each kind of component."""
    files = [tmp_path / name for name in ("page.html", "page.md", "plot.svg", "plot.png")]
    for out, plot in zip(files[:2], files[2:], strict=True):
        assert main(["compare", str(run), "-o", str(out), "--plot", str(plot), "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert list(validator("compare").iter_errors(told)) == []
        assert told["data"]["heads"] == []
    assert all(path.stat().st_size > 1000 for path in files)
    assert (tmp_path / "plot-policy.svg").exists()
    assert "campaign recall, 95 % intervals over officers" in files[2].read_text()
