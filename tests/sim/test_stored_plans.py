"""Stored plans are there while a shard needs them, and no longer."""

from __future__ import annotations

import contextlib
import hashlib
import json

import pytest
from tests.sim import synthetic_plan

from misusesim.dataset import layout
from misusesim.ledger import Ledger
from misusesim.shards import run
from misusesim.storedplans import folder_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world():
    """Two agencies of three weeks in shards of a week: eight tasks."""
    return synthetic_plan.scenario(days=21, shard_weeks=1, group={"count": 2})


@pytest.fixture(scope="module")
def whole(world, tmp_path_factory):
    """Return the data set of a run without a break."""
    out = tmp_path_factory.mktemp("whole") / "out"
    run(world, out)
    return hashes(out)


def hashes(out):
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in out.rglob("*")
        if path.is_file()
    }


def stopped(world, out, after):
    """Run until so many tasks are finished; return their names and the plans seen after each."""
    names, seen = [], []

    def progress(now):
        if now.task:
            names.append(now.task)
            folder = out / layout.WORK / "plans"
            seen.append(sorted(path.name for path in folder.iterdir()))
        if len(names) == after:
            raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        run(world, out, progress=progress)
    return names, seen


def test_a_plan_goes_with_its_last_shard(world, tmp_path):
    """A plan is on disk from its pass to its last shard."""
    names, seen = stopped(world, tmp_path / "out", 8)
    assert names == ["a00000", "a00001", "a00000-p000", "a00000-p001", "a00000-p002",
                     "a00001-p000", "a00001-p001", "a00001-p002"]  # fmt: skip
    assert seen == [["a00000"], *[["a00000", "a00001"]] * 3, *[["a00001"]] * 3, []]


def test_a_run_goes_on_without_the_plans_that_are_gone(world, whole, tmp_path):
    """What is finished is not done again, though its plan is no longer there."""
    out = tmp_path / "out"
    stopped(world, out, 5)
    assert not (out / folder_of(0)).exists()
    names, _ = stopped(world, out, 99)
    assert names == ["a00001-p000", "a00001-p001", "a00001-p002"]
    assert hashes(out) == whole


def test_a_lost_shard_brings_its_plan_back(world, whole, tmp_path):
    """A part that was removed by hand needs the causal pass once more, and nothing else."""
    out = tmp_path / "out"
    stopped(world, out, 5)
    (out / layout.log_part("a00000-p001")).unlink()
    names, _ = stopped(world, out, 99)
    assert names == ["a00000", "a00000-p001", "a00001-p000", "a00001-p001", "a00001-p002"]
    assert hashes(out) == whole


def test_a_plan_left_behind_is_removed(world, whole, tmp_path):
    """Killed after the last shard was entered and before its plan went: the next run removes it."""
    out = tmp_path / "out"
    stopped(world, out, 4)
    kept = {path: path.read_bytes() for path in (out / folder_of(0)).iterdir()}
    stopped(world, out, 1)
    ledger = out / layout.WORK / "ledger.jsonl"
    lines = ledger.read_bytes().splitlines(keepends=True)
    assert json.loads(lines[-1])["task"] == "a00000"  # the line that says the plan is gone
    ledger.write_bytes(b"".join(lines[:-1]))
    for path, data in kept.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert len(Ledger(out).finished()) == 5
    names, seen = stopped(world, out, 1)
    assert names == ["a00001-p000"]
    assert seen == [["a00001"]]
    stopped(world, out, 99)
    assert hashes(out) == whole
