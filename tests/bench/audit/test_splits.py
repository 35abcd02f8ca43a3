"""Splits keep apart what they are to separate; each planted leak is found under its name."""

from __future__ import annotations

import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from misusebench.audit.splits import Sided, checks, split_checks
from misusesim import simulate
from misusesim.dataset.reader import open_dataset
from misusesim.dataset.schema import SIDES, WORD
from misusesim.scenario.load import load_scenario
from misusesim.truth import open_truth

TRAIN, VALID, TEST, STRADDLES = range(4)


def sided(by, **changes):
    """Return ten queries of five officers in two agencies; campaigns 0 and 1 have two each."""
    plain = {
        "side": [TRAIN] * 6 + [VALID] * 2 + [TEST] * 2,
        "received": [0, 10, 20, 30, 40, 50, 60, 70, 80, 90],
        "officer": [0, 0, 1, 1, 2, 2, 3, 3, 4, 4], "agency": [0] * 6 + [1] * 2 + [2] * 2,
        "campaign": [0, 0, -1, -1, -1, -1, -1, -1, 1, 1],
        "held_out": [False] * 8 + [True] * 2, "told": [TRAIN, TEST],
    }  # fmt: skip
    columns = {name: np.array(value) for name, value in {**plain, **changes}.items()}
    return Sided(by=by, horizon=(0, 100), **columns)


def failed(one):
    """Return the names of the checks that failed."""
    return [check.name.partition(": ")[2] for check in checks(one) if check.passed is False]


@pytest.mark.parametrize("by", ["time", "officer", "agency", "kind"])
def test_a_clean_split_passes(by):
    """Nothing is on two sides; shares are told."""
    found = checks(sided(by))
    assert failed(sided(by)) == []
    assert {check.id for check in found} == {"Q15"}
    assert found[-1].detail == (
        "queries, campaigns: train 60.0% and 1, valid 20.0% and 0, test 20.0% and 1"
    )


def test_a_training_row_that_came_after_the_test_began():
    """The last officer's first query is put to training."""
    side = [TRAIN] * 6 + [VALID] * 2 + [TRAIN, TEST]
    assert failed(sided("time", campaign=[-1] * 10, side=side)) == ["training before test"]


def test_a_campaign_over_a_boundary_that_is_not_marked():
    """Its queries stand in two parts, where all should straddle."""
    campaign = [0] * 7 + [-1] * 3
    assert failed(sided("time", campaign=campaign)) == [
        "campaign on one side", "campaigns as told",
    ]  # fmt: skip
    side = [STRADDLES] * 7 + [VALID] + [TEST] * 2
    assert failed(sided("time", campaign=campaign, side=side, told=[STRADDLES])) == []


@pytest.mark.parametrize("by", ["officer", "kind"])
def test_an_officer_on_two_sides(by):
    """One query of officer 2 is in the test."""
    side = [TRAIN] * 5 + [TEST] + [VALID] * 2 + [TEST] * 2
    assert failed(sided(by, side=side)) == ["officer on one side"]


def test_a_campaign_of_two_officers_on_two_sides():
    """Officers 0 and 3 share one, and only one of them trains."""
    campaign = [0] * 2 + [-1] * 4 + [0] * 2 + [1] * 2
    assert failed(sided("officer", campaign=campaign)) == [
        "campaign on one side", "campaigns as told",
    ]  # fmt: skip


def test_an_agency_on_two_sides():
    """One of its officers tests while the others train."""
    side = [TRAIN] * 4 + [TEST] * 2 + [VALID] * 2 + [TEST] * 2
    assert failed(sided("agency", side=side)) == ["agency on one side"]


def test_an_unseen_kind_that_is_seen():
    """A held-out kind in training."""
    assert failed(sided("kind", held_out=[True] * 2 + [False] * 8)) == ["unseen kinds"]


def test_a_campaign_that_is_told_otherwise():
    """The truth of the campaign says another side than that of its queries."""
    assert failed(sided("agency", told=[VALID, TEST])) == ["campaigns as told"]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Return a data set with campaigns that straddle."""
    out = tmp_path_factory.mktemp("split") / "tiny"
    simulate(load_scenario("tiny"), out)
    return out


def found(path):
    """Return the names of the checks that fail on a data set."""
    data = open_dataset(path)
    return [check.name for check in split_checks(data, open_truth(data)) if check.passed is False]


def test_a_data_set_passes(small):
    """All splits of a data set as it is made."""
    assert found(small) == []


def test_a_side_changed_on_disk_is_found(small, tmp_path):
    """Officers who misuse go over to the other side, their campaigns do not."""
    copy = tmp_path / "copy"
    shutil.copytree(small, copy)
    for part in (copy / "truth/officers").glob("*.parquet"):
        rows = pq.ParquetFile(part).read()
        sides = [
            "test" if guilty and side == "train" else side
            for guilty, side in zip(rows["misuses"].to_pylist(),
                                    rows["split_officer"].to_pylist(), strict=True)
        ]  # fmt: skip
        at = rows.schema.names.index("split_officer")
        column = pa.array(sides).dictionary_encode().cast(WORD)
        pq.write_table(rows.set_column(at, rows.schema.field(at), column), part)
    assert set(SIDES) > {"test", "train"}
    assert "by officer: campaigns as told" in found(copy)
