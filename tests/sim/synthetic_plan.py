"""A made-up plan of one agency for tests of expansion: every column filled, no engine needed."""

from __future__ import annotations

import datetime as dt

import numpy as np

from misusesim.clock import DAY_US, HOUR_US, NEVER, LocalClock
from misusesim.dataset.schema import (
    COVERS,
    INCIDENT_KINDS,
    INTENTS,
    MISUSE_KINDS,
    ODDITY_KINDS,
    PURPOSES,
    ROLES,
    RUNGS,
    TERMINAL_KINDS,
    TIE_KINDS,
    VIOLATIONS,
)
from misusesim.occasions import MISUSE, NONE, ODDITY, TEMPLATE, TOPIC, WORK, Occasions
from misusesim.plan import AgencyPlan, Campaigns, Cases, Incidents, Suspensions
from misusesim.scenario.model import AgencyGroup, Scenario
from misusesim.world.model import Agency, Officers, Shifts, Terminals

OFFICERS = 120


def scenario(days=28, *, shard_weeks=4, **changes):
    """Return a scenario of one police department."""
    group = AgencyGroup(name="city", type="police", **changes.pop("group", {}))
    return Scenario(
        name="synthetic", seed=7, start=dt.date(2024, 1, 1), days=days, shard_weeks=shard_weeks,
        agency=(group,), **changes,
    )  # fmt: skip


def agency(world, index=0):
    """Return the one agency."""
    return Agency(index, "CA0000100", "Alder City", world.agency[0], OFFICERS)


def _officers():
    n = np.arange(OFFICERS)
    role = np.where(n < 90, ROLES.index("patrol"), ROLES.index("detective")).astype(np.int8)
    role[110:] = ROLES.index("dispatcher")
    zero = np.zeros(OFFICERS, np.int64)
    return Officers(
        officer_id=np.array([f"o{i:04}" for i in n], object), role=role,
        unit=(role > 0).astype(np.int16), units=("patrol", "desk"),
        watch=(n % 6).astype(np.int8),
        subject=n.astype(np.int64), area=np.zeros(OFFICERS, np.int16), hired=zero,
        left=zero + NEVER,
        training_until=zero + NEVER, activity=np.ones(OFFICERS),
        car_terminal=np.where(n < 90, n % 30, NONE).astype(np.int32),
        desk_terminal=(30 + n % 30).astype(np.int32),
    )  # fmt: skip


def _terminals():
    kinds = ["car"] * 30 + ["desk"] * 30 + ["mobile"] * 10
    return Terminals(
        terminal_id=np.array([f"t{i:03}" for i in range(len(kinds))], object),
        kind=np.array([TERMINAL_KINDS.index(k) for k in kinds], np.int8),
        unit=np.zeros(len(kinds), np.int16),
    )


def _incidents(world, n, chance):
    first = LocalClock(world).week_bounds(-1)[0]
    opened = np.sort(first + chance.integers(0, (world.days + 7) * DAY_US, n))
    zero = np.zeros(n, np.int32)
    return Incidents(
        serial=np.arange(n) * 3, kind=np.full(n, INCIDENT_KINDS.index("call"), np.int8),
        priority=np.full(n, 2, np.int8), topic=np.full(n, TOPIC["burglary"], np.int16),
        self_initiated=np.zeros(n, bool), opened=opened, begun=opened + HOUR_US // 10,
        closed=opened + HOUR_US, known=opened, officer=chance.integers(0, 90, n).astype(np.int32),
        dispatcher=zero + 110, subject=chance.integers(1000, 10**6, n), area=zero.astype(np.int16),
    )  # fmt: skip


def _cases(world, n, chance):
    first = LocalClock(world).week_bounds(-1)[0]
    return Cases(
        serial=np.arange(n) + 50, topic=np.full(n, TOPIC["fraud"], np.int16),
        opened=np.sort(first + chance.integers(0, 7 * DAY_US, n)), closed=np.full(n, NEVER),
        officer=chance.integers(90, 110, n).astype(np.int32),
        subject=chance.integers(1000, 10**6, n), victim=chance.integers(1000, 10**6, n),
    )  # fmt: skip


