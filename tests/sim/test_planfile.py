"""A plan on disk is the plan that was made."""

from __future__ import annotations

import dataclasses
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from tests.sim.neighbours import block_of

from misusesim.dataset.writer import sha256_of
from misusesim.planfile import GROUPS, load_block, save_block
from misusesim.query import expand


def _synthetic():
    path = Path(__file__).parent / "synthetic_plan.py"
    spec = importlib.util.spec_from_file_location("synthetic_plan", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def world():
    return _synthetic().scenario(days=7)


@pytest.fixture(scope="module")
def plan(world):
    made = _synthetic().plan(world, 300, misuse=20, odd=20, suspended=True)
    return block_of([made, made])  # two of a kind share a block


def test_every_column_comes_back(tmp_path, plan):
    """Values, types and texts are the same after the disk."""
    save_block(tmp_path, ".work/plans/a00000", plan)
    loaded = load_block(tmp_path, ".work/plans/a00000")
    assert loaded.agencies == plan.agencies
    np.testing.assert_array_equal(loaded.officer_place, plan.officer_place)
    np.testing.assert_array_equal(loaded.terminal_place, plan.terminal_place)
    for group in GROUPS:
        before, after = getattr(plan, group), getattr(loaded, group)
        for f in dataclasses.fields(before):
            old, new = getattr(before, f.name), getattr(after, f.name)
            if isinstance(old, tuple):
                assert new == old
            else:
                assert new.dtype == old.dtype, (group, f.name)
                np.testing.assert_array_equal(new, old)


def test_a_stored_plan_expands_to_the_same_rows(tmp_path, world, plan):
    """Rows do not depend on whether the plan was on disk in between."""
    save_block(tmp_path, "plan", plan)
    one, two = expand(world, plan, 0), expand(world, load_block(tmp_path, "plan"), 0)
    assert one.log.num_rows > 300
    assert two.log.equals(one.log)
    assert two.truth.equals(one.truth)
    assert two.reactions.equals(one.reactions)


def test_equal_plans_give_equal_bytes(tmp_path, plan):
    """A plan made again has the hashes the ledger knows."""
    one = save_block(tmp_path / "one", "plan", plan)
    assert save_block(tmp_path / "two", "plan", plan) == one
    assert all(e.sha256 == sha256_of(tmp_path / "one" / e.path) for e in one)
    assert len(one) == len(GROUPS)


def test_groups_without_rows_keep_their_types(tmp_path, plan):
    """An agency without campaigns and cases is stored like any other."""
    nothing = {
        name: type(getattr(plan, name))(
            **{
                f.name: getattr(getattr(plan, name), f.name)[:0]
                for f in dataclasses.fields(getattr(plan, name))
            }
        )
        for name in ("campaigns", "cases", "suspensions", "occasions")
    }
    save_block(tmp_path, "plan", dataclasses.replace(plan, **nothing))
    loaded = load_block(tmp_path, "plan")
    assert len(loaded.occasions) == 0
    assert loaded.campaigns.campaign_id.dtype == object
    assert loaded.suspensions.officer.dtype == np.int32
