"""Policies asked again with a fact missing: who opens, who stays shut, what is not tried."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from misusebench import metrics
from misusebench.isolated import Decisions
from misusebench.metrics.decided import example
from misusebench.policies.source import policy_source
from misusebench.policy_bench.left_out import left_out, names_to_leave_out

FACTS = pa.table({
    "query_id": pa.array(range(6), pa.uint64()),
    "action.name": ["query"] * 6,
    "context.case": ["x", "x", None, "x", "y", "x"],
    "officer.on_shift": [False, False, False, True, True, True],
})  # fmt: skip


def decide(facts: pa.Table) -> Decisions:
    """Deny who is off shift or has case y; who fails open permits where the shift is unknown."""
    rows = facts.to_pylist()
    denied = [row["officer.on_shift"] is False or row["context.case"] == "y" for row in rows]
    return Decisions(np.array(denied, np.int8), np.zeros(len(rows), np.int32), [([], [])])


def test_what_opens() -> None:
    """Rows denied for one fact open without it; one denied row has no case to leave out."""
    names = names_to_leave_out(FACTS, None)
    assert names == ["context.case", "officer.on_shift"]
    said = decide(FACTS)
    assert said.outcome.tolist() == [1, 1, 1, 0, 1, 0]
    assert left_out(FACTS, said, decide, names).tolist() == [1, 1, 1, -1, 1, -1]
    assert left_out(FACTS, said, decide, names[:1]).tolist() == [0, 0, 0, -1, 1, -1]
    assert left_out(FACTS, said, decide, names, most=2).tolist() == [1, -1, -1, -1, 1, -1]


def test_what_is_not_tried() -> None:
    """Answers with an error, and a policy that denies nothing."""
    faulty = Decisions(np.ones(6, np.int8), np.array([0, 1] * 3, np.int32), [([], []), ([], ["e"])])
    tried = left_out(FACTS, faulty, decide, ["officer.on_shift"])
    assert tried.tolist() == [1, -1, 1, -1, 0, -1]
    open_to_all = Decisions(np.zeros(6, np.int8), np.zeros(6, np.int32), [([], [])])
    assert set(left_out(FACTS, open_to_all, decide, ["officer.on_shift"]).tolist()) == {-1}


def test_facts_with_a_default_may_be_missing() -> None:
    """A policy as data says which facts it names, and which it does without."""
    source = policy_source("eleven_rules")
    facts = pa.table({"officer.role": ["patrol"], "context.unknown_to_it": ["x"]})
    assert names_to_leave_out(facts, source) == ["officer.role"]


def test_the_metric() -> None:
    """Null with a reason where nothing was tried; a share of those tried elsewhere."""
    small = example()
    assert metrics.compute_policy(small)["fail_open_rate"].value == pytest.approx(0.5)
    small = example()
    small.left_out = None
    told = metrics.compute_policy(small)["fail_open_rate"]
    assert (told.value, told.reason) == (None, "nothing was denied, or it was not asked again")
