"""The causal pass of an agency: who works, what happens, who is tempted, who is found out.

Runs over the whole horizon and a warm-up week before it. No query of that week is kept; it only
makes the first day begin with cases on desks, calls under way and a week of records to come back
to. Misuse comes last and touches nothing that
honest work has settled.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from misusesim.clock import LocalClock
from misusesim.dice import Dice, lane
from misusesim.misuse import campaigns
from misusesim.occasions import Occasions
from misusesim.ordering import by_time
from misusesim.oversight import oversight
from misusesim.plan import SERIAL_BITS, AgencyPlan, Incidents
from misusesim.workload.context import Filed, work_context
from misusesim.workload.desk import Desks, desk_work
from misusesim.workload.interface import interface_work
from misusesim.workload.oddities import Files, oddities
from misusesim.workload.onduty import apart
from misusesim.workload.records import Tables, cut
from misusesim.workload.separate import own_settings, parts
from misusesim.workload.setting import SECOND_US, WEEK_BITS, Setting, join, select
from misusesim.workload.street import street_work
from misusesim.workload.twins import oddity_table
from misusesim.workload.watches import block_shifts
from misusesim.world.context import directory_context, roster_context, ties_context
from misusesim.world.interfaces import with_interfaces
from misusesim.world.model import Shifts, Staff
from misusesim.world.officers import officers, terminals
from misusesim.world.subjects import Population
from misusesim.world.ties import block_ties

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario
    from misusesim.workload.links import Links
    from misusesim.world.model import Agency, Officers, Ties

    I64Array = NDArray[np.int64]


class Honest(NamedTuple):
    """All that is honest at one agency, or at some in one."""

    setting: Setting
    occasions: Occasions  # numbered; warm-up included
    incidents: Incidents  # by opening
    desks: Desks
    links: Links


def causal_pass(scenario: Scenario, agency: Agency) -> AgencyPlan:
    """Return the plan of one agency over the whole horizon, with its context and truth.

    Parameters
    ----------
    scenario
        The world.
    agency
        One of `world.agencies.agencies(scenario)`.

    Notes
    -----
    Honest occasions, incidents and cases are the same whatever ``scenario.misuse`` says.
    """
    return causal_passes(scenario, [agency])[0]


def causal_passes(scenario: Scenario, agencies: Sequence[Agency]) -> list[AgencyPlan]:
    """Return the plan of each of some neighbouring agencies; each is the same alone."""
    people = [officers(scenario, agency) for agency in agencies]
    staff = Staff.of(agencies, people)
    honest, leave = _honest(scenario, staff, people)
    tied = block_ties(scenario, staff)
    return [
        _plan(scenario, *one) for one in zip(_separate(honest, people), leave, tied, strict=True)
    ]


def _plan(scenario: Scenario, honest: Honest, leave: pa.Table, tied: Ties) -> AgencyPlan:
    agency = honest.setting.agency
    setting, cases = honest.setting, honest.desks.cases
    clock, people = setting.clock, setting.officers
    known = _within_weeks(setting)
    plot = campaigns(scenario, agency, people, tied, known.shifts, honest.incidents, cases, clock)
    seen = oversight(scenario, agency, people, plot, clock)
    machines = interface_work(setting)
    everything = _by_start(setting, Occasions.concat([honest.occasions, seen.occasions, machines]))
    occasions = everything.take(everything.start >= clock.horizon[0])
    caused = select(seen.incidents, seen.incidents.opened >= clock.horizon[0])
    incidents = join([honest.incidents, caused])
    filed = Filed(incidents, cases, honest.desks.applications, honest.desks.wanted, honest.links)
    ends = clock.horizon[1]
    accounts, places = with_interfaces(scenario, agency, people, terminals(scenario, agency))
    ready = {
        **directory_context(scenario, agency),
        **roster_context(scenario, agency, accounts, places),
        **ties_context(scenario, agency, people, tied),
        "roster/leave": cut(leave, ends),
    }
    work = work_context(known, filed, plot.context)
    context = Tables({**{name: partial(ready.get, name) for name in ready}, **work.makers})
    odd = occasions.take(occasions.start < ends)
    truth = {
        "campaigns": plot.truth,
        "oddities": oddity_table(known, odd, honest.desks.applications),
        "outcomes": seen.outcomes,
    }
    return AgencyPlan(
        agency=agency, officers=accounts, terminals=places, shifts=known.shifts,
        occasions=occasions, incidents=incidents, cases=cases, campaigns=plot.campaigns,
        suspensions=seen.suspensions, context=context, truth=truth,
    )  # fmt: skip


def honest_pass(scenario: Scenario, agency: Agency) -> Honest:
    """Return the honest work and the oddities of one agency; misuse is not even asked for."""
    people = [officers(scenario, agency)]
    honest, _ = _honest(scenario, Staff.of([agency], people), people)
    return _separate(honest, people)[0]


def _honest(
    scenario: Scenario, staff: Staff, people: Sequence[Officers]
) -> tuple[Honest, list[pa.Table]]:
    """Return what is honest at some agencies in one, and the leave table of each."""
    duty, leave = block_shifts(scenario, staff)
    setting = Setting(
        scenario, staff.agencies, staff.sizes, staff.officers, duty, LocalClock(scenario),
        Population(scenario), tuple(one.units for one in people),
    )  # fmt: skip
    street = street_work(setting)
    desks = desk_work(setting, street.incidents)
    work = numbered(setting, Occasions.concat([street.occasions, desks.occasions]))
    incidents = join([street.incidents, desks.bookings])
    order = np.lexsort((incidents.serial, incidents.opened, incidents.serial >> SERIAL_BITS))
    incidents = select(incidents, order)
    odd = oddities(Files(setting, work, incidents, desks.cases))
    marked = replace(work, oddity=odd.marks)
    every = Occasions.concat([marked, numbered(setting, odd.occasions)])
    return Honest(setting, every, incidents, desks, odd.links), leave


def _separate(honest: Honest, people: Sequence[Officers]) -> list[Honest]:
    """Return what is honest at each of the agencies."""
    setting, desks, links = honest.setting, honest.desks, honest.links

    def of(columns: Any, serial: I64Array) -> list[Any]:
        return parts(setting, columns, serial >> SERIAL_BITS)

    desk = zip(
        of(desks.cases, desks.cases.serial),
        of(desks.bookings, desks.bookings.serial),
        parts(setting, desks.occasions, setting.place[desks.occasions.officer]),
        of(desks.applications, desks.applications.serial),
        parts(setting, desks.wanted, setting.place[desks.wanted.owner]),
        strict=True,
    )
    every = zip(
        own_settings(setting, people),
        parts(setting, honest.occasions, setting.place[honest.occasions.officer]),
        of(honest.incidents, honest.incidents.serial),
        (Desks(*one) for one in desk),
        of(links, np.maximum(links.incident, links.case)),
        strict=True,
    )
    return [Honest(*one) for one in every]


def numbered(setting: Setting, occasions: Occasions) -> Occasions:
    """Return occasions of one source by agency and start, with serials by week and place in it.

    What starts after the last week is left out. A place depends on what starts earlier in the same
    week and on nothing later, so a longer horizon changes no serial.
    """
    occasions = occasions.take(setting.clock.week_of(occasions.start) < setting.clock.weeks)
    agency = setting.place[occasions.officer]
    tie = occasions.officer.astype(np.int64) << 16 | occasions.template
    order = by_time(apart(occasions.start, agency), tie)
    occasions, agency = occasions.take(order), agency[order]
    week = setting.clock.week_of(occasions.start)
    inside = week >= -1
    occasions, agency, week = occasions.take(inside), agency[inside], week[inside]
    group = agency * len(setting.weeks) + week + 1
    place = np.arange(len(week)) - np.searchsorted(group, group)
    serial = (agency << SERIAL_BITS) + (week + 1 << WEEK_BITS) + place
    return replace(occasions, serial=serial)


def _by_start(setting: Setting, occasions: Occasions) -> Occasions:
    """Return occasions in order; whole seconds of planning become a moment within the second."""
    entity = occasions.source.astype(np.int64) << SERIAL_BITS | occasions.serial
    here = entity.astype(np.uint64) | np.uint64(setting.agency.index << 48)
    fraction = lane(Dice(setting.scenario.seed, here).bits("moment"), 0) * 1000 >> 16
    start = occasions.start // SECOND_US * SECOND_US + fraction * (SECOND_US // 1000)
    occasions = replace(occasions, start=start)
    return occasions.take(by_time(start, entity))


def _within_weeks(setting: Setting) -> Setting:
    """Return the setting with the shifts of the scenario's weeks only."""
    end = setting.clock.week_bounds(setting.clock.weeks - 1)[1]
    duty = setting.shifts
    kept = duty.start < end
    within = Shifts(duty.officer[kept], duty.start[kept], duty.end[kept], duty.kind[kept])
    return replace(setting, shifts=within)
