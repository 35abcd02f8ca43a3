"""Earlier incidents and cases, to come back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from misusesim import rng
from misusesim.clock import DAY_US, HOUR_US
from misusesim.occasions import NONE
from misusesim.plan import SERIAL_BITS
from misusesim.workload.onduty import apart

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.plan import Cases, Incidents

    I64Array = NDArray[np.int64]


class Past:
    """Earlier things, to come back to: the more recent the likelier."""

    def __init__(self, things: Incidents | Cases) -> None:
        opened = apart(things.opened, things.serial >> SERIAL_BITS)
        order = np.argsort(opened, kind="stable")
        self._opened, self._order = opened[order], order
        self._subject = np.append(things.subject, NONE)
        self._serial = np.append(things.serial, NONE)

    def subject(self, row: I64Array) -> I64Array:
        """Return the person chiefly concerned, -1 where there is no row."""
        return self._subject[row]

    def serial(self, row: I64Array) -> I64Array:
        """Return the serial, -1 where there is no row."""
        return self._serial[row]

    def recall(
        self, time: I64Array, bits: NDArray[np.uint64], days: int, place: I64Array | int = 0
    ) -> I64Array:
        """Return the row of something opened at most `days` before each time, -1 where none.

        `place` is that of the agency which comes back to what it knows.
        """
        time = apart(time, place)
        low = np.searchsorted(self._opened, time - days * DAY_US)
        high = np.searchsorted(self._opened, time - HOUR_US)
        back = np.minimum(rng.below(bits, high - low), rng.below(bits << np.uint64(31), high - low))
        row = np.where(high > low, high - 1 - back, NONE)
        return np.where(row >= 0, np.append(self._order, NONE)[row], NONE)


def of(column: NDArray[np.integer], row: I64Array) -> I64Array:
    """Return a column at rows, -1 where there is no row."""
    return np.append(column, NONE)[row].astype(np.int64)
