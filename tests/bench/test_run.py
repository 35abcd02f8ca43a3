from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.bench.dataset import OFFICERS, small_world

from misusebench import result as results
from misusebench import run as running
from misusebench.answers import align
from misusebench.component import Alert
from misusebench.component_faults import fault_of
from misusebench.confinement import Limits
from misusebench.errors import LeakError
from misusebench.isolated import Decisions, _alert
from misusebench.metrics import shifts_per_officer
from misusebench.outcomes import Bench, joined, run_all
from misusebench.run import judge
from misusebench.suite import ComponentSpec, Suite, parse_component
from misusesim.dataset import schema

#: They stand on whole runs.
pytestmark = pytest.mark.slow

HERE = str(Path(__file__).parent)
LOG, CONTEXT, TRUTH = small_world()
MANIFEST = {"scenario": "small", "scenario_hash": "s", "dataset_hash": "d", "seed": 1}


class World:
    """The hand-made data set with the face of one on disk."""

    path = Path("/nonexistent/small")
    manifest = MANIFEST

    def log(self, columns=None):
        return LOG if columns is None else LOG.select(columns)

    def context(self, tier):
        return {n: t for n, t in CONTEXT.items() if n.partition("/")[0] in schema.TIERS[tier]}


def truth_of(**changes) -> SimpleNamespace:
    return SimpleNamespace(sparse=False, **(TRUTH | changes))


def bad(name: str, kind: str = "detector", tier=None, **parameters) -> ComponentSpec:
    return ComponentSpec(kind, name, f"bad_components:{name}", parameters, tier, (HERE,))


def bench(*components: ComponentSpec, **options) -> Bench:
    return Bench(World(), Suite("test", components, **options))


def outcomes(*components: ComponentSpec, **options) -> dict:
    """Run components on the hand-made world; return outcomes by name."""
    ready = bench(*components, **options)
    return {o.spec.name: o for o in run_all(ready, components, jobs=2)}


def test_one_failure_does_not_stop_the_others():
    """A component that raises is INVALID with its reason; its neighbours are whole."""
    found = outcomes(bad("Raises"), bad("Good"), bad("TooShort"))
    assert {name: o.state for name, o in found.items()} == {
        "Raises": "crash", "Good": "ok", "TooShort": "invalid",
    }  # fmt: skip
    assert found["Raises"].reasons[0].startswith("RuntimeError: cannot go on (bad_")
    assert "about to fail" in found["Raises"].stderr
    assert len(found["Good"].replayed.score) == 1140


def test_a_detector_after_a_policy_sees_what_it_decided():
    """Denials count the officer's denied queries by hand; without a policy before it, none."""
    policy = parse_component("policy", "eleven_rules")
    alone = parse_component("detector", "denials", {"days": 9_999})
    then = replace(alone, name="then", after=policy.name)
    lost = replace(alone, name="lost", after="nobody")
    found = outcomes(policy, then, alone, lost)
    said, seen = found[policy.name].decisions.outcome, found["then"].replayed
    assert found["lost"].state == "not_applicable"
    assert not found["denials"].replayed.score.any()
    denied = dict(zip(seen.query_id.tolist(), said == 1, strict=True))
    officer = dict(zip(LOG["query_id"].to_pylist(), LOG["officer_id"].to_pylist(), strict=True))
    counts: dict = {}
    expected = []
    for query in seen.query_id.tolist():
        counts[officer[query]] = counts.get(officer[query], 0) + int(denied[query])
        expected.append(counts[officer[query]])
    assert seen.score.tolist() == expected
    assert max(expected) > 1


def test_a_column_that_no_log_has_is_a_fault():
    """A misspelt need would else never be judged, and nobody would be told."""
    (found,) = outcomes(bad("NeedsStrange")).values()
    assert found.state == "invalid"
    assert found.reasons == ["needs tme, which no log has; did you mean time?"]


def test_what_is_not_applicable_is_no_failure():
    """A missing column and a tier that was not granted are told and are not INVALID."""
    found = outcomes(bad("NeedsMore"), bad("OnlyT3", tier="T1"))
    assert [o.state for o in found.values()] == ["not_applicable"] * 2
    assert found["NeedsMore"].reasons == ["needs columns that the log lacks: prior_decision"]
    assert found["OnlyT3"].reasons == ["it can use T3, but was granted no more than T1"]


def test_limits_hold():
    """The suite's limits apply to each component."""
    found = outcomes(bad("Hangs"), limits=Limits(batch_s=0.3))
    assert (found["Hangs"].state, found["Hangs"].reasons) == (
        "timeout", ["no answer within 0.3 s"],
    )  # fmt: skip


def test_a_tier_gives_its_tables_and_no_others():
    """Under T1 a detector sees directory and roster, even if it could use more."""
    ready = bench(bad("Good"))
    assert {name.partition("/")[0] for name in ready.context("T1")} == {"directory", "roster"}
    assert outcomes(bad("Good", tier="T1"))["Good"].tier == "T1"
    assert outcomes(bad("OnlyT3"))["OnlyT3"].tier == "T3"


