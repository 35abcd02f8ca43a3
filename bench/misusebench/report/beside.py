"""Files that other commands put beside a run: a verdict, the realism and the audit of its data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from misusebench.errors import SuiteError
from misusebench.reading import json_of, read_text

if TYPE_CHECKING:
    from pathlib import Path

#: File -> words that it must have, lists of objects that it must have, and those that it may have.
_PARTS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]]] = {
    "verdict.json": (("status",), ("checks",), ()),
    "realism.json": ((), (), ("statistics", "profiles")),
    "audit.json": ((), ("checks",), ()),
}
#: What each object of such a list must say.
_WORDS: Final = {"verdict.json": ("status", "message")}


def side_file(path: Path) -> dict[str, Any] | None:
    """Return an object beside the run, also if a command's ``--json`` put it there.

    Parameters
    ----------
    path
        Of ``verdict.json``, ``realism.json`` or ``audit.json``; None where it does not exist.

    Raises
    ------
    SuiteError
        If it is not what its name says.
    """
    if not path.exists():
        return None
    told = json_of(path, read_text(path))
    if isinstance(told, dict) and "command" in told:
        told = told.get("data")
    fault = _fault(told, path.name)
    if fault:
        raise SuiteError(f"{path}: {fault}; write it again, or remove it")
    return told  # type: ignore[no-any-return]


def _fault(told: Any, name: str) -> str:
    """Return what is wrong, nothing if all is well."""
    if not isinstance(told, dict):
        return "it holds no JSON object"
    words, needed, allowed = _PARTS[name]
    for key in words:
        if not isinstance(told.get(key), str):
            return f"{key} must be a text, got {told.get(key)!r:.40}"
    for key in (*needed, *allowed):
        if key in allowed and told.get(key) is None:
            continue
        own = told.get(key)
        if not isinstance(own, list) or not all(isinstance(one, dict) for one in own):
            return f"{key} must be a list of objects"
        for place, one in enumerate(own):
            if lost := [
                word for word in _WORDS.get(name, ()) if not isinstance(one.get(word), str)
            ]:
                return f"{key}[{place}].{lost[0]} must be a text"
    return ""
