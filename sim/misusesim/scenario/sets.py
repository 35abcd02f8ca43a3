"""``--set key=value``: changes to a decoded scenario before it is checked."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusesim.scenario.lines import Path

_KEY: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_EXAMPLE: Final = "agency.0.count=2"


class SetError(ValueError):
    """A ``--set`` that cannot be done."""


def apply_sets(data: dict[str, Any], sets: Sequence[str]) -> tuple[dict[Path, str], list[str]]:
    """Change decoded data in place.

    Parameters
    ----------
    data
        A decoded TOML file.
    sets
        ``key=value`` each: a dotted key in which numbers are places in a list, from 0; the value
        as TOML writes it.

    Returns
    -------
    tuple
        The text of the last ``--set`` per path, and the faults of those that cannot be done.
    """
    done: dict[Path, str] = {}
    faults = []
    for text in sets:
        try:
            path, value = _parse(text)
            _put(data, path, value)
        except SetError as error:
            faults.append(f"--set {text}: {error}".replace("\n", "\\n"))
        else:
            done[path] = text
    return done, faults


def _parse(text: str) -> tuple[Path, Any]:
    key, equals, raw = text.partition("=")
    if not equals or not _KEY.fullmatch(key.strip()):
        raise SetError(f"must be key=value such as {_EXAMPLE}")
    path = tuple(int(k) if k.isdecimal() else k for k in key.strip().split("."))
    try:
        found = tomllib.loads(f"v = {raw.strip()}")
    except (ValueError, RecursionError):
        meant = json.dumps(raw.strip(), ensure_ascii=False)
        raise SetError(
            f"value must be TOML, got {raw.strip()}; did you mean '{key.strip()}={meant}'?"
        ) from None
    if list(found) != ["v"]:
        raise SetError("must be one key=value")
    return path, found["v"]


def _put(data: dict[str, Any], path: Path, value: Any) -> None:
    at: Any = data
    for place, key in enumerate(path):
        _check(at, key, ".".join(map(str, path[:place])))
        if place == len(path) - 1:
            at[key] = value
        elif isinstance(at, dict):
            at = at.setdefault(key, {})
        else:
            at = at[key]


def _check(at: Any, key: str | int, name: str) -> None:
    """Raise unless `key` can be set in what is called `name`."""
    if isinstance(at, list):
        if not isinstance(key, int) or key >= len(at):
            places = f"0 to {len(at) - 1}" if at else "none: it is empty"
            raise SetError(f"{name} needs a place ({places}), got {key}")
    elif not isinstance(at, dict):
        raise SetError(f"{name} is a plain value and holds no {key}")
    elif isinstance(key, int):
        raise SetError(f"{name or 'a scenario'} is a table, got the place {key}")
