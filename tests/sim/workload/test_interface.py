"""Traffic of interface accounts: how much, when, and that it touches nothing else."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import lru_cache

import numpy as np
import pytest
from tests.sim.workload.office import every_oddity, scenario_of, setting_of

from misusesim.clock import DAY_US, HOUR_US
from misusesim.dataset.manifest import volume
from misusesim.dataset.schema import INTERFACE, ROLES, TERMINAL_KINDS
from misusesim.dataset.tally import pass_tally, shard_tally
from misusesim.engine import causal_pass
from misusesim.misuse.personal import RomanticInterestCampaigns
from misusesim.occasions import AUTOMATIC, MISUSE, NONE, TEMPLATE, WORK
from misusesim.query import expand
from misusesim.scenario.misuse import RomanticInterest
from misusesim.workload.arrivals import STREET
from misusesim.workload.interface import interface_work
from misusesim.world.agencies import agencies

#: Whole causal passes.
pytestmark = pytest.mark.slow

ACCOUNTS, PER_DAY = 4, 600.0
CODES = [TEMPLATE[name] for name in AUTOMATIC]
MISUSES = (RomanticInterest(kind="romantic_interest", officers_per_year=1.0),)


def scenario(days=14, accounts=ACCOUNTS, per_day=PER_DAY, **more):
    """Return an office with interface accounts, oddities and misuse."""
    plain = scenario_of(
        days=days, oddity=every_oddity(), interface_accounts=accounts,
        interface_queries_per_day=per_day,
    )  # fmt: skip
    return plain.model_copy(update={"misuse": MISUSES, "shard_weeks": 2, **more})


@lru_cache(maxsize=4)
def plan_of(days=14, accounts=ACCOUNTS):
    world = scenario(days, accounts)
    return causal_pass(world, agencies(world)[0])


@lru_cache(maxsize=4)
def expanded(days=14, accounts=ACCOUNTS):
    return expand(scenario(days, accounts), plan_of(days, accounts), 0)


@pytest.fixture(scope="module")
def year():
    """Return the traffic of a year, its scenario and the setting."""
    setting = setting_of(scenario_of(days=7))
    group = setting.agency.group.model_copy(
        update={"interface_accounts": ACCOUNTS, "interface_queries_per_day": PER_DAY}
    )
    long = scenario(days=364)
    clock = type(setting.clock)(long)
    agency = replace(setting.agency, group=group)
    setting = replace(setting, scenario=long, clock=clock, agencies=(agency,))
    return setting, interface_work(setting)


def rows_of(table, ids):
    return {row["query_id"]: row for row in table.to_pylist() if row["officer_id"] in ids}


def accounts_of(plan):
    return set(plan.officers.officer_id[plan.officers.role == INTERFACE].tolist())


def test_role_is_appended():
    assert ROLES[-1] == "interface"
    assert len(ROLES) - 1 == INTERFACE


def test_mean_is_what_was_asked_for(year):
    setting, spans = year
    inside = spans.start >= setting.clock.horizon[0]
    per_day = spans.n[inside].sum() / 364
    assert per_day == pytest.approx(ACCOUNTS * PER_DAY, rel=0.1)


def test_spans_fit_their_columns(year):
    _, spans = year
    assert spans.n.min() >= 60
    assert spans.n.max() <= 128  # a second entry is marked by the bit above
    assert 1 <= spans.gap_s.min() <= spans.gap_s.max() <= 20
    assert len(np.unique(spans.serial)) == len(spans)
    assert spans.serial.max() < 2**38
    assert set(spans.template.tolist()) == set(CODES)
    assert (spans.source == WORK).all()
    for name in ("subject", "incident", "case", "campaign", "oddity"):
        assert (getattr(spans, name) == NONE).all()


def test_accounts_share_the_traffic(year):
    setting, spans = year
    who, count = np.unique(spans.officer, return_counts=True)
    assert who.tolist() == [len(setting.officers) - ACCOUNTS + k for k in range(ACCOUNTS)]
    assert count.min() > 0.8 * count.max()


def test_hours_follow_the_street(year):
    setting, spans = year
    hour = setting.clock.local(spans.start) % DAY_US // HOUR_US
    share = np.bincount(hour, minlength=24) / len(hour)
    street = np.array(STREET.hours) / sum(STREET.hours)
    assert np.corrcoef(share, street)[0, 1] > 0.8
    assert np.abs(share - street).max() < 0.015


def test_no_interface_no_work():
    assert not len(interface_work(setting_of(scenario_of(days=7))))
    one = scenario_of(days=7, interface_accounts=2)
    assert not len(interface_work(setting_of(one)))


def test_deterministic(year):
    setting, spans = year
    again = interface_work(setting)
    for field in fields(spans):
        assert (getattr(again, field.name) == getattr(spans, field.name)).all()


def test_fewer_days_are_the_first_rows_of_more():
    short, long = expanded(days=2).log, expanded(days=7).log
    early = rows_of(short, accounts_of(plan_of(days=2)))
    late = rows_of(long, accounts_of(plan_of(days=7)))
    assert early
    assert all(late[key] == row for key, row in early.items())
    last = max(row["time"] for row in early.values())
    assert {key for key, row in late.items() if row["time"] <= last} == set(early)


def test_other_rows_do_not_change():
    on, off = expanded().log, expanded(accounts=0).log
    added = accounts_of(plan_of())
    rest = {row["query_id"]: row for row in on.to_pylist() if row["officer_id"] not in added}
    assert len(rest) < len(on)
    assert rest == {row["query_id"]: row for row in off.to_pylist()}


def test_other_tables_do_not_change():
    on, off = plan_of(), plan_of(accounts=0)
    added = accounts_of(on)
    for name, table in off.context.items():
        rows = on.context[name].to_pylist()
        if name in {"roster/officers", "roster/terminals", "roster/entitlements"}:
            rows = [row for row in rows if row in table.to_pylist()]
        assert rows == table.to_pylist(), name
        assert name == "roster/officers" or not any(
            row.get("officer_id") in added for row in on.context[name].to_pylist()
        )
    for name, table in off.truth.items():
        assert on.truth[name].to_pylist() == table.to_pylist(), name


def test_nobody_behind_the_account():
    plan = plan_of()
    rows = plan.officers.role == INTERFACE
    index = np.flatnonzero(rows)
    assert index.tolist() == list(range(len(rows) - ACCOUNTS, len(rows)))
    assert plan.officers.people == len(rows) - ACCOUNTS
    assert not np.isin(plan.shifts.officer, index).any()
    assert not np.isin(plan.suspensions.officer, index).any()
    assert not np.isin(plan.incidents.officer, index).any()
    mine = np.isin(plan.occasions.officer, index)
    assert (plan.occasions.source == MISUSE).any()
    assert (plan.occasions.source[mine] == WORK).all()
    assert np.isin(plan.occasions.template[mine], CODES).all()
    assert not np.isin(plan.occasions.template[~mine], CODES).any()
    assert "interface" not in RomanticInterestCampaigns.roles


def test_roster_names_the_accounts():
    plan, shown = plan_of(), {"System", "Interface", "X", "systems"}
    rows = [r for r in plan.context["roster/officers"].to_pylist() if r["role"] == "interface"]
    assert {r["officer_id"] for r in rows} == accounts_of(plan)
    for row in rows:
        assert {row["given_name"], row["surname"], row["sex"], row["unit"]} == shown
        assert row["active"]
        assert row["leave_date"] is None
    granted = plan.context["roster/entitlements"].to_pylist()
    systems = {row["system"] for row in granted if row["role"] == "interface"}
    log = rows_of(expanded().log, accounts_of(plan)).values()
    assert {row["system"] for row in log} <= systems
    desks = plan.officers.desk_terminal[plan.officers.role == INTERFACE]
    assert len(set(desks.tolist())) == ACCOUNTS
    assert (plan.terminals.kind[desks] == TERMINAL_KINDS.index("desk")).all()


def test_rows_look_sent_by_a_system():
    rows = rows_of(expanded().log, accounts_of(plan_of())).values()
    assert {row["match"] for row in rows} == {"exact"}
    assert {row["action"] for row in rows} == {"view"}
    assert not any(row["break_glass"] for row in rows)
    assert {row["reason_text"] for row in rows} == {"CAD AUTO", "RMS AUTO", "ALPR HIT"}
    for name in ("case_number", "reason_category", "requestor"):
        assert {row[name] for row in rows} == {None}
    assert {row["declared_purpose"] for row in rows} <= {"criminal", None}
    assert len({row["subject_key"] for row in rows}) > 0.98 * len(rows)


def test_volume_shows_the_role():
    plan, shard = plan_of(), expanded()
    horizon = (int(plan.occasions.start.min()), 2**62)
    people = pass_tally(plan.officers, plan.shifts, plan.truth, horizon)
    counted = shard_tally(plan, shard.log, shard.truth, shard.lost, shard.generated)
    row = next(r for r in volume([people, counted]) if r["role"] == "interface")
    assert (row["accounts"], row["shifts"]) == (ACCOUNTS, 0)
    assert row["queries"] == len(rows_of(shard.log, accounts_of(plan)))
    assert row["queries_per_shift"] == 0


def test_many_agencies_get_their_own_ids():
    two = scenario()
    two = two.model_copy(update={"agency": (two.agency[0].model_copy(update={"count": 2}),)})
    ids = [accounts_of(causal_pass(two, agency)) for agency in agencies(two)]
    assert len(ids[0] | ids[1]) == 2 * ACCOUNTS
