"""Events of the state: the same for every agency, each agency with its own slice."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import numpy as np
import pytest
from tests.sim.workload.office import EVENT_KINDS, setting_of

from misusesim.clock import HOUR_US, MINUTE_US, LocalClock
from misusesim.dataset.schema import ODDITY_KINDS
from misusesim.engine import causal_passes
from misusesim.occasions import ODDITY, TEMPLATE, WORK
from misusesim.plan import SERIAL_BITS, own_serials
from misusesim.scenario.model import AgencyGroup, Oddity, Scenario
from misusesim.workload.event_work import event_work
from misusesim.workload.events import EVERYBODY, REACH, SORTS, scenes, statewide
from misusesim.workload.moments import shift_of
from misusesim.world.agencies import agencies

DAYS = 14


def state(days=DAYS, per_year=400.0, kinds=EVENT_KINDS):
    """Return twelve police departments, a dispatch centre and a court."""
    plain = {"accounts_median": 30, "accounts_sigma": 0}
    return Scenario(
        name="events", seed=8, start=dt.date(2024, 3, 4), days=days, population=1_000_000,
        agency=(
            AgencyGroup(name="town", type="police", count=12, **plain),
            AgencyGroup(name="desk", type="dispatch", street=False, **plain),
            AgencyGroup(name="court", type="court", street=False, **plain),
        ),
        oddity=tuple(Oddity(kind=kind, per_year=per_year) for kind in kinds),
    )  # fmt: skip


@pytest.fixture(scope="module")
def block():
    """Return what is planned for all fourteen agencies, and the scenario."""
    scenario = state()
    return SimpleNamespace(scenario=scenario, plan=causal_passes(scenario, agencies(scenario)))


def of_kind(block, *kinds):
    work = block.plan.block.occasions
    return work.take(np.isin(work.oddity, [ODDITY_KINDS.index(kind) for kind in kinds]))


def test_events_of_fewer_days_are_the_first_of_more():
    """What happens in two weeks happens in eight weeks as well."""
    few, more = statewide(state(14)), statewide(state(56))
    assert 0 < len(few.number) < len(more.number)
    for name in few._fields:
        assert np.array_equal(getattr(few, name), getattr(more, name)[: len(few.number)]), name


def test_events_are_as_many_as_asked_for():
    """A hundred of each kind in a year are a hundred, up to chance."""
    events = statewide(state(365, per_year=100.0))
    kinds = [SORTS[sort].kind for sort in events.sort.tolist()]
    assert {kind: kinds.count(kind) for kind in EVENT_KINDS} == pytest.approx(
        dict.fromkeys(EVENT_KINDS, 101), rel=0.3
    )


def test_at_most_fifteen_of_a_kind_happen_in_a_week():
    """A rate that would bring forty a week brings fifteen."""
    events = statewide(state(per_year=2_000.0, kinds=("mass_event",)))
    assert len(events.number) == 15 * 3  # the warm-up and two weeks
    assert len(set(events.number.tolist())) == 45


def test_without_entries_nothing_happens():
    """No entry or a rate of 0: no events, no incidents, no queries."""
    for scenario in (state(kinds=()), state(per_year=0.0)):
        assert len(statewide(scenario).number) == 0
        brought = event_work(setting_of(scenario))
        assert len(brought.occasions) == len(brought.links) == len(brought.incidents.serial) == 0


def test_a_world_without_units_has_no_events():
    """A state of courts alone is never the scene of anything."""
    scenario = state()
    courts = scenario.model_copy(update={"agency": scenario.agency[2:]})
    assert len(statewide(courts).number) == 0


def test_events_begin_in_their_week():
    """The number of an event holds the week in which it begins."""
    scenario = state(56)
    events = statewide(scenario)
    assert np.array_equal(LocalClock(scenario).week_of(events.begin), (events.number >> 6) - 1)


def test_alerts_reach_everybody_or_a_region(block):
    """All twelve departments and the dispatch centre, or the home and its next eight."""
    found, events = scenes(block.plan.setting, statewide(block.scenario)), statewide(block.scenario)
    per_scene = {}
    for sort, subject in zip(found.sort.tolist(), found.subject.tolist(), strict=True):
        per_scene.setdefault((sort, subject), []).append(1)
    wide = [len(n) for (sort, _), n in per_scene.items() if SORTS[sort].reach == EVERYBODY]
    near = [len(n) for (sort, _), n in per_scene.items() if SORTS[sort].reach == 8]
    assert set(wide) == {13}
    assert max(near) <= 9
    assert min(near) >= 8  # the court is next to some
    assert len(per_scene) == len(events.number)


def test_the_home_of_an_event_has_units(block):
    """No event happens at a dispatch centre or a court."""
    events = statewide(block.scenario)
    assert events.home.max() < 12
    found = scenes(block.plan.setting, events)
    assert found.home.sum() == len(events.number)


def test_a_slice_depends_on_no_neighbour(block):
    """Two agencies alone have the scenes that they have among fourteen."""
    scenario, every = block.scenario, agencies(block.scenario)
    events = statewide(scenario)
    few = scenes(causal_passes(scenario, every[3:5]).setting, events)
    many = scenes(block.plan.setting, events)
    mine = (many.place == 3) | (many.place == 4)
    for name in ("sort", "subject", "home", "opened", "jobs"):
        assert np.array_equal(getattr(few, name), getattr(many, name)[mine]), name
    assert np.array_equal(own_serials(few.serial), own_serials(many.serial[mine]))


def test_an_alert_is_asked_about_by_many_agencies_within_hours(block):
    """The subject of a wide alert is asked about at most of thirteen agencies in twelve hours."""
    odd, plan = of_kind(block, "all_agency_alert"), block.plan.block
    events = statewide(block.scenario)
    wide = events.subject[
        (REACH[events.sort] == EVERYBODY) & (events.begin >= block.plan.setting.clock.horizon[0])
        & (events.begin < block.plan.setting.clock.horizon[1] - 24 * HOUR_US)
    ]  # fmt: skip
    assert len(wide) >= 3
    for subject, begin in zip(wide, events.begin[np.isin(events.subject, wide)], strict=True):
        some = odd.take(odd.subject == subject)
        assert len(set(plan.officer_place[some.officer].tolist())) >= 6
        assert ((some.start > begin) & (some.start < begin + 13 * HOUR_US)).all()


def test_plates_of_alerts_are_listed_before_anybody_asks(block):
    """Each agency's hot list holds the plate, known before the first query there."""
    odd, plan = of_kind(block, "all_agency_alert"), block.plan
    rows = plan.context["dispatch/hotlists"].to_pylist()
    listed = {}
    for row in rows:
        key = (row["subject_key"], row["agency_id"])
        listed[key] = min(listed.get(key, row["known_at"]), row["known_at"])
        assert row["case_id"] is None
    plates = plan.setting.population.plate_key(odd.subject).tolist()
    homes = plan.block.officer_place[odd.officer].tolist()
    names = [agency.agency_id for agency in plan.block.agencies]
    for plate, home, start in zip(plates, homes, odd.start.tolist(), strict=True):
        assert listed[plate, names[home]].timestamp() * 1e6 <= start - 50 * 1_000_000


