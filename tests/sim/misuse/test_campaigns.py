"""Campaigns as a whole: what they leave behind, and what must not move them."""

from __future__ import annotations

import numpy as np
import pytest
from tests.sim.misuse import stage

from misusesim.clock import DAY_US
from misusesim.dataset import schema
from misusesim.misuse import KINDS
from misusesim.misuse.writing import LEAD_WEEKS, MOST_STEPS, caused_incident, serial_of
from misusesim.occasions import MISUSE, NONE
from misusesim.scenario.misuse import RomanticInterest
from misusesim.workload.numbers import opaque_id

WORLD = stage.world(accounts=120)


@pytest.fixture(scope="module")
def plan():
    """Return the campaigns of four weeks."""
    return stage.plan(stage.scene(WORLD))


def rows(plan):
    """Return the truth by campaign id."""
    return {row["campaign_id"]: row for row in plan.truth.to_pylist()}


def test_every_kind_of_the_schema_is_registered():
    """The registry has a family member for each misuse kind, in the schema's order."""
    assert tuple(KINDS) == schema.MISUSE_KINDS


def test_truth_has_the_contract_schema_and_one_row_per_campaign(plan):
    """Columns, types and ids of the truth are those of the contract."""
    assert plan.truth.schema.equals(schema.TRUTH_CAMPAIGNS, check_metadata=True)
    ids = plan.truth["campaign_id"].to_pylist()
    assert ids == plan.campaigns.campaign_id.tolist()
    assert len(set(ids)) == len(ids) == len(plan.planned) > 10


def test_columns_of_campaigns_agree_with_the_truth(plan):
    """What expansion reads and what the truth table says are the same codes."""
    for row, told in enumerate(plan.truth.to_pylist()):
        assert schema.MISUSE_KINDS[plan.campaigns.kind[row]] == told["kind"]
        assert schema.RUNGS[plan.campaigns.rung[row]] == told["rung"]
        assert schema.COVERS[plan.campaigns.cover[row]] == told["cover"]
        assert plan.campaigns.severity[row] == told["severity"]


def test_serials_are_unique_and_fit_a_need(plan):
    """No two occasions of misuse share a serial, and all are below 2**38."""
    serial = plan.occasions.serial
    assert len(np.unique(serial)) == len(serial)
    assert serial.min() >= 0
    assert serial.max() < 2**38


def test_serial_of_the_last_step_of_the_last_officer_fits():
    """The largest kind, week, officer and step stay below 2**38."""
    campaign = type("C", (), {"key": (len(schema.MISUSE_KINDS) - 1, 639, 65_535)})
    assert serial_of(campaign, MOST_STEPS - 1) < 2**38


def test_serials_of_neighbouring_kinds_do_not_overlap():
    """The last serial of a kind's last week is just below the first one of the next kind."""
    for kind in range(1, len(schema.MISUSE_KINDS)):
        weeks = 1_024 if kind <= 3 else 640
        last = type("C", (), {"key": (kind - 1, weeks - 1, 65_535)})
        first = type("C", (), {"key": (kind, 0, 0)})
        assert serial_of(last, MOST_STEPS - 1) + 1 == serial_of(first, 0)


def test_misuse_occasions_have_no_justification(plan):
    """No incident and no case stands behind misuse; numbers are only said."""
    occasions = plan.occasions
    assert (occasions.source == MISUSE).all()
    assert (occasions.incident == NONE).all()
    assert (occasions.case == NONE).all()
    assert (occasions.oddity == NONE).all()


def test_every_number_that_is_said_exists(plan):
    """Expansion finds each case and each incident an occasion speaks of."""
    scene = stage.scene(WORLD)
    said = plan.occasions.says_case[plan.occasions.says_case >= 0]
    assert np.isin(said, scene.cases.serial).all()
    known = np.r_[scene.incidents.serial, plan.incidents.serial]
    said = plan.occasions.says_incident[plan.occasions.says_incident >= 0]
    assert len(said) > 0
    assert np.isin(said, known).all()


def test_incidents_of_misuse_lie_above_all_honest_ones(plan):
    """Their serials are apart, so that honest numbers never move."""
    honest = stage.scene(WORLD).incidents.serial
    assert len(plan.incidents.serial) > 0
    assert plan.incidents.serial.min() > honest.max()
    assert plan.incidents.serial.min() >= 2**36


def test_each_incident_belongs_to_the_campaign_that_caused_it(plan):
    """`caused_by` names the campaign whose officer and target the incident has."""
    for row, campaign in enumerate(plan.planned):
        mine = plan.caused_by == row
        assert set(plan.incidents.officer[mine].tolist()) <= set(campaign.officers)
        steps = {caused_incident(campaign, n): s for n, s in enumerate(campaign.steps)}
        for serial, opened in zip(
            plan.incidents.serial[mine].tolist(), plan.incidents.opened[mine].tolist(), strict=True
        ):
            assert steps[serial].pretext.time == opened


