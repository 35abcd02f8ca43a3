"""The truth of rows made by hand: causes, labels, justifications, reactions, requestors."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.sim.query import shard

from misusesim.dataset.schema import INTENTS, ODDITY_KINDS, PURPOSES, REACTIONS, VIOLATIONS
from misusesim.occasions import ODDITY, WORK
from misusesim.workload.numbers import number_texts, opaque_id

WORLD = shard.world()
PLAN = shard.plan(WORLD)
MISUSE_ONLY = ("campaign_id", "rung", "cover", "tie")


def odd(kind, source=ODDITY, count=5):
    """Return the rows of one oddity."""
    code = ODDITY_KINDS.index(kind)
    return shard.rows(shard.made("traffic_stop", "traffic", count, source=source, oddity=code))


def only(found, column):
    """Return the one value that a column has in all rows."""
    (value,) = {row[column] for row in found}
    return value


@pytest.fixture(scope="module")
def chains():
    """Return the reactions to 3,000 rows of misuse, by query and in order of steps."""
    made = shard.dishonest(1, count=3000)
    out = {}
    for row in shard.shard(made).reactions.to_pylist():
        out.setdefault(row["query_id"], []).append(row)
    return [sorted(chain, key=lambda row: row["step"]) for chain in out.values()]


def test_plain_work_has_no_kind_and_no_blame():
    """Work is negative, unintended, harmless and nobody's campaign."""
    found = shard.rows(shard.made("traffic_stop", "traffic", 20))
    assert only(found, "cause") == "work"
    assert only(found, "label") == "negative"
    assert only(found, "violation") == only(found, "intent") == "none"
    assert only(found, "severity") == 0
    assert {row[c] for row in found for c in ("kind", *MISUSE_ONLY)} == {None}


@pytest.mark.parametrize("kind", [k for k in ODDITY_KINDS if k != "wrong_dropdown"])
@pytest.mark.parametrize("source", [WORK, ODDITY])
def test_an_oddity_is_negative_wherever_it_comes_from(kind, source):
    """Work that is odd has the cause oddity, its kind and the label of work."""
    found = odd(kind, source)
    assert (only(found, "cause"), only(found, "kind")) == ("oddity", kind)
    assert (only(found, "label"), only(found, "violation")) == ("negative", "none")
    assert {row[c] for row in found for c in MISUSE_ONLY} == {None}


def test_a_slip_is_neither_right_nor_wrong():
    """A wrong drop-down is an accident against the purpose, and detectors are not judged by it."""
    found = odd("wrong_dropdown")
    assert only(found, "label") == "ignore"
    assert only(found, "intent") == "accidental"
    assert only(found, "violation") == "purpose"
    assert only(found, "severity") == 0


@pytest.mark.parametrize(
    ("campaign", "kind", "rung", "cover", "intent", "tie", "severity"),
    [
        (0, "permit_checks", "declared", "none", "institutional", None, 2),
        (1, "romantic_interest", "miscoded", "generic_reason", "malicious", "ex", 3),
        (2, "romantic_interest", "own_case", "borrowed_case", "malicious", "ex", 3),
        (3, "retaliation", "plausible_case", "invented_case", "malicious", "dispute", 3),
    ],
)
def test_misuse_carries_its_campaign(campaign, kind, rung, cover, intent, tie, severity):
    """Every row of a campaign is positive and repeats what the campaign is."""
    found = shard.rows(shard.dishonest(campaign, count=5, n=2))
    assert len(found) == 10
    for row in found:
        assert (row["cause"], row["label"], row["kind"]) == ("misuse", "positive", kind)
        assert (row["rung"], row["cover"], row["intent"], row["tie"]) == (rung, cover, intent, tie)
        assert (row["campaign_id"], row["severity"]) == (f"c{campaign}", severity)
        assert row["violation"] == "purpose"


def test_accidental_misuse_is_ignored():
    """A campaign without intent is no accusation, but remains misuse."""
    campaigns = replace(
        PLAN.campaigns, intent=np.full(4, INTENTS.index("accidental"), np.int8),
        violation=np.full(4, VIOLATIONS.index("scope"), np.int8),
    )  # fmt: skip
    found = shard.rows(shard.dishonest(1, count=3), campaigns=campaigns)
    assert (only(found, "cause"), only(found, "label")) == ("misuse", "ignore")
    assert only(found, "violation") == "scope"


@pytest.mark.parametrize(
    ("campaign", "topic", "purpose"),
    [(0, "permit", "ccw"), (1, "patrol", None), (3, "fraud", None)],
)
def test_only_permit_checks_have_a_true_purpose(campaign, topic, purpose):
    """Looking after a former partner serves no purpose of the list."""
    found = shard.rows(shard.dishonest(campaign, "name_check", topic, 5))
    assert only(found, "true_purpose") == purpose


def test_the_true_purpose_does_not_follow_what_is_said():
    """Who says employment at a stop is still at a stop."""
    made = shard.made("traffic_stop", "traffic", 10, says_purpose=PURPOSES.index("employment"))
    found = shard.rows(made)
    assert only(found, "true_purpose") == "traffic"
    assert only(found, "declared_purpose") == "employment"


@pytest.mark.parametrize(("column", "serial"), [("incident", 6), ("case", 53)])
def test_justifications_are_the_ids_of_context(column, serial):
    """The id in the truth is the opaque id that the context tables have for the record."""
    found = shard.rows(shard.made("call_field", count=5, **{column: serial}))
    wanted = opaque_id(WORLD, column, PLAN.agency, np.array([serial]))[0]
    assert only(found, f"{column}_id") == wanted
    assert only(found, "case_id" if column == "incident" else "incident_id") is None


