"""Honest but strange, continued: people met, hours, desks and pursuits, each with its reason."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tests.sim.workload.office import scenario_of

from misusesim.clock import DAY_US, HOUR_US, MINUTE_US
from misusesim.dataset.schema import (
    ACTIONS,
    INCIDENT_KINDS,
    MATCHES,
    ODDITY_KINDS,
    ROLES,
    SHIFT_KINDS,
)  # fmt: skip
from misusesim.engine import causal_pass, honest_pass
from misusesim.occasions import NONE, ODDITY, TEMPLATE, TOPIC, WORK
from misusesim.query import expand
from misusesim.scenario.model import Oddity
from misusesim.workload.moments import shift_of
from misusesim.world.agencies import agencies

KINDS = (
    "relative_in_call", "lives_in_beat", "abandoned_stop", "call_out", "backfill", "case_surge",
    "nickname_search", "records_counter_day", "auto_theft_batch", "warrant_repeat",
    "sustained_pair", "window_widening",
)  # fmt: skip
SECOND = 1_000_000


def office_of(days, oddity):
    """Return the honest pass of one office of 60, with cases by their serials."""
    scenario = scenario_of(days=days, oddity=oddity)
    return scenario, honest_pass(scenario, agencies(scenario)[0])


@pytest.fixture(scope="module")
def honest():
    """Return nine weeks of an office in which all this is frequent."""
    rates = {**dict.fromkeys(KINDS, 26.0), "case_surge": 350.0}  # a surge has sixty occasions
    oddity = tuple(Oddity(kind=k, rate_per_officer_year=rate) for k, rate in rates.items())
    _, found = office_of(63, oddity)
    return found


def of_kind(honest, kind):
    some = honest.occasions.take(honest.occasions.oddity == ODDITY_KINDS.index(kind))
    assert len(some) > 0
    return some


def rows_of(things, serials):
    order = np.argsort(things.serial)
    rows = order[np.searchsorted(things.serial[order], serials)]
    assert np.array_equal(things.serial[rows], serials)
    return rows


@pytest.mark.parametrize("kind", KINDS)
def test_they_are_occasions_of_their_own(honest, kind):
    """Each is of source oddity and done in a shift, called-out ones in one of their own."""
    some = of_kind(honest, kind)
    assert set(some.source.tolist()) == {ODDITY}
    assert (shift_of(honest.setting, some.officer, some.start) >= 0).mean() > 0.95


@pytest.mark.parametrize("kind", KINDS)
def test_without_an_entry_there_is_none(kind):
    """Of two kinds asked for no third comes about."""
    others = tuple(Oddity(kind=k, rate_per_officer_year=26.0) for k in KINDS[:2] if k != kind)
    _, found = office_of(14, others)
    assert not (found.occasions.oddity == ODDITY_KINDS.index(kind)).any()


def met(honest, kind):
    """Return oddities at incidents, the incidents' rows and the officers themselves."""
    some = of_kind(honest, kind)
    row = rows_of(honest.incidents, some.incident)
    return some, row, honest.setting.officers.subject[some.officer]


@pytest.mark.parametrize("kind", ["relative_in_call", "lives_in_beat"])
def test_whom_one_knows_is_met_at_ones_own_incident(honest, kind):
    """The officer handles the incident, asks while it lasts, and the person is named in it."""
    some, row, own = met(honest, kind)
    incidents = honest.incidents
    assert np.array_equal(incidents.officer[row], some.officer)
    assert (some.start >= incidents.begun[row]).all()
    assert (some.start < incidents.closed[row]).all()
    assert (some.subject != own).all()
    links = honest.links
    named = set(zip(links.incident.tolist(), links.subject.tolist(), strict=True))
    assert set(zip(some.incident.tolist(), some.subject.tolist(), strict=True)) <= named


def test_relatives_are_of_the_household(honest):
    """Partner, parent, child or sibling: all of them at home."""
    some, _, own = met(honest, "relative_in_call")
    people = honest.setting.population
    assert np.array_equal(people.household(some.subject), people.household(own))


