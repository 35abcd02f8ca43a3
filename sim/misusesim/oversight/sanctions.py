"""What the organisation writes down of decisions: `context/roster/sanctions`.

Never which queries a decision was about, nor that it was about queries at all: officers are
trained, counselled and suspended for other things too (`honest.other_sanctions`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.clock import NEVER
from misusesim.dataset import schema
from misusesim.world.context import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from misusesim.oversight.files import File
    from misusesim.world.model import Staff

#: Outcomes that leave nothing in a personnel file.
_UNWRITTEN: Final = frozenset({None, "unfounded", "no_action"})


@dataclass(frozen=True, slots=True)
class Sanctions:
    """Columns, one row per sanction."""

    officer: NDArray[np.int32]
    kind: NDArray[np.int8]  # code of schema.OUTCOME_KINDS
    start: NDArray[np.int64]  # UTC microseconds: the decision
    end: NDArray[np.int64]  # of a suspension, else clock.NEVER

    @staticmethod
    def of(files: Sequence[File]) -> Sanctions:
        """Return what the decisions about some campaigns leave behind."""
        rows = [
            (officer, schema.OUTCOME_KINDS.index(str(file.outcome)), file.decided_at,
             NEVER if file.away is None else file.away[1])
            for file in files if file.outcome not in _UNWRITTEN
            for officer in file.officers
        ]  # fmt: skip
        columns: NDArray[np.int64] = np.array(rows, np.int64).reshape(-1, 4)
        return Sanctions(
            columns[:, 0].astype(np.int32), columns[:, 1].astype(np.int8), columns[:, 2],
            columns[:, 3],
        )  # fmt: skip


def sanctions_context(staff: Staff, every: Sanctions) -> pa.Table:
    """Return `roster/sanctions` of some agencies; officers are rows of the staff."""
    place = staff.place[every.officer]
    order = np.lexsort((every.kind, every.officer, every.start, place))
    officer, start, end = every.officer[order], every.start[order], every.end[order]
    agencies = np.array([agency.agency_id for agency in staff.agencies], object)
    return table(
        schema.CONTEXT["roster"]["sanctions"],
        len(order),
        officer_id=staff.officers.officer_id[officer],
        agency_id=agencies[place[order]],
        kind=np.array(schema.OUTCOME_KINDS, object)[every.kind[order]],
        valid_from=start,
        # a suspension says from the start when it ends
        valid_to=end,
        known_at=start,
    )
