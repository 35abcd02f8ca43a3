"""Misuse among its twins: what a classifier finds, tier by tier, and what the checks say of it."""

from __future__ import annotations

import numpy as np
import pytest

from misusebench.audit.dataset import POLICY_VISIBLE
from misusebench.audit.twin_checks import TOLD_APART_AT, checks_of, checks_of_twins
from misusebench.audit.twins import TIERS, Pairs, Separation, area, pairs, pooled, separations
from misusesim.dataset import schema
from misusesim.dataset.reader import open_dataset
from misusesim.scenario.load import load_scenario
from misusesim.shards import run as simulate
from misusesim.truth import open_truth


def made(told_at=None, kind="favour", officers=60, seed=0):
    """Return two misuse rows of each officer with ten look-alikes, told apart from one tier on."""
    chance = np.random.default_rng(seed)
    rows = officers * 12
    misuse = chance.permuted(np.tile(np.arange(12) < 2, (officers, 1)), axis=1).ravel()
    shown = {tier: chance.normal(size=(rows, 3)) for tier in TIERS}
    if told_at is not None:
        shown[told_at][misuse, 0] += 3
    officer = np.arange(rows) // 12
    campaign = np.where(misuse, officer.astype(str), "")
    return Pairs(np.full(rows, kind), misuse, campaign, officer, shown)


def found(**what):
    """Return the areas of the only kind."""
    (one,) = separations(made(**what), rounds=200)
    return one


def test_what_nothing_tells_apart_is_at_chance():
    """Noise has an area of about one half at every tier, and lies below chance's quantile."""
    one = found()
    assert all(0.4 < one.areas[tier] < 0.6 for tier in TIERS)
    assert 0.5 < one.chance < 0.7


@pytest.mark.parametrize(
    "tier", ["T0", *(pytest.param(t, marks=pytest.mark.long) for t in ("T1", "T2")), "T3"]
)
def test_a_tier_that_tells_is_named(tier):
    """From the tier on in which misuse differs, and not before, it is told apart."""
    areas = found(told_at=tier).areas
    before, after = TIERS[: TIERS.index(tier)], TIERS[TIERS.index(tier) :]
    assert all(areas[name] < 0.65 for name in before)
    assert all(areas[name] > 0.9 for name in after)


def test_too_few_officers_are_not_tried():
    """Nine officers cannot be put into five folds of two."""
    assert found(officers=9).areas == {}


def test_people_of_pooled_sets_are_different():
    """Two sets of sixty officers are a hundred and twenty, with campaigns of their own."""
    both = pooled([made(seed=1), made(seed=2)])
    assert len(np.unique(both.officer)) == 120
    assert len(np.unique(both.campaign[both.misuse])) == 120
    assert both.shown["T2"].shape == (1440, 3)


def test_a_campaign_of_a_kind_in_bulk_counts_once():
    """Of ten rows that rank first and one that ranks last, by campaign, one half is found."""
    rank = np.arange(1.0, 22.0)
    rows = np.array([0, *range(11, 21)])
    by_row = area(rank, rows, np.ones(11))
    by_campaign = area(rank, rows, np.array([1.0, *[0.1] * 10]))
    assert (round(by_row, 3), round(by_campaign, 3)) == (0.909, 0.5)


@pytest.mark.parametrize(
    ("kind", "level", "area_0", "chance", "passed"),
    [
        ("favour", "hard", 0.59, 0.55, True), ("favour", "hard", 0.61, 0.62, True),
        ("favour", "hard", 0.63, 0.62, False), ("favour", "medium", 0.9, 0.6, None),
        ("descriptor", "hard", 0.9, 0.6, None), ("name_hunting", "hard", 0.61, 0.55, False),
    ],
)  # fmt: skip
def test_hidden(kind, level, area_0, chance, passed):
    """At hard, beyond the bound and beyond chance fails; what a rule sees is told only."""
    areas = dict.fromkeys(TIERS, 0.95) | {"T0": area_0}
    hidden, _ = checks_of([Separation(kind, 20, 40, areas, chance)], level)
    assert (hidden.id, hidden.name, hidden.passed) == ("Q7", f"{kind} among its twins", passed)


@pytest.mark.parametrize(("alone", "passed"), [(2, True), (3, False)])
def test_misuse_like_no_honest_row_is_seen(alone, passed):
    """Of a hundred queries two may be like none of an honest officer of the role, not three."""
    one = Separation("favour", 20, 100, dict.fromkeys(TIERS, 0.5), 0.6, alone)
    assert checks_of([one], "hard")[0].passed is passed


@pytest.mark.parametrize(
    ("kind", "context", "passed"),
    [("retaliation", 0.71, True), ("retaliation", 0.69, False), ("name_hunting", 0.5, None)],
)
def test_told_apart(kind, context, passed):
    """With the tier that is to tell a kind apart, the area is 0.7 at least."""
    areas = dict.fromkeys(TIERS, 0.5) | {"T3": context}
    _, apart = checks_of([Separation(kind, 20, 40, areas, 0.6)], "hard")
    assert apart.passed is passed


def test_every_kind_has_a_tier_or_a_rule():
    """No kind is forgotten: from some tier on, by nothing, or by a written rule."""
    assert set(TOLD_APART_AT) | set(POLICY_VISIBLE) == set(schema.MISUSE_KINDS)
    assert not set(TOLD_APART_AT) & set(POLICY_VISIBLE)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Return four weeks of the family's county with much misuse of one kind."""
    out = tmp_path_factory.mktemp("twins") / "data"
    sets = ['misuse=[{kind="favour",officers_per_year=1.0}]', "days=28"]
    simulate(load_scenario("S-HI-hard", sets), out)
    return open_dataset(out)


def test_look_alikes_are_honest_rows_of_the_same_agency(small):
    """Twenty for each misuse row, and the surface holds no identity."""
    some = pairs(small, open_truth(small))
    rows = int(some.misuse.sum())
    assert rows > 20
    assert len(some.misuse) == 21 * rows
    assert (some.campaign[~some.misuse] == "").all()
    assert len(np.unique(some.officer)) > 30
    assert {tier: values.shape[1] for tier, values in some.shown.items()}["T3"] == 1
    assert some.shown["T0"].std(axis=0).max() < 10_000  # no key, no time since an epoch


def test_checks_of_a_data_set(small):
    """Hidden at the surface, found by ties; twins are counted at the natural rate."""
    checks = {check.name: check for check in checks_of_twins([small], "hard", rounds=200)}
    assert checks["favour among its twins"].passed
    assert checks["favour told apart with context"].passed
    assert checks["twins of each misuse query"].bound == "≥ 10"
