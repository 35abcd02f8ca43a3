"""Entries of a suite, ``[[detector]]`` and ``[[policy]]``: each becomes one or more components."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from misusebench import grids
from misusebench.errors import SuiteError
from misusebench.faults import is_json, word
from misusebench.specs import SCORERS, TIERS, ComponentSpec, Kind, parse_component

if TYPE_CHECKING:
    from misusebench.faults import Faults, Place

_KEYS: Final = {
    "name": str, "component": str, "tier": str, "tiers": list, "parameters": dict, "grid": dict,
    "after": str,
}  # fmt: skip
#: What a result file may be called.
_NAME: Final = re.compile(r"[A-Za-z0-9][\w-]*")


def components(kind: Kind, found: list[Any], faults: Faults) -> list[ComponentSpec]:
    """Return the components of all entries of one kind; what is wrong is told to `faults`."""
    return [
        spec for nth, entry in enumerate(found) for spec in _entry(kind, nth, entry, faults)
    ]  # fmt: skip


def _entry(kind: Kind, nth: int, entry: Any, faults: Faults) -> list[ComponentSpec]:
    place: Place = (kind, nth)
    if not isinstance(entry, dict):
        faults.add(place, f"write [[{kind}]] and then name = ...")
        return []
    faults.keys(entry, list(_KEYS), place)
    if not _typed(kind, place, entry, faults):
        return []
    tiers = _tiers(kind, place, entry, faults)
    grid = _grid(kind, place, entry, faults)
    key = "component" if "component" in entry else "name"
    if key not in entry:
        faults.add(place, f"{kind} needs a name: a registry name or module:Class")
    elif tiers is not None and grid is not None and not _too_many(kind, place, grid, tiers, faults):
        return _members(kind, place, entry, grid, tiers, faults)
    return []


def _typed(kind: Kind, place: Place, entry: dict[str, Any], faults: Faults) -> bool:
    """Tell whether all keys have values of their types; parameters must be JSON."""
    for key, value in entry.items():
        if key in _KEYS and not isinstance(value, _KEYS[key]):
            faults.add((*place, key), f"{kind}.{key} must be {word(_KEYS[key])}, got {value!r:.60}")
            return False
    given = [("parameters", key, value) for key, value in entry.get("parameters", {}).items()]
    given += [("grid", key, value) for key, value in entry.get("grid", {}).items()]
    for table, key, value in given:
        if not is_json(value):
            what = f"{kind}.{table}.{key} must be text, numbers, lists or tables, "
            faults.add((*place, table, key), what + f"got {value!r:.60}")
    return True


def _tiers(
    kind: Kind, place: Place, entry: dict[str, Any], faults: Faults
) -> list[str | None] | None:
    """Return what is granted, each a component; None if that is wrong."""
    ways = {
        "tier": [entry["tier"]] if "tier" in entry else None, "tiers": entry.get("tiers"),
        "grid.tier": entry.get("grid", {}).get("tier"),
    }  # fmt: skip
    used = [way for way, asked in ways.items() if asked is not None]
    if not used:
        return [None]
    way, asked, what = used[-1], ways[used[-1]], ""
    if len(used) > 1:
        what = f"{kind} has both {' and '.join(used)}; leave one out"
    elif not isinstance(asked, list):
        return None  # of a grid, which has told it
    elif wrong := [one for one in asked if one not in TIERS]:
        what = f"{kind}.{way} must be one of {', '.join(TIERS)}, got {wrong[0]!r}"
    elif not asked or len(set(asked)) < len(asked):
        what = f"{kind}.{way} must name at least one tier, each once, got {asked!r:.60}"
    if what:
        faults.add((*place, *way.split(".")), what)
        return None
    return list(asked)


def _grid(
    kind: Kind, place: Place, entry: dict[str, Any], faults: Faults
) -> dict[str, list[Any]] | None:
    """Return the values to be tried by parameter; None if one is wrong."""
    grid: dict[str, list[Any]] = entry.get("grid", {})
    if "grid" in entry and not grid:
        faults.add((*place, "grid"), f"{kind}.grid is empty: give it a key, as in bins = [10, 20]")
        return None
    good = True
    for key, values in grid.items():
        if key == "tier" and isinstance(values, list) and "tier" not in entry.get("parameters", {}):
            continue  # see _tiers
        if what := grids.fault(key, values, entry.get("parameters", {})):
            faults.add((*place, "grid", key), f"{kind}.grid.{what}")
            good = False
    return {key: values for key, values in grid.items() if key != "tier"} if good else None


def _too_many(
    kind: Kind, place: Place, grid: dict[str, list[Any]], tiers: list[str | None], faults: Faults
) -> bool:
    count = grids.size(grid, tiers)
    if count > grids.MOST:
        what = f"{kind}.grid makes {count} components, at most {grids.MOST} are allowed"
        faults.add((*place, "grid"), what + "; split the entry or try fewer values")
    return count > grids.MOST


def _members(
    kind: Kind, place: Place, entry: dict[str, Any], grid: dict[str, list[Any]],
    tiers: list[str | None], faults: Faults,
) -> list[ComponentSpec]:  # fmt: skip
    """Return one component for each combination; without grid and tiers that is one."""
    key = "component" if "component" in entry else "name"
    many = "grid" in entry or "tiers" in entry
    told = "tier" in entry.get("grid", {})  # granted, and a parameter of the component's as well
    found = []
    for one in grids.members(grid, tiers):
        own = entry.get("parameters", {}) | one.parameters | ({"tier": one.tier} if told else {})
        try:
            spec = parse_component(kind, entry[key], own, one.tier)
        except SuiteError as error:
            faults.add((*place, key), str(error))
            break
        base = entry.get("name", spec.name) if key == "component" else spec.name
        if not _named(spec, base, (*place, "name"), faults):
            break
        found.append(replace(spec, name=base + one.suffix * many, after=entry.get("after", "")))
    return found


def check_after(found: list[ComponentSpec], faults: Faults) -> None:
    """Tell which components are to run after a policy that is not there."""
    policies = [spec.name for spec in found if spec.kind == "policy"]
    for spec in found:
        if spec.after and spec.kind == "policy":
            faults.add((), f"policy {spec.name}: only a detector can run after a policy")
        elif spec.after and spec.after not in policies:
            there = ", ".join(policies) or "none"
            faults.add((), f"detector {spec.name}: after names the policy {spec.after}; "
                           f"the suite's policies: {there}")  # fmt: skip


def _named(spec: ComponentSpec, name: str, place: Place, faults: Faults) -> bool:
    """Tell whether a name may be a component's."""
    what = ""
    if name in SCORERS and spec.target != SCORERS[name]:
        what = f"{spec.kind}.name: {name} is the scorer's own; name it otherwise"
    elif not _NAME.fullmatch(name):
        what = f"{spec.kind}.name must be letters, digits, _ and -, got {name!r:.60}"
    if what:
        faults.add(place, what)
    return not what