def test_neighbours_live_in_the_next_blocks(honest):
    """One of the three neighbours that the ties name."""
    some, _, own = met(honest, "lives_in_beat")
    people = honest.setting.population
    near = np.stack([people.neighbour(own, nth) for nth in (1, 2, 3)])
    assert (near == some.subject).any(axis=0).all()


def test_abandoned_stops_leave_no_record(honest):
    """One to three queries about somebody, and no incident."""
    some = of_kind(honest, "abandoned_stop")
    assert set(some.incident.tolist()) == set(some.case.tolist()) == {NONE}
    assert set(some.n.tolist()) == {1, 2, 3}
    assert set(some.template.tolist()) == {TEMPLATE["traffic_stop"]}
    assert (some.subject >= 0).all()


def test_call_outs_are_between_shifts(honest):
    """A shift of two to four hours, two to six after the last and an hour before the next."""
    some, shifts = of_kind(honest, "call_out"), honest.setting.shifts
    rows = np.unique(shift_of(honest.setting, some.officer, some.start))
    assert (rows >= 0).all()
    assert set(shifts.kind[rows].tolist()) == {SHIFT_KINDS.index("overtime")}
    length = shifts.end[rows] - shifts.start[rows]
    assert 2 * HOUR_US <= length.min() <= length.max() <= 4 * HOUR_US
    for row in rows.tolist():
        others = np.flatnonzero(shifts.officer == shifts.officer[row])
        later = shifts.start[others[shifts.start[others] > shifts.start[row]]]
        before = shifts.end[others[shifts.start[others] < shifts.start[row]]]
        assert later.min() >= shifts.end[row] + HOUR_US
        assert 2 * HOUR_US <= shifts.start[row] - before.max() <= 6 * HOUR_US


def test_shifts_stay_in_order(honest):
    """Shifts called out for stand among the others by their start."""
    assert (np.diff(honest.setting.shifts.start) >= 0).all()


def test_call_outs_have_something_to_go_to(honest):
    """What they are put on is a call of 35 minutes to three hours before the call-out."""
    some = of_kind(honest, "call_out")
    row = rows_of(honest.incidents, some.incident)
    shift = shift_of(honest.setting, some.officer, some.start)
    assert set(honest.incidents.kind[row].tolist()) == {INCIDENT_KINDS.index("call")}
    ahead = honest.setting.shifts.start[shift] - honest.incidents.opened[row]
    assert 35 * MINUTE_US <= ahead.min() <= ahead.max() <= 3 * HOUR_US
    links = honest.links
    put = set(zip(links.officer.tolist(), links.incident.tolist(), strict=True))
    assert set(zip(some.officer.tolist(), some.incident.tolist(), strict=True)) <= put


def test_call_outs_change_no_honest_work():
    """With and without them the same work is done."""
    plain, more = (
        office_of(21, oddity)[1].occasions
        for oddity in ((), (Oddity(kind="call_out", rate_per_officer_year=30.0),))
    )
    worked = more.take(more.source == WORK)
    assert len(more) > len(plain)
    for name in ("serial", "officer", "start", "n", "subject", "incident", "case"):
        assert np.array_equal(getattr(plain, name), getattr(worked, name)), name


def test_backfill_is_of_old_cases_of_ones_own(honest):
    """The investigator's own case, one to fourteen weeks old."""
    some = of_kind(honest, "backfill")
    row = rows_of(honest.cases, some.case)
    assert np.array_equal(honest.cases.officer[row], some.officer)
    age = some.start - honest.cases.opened[row]
    assert 7 * DAY_US <= age.min() <= age.max() <= 14 * 7 * DAY_US
    assert np.array_equal(honest.cases.subject[row], some.subject)


