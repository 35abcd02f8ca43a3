"""Misuse held against its scenario: as it is it conforms, each planted fault is named."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from misusebench.audit import tails
from misusebench.audit.beginnings import Number
from misusebench.audit.conformance import (
    Conformance,
    beyond_chance,
    checks_of_conformance,
    conforms,
    parts_of,
)
from misusebench.audit.gaits import gait
from misusebench.audit.implied import rung_shares
from misusesim import simulate
from misusesim.scenario.load import load_scenario
from misusesim.scenario.misuse import Favour
from misusesim.truth import open_truth

ROUNDS = 4_000


@pytest.fixture(scope="module")
def truths(tmp_path_factory):
    """Return the campaigns of four counties, with their scenarios."""
    root = tmp_path_factory.mktemp("conformance")
    found = []
    for seed in (1, 2, 3, 4):
        scenario = load_scenario("county", seed=seed)
        data = simulate(scenario, root / str(seed), outcomes_only=True)
        found.append((scenario, open_truth(data).campaigns))
    return found


def audited(truths):
    """Return the checks by name, and the kinds that are off, by statistic."""
    found = conforms([parts_of(*one) for one in truths], ROUNDS)
    off = {name: [one.kind for one in found if name in one.off] for name in found[0].tails}
    return {check.name: check for check in checks_of_conformance(found)}, off


def changed(table, name, values):
    """Return a table with another column."""
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(place), pa.array(values, table[name].type))


def of_kind(table, kind):
    """Return which rows are of a kind."""
    return np.array([k == kind for k in table["kind"].to_pylist()])


def test_counties_are_as_their_scenario_says(truths):
    """All kinds are within three standard errors in number, length, queries and rungs."""
    checks, off = audited(truths)
    assert not any(off.values())
    assert [check.verdict for check in checks.values()] == ["pass"] * 4
    assert all("expected false alarms" in check.detail for check in checks.values())


def test_a_rate_that_is_not_the_scenarios_is_found(truths):
    """A scenario that asks for half as many favours as there are fails, and names them."""
    asked = []
    for scenario, table in truths:
        kinds = tuple(
            m.model_copy(update={"officers_per_year": m.officers_per_year / 2})
            if m.kind == "favour" else m
            for m in scenario.misuse
        )  # fmt: skip
        asked.append((scenario.model_copy(update={"misuse": kinds}), table))
    checks, off = audited(asked)
    assert off["campaigns"] == ["favour"]
    assert checks["campaigns of each kind"].passed is False
    assert "favour" in checks["campaigns of each kind"].detail


def test_queries_and_lengths_that_are_not_implied_are_found(truths):
    """Twice the queries of quarrels, and favours that go on for a month longer, are named."""
    asked = []
    for scenario, table in truths:
        queries, end = table["n_queries"].to_numpy().copy(), table["end"].cast(pa.int64())
        queries[of_kind(table, "retaliation")] *= 2
        later = end.to_numpy() + 30 * 86_400_000_000 * of_kind(table, "favour")
        wrong = changed(table, "n_queries", queries)
        asked.append((scenario, changed(wrong, "end", later)))
    _, off = audited(asked)
    assert (off["queries"], off["days"]) == (["retaliation"], ["favour"])
    assert not off["campaigns"]


def test_a_mix_of_rungs_that_is_not_implied_is_found(truths):
    """Declared favours in place of miscoded ones fail; own cases that became any do not."""
    asked = []
    for scenario, table in truths:
        rungs, mine = table["rung"].cast(pa.string()).to_pylist(), of_kind(table, "favour")
        told = [
            "declared" if r == "miscoded" and m else "plausible_case" if r == "own_case" else r
            for r, m in zip(rungs, mine.tolist(), strict=True)
        ]
        place = table.schema.get_field_index("rung")
        column = pa.array(told).cast(table.schema.field(place).type)
        asked.append((scenario, table.set_column(place, table.schema.field(place), column)))
    _, off = audited(asked)
    assert off["rungs"] == ["favour"]


def test_tails_are_those_of_poisson():
    """Of a mean of 4, 12 or more have a chance of 0.0009, 11 or more of 0.0028."""
    chances = tails.distribution([Number(4.0, np.empty(0))], 12)
    assert round(float(chances[12:].sum()), 4) == 0.0009
    assert round(tails.two_sided(chances, 11), 4) == 0.0057
    assert tails.two_sided(chances, 12) < tails.THREE_SIGMA < tails.two_sided(chances, 11)
    assert tails.two_sided(chances, 4) == 1.0


def test_numbers_that_are_or_are_not_are_added():
    """A sure campaign, a coin and a Poisson number of mean 1: none or one with e^-1 / 2 at 1."""
    chances = tails.distribution([Number(1.0, np.array([1.0])), Number(0.0, np.array([0.5]))], 2)
    assert chances[:2].round(4).tolist() == [0.0, 0.1839]


def test_the_implied_rungs_of_levels():
    """Weights 1, 1, 1 + 1 at medium; tilted by 0.1, 0.3 and 1 + 3 at hard."""
    favour = Favour(kind="favour")
    assert rung_shares(favour, "medium").tolist() == [0.25, 0.25, 0.5]
    assert rung_shares(favour, "hard").round(4).tolist() == [0.0227, 0.0682, 0.9091]


def test_the_gait_of_a_level():
    """A level moves sittings after the shift, and leaves their number and queries as they are."""
    county = load_scenario("county", ['level="easy"'])
    favour = next(one for one in county.misuse if one.kind == "favour")
    how = gait(favour, county)
    assert how is not None
    assert how.queries == (1, 1, 2, 3, 5)
    assert how.after == 0.5
    medium = gait(favour, load_scenario("county", ['level="medium"']))
    assert medium is not None
    assert (medium.queries, medium.after, medium.cap) == ((1, 1, 2, 3, 5), 0.2, 116)


def test_an_exact_number_must_be_exact(tmp_path):
    """A desk that is to make 90 checks in a year makes 90; 91 would not conform."""
    asked = ["misuse.0.per_year=90", "days=365"]
    scenario = load_scenario("permit_desk", [*asked, "agency.0.accounts_median=60"])
    table = open_truth(simulate(scenario, tmp_path / "d", outcomes_only=True)).campaigns
    desk, queries = of_kind(table, "permit_checks"), table["n_queries"].to_numpy()
    assert queries[desk].tolist() == [90]
    assert not any(audited([(scenario, table)])[1].values())
    more = changed(table, "n_queries", queries + desk)
    checks, off = audited([(scenario, more)])
    assert off["queries"] == ["permit_checks"]
    assert checks["queries of campaigns"].passed is False


def test_a_single_campaign_can_fail_among_many_kinds(truths):
    """A desk with three times its checks fails one county, whose other kinds are as they should."""
    scenario, table = truths[0]
    queries = table["n_queries"].to_numpy() * np.where(of_kind(table, "permit_checks"), 3, 1)
    checks, off = audited([(scenario, changed(table, "n_queries", queries))])
    assert off["queries"] == ["permit_checks"]
    assert checks["queries of campaigns"].passed is False


def kinds_with(*chances):
    """Return ten kinds of four statistics each, of which the first have such chances."""
    names = ("campaigns", "days", "queries", "rungs")
    tails_of = [dict.fromkeys(names, 0.5) for _ in range(10)]
    for place, chance in enumerate(chances):
        tails_of[place // 4][names[place % 4]] = chance
    return [
        Conformance(f"kind {n}", 9, 9.0, 1.0, 1.0, 1.0, 1.0, (3, 3, 3), (3.0, 3.0, 3.0), t, 0.0108)
        for n, t in enumerate(tails_of)
    ]


@pytest.mark.parametrize(
    ("chances", "failed"),
    [
        ((), 0),
        ((0.0025,), 0),  # a sound set of forty statistics has one such in ten
        ((0.0025, 0.0002), 0),  # and two such in two hundred
        ((0.0025, 0.0002, 0.002), 3),  # but three in five thousand
        ((0.00009,), 1),  # nor is one of ten kinds so far out in a thousand
        ((0.0025, 0.00009), 1),
    ],
)
def test_one_statistic_beyond_three_sigma_is_chance_and_three_are_not(chances, failed):
    """A data set fails for more, or for worse, than 999 of 1,000 sound ones have."""
    kinds = kinds_with(*chances)
    assert len(beyond_chance(kinds)) == failed
    checks = checks_of_conformance(kinds)
    assert sum(check.passed is False for check in checks) == failed
    assert sum("beyond three sigma: kind 0" in check.detail for check in checks) == len(chances)


def test_draws_go_on_until_a_small_chance_is_known():
    """4.4 sigma of a normal distribution are a chance of 1.1 in 100,000 and no more than that."""
    draw = lambda seed: np.random.default_rng([9, seed]).normal(size=10_000)  # noqa: E731
    assert 4e-6 < tails.beyond(draw, 4.4, draw(0)) < 2.5e-5
    assert tails.beyond(draw, 9.0, draw(0)) == 2 / 1_000_001
    assert 0.8 < tails.beyond(draw, 0.1, draw(0)) <= 1


def test_a_mix_far_from_its_shares_has_a_small_chance():
    """Of 20 with even shares, none of one class has 2 x 0.5 ** 20; 15 and 5 have 0.041."""
    even = [np.array([0.5, 0.5])]
    assert tails.misfit([np.array([20.0, 0.0])], even, 10_000, 0) < 1e-5
    assert 0.037 < tails.misfit([np.array([15.0, 5.0])], even, 10_000, 0) < 0.046
