"""The plan of one agency: all that its causal pass settles, and that expansion reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from misusesim.occasions import Occasions
    from misusesim.world.model import Agency, Officers, Shifts, Terminals


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


@dataclass(frozen=True, slots=True)
class AgencyPlan:
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
    context: dict[str, pa.Table] = field(default_factory=dict)  # "roster/officers" -> table
    truth: dict[str, pa.Table] = field(default_factory=dict)  # "campaigns" -> table
