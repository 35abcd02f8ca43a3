"""Cerbos over AuthZEN: our policy in its form decides as the reference, its batches do not.

Its server is fetched from npm's registry; where that cannot be had, nothing is shown.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from prove.shared import cerbos
from tests.bench.policies.servers import asked, served

from misusebench.authzen_server import component
from misusebench.policies.authzen import Authzen
from misusebench.policies.cerbos_text import cerbos_text
from misusebench.policies.language import read_policy
from misusebench.policies.language.cases import clauses
from misusebench.policy_bench.batches import REPEATED, UNIQUE, FirstDecides, compare

POLICY = read_policy("eleven_rules")
#: Cerbos refuses a request whose action has no name.
REQUESTS = [one for one in asked(500) + [c.request for c in clauses(POLICY)[0]] if one.action]
SIZES = (1, 2, 50)


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """Start a Cerbos server with the eleven rules, guarded, and unguarded for `open`."""
    folder = tmp_path_factory.mktemp("cerbos")
    program = cerbos.fetched(folder)
    if program is None:
        pytest.skip("npm or its registry cannot be had")
    texts = {
        "query.json": cerbos_text(POLICY),
        "open.json": cerbos_text(POLICY, "open", guard=False),
    }
    with cerbos.served(program, folder / "run", texts) as address:
        yield address


@pytest.fixture(scope="module")
def asking(url):
    """Return the adapter, with batches."""
    policy = Authzen(url, batch=max(SIZES), context_in_resource=True, timeout_s=10.0)
    yield policy
    policy.close()


@pytest.mark.slow
def test_it_decides_as_the_reference_one_by_one(asking):
    """Some hundreds of requests at random, and both sides of each clause."""
    found = [asking.decide(one) for one in REQUESTS]
    wanted = component("reference").decide_batch(REQUESTS)
    assert [one.outcome for one in found] == [one.outcome for one in wanted]
    assert not any(one.errors for one in found)
    assert {one.outcome for one in found} == {"permit", "deny"}
    assert len(found) > 500


@pytest.mark.slow
def test_its_batches_decide_by_the_first_of_one_officer_and_resource(asking):
    """0.55.0: wrong where ids repeat, right where they do not. Mended: right in both."""
    found = {(one.ids, one.size): one for one in compare(asking, REQUESTS[:200], SIZES)}
    assert not any(one.unanswered for one in found.values())
    assert all(found[UNIQUE, size].wrong == 0 for size in SIZES)
    assert found[REPEATED, 1].wrong == 0
    if cerbos.VERSION == "0.55.0":
        assert found[REPEATED, 2].opened > 0
        assert found[REPEATED, 50].wrong > found[REPEATED, 2].wrong > 0
    with served(FirstDecides(component("reference"))) as planted:
        other = Authzen(planted, batch=max(SIZES))
        same = {(one.ids, one.size): one for one in compare(other, REQUESTS[:200], SIZES)}
        other.close()
    assert same[REPEATED, 2].opened > 0
    assert all(same[UNIQUE, size].wrong == 0 for size in SIZES)


def _lacking(one, name):
    """Return a request without a fact."""
    place, _, short = name.partition(".")
    part = dict(getattr(one, place))
    del part[short]
    return replace(one, **{place: part})


class _Open(Authzen):
    """Asks the policy without a guard."""

    def _body(self, request):
        body = super()._body(request)
        body["resource"]["type"] = "open"
        return body


@pytest.mark.slow
def test_a_missing_fact_opens_cerbos_and_the_guard_mends_it(url, asking):
    """One request that is denied for one reason, without the fact on which that rule denies."""
    reference = component("reference")
    bare = _Open(url, context_in_resource=True)
    opened = set()
    for fact, rule in (("officer.active", "ACTIVE"), ("officer.training_days_left", "TRAINING"),
                       ("context.purpose", "PURPOSE"), ("context.warrant", "WARRANT")):  # fmt: skip
        one = next(r for r in REQUESTS + asked(3000, 5) if reference.decide(r).reasons == (rule,))
        assert asking.decide(one).outcome == bare.decide(one).outcome == "deny"
        less = _lacking(one, fact)
        assert asking.decide(less).outcome == "deny", fact
        if bare.decide(less).outcome == "permit":
            opened.add(fact)
    bare.close()
    assert opened == {
        "officer.active", "officer.training_days_left", "context.purpose", "context.warrant",
    }  # fmt: skip
