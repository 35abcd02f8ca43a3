"""How misuse is found and what follows: audits, complaints, reports, sanctions (SimPy)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import simpy

from misusesim import rng
from misusesim.clock import DAY_US, NEVER
from misusesim.dataset import schema
from misusesim.dataset.schema import MISUSE_KINDS
from misusesim.plan import Suspensions
from misusesim.workload.setting import select

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from misusesim.clock import LocalClock
    from misusesim.misuse import MisusePlan
    from misusesim.occasions import Occasions
    from misusesim.plan import Incidents
    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Agency, Officers

#: What followed 117 confirmed cases of 2016, per cent (RT 2017, EFF 2017/05; domain note 3): left
#: the job 23, five of them convicted, counselled 24, nothing 21, other 18 taken as retraining, the
#: remainder 14 as suspensions.
_OUTCOMES: Final = (
    ("no_action", 21), ("retrained", 18), ("counselled", 24), ("suspended", 14), ("resigned", 10),
    ("dismissed", 8), ("charged", 5),
)  # fmt: skip
_LEAVES: Final = frozenset({"resigned", "dismissed", "charged"})
#: How a report comes, by chance in 100 (domain note 5.2; assumption).
_REPORTED_BY: Final = (("complaint", 70), ("access_request", 15), ("peer_report", 15))
_UNIT_REPORTED_BY: Final = (("self_report", 60), ("peer_report", 40))
_COMPLAINT_DAYS: Final = 14  # at most, from the look-up somebody learns of to the complaint
#: Chance that a counselled or retrained officer goes on: 2 % after a notice, 40 % without (JAMA
#: Netw Open 2022; domain note 4).
_GOES_ON: Final = {"no_action": 0.4}
_AFTER_NOTICE: Final = 0.02
_SUSPENSION_DAYS: Final = 30
_YEAR_DAYS: Final = 365
_PERMIT: Final = MISUSE_KINDS.index("permit_checks")


class Oversight(NamedTuple):
    """What oversight found and changed."""

    outcomes: pa.Table  # schema.TRUTH_OUTCOMES
    suspensions: Suspensions
    occasions: Occasions  # of misuse, without the steps that a decision prevented
    incidents: Incidents  # that misuse causes, likewise


@dataclass(slots=True)
class _File:
    """What is known of one campaign."""

    row: int
    times: NDArray[np.int64]  # its queries on record, ascending
    unit: bool  # a unit's practice
    exact: bool  # runs its course whatever is decided
    found_by: str = "never"
    found_at: int = NEVER
    outcome: str | None = None
    decided_at: int = NEVER
    goes_on: bool = False


def oversight(
    scenario: Scenario, agency: Agency, officers: Officers, plan: MisusePlan, clock: LocalClock
) -> Oversight:
    """Run audits, complaints and reports over an agency's campaigns.

    Each campaign's fate has a stream of its own; audits look at the same days whatever there is to
    find. What is decided beyond the horizon has no outcome yet. A unit whose yearly number the
    scenario fixes goes on until the number is reached.
    """
    if not len(plan.campaigns.campaign_id):  # as at most agencies: nothing can be found
        return Oversight(
            schema.TRUTH_OUTCOMES.empty_table(), _suspensions(plan, []), plan.occasions,
            plan.incidents,
        )  # fmt: skip
    env = simpy.Environment(initial_time=clock.week_bounds(-1)[0])
    files = [_file(scenario, plan, row) for row in range(len(plan.campaigns.campaign_id))]
    for file in files:
        chance = _stream(scenario, agency, plan, file.row)
        env.process(_reports(env, scenario, plan, file, chance, clock))
        env.process(_audits(env, scenario, agency, plan, file, clock))
    env.run(until=clock.horizon[1])
    steps, incidents = plan.occasions, plan.incidents
    return Oversight(
        _outcomes(officers, plan, files),
        _suspensions(plan, files),
        steps.take(_kept(steps.start, steps.campaign, files)),
        select(incidents, _kept(incidents.opened, plan.caused_by, files)),
    )


def _file(scenario: Scenario, plan: MisusePlan, row: int) -> _File:
    mine = plan.occasions.campaign == row
    unit = int(plan.campaigns.kind[row]) == _PERMIT
    exact = any(m.kind == "permit_checks" and m.per_year is not None for m in scenario.misuse)
    times = np.sort(np.repeat(plan.occasions.start[mine], plan.occasions.n[mine]))
    return _File(row, times, unit, unit and exact)


def _stream(
    scenario: Scenario, agency: Agency, plan: MisusePlan, row: int, name: str = "reports"
) -> np.random.Generator:
    # the opaque id is a property of the campaign alone, its row is not
    key = int(plan.campaigns.campaign_id[row][-8:], 16)
    return rng.stream(scenario.seed, f"oversight/{name}", agency.index, key)


def _reports(
    env: simpy.Environment, scenario: Scenario, plan: MisusePlan, file: _File,
    chance: np.random.Generator, clock: LocalClock,
) -> Generator[simpy.Event, Any, None]:  # fmt: skip
    """Wait for a complaint (personal kinds) or a report of the unit's practice."""
    settings, campaign = scenario.oversight, plan.planned[file.row]
    share = settings.unit_report_share if file.unit else settings.complaint_share
    happens, when, late, by = chance.random() < share, *chance.random(3)
    nth = int(when * campaign.wished)  # of all steps, so that no horizon moves it
    if not happens or (nth >= len(campaign.steps) and not file.unit):
        return
    if file.unit:
        at = int(file.times[0]) + int(when * _YEAR_DAYS) * DAY_US
    else:
        at = campaign.steps[nth].time + (1 + int(late * _COMPLAINT_DAYS)) * DAY_US
    if at < clock.horizon[0]:
        return  # it came to nothing: the campaign still runs
    yield env.timeout(at - int(env.now))
    names = _UNIT_REPORTED_BY if file.unit else _REPORTED_BY
    yield from _found(env, scenario, file, chance, by=_picked(names, by * 100))


