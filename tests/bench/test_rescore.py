"""Numbers of a run again from its raw scores: the same ones, or told where they were not."""

from __future__ import annotations

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from misusebench.__main__ import main
from misusebench.errors import SuiteError
from misusebench.rescore import rescore
from misusebench.result import load_run
from misusebench.run import run
from misusebench.suite import Suite, parse_component
from misusesim import simulate
from misusesim.scenario.load import load_scenario

#: They stand on a whole run.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a data set and a run of detectors, a policy and the label oracle on it."""
    root = tmp_path_factory.mktemp("rescore")
    simulate(load_scenario("tiny"), root / "data")
    parts = [
        parse_component("detector", name) for name in ("volume", "rules", "fan_in", "label_oracle")
    ]
    suite = Suite("own", (*parts, parse_component("policy", "eleven_rules")), review_budget=3)
    run(root / "data", suite, root / "run")
    return root


@pytest.fixture
def copy(made, tmp_path):
    """Return a copy of the run to change."""
    shutil.copytree(made / "run", tmp_path / "run")
    return tmp_path / "run"


def test_the_same_scores_give_the_same_run(made, copy):
    """Not a byte of the run changes, of detectors, policy and label oracle."""
    files = sorted(path for path in copy.rglob("*") if path.is_file())
    before = {path: path.read_bytes() for path in files}
    found = rescore(copy)
    assert (found.components, found.changed) == (5, {})
    assert {path: path.read_bytes() for path in files} == before
    assert made.exists()


def test_a_number_that_was_not_of_the_scores_is_mended_and_told(copy):
    """A metric written by hand is found, and what the scores say is written."""
    path = copy / "results" / "volume.json"
    told = json.loads(path.read_text())
    right = told["metrics"]["average_precision"]["value"]
    told["metrics"]["average_precision"]["value"] = 0.99
    path.write_text(json.dumps(told))
    found = rescore(copy)
    assert found.changed == {"volume": ["average_precision"]}
    _, results = load_run(copy)
    (volume,) = (one for one in results if one.name == "volume")
    assert volume.metrics["average_precision"]["value"] == right


def test_other_scores_give_other_numbers(copy):
    """Scores that are turned round change what depends on them."""
    path = copy / "scores" / "volume.parquet"
    scores = pq.read_table(path)
    pq.write_table(
        scores.set_column(1, "score", pa.array(-scores["score"].to_numpy())), path,
        write_page_checksum=True,
    )  # fmt: skip
    assert "average_precision" in rescore(copy).changed["volume"]


def test_scores_of_other_queries_are_refused(copy):
    """Ids that are not those of the data set's scored part are no scores of it."""
    path = copy / "scores" / "rules.parquet"
    scores = pq.read_table(path)
    ids = scores["query_id"].to_numpy().copy()
    ids[[0, 1]] = ids[[1, 0]]
    pq.write_table(scores.set_column(0, "query_id", pa.array(ids)), path, write_page_checksum=True)
    with pytest.raises(SuiteError, match="scores of rules are not of this data set's queries"):
        rescore(copy)


def test_the_wrong_data_set_is_refused(copy, tmp_path):
    """Another hash, and a folder that is gone."""
    simulate(load_scenario("tiny", ["seed=5"]), tmp_path / "other")
    with pytest.raises(SuiteError, match="its hash is another one"):
        rescore(copy, tmp_path / "other")
    with pytest.raises(SuiteError, match="is gone; name the run's data set with --data"):
        rescore(copy, tmp_path / "nowhere")


def test_missing_scores_are_told(copy):
    """With the file that is missing."""
    (copy / "scores" / "rules.parquet").unlink()
    with pytest.raises(SuiteError, match=r"rules\.parquet cannot be read"):
        rescore(copy)


def test_the_command_says_what_changed(copy, capsys):
    """As text and as JSON."""
    assert main(["rescore", str(copy), "-q"]) == 0
    assert "5 components from their raw scores, 0 with other numbers" in " ".join(
        capsys.readouterr().out.split()
    )
    assert main(["rescore", str(copy), "-q", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["data"]
    assert told == {"run": str(copy), "components": 5, "changed": {}}


def test_a_name_makes_no_oracle(made, copy):
    """A result that calls itself the label oracle, but was run, is measured by its scores."""
    for path in (copy / "results", copy / "scores"):
        for file in list(path.glob("volume.*")):
            (path / f"label_oracle{file.suffix}").unlink()
            file.rename(path / f"label_oracle{file.suffix}")
    run_path, result = copy / "run.json", copy / "results" / "label_oracle.json"
    told = json.loads(result.read_text())
    told["component"]["name"] = "label_oracle"
    result.write_text(json.dumps(told))
    listed = json.loads(run_path.read_text())
    listed["components"] = [n for n in listed["components"] if n != "volume"]
    run_path.write_text(json.dumps(listed))
    rescore(copy)
    _, results = load_run(copy)
    (one,) = (one for one in results if one.name == "label_oracle")
    assert one.metrics["average_precision"]["value"] < 0.5
    assert made.exists()


def test_nothing_is_written_where_one_cannot_be_measured(copy):
    """Missing scores of the last component leave the numbers of the first as they were."""
    path = copy / "results" / "volume.json"
    told = json.loads(path.read_text())
    told["metrics"]["average_precision"]["value"] = 0.99
    path.write_text(json.dumps(told))
    (copy / "scores" / "eleven_rules.parquet").unlink()
    with pytest.raises(SuiteError):
        rescore(copy)
    assert json.loads(path.read_text())["metrics"]["average_precision"]["value"] == 0.99
