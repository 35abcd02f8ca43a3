"""Speed and memory as values, from what `timing.py` measured. Shown, never gated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Percentiles of the time for a single row.
PERCENTILES: Final = ("p50", "p95", "p99", "p99.9")


def rows_per_s(timing: Mapping[str, Any]) -> float | None:
    """Return rows per second of the component's own time in batches.

    Examples
    --------
    >>> rows_per_s({"rows_per_s": 1000.0})
    1000.0
    """
    return _number(timing.get("rows_per_s"))


def single_row_ms(timing: Mapping[str, Any], percentile: str = "p50") -> float | None:
    """Return a percentile of the component's own time for a single row, milliseconds.

    Examples
    --------
    >>> single_row_ms({"single_row_ms": {"n": 3, "p50": 2.0, "p99": None}}, "p50")
    2.0
    """
    return _number((timing.get("single_row_ms") or {}).get(percentile))


def fit_s(timing: Mapping[str, Any]) -> float | None:
    """Return the seconds that fitting took.

    Examples
    --------
    >>> fit_s({"fit_s": 1.5})
    1.5
    """
    return _number(timing.get("fit_s"))


def peak_mib(timing: Mapping[str, Any]) -> float | None:
    """Return the largest resident size above that of the empty worker, MiB.

    Examples
    --------
    >>> peak_mib({"above_empty_mib": 12.0})
    12.0
    """
    return _number(timing.get("above_empty_mib"))


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
