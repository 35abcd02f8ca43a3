"""Clocks, percentiles, memory and the machine: everything about speed that a result says.

Times are taken inside the component's process with a monotonic nanosecond clock, around the
component's own method and nothing else; transport is not in them. None of it is in the gated part
of a result.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import psutil

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Percentile -> least number of samples for it: ten must lie above it, one for the median.
PERCENTILES: Final = {"p50": 2, "p95": 200, "p99": 1_000, "p99.9": 10_000}
_SHARE: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}
#: First batches that are not counted: caches, lazy imports.
WARM_UP: Final = 2


@dataclass(slots=True)
class Timing:
    """Times of one run of one component."""

    fit_ns: int = 0
    observe_ns: int = 0
    batches: list[tuple[int, int]] = field(default_factory=list)  # (rows, ns)
    peak_kib: int = 0  # the worker's largest resident size
    empty_kib: int = 0  # the same before the component was imported

    def add(self, rows: int, took_ns: int) -> None:
        """Note one batch."""
        self.batches.append((rows, took_ns))

    def memory(self, peak_kib: int, empty_kib: int) -> None:
        """Note the memory at the end."""
        self.peak_kib, self.empty_kib = peak_kib, empty_kib

    def summary(self) -> dict[str, Any]:
        """Return what a result says about speed; undefined numbers are None."""
        batched = [b for b in self.batches if b[0] > 1]
        warm = batched[WARM_UP:] or batched
        rows, took = sum(b[0] for b in warm), sum(b[1] for b in warm)
        return {
            "fit_s": self.fit_ns / 1e9,
            "observe_s": self.observe_ns / 1e9,
            "rows_per_s": rows / took * 1e9 if took else None,
            "rows": rows,
            "mean_batch_rows": rows / len(warm) if warm else None,
            "single_row_ms": percentiles_ms([b[1] for b in self.batches if b[0] == 1]),
            "peak_mib": self.peak_kib / 1024,
            "above_empty_mib": max(0, self.peak_kib - self.empty_kib) / 1024,
        }


def percentiles_ms(took_ns: Sequence[int]) -> dict[str, Any]:
    """Return percentiles in milliseconds, None where there are too few samples, and the count.

    Examples
    --------
    >>> percentiles_ms([1_000_000, 3_000_000, 2_000_000])
    {'n': 3, 'p50': 2.0, 'p95': None, 'p99': None, 'p99.9': None}
    """
    found: dict[str, Any] = {"n": len(took_ns)}
    for name, least in PERCENTILES.items():
        enough = len(took_ns) >= least
        found[name] = (
            float(np.quantile(took_ns, _SHARE[name], method="higher")) / 1e6 if enough else None
        )
    return found


def machine() -> dict[str, Any]:
    """Return the facts of this machine that explain a time: never part of a gated number."""
    packages = ("misusebench", "numpy", "pyarrow", "duckdb", "scikit-learn", "cedarpy")
    return {
        "cpu_count": os.cpu_count(),
        "cpu_affinity": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "cpu": _cpu_name(),
        "load_1m": round(os.getloadavg()[0], 2),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": {name: v for name in packages if (v := _version(name)) is not None},
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu_name() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - streamed, first hit
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
