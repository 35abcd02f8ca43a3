"""Plans: all that the causal pass of an agency settles, and that expansion reads.

A block is what is planned for neighbouring agencies in one, so that small agencies need no shard
each. Its rows stand in the order of its agencies. What refers to a row means the block's; what
refers to an incident or a case has the place of the agency on top of the serial. A plan is a block
of one agency: expansion reads either.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    from misusesim.occasions import Occasions
    from misusesim.world.model import Agency, Officers, Shifts, Terminals

#: Bits of a serial (see `Occasions`); in a block the place of the agency stands above them.
SERIAL_BITS: Final = 38


@dataclass(frozen=True, slots=True)
class Incidents:
    """Columns, one row per incident; the row's `serial` is what occasions and numbers refer to."""

    serial: NDArray[np.int64]
    kind: NDArray[np.int8]  # code of schema.INCIDENT_KINDS
    priority: NDArray[np.int8]  # 1 urgent to 4
    topic: NDArray[np.int16]
    self_initiated: NDArray[np.bool_]
    opened: NDArray[np.int64]  # UTC microseconds
    begun: NDArray[np.int64]  # unit on it
    closed: NDArray[np.int64]
    known: NDArray[np.int64]  # when the record exists for others
    officer: NDArray[np.int32]  # unit that handled it, -1 nobody
    dispatcher: NDArray[np.int32]  # -1 none
    subject: NDArray[np.int64]  # person chiefly concerned
    area: NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Cases:
    """Columns, one row per case."""

    serial: NDArray[np.int64]
    topic: NDArray[np.int16]
    opened: NDArray[np.int64]
    closed: NDArray[np.int64]  # clock.NEVER while open
    officer: NDArray[np.int32]  # investigator
    subject: NDArray[np.int64]  # chief suspect
    victim: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Campaigns:
    """Columns, one row per campaign of the agency; occasions refer to the row number."""

    campaign_id: NDArray[np.object_]  # str
    kind: NDArray[np.int8]  # code of schema.MISUSE_KINDS
    rung: NDArray[np.int8]  # code of schema.RUNGS
    cover: NDArray[np.int8]  # code of schema.COVERS
    intent: NDArray[np.int8]  # code of schema.INTENTS
    violation: NDArray[np.int8]  # code of schema.VIOLATIONS
    tie: NDArray[np.int8]  # code of schema.TIE_KINDS, -1 none
    severity: NDArray[np.int8]
    asks_for: NDArray[np.int32]  # officer whom a colleague runs it for, -1 nobody
    seat: NDArray[np.int32]  # officer at whose terminal it is done, -1: whose account it is


@dataclass(frozen=True, slots=True)
class Suspensions:
    """Columns, one row per suspension or removal; honest rows inside it are filtered out."""

    officer: NDArray[np.int32]
    start: NDArray[np.int64]
    end: NDArray[np.int64]


def own_serials(serials: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return serials of a block as they are in their own agencies."""
    return serials & (1 << SERIAL_BITS) - 1


class Places:
    """Which agency of a block each officer and each terminal belongs to."""

    agencies: tuple[Agency, ...]
    officer_place: NDArray[np.int16]
    terminal_place: NDArray[np.int16]

    @property
    def numbers(self) -> NDArray[np.uint64]:
        """Index in the state of each agency."""
        return np.array([agency.index for agency in self.agencies], np.uint64)

    @property
    def first_officer(self) -> NDArray[np.int64]:
        """First row of each agency's officers, and the end of the last."""
        return _firsts(self.officer_place, len(self.agencies))

    @property
    def first_terminal(self) -> NDArray[np.int64]:
        """First row of each agency's terminals, and the end of the last."""
        return _firsts(self.terminal_place, len(self.agencies))

    def of_group(self, name: str) -> NDArray[Any]:
        """Return a field of the agencies' groups, one entry per agency."""
        return np.array([getattr(agency.group, name) for agency in self.agencies])


def _firsts(place: NDArray[np.int16], agencies: int) -> NDArray[np.int64]:
    return np.searchsorted(place, np.arange(agencies + 1))


@dataclass(frozen=True)
class AgencyPlan(Places):
    """What the causal pass of one agency leaves behind."""

    agency: Agency
    officers: Officers
    terminals: Terminals
    shifts: Shifts
    occasions: Occasions  # by start; warm-up already dropped
    incidents: Incidents  # by serial
    cases: Cases  # by serial
    campaigns: Campaigns
    suspensions: Suspensions
    context: Mapping[str, pa.Table] = field(default_factory=dict)  # "roster/officers" -> table
    truth: dict[str, pa.Table] = field(default_factory=dict)  # "campaigns" -> table

    @property
    def agencies(self) -> tuple[Agency, ...]:  # type: ignore[override]
        """The one agency."""
        return (self.agency,)

    @property
    def officer_place(self) -> NDArray[np.int16]:  # type: ignore[override]
        """All officers belong to it."""
        return np.zeros(len(self.officers), np.int16)

    @property
    def terminal_place(self) -> NDArray[np.int16]:  # type: ignore[override]
        """All terminals belong to it."""
        return np.zeros(len(self.terminals.kind), np.int16)


@dataclass(frozen=True)
class Block(Places):
    """What is planned for some agencies, for expansion: see the top of this file."""

    agencies: tuple[Agency, ...]
    officer_place: NDArray[np.int16]
    terminal_place: NDArray[np.int16]
    officers: Officers  # without names of units
    terminals: Terminals
    occasions: Occasions  # by agency and start; each one's own serial has no place on top
    incidents: Incidents  # by serial
    cases: Cases  # by serial
    campaigns: Campaigns
    suspensions: Suspensions
