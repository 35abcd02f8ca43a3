"""What a value is held against, and who says so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol, get_args

if TYPE_CHECKING:
    from collections.abc import Callable

    from misusesim.realism.material import Material

#: 99th percentile of the distance of n independent draws of 24 hours from their own distribution,
#: times the root of n: 0.020 at 20,000, 0.040 at 5,000, 0.087 at 1,000 (domain note 12).
_NOISE: Final = 2.83


Rows = Literal["searches", "stops", "calls and stops", "queries", "people", "agencies"]
#: What statistics are about, in the order in which they are told.
ROWS: Final[tuple[Rows, ...]] = get_args(Rows)


class NotApplicableError(Exception):
    """The log holds too little for a statistic, or nothing of its kind; the reason is its text."""


class Target(Protocol):
    """Values that pass."""

    def holds(self, value: float, n: int) -> bool:
        """Tell whether a value measured on n rows passes."""

    def text(self, show: Callable[[float], str], n: int) -> str:
        """Return what is asked for, in the unit of the statistic."""

    def around(self, value: float) -> Target:
        """Return the target with as much room around another value."""


@dataclass(frozen=True, slots=True)
class Within:
    """From one value to another."""

    low: float
    high: float

    def holds(self, value: float, n: int) -> bool:
        """Tell whether a value lies between the two."""
        del n
        return self.low <= value <= self.high

    def text(self, show: Callable[[float], str], n: int) -> str:
        """Return both values."""
        del n
        return f"{show(self.low)} to {show(self.high)}"

    def around(self, value: float) -> Target:
        """Return as wide a span around another value."""
        half = (self.high - self.low) / 2
        return Within(value - half, value + half)


@dataclass(frozen=True, slots=True)
class Share:
    """A share of n officers, with room for the noise of counting so many."""

    low: float
    high: float

    def at(self, n: int) -> Within:
        """Return the span for n officers: two standard errors of the middle on either side."""
        middle = min(max((self.low + self.high) / 2, 0.0), 1.0)
        room = 2 * math.sqrt(middle * (1 - middle) / n)
        return Within(max(0.0, self.low - room), min(1.0, self.high + room))

    def holds(self, value: float, n: int) -> bool:
        """Tell whether a share of n passes."""
        return self.at(n).holds(value, n)

    def text(self, show: Callable[[float], str], n: int) -> str:
        """Return the span for n."""
        return self.at(n).text(show, n)

    def around(self, value: float) -> Target:
        """Return as wide a span around another share."""
        half = (self.high - self.low) / 2
        return Share(value - half, value + half)


@dataclass(frozen=True, slots=True)
class Inequality:
    """How unequal n officers are, with room for what so few of them vary by."""

    low: float
    high: float
    noise: float  # standard error times the root of n

    def at(self, n: int) -> Within:
        """Return the span for n officers: one standard error more on either side."""
        room = self.noise / math.sqrt(n)
        return Within(self.low - room, self.high + room)

    def holds(self, value: float, n: int) -> bool:
        """Tell whether a value of n officers passes."""
        return self.at(n).holds(value, n)

    def text(self, show: Callable[[float], str], n: int) -> str:
        """Return the span for n."""
        return self.at(n).text(show, n)

    def around(self, value: float) -> Target:
        """Return as wide a span around another value."""
        half = (self.high - self.low) / 2
        return Inequality(value - half, value + half, self.noise)


@dataclass(frozen=True, slots=True)
class Near:
    """A distance to a reference distribution, with room for the noise of n rows."""

    bound: float

    def at(self, n: int) -> float:
        """Return the bound for n rows: noise adds to a true difference as squares do."""
        return math.hypot(self.bound, _NOISE / math.sqrt(n))

    def holds(self, value: float, n: int) -> bool:
        """Tell whether a distance is small enough for so many rows."""
        return value <= self.at(n)

    def text(self, show: Callable[[float], str], n: int) -> str:
        """Return the largest distance."""
        return f"at most {show(self.at(n))}"

    def around(self, value: float) -> Target:
        """Return the target itself: a distance has its reference elsewhere."""
        del value
        return self


@dataclass(frozen=True, slots=True)
class Measured:
    """A value and the rows (or officers, or agencies) it stands on."""

    value: float
    n: int


@dataclass(frozen=True, slots=True)
class Statistic:
    """A named statistic of a log.

    Attributes
    ----------
    id
        Permanent name.
    title
        What it says, for people.
    rows
        Which rows it is about: like is compared with like.
    measure
        Reads the material; raises `NotApplicableError` where that is too little.
    target
        What passes, without a log of the user's own.
    source
        Who measured that; "assumption" where nobody did.
    days
        Least span of the log.
    shown
        Format of the value.
    counted
        False where no public source exists: shown, and left out of the verdict.
    """

    id: str
    title: str
    rows: Rows
    measure: Callable[[Material], Measured]
    target: Target
    source: str
    days: int = 0
    shown: str = ".2f"
    counted: bool = True

    def show(self, value: float) -> str:
        """Return a value in the unit of the statistic."""
        return format(value, self.shown)
