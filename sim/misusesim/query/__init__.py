"""A need becomes a row: the one road for work, oddities and misuse.

In reading order: `needs` (which rows, when), `transactions` (what kind of query), `people` (about
whom), `purposes`, `numbering` and `wording` (what is declared and typed), `answers` (what came
back), `labels` and `reactions` (the truth of it). All chance is drawn by need, so a row depends on
no neighbour; nothing here asks whether a row is misuse, except what writes the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from misusesim.clock import LocalClock
from misusesim.dataset.schema import LOG, MESSAGE_KEYS, ROLES, SYSTEMS
from misusesim.dice import Dice, lane, of_65536
from misusesim.occasions import TEMPLATE
from misusesim.periods import days_of
from misusesim.plan import Block
from misusesim.query.answers import answer_columns
from misusesim.query.columns import instants, numbers, spread_words, words
from misusesim.query.labels import truth_table
from misusesim.query.needs import expand_needs, needs_of, terminals
from misusesim.query.numbering import COLLEAGUE, cover_story, numbering
from misusesim.query.people import subject_columns, typed
from misusesim.query.purposes import purpose_columns
from misusesim.query.reactions import reactions_table
from misusesim.query.rows import Rows
from misusesim.query.transactions import KEY, MACHINE, PLATE_READER, REGISTRATION, SYSTEM, mixes
from misusesim.query.wording import wording_columns
from misusesim.scenario.levels import LEVELS
from misusesim.workload.reasons import block_habits
from misusesim.world.readers import can_search
from misusesim.world.subjects import Population

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.occasions import Occasions
    from misusesim.plan import AgencyPlan
    from misusesim.query.columns import Words
    from misusesim.query.needs import Needs
    from misusesim.scenario.model import Scenario

__all__ = ["Expanded", "expand"]

_REQUESTOR_SHARE: Final = 0.93  # dispatcher names the unit he asks for (assumption)
_DISPATCHER: Final = ROLES.index("dispatcher")


@dataclass(frozen=True, slots=True)
class Expanded:
    """One shard: the log, its truth, and what became of the rows that are not in it."""

    log: pa.Table  # schema.LOG, by (time, query_id)
    truth: pa.Table  # schema.TRUTH_QUERIES, in the same order
    reactions: pa.Table  # schema.TRUTH_REACTIONS
    lost: int  # rows that never reached the log
    generated: int  # rows inside the horizon: written + lost - copies
    copies: int  # second entries of one query
    late: int  # written rows that arrived more than a minute later


def expand(scenario: Scenario, plan: AgencyPlan | Block, period: int) -> Expanded:
    """Return the rows of one agency, or of a block of them, and one period.

    Parameters
    ----------
    scenario
        The world.
    plan
        What the causal passes settled.
    period
        Which days, see `periods.days_of`; an occasion belongs to the period in which it starts,
        its rows may run past it.

    Raises
    ------
    SimulatorError
        If the plan contradicts itself: a serial out of range, a case that it lacks.
    """
    clock = LocalClock(scenario)
    days = days_of(scenario, plan.agencies, period)
    first, last = clock.day_start(np.array([days.start, days.stop])).tolist()
    occasions = plan.occasions.take(_between(plan, first, last))
    week = clock.week_of(occasions.start)
    terminal = terminals(scenario, plan, occasions)
    needs, count = expand_needs(
        scenario, plan, occasions, terminal=terminal, week=week, horizon=clock.horizon
    )
    first_need = needs_of(plan, occasions)
    dice = Dice(scenario.seed, needs.need)
    automatic, seen = MACHINE[occasions.template], np.zeros(len(occasions), np.bool_)
    machine, seen[needs.occasion] = automatic.take(needs.occasion), True
    hand = np.flatnonzero(~machine)
    rows = Rows(
        scenario=scenario, plan=plan, population=Population(scenario),
        habit=block_habits(scenario, plan),
        numbering=numbering(scenario, plan, occasions),
        occasions=occasions, first_need=first_need, terminal=terminal, needs=needs, dice=dice,
        place=plan.officer_place[occasions.officer],
        occasion_dice=Dice(scenario.seed, first_need), automatic=automatic,
        transaction=_transactions(scenario, plan, occasions, needs, dice), machine=machine,
        hand=hand, hand_dice=dice.take(hand), seen=np.flatnonzero(seen),
    )  # fmt: skip
    log = _log_table(rows)
    return Expanded(
        log=log, truth=truth_table(rows), reactions=reactions_table(rows, log),
        lost=count.lost, generated=count.generated, copies=count.copies, late=count.late,
    )  # fmt: skip


def _between(plan: AgencyPlan | Block, first: int, last: int) -> NDArray[np.int64] | slice:
    """Return which occasions start in [first, last)."""
    start = plan.occasions.start
    if isinstance(plan, Block) and len(plan.agencies) == 1:  # a giant's year, in order of time
        return slice(*np.searchsorted(start, [first, last]).tolist())
    return np.flatnonzero((start >= first) & (start < last))


def _transactions(
    scenario: Scenario, plan: AgencyPlan | Block, occasions: Occasions, needs: Needs, dice: Dice
) -> NDArray[np.int8]:
    """Return what kind of query each row is: by template, and whether it is the first.

    Who cannot search plate readers asks for the registration.
    """
    table = mixes().transaction
    at = (occasions.template.astype(np.int64) * (2 << 16)).take(needs.occasion)
    at += np.minimum(needs.nth, 1).astype(np.int64) << 16
    at += dice.top("transaction")
    asked = table.reshape(-1).take(at)
    can = can_search(scenario, plan.agencies)
    if not can.all():
        reader = np.flatnonzero(PLATE_READER.take(asked))
        agency = plan.officer_place[occasions.officer[needs.occasion[reader]]]
        asked[reader[~can[agency]]] = REGISTRATION
    return asked


def _log_table(rows: Rows) -> pa.Table:
    needs, plan, officers = rows.needs, rows.plan, rows.plan.officers.officer_id
    system = SYSTEM.take(rows.transaction)
    who = typed(rows)

    def by_occasion(codes: NDArray[np.integer], values: Words) -> pa.DictionaryArray:
        return spread_words(codes, values, rows.occasion, rows.seen)

    columns = {
        "query_id": numbers(needs.query_id, pa.uint64()),
        "time": instants(needs.time, LOG.field("time").type),
        "received_at": instants(needs.received, LOG.field("received_at").type),
        "agency_id": by_occasion(rows.place, [agency.agency_id for agency in plan.agencies]),
        "officer_id": by_occasion(rows.occasions.officer, officers),
        "terminal_id": by_occasion(rows.terminal, plan.terminals.terminal_id),
        "system": words(system, SYSTEMS),
        "message_key": words(KEY.take(rows.transaction), MESSAGE_KEYS),
        **purpose_columns(rows, system),
        **wording_columns(rows, who),
        "requestor": by_occasion(_requestors(rows), officers),
        **subject_columns(rows, who),
        **answer_columns(rows, who, system),
    }
    return pa.table([columns[name] for name in LOG.names], schema=LOG)


def _requestors(rows: Rows) -> NDArray[np.int32]:
    """Return for whom each occasion was run (officer, -1 nobody): the unit on the call."""
    occasions, incidents = rows.occasions, rows.plan.incidents
    out = np.full(len(occasions), -1, np.int32)
    bits = rows.occasion_dice.bits("requestor")
    call, radio = occasions.incident, occasions.template == TEMPLATE["call_dispatch"]
    if LEVELS[rows.scenario.level].as_usual:  # who hides behind a call names its unit as well
        hides = (occasions.campaign >= 0) & (occasions.says_incident >= 0)
        radio = radio | (hides & (rows.plan.officers.role[occasions.officer] == _DISPATCHER))
        call = np.where(hides, occasions.says_incident, call)
    radio = radio & (call >= 0) & (lane(bits, 0) < of_65536(_REQUESTOR_SHARE))
    at = np.flatnonzero(radio)
    if at.size:
        row = np.searchsorted(incidents.serial, call[at])
        out[at] = incidents.officer[np.minimum(row, len(incidents.serial) - 1)]
    asked = np.flatnonzero(cover_story(rows.plan, occasions) == COLLEAGUE)
    named = asked[lane(bits[asked], 1) < of_65536(_REQUESTOR_SHARE)]
    out[named] = rows.plan.campaigns.asks_for[occasions.campaign[named]]
    return out
