"""Facts that oddities add to the files: people involved, officers assigned, hot-listed plates."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    I64Array = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Links:
    """Columns, one row per person or officer tied to an incident or a case; -1 where none."""

    officer: NDArray[np.int32]  # assigned to it
    subject: I64Array  # involved in it
    incident: I64Array  # serials
    case: I64Array
    since: I64Array  # UTC microseconds
    until: I64Array
    listed: NDArray[np.bool_]  # the subject's plate is on the hot list

    def __len__(self) -> int:
        """Return the number of links."""
        return len(self.officer)

    @staticmethod
    def build(n: int, /, **columns: NDArray[np.generic] | int) -> Links:
        """Return `n` links; scalars are repeated, absent columns are -1 or False."""
        kinds = {"officer": np.int32, "listed": np.bool_}
        filled = {"officer": -1, "subject": -1, "incident": -1, "case": -1, "listed": False}
        return Links(**{
            name: np.broadcast_to(np.asarray(value, kinds.get(name, np.int64)), n)
            for name, value in {**filled, **columns}.items()
        })  # fmt: skip

    @staticmethod
    def concat(parts: Sequence[Links]) -> Links:
        """Return all parts in one, in the order given."""
        none = [Links.build(0, since=0, until=0), *parts]
        return Links(**{
            f.name: np.concatenate([getattr(p, f.name) for p in none]) for f in fields(Links)
        })  # fmt: skip
