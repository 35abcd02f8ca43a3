"""Faults of a suite, all of them with their lines, before any is told."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from misusebench.errors import SuiteError
from misusebench.specs import guess
from misusesim.scenario.lines import key_lines, line_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Place = tuple[str | int, ...]


class Faults:
    """Collects what is wrong with a file, and where."""

    def __init__(self, path: Path, text: str) -> None:
        self._path, self._text = path, text
        self._found: list[tuple[int, str]] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    @cached_property
    def _lines(self) -> Mapping[Place, int]:
        return key_lines(self._text)  # when asked: then the text is known to be TOML

    def add(self, place: Place, what: str) -> None:
        """Note a fault of a key or a table."""
        self._found.append((line_of(self._lines, place), what))

    def line(self, place: Place) -> int:
        """Return the line of a key or a table."""
        return line_of(self._lines, place)

    def keys(self, data: Mapping[str, Any], allowed: list[str], place: Place) -> None:
        """Note every key that is not allowed."""
        above = f"{place[0]}." if place else ""
        for key in data:
            if key not in allowed:
                self.add((*place, key), f"no key {above}{key}{guess(key, allowed)}")

    def tell(self) -> None:
        """Raise all faults, if there are any.

        Raises
        ------
        SuiteError
            One fault a line, each with file and line.
        """
        if self._found:
            faults = sorted(set(self._found))
            raise SuiteError("\n".join(f"{self._path}:{line}: {what}" for line, what in faults))


def is_json(value: Any) -> bool:
    """Tell whether a value of TOML can be sent to a component: no dates, no NaN."""
    if isinstance(value, dict):
        return all(map(is_json, value.values()))
    if isinstance(value, list):
        return all(map(is_json, value))
    return isinstance(value, (str, int, float, bool)) and value == value  # noqa: PLR0124 - NaN


def word(kind: type) -> str:
    """Return a type as messages call it."""
    return {
        str: "text", int: "a whole number", float: "a number", list: "a list", dict: "a table"
    }[kind]  # fmt: skip
