"""What the author of denied misuse does next depends on his kind, his rung and his cover."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from tests.sim.query import shard

from misusesim.dataset.schema import COVERS, MISUSE_KINDS, PURPOSES, REACTIONS, RUNGS
from misusesim.misuse import denied
from misusesim.query import reactions
from misusesim.query.reactions import _bounds, _picked

WORLD = shard.world()
PLAN = shard.plan(WORLD)
COUNT = 2000


def first_steps(kind, rung="miscoded", *, asks_for=-1, says_purpose=None):
    """Return the first reactions to 2,000 rows of one kind and rung."""
    one = replace(
        PLAN.campaigns, kind=np.full(4, MISUSE_KINDS.index(kind), np.int8),
        rung=np.full(4, RUNGS.index(rung), np.int8),
        cover=np.full(4, COVERS.index("none"), np.int8), asks_for=np.full(4, asks_for, np.int32),
    )  # fmt: skip
    more = {} if says_purpose is None else {"says_purpose": PURPOSES.index(says_purpose)}
    found = shard.shard(shard.dishonest(1, count=COUNT, **more), campaigns=one)
    return [row for row in found.reactions.to_pylist() if row["step"] == 0]


def shares(rows):
    """Return the share of each reaction in percent, rounded."""
    counts = Counter(row["reaction"] for row in rows)
    return [round(100 * counts[name] / len(rows)) for name in REACTIONS]


def test_every_kind_has_its_persistence():
    """A kind of the contract without weights, or weights of no kind, would go unseen."""
    assert set(denied.PERSISTENCE) == set(MISUSE_KINDS)


def test_weights_are_shares_of_a_hundred():
    """Each row of a kind adds up to 100, so that a weight reads as a percentage."""
    for kind, steps in denied.PERSISTENCE.items():
        assert [sum(weights) for weights in steps] == [100, 100], kind


def test_nobody_gives_up_less_after_a_second_denial():
    """Persistence wears off, for every kind."""
    for kind, (first, second) in denied.PERSISTENCE.items():
        assert second[0] > first[0], kind


@pytest.mark.parametrize(("kind", "rung", "percent"), [
    ("romantic_interest", "declared", (16, 48, 17, 14, 2, 3, 0)),
    ("romantic_interest", "own_case", (26, 39, 3, 24, 3, 5, 0)),
    ("permit_checks", "declared", (6, 49, 2, 3, 2, 34, 5)),
    ("self_lookup", "plausible_case", (78, 6, 1, 4, 1, 9, 1)),
    ("selling", "plausible_case", (19, 16, 7, 52, 1, 5, 0)),
    ("bulk_harvest", "miscoded", (58, 0, 0, 0, 0, 42, 0)),
    ("ghost_account", "miscoded", (47, 15, 27, 0, 2, 10, 0)),
])  # fmt: skip
def test_first_steps_have_the_shares_of_kind_and_rung(kind, rung, percent):
    """Weights times what the rung changes, within 4 standard errors of 2,000 rows."""
    assert shares(first_steps(kind, rung)) == pytest.approx(percent, abs=5)


def test_who_asked_a_colleague_does_not_ask_again_first():
    """Of sales half ask a colleague at once; where one ran it already nobody does."""
    rows = first_steps("selling", "plausible_case", asks_for=5)
    assert shares(rows)[REACTIONS.index("ask_colleague")] == 0
    assert shares(first_steps("selling", "plausible_case"))[3] == pytest.approx(52, abs=5)


def test_a_ghost_asks_no_colleague():
    """Nobody may know that the account is in use: neither first nor second, on any rung."""
    code = MISUSE_KINDS.index("ghost_account")
    for step in (0, 1):
        rows = denied.chances(step)
        some = [rows[denied.place(code, rung, asked)] for rung in range(4) for asked in (0, 1)]
        assert {row[REACTIONS.index("ask_colleague")] for row in some} == {0}


def test_a_shared_account_is_used_by_its_holder_at_his_desk():
    """The colleague asked is the one whose account it is, at the terminal of his own."""
    holder = PLAN.officers.officer_id[shard.DETECTIVE]
    terminal = PLAN.terminals.terminal_id[PLAN.officers.desk_terminal[shard.DETECTIVE]]
    asked = [r for r in first_steps("credential_sharing") if r["reaction"] == "ask_colleague"]
    assert {r["replaced"] for r in asked} == {
        json.dumps({"officer_id": holder, "terminal_id": terminal}, separators=(",", ":"))
    }


def test_others_ask_somebody_else():
    """The colleague is anybody but the author, and nothing else changes."""
    asked = [r for r in first_steps("selling") if r["reaction"] == "ask_colleague"]
    changed = [json.loads(r["replaced"]) for r in asked]
    assert {tuple(fields) for fields in changed} == {("officer_id",)}
    assert PLAN.officers.officer_id[shard.DETECTIVE] not in {f["officer_id"] for f in changed}


@pytest.mark.parametrize(
    ("said", "next_ones"),
    [("criminal", {"officer_safety"}), ("officer_safety", {"criminal"}),
     ("other", {"criminal", "officer_safety"})],
)  # fmt: skip
def test_recoding_says_something_else(said, next_ones):
    """The purpose that was denied is not declared again."""
    rows = first_steps("wrong_code", "declared", says_purpose=said)
    recoded = [json.loads(r["replaced"]) for r in rows if r["reaction"] == "recode"]
    assert {fields["declared_purpose"] for fields in recoded} == next_ones


def test_picking_by_bounds():
    """Weights 3 to 1 end at 49,152 and 65,536; the upper 16 bits say which it is."""
    bounds = _bounds([[3, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1]])
    assert bounds.tolist() == [[49_152, 65_536, *[65_536] * 5], [0] * 6 + [65_536]]
    upper = np.array([0, 49_151, 49_152, 65_535, 0], np.uint64) << np.uint64(48)
    who = np.array([0, 0, 0, 0, 1], np.int16)
    assert _picked(bounds, who, upper).tolist() == [0, 0, 1, 1, 6]


def test_there_is_a_row_for_everybody():
    """Two of honest officers and one for each kind, rung and whether a colleague was asked."""
    assert [len(rows) for rows in reactions._STEPS] == [2 + 20 * 4 * 2] * 2
