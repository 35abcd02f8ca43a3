"""Sides of splits: of times, officers, groups of officers, agencies, kinds, and of each query."""

from __future__ import annotations

import numpy as np
import pytest

from misusesim import simulate, splits
from misusesim.dataset.schema import MISUSE_KINDS, TRUTH_OFFICERS
from misusesim.errors import DatasetError, UsageError
from misusesim.scenario.load import load_scenario
from misusesim.truth import open_truth

#: One or two of each family, by the files of misusesim/misuse/.
FAMILIES = (
    ("romantic_interest", "retaliation", "dating_screening", "name_hunting", "favour",
     "self_lookup", "celebrity", "descriptor"),
    ("selling", "personal_business"),
    ("permit_checks", "wrong_code", "immigration", "protest", "health"),
    ("credential_sharing", "ghost_account"),
    ("bulk_harvest", "live_testing", "scope_excess"),
)  # fmt: skip


def test_each_family_has_kinds_of_both_sides():
    """One or two kinds of each family are held out, and the families are all kinds."""
    assert sorted(kind for family in FAMILIES for kind in family) == sorted(MISUSE_KINDS)
    for family in FAMILIES:
        held = [kind for kind in family if splits.by_kind(kind) == splits.TEST]
        assert 1 <= len(held) <= 2
        assert len(held) < len(family)


def test_times_go_by_sixty_and_eighty_percent():
    """A boundary belongs to the later part."""
    times = np.array([0, 599, 600, 799, 800, 999])
    assert splits.boundaries((0, 1000)) == (600, 800)
    assert splits.by_time(times, (0, 1000)).tolist() == [0, 0, 1, 1, 2, 2]


def test_sides_of_officers_and_agencies_are_fixed():
    """The same seed gives the same sides in every version; changing them is a change of data."""
    agency, group = np.array([0, 0, 0, 0, 0, 1, 1, 1]), np.array([0, 1, 2, 3, 4, 0, 1, 2])
    assert splits.by_officer(11, agency, group).tolist() == [0, 0, 0, 2, 0, 2, 2, 0]
    assert splits.by_agency(11, np.arange(8)).tolist() == [0, 0, 2, 1, 0, 1, 0, 1]


def test_three_fifths_train():
    """Of 100,000 officers 60, 20 and 20 in a hundred, within 4 standard errors."""
    side = splits.by_officer(5, np.zeros(100_000, np.int64), np.arange(100_000))
    for count, share in zip(np.bincount(side), (0.6, 0.2, 0.2), strict=True):
        assert abs(count - 100_000 * share) < 4 * np.sqrt(100_000 * share * (1 - share))


def test_who_shares_a_campaign_is_one_group():
    """Over others too, whatever the order of campaigns; the first officer names it."""
    together = [(7, 5), (2,), (5, 3), (8, 9)]
    assert splits.groups(10, together).tolist() == [0, 1, 2, 3, 4, 3, 6, 3, 8, 8]
    assert splits.groups(10, together[::-1]).tolist() == splits.groups(10, together).tolist()


def sides(path, by):
    """Return the side of each query of a data set."""
    table = open_truth(path).split(by)
    return dict(zip(table["query_id"].to_pylist(), table["side"].to_pylist(), strict=True))


@pytest.mark.parametrize(("by", "side"), [
    ("time", ("train",) * 4), ("officer", ("test", "test", "test", "train")),
    ("agency", ("valid",) * 4), ("kind", ("train", "train", "train", "train")),
])  # fmt: skip
def test_sides_of_four_queries(handmade, by, side):
    """Three queries of an officer of the test and one of another; all on the first day."""
    found = sides(handmade, by)
    assert [found[query] for query in (11, 2**64 - 1, 12, 13)] == list(side)


def test_an_unknown_split_is_said(handmade):
    """With what there is."""
    with pytest.raises(UsageError, match="no split by moon; there are time, officer, agency, kind"):
        open_truth(handmade).split("moon")


def test_a_log_of_another_scenario_is_refused(handmade):
    """An agency that neither truth nor scenario knows has no side."""
    truth = open_truth(handmade)
    truth.__dict__["officers"] = TRUTH_OFFICERS.empty_table()  # a data set without people
    with pytest.raises(DatasetError, match="agencies that its scenario has not"):
        truth.split("agency")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Return a data set with campaigns over both boundaries."""
    out = tmp_path_factory.mktemp("splits") / "tiny"
    simulate(load_scenario("tiny"), out)
    return out


def test_queries_of_a_straddling_campaign_straddle(tiny):
    """All of them, and no other query."""
    truth, found = open_truth(tiny), sides(tiny, "time")
    told = dict(zip(truth.campaigns["campaign_id"].to_pylist(),
                    truth.campaigns["split_time"].to_pylist(), strict=True))  # fmt: skip
    assert set(told.values()) == {"train", "valid", "test", "straddles"}
    rows = truth.queries.select(["query_id", "campaign_id"]).to_pylist()
    for row in rows:
        if row["campaign_id"] is None:
            assert found[row["query_id"]] != "straddles"
        else:
            assert found[row["query_id"]] == told[row["campaign_id"]]


@pytest.mark.parametrize("by", ["officer", "kind"])
def test_no_officer_is_on_two_sides(tiny, by):
    """Each officer's queries are on one."""
    truth, found = open_truth(tiny), sides(tiny, by)
    log = truth._dataset.log(["query_id", "officer_id"]).to_pylist()
    seen: dict[str, set[str]] = {}
    for row in log:
        seen.setdefault(row["officer_id"], set()).add(found[row["query_id"]])
    assert {len(one) for one in seen.values()} == {1}


def test_sides_do_not_depend_on_workers(tiny, tmp_path):
    """The truth of officers and campaigns is the same of two workers."""
    simulate(load_scenario("tiny"), tmp_path / "two", workers=2)
    one, two = open_truth(tiny), open_truth(tmp_path / "two")
    for name in ("officers", "campaigns", "reasons"):
        assert getattr(one, name).to_pylist() == getattr(two, name).to_pylist()
