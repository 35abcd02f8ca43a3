"""A run: its tasks (`tasks`) on any number of workers, begun anew or where another stopped.

No task's bytes depend on workers or order, so any of them can be done again.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import platform
import shutil
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, get_args

from misusesim import raycluster, room
from misusesim.dataset import layout, manifest, schema
from misusesim.dataset.card import cards
from misusesim.dataset.reader import load_manifest
from misusesim.dataset.sums import write_sums
from misusesim.dataset.tally import pass_tally, shard_tally
from misusesim.dataset.writer import TEMPORARY, Entry, write_bytes, write_part
from misusesim.errors import DatasetError, UsageError
from misusesim.ledger import Done, Ledger
from misusesim.planfile import load_block, save_block
from misusesim.storedplans import Plans, folder_of
from misusesim.tasks import Task, blocks, outcome_blocks, outcome_tasks, tasks
from misusesim.workers import run_in_processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from misusesim.scenario.model import Scenario

#: Who does the tasks: processes of this machine, or the nodes of a Ray cluster.
Engine = Literal["local", "ray"]


class Progress(NamedTuple):
    """How far a run is; whoever shows it owns the clock."""

    done: int
    total: int
    rows: int  # of the log, so far
    task: str  # the last one finished, "" at the start


def perform(scenario: Scenario, root: Path, task: Task, *, outcomes_only: bool = False) -> Done:
    """Do one task and return what it wrote; runs in any process."""
    with _no_collector():
        if outcomes_only:
            return _plan_outcomes(scenario, root, task)
        if task.period is not None:
            return _expand_shard(scenario, root, task, task.period)
        return _plan_block(scenario, root, task)


@contextmanager
def _no_collector() -> Iterator[None]:
    """Leave the search for reference cycles until later, in the whole process.

    A causal pass makes many small objects that live to its end; looking at them again and again
    took a sixth of its time.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def perform_on_node(
    scenario: Scenario, root: Path, task: Task, *, outcomes_only: bool = False
) -> Done:
    """Do one task on a machine that may be another one: it must see the folder of the run."""
    begun = root / layout.WORK / "run.json"
    if not begun.exists():
        raise UsageError(
            f"the machine {platform.node()} does not see {root}; all nodes need one shared folder"
        )
    identity = _identity(scenario, outcomes_only=outcomes_only)
    _check_same(root, json.loads(begun.read_bytes()), identity)
    return perform(scenario, root, task, outcomes_only=outcomes_only)


def _plan_block(scenario: Scenario, root: Path, task: Task) -> Done:
    from misusesim.clock import LocalClock  # noqa: PLC0415 - heavy, and only workers need it
    from misusesim.engine import causal_passes  # noqa: PLC0415
    from misusesim.world.agencies import agencies  # noqa: PLC0415

    block = next(block for block in blocks(scenario) if block.start == task.agency)
    every = agencies(scenario)[block.start : block.stop]
    planned, setting, context, truth = causal_passes(scenario, every)
    kept = save_block(root, folder_of(task.agency), planned)
    tally = pass_tally(planned.officers, setting.shifts, truth, LocalClock(scenario).horizon)
    del planned  # most of the memory
    files = []
    for name in context:  # one at a time: together they fill much memory
        files += _write_parts(root, {layout.context_part(name, task.name): context[name]})
    facts = {layout.truth_part(name, task.name): truth[name] for name in truth}
    return Done(task.name, (*files, *_write_parts(root, facts), *kept), tally)


def _plan_outcomes(scenario: Scenario, root: Path, task: Task) -> Done:
    """Write who misuses the system and what follows, without a query."""
    from misusesim.clock import LocalClock  # noqa: PLC0415 - heavy, and only workers need it
    from misusesim.outcomespass import outcomes_passes  # noqa: PLC0415
    from misusesim.world.agencies import agencies  # noqa: PLC0415

    block = next(block for block in outcome_blocks(scenario) if block.start == task.agency)
    setting, context, truth = outcomes_passes(
        scenario, agencies(scenario)[block.start : block.stop]
    )
    tally = pass_tally(setting.officers, setting.shifts, truth, LocalClock(scenario).horizon)
    parts = {layout.context_part(name, task.name): table for name, table in context.items()}
    parts |= {layout.truth_part(name, task.name): table for name, table in truth.items()}
    return Done(task.name, tuple(_write_parts(root, parts)), tally)


def _expand_shard(scenario: Scenario, root: Path, task: Task, period: int) -> Done:
    from misusesim.query import expand  # noqa: PLC0415 - heavy, and only workers need it

    plan = load_block(root, folder_of(task.agency))
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
    workers: int | None = 1,
    progress: Callable[[Progress], None] | None = None,
    engine: Engine = "local",
    address: str | None = None,
    *,
    outcomes_only: bool = False,
) -> dict[str, Any]:
    """Make the data set of a scenario in a folder, or finish one that was begun there.

    Parameters
    ----------
    scenario
        What to make.
    out
        A new or empty folder, or one in which the same scenario was begun or finished.
    workers
        Tasks at a time; 1 works in this process, None takes all cores. The bytes are the same.
    progress
        Called at the start and after every task.
    engine
        Processes of this machine, or a Ray cluster whose nodes all see the folder.
    address
        Of a running Ray cluster; None starts one on this machine.
    outcomes_only
        Make campaigns, outcomes and sanctions only, no query and no log.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    UsageError
        If the folder holds something else or cannot be made, the disk is full, or Ray is not
        there.
    DatasetError
        If a part cannot be written, or a worker keeps dying.
    """
    _check_asked(workers, engine, address)
    identity = _identity(scenario, outcomes_only=outcomes_only)
    if _is_finished(out, identity):
        shutil.rmtree(out / layout.WORK, ignore_errors=True)
        return load_manifest(out)
    if engine == "ray":
        raycluster.check(address)
    crew = _crew(scenario, out, workers, engine, address, outcomes_only=outcomes_only)
    done: dict[str, Done] = {}
    try:
        with _claimed(out, identity):
            plan = _plan(scenario, outcomes_only=outcomes_only)
            _run_tasks(out, plan, crew, progress or (lambda _: None), done)
            _clear(out)  # a lost worker or node may have left a part half-written
            _finish(scenario, out, identity, done)
    except OSError as error:
        plan = _plan(scenario, outcomes_only=outcomes_only)
        together = outcome_blocks(scenario) if outcomes_only else blocks(scenario)
        needed = room.still_needed(scenario, together, plan, done)
        raise room.disk_error(out, error, needed, done, len(plan)) from error
    shutil.rmtree(out / layout.WORK)
    return load_manifest(out)


