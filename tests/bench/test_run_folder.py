"""Where a run may be written, and on what data."""

from __future__ import annotations

import html

import pyarrow.parquet as pq
import pytest

from misusebench.errors import SuiteError
from misusebench.report.reproduce import reproduce
from misusebench.report.view import load
from misusebench.result import write_atomically
from misusebench.run import run
from misusebench.suite import Suite, load_suite, parse_component
from misusesim.dataset.reader import read_part
from misusesim.errors import DatasetError
from misusesim.scenario.load import load_scenario
from misusesim.shards import run as simulate

#: They simulate and start processes.
pytestmark = pytest.mark.slow

VOLUME = Suite("s", (parse_component("detector", "volume"),))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Return a data set."""
    folder = tmp_path_factory.mktemp("data") / "tiny"
    simulate(load_scenario("tiny"), folder)
    return folder


def test_a_run_keeps_the_suite_as_it_was_given(data, tmp_path, monkeypatch):
    """The page names the file as the user did, whatever name stands in it; the gate its path."""
    (tmp_path / "my suites").mkdir()
    (tmp_path / "my suites" / "a.toml").write_text('name = "b"\n[[detector]]\nname = "volume"\n')
    monkeypatch.chdir(tmp_path)
    run(data, load_suite("my suites/a.toml"), tmp_path / "run")
    seen = load(tmp_path / "run")
    assert seen.run["ungated"]["suite"] == str((tmp_path / "my suites" / "a.toml").resolve())
    assert "bench AGAIN --suite 'my suites/a.toml' -o RUN" in html.unescape(reproduce(seen))


def test_a_run_can_be_made_again_and_not_replaced(data, tmp_path):
    """The same components on the same data go over the old run; others are refused."""
    folder = tmp_path / "run"
    one = run(data, VOLUME, folder)
    again = run(data, VOLUME, folder)
    assert one.results[0].gated() == again.results[0].gated()
    other = Suite("s", (parse_component("detector", "random"),))
    with pytest.raises(SuiteError, match="holds a run of volume on data set tiny"):
        run(data, other, folder)
    with pytest.raises(SuiteError, match="holds other things"):
        run(data, VOLUME, tmp_path)


@pytest.mark.parametrize("inside", ["run", "."])
def test_a_run_inside_its_data_is_refused(data, inside):
    """It would spoil the data set."""
    with pytest.raises(SuiteError, match="lie one in the other"):
        run(data, VOLUME, data / inside)
    with pytest.raises(SuiteError, match="lie one in the other"):
        run(data, VOLUME, data.parent)
    assert not (data / "run").exists()


def test_a_folder_that_cannot_be_made_is_told(data, tmp_path):
    """A file in the way is a usage error."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(SuiteError, match="cannot be made"):
        run(data, VOLUME, tmp_path / "file" / "run")
    with pytest.raises(SuiteError, match="is a folder; name a file"):
        write_atomically(tmp_path, b"x")


def test_changed_truth_is_refused(data, tmp_path):
    """Well-formed truth with other labels would give false figures under a true hash."""
    part = next((data / "truth/queries").iterdir())
    before = part.read_bytes()
    table = read_part(part)
    pq.write_table(table.take(list(range(table.num_rows))[::-1]), part)
    try:
        with pytest.raises(DatasetError, match="was changed") as caught:
            run(data, VOLUME, tmp_path / "run")
    finally:
        part.write_bytes(before)
    assert caught.value.exit_code == 5
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("value", ["2024-01-01", "nan", "{x=[2024-01-01]}"])
def test_parameters_that_are_no_json(value, tmp_path):
    """A date or NaN cannot be stored in a result."""
    path = tmp_path / "s.toml"
    path.write_text(f"[[detector]]\nname='volume'\n[detector.parameters]\nd={value}\n")
    with pytest.raises(SuiteError, match=r"s\.toml:4: detector\.parameters\.d must be text"):
        load_suite(path)
