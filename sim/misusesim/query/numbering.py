"""Which incident or case number an occasion speaks of, and its text, rendered once per number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from misusesim.dataset.schema import COVERS
from misusesim.errors import SimulatorError
from misusesim.occasions import DEFAULT, NONE
from misusesim.plan import SERIAL_BITS, own_serials
from misusesim.scenario.levels import LEVELS
from misusesim.workload.numbers import invented_number, number_digits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.occasions import Occasions
    from misusesim.plan import AgencyPlan, Block, Cases, Incidents
    from misusesim.scenario.model import Scenario

INVENTED: Final = COVERS.index("invented_case")
GENERIC: Final = COVERS.index("generic_reason")
COLLEAGUE: Final = COVERS.index("colleague_asked")
_DAY_US: Final = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Numbering:
    """Numbers of a shard's occasions."""

    texts: pa.StringArray  # each distinct number once, sorted
    code: NDArray[np.int32]  # number of each occasion, -1 none
    told: NDArray[np.bool_]  # the occasion says itself which number is typed


def cover_story(plan: AgencyPlan | Block, occasions: Occasions) -> NDArray[np.int8]:
    """Return the cover of each occasion's campaign (code of COVERS); 0, "none", for the others."""
    covers = np.append(plan.campaigns.cover, 0).astype(np.int8)
    return np.maximum(covers[occasions.campaign], 0)


def numbering(scenario: Scenario, plan: AgencyPlan | Block, occasions: Occasions) -> Numbering:
    """Return the numbers: what is said, else the true case, else the true incident."""
    case = np.where(occasions.says_case == DEFAULT, occasions.case, occasions.says_case)
    incident = np.where(
        occasions.says_incident == DEFAULT, occasions.incident, occasions.says_incident
    )
    invented = (cover_story(plan, occasions) == INVENTED) & (occasions.says_case < 0)
    invented &= occasions.says_incident < 0  # at a stop its own number is as good
    by_case, by_incident = (case >= 0) & ~invented, (case < 0) & (incident >= 0) & ~invented
    made_up, made_up_code = _invented(scenario, plan, occasions, invented)
    cases, case_code = _rendered(scenario, plan, "case", plan.cases, case[by_case])
    incidents, incident_code = _rendered(
        scenario, plan, "incident", plan.incidents, incident[by_incident]
    )
    names, place = _distinct([cases, incidents, np.array(made_up, np.bytes_)])
    code = np.full(len(occasions), NONE, np.int32)
    code[by_case] = place[case_code]
    code[by_incident] = place[incident_code + len(cases)]
    code[invented] = place[made_up_code + len(cases) + len(incidents)]
    told = (occasions.says_case >= 0) | (occasions.says_incident >= 0) | invented
    if LEVELS[scenario.level].as_usual:  # whoever hides types a number as often as others
        told &= occasions.campaign < 0
    return Numbering(texts=names, code=code, told=told)


def _distinct(parts: list[NDArray[np.bytes_]]) -> tuple[pa.StringArray, NDArray[np.int64]]:
    """Return the distinct texts, sorted, and the place of each text of the parts."""
    texts = np.concatenate(parts)
    # numbers of one agency come in long ascending runs, which a merge sort is quick at
    order = np.argsort(texts, kind="stable")
    sorted_texts = texts[order]
    new = np.ones(len(texts), np.bool_)
    new[1:] = sorted_texts[1:] != sorted_texts[:-1]
    place = np.empty(len(texts), np.int64)
    place[order] = np.cumsum(new) - 1
    return pa.array(sorted_texts[new], pa.binary()).cast(pa.string()), place


def _rendered(
    scenario: Scenario,
    plan: AgencyPlan | Block,
    kind: str,
    files: Cases | Incidents,
    wanted: NDArray[np.int64],
) -> tuple[NDArray[np.bytes_], NDArray[np.int64]]:
    """Return the texts of the distinct serials wanted, and the place of each wanted one."""
    serial, opened = files.serial, files.opened
    if not wanted.size:
        return np.empty(0, np.bytes_), wanted
    at = np.searchsorted(serial, wanted)
    used = np.zeros(len(serial) + 1, np.bool_)
    used[at] = True  # the spare last place is of serials above all
    if used[-1] or (serial[at] != wanted).any():
        raise SimulatorError("an occasion speaks of an incident or a case that the plan lacks")
    row = np.flatnonzero(used)
    # A number depends on neighbours in time only: those within a day settle it.
    low, high = opened[row].min() - _DAY_US, opened[row].max() + _DAY_US
    near = np.flatnonzero((opened >= low) & (opened <= high))
    home, own = serial[near] >> SERIAL_BITS, own_serials(serial[near])
    found = number_digits(
        scenario, plan.agencies, kind, home, own, opened[near], np.flatnonzero(used[near])
    )
    return found.view(f"S{found.shape[1]}").ravel(), (np.cumsum(used) - 1)[at]


def _invented(
    scenario: Scenario,
    plan: AgencyPlan | Block,
    occasions: Occasions,
    invented: NDArray[np.bool_],
) -> tuple[list[str], NDArray[np.int64]]:
    """Return one made-up case number per campaign that uses one, and the place of each row."""
    rows = np.flatnonzero(invented)
    campaigns, first, place = np.unique(
        occasions.campaign[rows], return_index=True, return_inverse=True
    )
    agency = plan.officer_place[occasions.officer[rows[first]]].tolist()
    texts = [
        invented_number(
            scenario, plan.agencies[where], "case", str(plan.campaigns.campaign_id[c]),
            scenario_start_us(scenario),
        )
        for c, where in zip(campaigns.tolist(), agency, strict=True)
    ]  # fmt: skip
    return texts, place


def scenario_start_us(scenario: Scenario) -> int:
    """Return midnight UTC of the scenario's first day, microseconds."""
    return int(np.datetime64(scenario.start, "us").astype(np.int64))