def _check_asked(workers: int | None, engine: Engine, address: str | None) -> None:
    """Refuse arguments that do not go together."""
    if workers is not None and workers < 1:
        raise UsageError(f"workers must be at least 1, got {workers}")
    if engine not in get_args(Engine):
        raise UsageError(f"no engine {engine}; there are {', '.join(get_args(Engine))}")
    if address is not None and engine != "ray":
        raise UsageError("an address is that of a Ray cluster: ask for --engine ray too")


class _Crew(Protocol):
    """Does tasks, agencies before their shards, and says of each that it is finished."""

    def __call__(self, *, todo: Sequence[Task], record: Callable[[Done], None]) -> None: ...


def _plan(scenario: Scenario, *, outcomes_only: bool) -> list[Task]:
    """Return all tasks; outcomes come from causal passes alone."""
    return outcome_tasks(scenario) if outcomes_only else tasks(scenario)


def _crew(
    scenario: Scenario, out: Path, workers: int | None, engine: Engine, address: str | None,
    *, outcomes_only: bool,
) -> _Crew:  # fmt: skip
    """Return who does the tasks."""
    if engine == "ray":
        # a worker may stand in another folder
        do = partial(perform_on_node, scenario, out.absolute(), outcomes_only=outcomes_only)
        return partial(raycluster.run_on_ray, do, address=address, workers=workers)
    cores, here = (
        workers or os.cpu_count() or 1,
        partial(perform, scenario, out, outcomes_only=outcomes_only),
    )
    if cores == 1:
        return partial(_run_here, here)
    return partial(run_in_processes, here, workers=cores)


def _run_here(
    do: Callable[[Task], Done], todo: Sequence[Task], record: Callable[[Done], None]
) -> None:
    for task in todo:
        record(do(task))


def _identity(scenario: Scenario, *, outcomes_only: bool = False) -> dict[str, Any]:
    """Return what two runs must share so that one can go on where the other stopped."""
    from misusesim.scenario.load import scenario_hash  # noqa: PLC0415 - only runs need it

    return {
        "scenario": scenario.name,
        "scenario_hash": scenario_hash(scenario),
        "schema_version": schema.SCHEMA_VERSION,
        "versions": manifest.versions(),
        **({"outcomes_only": True} if outcomes_only else {}),
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
    if found.get("outcomes_only", False) != identity.get("outcomes_only", False):
        what = "outcomes only" if found.get("outcomes_only") else "a data set with its log"
        raise UsageError(f"{out} holds {what}; choose a new or empty folder")
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
        if room.is_full(error):
            raise
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
        _clear(out)
        yield


def _clear(out: Path) -> None:
    """Remove what was begun under temporary names."""
    for rest in out.rglob(f".*{TEMPORARY}"):
        rest.unlink(missing_ok=True)


def _run_tasks(
    out: Path,
    plan: list[Task],
    crew: _Crew,
    progress: Callable[[Progress], None],
    done: dict[str, Done],
) -> None:
    """Do what is not finished yet; enter all finished tasks into `done` by name, as they come."""
    ledger = Ledger(out)
    names = {task.name for task in plan}
    done.update((name, d) for name, d in ledger.finished().items() if name in names)
    plans = Plans(out, ledger, plan, done)
    rows = sum(d.written for d in done.values())
    progress(Progress(len(done), len(plan), rows, ""))

    def record(result: Done) -> None:
        nonlocal rows
        ledger.append(result)
        done[result.task] = result
        plans.release(result.task)
        rows += result.written
        progress(Progress(len(done), len(plan), rows, result.task))

    crew(todo=[task for task in plan if task.name not in done], record=record)


def _finish(scenario: Scenario, out: Path, identity: dict[str, Any], done: dict[str, Done]) -> None:
    """Write scenario, cards and, last of all, the manifest."""
    from misusesim.scenario.load import dump_toml  # noqa: PLC0415 - only runs need it

    results = [done[name] for name in sorted(done)]
    tallies = [d.tally for d in results]
    entries = [e for d in results for e in d.files if not e.path.startswith(layout.WORK)]
    entries.append(write_bytes(out, layout.SCENARIO, dump_toml(scenario).encode()))
    facts = scenario, identity["scenario_hash"]
    only = identity.get("outcomes_only", False)
    made = manifest.build(*facts, entries, tallies, outcomes_only=only)
    for name, text in cards(scenario, made).items():
        write_bytes(out, name, text.encode())
    write_sums(out, made)
    write_bytes(out, layout.MANIFEST, manifest.dumps(made))
