"""Numbers of policy engines from raw times, and as lines of Markdown."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusebench.component import OUTCOMES
from misusebench.timing import percentiles_ms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from misusebench.policy_bench.adapter import Singles

#: What the harness may add to a decision, in microseconds.
MOST_OVERHEAD_US: Final = 2.0


def spread(rates: Mapping[Any, float], base: Mapping[Any, float]) -> dict[str, float | None]:
    """Return the median rate, its lowest and highest, and the median ratio within rounds.

    Examples
    --------
    >>> spread({1: 10.0, 2: 30.0}, {1: 20.0, 2: 20.0})
    {'median': 20.0, 'low': 10.0, 'high': 30.0, 'ratio': 1.0}
    """
    ratios = [rate / base[turn] for turn, rate in rates.items() if turn in base]
    return {
        "median": statistics.median(rates.values()), "low": min(rates.values()),
        "high": max(rates.values()), "ratio": statistics.median(ratios) if ratios else None,
    }  # fmt: skip


def split_us(singles: Sequence[Singles]) -> dict[str, dict[str, Any]]:
    """Return percentiles of service times in microseconds, of all and by outcome."""
    if not singles:
        return {}
    ns = np.concatenate([one.ns for one in singles])
    outcome = np.concatenate([one.outcome for one in singles])
    parts = {"all": ns} | {
        name: ns[outcome == code] for code, name in enumerate(OUTCOMES) if (outcome == code).any()
    }
    return {name: percentiles_us(part) for name, part in parts.items()}


def percentiles_us(ns: NDArray[np.int64]) -> dict[str, Any]:
    """Return percentiles in microseconds; None where there are too few samples."""
    return {
        key: value if key == "n" or value is None else value * 1e3
        for key, value in percentiles_ms(ns).items()  # type: ignore[arg-type]
        if key != "p95"
    }


def overhead(singles: Sequence[Singles]) -> dict[str, Any]:
    """Return what the harness adds to a decision, from an engine that does nothing."""
    whole = statistics.median(one.loop_ns / len(one.ns) for one in singles) / 1e3
    inside = statistics.median(float(np.median(one.ns)) for one in singles) / 1e3
    return {"per_decision_us": whole, "in_service_time_us": inside, "most_us": MOST_OVERHEAD_US}


def render(found: Mapping[str, Any]) -> list[str]:
    """Return what :func:`misusebench.policy_bench.speed.speed` found as lines of Markdown."""
    cost = found["overhead"]
    engines = found["engines"]
    plan = found["plan"]
    lines = [
        f"Policy `{found['policy']}`, {found['requests']:,} requests, {plan['launches']} launches",
        f"of {plan['rounds']} rounds, all engines in turns. The harness costs",
        f"{cost['per_decision_us']:.2f} µs a decision (asked: at most {cost['most_us']:g}); of",
        f"that {cost['in_service_time_us']:.2f} µs lie in each service time. So says the engine",
        "`null`, which does nothing.",
        "",
        *table(_HEAD, [_speed_row(name, one) for name, one in engines.items()]),
        "",
        "Service times in µs (p50 / p99 / p99.9), by outcome; - where there are too few:",
        "",
        *table(("engine", "permit", "deny", "all"), [
            (name, *(_three(one["single_us"].get(key)) for key in ("permit", "deny", "all")))
            for name, one in engines.items() if one["single_us"]
        ]),
        "",
        "Start in ms, memory in MiB, and the longest time without a decision in a reload, in ms;",
        "an engine that no other thread may ask stands still while it loads:",
        "",
        *table(_START, [_start_row(name, one) for name, one in engines.items() if one["cold_ms"]]),
    ]  # fmt: skip
    columnar = [(name, one) for name, one in engines.items() if "table" in one["per_s"]]
    if columnar:
        lines += ["", "Whole tables of facts, rows a second (and to the reference one by one):", ""]
        parts = ("table", "table, encode", "table, evaluate")
        lines += table(("engine", "whole", "encode", "evaluate"), [
            (name, *(_rate(one["per_s"].get(part)) for part in parts)) for name, one in columnar
        ])  # fmt: skip
    wrong = [_wrong(name, one) for name, one in engines.items() if not one["valid"]]
    return [*lines, "", *wrong]


_HEAD: Final = ("engine", "version", "times", "decisions/s", "to the reference", "lowest to most",
                "in batches of 1", "100", "1,000")  # fmt: skip
_START: Final = ("engine", "start to first decision", "spawn", "import", "load", "first decision",
                 "memory", "grown", "reload", "gap", "usual gap")  # fmt: skip


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table as lines of Markdown."""
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def _speed_row(name: str, one: Mapping[str, Any]) -> list[str]:
    rates = one["per_s"]
    single = rates.get("single")
    ratio = f"{single['ratio']:.3g}" if single and single["ratio"] is not None else "-"
    span = f"{single['low']:,.0f} to {single['high']:,.0f}" if single else "-"
    batches = [rates.get(f"batch {size}") for size in (1, 100, 1_000)]
    return [
        name, one["version"] or "-",
        "valid" if one["valid"] else _state(one),
        f"{single['median']:,.0f}" if single else "-", ratio, span,
        *(f"{rate['median']:,.0f}" if rate else "-" for rate in batches),
    ]  # fmt: skip


def _start_row(name: str, one: Mapping[str, Any]) -> list[str]:
    cold = [f"{one['cold_ms'][key]:.3g}" for key in ("total", "spawn", "import", "load", "first")]
    memory = [one["memory_mib"].get(key) for key in ("loaded", "grown")]
    reload = [one["reload_ms"].get(key) for key in ("load", "gap", "usual_gap")]
    told = ["-" if v is None else f"{v:.3g}" for v in reload]
    if one["reload_ms"].get("own_thread"):
        told[1:] = ["stands still", "-"]
    return [name, *cold, *("-" if v is None else f"{max(0, v):.1f}" for v in memory), *told]


def _three(found: Mapping[str, Any] | None) -> str:
    if not found:
        return "-"
    return " / ".join("-" if found[key] is None else f"{found[key]:.3g}"
                      for key in ("p50", "p99", "p99.9"))  # fmt: skip


def _rate(found: Mapping[str, Any] | None) -> str:
    if not found:
        return "-"
    ratio = "" if found["ratio"] is None else f" ({found['ratio']:.3g} times)"
    return f"{found['median']:,.0f}{ratio}"


def _wrong(name: str, one: Mapping[str, Any]) -> str:
    more = ", its times do not count" if _state(one) == "INVALID" else ""
    return f"- `{name}`: {_state(one)}{more}: {one['why']}"


def _state(one: Mapping[str, Any]) -> str:
    """Return why there are no times that count."""
    if one["absent"]:
        return "not installed"
    return "INVALID" if one["applicable"] else "not applicable"