def test_a_surge_is_of_many_cases():
    """A detective has sixteen sittings or so a week, on cases that he is put on."""
    rate = 60 * 365 / 63  # a run of 60 for each detective
    _, found = office_of(63, (Oddity(kind="case_surge", rate_per_officer_year=rate),))
    some, links = of_kind(found, "case_surge"), found.links
    officer, count = np.unique(some.officer, return_counts=True)
    busiest = some.take(some.officer == officer[np.argmax(count)])
    assert count.max() >= 40
    assert len(set(busiest.case.tolist())) >= 10
    put = set(zip(links.officer.tolist(), links.case.tolist(), strict=True))
    assert set(zip(some.officer.tolist(), some.case.tolist(), strict=True)) <= put
    row = rows_of(found.cases, some.case)
    assert (found.cases.opened[row] < some.start).all()


def test_nicknames_are_of_cases_or_calls(honest):
    """A detective looks for somebody of his own case, a dispatcher for somebody of his call."""
    some = of_kind(honest, "nickname_search")
    cases, calls = some.take(some.case >= 0), some.take(some.incident >= 0)
    assert len(cases) + len(calls) == len(some)
    assert np.array_equal(honest.cases.officer[rows_of(honest.cases, cases.case)], cases.officer)
    took = honest.incidents.dispatcher[rows_of(honest.incidents, calls.incident)]
    assert np.array_equal(took, calls.officer)
    assert set(calls.n.tolist()) <= {3, 4, 5, 7}
    assert set(cases.n.tolist()) <= {5, 7, 10, 14, 19}


def test_who_knows_a_nickname_asks_for_parts_of_names():
    """No row of such a search is exact; four in ten are partial, the others wildcards."""
    scenario = scenario_of(
        days=21, oddity=(Oddity(kind="nickname_search", rate_per_officer_year=50.0),)
    )
    made = expand(scenario, causal_pass(scenario, agencies(scenario)[0]), 0)
    kind = np.array(made.truth["kind"].to_pylist(), object)
    match = np.array(made.log["match"].to_pylist(), object)[kind == "nickname_search"]
    assert set(match.tolist()) == set(MATCHES) - {"exact"}
    assert (match == "partial").mean() == pytest.approx(0.4, abs=0.1)
    assert (np.array(made.log["match"].to_pylist(), object) == "exact").mean() > 0.9


def test_a_counter_day_is_printed_all_through(honest):
    """Twenty-five to sixty customers in one shift, each with an accident of the last weeks."""
    some = of_kind(honest, "records_counter_day")
    assert set(some.action.tolist()) == {ACTIONS.index("print")}
    shift, count = np.unique(shift_of(honest.setting, some.officer, some.start), return_counts=True)
    assert 25 <= np.median(count) <= 61
    assert len(shift) >= 3
    row = rows_of(honest.incidents, some.incident)
    topics = set(honest.incidents.topic[row].tolist())
    assert topics == {TOPIC["traffic"], TOPIC["hit_and_run"]}
    age = some.start - honest.incidents.opened[row]
    assert 0 < age.min() <= age.max() <= 53 * DAY_US


def test_batches_are_of_stolen_cars(honest):
    """Fifteen to sixty plates in one go under a case of vehicle theft, by somebody put on it."""
    some, links = of_kind(honest, "auto_theft_batch"), honest.links
    assert set(some.n.tolist()) <= {15, 22, 32, 45, 60}
    row = rows_of(honest.cases, some.case)
    assert set(honest.cases.topic[row].tolist()) == {TOPIC["vehicle_theft"]}
    put = set(zip(links.officer.tolist(), links.case.tolist(), strict=True))
    assert set(zip(some.officer.tolist(), some.case.tolist(), strict=True)) <= put


@pytest.mark.parametrize("kind", ["warrant_repeat", "sustained_pair"])
def test_pursuits_have_a_warrant_and_no_number(honest, kind):
    """The person is on the officer's own list all the while; there is neither case nor incident."""
    some, wanted = of_kind(honest, kind), honest.wanted
    assert set(some.case.tolist()) == set(some.incident.tolist()) == {NONE}
    for officer, subject, start in zip(some.officer, some.subject, some.start, strict=True):
        good = (wanted.owner == officer) & (wanted.subject == subject)
        assert ((wanted.since[good] <= start) & (start < wanted.until[good])).any()


