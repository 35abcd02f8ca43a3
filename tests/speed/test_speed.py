"""What pytest-benchmark shows of single steps: to look at and to store, never to gate.

Not part of a normal run: ``pytest tests/speed -p no:randomly``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from misusesim.dataset import schema
from misusesim.dataset.writer import write_part
from misusesim.engine import causal_pass
from misusesim.query import expand
from misusesim.scenario.load import load_scenario
from misusesim.world.agencies import agencies

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_benchmark.fixture import BenchmarkFixture

    from misusesim.plan import AgencyPlan
    from misusesim.scenario.model import Scenario

AGENCY = 0


@pytest.fixture(scope="module")
def county() -> Scenario:
    """Return four weeks of the county: one shard for each agency."""
    return load_scenario("county", days=28)


@pytest.fixture(scope="module")
def plan(county: Scenario) -> AgencyPlan:
    """Return the plan of the county's largest agency."""
    return causal_pass(county, agencies(county)[AGENCY])


def test_causal_pass_of_one_agency(benchmark: BenchmarkFixture, county: Scenario) -> None:
    """Causes of the sheriff's office for four weeks."""
    made = benchmark(causal_pass, county, agencies(county)[AGENCY])

    benchmark.extra_info["occasions"] = len(made.occasions)
    assert len(made.occasions)


def test_expand_one_shard(benchmark: BenchmarkFixture, county: Scenario, plan: AgencyPlan) -> None:
    """Rows of the sheriff's office for four weeks."""
    made = benchmark(expand, county, plan, 0)

    benchmark.extra_info["rows"] = made.log.num_rows
    assert made.log.num_rows


def test_write_part(
    benchmark: BenchmarkFixture, county: Scenario, plan: AgencyPlan, tmp_path: Path
) -> None:
    """The log of that shard to Parquet."""
    log = expand(county, plan, 0).log

    entry = benchmark(write_part, tmp_path, "log/a00000-p000.parquet", log, schema.LOG)

    benchmark.extra_info["rows"] = log.num_rows
    assert entry.rows == log.num_rows
