from __future__ import annotations

import json

import numpy as np

from misusebench.timing import Timing, machine, percentiles_ms


def test_percentiles_need_samples():
    """A percentile is given only where enough samples lie above it."""
    few = percentiles_ms([1_000_000] * 199)
    assert (few["n"], few["p50"], few["p95"], few["p99"]) == (199, 1.0, None, None)
    assert percentiles_ms([2_000_000] * 1000)["p99"] == 2.0
    assert percentiles_ms([])["p50"] is None


def test_percentiles_are_samples():
    """A percentile is the smallest sample that at least that share lie at or below."""
    took = [n * 1_000_000 for n in range(1, 1001)]
    found = percentiles_ms(took)
    assert (found["p50"], found["p95"], found["p99"], found["p99.9"]) == (501.0, 951.0, 991.0, None)
    many = percentiles_ms([n * 1_000 for n in range(10_001)])
    assert many["p99.9"] == np.float64(9.99)


def test_summary_leaves_out_the_warm_up():
    """The first two batches do not count; single rows are latency, not throughput."""
    timing = Timing(fit_ns=2_000_000_000, observe_ns=500_000_000)
    for rows, took in ((10, 10**9), (10, 10**9), (100, 10**6), (300, 10**6), (1, 5 * 10**6)):
        timing.add(rows, took)
    timing.memory(peak_kib=3 * 1024, empty_kib=1024)
    found = timing.summary()
    assert found["rows_per_s"] == 200_000.0
    assert (found["rows"], found["mean_batch_rows"]) == (400, 200.0)
    assert (found["fit_s"], found["observe_s"]) == (2.0, 0.5)
    assert found["single_row_ms"]["n"] == 1
    assert (found["peak_mib"], found["above_empty_mib"]) == (3.0, 2.0)


def test_summary_of_nothing():
    """A component that never ran has no speed."""
    found = Timing().summary()
    assert (found["rows_per_s"], found["mean_batch_rows"], found["rows"]) == (None, None, 0)


def test_one_batch_counts_although_it_is_the_warm_up():
    """With no more than the warm-up's batches these are taken."""
    timing = Timing()
    timing.add(50, 10**9)
    assert timing.summary()["rows_per_s"] == 50.0


def test_machine_facts_are_plain():
    """The machine's facts are JSON and name the packages that change scores."""
    facts = json.loads(json.dumps(machine()))
    assert facts["cpu_count"] >= 1
    assert {"misusebench", "numpy", "pyarrow"} <= set(facts["packages"])
