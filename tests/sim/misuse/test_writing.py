"""What campaigns leave behind: serials, the record, incidents, truth and applications."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sim.misuse import stage

from misusesim.clock import DAY_US, HOUR_US, MINUTE_US
from misusesim.dataset import schema
from misusesim.dataset.schema import COVERS, INCIDENT_KINDS, MISUSE_KINDS
from misusesim.misuse.rungs import Story
from misusesim.misuse.writing import (
    LEAD_WEEKS,
    MOST_STEPS,
    Application,
    Campaign,
    Pretext,
    Step,
    caused_incident,
    serial_of,
    written,
)
from misusesim.occasions import DEFAULT, MISUSE, NONE, TEMPLATE, TOPIC
from misusesim.workload.numbers import opaque_id

SCENE = stage.empty_scene(stage.world())
START, END = SCENE.clock.horizon
PLAIN = Story(COVERS.index("none"), DEFAULT, TOPIC["patrol"])
TOW = INCIDENT_KINDS.index("tow")


def step(hours, *, queries=1, story=PLAIN, stop=None, officer=3, subject=1000, typed=False):
    """Return a step some hours after the scenario's start; `stop` minutes before it, a tow."""
    time = START + int(hours * HOUR_US)
    pretext = None
    if stop is not None:
        pretext = Pretext(TOW, TOPIC["traffic"], time - stop * MINUTE_US, 12, typed)
    return Step(officer, time, queries, TEMPLATE["name_check"], TOPIC["patrol"], subject, story,
                pretext=pretext)  # fmt: skip


def campaign(*steps, kind=1, week=LEAD_WEEKS, officer=3, **fields):
    """Return a campaign of these steps."""
    plain = {"rung": 1, "tie": 0, "intent": 0, "violation": 0, "severity": 3, "motive": "by hand",
             "officers": (officer,), "wished": len(steps)}  # fmt: skip
    return Campaign(key=(kind, week, officer), steps=steps, **{**plain, **fields})


def truth(*planned):
    """Return the truth rows of campaigns."""
    return written(SCENE, list(planned)).truth.to_pylist()


@given(
    kind=st.integers(0, 2), week=st.integers(0, LEAD_WEEKS + 60), officer=st.integers(0, 20_000),
    nth=st.integers(0, MOST_STEPS - 2),
)  # fmt: skip
def test_serials_of_one_campaign_follow_each_other(kind, week, officer, nth):
    """A step's serial is that of the first step plus its number, and fits 38 bits."""
    one = campaign(step(1), kind=kind, week=week, officer=officer)
    assert serial_of(one, nth) == serial_of(one, 0) + nth
    assert 0 <= serial_of(one, nth + 1) < 2**38


def test_serials_of_campaigns_are_apart():
    """Kinds, weeks and officers next to each other have no serial in common."""
    serials = sorted(
        serial_of(campaign(step(1), kind=kind, week=week, officer=officer), nth)
        for kind in (0, 1, 2) for week in (0, 1, 127) for officer in (0, 1, 4095)
        for nth in (0, MOST_STEPS - 1)
    )  # fmt: skip
    assert len(serials) == 54
    assert all(a < b for a, b in pairwise(serials))


def test_a_serial_does_not_know_the_steps():
    """More steps, other times and other stories leave the serial as it is."""
    short, long = campaign(step(1)), campaign(step(5), step(9), rung=3)
    assert serial_of(short, 0) == serial_of(long, 0)


@pytest.mark.parametrize(
    ("hours", "rows"), [(-1, 0), (0, 1), (1, 1), (28 * 24 - 1, 1), (28 * 24, 0)]
)
def test_a_campaign_without_a_step_in_the_horizon_is_left_out(hours, rows):
    """The first moment of the horizon belongs to it, its end does not."""
    plan = written(SCENE, [campaign(step(hours))])
    assert plan.truth.num_rows == len(plan.planned) == len(plan.campaigns.campaign_id) == rows


def test_steps_before_the_log_count_but_become_no_rows():
    """History is in the truth only."""
    plan = written(SCENE, [campaign(step(-50, queries=4), step(-2), step(5, queries=2))])
    assert plan.occasions.start.tolist() == [START + 5 * HOUR_US]
    assert plan.truth["n_queries"].to_pylist() == [7]
    row = plan.truth.to_pylist()[0]
    assert (row["end"] - row["start"]).total_seconds() == 55 * 3600


