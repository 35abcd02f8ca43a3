"""Plans: all that the causal pass of an agency settles, and that expansion reads.

A block is the plans of neighbouring agencies in one, so that small agencies need no shard each. Its
rows stand in the order of its agencies; what refers to a row or a serial is moved along. A plan is
a block of one agency: expansion reads either.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    incidents: Incidents
    cases: Cases
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
    """The plans of some agencies in one, for expansion: see the top of this file."""

    agencies: tuple[Agency, ...]
    officer_place: NDArray[np.int16]
    terminal_place: NDArray[np.int16]
    officers: Officers  # without names of units
    terminals: Terminals
    occasions: Occasions  # by start within an agency
    incidents: Incidents
    cases: Cases
    campaigns: Campaigns
    suspensions: Suspensions

    @staticmethod
    def of(plans: Sequence[AgencyPlan]) -> Block:
        """Return the block of some plans, in their order."""
        officers = _firsts_of([len(plan.officers) for plan in plans])
        terminals = _firsts_of([len(plan.terminals.kind) for plan in plans])
        campaigns = _firsts_of([len(plan.campaigns.kind) for plan in plans])
        moves = [
            _Move(int(o), int(t), int(c), place << SERIAL_BITS)
            for place, (o, t, c) in enumerate(
                zip(officers[:-1], terminals[:-1], campaigns[:-1], strict=True)
            )
        ]
        moved = [_moved(plan, move) for plan, move in zip(plans, moves, strict=True)]
        return Block(
            agencies=tuple(plan.agency for plan in plans),
            officer_place=np.repeat(np.arange(len(plans), dtype=np.int16), np.diff(officers)),
            terminal_place=np.repeat(np.arange(len(plans), dtype=np.int16), np.diff(terminals)),
            **{name: _joined([one[name] for one in moved]) for name in moved[0]},
        )


@dataclass(frozen=True, slots=True)
class _Move:
    """By how much references of one plan move in a block."""

    officer: int
    terminal: int
    campaign: int
    serial: int


def _firsts_of(sizes: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])


def _shift(column: NDArray[Any], by: int) -> NDArray[Any]:
    """Return references moved; what refers to nothing (negative) stays."""
    return np.where(column >= 0, column + by, column).astype(column.dtype)


def _moved(plan: AgencyPlan, by: _Move) -> dict[str, Any]:
    """Return the groups of columns of a plan with their references moved."""
    people, work = plan.officers, plan.occasions
    order = np.argsort(plan.incidents.serial, kind="stable")  # expansion looks them up
    files = Incidents(*(getattr(plan.incidents, f.name)[order] for f in fields(Incidents)))
    return {
        "officers": replace(
            people, units=(), car_terminal=_shift(people.car_terminal, by.terminal),
            desk_terminal=_shift(people.desk_terminal, by.terminal),
        ),
        "terminals": plan.terminals,
        "occasions": replace(
            work, officer=_shift(work.officer, by.officer),
            campaign=_shift(work.campaign, by.campaign),
            **{name: _shift(getattr(work, name), by.serial)
               for name in ("incident", "case", "says_case", "says_incident")},
        ),
        "incidents": replace(
            files, serial=files.serial + by.serial,
            officer=_shift(files.officer, by.officer),
            dispatcher=_shift(files.dispatcher, by.officer),
        ),
        "cases": replace(
            plan.cases, serial=plan.cases.serial + by.serial,
            officer=_shift(plan.cases.officer, by.officer),
        ),
        "campaigns": plan.campaigns,
        "suspensions": replace(
            plan.suspensions, officer=_shift(plan.suspensions.officer, by.officer)
        ),
    }  # fmt: skip


def _joined(parts: Sequence[Any]) -> Any:
    """Return groups of columns of one kind one below the other."""
    columns = {}
    for f in fields(parts[0]):
        values = [getattr(part, f.name) for part in parts]
        whole = isinstance(values[0], np.ndarray)
        columns[f.name] = np.concatenate(values) if whole else values[0]
    return type(parts[0])(**columns)
