"""Policies asked from our side: the bench runs them, a file is joined by the ids of the log."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
from tests.bench.dataset import small_world
from tests.bench.policies.servers import scripted, served
from tests.bench.test_run import bench

from misusebench.authzen_server import component
from misusebench.checks import check
from misusebench.component_faults import ComponentFault
from misusebench.confinement import Limits
from misusebench.errors import SuiteError
from misusebench.hosting import hosted
from misusebench.isolated import IsolatedPolicy, start
from misusebench.our_side import OurSide
from misusebench.outcomes import run_all
from misusebench.policies.facts import build_facts
from misusebench.suite import ComponentSpec, parse_component

LOG, CONTEXT, _ = small_world()


def _outcome(spec, **options):
    ready = bench(spec, single_rows=20, **options)
    (found,) = run_all(ready, [spec], 1)
    return ready, found


def test_a_server_decides_what_its_policy_decides():
    """`--policy http://…` against the same policy asked directly, on a whole log."""
    with served() as url:
        spec = parse_component("policy", url, {"batch": 100, "timeout_s": 60})
        ready, found = _outcome(spec)
    reference = component("reference")
    from misusebench.policies.facts import requests  # noqa: PLC0415

    wanted = reference.decide_batch(list(requests(ready.facts)))
    assert found.state == "ok", found.reasons
    codes = [("permit", "deny", "challenge").index(one.outcome) for one in wanted]
    assert found.decisions.outcome.tolist() == codes
    assert set(codes) == {0, 1}
    reasons = [tuple(found.decisions.explanations[at][0]) for at in found.decisions.why]
    assert reasons == [one.reasons for one in wanted]
    assert found.isolation["level"] == "remote"
    assert found.timing.peak_kib == 0
    assert len([b for b in found.timing.batches if b[0] == 1]) == 20


def test_a_server_gets_facts_and_no_id_of_the_log():
    """Officers and queries have the ids of this run only."""
    with scripted(lambda *_: ({"decision": False},)) as (url, seen):
        _outcome(parse_component("policy", url))
    officers = {body["subject"]["id"] for _, _, body in seen}
    queries = {body["resource"]["id"] for _, _, body in seen}
    assert not officers & set(LOG["officer_id"].to_pylist())
    assert not queries & {str(one) for one in LOG["query_id"].to_pylist()}
    assert len(queries) > 500


def test_a_file_is_joined_by_the_ids_of_the_log(tmp_path):
    """Half of the queries are in the file; the others are denied with an error, and counted."""
    ids = LOG["query_id"].to_pylist()
    path = tmp_path / "made.jsonl"
    rows = [{"query_id": one, "outcome": "permit"} for one in ids[::2]]
    path.write_text("\n".join(map(json.dumps, rows)))
    spec = parse_component("policy", "decisions", {"file": str(path)})
    ready, found = _outcome(spec)
    known = np.isin(ready.log["query_id"].slice(ready.first).to_numpy(), ids[::2])
    assert 0 < known.sum() < len(known)
    assert (found.decisions.outcome == np.where(known, 0, 1)).all()
    errors = [bool(found.decisions.explanations[at][1]) for at in found.decisions.why]
    assert (np.array(errors) == ~known).all()


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("decisions", {"file": "/nonexistent.jsonl"}, "no file /nonexistent.jsonl"),
        ("decisions", {}, "none given"),
        ("authzen", {}, "url must be http"),
        ("authzen", {"url": "http://h", "uri": 3}, "unexpected keyword argument 'uri'"),
        ("opa", {"url": "http://h"}, "path must name a rule"),
    ],
)
def test_wrong_parameters_are_told_before_anything_runs(name, parameters, said):
    """A user's mistake, exit 2; no component has run."""
    ran = []
    spec = parse_component("policy", name, parameters)
    with pytest.raises(SuiteError, match=said):
        run_all(bench(spec), [spec], 1, ran.append)
    assert ran == []


def test_a_policy_for_who_has_its_own_is_told():
    """`policy` in the parameters of a server."""
    spec = parse_component("policy", "http://127.0.0.1:1", {"policy": "eleven_rules"})
    with pytest.raises(SuiteError, match="takes no policy"):
        _outcome(spec)


def test_a_dead_server_denies_all_and_ends():
    """No permit, an error each, no hang."""
    with served() as url:
        pass
    begun = time.monotonic()
    _, found = _outcome(parse_component("policy", url))
    assert time.monotonic() - begun < 20
    assert found.state == "ok"
    assert (found.decisions.outcome == 1).all()
    assert all(errors for _, errors in found.decisions.explanations)


def test_a_slow_server_is_left_when_the_time_is_over():
    """Every second answer is late, so it never seems dead: the limit of a batch ends it."""
    calls = []

    def answer(*_):
        calls.append(0)
        if len(calls) % 2:
            time.sleep(0.12)
        return ({"decision": True},)

    facts = build_facts(LOG, CONTEXT).slice(0, 400)
    with scripted(answer) as (url, _):
        spec = parse_component("policy", url, {"timeout_s": 0.1})
        with hosted(spec, Limits(batch_s=0.5)) as worker:
            policy = IsolatedPolicy(worker, start(worker, spec))
            policy.load(None)
            begun = time.monotonic()
            found = policy.decide(facts)
            assert time.monotonic() - begun < 2
            policy.close()
    assert (found.outcome == 1).sum() > 300
    assert ([], ["not asked: the time is over"]) in [(r, e) for r, e in found.explanations]


def test_all_time_together_is_limited():
    """As for every component: then its run is INVALID."""
    spec = parse_component("policy", "http://127.0.0.1:1")
    with OurSide(Limits(total_s=1e-9)) as worker, pytest.raises(ComponentFault, match="in all"):
        IsolatedPolicy(worker, start(worker, spec)).load(None)


def test_what_it_raises_is_its_fault():
    """A bug of an adapter is a crash of the component, not ours."""
    spec = ComponentSpec("policy", "odd", "misusebench.policies.authzen:Nothing")
    with OurSide() as worker, pytest.raises(ComponentFault, match="AttributeError"):
        start(worker, spec)


@pytest.mark.slow
def test_a_policy_behind_http_can_be_checked():
    """Conformance over the wire: batches, order, missing facts."""
    with served() as url:
        found = check(
            parse_component("policy", url, {"batch": 50, "timeout_s": 60}),
            LOG.slice(0, 700),
            CONTEXT,
        )
    assert found.passed, found.as_json()
    assert found.isolation == "remote"


def test_addresses_are_parsed():
    """Host, port and path make the name; https is allowed, and its port."""
    spec = parse_component("policy", "https://pdp.example/v2")
    assert (spec.name, spec.parameters["url"]) == ("pdp_example_443_v2", "https://pdp.example/v2")
    assert spec.our_side
    assert spec.url == ""
    with pytest.raises(SuiteError, match="name a host"):
        parse_component("policy", "http://")
    assert not parse_component("policy", "reference").our_side
