"""Tasks of a run: plan them from the scenario alone, run them on any number of workers, resume.

Pass 1 has one task per agency: it plans causes over the whole horizon and leaves context, truth
and a stored plan. Pass 2 has one task per agency and period of `shard_weeks` weeks: it expands the
stored plan to rows. No task's bytes depend on workers or order, so any of them can be done again.
"""

from __future__ import annotations

import errno
import fcntl
import json
import shutil
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from misusesim.dataset import layout, manifest, schema
from misusesim.dataset.card import cards
from misusesim.dataset.reader import load_manifest
from misusesim.dataset.tally import agency_tally, shard_tally
from misusesim.dataset.writer import TEMPORARY, Entry, write_bytes, write_part
from misusesim.errors import DatasetError, UsageError
from misusesim.ledger import Done, Ledger
from misusesim.planfile import load_plan, save_plan
from misusesim.workers import run_in_processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pyarrow as pa

    from misusesim.scenario.model import Scenario

DAYS_PER_WEEK: Final = 7


class Task(NamedTuple):
    """One piece of work: the causal pass of an agency, or one of its shards."""

    agency: int
    period: int | None = None

    @property
    def name(self) -> str:
        """Name of the task and of the parts it writes."""
        if self.period is None:
            return layout.agency_name(self.agency)
        return layout.shard_name(self.agency, self.period)


class Progress(NamedTuple):
    """How far a run is; whoever shows it owns the clock."""

    done: int
    total: int
    rows: int  # of the log, so far
    task: str  # the last one finished, "" at the start


