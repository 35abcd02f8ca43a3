from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.bench.dataset import small_world

from misusebench.checks import check
from misusebench.confinement import Limits
from misusebench.suite import ComponentSpec, parse_component

#: Every test starts processes.
pytestmark = pytest.mark.slow

HERE = str(Path(__file__).parent)
LOG, CONTEXT, _ = small_world()
SHORT = LOG.slice(0, 700)
ALL_CUTS = ("chunk invariance", "prefix invariance", "future replacement")


def report(name: str, kind: str = "detector", limits=None, only=None, **parameters):
    spec = ComponentSpec(kind, name, f"bad_components:{name}", parameters, None, (HERE,))
    return check(spec, SHORT, CONTEXT, limits=limits, only=only)


def failed(name: str, kind: str = "detector", **options) -> dict[str, str]:
    """Return the failed checks of a component with their details."""
    return {r.name: r.detail for r in report(name, kind, **options).results if not r.passed}


@pytest.mark.slow
def test_a_good_detector_passes_all():
    """A causal detector passes every check, feedback included, and the report is plain JSON."""
    found = report("Good")
    assert [(r.name, r.passed) for r in found.results] == [
        ("output", True), ("replay determinism", True), ("chunk invariance", True),
        ("prefix invariance", True), ("future replacement", True), ("id permutation", True),
        ("feedback isolation", True), ("pickling", True), ("memory bound", True),
    ]  # fmt: skip
    told = {r.name: r.detail for r in found.results}
    rows = r"after row (\d+) / (\d+) / (\d+): nothing that was said before changed"
    assert re.fullmatch(f"log ended {rows}", told["prefix invariance"])
    plain = json.loads(json.dumps(found.as_json()))
    assert plain["passed"] is True
    assert plain["isolation"] != "none"


@pytest.mark.slow
def test_a_detector_that_reads_ahead_fails():
    """Normalising by the batch shows in its cut, in a shorter log and in another future."""
    found = failed("ReadsAhead", only=ALL_CUTS)
    assert set(found) == set(ALL_CUTS)
    assert found["future replacement"].endswith("it uses later rows")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["PyodEcod", "PyodCopod"])
def test_scores_that_pool_history_and_batch_fail(name):
    """ECOD and COPOD of PyOD are not causal, and the prefix check says so."""
    found = failed(name, only=["prefix invariance", "chunk invariance"])
    assert set(found) == {"prefix invariance", "chunk invariance"}


@pytest.mark.long
@pytest.mark.slow
def test_a_histogram_of_pyod_is_causal():
    """The same wrapper around HBOS passes, so it is not the wrapper that fails."""
    assert failed("PyodHbos", only=["prefix invariance"]) == {}


@pytest.mark.slow
def test_a_detector_that_counts_batches_fails():
    """Scores may not hang on how batches are cut."""
    assert "chunk invariance" in failed("KeepsBatch", only=["chunk invariance"])


def test_alerts_may_not_hang_on_batches():
    """Alerts are held against other cuts too: those of the largest of a batch fail."""
    assert failed("AlertsOnce", only=ALL_CUTS) == {}
    found = failed("Alerting", only=["chunk invariance"])
    assert found["chunk invariance"].startswith("37 rows a batch against many: ")


def test_alerts_may_not_tell_of_later_rows():
    """Scores alone would not give away an alert that counts the rows behind its own."""
    found = failed("AlertsAhead", only=["chunk invariance"])
    assert "another alert, officer" in found["chunk invariance"]


@pytest.mark.parametrize("name", ["rules", "sigma", "fan_in", "conformal", "community"])
def test_shipped_detectors_raise_the_same_alerts_for_any_cut(name):
    """Those of ours that raise alerts, and one whose library reads /proc; all else is tested."""
    spec = parse_component("detector", name)
    found = check(spec, SHORT, CONTEXT, only=["chunk invariance", "memory bound"])
    assert [r for r in found.results if not r.passed] == []


def test_memory_may_not_grow_with_batches():
    """Half a MiB a batch is found, and told with its bound."""
    found = failed("Hoards", only=["memory bound"])
    assert re.search(r"; \d+ MiB more after .* batches \(at most 2\d\)$", found["memory bound"])


