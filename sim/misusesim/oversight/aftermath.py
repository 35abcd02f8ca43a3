"""What oversight leaves behind at some agencies: outcomes in the truth, sanctions in the roster."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from misusesim.clock import NEVER, LocalClock
from misusesim.oversight.honest import accused, accused_table, by_agency, other_sanctions
from misusesim.oversight.sanctions import Sanctions, sanctions_context
from misusesim.plan import Suspensions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusesim.oversight import Oversight
    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Staff


class Aftermath(NamedTuple):
    """Tables of some agencies, agency by agency."""

    outcomes: pa.Table  # schema.TRUTH_OUTCOMES: of campaigns, then of honest officers
    sanctions: pa.Table  # schema.CONTEXT["roster"]["sanctions"]
    suspensions: Suspensions  # of honest officers and others, for something else; rows of the staff


def aftermath(scenario: Scenario, staff: Staff, seen: Sequence[Oversight]) -> Aftermath:
    """Return what is known of misuse, of false accusations and of sanctions.

    Parameters
    ----------
    scenario
        The world.
    staff
        The people of some agencies.
    seen
        What oversight found at each of them.
    """
    clock = LocalClock(scenario)
    false = accused(scenario, staff, clock, _first_misuse(staff, seen))
    table = accused_table(staff, false)
    parts = [
        part
        for one, rows in zip(seen, by_agency(staff, false), strict=True)
        for part in (one.outcomes, table.slice(rows.start, rows.stop - rows.start))
        if part.num_rows
    ]
    outcomes = pa.concat_tables([table.schema.empty_table(), *parts]).unify_dictionaries()
    other = other_sanctions(scenario, staff, clock)
    sanctions = _joined([
        *(_moved(one.sanctions, int(first)) for one, first in zip(seen, staff.first, strict=False)),
        other,
    ])  # fmt: skip
    away = np.flatnonzero(other.end < NEVER)
    suspensions = Suspensions(other.officer[away], other.start[away], other.end[away])
    return Aftermath(outcomes, sanctions_context(staff, sanctions), suspensions)


def merged(parts: Sequence[Suspensions]) -> Suspensions:
    """Return suspensions, by officer and start, those of an officer that overlap as one."""
    rows = sorted(
        row for one in parts
        for row in zip(one.officer.tolist(), one.start.tolist(), one.end.tolist(), strict=True)
    )  # fmt: skip
    out: list[tuple[int, int, int]] = []
    for officer, start, end in rows:
        last = out[-1] if out and out[-1][0] == officer else None
        if last and NEVER > last[2] >= start and end < NEVER:
            out[-1] = (officer, last[1], max(last[2], end))
        else:
            out.append((officer, start, end))
    columns = np.array(out, np.int64).reshape(-1, 3)
    return Suspensions(columns[:, 0].astype(np.int32), columns[:, 1], columns[:, 2])


def _first_misuse(staff: Staff, seen: Sequence[Oversight]) -> NDArray[np.int64]:
    """Return when each officer first misuses the system on record."""
    first = np.full(len(staff), NEVER)
    for one, begin in zip(seen, staff.first.tolist(), strict=False):
        steps = one.occasions
        np.minimum.at(first, steps.officer.astype(np.int64) + begin, steps.start)
    return first


def _moved(sanctions: Sanctions, by: int) -> Sanctions:
    officer = (sanctions.officer + by).astype(np.int32)
    return Sanctions(officer, sanctions.kind, sanctions.start, sanctions.end)


def _joined(parts: Sequence[Sanctions]) -> Sanctions:
    return Sanctions(
        np.concatenate([one.officer for one in parts]),
        np.concatenate([one.kind for one in parts]),
        np.concatenate([one.start for one in parts]),
        np.concatenate([one.end for one in parts]),
    )
