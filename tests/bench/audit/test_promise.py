"""How common misuse is: as implied and promised it passes, anything else is named."""

from __future__ import annotations

from types import SimpleNamespace

import pyarrow as pa
import pytest

from misusebench.audit.promise import checks_of_density, implied_density, single_queries
from misusesim.scenario.load import load_scenario


def data(scenario, officers, queries, accounts=292, written=905_000):
    """Return a data set of a scenario in which so many misuse it so often."""
    manifest = {
        "realised": {"misuse_share_of_officers": officers, "misuse_share_of_queries": queries},
        "volume": [{"accounts": accounts}], "rows": {"written": written},
    }  # fmt: skip
    return SimpleNamespace(scenario=scenario, manifest=manifest)


def verdicts(scenario, officers, queries):
    """Return the verdicts by name; some campaigns are a single query."""
    campaigns = [pa.table({"n_queries": [1, 4] * 15})]
    found = checks_of_density(data(scenario, officers, queries), campaigns)
    return {check.name: check.passed for check in found}


@pytest.fixture(scope="module")
def natural():
    """Return the smallest member at the natural rate."""
    return load_scenario("S-NAT-easy")


def test_the_natural_rate_is_one_officer_of_a_hundred(natural):
    """About 1 % of officers a year and at most 2 of 100,000 queries, at the level of most."""
    dense = implied_density(natural)
    assert 0.006 <= dense.officers.value <= 0.014
    assert 5e-6 <= dense.queries.value * 292 / 905_000 <= 2e-5


def test_a_member_as_promised_passes(natural):
    """Three officers of 292 and 12 queries of 905,000 are as they should be."""
    assert verdicts(natural, 3 / 292, 12 / 905_000) == {
        "officers who misuse": True, "promised officers": True, "queries of misuse": True,
        "promised queries": True, "campaigns of one query": True,
    }  # fmt: skip


def test_too_many_officers_and_queries_are_named(natural):
    """Fourteen officers and 1,000 queries are beyond three standard errors."""
    found = verdicts(natural, 14 / 292, 1_000 / 905_000)
    assert (found["officers who misuse"], found["queries of misuse"]) == (False, False)


def test_a_name_that_promises_something_else_is_named(natural):
    """The rates of NAT under the name of HI, and those of HI under the name of NAT, fail."""
    renamed = natural.model_copy(update={"name": "S-HI-easy"})
    assert verdicts(renamed, 3 / 292, 0.0)["promised officers"] is False
    dense = load_scenario("S-HI-easy").model_copy(update={"name": "S-NAT-easy"})
    found = verdicts(dense, 0.19, 3e-4)
    assert (found["promised officers"], found["promised queries"]) == (False, False)


def test_some_campaign_must_be_a_single_query():
    """None of ten is a fault; of nine or fewer none need be."""
    assert single_queries([pa.table({"n_queries": [2, 3] * 15})]).passed is False
    assert single_queries([pa.table({"n_queries": [2, 3] * 14 + [2]})]).passed is None