def _picked(names: tuple[tuple[str, int], ...], percent: float) -> str:
    passed = np.cumsum([weight for _, weight in names])
    return names[int(np.searchsorted(passed, percent, side="right"))][0]


def _audits(
    env: simpy.Environment, scenario: Scenario, agency: Agency, plan: MisusePlan, file: _File,
    clock: LocalClock,
) -> Generator[simpy.Event, Any, None]:  # fmt: skip
    """Wait for each audit of the agency; it reads a sample of what came since the last one."""
    settings = scenario.oversight
    if not settings.audits_per_agency_year:
        return
    days = rng.stream(scenario.seed, "oversight/audit days", agency.index)
    chance = _stream(scenario, agency, plan, file.row, "audits")
    last = clock.horizon[0]
    while True:
        wait = 1 + int(days.standard_exponential() * _YEAR_DAYS / settings.audits_per_agency_year)
        yield env.timeout(max(0, last + wait * DAY_US - int(env.now)))
        read = int(((file.times >= last) & (file.times < env.now)).sum())
        last = int(env.now)
        caught = settings.audit_sample_share * (1 - settings.audit_miss_share)
        missed = 1.0
        for _ in range(min(read, 10_000)):
            missed *= 1 - caught
        if chance.random() < 1 - missed:
            yield from _found(env, scenario, file, chance, by="audit")


def _found(
    env: simpy.Environment, scenario: Scenario, file: _File, chance: np.random.Generator, *,
    by: str,
) -> Generator[simpy.Event, Any, None]:  # fmt: skip
    """Investigate and decide; only the first discovery counts."""
    if file.found_at < NEVER:
        return
    file.found_by, file.found_at = by, int(env.now)
    days = 1 + int(chance.standard_exponential() * scenario.oversight.delay_days)
    drawn, again = chance.random() * 100, chance.random()
    yield env.timeout(days * DAY_US)
    outcome = "retrained"  # a unit is retrained (most of 2023's were)
    if not file.unit:
        outcome = _picked(_OUTCOMES, drawn)
    file.outcome, file.decided_at = outcome, int(env.now)
    file.goes_on = file.exact or again < _GOES_ON.get(outcome, _AFTER_NOTICE)


def _outcomes(officers: Officers, plan: MisusePlan, files: list[_File]) -> pa.Table:
    rows = [
        {
            "campaign_id": plan.campaigns.campaign_id[file.row],
            "officer_id": officers.officer_id[officer],
            "found_by": file.found_by,
            "found_at": None if file.found_at == NEVER else file.found_at,
            "outcome": file.outcome,
            "decided_at": None if file.decided_at == NEVER else file.decided_at,
        }
        for file in files
        for officer in _actors(plan, file.row).tolist()
    ]
    shape = schema.TRUTH_OUTCOMES
    columns = [pa.array([row[f.name] for row in rows], f.type) for f in shape]
    return pa.Table.from_arrays(columns, schema=shape)


def _actors(plan: MisusePlan, row: int) -> NDArray[np.int32]:
    return np.unique(plan.occasions.officer[plan.occasions.campaign == row])


def _suspensions(plan: MisusePlan, files: list[_File]) -> Suspensions:
    """Return who may not work from when to when because of a decision."""
    rows = []
    for file in files:
        if file.outcome == "suspended":
            end = file.decided_at + _SUSPENSION_DAYS * DAY_US
        elif file.outcome in _LEAVES:
            end = NEVER
        else:
            continue
        rows += [(officer, file.decided_at, end) for officer in _actors(plan, file.row).tolist()]
    table = np.array(rows, np.int64).reshape(-1, 3)
    return Suspensions(table[:, 0].astype(np.int32), table[:, 1], table[:, 2])


def _kept(
    time: NDArray[np.int64], campaign: NDArray[np.int32], files: list[_File]
) -> NDArray[np.bool_]:
    """Return which steps still happen: after a notice hardly anybody goes on."""
    stop = np.array(
        [f.decided_at if f.outcome is not None and not f.goes_on else NEVER for f in files],
        np.int64,
    )
    return np.asarray(time < np.append(stop, NEVER)[campaign])
