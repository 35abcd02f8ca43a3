"""The causal pass for outcomes alone: who misuses the system, who is found out, what follows.

Made are people, their shifts and ties, and campaigns; no street, no desk, no queries. Outcomes are
those of a full run of the same scenario.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from misusesim.clock import LocalClock
from misusesim.dataset import schema
from misusesim.misuse import campaigns
from misusesim.oversight import oversight
from misusesim.oversight.aftermath import aftermath
from misusesim.oversight.courses import split_by_time
from misusesim.oversight.people import officers_table
from misusesim.plan import Cases, Incidents
from misusesim.workload.separate import own_settings
from misusesim.workload.setting import Setting, within_weeks
from misusesim.workload.watches import block_shifts
from misusesim.world.context import directory_context
from misusesim.world.model import Staff
from misusesim.world.officers import block_officers
from misusesim.world.subjects import Population
from misusesim.world.ties import block_ties

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusesim.misuse import MisusePlan
    from misusesim.oversight import Oversight
    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Agency, Ties


class OutcomesPlanned(NamedTuple):
    """What the passes of some agencies leave behind."""

    setting: Setting  # people, and the shifts of the scenario's weeks
    context: dict[str, pa.Table]
    truth: dict[str, pa.Table]


def outcomes_passes(scenario: Scenario, agencies: Sequence[Agency]) -> OutcomesPlanned:
    """Return campaigns, outcomes and sanctions of some neighbouring agencies.

    See :func:`misusesim.engine.causal_passes`, whose outcomes these are. Of campaigns, what depends
    on incidents and cases is left out (`misusesim.misuse.campaigns`).
    """
    people = block_officers(scenario, agencies)
    staff = Staff.of(agencies, people)
    duty, _ = block_shifts(scenario, staff)
    setting = within_weeks(
        Setting(
            scenario, staff.agencies, staff.sizes, staff.officers, duty, LocalClock(scenario),
            Population(scenario), tuple(one.units for one in people),
        )
    )  # fmt: skip
    tied = block_ties(scenario, staff)
    found = [
        _misuse(scenario, *one) for one in zip(own_settings(setting, people), tied, strict=True)
    ]
    after = aftermath(scenario, staff, [seen for _, seen in found])
    return OutcomesPlanned(
        setting,
        {**directory_context(scenario, agencies), "roster/sanctions": after.sanctions},
        {
            "campaigns": pa.concat_tables(
                [
                    schema.TRUTH_CAMPAIGNS.empty_table(),
                    *(split_by_time(*one, setting.clock.horizon) for one in found),
                ]
            ).unify_dictionaries(),
            "officers": officers_table(scenario, staff, found),
            "outcomes": after.outcomes,
        },
    )


def _misuse(scenario: Scenario, setting: Setting, tied: Ties) -> tuple[MisusePlan, Oversight]:
    """Return the campaigns of one agency, without cover stories, and what became of them."""
    agency, people, clock = setting.agency, setting.officers, setting.clock
    plot = campaigns(
        scenario, agency, people, tied, setting.shifts, _empty(Incidents), _empty(Cases), clock,
        on_file=False,
    )  # fmt: skip
    return plot, oversight(scenario, agency, people, plot, clock)


def _empty(kind: type[Any]) -> Any:
    """Return columns without rows."""
    return kind(**{f.name: np.empty(0, np.int64) for f in fields(kind)})
