"""A scenario written down: TOML with every default, its hash, and the JSON Schema for editors."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from misusesim.scenario.model import Scenario

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def dump_toml(scenario: Scenario) -> str:
    """Return the scenario as TOML, every default spelled out; it loads back to an equal one."""
    data = scenario.model_dump(exclude_none=True)
    plain = {k: v for k, v in data.items() if not isinstance(v, (dict, tuple))}
    blocks = [_pairs(plain)]
    for key, value in data.items():
        if isinstance(value, dict):
            blocks.append(f"[{key}]\n{_pairs(value)}")
        elif isinstance(value, tuple):
            blocks += [f"[[{key}]]\n{_pairs(item)}" for item in value]
    return "\n".join(blocks)


def scenario_hash(scenario: Scenario) -> str:
    """Return the SHA-256 of the scenario's canonical JSON, in hex."""
    data = scenario.model_dump(mode="json")
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a scenario file, for editors."""
    return {"$schema": SCHEMA_DIALECT, **Scenario.model_json_schema()}


def _pairs(table: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items())


def _value(value: Any) -> str:
    """Return a value as TOML; a table becomes an inline one."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            # JSON escapes what TOML does, but for delete
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case dict():
            return f"{{{', '.join(f'{k} = {_value(v)}' for k, v in value.items())}}}"
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case dt.date():
            return value.isoformat()
        case _:
            return repr(value)