def test_occasions_copy_their_steps():
    """Who, when, how often, about what and whom is what the step says."""
    steps = (step(1, queries=3), step(2, officer=4, subject=77))
    made = written(SCENE, [campaign(*steps)]).occasions
    assert made.officer.tolist() == [3, 4]
    assert made.n.tolist() == [3, 1]
    assert made.subject.tolist() == [1000, 77]
    assert set(made.source.tolist()) == {MISUSE}
    assert made.start.tolist() == [s.time for s in steps]
    assert set(made.gap_s.tolist()) == {25}


@pytest.mark.parametrize("column", ["incident", "case", "oddity"])
def test_nothing_justifies_a_step(column):
    """Steps have neither a true incident nor a true case, and are no oddity."""
    made = written(SCENE, [campaign(step(1), step(2, stop=1))]).occasions
    assert set(getattr(made, column).tolist()) == {NONE}


def test_a_story_is_typed_as_it_is_told():
    """Purpose, topic, case and incident of the story become what the occasion says."""
    told = Story(COVERS.index("borrowed_case"), 0, TOPIC["fraud"], 51, 8)
    made = written(SCENE, [campaign(step(1, story=told))]).occasions
    said = (made.says_purpose, made.says_topic, made.says_case, made.says_incident)
    assert [int(column[0]) for column in said] == [0, TOPIC["fraud"], 51, 8]


@pytest.mark.parametrize(("typed", "own"), [(True, True), (False, False)])
def test_the_number_of_a_stop_is_typed_where_the_pretext_says_so(typed, own):
    """A stop's own number comes before the story's; untyped it stays out."""
    one = campaign(step(1), step(2, stop=1, typed=typed))
    made = written(SCENE, [one]).occasions
    assert made.says_incident.tolist() == [NONE, caused_incident(one, 1) if own else NONE]


def test_a_pretext_is_an_incident_of_the_officer():
    """A tow begins before the query, lasts its minutes, and has no dispatcher."""
    plan = written(SCENE, [campaign(step(2, stop=3, subject=55))])
    found = plan.incidents
    begun = START + 2 * HOUR_US - 3 * MINUTE_US
    assert found.opened.tolist() == found.known.tolist() == found.begun.tolist() == [begun]
    assert found.closed.tolist() == [begun + 12 * MINUTE_US]
    assert (found.kind[0], found.officer[0], found.subject[0]) == (TOW, 3, 55)
    assert found.dispatcher.tolist() == [-1]
    assert plan.caused_by.tolist() == [0]


def test_steps_without_a_pretext_cause_nothing():
    """A plain look-up leaves no incident."""
    plan = written(SCENE, [campaign(step(1), step(2))])
    assert len(plan.incidents.serial) == len(plan.caused_by) == 0


def test_a_stop_begins_with_its_incident():
    """What is opened before the query is when the step begins."""
    assert step(2, stop=30).begins == step(2).time - 30 * MINUTE_US
    assert step(2).begins == step(2).time


def test_campaigns_are_in_order_of_week_officer_and_kind():
    """The order does not depend on who was planned first."""
    some = [
        campaign(step(3), kind=2, week=LEAD_WEEKS), campaign(step(3), kind=1, officer=9),
        campaign(step(3), kind=1), campaign(step(3), kind=2, week=4),
    ]  # fmt: skip
    keys = [c.key for c in written(SCENE, some).planned]
    assert keys == [(2, 4, 3), (1, LEAD_WEEKS, 3), (2, LEAD_WEEKS, 3), (1, LEAD_WEEKS, 9)]
    assert [c.key for c in written(SCENE, some[::-1]).planned] == keys


def test_a_campaign_id_is_the_opaque_id_of_its_first_serial():
    """The id says nothing and does not change with the company."""
    one = campaign(step(1))
    wanted = opaque_id(SCENE.scenario, "campaign", SCENE.agency, np.array([serial_of(one, 0)]))
    alone = written(SCENE, [one]).campaigns.campaign_id.tolist()
    many = written(SCENE, [campaign(step(1), officer=1), one]).campaigns.campaign_id.tolist()
    assert alone == wanted.tolist()
    assert many[1] == alone[0]