def test_occasions_fall_on_record_and_into_the_span_of_their_campaign(plan):
    """Nothing starts before the horizon or after the last week; start and end enclose it."""
    scene, occasions = stage.scene(WORLD), plan.occasions
    assert occasions.start.min() >= scene.clock.horizon[0]
    assert occasions.start.max() < scene.known_until
    for row, campaign in enumerate(plan.planned):
        first, last = campaign.span
        times = occasions.start[occasions.campaign == row]
        assert first <= times.min()
        assert times.max() <= last


def test_planned_queries_are_counted_before_the_horizon_cuts(plan):
    """`n_queries` is of the whole plan, so never less than what is on record."""
    for row, told in enumerate(plan.truth.to_pylist()):
        on_record = int(plan.occasions.n[plan.occasions.campaign == row].sum())
        assert 0 < on_record <= told["n_queries"]


def test_subject_keys_are_those_of_person_and_plate(plan):
    """A campaign's keys are what its queries type, without typing errors."""
    people = stage.scene(WORLD).population
    for row, told in enumerate(plan.truth.to_pylist()):
        subject = np.unique(plan.occasions.subject[plan.occasions.campaign == row])
        keys = np.r_[people.person_key(subject), people.plate_key(subject)]
        assert set(keys.tolist()) <= set(told["subject_keys"])


def test_false_case_names_the_number_that_is_typed(plan):
    """A borrowed case is named by its opaque id, an invented one by its text."""
    scene = stage.scene(WORLD)
    seen = set()
    for row, told in enumerate(plan.truth.to_pylist()):
        seen.add(told["cover"])
        said = plan.occasions.says_case[plan.occasions.campaign == row]
        if told["cover"] == "borrowed_case" and told["unit"] is None:
            ids = opaque_id(WORLD, "case", scene.agency, said[said >= 0])
            assert told["false_case"] in ids.tolist()
        if told["cover"] == "invented_case":
            assert (said == NONE).any()
            assert any(c.isdigit() for c in told["false_case"])
        if told["rung"] in {"declared", "miscoded"}:
            assert told["false_case"] is None
    assert {"borrowed_case", "invented_case", "generic_reason"} <= seen


def test_campaigns_do_not_depend_on_the_days_asked_for():
    """One week gives the first week of six: same campaigns, same steps, same ids."""
    short, long = stage.world(7), stage.world(42)
    first, whole = stage.plan(stage.scene(short)), stage.plan(stage.scene(long))
    end = stage.scene(short).clock.horizon[1]
    assert set(rows(first)) == {
        c for row, c in enumerate(whole.campaigns.campaign_id)
        if whole.occasions.start[whole.occasions.campaign == row].min() < end
    }  # fmt: skip
    later = whole.occasions.take(whole.occasions.start < end)
    order, other = np.argsort(first.occasions.serial), np.argsort(later.serial)
    for name in ("serial", "start", "officer", "subject", "template", "n", "says_topic",
                 "says_case", "says_incident", "says_purpose"):  # fmt: skip
        assert (
            getattr(first.occasions, name)[order].tolist() == getattr(later, name)[other].tolist()
        ), name
    told = rows(whole)
    for name, row in rows(first).items():
        assert {k: row[k] for k in ("start", "rung", "cover", "false_case", "motive")} == {
            k: told[name][k] for k in ("start", "rung", "cover", "false_case", "motive")
        }


def test_a_kind_does_not_move_the_others():
    """Without retaliation and permit checks the romantic campaigns are the same.

    But for the side of their officers: who shares another campaign goes with the others in it.
    """
    alone = stage.plan(stage.scene(stage.world(misuse=(stage.ROMANTIC,), accounts=120)))
    together = rows(stage.plan(stage.scene(WORLD)))
    assert len(alone.truth) > 3
    for row in alone.truth.drop_columns(["split_officer"]).to_pylist():
        assert {name: together[row["campaign_id"]][name] for name in row} == row


def test_without_misuse_there_is_nothing():
    """An honest scenario has empty columns and an empty truth of the right schema."""
    plan = stage.plan(stage.scene(stage.world(misuse=())))
    assert len(plan.occasions) == len(plan.incidents.serial) == plan.truth.num_rows == 0
    assert plan.truth.schema.equals(schema.TRUTH_CAMPAIGNS, check_metadata=True)
    assert plan.context == {}


@pytest.mark.slow
def test_misuse_is_level_over_the_horizon():
    """The last tenth holds 10 +- 3 % of personal misuse: campaigns began before the log did."""
    misuse = (
        RomanticInterest(kind="romantic_interest", officers_per_year=1.0),
        stage.RETALIATION,
    )
    scene = stage.empty_scene(stage.world(140, misuse, accounts=500))
    start = stage.plan(scene).occasions.start
    horizon = scene.clock.horizon
    share = (start >= horizon[1] - 14 * DAY_US).mean()
    assert len(start) > 2500
    assert 0.07 < share < 0.13
    first = (start < horizon[0] + 14 * DAY_US).mean()
    assert 0.07 < first < 0.13


def test_lead_is_as_long_as_the_longest_default_campaign():
    """No campaign of the default length that still runs began before the lead."""
    assert LEAD_WEEKS >= 8 * 4.5
