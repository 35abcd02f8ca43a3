"""How misuse is found and what follows: audits, complaints, reports, sanctions (SimPy).

In reading order: `files` (what is known of each campaign, and how it is decided), `discovery` (the
ways in which one comes to light), `honest` (who is accused of nothing he did, or punished for
something else), `sanctions` (what the organisation writes down of it), and for the truth `people`
(each officer) and `courses` (when campaigns ran, which is their side of the split by time).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from misusesim.clock import NEVER
from misusesim.dataset import schema
from misusesim.oversight.discovery import watch
from misusesim.oversight.files import File, Office, kept
from misusesim.oversight.sanctions import Sanctions
from misusesim.plan import Suspensions
from misusesim.workload.setting import select

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusesim.clock import LocalClock
    from misusesim.misuse import MisusePlan
    from misusesim.occasions import Occasions
    from misusesim.plan import Incidents
    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Agency, Officers

__all__ = ["Oversight", "oversight"]


class Oversight(NamedTuple):
    """What oversight found and changed."""

    outcomes: pa.Table  # schema.TRUTH_OUTCOMES
    suspensions: Suspensions
    sanctions: Sanctions
    occasions: Occasions  # of misuse, without the steps that a decision prevented
    incidents: Incidents  # that misuse causes, likewise


def oversight(
    scenario: Scenario, agency: Agency, officers: Officers, plan: MisusePlan, clock: LocalClock
) -> Oversight:
    """Run audits, complaints, reviews and reports over an agency's campaigns.

    Each campaign's fate has streams of its own; audits look at the same days whatever there is to
    find. What is decided beyond the horizon has no outcome yet. A unit whose yearly number the
    scenario fixes goes on until the number is reached.
    """
    steps, incidents = plan.occasions, plan.incidents
    if not len(plan.campaigns.campaign_id):  # as at most agencies: nothing can be found
        none = Sanctions.of([])
        return Oversight(
            schema.TRUTH_OUTCOMES.empty_table(), _suspensions([]), none, steps, incidents
        )
    office = Office(scenario, agency, plan, clock)
    for file in office.files:
        watch(office, file)
    office.env.run(until=clock.horizon[1])
    left = steps.take(kept(steps.start, steps.officer, steps.campaign, office.files))
    caused = kept(incidents.opened, incidents.officer, plan.caused_by, office.files)
    return Oversight(
        _outcomes(officers, plan, office.files, left, clock),
        _suspensions(office.files),
        Sanctions.of(office.files),
        left,
        select(incidents, caused),
    )


def _outcomes(
    officers: Officers, plan: MisusePlan, files: Sequence[File], left: Occasions, clock: LocalClock
) -> pa.Table:
    """Return a row per campaign and officer."""
    within = left.take((left.start >= clock.horizon[0]) & (left.start < clock.horizon[1]))
    rows = [
        {
            "campaign_id": plan.campaigns.campaign_id[file.row],
            "officer_id": officers.officer_id[officer],
            "found_by": file.found_by,
            "found_at": None if file.found_at == NEVER else file.found_at,
            "outcome": file.outcome,
            "decided_at": None if file.decided_at == NEVER else file.decided_at,
            "n_queries": _count(within, file.row, officer),
        }
        for file in files
        for officer in file.officers
    ]
    shape = schema.TRUTH_OUTCOMES
    columns = [pa.array([row[f.name] for row in rows], f.type) for f in shape]
    return pa.Table.from_arrays(columns, schema=shape)


def _count(steps: Occasions, campaign: int, officer: int) -> int:
    mine = (steps.campaign == campaign) & (steps.officer == officer)
    return int(steps.n[mine].sum(dtype=np.int64))


def _suspensions(files: Sequence[File]) -> Suspensions:
    """Return who may not work from when to when because of a decision."""
    rows = [
        (officer, *file.away) for file in files if file.away is not None
        for officer in file.officers
    ]  # fmt: skip
    table: NDArray[np.int64] = np.array(rows, np.int64).reshape(-1, 3)
    return Suspensions(table[:, 0].astype(np.int32), table[:, 1], table[:, 2])
