"""JSON Schemas of what commands print with `--json` and of the files that a run consists of.

`NAME.schema.json` is the schema of the command of that name (a space is a dash: `policy-bench`), or
of `run` (run.json), `result` (results/*.json), `verdict`. Its `$id` ends with its version, which is
the `schema_version` that what it describes carries: it rises when a key goes or changes its
meaning; further keys may appear without. `scenario` is made from the models.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from misusebench.errors import SuiteError

_FOLDER: Final = Path(__file__).parent
_ENDING: Final = ".schema.json"
#: How ids begin; they are names, not addresses.
PREFIX: Final = "urn:misusebench:schema:"


def names() -> list[str]:
    """Return the names of all schemas."""
    found = [path.name.removesuffix(_ENDING) for path in _FOLDER.glob(f"*{_ENDING}")]
    return sorted([*found, "scenario"])


def schema(name: str) -> dict[str, Any]:
    """Return the schema of a name, with those it refers to in its `$defs`.

    Raises
    ------
    SuiteError
        If there is none.
    """
    from misusebench.specs import guess  # noqa: PLC0415 - only for a wrong name

    key = name.strip().replace(" ", "-")
    if key == "scenario":
        from misusesim.scenario.load import json_schema  # noqa: PLC0415 - heavy

        return json_schema()
    if key not in names():
        raise SuiteError(f"no schema {name}{guess(key, names())}")
    found = _read(key)
    others = {other: _read(other) for other in sorted(_referred(found) - {key})}
    return {**found, "$defs": {**found.get("$defs", {}), **others}} if others else found


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_FOLDER / f"{name}{_ENDING}").read_text(encoding="utf-8"))
    return found


def _referred(part: Any) -> set[str]:
    """Return the names of all schemas that one refers to, through others as well."""
    if isinstance(part, list):
        return set().union(*map(_referred, part))
    if not isinstance(part, dict):
        return set()
    found = set().union(*map(_referred, part.values()))
    ref = part.get("$ref", "")
    if ref.startswith(PREFIX):
        other = ref.removeprefix(PREFIX).partition(":")[0]
        found |= {other} | _referred(_read(other))
    return found