@pytest.mark.parametrize(
    ("granted", "given", "told"),
    [("T0", {}, "T0"), ("T2", {}, "T1"), ("T3", {"tier": "T0"}, "T0"), ("T1", {}, "T1")],
)
def test_a_component_that_takes_a_tier_is_told_the_one_it_can_use(granted, given, told):
    found = outcomes(bad("TakesTier", **given), tier=granted)["TakesTier"]
    assert found.state == "ok"
    assert found.about.version == told


def test_a_policy_decides_on_the_scored_rows():
    """Decisions come back one a scored row, the same as their table says."""
    found = outcomes(bad("GoodPolicy", "policy"), single_rows=20)["GoodPolicy"]
    assert found.state == "ok"
    assert len(found.decisions.outcome) == 1140
    assert found.timing.summary()["single_row_ms"]["n"] == 20


def test_a_raising_policy_denies_and_counts_errors():
    """An exception in decide_batch is a deny with the error on each row, not a crash."""
    decided = outcomes(bad("RaisingPolicy", "policy"))["RaisingPolicy"].decisions
    assert set(decided.outcome.tolist()) == {1}
    assert decided.explanations == [([], ["KeyError: 'role'"])]


def test_decisions_of_batches_are_joined():
    """Joining keeps order and shares equal explanations."""
    one = Decisions(np.array([0, 1], np.int8), np.array([0, 1], np.int32), [([], []), (["a"], [])])
    two = Decisions(np.array([1], np.int8), np.array([0], np.int32), [(["a"], [])])
    both = joined([one, two])
    assert both.outcome.tolist() == [0, 1, 1]
    assert both.why.tolist() == [0, 1, 1]
    table = both.table(np.array([7, 8, 9], np.uint64))
    assert table.to_pylist()[2] == {"query_id": 9, "outcome": 1, "reasons": ["a"], "errors": []}


def test_answers_are_aligned():
    """Each scored row has its own truth; campaigns know when they began, history included."""
    ready = bench()
    answers = align(LOG, truth_of(), ready.first, ready.end_us)
    assert answers.query_id.tolist() == LOG["query_id"].to_pylist()[ready.first :]
    assert answers.positive.sum() == 33
    assert answers.campaigns.campaign_id == ["c-revenge", "c-permit", "c-romance"]
    assert np.bincount(answers.campaign + 1).tolist() == [1107, 4, 24, 5]
    assert answers.campaigns.straddles.tolist() == [True, True, True]
    kinds = [schema.MISUSE_KINDS[k] for k in answers.campaigns.kind]
    assert kinds == ["retaliation", "permit_checks", "romantic_interest"]


def test_sparse_truth_fills_in_plain_work():
    """Rows that sparse truth leaves out are honest work."""
    misuse = TRUTH["queries"].filter(np.array(TRUTH["queries"]["cause"].to_pylist()) == "misuse")
    sparse = SimpleNamespace(sparse=True, **(TRUTH | {"queries": misuse}))
    whole, ready = truth_of(), bench()
    for part in ("positive", "ignore", "kind", "oddity", "campaign", "rung"):
        a, b = (getattr(align(LOG, t, ready.first, 0), part) for t in (whole, sparse))
        assert a.tolist() == b.tolist(), part


def test_truth_of_another_log_is_refused():
    """Truth that lacks a row or has a strange one does not belong to this log."""
    with pytest.raises(LeakError, match="1 queries without truth, 0 truths without a query"):
        align(LOG, truth_of(queries=TRUTH["queries"].slice(1)), 0, 0)
    with pytest.raises(LeakError, match="0 queries without truth, 2 truths without a query"):
        align(LOG.slice(2), truth_of(), 0, 0)


def test_shifts_are_counted_per_officer():
    """Shifts of the scored part, from the roster; none without a roster."""
    ready = bench()
    answers = align(LOG, truth_of(), ready.first, ready.end_us)
    ready.context("T3")
    last = int(answers.time_us.max())
    shifts = shifts_per_officer(ready.shifts, answers.officers, answers.start_us, last + 1)
    assert shifts.shape == (len(OFFICERS),)
    assert set(shifts.tolist()) <= {7.0, 8.0, 9.0, 10.0}
    assert shifts_per_officer(None, answers.officers, 0, 1) is None
    assert shifts_per_officer(ready.shifts.slice(0, 0), answers.officers, 0, 1) is None


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """Run and judge two good detectors, the label oracle, a broken one and a policy, twice."""
    specs = (
        parse_component("detector", "label_oracle"), bad("Good"), bad("Alerting"), bad("Raises"),
        bad("GoodPolicy", "policy"),
    )  # fmt: skip
    runs = []
    for name in ("one", "two"):
        ready = bench(*specs, single_rows=10)
        folder = tmp_path_factory.mktemp(name)
        runs.append(judge(ready, run_all(ready, specs, jobs=2), truth_of(), folder))
    return runs