def tasks(scenario: Scenario) -> list[Task]:
    """Return all tasks of a scenario; agencies before shards."""
    agencies = range(sum(group.count for group in scenario.agency))
    weeks = -(-scenario.days // DAYS_PER_WEEK)
    periods = range(-(-weeks // scenario.shard_weeks))
    return [Task(a) for a in agencies] + [Task(a, p) for a in agencies for p in periods]


def perform(scenario: Scenario, root: Path, task: Task) -> Done:
    """Do one task and return what it wrote; runs in any process."""
    if task.period is None:
        return _plan_agency(scenario, root, task)
    return _expand_shard(scenario, root, task, task.period)


def _plan_folder(agency: int) -> str:
    return f"{layout.WORK}/plans/{layout.agency_name(agency)}"


def _plan_agency(scenario: Scenario, root: Path, task: Task) -> Done:
    from misusesim.clock import LocalClock  # noqa: PLC0415 - heavy, and only workers need it
    from misusesim.engine import causal_pass  # noqa: PLC0415
    from misusesim.world.agencies import agencies  # noqa: PLC0415

    plan = causal_pass(scenario, agencies(scenario)[task.agency])
    parts = {layout.context_part(name, task.name): table for name, table in plan.context.items()}
    for name in layout.TRUTH_OF_AGENCY:
        if name in plan.truth:
            parts[layout.truth_part(name, task.name)] = plan.truth[name]
    files = _write_parts(root, parts)
    files += save_plan(root, _plan_folder(task.agency), plan)
    return Done(task.name, tuple(files), agency_tally(plan, LocalClock(scenario).horizon))


def _expand_shard(scenario: Scenario, root: Path, task: Task, period: int) -> Done:
    from misusesim.query import expand  # noqa: PLC0415 - heavy, and only workers need it

    plan = load_plan(root, _plan_folder(task.agency))
    shard = expand(scenario, plan, period)
    parts = {
        layout.log_part(task.name): shard.log,
        layout.truth_part("queries", task.name): shard.truth,
        layout.truth_part("reactions", task.name): shard.reactions,
    }
    tally = shard_tally(plan, shard.log, shard.truth, shard.lost, shard.generated)
    return Done(task.name, tuple(_write_parts(root, parts)), tally)


def _write_parts(root: Path, parts: dict[str, pa.Table]) -> list[Entry]:
    """Write the tables that have rows; an empty one needs no file."""
    entries = []
    for path, table in parts.items():
        of = layout.schema_of(path)
        if of is None:
            raise DatasetError(f"{path} is no table of schema {schema.SCHEMA_VERSION}")
        if table.num_rows:
            entries.append(write_part(root, path, table, of))
    return entries


def run(
    scenario: Scenario,
    out: Path,
    workers: int = 1,
    progress: Callable[[Progress], None] | None = None,
) -> dict[str, Any]:
    """Make the data set of a scenario in a folder, or finish one that was begun there.

    Parameters
    ----------
    scenario
        What to make.
    out
        A new or empty folder, or one in which the same scenario was begun or finished.
    workers
        Processes; 1 works in this one. The bytes are the same for any number.
    progress
        Called at the start and after every task.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    UsageError
        If the folder holds something else or cannot be made, or the disk is full.
    DatasetError
        If a part cannot be written, or a worker keeps dying.
    """
    if workers < 1:
        raise UsageError(f"workers must be at least 1, got {workers}")
    identity = _identity(scenario)
    if _is_finished(out, identity):
        shutil.rmtree(out / layout.WORK, ignore_errors=True)
        return load_manifest(out)
    with _claimed(out, identity):
        done = _run_tasks(scenario, out, workers, progress or (lambda _: None))
        _finish(scenario, out, identity["scenario_hash"], done)
    shutil.rmtree(out / layout.WORK)
    return load_manifest(out)


def _identity(scenario: Scenario) -> dict[str, Any]:
    """Return what two runs must share so that one can go on where the other stopped."""
    from misusesim.scenario.load import scenario_hash  # noqa: PLC0415 - only runs need it

    return {
        "scenario": scenario.name,
        "scenario_hash": scenario_hash(scenario),
        "schema_version": schema.SCHEMA_VERSION,
        "versions": manifest.versions(),
    }


def _is_finished(out: Path, identity: dict[str, Any]) -> bool:
    """Tell whether the folder holds this very data set already; refuse a folder of others."""
    if not out.exists():
        return False
    if not out.is_dir():
        raise UsageError(f"{out} is a file, not a folder")
    there = {path.name for path in out.iterdir()}
    if strange := sorted(there - layout.TOP):
        raise UsageError(
            f"{out} holds other things ({', '.join(strange[:3])}); choose a new or empty folder"
        )
    if layout.MANIFEST in there:
        _check_same(out, load_manifest(out), identity)
        return True
    if there and layout.WORK not in there:
        raise UsageError(f"{out} holds an incomplete data set; choose a new or empty folder")
    return False


def _check_same(out: Path, found: dict[str, Any], identity: dict[str, Any]) -> None:
    """Refuse to go on with a data set of another scenario or of other package versions."""
    if found["scenario_hash"] != identity["scenario_hash"]:
        raise UsageError(
            f"{out} holds scenario {found['scenario']} with other settings or another seed "
            f"(hash {found['scenario_hash'][:12]}, asked for {identity['scenario_hash'][:12]}); "
            "choose a new or empty folder"
        )
    for name, version in identity["versions"].items():
        if found["versions"].get(name) != version:
            raise UsageError(
                f"{out} was made with {name} {found['versions'].get(name)}, this is {version}, "
                "so bytes may differ; choose a new or empty folder"
            )


@contextmanager
def _claimed(out: Path, identity: dict[str, Any]) -> Iterator[None]:
    """Hold the folder for one run: lock it, check whose work is in it, clear half-written files."""
    work = out / layout.WORK
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{out} cannot be made: {error.strerror}; choose another folder"
        ) from error
    with (work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(f"another run is writing to {out}; wait for it or stop it") from error
        begun = work / "run.json"
        if begun.exists():
            _check_same(out, json.loads(begun.read_bytes()), identity)
        else:
            write_bytes(out, f"{layout.WORK}/run.json", manifest.dumps(identity))
        for rest in out.rglob(f".*{TEMPORARY}"):
            rest.unlink()
        yield


def _run_tasks(
    scenario: Scenario, out: Path, workers: int, progress: Callable[[Progress], None]
) -> dict[str, Done]:
    """Do what is not finished yet and return all finished tasks by name."""
    plan, ledger = tasks(scenario), Ledger(out)
    names = {task.name for task in plan}
    done = {name: d for name, d in ledger.finished().items() if name in names}
    rows = sum(d.written for d in done.values())
    progress(Progress(len(done), len(plan), rows, ""))

    def record(result: Done) -> None:
        nonlocal rows
        ledger.append(result)
        done[result.task] = result
        rows += result.written
        progress(Progress(len(done), len(plan), rows, result.task))

    todo = [task for task in plan if task.name not in done]
    try:
        if workers == 1:
            for task in todo:
                record(perform(scenario, out, task))
        else:
            run_in_processes(partial(perform, scenario, out), todo, workers, record)
    except OSError as error:
        raise _disk_error(out, error, done, len(plan)) from error
    return done


def _disk_error(out: Path, error: OSError, done: dict[str, Done], total: int) -> Exception:
    """Return the message for a full or failing disk."""
    if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
        return DatasetError(f"cannot write to {out}: {error}")
    so_far = sum(entry.bytes for d in done.values() for entry in d.files)
    left = so_far / max(len(done), 1) * (total - len(done))
    need = f"about {max(left / 1e6, 1):,.0f} MB more are needed" if done else "none of it fits"
    return UsageError(
        f"no room left for {out}: {len(done)} of {total} tasks are finished "
        f"({so_far / 1e6:,.0f} MB), {need}; free some room and run the same command again, "
        "it goes on where it stopped"
    )


def _finish(scenario: Scenario, out: Path, scenario_hash: str, done: dict[str, Done]) -> None:
    """Write scenario, cards and, last of all, the manifest."""
    from misusesim.scenario.load import dump_toml  # noqa: PLC0415 - only runs need it

    results = [done[name] for name in sorted(done)]
    tallies = [d.tally for d in results]
    entries = [e for d in results for e in d.files if not e.path.startswith(layout.WORK)]
    entries.append(write_bytes(out, layout.SCENARIO, dump_toml(scenario).encode()))
    draft = manifest.build(scenario, scenario_hash, entries, tallies)
    for name, text in cards(scenario, draft).items():
        entries.append(write_bytes(out, name, text.encode()))
    made = manifest.build(scenario, scenario_hash, entries, tallies)
    write_bytes(out, layout.MANIFEST, manifest.dumps(made))
