"""Runs: the plan of tasks, resuming, refusing, and the same bytes for any number of workers."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pyarrow.compute as pc
import pytest
from tests.sim.neighbours import block_of

from misusesim import shards
from misusesim.dataset.reader import open_dataset
from misusesim.dataset.verify import verify
from misusesim.errors import DatasetError, UsageError
from misusesim.scenario.load import load_scenario
from misusesim.shards import Progress, run
from misusesim.tasks import Task, tasks
from misusesim.truth import open_truth

#: They stand on whole runs.
pytestmark = pytest.mark.slow


def _synthetic():
    path = Path(__file__).parent / "synthetic_plan.py"
    spec = importlib.util.spec_from_file_location("synthetic_plan", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def world():
    """Three weeks of one agency in shards of a week: one agency task and three shards."""
    return _synthetic().scenario(days=21, shard_weeks=1)


@pytest.fixture
def made_up(monkeypatch):
    """Put in a causal pass that returns a plan made up for tests, and counts how often it ran."""
    synthetic, calls = _synthetic(), []

    def causal_passes(scenario, agencies):
        calls.extend(agency.index for agency in agencies)
        plans = [synthetic.plan(scenario, 300, misuse=20, odd=20) for _ in agencies]
        return block_of(plans), SimpleNamespace(shifts=plans[0].shifts), {}, {}

    engine = SimpleNamespace(causal_passes=causal_passes)
    monkeypatch.setitem(sys.modules, "misusesim.engine", engine)
    return calls


def files_of(root):
    """Return the hash of every file of a data set."""
    return {
        p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(root.rglob("*"))
        if p.is_file()
    }


def stop_after(n):
    """Return a progress callback that interrupts the run after n tasks of its own."""
    began = []

    def progress(seen: Progress):
        began.append(seen.done)
        if seen.done >= began[0] + n:
            raise KeyboardInterrupt

    return progress


def test_tasks_follow_from_the_scenario_alone(world):
    """One causal pass per agency, then its periods, whatever the number of workers."""
    assert tasks(world) == [Task(0), Task(0, 0), Task(0, 1), Task(0, 2)]
    longer = world.model_copy(update={"days": 22})
    assert tasks(longer)[-1] == Task(0, 3)
    coarse = world.model_copy(update={"shard_weeks": 4})
    assert [task.name for task in tasks(coarse)] == ["a00000", "a00000-p000"]


def test_passes_run_two_blocks_ahead_of_shards(world):
    """Two groups of agencies are numbered through; a plan waits for two others, not for all."""
    group = world.agency[0]
    two = (group, group.model_copy(update={"name": "towns", "count": 3}))
    names = [task.name for task in tasks(world.model_copy(update={"agency": two, "days": 7}))]
    assert names == ["a00000", "a00001", "a00002", "a00000-p000", "a00003", "a00001-p000",
                     "a00002-p000", "a00003-p000"]  # fmt: skip


def test_a_run_leaves_a_whole_data_set(world, made_up, tmp_path):
    """Log, truth, scenario, cards and manifest are there, the work folder is gone."""
    manifest = run(world, tmp_path / "out")
    assert verify(tmp_path / "out") == []
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "log", "truth", "scenario.toml", "README.md", "DATASHEET.md", "croissant.json",
        "manifest.json", "SHA256SUMS",
    }  # fmt: skip
    dataset = open_dataset(tmp_path / "out")
    assert dataset.manifest == manifest
    assert dataset.log().num_rows == manifest["rows"]["written"] > 500
    assert open_truth(dataset).queries.num_rows == manifest["rows"]["written"]
    assert manifest["realised"]["causes"]["misuse"] == 20
    assert [p["role"] for p in manifest["volume"]] == ["patrol", "detective", "dispatcher"]


def test_progress_is_told_from_nothing_to_all(world, made_up, tmp_path):
    """The callback sees the start and every task, with the rows so far."""
    seen = []
    manifest = run(world, tmp_path / "out", progress=seen.append)
    assert [p.done for p in seen] == [0, 1, 2, 3, 4]
    assert {p.total for p in seen} == {4}
    assert seen[0].task == ""
    assert seen[-1].rows == manifest["rows"]["written"]


def test_two_runs_are_the_same_bytes(world, made_up, tmp_path):
    """One scenario, one data set."""
    run(world, tmp_path / "one")
    run(world, tmp_path / "two")
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


@pytest.mark.parametrize("done", [1, 2, 3, 4])
def test_an_interrupted_run_goes_on(world, made_up, tmp_path, done):
    """Ctrl-C after any task leaves a folder in which the same run goes on, to the same bytes."""
    run(world, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(world, tmp_path / "out", progress=stop_after(done))
    with pytest.raises(DatasetError, match="unfinished"):
        open_dataset(tmp_path / "out")
    seen = []
    run(world, tmp_path / "out", progress=seen.append)
    assert seen[0].done == done
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")
    assert made_up == [0, 0]  # the plan of the interrupted run was not made again


def test_what_a_lost_worker_left_half_written_is_gone(world, made_up, tmp_path):
    """A worker that dies in mid-run leaves a temporary file; the finished data set has none."""
    run(world, tmp_path / "whole")
    left = tmp_path / "data" / "log" / ".a00000-p001.parquet.999999.tmp"

    def lose(seen: Progress):
        if seen.done == 2:
            left.parent.mkdir(parents=True, exist_ok=True)
            left.write_bytes(b"half a par")

    run(world, tmp_path / "data", progress=lose)
    assert not left.exists()
    assert files_of(tmp_path / "data") == files_of(tmp_path / "whole")


def test_a_part_damaged_in_between_is_made_again(world, made_up, tmp_path):
    """On resume every finished file is checked; a changed one does not count as finished."""
    run(world, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(world, tmp_path / "out", progress=stop_after(3))
    (tmp_path / "out/log/a00000-p000.parquet").write_bytes(b"other")
    (tmp_path / "out/log/.a00000-p002.parquet.99.tmp").write_bytes(b"half")
    seen = []
    run(world, tmp_path / "out", progress=seen.append)
    assert seen[0].done == 2
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole")


def test_a_finished_data_set_is_left_alone(world, made_up, tmp_path):
    """The same command again does nothing and returns the manifest."""
    manifest = run(world, tmp_path / "out")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*")}
    (tmp_path / "out/.work").mkdir()  # killed between the manifest and the clearing up
    assert run(world, tmp_path / "out") == manifest
    assert made_up == [0]
    assert {p: p.stat().st_mtime_ns for p in before if p.is_file()} == {
        p: t for p, t in before.items() if p.is_file()
    }
    assert not (tmp_path / "out/.work").exists()


def test_another_seed_in_the_same_folder_is_refused(world, made_up, tmp_path):
    """A folder holds one data set, finished or not."""
    other = world.model_copy(update={"seed": 8})
    with pytest.raises(KeyboardInterrupt):
        run(world, tmp_path / "half", progress=stop_after(1))
    run(world, tmp_path / "whole")
    for folder in ("half", "whole"):
        before = files_of(tmp_path / folder)
        with pytest.raises(UsageError, match="with other settings or another seed"):
            run(other, tmp_path / folder)
        assert files_of(tmp_path / folder) == before


def test_other_versions_are_refused(world, made_up, tmp_path, monkeypatch):
    """Going on with another version of a package could mix bytes of two kinds."""
    with pytest.raises(KeyboardInterrupt):
        run(world, tmp_path / "out", progress=stop_after(1))
    monkeypatch.setattr(shards.manifest, "versions", lambda: {"numpy": "0.1"})
    with pytest.raises(UsageError, match=r"was made with numpy .*, this is 0\.1"):
        run(world, tmp_path / "out")


def test_foreign_folders_are_refused(world, made_up, tmp_path):
    """Nothing is written beside other people's files."""
    (tmp_path / "holiday.jpg").write_text("sun")
    with pytest.raises(UsageError, match=r"holds other things \(holiday\.jpg\)"):
        run(world, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        run(world, tmp_path / "file")
    (tmp_path / "rest/log").mkdir(parents=True)
    with pytest.raises(UsageError, match="holds an incomplete data set"):
        run(world, tmp_path / "rest")
    assert made_up == []


def test_a_folder_that_cannot_be_made_is_said(world, made_up):
    """Where nothing can be written the fault is the argument's, not ours."""
    with pytest.raises(UsageError, match="/proc/nowhere cannot be made: "):
        run(world, Path("/proc/nowhere"))
    assert made_up == []


def test_one_run_at_a_time(world, made_up, tmp_path):
    """A second run into the same folder is told to wait."""

    def second(_seen):
        with pytest.raises(UsageError, match="another run is writing"):
            run(world, tmp_path / "out")

    run(world, tmp_path / "out", progress=second)
    assert verify(tmp_path / "out") == []


def test_full_disk_says_how_much_is_needed(world, made_up, tmp_path, monkeypatch):
    """The message says how far it got and what is missing; what is finished is kept."""
    whole = shards.write_part

    def full(root, path, table, of):
        if path == "log/a00000-p002.parquet":
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole(root, path, table, of)

    monkeypatch.setattr(shards, "write_part", full)
    with pytest.raises(UsageError, match=r"3 of 4 tasks are finished .* about 1 MB more"):
        run(world, tmp_path / "out")
    monkeypatch.setattr(shards, "write_part", whole)
    run(world, tmp_path / "out")
    assert verify(tmp_path / "out") == []
    assert made_up == [0]


def test_other_disk_errors_name_the_folder(world, made_up, tmp_path, monkeypatch):
    """A failing disk is said to be one."""

    def fail(*_args):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(shards, "write_part", fail)
    with pytest.raises(DatasetError, match=r"cannot write to .*out: .*Input/output error"):
        run(world, tmp_path / "out")


def test_rows_that_vanish_are_noticed(world, made_up, tmp_path, monkeypatch):
    """A row builder whose books do not balance does not make a data set."""
    real = shards.shard_tally

    def short(plan, log, truth, lost, generated):
        return real(plan, log, truth, lost, generated + 1)

    monkeypatch.setattr(shards, "shard_tally", short)
    with pytest.raises(DatasetError, match="queries were generated"):
        run(world, tmp_path / "out")
    assert not (tmp_path / "out/manifest.json").exists()


@pytest.mark.parametrize("workers", [0, -1])
def test_workers_must_be_positive(world, tmp_path, workers):
    """A wrong number of workers is said before anything is written."""
    with pytest.raises(UsageError, match="at least 1"):
        run(world, tmp_path / "out", workers=workers)
    assert not (tmp_path / "out").exists()


# The real engine on the scenario for tests.


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Return the scenario `tiny` made by one worker."""
    out = tmp_path_factory.mktemp("tiny") / "one"
    run(load_scenario("tiny"), out)
    return out


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 3])
def test_any_number_of_workers_makes_the_same_bytes(tiny, tmp_path, workers):
    """Every file is the same for 1, 2 and 3 workers."""
    run(load_scenario("tiny"), tmp_path / "out", workers=workers)
    assert files_of(tmp_path / "out") == files_of(tiny)


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "after"), [(1, 1), (1, 3), (2, 2)])
def test_kill_9_and_the_same_command_again(tiny, tmp_path, workers, after):
    """A run killed without warning goes on to the same bytes."""
    code = (
        "import os, pathlib, sys\n"
        "from misusesim.scenario.load import load_scenario\n"
        "from misusesim.shards import run\n"
        "def progress(seen):\n"
        f"    if seen.done >= {after}:\n"
        "        os.kill(os.getpid(), 9)\n"
        "if __name__ == '__main__':\n"
        f"    run(load_scenario('tiny'), pathlib.Path(sys.argv[1]), {workers}, progress)\n"
    )
    script = tmp_path / "killed.py"
    script.write_text(code)
    out = tmp_path / "out"
    ended = subprocess.run([sys.executable, str(script), str(out)], check=False)
    assert ended.returncode == -9
    assert (out / ".work").exists()
    run(load_scenario("tiny"), out, workers=workers)
    assert files_of(out) == files_of(tiny)


def test_fewer_days_are_the_first_rows(tiny, tmp_path):
    """Two days of a scenario are the beginning of its seven, row for row."""
    short = load_scenario("tiny", days=2)
    run(short, tmp_path / "out")
    two, seven = open_dataset(tmp_path / "out").log(), open_dataset(tiny).log()
    assert two.num_rows > 0
    end = pc.max(two["time"])
    ids = set(two["query_id"].to_pylist())
    first = seven.filter(pc.is_in(seven["query_id"], value_set=two["query_id"].combine_chunks()))
    assert first.cast(two.schema).to_pylist() == two.to_pylist()
    earlier = seven.filter(pc.less_equal(seven["time"], end))["query_id"].to_pylist()
    assert set(earlier) == ids


def test_real_data_set_is_whole(tiny):
    """What the real engine makes verifies, and its manifest is JSON without a clock."""
    assert verify(tiny) == []
    text = (tiny / "manifest.json").read_text()
    assert json.loads(text)["scenario"] == "tiny"