def test_a_cover_story_justifies_nothing():
    """A typed case is what is said, not what is true."""
    found = shard.rows(shard.dishonest(2, count=5, says_case=53, says_incident=6))
    assert only(found, "case_id") is None
    assert only(found, "incident_id") is None


def test_occasions_with_and_without_justification_keep_theirs():
    """Neighbours in the log do not lend their incident."""
    made = shard.made("call_field", count=3, incident=[6, -1, 9])
    found = sorted(shard.rows(made), key=lambda row: row["time"])
    six, nine = opaque_id(WORLD, "incident", PLAN.agency, np.array([6, 9]))
    assert [row["incident_id"] for row in found] == [six, None, nine]


def test_a_second_entry_names_its_first():
    """The truth of a copy is that of the original, which has none to name."""
    world = shard.world(shard.QUIET.model_copy(update={"duplicate_share": 1.0}))
    found = {row["query_id"]: row for row in shard.rows(shard.dishonest(1, count=20), world)}
    copies = [row for row in found.values() if row["duplicate_of"] is not None]
    assert len(copies) == 20
    for row in copies:
        first = found[row["duplicate_of"]]
        assert first["duplicate_of"] is None
        changed = {c for c in row if row[c] != first[c]}
        assert changed == {"query_id", "received_at", "duplicate_of"}


def test_only_first_entries_react():
    """A row that was entered twice is denied once."""
    world = shard.world(shard.QUIET.model_copy(update={"duplicate_share": 1.0}))
    one = shard.shard(shard.dishonest(1, count=20), world)
    assert one.copies == 20
    assert len(set(one.reactions["query_id"].to_pylist())) == 20


@pytest.mark.parametrize(
    ("step", "percent"), [(0, (20, 18, 38, 18, 2, 4, 0)), (1, (39, 12, 32, 15, 2, 0, 0))]
)
def test_reactions_have_their_shares(chains, step, percent):
    """Who is after one person and has miscoded goes for a case; a fifth gives up at once."""
    told = [chain[step]["reaction"] for chain in chains if len(chain) > step]
    for reaction, wanted in zip(REACTIONS, percent, strict=True):
        assert told.count(reaction) / len(told) == pytest.approx(wanted / 100, abs=0.045)


def test_the_third_reaction_is_giving_up(chains):
    """Nobody tries a fourth time."""
    assert {c[2]["reaction"] for c in chains if len(c) > 2} == {"give_up"}
    assert max(map(len, chains)) == 3


def test_the_next_try_comes_after_some_seconds(chains):
    """At least five seconds pass and a minute and a half more on average."""
    delay = [row["delay_s"] for chain in chains for row in chain]
    assert min(delay) >= 5
    assert np.mean(delay) == pytest.approx(95, rel=0.08)


def test_what_a_reaction_replaces(chains):
    """Each reaction changes one field of the log to a value of its list; giving up changes none."""
    cases = set(
        number_texts(WORLD, PLAN.agency, "case", PLAN.cases.serial, PLAN.cases.opened).tolist()
    )
    for row in (row for chain in chains for row in chain):
        changed = json.loads(row["replaced"])
        match row["reaction"]:
            case "give_up" | "resubmit":
                assert changed == {}
            case "recode":
                assert changed["declared_purpose"] in {"criminal", "officer_safety"}
            case "borrow_case":
                assert changed["case_number"] in cases
            case "ask_colleague":
                assert changed["officer_id"] in set(PLAN.officers.officer_id) - {"o0095"}
            case "break_glass":
                assert changed == {"break_glass": True, "justification_length": 32}
        assert len(changed) <= 2


def test_a_plan_without_cases_lends_none():
    """Who wants to borrow a case where there is none changes nothing."""
    empty = type(PLAN.cases)(
        **{name: np.empty(0, np.int64) for name in type(PLAN.cases).__dataclass_fields__}
    )
    found = shard.shard(shard.dishonest(1, count=300), cases=empty).reactions.to_pylist()
    borrowed = [row["replaced"] for row in found if row["reaction"] == "borrow_case"]
    assert set(borrowed) == {"{}"}


def test_a_dispatcher_names_the_unit_on_the_call():
    """In 93 of 100 calls the requestor is the officer of the incident, else nobody."""
    made = shard.made("call_dispatch", count=3000, officer=shard.DISPATCHER, incident=6)
    found = shard.rows(made)
    unit = PLAN.officers.officer_id[PLAN.incidents.officer[PLAN.incidents.serial == 6][0]]
    assert {row["requestor"] for row in found} == {unit, None}
    assert shard.share(found, lambda r: r["requestor"] == unit) == pytest.approx(0.93, abs=0.02)


@pytest.mark.parametrize(("template", "incident"), [("call_field", 6), ("call_dispatch", -1)])
def test_others_ask_for_themselves(template, incident):
    """Neither a unit at the scene nor a dispatcher without a call names anybody."""
    found = shard.rows(shard.made(template, count=50, incident=incident))
    assert only(found, "requestor") is None


def test_who_says_a_colleague_asked_names_one():
    """The colleague mostly names whom he runs it for, as dispatchers name the unit on a call."""
    cover = np.full(4, 2, np.int8)  # colleague_asked
    campaigns = replace(PLAN.campaigns, cover=cover, asks_for=np.full(4, 7, np.int32))
    found = shard.rows(shard.dishonest(1, count=300), campaigns=campaigns)
    assert {row["requestor"] for row in found} == {PLAN.officers.officer_id[7], None}
    assert shard.share(found, lambda r: r["requestor"] is not None) == pytest.approx(0.93, abs=0.05)
