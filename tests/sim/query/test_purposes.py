"""Purposes: what templates and topics imply, what is declared, and the code III gets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.sim import synthetic_plan

from misusesim.dataset.schema import PURPOSE_CODES, PURPOSES
from misusesim.occasions import (
    AUTOMATIC,
    DEFAULT,
    NONE,
    TEMPLATE,
    TEMPLATES,
    TOPIC,
    TOPICS,
    WORK,
    Occasions,
)
from misusesim.query import expand
from misusesim.query.purposes import default_purpose

WORLD = synthetic_plan.scenario()
PLAN = synthetic_plan.plan(WORLD, 50, misuse=0, odd=0)
START = int(PLAN.occasions.start.min())
NO_CRIME = ("permit", "employment", "court", "domestic")


def said(template, topic="patrol", *, count=400, plan=PLAN, **columns):
    """Return the log of many occasions of one template and topic, one minute apart."""
    occasions = Occasions.build(
        count, source=WORK, serial=np.arange(count), officer=95,
        start=START + np.arange(count) * 60_000_000, template=TEMPLATE[template],
        topic=TOPIC[topic], **columns,
    )  # fmt: skip
    return expand(WORLD, replace(plan, occasions=occasions), 0).log


def shares(column):
    """Return the share of each value of a column."""
    values = column.to_pylist()
    return {value: values.count(value) / len(values) for value in set(values)}


@pytest.mark.parametrize(
    ("template", "topic", "purpose"),
    [
        ("call_field", "traffic", "traffic"), ("call_field", "hit_and_run", "traffic"),
        ("call_field", "patrol", "traffic"), ("call_field", "domestic", "dv"),
        ("call_field", "welfare", "officer_safety"),
        ("call_field", "disturbance", "officer_safety"), ("call_field", "burglary", "criminal"),
        ("call_field", "homicide", "criminal"), ("call_field", "test", "other"),
        ("case_session", "fraud", "criminal"), ("case_session", "sex_offense", "criminal"),
        ("records_request", "records", "court"), ("records_request", "court", "court"),
        ("background_check", "permit", "ccw"), ("background_check", "employment", "employment"),
        ("traffic_stop", "drugs", "traffic"), ("plate_check", "robbery", "traffic"),
        ("booking", "disturbance", "criminal"), ("booking", "traffic", "criminal"),
        ("permit_desk", "records", "ccw"), ("victim_protection", "assault", "dv"),
        ("system_test", "burglary", "other"), ("jail_check", "custody", "criminal"),
        # what is no crime keeps its purpose whatever the template
        ("traffic_stop", "domestic", "dv"), ("booking", "court", "court"),
        ("plate_check", "permit", "ccw"), ("victim_protection", "employment", "employment"),
    ],
)  # fmt: skip
def test_default_purposes_by_hand(template, topic, purpose):
    """The topic decides, the template overrules it, topics of no crime overrule both."""
    assert PURPOSES[default_purpose()[TEMPLATE[template], TOPIC[topic]]] == purpose


@pytest.mark.parametrize("topic", NO_CRIME)
def test_topics_of_no_crime_have_one_purpose(topic):
    """Permits, employment, courts and domestic matters do not depend on the template."""
    assert len(set(default_purpose()[:, TOPIC[topic]].tolist())) == 1


@pytest.mark.parametrize(
    "template",
    ["traffic_stop", "plate_check", "booking", "permit_desk", "victim_protection", "system_test"],
)
def test_templates_with_a_purpose_of_their_own_have_one(template):
    """For everything but the topics of no crime the template alone decides."""
    others = [TOPIC[t] for t in TOPICS if t not in NO_CRIME]
    assert len(set(default_purpose()[TEMPLATE[template], others].tolist())) == 1


def test_other_templates_agree_with_each_other():
    """Templates without a purpose of their own imply the same for each topic."""
    own = {"traffic_stop", "plate_check", "booking", "permit_desk", "victim_protection",
           "system_test", *AUTOMATIC}  # fmt: skip
    rows = default_purpose()[[TEMPLATE[t] for t in TEMPLATES if t not in own]]
    assert (rows == rows[0]).all()


def test_every_purpose_is_the_default_of_something():
    """No purpose of the contract is only ever a lie."""
    assert set(np.unique(default_purpose()).tolist()) == set(range(len(PURPOSES)))


def test_a_criminal_matter_is_sometimes_declared_as_safety():
    """Six in a hundred ordinary matters are called officer safety, six in a thousand other."""
    found = shares(said("case_session", "fraud", count=20_000)["declared_purpose"])
    assert found["officer_safety"] == pytest.approx(0.06 * 0.994, abs=0.007)
    assert found["other"] == pytest.approx(0.006, abs=0.003)
    assert set(found) == {"criminal", "officer_safety", "other"}


@pytest.mark.parametrize(
    ("topic", "purpose"), [("domestic", "dv"), ("court", "court"), ("employment", "employment")]
)
def test_only_criminal_and_traffic_matters_become_safety(topic, purpose):
    """Nobody calls a court matter officer safety."""
    found = shares(said("case_session", topic, count=4000)["declared_purpose"])
    assert set(found) <= {purpose, "other"}
    assert found[purpose] > 0.98


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_purpose_that_is_told_is_declared_on_every_row(purpose):
    """What an occasion says itself is neither turned into safety nor into other."""
    log = said("case_session", "fraud", n=3, says_purpose=PURPOSES.index(purpose))
    assert shares(log["declared_purpose"]) == {purpose: 1.0}


def test_a_purpose_can_be_left_empty():
    """An occasion that says nothing declares nothing, and III still gets a code."""
    log = said("background_check", "permit", says_purpose=NONE)
    assert log["declared_purpose"].null_count == len(log)
    codes = {row["purpose_code"] for row in log.to_pylist() if row["system"] == "III"}
    assert codes == {"C"}


def test_the_declared_purpose_follows_the_topic_that_is_spoken_of():
    """Who speaks of a court matter declares court, whatever the job is about."""
    log = said("case_session", "fraud", says_topic=TOPIC["court"])
    assert shares(log["declared_purpose"])["court"] > 0.98


def test_all_rows_of_an_occasion_declare_the_same():
    """A purpose is chosen once an occasion."""
    one = said("case_session", "fraud", n=200, count=1)
    assert len(shares(one["declared_purpose"])) == 1


@pytest.mark.parametrize(
    ("purpose", "code"),
    [("criminal", "C"), ("traffic", "C"), ("court", "C"), ("dv", "D"), ("officer_safety", "C"),
     ("ccw", "F"), ("other", "C")],
)  # fmt: skip
def test_criminal_history_gets_the_code_of_the_purpose(purpose, code):
    """Domestic violence is D, firearms permits are F, everything criminal is C."""
    log = said("background_check", "permit", says_purpose=PURPOSES.index(purpose))
    assert code in PURPOSE_CODES
    for row in log.to_pylist():
        assert row["purpose_code"] == (code if row["system"] == "III" else None)


def test_employment_checks_are_sometimes_run_under_the_wrong_code():
    """J is the code of employment, and two in a hundred of its occasions say C."""
    log = said("background_check", "employment", count=3000,
               says_purpose=PURPOSES.index("employment"))  # fmt: skip
    rows = [r["purpose_code"] for r in log.to_pylist() if r["system"] == "III"]
    assert set(rows) == {"J", "C"}
    assert rows.count("C") / len(rows) == pytest.approx(0.02, abs=0.012)


def test_an_agency_that_does_not_ask_still_sends_a_code():
    """The screen does not ask for a purpose, but III insists on its code."""
    world = synthetic_plan.scenario(group={"asks_purpose": False})
    plan = synthetic_plan.plan(world, 50, misuse=0, odd=0)
    log = said("background_check", "permit", plan=plan)
    assert log["declared_purpose"].null_count == len(log)
    codes = [r["purpose_code"] for r in log.to_pylist() if r["system"] == "III"]
    assert codes.count("F") / len(codes) > 0.98


def test_default_is_what_an_occasion_says_unless_told_otherwise():
    """Leaving the purpose out and saying DEFAULT are the same rows."""
    plain, told = said("case_session"), said("case_session", says_purpose=DEFAULT)
    assert plain.equals(told)
