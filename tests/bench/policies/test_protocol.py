"""The checks of the AuthZEN protocol: our server passes all, wrong ones are seen."""

from __future__ import annotations

import pytest
from tests.bench.policies.servers import scripted, served

from misusebench.authzen_server import component, serve
from misusebench.policy_bench import protocol


def test_our_server_keeps_the_protocol():
    """All checks of three levels pass; the fourth is not among them."""
    with served() as url:
        found = protocol.check(url)
    assert [one for one in found if not one.passed] == []
    assert protocol.levels(found) == {
        "Basic": "passes all 32", "Batch": "passes all 12", "Discovery": "passes all 4",
        "Search": "not checked",
    }  # fmt: skip


def _always(body, status=200):
    """Return a server that says the same to all."""
    return scripted((body, status))


def test_the_checks_see_what_a_server_does_wrong():
    """One that permits whatever it is sent, echoes nothing and has one answer for all."""
    with _always({"decision": True}) as (url, _):
        found = protocol.check(url)
    failed = {one.name for one in found if not one.passed}
    assert {"the request's id is echoed", "subject missing", "action.name missing", "empty body",
            "malformed JSON", "type text/plain is refused", "length and order are kept",
            "an unknown semantic"} <= failed  # fmt: skip
    told = protocol.levels(found)
    assert told["Basic"].startswith("fails")
    assert told["Discovery"] == "not offered"  # it knows no GET


@pytest.mark.parametrize("body", [{"decision": "yes"}, {"decision": True, "context": []}, [], {}])
def test_a_reply_that_is_no_decision_fails(body):
    """The first check, and with it every one that compares decisions."""
    with _always(body) as (url, _):
        found = {one.name: one.passed for one in protocol.check(url)}
    assert not found["decision is true or false"]
    assert not found["unknown fields are passed over"]


def test_levels_that_are_not_offered_are_not_failed():
    """A server of single evaluations only."""

    def single(handler, _):
        if handler.path != "/access/v1/evaluation":
            return ({}, 404)
        return ({"decision": True},)

    with scripted(single) as (url, _):
        told = protocol.levels(protocol.check(url))
    assert told["Batch"] == "not offered"


def test_nobody_there_fails_and_does_not_hang():
    """All checks of the first level fail."""
    server = serve(component("reference"))
    port = server.server_port
    server.server_close()
    found = protocol.check(f"http://127.0.0.1:{port}")
    assert not any(one.passed for one in found)