def test_work_of_events_is_done_by_people_on_duty(block):
    """Whoever asks is on shift, and what he asks under is of his own agency."""
    odd, setting = of_kind(block, *EVENT_KINDS), block.plan.setting
    assert set(odd.source.tolist()) == {ODDITY}
    assert (shift_of(setting, odd.officer, odd.start) >= 0).mean() > 0.99
    assert np.array_equal(odd.incident >> SERIAL_BITS, setting.place[odd.officer])
    assert np.isin(odd.incident, block.plan.block.incidents.serial).all()


def test_incidents_of_events_are_told_apart_by_serial(block):
    """They have the fourth quarter of a week's serials, and nothing else has."""
    odd, work = of_kind(block, *EVENT_KINDS), block.plan.block.occasions
    quarter = own_serials(odd.incident) >> 20 & 3
    assert set(quarter.tolist()) == {3}
    honest = work.take((work.source == WORK) & (work.incident >= 0))
    assert not (own_serials(honest.incident) >> 20 & 3 == 3).any()


def test_mass_events_are_surges(block):
    """A protest brings its home, thirty accounts, ten calls of its own or so within ten hours."""
    found, odd = scenes(block.plan.setting, statewide(block.scenario)), of_kind(block, "mass_event")
    start, end = block.plan.setting.clock.horizon
    whole = (found.opened > start) & (found.opened < end - 24 * HOUR_US)
    protests = np.flatnonzero(found.home & (found.sort == 6) & whole)
    assert len(protests) >= 3
    incidents = block.plan.block.incidents
    for scene in protests.tolist():
        calls = odd.take(odd.incident >> 14 == found.serial[scene] >> 14)
        assert 5 <= len(calls) <= 30
        opened = incidents.opened[np.searchsorted(incidents.serial, calls.incident)]
        assert (opened >= found.opened[scene]).all()
        assert (opened <= found.opened[scene] + 10 * HOUR_US).all()


