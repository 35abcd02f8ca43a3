"""TOML to scenario: all faults at once, each with file and line, and a likely intention."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from misusesim.errors import ScenarioError
from misusesim.scenario.checks import guess
from misusesim.scenario.family import grown, member_of, members
from misusesim.scenario.faults import faults_of
from misusesim.scenario.folder import list_scenarios, scenario_folder
from misusesim.scenario.lines import key_lines, line_of
from misusesim.scenario.model import Scenario
from misusesim.scenario.sets import apply_sets
from misusesim.scenario.write import dump_toml, json_schema, scenario_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from misusesim.scenario.faults import Fault

__all__ = [
    "dump_toml", "json_schema", "list_scenarios", "load_scenario", "scenario_folder",
    "scenario_hash",
]  # fmt: skip


def load_scenario(source: str | Path, sets: Sequence[str] = (), **override: object) -> Scenario:
    """Read a scenario.

    Parameters
    ----------
    source
        Name of a shipped scenario or of a member of the family, or a TOML file.
    sets
        Changes as ``key=value``, for instance ``misuse.0.officers_per_year=0.01``.
    **override
        Values of top-level keys, such as ``seed`` and ``days``; None leaves the file's.

    Raises
    ------
    ScenarioError
        All faults at once, one a line.
    """
    path = _file(source)
    text, data = _decode(path)
    if isinstance(source, str) and (member := member_of(source)) is not None:
        grown(member, data, lambda: _decode(_file("state"))[1])
    set_by, faults = apply_sets(data, sets)
    for key, value in override.items():
        if value is not None:
            data[key] = value
            set_by[key,] = f"--{key} {value}"
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        lines = key_lines(text)
        found = sorted((_place(f, path, lines, set_by), str(f)) for f in faults_of(error, data))
        faults += [f"{place}: {what}" for (_, place), what in dict.fromkeys(found)]
    if faults:
        raise ScenarioError("\n".join(faults))
    return scenario


def _file(source: str | Path) -> Path:
    """Return the file that is meant."""
    path = Path(source)
    if isinstance(source, Path) or path.suffix == ".toml" or len(path.parts) != 1:
        return path
    names = list_scenarios()
    if source in names:
        return scenario_folder() / f"{source}.toml"
    if member_of(str(source)) is not None:
        return scenario_folder() / "family" / "base.toml"
    hint = guess(source, [*names, *(member.name for member in members())])
    known = f"{', '.join(names)}, or of the family, such as M-NAT-hard"
    raise ScenarioError(f"no scenario {source}{hint} (a TOML file, or {known})")


def _decode(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ScenarioError(f"{path}:{line}: must be UTF-8, got other bytes") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ScenarioError(f"{path}: cannot be read: {reason}") from None
    try:
        return text, tomllib.loads(text)
    except RecursionError:
        raise ScenarioError(f"{path}:1: nested too deep; a scenario has two levels") from None
    except ValueError as error:
        raise ScenarioError(_syntax(path, text, str(error))) from None


def _syntax(path: Path, text: str, message: str) -> str:
    """Return tomllib's message, which carries its line only in words, with file and line."""
    at = re.search(r" \(at line (\d+), column (\d+)\)", message)
    if at is None:
        last = max(1, len(text.splitlines()))
        return f"{path}:{last}: not TOML: {message.partition(' (at ')[0]}"
    return f"{path}:{at[1]}: not TOML: {message[: at.start()]}, column {at[2]}"


def _place(
    fault: Fault,
    path: Path,
    lines: Mapping[tuple[str | int, ...], int],
    set_by: Mapping[tuple[str | int, ...], str],
) -> tuple[int, str]:
    """Return the line (0 for the command line) and the place of a fault in words."""
    for length in range(len(fault.path), 0, -1):
        if (text := set_by.get(fault.path[:length])) is not None:
            return 0, text if text.startswith("--") else f"--set {text}"
    line = line_of(lines, fault.path)
    return line, f"{path}:{line}"