def test_truth_says_what_the_campaign_is():
    """Kind, rung, tie, motive and severity are words of the schema."""
    (row,) = truth(campaign(step(1, queries=2), kind=2, rung=3, tie=NONE, unit="desk"))
    assert (row["kind"], row["rung"], row["tie"]) == (MISUSE_KINDS[2], schema.RUNGS[3], None)
    assert (row["motive"], row["severity"], row["unit"]) == ("by hand", 3, "desk")
    assert row["agency_id"] == SCENE.agency.agency_id
    assert row["officer_ids"] == [SCENE.officers.officer_id[3]]


def test_each_target_has_a_person_and_a_plate():
    """Two people are four keys, however often they were looked up."""
    (row,) = truth(campaign(step(1, subject=9), step(2, subject=8), step(3, subject=9)))
    people = np.array([8, 9])
    keys = {*SCENE.population.person_key(people).tolist(),
            *SCENE.population.plate_key(people).tolist()}  # fmt: skip
    assert set(row["subject_keys"]) == keys
    assert len(row["subject_keys"]) == 4


@pytest.mark.parametrize(
    ("story", "kind", "serial"),
    [
        (Story(COVERS.index("borrowed_case"), 0, 0, case=51), "case", 51),
        (Story(COVERS.index("none"), 0, 0, incident=8), "incident", 8),
        (Story(COVERS.index("none"), 0, 0, case=51, incident=8), "case", 51),
    ],
)
def test_a_false_case_is_named_by_its_id(story, kind, serial):
    """The truth names the record behind the number, not the text of the number."""
    (row,) = truth(campaign(step(1, story=story)))
    wanted = opaque_id(SCENE.scenario, kind, SCENE.agency, np.array([serial]))[0]
    assert row["false_case"] == wanted


def test_who_types_no_number_has_no_false_case():
    """A generic reason and an honest declaration name nothing."""
    generic = Story(COVERS.index("generic_reason"), DEFAULT, TOPIC["patrol"])
    assert [row["false_case"] for row in truth(campaign(step(1, story=generic)))] == [None]


def test_the_cover_is_that_of_the_first_look_up_on_record():
    """Neither history nor a stop decides the cover while there is a look-up."""
    told = [Story(code, DEFAULT, TOPIC["patrol"]) for code in range(4)]
    one = campaign(
        step(-5, story=told[1]), step(1, story=told[2], stop=1), step(9, story=told[3]),
    )  # fmt: skip
    assert one.told(START) == told[3]
    assert one.told(START - DAY_US) == told[1]
    assert truth(one)[0]["cover"] == COVERS[3]


def test_a_campaign_of_stops_only_has_the_cover_of_the_first():
    """Where there is no look-up the first stop tells the story."""
    told = [Story(code, DEFAULT, TOPIC["patrol"]) for code in (4, 1)]
    one = campaign(step(1, story=told[0], stop=1), step(5, story=told[1], stop=1))
    assert one.told(START) == told[0]


def test_a_span_goes_from_the_first_to_the_last_step():
    """The order of steps does not matter for the span."""
    assert campaign(step(7), step(-3), step(2)).span == (START - 3 * HOUR_US, START + 7 * HOUR_US)


def test_applications_are_in_the_context():
    """Each check has its application, known when filed; as with lawful ones no decision is told."""
    filed = (START + HOUR_US, START + 2 * HOUR_US)
    one = replace(
        campaign(step(3), step(4), kind=0, unit="licensing"),
        applications=tuple(Application(1000 + i, at) for i, at in enumerate(filed)),
    )
    rows = written(SCENE, [one]).context["dispatch/applications"].to_pylist()
    assert {row["kind"] for row in rows} == {"ccw"}
    assert len({row["application_id"] for row in rows}) == 2
    assert all(row["valid_to"] is None for row in rows)
    assert all(row["known_at"] == row["valid_from"] for row in rows)
    keys = SCENE.population.person_key(np.array([1000, 1001])).tolist()
    assert [row["subject_key"] for row in rows] == keys


def test_without_applications_there_is_no_table():
    """Personal campaigns add nothing to the context."""
    assert written(SCENE, [campaign(step(1))]).context == {}
    assert written(SCENE, []).truth.num_rows == 0
