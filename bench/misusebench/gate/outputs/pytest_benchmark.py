"""pytest-benchmark's JSON, for its `compare` and for tools that read it.

Its numbers are seconds of rounds; here the speed side has head's time in units of base's, which is
all that a paired measurement knows, and accuracy its metrics' values. `extra_info` says the unit
and which way is better. There is no date: a verdict holds no clock.
"""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any

from misusebench.gate.outputs.told import (
    bigger_is_better,
    dumps,
    head_ends,
    measured,
    plain,
    unit,
)

if TYPE_CHECKING:
    from misusebench.gate.verdict import Check, Verdict


def render(verdict: Verdict) -> str:
    """Return the measured values of head as a pytest-benchmark file."""
    found = [_benchmark(name, check) for name, check in measured(verdict)]
    return dumps({
        "benchmarks": found, "commit_info": {}, "machine_info": {}, "datetime": None,
        "version": metadata.version("misusebench"),
    })  # fmt: skip


def _benchmark(name: str, check: Check) -> dict[str, Any]:
    assert check.head is not None
    where = f"{plain(check.dataset)}::{plain(check.component)}::{name}"
    bigger = bigger_is_better(check)
    return {
        "group": f"{check.side}: {plain(check.metric)}", "name": where, "fullname": where,
        "params": None, "param": None, "options": {},
        "extra_info": {
            "status": check.status, "unit": unit(check), "base": check.base,
            "better": None if bigger is None else "bigger" if bigger else "smaller",
            "message": plain(check.message),
        },
        "stats": _stats(check.head, *(head_ends(check) or (check.head, check.head))),
    }  # fmt: skip


def _stats(value: float, low: float, high: float) -> dict[str, Any]:
    """Return one value and its interval as the statistics of one round."""
    same = dict.fromkeys(("mean", "median", "q1", "q3", "ld15iqr", "hd15iqr", "total"), value)
    none = dict.fromkeys(("stddev", "iqr"), 0.0)
    return {
        **same, **none, "min": min(low, value), "max": max(high, value), "rounds": 1,
        "iterations": 1, "iqr_outliers": 0, "stddev_outliers": 0, "outliers": "0;0",
        "ops": 1 / value if value else 0.0,
    }  # fmt: skip