def _honest(world, n, incidents, cases, chance):
    kinds = np.array([
        "traffic_stop", "call_field", "call_dispatch", "plate_check", "case_session",
        "alpr_search", "warrant_check", "booking", "records_request", "pedestrian_stop",
    ])  # fmt: skip
    kinds = kinds[chance.choice(10, n, p=[0.27, 0.2, 0.2, 0.1, 0.06, 0.04, 0.03, 0.02, 0.03, 0.05])]
    template = np.array([TEMPLATE[k] for k in kinds.tolist()], np.int16)
    with_incident = np.isin(kinds, ["traffic_stop", "call_field", "call_dispatch"])
    row = chance.integers(0, len(incidents.serial), n)
    start = LocalClock(world).horizon[0] + chance.integers(0, -(-world.days // 7) * 7 * DAY_US, n)
    case_row = chance.integers(0, len(cases.serial), n)
    officer = np.where(kinds == "call_dispatch", 110, np.where(kinds == "case_session", 90, 0))
    return Occasions.build(
        n, source=WORK, serial=np.arange(n), officer=officer + chance.integers(0, 10, n),
        start=np.sort(start), n=1 + chance.integers(0, 5, n), gap_s=25, template=template,
        topic=chance.integers(0, len(TOPIC), n),
        subject=np.where(with_incident, incidents.subject[row], NONE),
        incident=np.where(with_incident, incidents.serial[row], NONE),
        case=np.where(kinds == "case_session", cases.serial[case_row], NONE),
    )  # fmt: skip


def _odd(world, n, incidents, chance):
    row = chance.integers(0, len(incidents.serial), n)
    kinds = [ODDITY_KINDS.index(k) for k in ("self_query", "wrong_dropdown", "case_in_reason")]
    oddity = np.array(kinds)[chance.integers(0, 3, n)]
    wrong = oddity == ODDITY_KINDS.index("wrong_dropdown")
    return Occasions.build(
        n, source=ODDITY, serial=np.arange(n), officer=chance.integers(0, 90, n),
        start=LocalClock(world).horizon[0] + chance.integers(0, world.days * DAY_US, n),
        template=TEMPLATE["traffic_stop"], topic=TOPIC["traffic"], subject=incidents.subject[row],
        incident=incidents.serial[row], oddity=oddity,
        says_purpose=np.where(wrong, PURPOSES.index("employment"), -2),
    )  # fmt: skip


def _dishonest(world, n, cases, chance):
    campaign = chance.integers(0, 4, n)
    return Occasions.build(
        n, source=MISUSE, serial=np.arange(n), officer=campaign + 91, campaign=campaign,
        start=LocalClock(world).horizon[0] + chance.integers(0, world.days * DAY_US, n),
        template=np.where(campaign == 0, TEMPLATE["background_check"], TEMPLATE["name_check"]),
        topic=np.where(campaign == 0, TOPIC["permit"], TOPIC["patrol"]),
        subject=5000 + campaign, says_case=np.where(campaign == 2, cases.serial[0], -2),
    )  # fmt: skip


CAMPAIGNS = Campaigns(
    campaign_id=np.array(["c0", "c1", "c2", "c3"], object),
    kind=np.array([MISUSE_KINDS.index("permit_checks"), 1, 1, 2], np.int8),
    rung=np.array([RUNGS.index("declared"), 1, 3, 2], np.int8),
    cover=np.array(
        [COVERS.index(c) for c in ("none", "generic_reason", "borrowed_case", "invented_case")],
        np.int8,
    ),
    intent=np.array([INTENTS.index("institutional"), 0, 0, 0], np.int8),
    violation=np.zeros(4, np.int8) + VIOLATIONS.index("purpose"),
    tie=np.array([-1, TIE_KINDS.index("ex"), 1, 5], np.int8),
    severity=np.array([2, 3, 3, 3], np.int8),
    asks_for=np.full(4, -1, np.int32),
    seat=np.full(4, -1, np.int32),
)


def plan(world, occasions=4000, *, misuse=80, odd=150, suspended=False, index=0):
    """Return a plan with about three rows per honest occasion."""
    chance = np.random.default_rng(11)
    incidents = _incidents(world, max(50, occasions // 2), chance)
    cases = _cases(world, 40, chance)
    parts = [
        _honest(world, occasions, incidents, cases, chance),
        _odd(world, odd, incidents, chance),
    ]
    if misuse:
        parts.append(_dishonest(world, misuse, cases, chance))
    start = LocalClock(world).horizon[0]
    suspensions = Suspensions(
        officer=np.array([3] if suspended else [], np.int32),
        start=np.array([start] if suspended else [], np.int64),
        end=np.array([start + 14 * DAY_US] if suspended else [], np.int64),
    )
    empty = np.empty(0, np.int64)
    return AgencyPlan(
        agency=agency(world, index), officers=_officers(), terminals=_terminals(),
        shifts=Shifts(empty.astype(np.int32), empty, empty, empty.astype(np.int8)),
        occasions=Occasions.concat(parts), incidents=incidents, cases=cases, campaigns=CAMPAIGNS,
        suspensions=suspensions,
    )  # fmt: skip
