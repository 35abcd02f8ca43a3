"""A disk that is really full: what is said, what is left behind, going on once there is room."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import subprocess
import sys

import pytest

from misusesim import periods, room
from misusesim.dataset import layout
from misusesim.dataset.writer import Entry
from misusesim.errors import DatasetError, UsageError
from misusesim.ledger import Done, Ledger
from misusesim.scenario.load import load_scenario
from misusesim.shards import run
from misusesim.tasks import blocks, tasks

#: They make whole worlds.
pytestmark = pytest.mark.slow

DISK = 64 * 2**20
NEEDED = re.compile(
    r"(\d+) of (\d+) tasks are finished \(\d+ MB\), about ([\d,]+) MB more are needed"
)


@pytest.fixture
def disk(tmp_path):
    """Return the folder of a file system of 64 MiB in memory."""
    if os.geteuid():
        pytest.skip("only root can mount a file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    """Return the files of `county`, made where there is room."""
    out = tmp_path_factory.mktemp("county") / "out"
    assert simulate("county", out, 2).returncode == 0
    return files_of(out)


def simulate(world, out, workers):
    command = [sys.executable, "-m", "misusebench", "simulate", world, "-o", str(out), "-q"]
    return subprocess.run(
        [*command, "--workers", str(workers)], capture_output=True, text=True, check=False
    )


def fill(folder, leave=0):
    """Write a file that leaves so many bytes of the file system."""
    stat = os.statvfs(folder)
    with (folder / "ballast").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, stat.f_bavail * stat.f_frsize - leave)


def files_of(root):
    """Return the hash of every file of a data set."""
    return {
        p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(root.rglob("*"))
        if p.is_file()
    }


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long)])
@pytest.mark.parametrize("leave", [pytest.param(100_000, marks=pytest.mark.long), 20_000_000])
def test_the_same_command_goes_on_once_there_is_room(disk, county, workers, leave):
    """Exit code 2 and how much is needed; nothing in halves; then the same bytes as elsewhere."""
    fill(disk, leave)
    failed = simulate("county", disk / "out", workers)
    assert failed.returncode == 2
    assert "Traceback" not in failed.stderr
    assert failed.stderr.startswith(f"no room left for {disk / 'out'}: ")
    finished, total, _ = NEEDED.search(failed.stderr).groups()
    assert (int(finished) > 0) is (leave > 1_000_000)
    assert int(finished) < int(total)
    assert not list((disk / "out").rglob("*.tmp"))

    larger = ["mount", "-o", f"remount,size={2 * DISK}", str(disk)]
    subprocess.run(larger, check=True)
    again = simulate("county", disk / "out", workers)
    assert (again.returncode, again.stderr) == (0, "")
    assert files_of(disk / "out") == county


@pytest.mark.parametrize("leave", [pytest.param(100_000, marks=pytest.mark.long), 20_000_000])
def test_what_is_said_to_be_needed_is_about_what_was_missing(disk, county, tmp_path, leave):
    """Finished and missing megabytes together are what an undisturbed run writes, by half."""
    whole = written(load_scenario("county"), tmp_path / "whole")
    fill(disk, leave)
    said = NEEDED.search(simulate("county", disk / "out", 2).stderr)
    entries = [e for done in Ledger(disk / "out").finished().values() for e in done.files]
    so_far = sum(e.bytes for e in entries if not e.path.startswith(layout.WORK))
    assert 0.67 < (float(said[3]) * 1e6 + so_far) / whole < 1.5


def written(scenario, out):
    """Return the bytes that all tasks of a run write, stored plans too."""
    found = []

    def progress(seen):
        if seen.done == seen.total:
            found.extend(Ledger(out).finished().values())

    run(scenario, out, progress=progress)
    return sum(entry.bytes for done in found for entry in done.files)


@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_a_disk_that_fills_up_in_mid_run(disk, tiny_dataset, share):
    """At the start, between tasks, and before scenario, cards and manifest are written."""
    scenario = load_scenario("tiny")

    def progress(seen):
        if seen.done >= share * seen.total and not (disk / "ballast").exists():
            fill(disk)

    with pytest.raises(UsageError, match=r"no room left for .*, about \d+ MB more are needed"):
        run(scenario, disk / "out", progress=progress)
    assert not (disk / "out/manifest.json").exists()
    assert not list((disk / "out").rglob("*.tmp"))
    (disk / "ballast").unlink()
    run(scenario, disk / "out")
    assert files_of(disk / "out") == files_of(tiny_dataset)


def test_a_disk_on_which_not_even_the_folder_can_be_made(disk, tiny_dataset):
    """It is said to be full, not to be the wrong folder, and how much it would take."""
    fill(disk)
    with pytest.raises(UsageError, match=r"no room left .* 0 of \d+ tasks .* about \d+ MB more"):
        run(load_scenario("tiny"), disk / "out")
    (disk / "ballast").unlink()
    run(load_scenario("tiny"), disk / "out")
    assert files_of(disk / "out") == files_of(tiny_dataset)


def test_a_ledger_that_cannot_be_written(tmp_path, tiny_dataset, monkeypatch):
    """A line torn by a full disk does not count: that task is done again."""

    def torn(self, done):
        with (tmp_path / "out/.work/ledger.jsonl").open("ab") as file:
            file.write(b'{"task": "a0')
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "append", torn)
        with pytest.raises(UsageError, match="no room left"):
            run(load_scenario("tiny"), tmp_path / "out")
    seen = []
    run(load_scenario("tiny"), tmp_path / "out", progress=seen.append)
    assert seen[0].done == 0
    assert files_of(tmp_path / "out") == files_of(tiny_dataset)


def test_what_is_needed_by_hand():
    """The rest is guessed by accounts and days, and by what finished tasks of its kind wrote."""
    scenario = load_scenario("tiny", days=2)
    plan = tasks(scenario)
    empty = room.still_needed(scenario, blocks(scenario), plan, {})
    accounts = sum(a.accounts for a in _agencies(scenario))
    assert empty == pytest.approx(accounts * (6_000 + 350 * 2 + 450 * 2))

    passes = [task for task in plan if task.period is None]
    entry = Entry("log/x.parquet", 2 * accounts * (6_000 + 350 * 2), "")
    done = {
        task.name: Done(task.name, (entry,) if task == passes[0] else (), {}) for task in passes
    }
    assert room.still_needed(scenario, blocks(scenario), plan, done) == pytest.approx(
        accounts * 900
    )


def test_what_is_needed_is_the_same_for_short_periods(monkeypatch):
    """Shards of days need together what shards of weeks do, and none needs less than nothing."""
    scenario = load_scenario("tiny", days=10)
    whole = room.still_needed(scenario, blocks(scenario), tasks(scenario), {})
    monkeypatch.setattr(periods, "MOST_ROWS", 1)
    plan = tasks(scenario)
    assert sum(task.period is not None for task in plan) == 14 * len(blocks(scenario))
    assert room.still_needed(scenario, blocks(scenario), plan, {}) == pytest.approx(whole)
    passes = {task.name: Done(task.name, (), {}) for task in plan if task.period is None}
    left = [room.still_needed(scenario, blocks(scenario), [task], passes) for task in plan]
    assert min(left) == 0
    assert max(left) > 0


def _agencies(scenario):
    from misusesim.world.agencies import agencies  # noqa: PLC0415 - heavy

    return agencies(scenario)


def test_another_error_is_not_said_to_be_a_full_disk(tmp_path):
    """Only a full disk, or the end of a quota, asks for room."""
    failing = room.disk_error(tmp_path, OSError(errno.EIO, "Input/output error"), 5e6, {}, 3)
    assert isinstance(failing, DatasetError)
    quota = room.disk_error(tmp_path, OSError(errno.EDQUOT, "Quota exceeded"), 5e6, {}, 3)
    assert isinstance(quota, UsageError)
    assert "0 of 3 tasks are finished (0 MB), about 5 MB more" in str(quota)
