from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from misusebench import result as results
from misusebench.errors import SuiteError
from misusebench.result import Result


def make(**changes) -> Result:
    base = {
        "dataset": {"name": "w", "hash": "h", "rows": 9, "scored_rows": 5},
        "scenario_hash": "s",
        "component": {"kind": "detector", "name": "volume", "parameters": {}},
        "tier": "T3",
        "seeds": {"suite": 0},
        "isolation": {"level": "landlock", "not_stopped": []},
        "state": "ok",
        "metrics": {"ap": {"value": 0.5, "unit": "", "direction": "higher"}},
        "ungated": {"timing": {"fit_s": 1.0}},
    }
    return Result(**(base | changes))


def test_a_result_survives_its_file(tmp_path):
    """What is saved is loaded again, unchanged, with sorted keys."""
    path = results.save(make(), tmp_path)
    assert path == tmp_path / "results/volume.json"
    assert results.load(path) == make()
    text = path.read_text(encoding="utf-8")
    assert list(json.loads(text)) == sorted(json.loads(text))
    assert [p.name for p in path.parent.iterdir()] == ["volume.json"]


def test_two_equal_runs_differ_in_ungated_only():
    """The gated part holds no clock and no machine."""
    one, other = make(), make(ungated={"timing": {"fit_s": 2.0}})
    assert one.gated() == other.gated()
    assert one.as_json() != other.as_json()


def test_states():
    """Only a component that failed makes a run fail; not applicable is no failure."""
    assert (make().valid, make().failed) == (True, False)
    off = make(state="not_applicable")
    assert (off.valid, off.failed) == (False, False)
    assert make(state="oom").failed


def test_no_nan_in_json():
    """Numpy numbers become numbers, what is not finite null."""
    value = {"a": np.float64("nan"), "b": [np.int64(3), float("inf")], "c": np.arange(2)}
    assert json.loads(results.dumps(value)) == {"a": None, "b": [3, None], "c": [0, 1]}


def test_metrics_have_a_reason_where_they_are_undefined():
    """An undefined value is null and says why."""
    good = SimpleNamespace(value=0.25, low=0.1, high=0.4, unit="share", direction="higher", n=7)
    bad = SimpleNamespace(value=float("nan"), unit="days", direction="lower", reason="no campaign")
    found = results.metrics_json({"good": good, "bad": bad})
    assert found["good"] == {
        "value": 0.25, "low": 0.1, "high": 0.4, "unit": "share", "direction": "higher", "n": 7,
    }  # fmt: skip
    assert (found["bad"]["value"], found["bad"]["reason"]) == (None, "no campaign")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": "9"}, "schema_version is '9', this package reads '1'"),
        ({"metrics": []}, "metrics must be dict, got list"),
        ({"state": "fine"}, "state must be one of ok, not_applicable"),
        ({"metrics": {"ap": {}}}, "metrics.ap must have value, unit and direction"),
        ({"component": {}}, "component.name must be str"),
    ],
)
def test_a_wrong_file_is_told(tmp_path, change, message):
    """Loading says what is wrong with a result file."""
    path = tmp_path / "r.json"
    path.write_text(json.dumps(make().as_json() | change), encoding="utf-8")
    with pytest.raises(SuiteError, match=message):
        results.load(path)


def test_what_is_no_result(tmp_path):
    """A missing file, text that is not JSON and JSON that is not an object are told apart."""
    path = tmp_path / "r.json"
    with pytest.raises(SuiteError, match="cannot be read"):
        results.load(path)
    for text, message in (("{", "is not JSON"), ("[]", "must be a JSON object")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(SuiteError, match=message):
            results.load(path)


def test_a_run_is_read_in_its_order(tmp_path):
    """The order of a run's results is that of its suite."""
    for name in ("b", "a"):
        results.save(make(component={"name": name}), tmp_path)
    (tmp_path / "run.json").write_text(
        '{"components": ["b", "a"], "schema_version": "1"}', encoding="utf-8"
    )
    assert [r.name for r in results.load_run(tmp_path)[1]] == ["b", "a"]
    with pytest.raises(SuiteError, match="holds no run"):
        results.load_run(tmp_path / "results")


def test_scores_are_parquet_with_checksums(tmp_path):
    """Raw scores lie beside the result and can be verified page by page."""
    path = results.save_scores(pa.table({"query_id": [1], "score": [0.5]}), tmp_path, "volume")
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        assert file.read().to_pylist() == [{"query_id": 1, "score": 0.5}]


def test_a_failed_write_leaves_nothing(tmp_path):
    """A write that fails leaves neither a half file nor a temporary one."""
    with pytest.raises(TypeError):
        results.write_atomically(tmp_path / "x.json", "text")
    assert list(tmp_path.iterdir()) == []


def test_source_hash_ignores_comments(tmp_path):
    """The hash of a component follows its code, not its comments or blank lines."""
    module = tmp_path / "own_source.py"
    hashes = []
    for text in ("a = 1\n", "# note\n\na = 1  # why\n", "a = 2\n"):
        module.write_text(text, encoding="utf-8")
        hashes.append(results.source_sha256("own_source:X", [str(tmp_path)]))
    assert hashes[0] == hashes[1] != hashes[2]
    assert results.source_sha256("misusebench.replay:InProcess") is not None
    assert results.source_sha256("no_such_package.module:X") is None
