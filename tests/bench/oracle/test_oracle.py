"""The observable oracle in a run: what it reads, what it is compared with."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest

from misusebench import oracle
from misusebench.errors import SuiteError
from misusebench.oracle.observed import Observed, hash_of
from misusebench.oracle.siblings import family_of, more_often, seeds
from misusebench.outcomes import Bench, Outcome
from misusebench.replay import replay, split_us
from misusebench.rescore import rescore
from misusebench.result import load_run
from misusebench.run import run
from misusebench.specs import OBSERVED, parse_component
from misusebench.suite import Suite
from misusesim import shards
from misusesim.dataset.reader import open_dataset
from misusesim.scenario.load import load_scenario

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("sklearn")

OFTEN = [f"misuse.{n}.officers_per_year=1" for n in (1, 2)]
NAMES = ("random", "shift_window")
#: The first 62 bits of BLAKE2b of "ab" with 8 bytes, by coreutils' `b2sum -l 64`.
HASH = 0x0E52B5F187DE1088 >> 2


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data set of some weeks with much misuse."""
    out = tmp_path_factory.mktemp("oracle") / "data"
    shards.run(load_scenario("tiny", OFTEN), out, workers=1)
    return out


@pytest.fixture(scope="module")
def done(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run with the oracle of two tiers."""
    out = tmp_path_factory.mktemp("oracle") / "run"
    specs = [
        *(replace(parse_component("detector", name), tier="T1") for name in NAMES),
        replace(parse_component("detector", "observable_oracle", {"worlds": 2}, "T1")),
    ]
    run(made, Suite("s", tuple(specs), single_rows=0), out)
    return out


def test_results_say_how_far_detectors_are_from_it(done: Path) -> None:
    _, results = load_run(done)
    told = {one.name: one for one in results}
    best = told["observable_oracle"]
    assert best.valid
    assert best.component["target"] == OBSERVED
    fit = best.diagnostics["fit"]
    assert 0 < fit["held_out"] <= fit["own"] <= 1
    assert "regret" not in best.metrics
    for name in NAMES:
        one = told[name]
        o, m = (r.metrics["average_precision"]["value"] for r in (best, one))
        base = m / one.metrics["lift"]["value"]
        assert one.metrics["regret"]["value"] == pytest.approx((o - m) / (o - base))
        assert one.metrics["below_oracle"]["value"] == pytest.approx(o - m)
        assert one.metrics["below_oracle"]["low"] <= o - m <= one.metrics["below_oracle"]["high"]
        assert one.diagnostics["oracle"] == "observable_oracle"
    assert told["random"].metrics["regret"]["value"] == pytest.approx(1, abs=0.05)
    assert best.metrics["average_precision"]["value"] > 0.3


def test_rescoring_changes_nothing(done: Path) -> None:
    assert rescore(done).changed == {}


def test_it_never_reads_a_label_of_the_judged_world(made: Path, done: Path, tmp_path: Path) -> None:
    """Fitted anew, its scores are the same when the truth of the data set is gone."""
    oracle.FITTED.clear()
    dataset = open_dataset(made)
    outcome = Outcome(parse_component("detector", "observable_oracle", {"worlds": 2}, "T1"), "T1")
    (made / "truth").rename(tmp_path / "truth")
    try:
        oracle.rate(Bench(dataset, Suite("s", (), single_rows=0)), outcome)
    finally:
        (tmp_path / "truth").rename(made / "truth")
    assert outcome.state == "ok", outcome.reasons
    assert outcome.replayed is not None
    before = pq.read_table(done / "scores" / "observable_oracle.parquet")["score"].to_numpy()
    np.testing.assert_array_equal(outcome.replayed.score, before)


def test_a_tier_shows_no_more_than_its_tables(made: Path) -> None:
    """At T0 tables of other tiers change nothing, should they ever be handed over."""
    dataset = open_dataset(made)
    log = dataset.log()
    end = split_us(log)
    found = []
    for tables in ("T0", "T3"):
        one = Observed("T0")
        replay(one, log, dataset.context(tables), end_us=end)
        found.append(one.rows())
    np.testing.assert_array_equal(*found)
    assert found[0].shape[1] == len(Observed("T0").names)
    assert len(Observed("T3").names) > len(Observed("T1").names) > len(Observed("T0").names)


def test_what_is_seen_does_not_hang_on_how_the_log_is_cut(made: Path) -> None:
    dataset = open_dataset(made)
    log = dataset.log()
    found = []
    for size in (16_384, 501):
        one = Observed("T3")
        replay(one, log, dataset.context("T3"), batch_rows=size)
        found.append((one.rows(), one.keys()))
    (rows, keys), (other, others) = found
    np.testing.assert_array_equal(rows, other)
    for name, key in keys.items():
        np.testing.assert_array_equal(key, others[name])


def test_labels_are_never_taken() -> None:
    with pytest.raises(AssertionError, match="1 outcomes were shown"):
        Observed("T0").feedback([{}])


def test_siblings_have_other_seeds_and_the_same_rules() -> None:
    scenario = load_scenario("S-HI-medium")
    other = scenario.model_copy(update={"seed": scenario.seed + 1})
    assert family_of(scenario) == family_of(other)
    assert seeds(scenario, 3) == seeds(other, 3)
    assert len({*seeds(scenario, 3), scenario.seed}) == 4
    mine = scenario.model_copy(update={"seed": seeds(scenario, 1)[0]})
    assert mine.seed not in seeds(mine, 3)


def test_misuse_is_commoner_and_officers_count_less() -> None:
    scenario = load_scenario("S-NAT-medium")
    commoner, shares = more_often(scenario)
    for one, many in zip(scenario.misuse, commoner.misuse, strict=True):
        for rate in ("officers_per_year", "officers_per_event", "agencies_per_year"):
            if value := getattr(one, rate, None):
                assert getattr(many, rate) * shares[one.kind] == pytest.approx(value)
                assert getattr(many, rate) <= max(value, 0.5)
    assert min(shares.values()) < 0.01
    desk = load_scenario("permit_desk")
    assert more_often(desk)[1]["permit_checks"] == 1.0  # so many a year, whatever the rates


def test_a_kind_given_twice_has_one_share() -> None:
    scenario = load_scenario("S-NAT-medium")
    one = scenario.misuse[0]
    twice = one.model_copy(update={"officers_per_year": 0.25})
    both = scenario.model_copy(update={"misuse": (one, twice)})
    commoner, shares = more_often(both)
    assert shares == {one.kind: pytest.approx(0.5)}
    assert [m.officers_per_year for m in commoner.misuse] == pytest.approx(
        [2 * one.officers_per_year, 0.5]
    )


def test_a_world_without_misuse_has_no_oracle(tmp_path: Path) -> None:
    honest = load_scenario("tiny", days=7).model_copy(update={"misuse": ()})
    shards.run(honest, tmp_path / "data", workers=1)
    spec = parse_component("detector", "observable_oracle", {"worlds": 2}, "T0")
    done = run(tmp_path / "data", Suite("s", (spec,), single_rows=0), tmp_path / "run")
    assert done.results[0].state == "not_applicable"
    assert "no misuse" in done.results[0].reasons[0]


@pytest.mark.parametrize(
    ("parameters", "what"),
    [({"worlds": 1}, "worlds must be"), ({"seeds": 2}, "no parameter seeds")],
)
def test_wrong_parameters(made: Path, parameters: dict[str, int], what: str) -> None:
    spec = parse_component("detector", "observable_oracle", parameters, "T0")
    bench = Bench(open_dataset(made), Suite("s", (), single_rows=0))
    with pytest.raises(SuiteError, match=what):
        oracle.rate(bench, Outcome(spec, "T0"))


def test_words_hash_alike_in_every_process() -> None:
    assert hash_of("24-00123") == hash_of("24-00123") != hash_of("24-00124")
    assert hash_of("ab") == HASH


def test_scores_lie_beside_the_result(done: Path) -> None:
    table = pq.read_table(done / "scores" / "observable_oracle.parquet")
    assert np.isfinite(table["score"].to_numpy()).all()
    told = json.loads((done / "results" / "observable_oracle.json").read_text())
    assert told["valid"]
