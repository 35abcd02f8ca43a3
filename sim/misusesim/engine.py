"""The causal pass of an agency: who works, what happens, who is tempted, who is found out.

Runs over the whole horizon and a warm-up week before it. No query of that week is kept; it only
makes the first day begin with cases on desks, calls under way and a week of records to come back
to. Misuse comes last and touches nothing that
honest work has settled.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from misusesim.clock import LocalClock
from misusesim.misuse import campaigns
from misusesim.misuse.links import Plot, reasons_table
from misusesim.occasions import Occasions
from misusesim.ordering import by_place
from misusesim.oversight import oversight
from misusesim.oversight.aftermath import aftermath, merged
from misusesim.oversight.courses import split_by_time
from misusesim.oversight.people import officers_table
from misusesim.plan import SERIAL_BITS, AgencyPlan, Block, Incidents, own_serials
from misusesim.workload.context import Filed, work_context
from misusesim.workload.desk import desk_work
from misusesim.workload.event_work import event_work
from misusesim.workload.inorder import by_start, numbered
from misusesim.workload.interface import interface_work
from misusesim.workload.links import Links
from misusesim.workload.oddities import Files, oddities, with_shifts
from misusesim.workload.records import Tables, cut
from misusesim.workload.separate import own_settings, parts
from misusesim.workload.setting import Setting, join, select, within_weeks
from misusesim.workload.street import street_work
from misusesim.workload.together import SERIALS, renumbered, shifted
from misusesim.workload.twins import oddity_table, on_file
from misusesim.workload.watches import block_shifts
from misusesim.world.context import directory_context, roster_context, ties_context
from misusesim.world.interfaces import with_interfaces
from misusesim.world.model import Staff
from misusesim.world.officers import block_officers, officers, terminals
from misusesim.world.subjects import Population
from misusesim.world.ties import block_ties

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from misusesim.misuse import MisusePlan
    from misusesim.oversight import Oversight
    from misusesim.plan import Cases, Suspensions
    from misusesim.scenario.model import Scenario
    from misusesim.workload.licensing import Applications
    from misusesim.workload.wanted import Wanted
    from misusesim.world.model import Agency, Officers, Terminals, Ties

    I64Array = NDArray[np.int64]


class Honest(NamedTuple):
    """All that is honest at one agency, or at some in one."""

    setting: Setting
    rostered: Setting  # with the shifts on the roster, without those of who is called out
    occasions: Occasions  # numbered; warm-up included
    incidents: Incidents  # by opening
    cases: Cases
    applications: Applications
    wanted: Wanted
    links: Links


class Wrong(NamedTuple):
    """The misuse at one of the agencies."""

    place: int
    first: int  # its first officer among all accounts
    plot: MisusePlan
    seen: Oversight


class Planned(NamedTuple):
    """What the causal passes of some agencies leave behind."""

    block: Block
    setting: Setting  # everybody with an account, and the shifts of the scenario's weeks
    context: Mapping[str, pa.Table]
    truth: dict[str, pa.Table]


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
    block, setting, context, truth = causal_passes(scenario, [agency])
    (units,) = setting.units or ((),)
    return AgencyPlan(
        agency=agency, officers=replace(block.officers, units=units), terminals=block.terminals,
        shifts=setting.shifts, occasions=block.occasions, incidents=block.incidents,
        cases=block.cases, campaigns=block.campaigns, suspensions=block.suspensions,
        context=context, truth=truth,
    )  # fmt: skip


def causal_passes(scenario: Scenario, agencies: Sequence[Agency]) -> Planned:
    """Return what is planned for some neighbouring agencies; each is the same alone.

    See :func:`causal_pass`. Tables of context are made when they are asked for.
    """
    people = block_officers(scenario, agencies)
    staff = Staff.of(agencies, people)
    honest, leave = _honest(scenario, staff, people)
    honest = honest._replace(
        setting=within_weeks(honest.setting), rostered=within_weeks(honest.rostered)
    )
    tied = block_ties(scenario, staff)
    plots = [_misuse(scenario, *one) for one in zip(*_separate(honest, people), tied, strict=True)]
    accounts, places = zip(*(
        with_interfaces(scenario, agency, own, terminals(scenario, agency))
        for agency, own in zip(agencies, people, strict=True)
    ), strict=True)  # fmt: skip
    everybody = Staff.of(agencies, accounts)
    firsts = everybody.first[:-1].tolist()
    wrong = [Wrong(n, first, *plots[n]) for n, first in enumerate(firsts)]
    row = np.arange(len(staff)) + (everybody.first - staff.first)[staff.place]
    setting = _with_accounts(honest.setting, everybody, accounts, row)
    work = _work(setting, honest, wrong, row)
    filed = _filed(setting, honest, wrong, row)
    after = aftermath(scenario, staff, [one.seen for one in wrong])
    block = _block(setting, places, work, filed, wrong, renumbered(after.suspensions, row))
    ready = {
        **directory_context(scenario, agencies),
        **roster_context(scenario, everybody, setting.units or (), places, block.suspensions),
        **ties_context(scenario, staff, tied),
        "roster/leave": leave,
        "roster/sanctions": after.sanctions,
    }
    files = work_context(setting, filed, [one.plot.context for one in wrong])
    context = Tables({**{name: partial(ready.get, name) for name in ready}, **files.makers})
    truth = {
        **_truth(setting, work, filed, wrong),
        "officers": officers_table(scenario, staff, plots),
        "outcomes": after.outcomes,
    }
    return Planned(block, setting, context, truth)


def _misuse(
    scenario: Scenario, setting: Setting, incidents: Incidents, cases: Cases, tied: Ties
) -> tuple[MisusePlan, Oversight]:
    """Return the campaigns of one agency and what became of them."""
    agency, people, clock = setting.agency, setting.officers, setting.clock
    plot = campaigns(scenario, agency, people, tied, setting.shifts, incidents, cases, clock)
    return plot, oversight(scenario, agency, people, plot, clock)


def _with_accounts(
    setting: Setting, everybody: Staff, accounts: Sequence[Officers], row: I64Array
) -> Setting:
    """Return the setting with the accounts of systems too."""
    return replace(
        setting, sizes=everybody.sizes, officers=everybody.officers,
        shifts=renumbered(setting.shifts, row), units=tuple(one.units for one in accounts),
    )  # fmt: skip


def _work(setting: Setting, honest: Honest, wrong: Sequence[Wrong], row: I64Array) -> Occasions:
    """Return everything that leads to queries, in order; the warm-up is left out."""
    machines = interface_work(setting)
    counts = [len(one.plot.campaigns.kind) for one in wrong]
    before = (np.cumsum(counts) - counts).tolist()
    steps = [
        shifted(one.seen.occasions, officer=one.first, campaign=before[one.place],
                **dict.fromkeys(SERIALS, one.place << SERIAL_BITS))
        for one in wrong
        if len(one.seen.occasions)
    ]  # fmt: skip
    own = [renumbered(honest.occasions, row), machines]
    own = [replace(occasions, serial=own_serials(occasions.serial)) for occasions in own]
    return by_start(setting, own[0], *steps, own[1])


def _filed(setting: Setting, honest: Honest, wrong: Sequence[Wrong], row: I64Array) -> Filed:
    """Return all that is on file, by serial."""
    start, cases = setting.clock.horizon[0], renumbered(honest.cases, row)
    caused = [
        shifted(select(one.seen.incidents, one.seen.incidents.opened >= start),
                serial=one.place << SERIAL_BITS, officer=one.first, dispatcher=one.first)
        for one in wrong
        if len(one.seen.incidents.serial)
    ]  # fmt: skip
    incidents = join([renumbered(honest.incidents, row), *caused])
    return Filed(
        select(incidents, np.argsort(incidents.serial, kind="stable")),
        select(cases, np.argsort(cases.serial, kind="stable")),
        renumbered(honest.applications, row),
        renumbered(honest.wanted, row),
        renumbered(honest.links, row),
    )


def _block(
    setting: Setting, places: Sequence[Terminals], work: Occasions, filed: Filed,
    wrong: Sequence[Wrong], others: Suspensions,
) -> Block:  # fmt: skip
    """Return what expansion reads."""
    sizes = [len(one.kind) for one in places]
    first = (np.cumsum(sizes) - sizes)[setting.place].astype(np.int32)
    people = setting.officers
    return Block(
        agencies=setting.agencies,
        officer_place=setting.place.astype(np.int16),
        terminal_place=np.repeat(np.arange(len(sizes), dtype=np.int16), sizes),
        officers=replace(
            people, units=(), car_terminal=people.car_terminal + first,
            desk_terminal=people.desk_terminal + first,
        ),
        terminals=join(list(places)),
        occasions=work,
        incidents=filed.incidents,
        cases=filed.cases,
        campaigns=join([
            shifted(one.plot.campaigns, asks_for=one.first, seat=one.first) for one in wrong
        ]),
        suspensions=merged(
            [others, *(shifted(one.seen.suspensions, officer=one.first) for one in wrong)]
        ),
    )  # fmt: skip


def _truth(
    setting: Setting, work: Occasions, filed: Filed, wrong: Sequence[Wrong]
) -> dict[str, pa.Table]:
    """Return the truth that needs no rows of the log."""
    end = setting.clock.horizon[1]
    odd = work.take(np.flatnonzero((work.oddity >= 0) & (work.start < end)))
    known = on_file(odd, filed.incidents, filed.cases, end)
    return {
        "campaigns": pa.concat_tables(
            [split_by_time(one.plot, one.seen, setting.clock.horizon) for one in wrong]
        ),
        "oddities": oddity_table(setting, known, filed.applications),
        "reasons": reasons_table(
            setting, filed, [Plot(one.place, one.first, one.plot) for one in wrong]
        ),
    }


def honest_pass(scenario: Scenario, agency: Agency) -> Honest:
    """Return the honest work and the oddities of one agency; misuse is not even asked for."""
    people = [officers(scenario, agency)]
    honest, _ = _honest(scenario, Staff.of([agency], people), people)
    return honest._replace(setting=own_settings(honest.setting, people)[0])


def _honest(
    scenario: Scenario, staff: Staff, people: Sequence[Officers]
) -> tuple[Honest, pa.Table]:
    """Return what is honest at some agencies in one, and their leave table."""
    duty, leave = block_shifts(scenario, staff)
    away = np.repeat(np.arange(len(leave)), [rows.num_rows for rows in leave])
    setting = Setting(
        scenario, staff.agencies, staff.sizes, staff.officers, duty, LocalClock(scenario),
        Population(scenario), tuple(one.units for one in people),
    )  # fmt: skip
    street = street_work(setting)
    desks = desk_work(setting, street.incidents)
    work = numbered(setting, street.occasions, desks.occasions)
    events = event_work(setting)
    incidents = join([street.incidents, desks.bookings, events.incidents])
    order = by_place(incidents.serial >> SERIAL_BITS, incidents.opened, incidents.serial)
    incidents = select(incidents, order)
    cases, applications, wanted = desks.cases, desks.applications, desks.wanted
    del street, desks, order  # their occasions fill much memory
    odd = oddities(Files(setting, work, incidents, cases))
    marked = replace(work, oddity=odd.marks, officer=odd.officer)
    every = Occasions.concat([marked, numbered(setting, events.occasions, odd.occasions)])
    links = Links.concat([events.links, odd.links])
    rostered = setting
    if len(odd.shifts.start):
        setting = with_shifts(setting, odd.shifts)
    known = cut(pa.concat_tables(leave), setting.clock.horizon[1], away)
    return Honest(setting, rostered, every, incidents, cases, applications, wanted, links), known


def _separate(
    honest: Honest, people: Sequence[Officers]
) -> tuple[list[Setting], list[Incidents], list[Cases]]:
    """Return what misuse goes by, of each of the agencies: no oddity moves a campaign."""
    setting = honest.setting
    incidents, cases = honest.incidents, honest.cases
    return (
        own_settings(honest.rostered, people),
        parts(setting, incidents, incidents.serial >> SERIAL_BITS),
        parts(setting, cases, cases.serial >> SERIAL_BITS),
    )
