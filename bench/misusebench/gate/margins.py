"""What `gate.toml` says: how much of a metric may be lost, and bounds that must hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from misusebench import metrics
from misusebench.errors import SuiteError
from misusebench.reading import read_text, toml_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Margins:
    """What `gate.toml` says beside the registry's tolerances."""

    margin: Mapping[str, float] = field(default_factory=dict)  # metric -> largest absolute loss
    floor: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # component -> metric
    ceiling: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def load_margins(path: str | Path) -> Margins:
    """Read `gate.toml`: tables `margin`, `floor.COMPONENT`, `ceiling.COMPONENT`.

    Raises
    ------
    SuiteError
        If it cannot be read, or names no metric or no number.
    """
    told = toml_of(path, read_text(path))
    faults = [f"no table {name}; there are margin, floor, ceiling"
              for name in told if name not in ("margin", "floor", "ceiling")]  # fmt: skip
    tables = [("margin", told.get("margin", {}))]
    for side in ("floor", "ceiling"):
        limits = told.get(side, {})
        if isinstance(limits, dict):
            tables += [(f"{side}.{name}", table) for name, table in limits.items()]
        else:
            faults.append(f"{side} must hold tables, {side}.COMPONENT, got {limits!r:.60}")
    for place, table in tables:
        faults += _limit_faults(place, table)
    if faults:
        raise SuiteError("\n".join(f"{path}: {fault}" for fault in faults))
    return Margins(**told)


def _limit_faults(place: str, table: Any) -> list[str]:
    if not isinstance(table, dict):
        return [f"{place} must be a table of metrics, got {table!r:.60}"]
    faults = []
    for name, value in table.items():
        if name.partition("/")[0] not in metrics.REGISTRY:
            faults.append(f"{place}.{name}: there is no such metric")
        elif isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:  # noqa: PLR0124
            faults.append(f"{place}.{name} must be a number, got {value!r:.60}")
    return faults
