"""A batch is decided as its requests one by one: who keeps to that, and a planted server."""

from __future__ import annotations

from tests.bench.policies.servers import asked, scripted, served

from misusebench.authzen_server import component
from misusebench.component import Decision
from misusebench.policies.authzen import Authzen
from misusebench.policies.reference import Reference
from misusebench.policy_bench.batches import (
    REPEATED,
    UNIQUE,
    FirstDecides,
    compare,
    render,
    repeated,
    unique,
    verdict,
)

REQUESTS = asked(120)
SIZES = (1, 2, 50)


def _compared(policy, requests=REQUESTS, **options):
    """Compare what a server answers."""
    with served(policy) as url:
        asking = Authzen(url, batch=max(SIZES))
        found = compare(asking, requests, SIZES, **options)
        asking.close()
    return found


def test_our_server_decides_each_by_itself():
    """Same officer and same resource id with other facts: each has its own decision."""
    found = _compared(component("reference"))
    assert [one.wrong for one in found] == [0] * 6
    assert all(0 < one.permits < one.asked == 240 for one in found)
    assert verdict(found) == "a batch is decided as its requests one by one"


def test_the_planted_fault_is_caught_where_ids_repeat_and_absent_where_they_do_not():
    """The first of two items with one officer and one resource id decides both."""
    found = {(one.ids, one.size): one for one in _compared(FirstDecides(component("reference")))}
    assert found[REPEATED, 1].wrong == 0
    assert found[REPEATED, 2].wrong > 20
    assert found[REPEATED, 2].opened > 5
    assert found[REPEATED, 50].wrong > found[REPEATED, 2].wrong
    assert [found[UNIQUE, size].wrong for size in SIZES] == [0, 0, 0]
    assert verdict(found.values()) == (
        "a batch differs where one officer and one resource id repeat, not otherwise"
    )
    assert any("| repeated | 2 | 240 |" in line for line in render(found.values()))


def test_two_items_with_one_id_and_other_facts():
    """Permit then deny, deny then permit: by hand, over the wire."""
    reference = component("reference")
    good = next(one for one in REQUESTS if reference.decide(one).outcome == "permit")
    bad = next(one for one in REQUESTS if reference.decide(one).outcome == "deny")
    pair = repeated([good, bad])
    told = {}
    for name, policy in (("right", reference), ("planted", FirstDecides(reference))):
        with served(policy) as url:
            asking = Authzen(url, batch=2)
            told[name] = [[x.outcome for x in asking.decide_batch(order)]
                          for order in (pair, pair[::-1], unique([good, bad]))]  # fmt: skip
            asking.close()
    assert told["right"] == [["permit", "deny"], ["deny", "permit"], ["permit", "deny"]]
    assert told["planted"] == [["permit", "permit"], ["deny", "deny"], ["permit", "deny"]]


def test_reasons_count_too():
    """A batch whose outcomes are right and whose reasons are another's."""

    class OneReason(Reference):
        def decide_batch(self, requests):
            return [
                Decision(one.outcome, one.reasons[:1]) for one in super().decide_batch(requests)
            ]

    policy = OneReason()
    policy.load(None, None)
    found = compare(policy, REQUESTS, (50,))
    assert all(one.wrong > 20 and one.opened == 0 for one in found)
    assert verdict(found) == "a batch differs from its requests one by one"


def test_what_shows_nothing_is_no_proof():
    """Requests that are all denied, or a server without batches, prove nothing."""
    denied = [one for one in REQUESTS if component("reference").decide(one).outcome == "deny"]
    assert verdict(_compared(component("reference"), denied)).startswith("not shown: the requests")

    def single(handler, _):
        if handler.path != "/access/v1/evaluation":
            return ({}, 404)
        return ({"decision": True},)

    with scripted(single) as (url, _):
        asking = Authzen(url, batch=50)
        assert verdict(compare(asking, REQUESTS, SIZES)).startswith("not shown: requests went")
        asking.close()


def test_without_a_server_between():
    """The check asks any policy that has batches."""
    found = compare(component("reference"), REQUESTS, (1, 7, 1000), seed=3)
    assert [one.wrong for one in found] == [0] * 6