@pytest.mark.parametrize(
    ("name", "passed", "detail"),
    [
        ("Good", True, "can be pickled: the copy goes on as the original"),
        ("Unpicklable", True, "it cannot be pickled: AttributeError"),
        ("ClaimsToPickle", False, "declared, yet cannot be pickled: AttributeError"),
        ("ForgetsWhenPickled", False, "a pickled copy from halfway on: "),
    ],
)
def test_pickling_is_told_and_held_to_what_is_declared(name, passed, detail):
    """No component must be picklable; one that says so must, and a copy must be one."""
    found = report(name, only=["pickling"]).results[-1]
    assert (found.name, found.passed) == ("pickling", passed)
    assert found.detail.startswith(detail)


def test_an_unseeded_detector_fails():
    """Two processes must give the same bits."""
    assert "replay determinism" in failed("Unseeded", only=["replay determinism"])


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("TooShort", "invalid: score() returned"),
        ("NotANumber", "not finite"),
        ("WrongType", "got list"),
        ("Raises", "crash: RuntimeError: cannot go on"),
        ("NoScore", "no method score"),
        ("NeedsMore", "needs columns that the log lacks: prior_decision"),
        ("NeedsStrange", "needs tme, which no log has; did you mean time?"),
        ("InventsEvidence", "a query that does not exist: 1"),
    ],
)
def test_malformed_output_fails_at_once(name, detail):
    """What does not run or answers nonsense fails the first check, and no other is tried."""
    found = report(name)
    assert len(found.results) == 1
    assert detail in found.results[0].detail
    assert not found.passed


def test_hanging_fails():
    """A detector that hangs is ended and fails."""
    assert failed("Hangs", limits=Limits(batch_s=0.3)) == {
        "output": "timeout: no answer within 0.3 s"
    }


@pytest.mark.slow
def test_a_detector_that_hashes_ids_says_so():
    """Scores made of ids change with the ids, but their spread does not."""
    found = report("HashesIds", only=["id permutation"])
    assert found.passed
    assert found.results[-1].detail.startswith("it hashes ids")


@pytest.mark.slow
def test_a_good_policy_passes_all():
    """A policy that needs all its facts passes every check."""
    found = report("GoodPolicy", "policy")
    assert [(r.name, r.passed) for r in found.results] == [
        ("output", True), ("determinism", True), ("batch equals single", True), ("order", True),
        ("missing fact", True),
    ]  # fmt: skip


@pytest.mark.slow
def test_a_policy_that_fails_open_is_told_on_which_facts():
    """Permitting although a fact is missing fails, with the facts by name."""
    found = failed("FailsOpen", "policy")
    assert set(found) == {"missing fact"}
    assert found["missing fact"].endswith("missing: officer.role")


@pytest.mark.slow
@pytest.mark.parametrize(
    "fact",
    [
        "context.break_glass", "context.justification_len", "context.warrant",
        "context.recipient_state", "officer.state", "context.lookback_days",
    ],
)  # fmt: skip
@pytest.mark.parametrize("policy", [{}, {"policy": "eleven_rules"}])
def test_facts_that_matter_in_rare_requests_are_tried(fact, policy):
    """A log hardly has the requests on which these turn; they are made."""
    found = failed("OpensOn", "policy", only=["missing fact"], fact=fact, **policy)
    assert found["missing fact"].endswith(f"missing: {fact}")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["eleven_rules", "cel"])
def test_shipped_policies_pass_with_a_policy_as_data_and_without(name):
    """With a default a fact may be missing; else it may not."""
    for parameters in ({}, {"policy": "eleven_rules"}):
        spec = parse_component("policy", name, parameters)
        assert check(spec, SHORT, CONTEXT, only=["missing fact"]).passed


@pytest.mark.slow
def test_a_policy_whose_batch_differs_fails():
    """A batch must be answered as its parts are."""
    assert "batch equals single" in failed("BatchDiffers", "policy")


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("RaisingPolicy", "errors on whole requests, the first: KeyError: 'role'"),
        ("StrangeOutcome", "must answer one of"),
        ("TooFewAnswers", "decisions for"),
    ],
)
def test_a_broken_policy_fails_at_once(name, detail):
    """Errors, outcomes of no kind and missing answers fail the first check."""
    found = report(name, "policy")
    assert len(found.results) == 1
    assert detail in found.results[0].detail


def test_the_policy_text_goes_to_load():
    """The parameter `policy` is what `load` gets, not the constructor."""
    assert report("GoodPolicy", "policy", policy=1, only=["batch equals single"]).passed
