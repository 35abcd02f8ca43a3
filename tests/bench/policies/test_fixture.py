"""The decisions that AuthZEN's scenario demands: of our engines, of a server, of wrong ones."""

from __future__ import annotations

import pytest
from tests.bench.policies.servers import scripted, served

from misusebench.authzen_server import component
from misusebench.errors import SuiteError
from misusebench.policies.facts import requests
from misusebench.policies.language import read_policy, shipped
from misusebench.policy_bench import fixture
from misusebench.reading import read_text
from misusebench.specs import parse_component

POLICY = {"name": "authzen", "text": read_text(fixture.POLICY)}


@pytest.mark.slow
def test_an_engine_decides_as_demanded():
    """In its own process, as it is run by the bench."""
    found = fixture.of_component(parse_component("policy", "reference"))
    assert len(found) == 16
    assert all(one.right for one in found)
    assert fixture.render(found)[-1] == "16 of 16 as demanded."


def test_a_server_decides_as_demanded():
    """The same policy behind AuthZEN."""
    with served(component("reference", POLICY)) as url:
        found = fixture.of_url(url)
    assert all(one.right for one in found)


def test_the_two_ways_of_asking_are_the_same_requests():
    """Facts of the table and bodies on the wire say the same, absent properties included."""
    policy = component("reference", POLICY)
    table = [policy.decide(one).outcome == "permit" for one in requests(fixture.facts())]
    assert table == [case.decision for case in fixture.CASES for _ in range(2)]


@pytest.mark.parametrize("nth", range(8))
def test_each_case_turns_one_decision(nth):
    """A policy that is wrong in one case is found out in that case alone."""
    right = component("reference", POLICY)
    wrong = fixture.CASES[nth].body()

    def answer(_, body):
        from misusebench.authzen_wire import evaluation  # noqa: PLC0415

        found = evaluation(right, body)
        if {name: body[name] for name in wrong} == wrong:
            found["decision"] = not found["decision"]
        return (found,)

    with scripted(answer) as (url, _):
        found = fixture.of_url(url)
    assert [one.case for one in found if not one.right] == [fixture.CASES[nth]] * 2
    assert "14 of 16" in fixture.render(found)[-1]


def test_no_answer_is_never_right():
    """Not even where the decision demanded is a deny."""
    with scripted(({}, 500)) as (url, _):
        found = fixture.of_url(url)
    assert not any(one.right for one in found)
    assert "**no answer**: status 500" in "\n".join(fixture.render(found))


def test_the_fixture_is_no_policy_for_police():
    """It is not among the shipped sets; its facts have defaults."""
    assert "authzen" not in shipped()
    assert set(read_policy(fixture.POLICY).defaults) == {
        "officer.role", "database.status", "action.soft",
    }  # fmt: skip


def test_one_that_decides_elsewhere_takes_no_fixture():
    """It has a policy of its own: `of_url` is for that."""
    with pytest.raises(SuiteError, match="takes no policy"):
        fixture.of_component(parse_component("policy", "http://127.0.0.1:1"))
