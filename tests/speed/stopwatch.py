"""Timing in turns: A, B, A, B ... in one run, so that a busy machine slows all of them alike.

Repeated runs of the same work differ by several per cent on a shared machine, the median of paired
ratios by far less. So every ratio here is taken within a round.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Timing(NamedTuple):
    """One run of one job."""

    wall: float  # seconds
    cpu: float  # seconds of all threads and processes
    rows: int

    @property
    def per_core(self) -> float:
        """Rows a second of one core."""
        return self.rows / self.cpu

    @property
    def per_wall(self) -> float:
        """Rows a second by the clock on the wall."""
        return self.rows / self.wall


def say(line: str) -> None:
    """Print a line of progress."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - progress of a command


def timed(job: Callable[[], int]) -> Timing:
    """Run a job in this process; it returns its number of rows."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    rows = job()
    return Timing(time.perf_counter() - wall, time.process_time() - cpu, rows)


def in_turns(jobs: Mapping[str, Callable[[], Timing]], rounds: int) -> dict[str, list[Timing]]:
    """Run all jobs one after the other, and that again for every round."""
    found: dict[str, list[Timing]] = {name: [] for name in jobs}
    for turn in range(rounds):
        for name, job in jobs.items():
            found[name].append(job())
            took = found[name][-1]
            say(f"  round {turn + 1} of {rounds}: {name}, {took.rows:,} rows in {took.wall:.2f} s")
    return found


def paired(over: Sequence[float], under: Sequence[float]) -> float:
    """Return the median of the ratios within rounds.

    Examples
    --------
    >>> paired([2, 4, 9], [1, 2, 3])
    2.0
    """
    return float(statistics.median(a / b for a, b in zip(over, under, strict=True)))


def middle(values: Sequence[float]) -> float:
    """Return the median."""
    return float(statistics.median(values))


def measure(
    name: str, absolute: float, unit: str, ratio: float | None, means: str, **more: Any
) -> dict[str, Any]:
    """Return one measure: its absolute value, its ratio within the same run, what they mean."""
    return {
        "name": name, "absolute": absolute, "unit": unit, "ratio": ratio, "means": means, **more,
    }  # fmt: skip
