"""How far a long measurement is, and how long the rest may take."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Eta:
    """Says "WHAT 3 of 8, about 12 s left" at the first and every few parts.

    Parameters
    ----------
    what
        What the parts are.
    total
        How many there are.
    say
        Called with lines.
    lines
        At most about so many.
    """

    def __init__(
        self, what: str, total: int, say: Callable[[str], None], lines: int = 4
    ) -> None:  # fmt: skip
        self._what, self._total, self._say = what, total, say
        self._every = max(1, total // lines)
        self._began = time.monotonic()

    def done(self, count: int) -> None:
        """Tell that so many parts have ended."""
        if count % self._every and count not in (1, self._total):
            return
        left = (time.monotonic() - self._began) / max(count, 1) * (self._total - count)
        rest = f", about {left:.0f} s left" if count < self._total else ""
        self._say(f"{self._what} {count} of {self._total}{rest}")