def test_an_officer_at_an_event_is_assigned(block):
    """Who works on a public figure's case or a mass event is put on the incident before."""
    odd = of_kind(block, "public_figure_case", "mass_event")
    brought = event_work(block.plan.setting)
    put = set(zip(brought.links.officer.tolist(), brought.links.incident.tolist(), strict=True))
    files = brought.incidents
    put |= set(zip(files.officer.tolist(), files.serial.tolist(), strict=True))
    asked = set(zip(odd.officer.tolist(), odd.incident.tolist(), strict=True))
    assert asked <= put


def test_public_figures_are_party_to_the_incident(block):
    """The person in the news is the one of the incident, and the news come after it."""
    plan = block.plan
    odd = of_kind(block, "public_figure_case")
    about = odd.take(odd.subject >= 0)
    incidents = plan.block.incidents
    at = np.searchsorted(incidents.serial, about.incident)
    assert np.array_equal(incidents.subject[at], about.subject)
    opened = {}
    for key, time in zip(
        plan.setting.population.person_key(about.subject).tolist(), incidents.opened[at].tolist(),
        strict=True,
    ):  # fmt: skip
        opened[key] = min(opened.get(key, time), time)
    news = plan.context["dispatch/news"].to_pylist()
    told = [row for row in news if row["subject_key"] in opened]
    assert len(told) >= 5
    for row in told:
        later = row["known_at"].timestamp() * 1e6 - opened[row["subject_key"]]
        assert 30 * MINUTE_US - 15 * MINUTE_US <= later <= 6 * HOUR_US


def test_more_than_one_kind_of_screen_is_used(block):
    """Plates are run and searched for in alerts; calls and cases are worked in the others."""
    alert = {
        TEMPLATE[name]
        for name in ("plate_check", "call_field", "alpr_search", "call_dispatch", "case_session")
    }
    assert set(of_kind(block, "all_agency_alert").template.tolist()) <= alert
    mass = set(of_kind(block, "mass_event").template.tolist())
    assert {TEMPLATE["call_field"], TEMPLATE["call_dispatch"]} <= mass


def test_a_block_joins_what_its_agencies_have(block):
    """Incidents of events are those that each agency has alone."""
    scenario, every = block.scenario, agencies(block.scenario)
    alone = event_work(causal_passes(scenario, every[:1]).setting)
    whole = event_work(block.plan.setting)
    mine = whole.incidents.serial >> SERIAL_BITS == 0
    assert np.array_equal(alone.incidents.serial, whole.incidents.serial[mine])
    assert np.array_equal(alone.incidents.opened, whole.incidents.opened[mine])
