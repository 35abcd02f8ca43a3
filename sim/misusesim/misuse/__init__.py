"""Misuse: campaigns of officers and units, in the order recruit, plan, cover story, truth.

A campaign decides who, whom, when and what is said; the rows themselves come from the same road as
honest ones (`misusesim.query`). README.md says what holds for all kinds and how to add one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from misusesim.misuse.access import CredentialSharingCampaigns, GhostAccountCampaigns
from misusesim.misuse.commercial import PERSONAL_BUSINESS, SELLING
from misusesim.misuse.curiosity import (
    DATING_SCREENING,
    DESCRIPTOR,
    FAVOUR,
    NAME_HUNTING,
    SELF_LOOKUP,
    CelebrityCampaigns,
)
from misusesim.misuse.excess import BULK_HARVEST, LIVE_TESTING, SCOPE_EXCESS
from misusesim.misuse.institutional import PermitCheckCampaigns
from misusesim.misuse.personal import RetaliationCampaigns, RomanticInterestCampaigns
from misusesim.misuse.practices import HEALTH, IMMIGRATION, PROTEST, WRONG_CODE
from misusesim.misuse.reasons import record
from misusesim.misuse.writing import MisusePlan, Scene, written
from misusesim.scenario.levels import committed
from misusesim.world.subjects import Population

if TYPE_CHECKING:
    from misusesim.clock import LocalClock
    from misusesim.misuse.writing import Kind
    from misusesim.plan import Cases, Incidents
    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Agency, Officers, Shifts, Ties

#: Kind of the scenario -> how its campaigns come about.
KINDS: Final[dict[str, Kind]] = {
    "permit_checks": PermitCheckCampaigns(),
    "romantic_interest": RomanticInterestCampaigns(),
    "retaliation": RetaliationCampaigns(),
    "dating_screening": DATING_SCREENING,
    "name_hunting": NAME_HUNTING,
    "favour": FAVOUR,
    "self_lookup": SELF_LOOKUP,
    "celebrity": CelebrityCampaigns(),
    "selling": SELLING,
    "personal_business": PERSONAL_BUSINESS,
    "wrong_code": WRONG_CODE,
    "immigration": IMMIGRATION,
    "protest": PROTEST,
    "health": HEALTH,
    "descriptor": DESCRIPTOR,
    "credential_sharing": CredentialSharingCampaigns(),
    "ghost_account": GhostAccountCampaigns(),
    "bulk_harvest": BULK_HARVEST,
    "live_testing": LIVE_TESTING,
    "scope_excess": SCOPE_EXCESS,
}


def campaigns(
    scenario: Scenario,
    agency: Agency,
    officers: Officers,
    ties: Ties,
    shifts: Shifts,
    incidents: Incidents,
    cases: Cases,
    clock: LocalClock,
    *,
    on_file: bool = True,
) -> MisusePlan:
    """Return all campaigns of an agency with their occasions, incidents and truth.

    Nothing here is read by honest work, and no stream is shared with it. Where incidents and cases
    were not made (`on_file` is False), who, when and how often are as ever; what depends on files
    is left out of the truth, and a rung is the one wished for.
    """
    people = Population(scenario)
    scene = Scene(
        scenario, agency, officers, ties, shifts, incidents, cases, clock, people, on_file
    )
    found = [
        campaign
        for misuse in scenario.misuse
        for campaign in KINDS[misuse.kind].campaigns(scene, committed(misuse, scenario.level))
    ]
    plot = written(scene, found)
    names = plot.campaigns.campaign_id.tolist()
    return replace(plot, record=record(scene, plot.planned, names)) if names else plot


__all__ = ["KINDS", "MisusePlan", "campaigns"]