def test_some_pairs_last_two_weeks(honest):
    """An officer searches for one plate over 14 days or more, without a case."""
    some = of_kind(honest, "sustained_pair")
    pair = some.officer.astype(np.int64) << 32 | some.subject
    spans = [np.ptp(some.start[pair == one]) for one in np.unique(pair)]
    assert max(spans) >= 14 * DAY_US


@pytest.mark.parametrize(
    ("kind", "template"),
    [("warrant_repeat", "warrant_check"), ("sustained_pair", "hotlist_repeat")],
)
def test_templates_of_pursuits(honest, kind, template):
    """A warrant is asked about as such; a car is searched for with plate readers."""
    assert set(of_kind(honest, kind).template.tolist()) == {TEMPLATE[template]}


def test_windows_widen_on_the_car_of_a_call(honest):
    """Three or four searches seconds apart, of the person of a call of the last two weeks."""
    some = of_kind(honest, "window_widening")
    row = rows_of(honest.incidents, some.incident)
    assert set(some.n.tolist()) <= {3, 4}
    assert set(some.gap_s.tolist()) == {9}
    assert set(some.template.tolist()) == {TEMPLATE["alpr_widening"]}
    assert np.array_equal(some.subject, honest.incidents.subject[row])
    ago = some.start - honest.incidents.opened[row]
    assert -7 * DAY_US < ago.min() <= ago.max() < 22 * DAY_US


def test_each_search_looks_further_back():
    """The same plate over 12 hours, a day, a week and a month, within two minutes."""
    scenario = scenario_of(days=28, oddity=(Oddity(kind="window_widening",
                                                   rate_per_officer_year=26.0),))  # fmt: skip
    plan = causal_pass(scenario, agencies(scenario)[0])
    log, truth = (
        pa.concat_tables([getattr(expand(scenario, plan, week), name) for week in range(4)])
        for name in ("log", "truth")
    )
    odd = truth.filter(pc.equal(truth["kind"], "window_widening"))["query_id"].to_pylist()
    rows = [row for row in log.to_pylist() if row["query_id"] in set(odd)]
    told = {}
    for row in sorted(rows, key=lambda one: one["time"]):
        told.setdefault(row["officer_id"], []).append(row)
    assert {row["message_key"] for row in rows} == {"search"}
    for own in told.values():
        for before, after in pairwise(own):
            if after["lookback_hours"] > before["lookback_hours"]:
                assert after["time"] - before["time"] < dt.timedelta(minutes=2)
    hours = [row["lookback_hours"] for row in rows]
    counts = [hours.count(n) for n in (12, 24, 168, 720)]
    assert sum(counts) == len(hours) > 100
    assert counts[0] >= counts[2] > counts[3] > 0


def test_a_console_stays_logged_in():
    """After a shift colleagues of his unit ask under the account of who left it, for a day."""
    share = (Oddity(kind="shared_console", share=0.3),)
    _, plain = office_of(14, ())
    _, found = office_of(14, share)
    work = found.occasions.source == WORK
    marked = found.occasions.oddity[work] == ODDITY_KINDS.index("shared_console")
    mine, own = found.occasions.take(work), plain.occasions.take(plain.occasions.source == WORK)
    assert marked.sum() > 50
    assert np.array_equal(mine.start, own.start)
    assert np.array_equal(mine.officer[~marked], own.officer[~marked])
    account, sits = mine.officer[marked], own.officer[marked]
    role = found.setting.officers.role
    assert np.array_equal(role[account], role[sits])
    assert set(role[account].tolist()) == {ROLES.index("dispatcher"), ROLES.index("jail")}
    assert (account != sits).all()
    assert (shift_of(found.setting, account, mine.start[marked]) == NONE).mean() > 0.95
    shifts = found.setting.shifts
    for who, when in zip(account.tolist(), mine.start[marked].tolist(), strict=True):
        begun = shifts.start[(shifts.officer == who) & (shifts.start <= when)]
        assert when - begun.max() < DAY_US
