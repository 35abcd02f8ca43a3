"""Every registered detector: contract, causality, and what it is for."""

from __future__ import annotations

import importlib

import numpy as np
import pyarrow as pa
import pytest
from tests.bench.dataset import DAY_US, START_US, small_world

from misusebench.component import Detector
from misusebench.detectors import REGISTRY
from misusebench.detectors.explanation import Explanation
from misusebench.detectors.rules import Rules, load_rules
from misusebench.detectors.shift_window import ShiftWindow, best_window
from misusebench.detectors.templates import LEVELS
from misusebench.errors import SuiteError
from misusesim.dataset.schema import TIERS

CUT = 800


@pytest.fixture(scope="module")
def world():
    return small_world()


def _make(name):
    module, cls = REGISTRY[name].split(":")
    return getattr(importlib.import_module(module), cls)()


def _scores(detector, world, size=10_000, upto=None):
    log, context, _ = world
    log = log.combine_chunks()
    if hasattr(detector, "fit"):
        detector.fit(log.slice(0, CUT), context)
    rest = log.slice(CUT, None if upto is None else upto - CUT)
    return np.concatenate([detector.score(b) for b in rest.to_batches(max_chunksize=size)])


@pytest.mark.parametrize("name", REGISTRY)
def test_is_a_detector_that_names_tiers_and_columns(name):
    """Structure of the contract: no base class, only names."""
    detector = _make(name)
    assert isinstance(detector, Detector)
    assert detector.name == name
    assert set(detector.tiers) <= set(TIERS)


@pytest.mark.slow
@pytest.mark.parametrize("name", REGISTRY)
def test_scores_are_finite_and_the_same_for_any_batch_size(name, world):
    """Whole, 97 rows and single rows give the same numbers."""
    whole = _scores(_make(name), world)
    assert whole.dtype == np.float64
    assert np.isfinite(whole).all()
    assert np.array_equal(whole, _scores(_make(name), world, 97))
    few = _scores(_make(name), world, 1, upto=CUT + 60)
    assert np.allclose(few, whole[:60], rtol=1e-9, atol=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", REGISTRY)
def test_later_rows_do_not_change_a_score(name, world):
    """A prefix of the log has the same scores."""
    whole = _scores(_make(name), world)
    part = _scores(_make(name), world, upto=CUT + 500)
    assert np.allclose(part, whole[:500], rtol=1e-9, atol=0)


def test_best_window_wraps_midnight_and_takes_the_earliest_tie():
    """A night shift 20:00-06:00 starts at 20."""
    counts = np.zeros(24, np.int64)
    counts[[20, 22, 1, 5]] = 3
    assert best_window(counts) == 20
    assert best_window(np.zeros(24, np.int64)) == 0


def test_shift_window_measures_hours_outside(world):
    """Officers who keep their shift score zero; the others by the nearer edge, at most 7 h."""
    scores = _scores(ShiftWindow(least=5), world)
    assert (scores == 0).mean() > 0.9
    assert scores.max() <= 7.0


def test_rules_find_the_declared_prohibited_check(world):
    """The CCW rule hits every declared check outside the lawful system, and nothing else."""
    log, _, truth = world
    rules = Rules(tier="T0")
    scores = _scores(rules, world)
    alerts = rules.alerts(0)
    kind = dict(
        zip(truth["queries"]["query_id"].to_pylist(), truth["queries"]["kind"].to_pylist(),
            strict=True)
    )  # fmt: skip
    kinds = np.array([kind[q] for q in log["query_id"].to_pylist()[CUT:]])
    assert (scores[kinds == "permit_checks"] >= 0.9).all()
    assert (scores[kinds == None] < 0.9).all()  # noqa: E711 - elementwise
    assert {a.rule for a in alerts} >= {"ccw_on_clets"}
    assert all(len(a.evidence) == 1 and a.reason for a in alerts)


def test_a_rule_raises_one_alert_an_officer_and_day(world):
    """Twenty hits of one rule on one day are one alert."""
    rules = Rules(tier="T0")
    _scores(rules, world)
    raised = [(a.rule, a.key, (a.time_us - START_US) // DAY_US) for a in rules.alerts(0)]
    assert len(raised) == len(set(raised))
    assert rules.alerts(0) == []


def test_rules_cannot_read_files_or_python():
    """SQL of a rule has no way out of its tables."""
    rules = Rules(tier="T0")
    secret = pa.table({"row_no": [1]})  # noqa: F841 - must not be found by name
    for sql in (
        "SELECT 1 AS row_no FROM secret",
        "SELECT 1 AS row_no FROM read_csv('/etc/passwd')",
    ):
        with pytest.raises(SuiteError, match="rule x"):
            rules._sql._hits(load_rules()[0].__class__("x", "r", 0.5, "T0", sql))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[rule]]\nid='a'\n", "sql is missing"),
        ("[[rule]]\nid='a'\nreason='r'\nweight=2\ntier='T0'\nsql='s'\n", "weight must be in"),
        ("[[rule]]\nid='a'\nreason='r'\nweight=1\ntier='T9'\nsql='s'\n", "tier must be"),
        ("[[rule]]\nid='a'\nreason='r'\nweight=1\ntier='T0'\nsql='s'\nx=1\n", "unknown key x"),
        ("", r"no \[\[rule\]\] found"),
        ("[[rule", "rules.toml"),
    ],
)
def test_a_bad_rules_file_is_explained(tmp_path, text, said):
    """Each fault says what is wrong, no traceback class escapes."""
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(SuiteError, match=said):
        load_rules(path)


def test_explanation_ranks_unexplained_repeats_highest(world):
    """The romantic campaign's later queries score above the median honest query."""
    log, _, truth = world
    scores = _scores(Explanation(), world)
    rows = truth["queries"].select(["query_id", "kind"]).to_pylist()
    kind = {row["query_id"]: row["kind"] for row in rows}
    kinds = np.array([kind[q] for q in log["query_id"].to_pylist()[CUT:]])
    assert np.median(scores[kinds == "romantic_interest"]) > np.median(scores)
    assert len(LEVELS) == 6


def test_an_involved_subject_of_ones_own_case_is_explained(world):
    """A query on the subject of the officer's own open case gets the lowest score there is."""
    log, context, _ = world
    detector = Explanation()
    detector.fit(log.slice(0, CUT), context)
    row = log.slice(CUT, 1).to_pylist()[0]
    row |= {"officer_id": "o05", "subject_key": 1, "time": log["time"][CUT].as_py()}
    row |= {"agency_id": "CA0010000"}
    batch = pa.RecordBatch.from_pylist([row], schema=log.schema)
    assert detector.score(batch)[0] == detector._rarity[0] == 0.0
