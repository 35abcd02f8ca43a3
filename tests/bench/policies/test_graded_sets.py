"""The graded sets: each is the one before and more, and what each step stops."""

from __future__ import annotations

import itertools

import pytest
from tests.bench.literal import request

from misusebench.policies.language import read_policy
from misusebench.policies.language.cases import clauses, random_requests
from misusebench.policies.reference import Reference
from misusebench.policies.sets import GRADED

ALPR = {"id": "alpr", "sensitivity": 2, "clets": False, "lookback_days": 61}
STEPS = [
    ("purpose_only", {"purpose": "ccw"}, "CCW"),
    ("purpose_only", {"role": "it"}, "ROLE"),
    ("shift_training", {"role": "patrol", "on_shift": False}, "SHIFT"),
    ("shift_training", {"training_days_left": -1}, "TRAINING"),
    ("case_present", {"case_number": ""}, "CASE_NUMBER"),
    ("case_valid", {"case_exists": False, "case_agency": ""}, "CASE_VALID"),
    ("case_valid", {"case_open": False}, "CASE_OPEN"),
    ("case_valid", {"owner_agency": "B"}, "JURIS"),
    ("officer_assigned", {"case_assigned": False}, "ASSIGNED"),
    ("warrant_lookback", ALPR, "WARRANT"),
]


def _decided(name, asked):
    engine = Reference()
    engine.load({"name": name, "text": read_policy(name).text}, None)
    return engine.decide_batch(asked)


def test_each_set_has_the_rules_of_the_one_before_word_for_word():
    """A superset, with equal conditions."""
    rules = [{rule.id: rule.when for rule in read_policy(name).rules} for name in GRADED]
    for less, more in itertools.pairwise(rules):
        assert less.items() < more.items()
    assert len(rules) == 6


def test_what_a_set_denies_the_next_denies_as_well():
    """Two thousand random requests and both sides of each clause; a step denies some more."""
    policy = read_policy("warrant_lookback")
    asked = random_requests(policy, 2_000, seed=7) + [one.request for one in clauses(policy)[0]]
    asked += [request(**{"case_assigned": True, **changes}) for _, changes, _ in STEPS]
    denied = [{n for n, one in enumerate(_decided(name, asked)) if one.outcome == "deny"}
              for name in GRADED]  # fmt: skip
    for less, more in itertools.pairwise(denied):
        assert less < more


@pytest.mark.parametrize(("name", "changes", "rule"), STEPS)
def test_the_step_at_which_a_request_is_stopped(name, changes, rule):
    """The set that brings the rule denies by it alone; the one before permits."""
    asked = [request(**{"case_assigned": True, **changes})]
    (found,) = _decided(name, asked)
    assert (found.outcome, found.reasons, found.errors) == ("deny", (rule,), ())
    place = GRADED.index(name)
    if place:
        assert _decided(GRADED[place - 1], asked)[0].outcome == "permit"


def test_an_emergency_waives_what_is_about_cases_only():
    """With a justification and on shift; purpose, permits and status stay."""
    glass = {"break_glass": True, "justification_len": 20, "case_assigned": False}
    waived = request(case_number="", owner_agency="B", **glass)
    kept = request(purpose="ccw", case_number="", **glass)
    told = _decided("break_glass", [waived, kept])
    assert [(one.outcome, one.reasons) for one in told] == [("permit", ()), ("deny", ("CCW",))]
    assert _decided("warrant_lookback", [waived])[0].outcome == "deny"


def test_case_rules_that_challenge_ask_back_and_the_others_deny():
    """A number that is lacking is asked for; purpose denies all the same."""
    told = _decided("case_challenge", [request(case_number="", case_assigned=False),
                                       request(purpose="", case_number="", case_assigned=False),
                                       request(case_assigned=False)])  # fmt: skip
    assert [one.outcome for one in told] == ["challenge", "deny", "challenge"]
    assert told[1].reasons == ("PURPOSE", "CASE_NUMBER")
