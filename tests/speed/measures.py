"""The measures that need processes of their own: sizes, workers, engines, questions.

Each function returns measures: an absolute value beside a ratio from the same run. The measures of
one process, in turns, are in `race`.
"""

from __future__ import annotations

import importlib.util
import inspect
import shutil
from typing import TYPE_CHECKING, Any, Final

from tests.speed.child import watched
from tests.speed.questions import MEANS, QUESTIONS
from tests.speed.race import race
from tests.speed.stopwatch import Timing, in_turns, measure, middle, paired, say

from misusesim import shards

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["engines", "questions", "race", "sizes", "workers_efficiency"]

MOST_DAYS: Final = 3660  # of a scenario
MB: Final = 1e6


def sizes(
    scenario: str, rows: Sequence[int], per_day: float, workers: int, folder: Path
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return time and memory of data sets of growing size, and notes on those left out.

    Parameters
    ----------
    scenario
        Its days are what grows.
    rows
        Sizes wanted, roughly; the smallest is made again right before each other one.
    per_day
        Queries of the scenario on a day.
    workers
        Processes.
    folder
        Where data sets are made; the largest stays there as `largest`.
    """
    found, notes, days = [], [], {n: max(1, round(n / per_day)) for n in sorted(set(rows))}
    for n in [n for n in days if days[n] > MOST_DAYS]:
        notes.append(
            f"{n:,} rows left out: {scenario} makes {per_day * MOST_DAYS:,.0f} in "
            f"{MOST_DAYS} days, the most a scenario may have"
        )
        del days[n]
    base: dict[str, Any] = {}
    for place, of in enumerate(days.values()):
        if place:
            base = _made(scenario, days[min(days)], workers, folder)
        told = _made(scenario, of, workers, folder)
        found += _size(told, base or told, workers)
    return found, notes


def _made(
    scenario: str, days: int | None, workers: int, folder: Path, engine: str | None = None
) -> dict[str, Any]:
    """Make a data set in place of the one before and return what it took."""
    out = folder / "largest"
    shutil.rmtree(out, ignore_errors=True)
    told = watched(
        "simulate", scenario=scenario, days=days, out=str(out), workers=workers, engine=engine
    )
    say(
        f"  {told['rows']:,} rows on {workers} workers in {told['wall']:.1f} s, "
        f"peak {told['peak'] / MB:,.0f} MB"
    )
    return told


def _size(told: dict[str, Any], base: dict[str, Any], workers: int) -> list[dict[str, Any]]:
    """Return time and memory of one size beside the smallest."""
    rows = told["rows"]
    more = {"rows": rows, "days": told["days"], "workers": workers}
    return [
        measure(
            f"time_{rows}", told["wall"], "s",
            (told["wall"] / rows) / (base["wall"] / base["rows"]),
            f"{rows:,} queries on {workers} workers; ratio: time per query ÷ that of the smallest",
            cpu=told["cpu"], per_wall=rows / told["wall"], **more,
        ),
        measure(
            f"memory_{rows}", told["peak"] / MB, "MB", told["peak"] / base["peak"],
            f"peak memory of all processes at {rows:,} queries; ratio: ÷ that of the smallest",
            largest_process=told["largest"] / MB, log_bytes_per_query=told["bytes"] / rows, **more,
        ),
    ]  # fmt: skip


def _timing(told: dict[str, Any]) -> Timing:
    return Timing(told["wall"], told["cpu"], told["rows"])


def workers_efficiency(
    scenario: str, days: int | None, rounds: int, folder: Path
) -> list[dict[str, Any]]:
    """Return what a second worker brings: time on one ÷ time on two, halved."""
    found = in_turns({
        "1 worker": lambda: _timing(_made(scenario, days, 1, folder)),
        "2 workers": lambda: _timing(_made(scenario, days, 2, folder)),
    }, rounds)  # fmt: skip
    one, two = found["1 worker"], found["2 workers"]
    return [
        measure(
            "two_workers", middle([t.per_wall for t in two]), "queries/s",
            paired([t.wall for t in one], [2 * t.wall for t in two]),
            "two workers, their start included; ratio: efficiency, 1 is perfect",
            one_worker=middle([t.per_wall for t in one]),
            cpu_ratio=paired([t.cpu for t in two], [t.cpu for t in one]),
            rows=two[0].rows, rounds=rounds,
        )
    ]  # fmt: skip


def engines(
    scenario: str, days: int | None, workers: int, rounds: int, folder: Path
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return a run on Ray beside one on the local pool, or a note why there is none."""
    if "engine" not in inspect.signature(shards.run).parameters:
        return [], ["no comparison with Ray: the simulator takes no engine"]
    if importlib.util.find_spec("ray") is None:
        return [], ["no comparison with Ray: it is not installed"]
    found = in_turns({
        name: lambda name=name: _timing(_made(scenario, days, workers, folder, name))
        for name in ("local", "ray")
    }, rounds)  # fmt: skip
    pool, ray = found["local"], found["ray"]
    return [
        measure(
            "ray", middle([t.per_wall for t in ray]), "queries/s",
            paired([t.wall for t in pool], [t.wall for t in ray]),
            f"Ray on this machine, {workers} workers, its start included; "
            "ratio: time on the local pool ÷ time on Ray",
            local_pool=middle([t.per_wall for t in pool]), rows=ray[0].rows, rounds=rounds,
        )
    ], []  # fmt: skip


def questions(data: Path, threads: int, rounds: int) -> list[dict[str, Any]]:
    """Return what three questions to a whole data set take in DuckDB."""
    found = []
    for name in QUESTIONS:
        told = watched("ask", data=str(data), question=name, threads=threads, rounds=rounds)
        say(f"  {name}: {told['seconds']:.2f} s, peak {told['peak'] / MB:,.0f} MB")
        found.append(
            measure(
                f"duckdb_{name}", told["seconds"], "s", told["ratio"],
                f"{MEANS[name]}; ratio: ÷ time to read the columns",
                peak=told["peak"] / MB, found=told["found"], threads=threads, rounds=rounds,
            )
        )  # fmt: skip
    return found
