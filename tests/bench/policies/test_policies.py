"""The eleven rules: each clause both ways, engines in agreement, missing facts never permit."""

from __future__ import annotations

import dataclasses
import random

import pytest
from tests.bench.literal import request as _request

from misusebench.component import Policy
from misusebench.policies.cedar import Cedar
from misusebench.policies.eleven_rules import ElevenRules
from misusebench.policies.rulebook import DATABASES, RULES
from misusesim.dataset.schema import ROLES

ALPR = {"id": "alpr", "sensitivity": 2, "clets": False}
GLASS = {"break_glass": True, "justification_len": 20}
CLAUSES = [
    ({}, ()),
    ({"role": "it"}, ("ROLE",)),
    ({"active": False}, ("ACTIVE",)),
    ({"training_days_left": -1}, ("TRAINING",)),
    ({"training_days_left": 0}, ()),
    ({"on_shift": False}, ()),
    ({"on_shift": False, "role": "patrol"}, ("SHIFT",)),
    ({"purpose": ""}, ("PURPOSE",)),
    ({"purpose": "other"}, ("PURPOSE",)),
    ({"purpose": "not_asked"}, ()),
    ({"purpose": "ccw"}, ("CCW",)),
    ({"purpose": "ccw", "clets": False}, ()),
    ({"case_number": ""}, ("CASE",)),
    ({"case_exists": False}, ("CASE",)),
    ({"case_agency": "B"}, ("CASE",)),
    ({"case_number": "", "id": "dmv", "sensitivity": 1}, ()),
    ({"case_open": False}, ("CASE_OPEN",)),
    ({"case_open": False, "purpose": "court"}, ()),
    ({"owner_agency": "B"}, ("JURIS",)),
    ({"owner_agency": "B", "shared_with": ["A"]}, ()),
    ({"action": "share", "recipient_state": "NV"}, ("OUT_OF_STATE",)),
    ({"action": "share", "recipient_state": "CA"}, ()),
    ({**ALPR, "lookback_days": 61}, ("WARRANT",)),
    ({**ALPR, "lookback_days": 60}, ()),
    ({**ALPR, "lookback_days": 61, "warrant": True}, ()),
    ({**GLASS, "case_number": "", "owner_agency": "B"}, ()),
    ({**GLASS, "justification_len": 19, "case_number": ""}, ("CASE",)),
    ({**GLASS, "on_shift": False, "case_number": ""}, ("CASE",)),
    ({**GLASS, "purpose": "ccw"}, ("CCW",)),
    ({"active": False, "purpose": "", "case_number": ""}, ("ACTIVE", "PURPOSE", "CASE")),
]


@pytest.fixture(scope="module")
def engines():
    made = [ElevenRules(), Cedar()]
    for engine in made:
        engine.load(None, None)
    return made


@pytest.mark.parametrize(("changes", "reasons"), CLAUSES)
def test_each_clause_is_seen_both_ways(engines, changes, reasons):
    """Both engines give the outcome and all the reasons."""
    for engine in engines:
        decision = engine.decide(_request(**changes))
        assert (decision.outcome, decision.reasons) == ("deny" if reasons else "permit", reasons)
        assert decision.errors == ()


def _random_request(chance):
    agency = chance.choice("AB")
    name = chance.choice(list(DATABASES))
    about = DATABASES[name]
    return _request(
        role=chance.choice(ROLES), agency=agency, active=chance.random() < 0.95,
        training_days_left=chance.choice([-1, 0, 9]), on_shift=chance.random() < 0.9, id=name,
        sensitivity=about.sensitivity, clets=about.clets,
        owner_agency=chance.choice([agency, agency, "network"]),
        shared_with=chance.choice([[], [agency], ["C"]]),
        purpose=chance.choice(["criminal", "traffic", "court", "ccw", "other", "", "not_asked"]),
        case_number=chance.choice(["", "24-1"]), case_exists=chance.random() < 0.8,
        case_open=chance.random() < 0.8, case_agency=chance.choice([agency, "", "B"]),
        warrant=chance.random() < 0.5, lookback_days=chance.choice([0, 60, 61]),
        recipient_state=chance.choice(["", "CA", "NV"]), break_glass=chance.random() < 0.3,
        justification_len=chance.choice([0, 19, 20]),
        action=chance.choice(["query", "query", "share"]),
    )  # fmt: skip


@pytest.mark.slow
def test_engines_agree_on_random_requests(engines):
    """Decision and reasons are equal on 3,000 random requests, of which each rule fires on some."""
    chance = random.Random(3)
    asked = [_random_request(chance) for _ in range(3_000)]
    reference, cedar = (engine.decide_batch(asked) for engine in engines)
    assert [(d.outcome, d.reasons) for d in reference] == [(d.outcome, d.reasons) for d in cedar]
    fired = {reason for decision in reference for reason in decision.reasons}
    assert fired == set(RULES)


def test_batch_equals_single_in_any_order(engines):
    """A decision does not depend on its neighbours."""
    chance = random.Random(4)
    asked = [_random_request(chance) for _ in range(200)]
    for engine in engines:
        batch = engine.decide_batch(asked)
        assert batch == [engine.decide(request) for request in asked]
        assert engine.decide_batch(asked[::-1]) == batch[::-1]


@pytest.mark.parametrize("changes", [c for c, r in CLAUSES if len(r) <= 1])
def test_a_missing_fact_never_permits(engines, changes):
    """Whichever fact is taken away, whether or not it would have mattered, the answer is deny."""
    request = _request(**changes)
    for place in ("officer", "database", "context"):
        for fact in getattr(request, place):
            rest = {k: v for k, v in getattr(request, place).items() if k != fact}
            asked = dataclasses.replace(request, **{place: rest})
            for engine in engines:
                assert engine.decide(asked).outcome == "deny", (engine.name, fact)


def test_a_wrong_type_or_unknown_word_never_permits(engines):
    """A string for a truth value, an unknown role or database is denied."""
    for changes in ({"active": "yes"}, {"role": "admin"}, {"id": "nowhere"}, {"on_shift": None}):
        for engine in engines:
            asked = _request(**{"role": "patrol", **changes})
            assert engine.decide(asked).outcome == "deny", (engine.name, changes)


def test_both_are_policies_and_close(engines):
    """Structure of the contract."""
    for engine in engines:
        assert isinstance(engine, Policy)
        assert engine.version


def test_one_rule_alone_denies_only_by_it():
    """The CCW rule alone stops declared checks on CLETS and lets the same miscoded through."""
    alone = ElevenRules(rules=("CCW",))
    assert alone.decide(_request(purpose="ccw")).reasons == ("CCW",)
    assert alone.decide(_request(purpose="criminal", case_number="")).outcome == "permit"
    with pytest.raises(ValueError, match="rules must be among ROLE"):
        ElevenRules(rules=("NOPE",))


def test_the_authzen_body_names_the_query_not_the_database():
    """Resource ids are unique per query."""
    body = _request().authzen()
    assert body["subject"]["type"] == "officer"
    assert body["resource"] == {
        "type": "query", "id": "q1",
        "properties": {"id": "criminal_history", "sensitivity": 3, "clets": True,
                       "owner_agency": "A", "shared_with": []},
    }  # fmt: skip
