"""Grants against use, a matrix learnt from one half of a log, and what late records cost."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from tests.bench.literal import at, context, log, table

from misusebench.errors import SuiteError
from misusebench.metrics import Decided, labelled
from misusebench.policies.language import read_policy
from misusebench.policies.reference import Reference
from misusebench.policy_bench.displacement import in_process
from misusebench.policy_bench.privileges import gaps, learn, measured, render, render_least
from misusebench.policy_bench.staleness import at_once, staleness
from misusebench.policy_bench.staleness import render as render_stale

OFFICERS = [
    {"officer_id": "o1"}, {"officer_id": "o2"}, {"officer_id": "o3", "unit": "night"},
    {"officer_id": "o4", "role": "detective", "unit": "detectives"},
]  # fmt: skip
GRANTS = [("patrol", "DMV"), ("patrol", "NCIC"), ("patrol", "ALPR"), ("detective", "III")]


@pytest.fixture
def grants(monkeypatch):
    from tests.bench import literal  # noqa: PLC0415

    row = {"role": "patrol", "agency_id": "A", "system": "DMV"}
    monkeypatch.setitem(literal.CONTEXT_ROW, "roster/entitlements", row)
    rows = [{"role": role, "system": system} for role, system in GRANTS]
    return context(officers=OFFICERS, entitlements=rows)


def _asked(*pairs):
    return log(*({"officer_id": who, "system": system} for who, system in pairs))


PAST = [("o1", "DMV"), ("o1", "DMV"), ("o2", "NCIC"), ("o3", "DMV"), ("o3", "III")]


def test_what_is_granted_and_never_used(grants):
    """Per role of an agency, per unit, per officer; a query without a grant is told."""
    told = {level: {one.group: one for one in gaps(_asked(*PAST), grants, level)}
            for level in ("role", "unit", "officer")}  # fmt: skip
    role = told["role"]["A/patrol"]
    assert (role.granted, role.used, role.unused, role.beyond) == (3, 2, ("ALPR",), ("III",))
    assert told["role"]["A/detective"].unused == ("III",)
    assert told["unit"]["A/night"].unused == ("ALPR", "NCIC")
    assert told["officer"]["o2"].unused == ("ALPR", "DMV")
    lines = render(list(told["officer"].values()))
    assert "| o2 | 3 | 1 | ALPR DMV |  | 1 |" in lines
    assert lines[-1] == "Of 10 grants 3 were used (30.0%)."
    with pytest.raises(SuiteError, match="level must be one of role, unit, officer, got 'rank'"):
        gaps(_asked(*PAST), grants, "rank")


def test_what_is_learnt_is_granted_and_asked_often_enough(grants):
    """Nothing that was asked without a grant is learnt."""
    rows = _asked(*PAST)
    assert learn(rows, grants, "role")["A/patrol"] == {"DMV", "NCIC"}
    assert learn(rows, grants, "role", least=2)["A/patrol"] == {"DMV"}
    assert learn(rows, grants, "officer")["o3"] == {"DMV"}


def _world(grants, *later):
    """Return a world whose judged part are these queries; those of system III are misuse."""
    whole = _asked(*PAST, *later)
    rows = whole.slice(len(PAST))
    misuse = np.array([system == "III" for _, system in later])
    scored = labelled(np.zeros(len(later)), misuse)
    return SimpleNamespace(
        whole=whole, first=len(PAST), log=rows, context=grants,
        answers=SimpleNamespace(start_us=at("2030-01-01 00:00")),
        judged=lambda said: Decided(scored, said.outcome, said.why, said.explanations),
    )  # fmt: skip


def test_the_narrower_the_matrix_the_more_it_stops_and_blocks(grants):
    """One of the patrol asks what he alone never asked; a detective asks for the first time."""
    later = [("o1", "NCIC"), ("o1", "DMV"), ("o3", "III"), ("o4", "III"), ("o9", "DMV")]
    told = {level: measured(_world(grants, *later), level) for level in ("role", "unit", "officer")}
    shares = {level: (one.prevented, one.blocked) for level, one in told.items()}
    assert shares == {
        "role": (0.5, pytest.approx(1 / 3)), "unit": (0.5, pytest.approx(1 / 3)),
        "officer": (0.5, pytest.approx(2 / 3)),
    }  # fmt: skip
    assert told["role"].beyond_granted == 0.5
    sizes = {level: (one.granted, one.kept) for level, one in told.items()}
    assert sizes == {"role": (4, 3), "unit": (7, 4), "officer": (10, 4)}  # with what o4 falls to
    assert render_least([told["officer"]])[2].startswith("| officer | 10 | 4 | 50.00% | 66.67% |")
    assert told["role"].unknown == 1


def test_a_unit_of_two_roles_has_the_grants_of_both(grants):
    """Whoever of it comes last in the roster."""
    mixed = [{"officer_id": "o1"}, {"officer_id": "o4", "role": "detective"}]
    for roster in (mixed, mixed[::-1]):
        tables = grants | {"roster/officers": table("roster/officers", *roster)}
        assert measured(_world(tables, ("o1", "DMV")), "unit").granted == 4


@pytest.mark.parametrize(
    "change",
    [
        {"known_at": "2030-01-02 00:00"},
        {"valid_from": "2030-01-02 00:00", "known_at": "2029-12-01 00:00"},
    ],
)
def test_what_becomes_known_or_holds_later_is_not_known_yet(grants, change):
    """Not another role, not a new account, not a grant."""
    later = [("o1", "DMV"), ("o3", "NCIC"), ("o5", "DMV")]
    before = measured(_world(grants, *later), "role")
    news = [*OFFICERS, {"officer_id": "o1", "role": "detective", **change},
            {"officer_id": "o5", **change}]  # fmt: skip
    entitled = [{"role": role, "system": system} for role, system in GRANTS]
    entitled.append({"role": "detective", "system": "DMV", **change})
    tables = grants | {
        "roster/officers": table("roster/officers", *news),
        "roster/entitlements": table("roster/entitlements", *entitled),
    }
    assert measured(_world(tables, *later), "role") == before
    assert before.unknown == 1
    assert before.blocked == pytest.approx(1 / 3)


def test_a_grant_that_has_ended_is_none(grants):
    """It ended before the judged half began."""
    ended = [{"role": "patrol", "system": system, "valid_to": "2029-01-01 00:00"}
             for _, system in GRANTS[:3]]  # fmt: skip
    tables = grants | {"roster/entitlements": table("roster/entitlements", *ended)}
    assert measured(_world(tables, ("o1", "DMV")), "role").blocked == 1.0


def test_a_late_record_changes_decisions():
    """A case known an hour late denies at first; a case closed unnoticed permits too long."""
    rows = log(
        {"system": "III", "case_number": "24-1", "time": "2024-03-04 17:00"},
        {"system": "III", "case_number": "24-1", "time": "2024-03-04 19:00"},
        {"system": "III", "case_number": "24-2", "time": "2024-03-04 19:00"},
    )
    cases = [
        {"valid_from": "2024-03-04 16:00", "known_at": "2024-03-04 18:00"},
        {"case_id": "c2", "number": "24-2"},
        {"case_id": "c2", "number": "24-2", "status": "closed",
         "valid_from": "2024-03-03 12:00", "known_at": "2024-03-05 12:00"},
    ]  # fmt: skip
    shift = {"valid_from": "2024-03-04 14:00", "valid_to": "2024-03-04 22:00"}
    tables = context(officers=[{}], shifts=[shift], cases=cases)
    engine = Reference()
    engine.load({"name": "eleven_rules", "text": read_policy("eleven_rules").text}, None)
    found = staleness(rows, tables, in_process(engine))
    assert (found.rows, found.changed, found.denied_late, found.permitted_late) == (3, 2, 1, 1)
    assert found.rules == {"CASE": (1, 0), "CASE_OPEN": (0, 1)}
    assert found.age_hours["log"] == 0.0
    assert found.age_hours["warrant"] is None
    assert render_stale(found)[0].startswith("2 of 3 decisions (66.67%) would be others")


def test_everything_at_once_is_everything_from_its_beginning():
    """Only `known_at` moves."""
    row = {"valid_from": "2024-03-04 16:00", "known_at": "2024-03-04 18:00"}
    found = at_once({"dispatch/cases": table("dispatch/cases", row)})["dispatch/cases"]
    assert found["known_at"].equals(found["valid_from"])
    assert found.schema.equals(table("dispatch/cases", row).schema)
