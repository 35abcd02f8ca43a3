"""Which line of a TOML file holds which key: a scanner for messages, not a parser.

The text has been accepted by :mod:`tomllib` before, so the scanner only has to skip values, and may
take any shape it does not know for the end of one; of other texts it says nothing, but it ends.
No maintained library maps key paths to lines.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

Path = tuple[str | int, ...]

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRING: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR: Final = re.compile(r"[^,\]}#\n]*")


def key_lines(text: str) -> dict[Path, int]:
    r"""Return the line (from 1) of every key and table header of a valid TOML text.

    Examples
    --------
    >>> key_lines('a = 1\n[[b]]\nc = {d = 2}')
    {('a',): 1, ('b', 0): 2, ('b', 0, 'c'): 3, ('b', 0, 'c', 'd'): 3}
    """
    return _Scanner(text).scan()


def line_of(lines: Mapping[Path, int], path: Path) -> int:
    """Return the line of a path: its own, its first child's, or that of what is around it.

    A key that is missing points at the header of its table; 1 where there is nothing.
    """
    if path in lines:
        return lines[path]
    for length in range(len(path), 0, -1):
        if inside := [n for key, n in lines.items() if key[:length] == path[:length]]:
            return inside[0]
    return 1


class _Scanner:
    """Walks a text once, from key to key."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._ends = [m.start() for m in re.finditer("\n", text)]
        self._lines: dict[Path, int] = {}
        self._items: dict[Path, int] = {}  # array of tables -> items so far

    def scan(self) -> dict[Path, int]:
        """Return the line of every key."""
        table: Path = ()
        while self._skip(_BLANK) < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
        return self._lines

    def _skip(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at + 1
        return self._at

    def _next(self) -> str:
        """Return the character after blanks and comments, "" at the end."""
        self._skip(_BLANK)
        return self._text[self._at : self._at + 1]

    def _here(self, path: Path) -> None:
        self._lines.setdefault(path, bisect_right(self._ends, self._at - 1) + 1)

    def _header(self) -> Path:
        """Read ``[a.b]`` or ``[[a.b]]`` and return the path of the table it opens."""
        many = self._text.startswith("[[", self._at)
        start = self._at
        self._at += 2 if many else 1
        path: Path = ()
        keys = self._keys()
        for place, key in enumerate(keys):
            path = (*path, key)
            if many and place == len(keys) - 1:
                self._items[path] = self._items.get(path, -1) + 1
            if path in self._items:
                path = (*path, self._items[path])
        self._at = start
        self._here(path)
        close = "]]" if many else "]"
        found = self._text.find(close, self._after_keys)
        self._at = len(self._text) if found < 0 else found + len(close)
        return path

    def _keys(self) -> list[str]:
        """Read a dotted key."""
        keys = []
        while True:
            self._skip(_SPACE)
            found = _BARE.match(self._text, self._at) or _STRING.match(self._text, self._at)
            if found is None:
                break
            self._at = found.end()
            raw = found[0]
            keys.append(tomllib.loads(f"k = {raw}")["k"] if raw[0] in "\"'" else raw)
            self._skip(_SPACE)
            if self._text[self._at : self._at + 1] != ".":
                break
            self._at += 1
        self._after_keys = self._at
        return keys

    def _pair(self, table: Path) -> None:
        """Read ``key = value``; dotted keys open tables on the way."""
        start = self._at
        keys = self._keys()
        end, self._at = self._at, start
        for length in range(1, len(keys) + 1):
            self._here((*table, *keys[:length]))
        self._at = end + 1
        self._value((*table, *keys))

    def _value(self, path: Path) -> None:
        match self._next():
            case "[":
                self._array(path)
            case "{":
                self._inline(path)
            case '"' | "'":
                self._skip(_STRING)
            case _:
                start = self._at
                if self._skip(_SCALAR) == start:
                    self._at += 1  # what can be no value; whatever it is, the scan goes on

    def _array(self, path: Path) -> None:
        self._at += 1
        place = 0
        while (sign := self._next()) not in {"]", ""}:
            if sign == ",":
                self._at += 1
                continue
            self._here((*path, place))
            self._value((*path, place))
            place += 1
        self._at += 1

    def _inline(self, path: Path) -> None:
        self._at += 1
        while (sign := self._next()) not in {"}", ""}:
            if sign == ",":
                self._at += 1
                continue
            self._pair(path)
        self._at += 1