def test_two_equal_runs_differ_in_ungated_only(judged):
    """The gated part of all results of two equal runs is equal to the byte."""
    one, two = judged
    assert [results.dumps(r.gated()) for r in one.results] == [
        results.dumps(r.gated()) for r in two.results
    ]
    for part in ("scores", "alerts"):
        files = sorted((one.folder / part).iterdir())
        assert [f.read_bytes() for f in files] == [
            (two.folder / part / f.name).read_bytes() for f in files
        ]


def test_a_run_is_on_disk(judged):
    """The run's folder holds the order, every result, raw scores and own alerts."""
    run = judged[0]
    summary, loaded = results.load_run(run.folder)
    names = ["label_oracle", "Good", "Alerting", "Raises", "GoodPolicy"]
    assert summary["components"] == [r.name for r in loaded] == names
    assert summary["dataset"]["hash"] == "d"
    assert [r.gated() for r in loaded] == [
        json.loads(results.dumps(r.gated())) for r in run.results
    ]
    scores = pq.read_table(run.folder / "scores/Good.parquet")
    assert scores.column_names == ["query_id", "score"]
    assert scores.num_rows == 1140
    assert not (run.folder / "scores/Raises.parquet").exists()
    alerts = pq.read_table(run.folder / "alerts/Alerting.parquet")
    assert Alert(**alerts.to_pylist()[0]).reason == "largest"


def test_the_failed_are_told(judged):
    """A run knows who failed; that makes the exit code 4."""
    assert [r.name for r in judged[0].failed] == ["Raises"]
    failed = judged[0].failed[0]
    assert (failed.valid, failed.metrics) == (False, {})
    assert failed.reasons[0].startswith("RuntimeError: cannot go on (bad_components.py:")


def test_long_measuring_is_told_as_it_goes_on(monkeypatch, tmp_path):
    """On ten million queries each component takes some twenty seconds; on few nothing is said."""
    specs = (parse_component("detector", "label_oracle"), bad("Good"))
    ready, told = bench(*specs), []
    found = run_all(ready, specs, jobs=2)
    judge(ready, found, truth_of(), tmp_path / "quick", told.append)
    assert told == []
    monkeypatch.setattr(running, "_TOLD_FROM", -1.0)
    judge(ready, found, truth_of(), tmp_path / "long", told.append)
    assert told == ["label_oracle: measured (1 of 2)", "Good: measured (2 of 2)"]


def test_the_label_oracle_is_perfect(judged):
    """What knows truth has an average precision of one and catches what the budget lets it."""
    oracle = judged[0].results[0]
    assert oracle.metrics["average_precision"]["value"] == 1.0
    assert oracle.component["target"] == "(the scorer, from truth)"


def test_isolation_is_in_the_result(judged):
    """Every result says how far its component was shut in and what that does not stop."""
    good = judged[0].results[1]
    assert good.isolation["level"] != "none"
    assert good.isolation["not_stopped"]


def test_policies_and_detectors_are_combined(judged):
    """The matrix has a cell for each pair, and its shares sum to one."""
    combined = judged[0].combined
    assert set(combined) == {"label_oracle", "Good", "Alerting"}
    cell = combined["label_oracle"]["GoodPolicy"]
    parts = ("policy_only", "detector_only", "both", "neither")
    assert sum(cell[p] for p in parts) == pytest.approx(1.0)
    assert cell["campaigns"] == 3


def test_probes_of_ids_see_those_of_the_data_set():
    """Ids that tell the label are found by the probe, whatever other components are shown."""
    both = [parse_component("detector", name) for name in ("id_probe", "volume")]
    ready = bench(*both)
    assert not set(ready.shown["query_id"].to_pylist()) & set(LOG["query_id"].to_pylist())
    probe, _ = run_all(ready, both, jobs=1)
    shares = np.array(LOG["query_id"].to_pylist()[ready.first :], np.float64) / 2.0**64
    assert probe.replayed is not None
    assert np.array_equal(probe.replayed.score, shares)


@pytest.mark.parametrize(
    ("alert", "said"),
    [
        (["officer", "o", 1, 1.0, [-1], "r", ""], "evidence must be query ids, got -1"),
        (["officer", "o", 1, 1.0, [2**64], "r", ""], "evidence must be query ids"),
        (["query", "9" * 5_000, 1, 1.0, [], "r", ""], "its key has 5,000 letters"),
    ],
)
def test_alerts_that_name_no_query_are_malformed(alert, said):
    """What cannot be an id is the component's fault, and no error of ours later on."""
    with pytest.raises(ValueError, match=said):
        _alert(alert)


def test_a_state_that_is_none_makes_nothing_valid():
    """A worker that answers with the fault "ok" is invalid."""
    assert fault_of({"fault": "ok"}).state == "invalid"
    assert fault_of({"fault": ["oom"]}).state == "invalid"
    assert fault_of({"fault": "oom"}).state == "oom"
