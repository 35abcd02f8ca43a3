"""Policy and detector together in a run: what comes back and passes was not stopped."""

from __future__ import annotations

import numpy as np
import pytest
from tests.bench.test_run import LOG, MANIFEST, bench, truth_of

from misusebench.answers import align
from misusebench.isolated import Decisions
from misusebench.judging import Judging
from misusebench.metrics.decided import DENY, NOT_ASKED, PERMIT, Followed
from misusebench.outcomes import Outcome
from misusebench.suite import parse_component
from misusesim.dataset.schema import REACTIONS


def _combined(tmp_path, back):
    """Judge a policy that denies all misuse; a share of it comes back, None: nobody was asked."""
    ready = bench()
    answers = align(LOG, truth_of(), ready.first, ready.end_us)
    judging = Judging(ready, answers, tmp_path, keep=False)
    denied = answers.positive
    policy = Outcome(parse_component("policy", "reference"), "T2")
    policy.decisions = Decisions(
        np.where(denied, DENY, PERMIT).astype(np.int8), denied.astype(np.int32),
        [([], []), (["A"], [])],
    )  # fmt: skip
    if back is not None:
        row = np.flatnonzero(denied)
        passed = np.zeros(len(row), np.bool_)
        for campaign in range(len(answers.campaigns.kind)):
            own = np.flatnonzero(answers.campaign[row] == campaign)
            passed[own[: round(back * len(own))]] = True
        policy.followed = Followed(
            row, np.zeros(len(row), np.int8),
            np.where(passed, REACTIONS.index("recode"), REACTIONS.index("give_up")).astype(np.int8),
            np.full(len(row), 60), np.where(passed, PERMIT, NOT_ASKED).astype(np.int8),
        )  # fmt: skip
    for outcome in (policy, Outcome(parse_component("detector", "label_oracle"), "T3")):
        judging.judged(outcome)
    return judging.combined()["label_oracle"]["reference"]


@pytest.mark.parametrize(
    ("back", "stops", "followed"), [(0.0, 1.0, True), (1.0, 0.0, True), (None, 1.0, False)]
)
def test_the_matrix_counts_what_does_not_come_back(tmp_path, back, stops, followed):
    """All denied, and all or none of it comes back; unless nobody was asked, which it says."""
    cell = _combined(tmp_path, back)
    assert cell["policy_only"] + cell["both"] == pytest.approx(stops)
    assert cell["followed"] is followed


def test_half_of_a_campaign_that_comes_back_is_half_stopped(tmp_path):
    """Within one query of each campaign's half."""
    cell = _combined(tmp_path, 0.5)
    assert 0.4 < cell["policy_only"] + cell["both"] < 0.6


@pytest.mark.parametrize(("truth", "each"), [("full", 64), ("sparse", 1)])
def test_a_run_counts_who_was_sampled_for_his_like(tmp_path, monkeypatch, truth, each):
    """Nothing speaks against any query of this world; in a sparse truth no plain work is asked."""
    monkeypatch.setitem(MANIFEST, "truth", truth)
    ready = bench()
    answers = align(LOG, truth_of(), ready.first, ready.end_us)
    size = len(answers.positive)
    policy = Outcome(parse_component("policy", "reference"), "T2")
    policy.decisions = Decisions(
        np.full(size, DENY, np.int8), np.zeros(size, np.int32), [(["A"], [])]
    )
    policy.followed = Followed(
        np.arange(size), np.zeros(size, np.int8),
        np.full(size, REACTIONS.index("give_up"), np.int8), np.full(size, 60),
        np.full(size, NOT_ASKED, np.int8),
    )  # fmt: skip
    told = Judging(ready, answers, tmp_path, keep=False).judged(policy).diagnostics["displacement"]
    honest, misuse = told["honest"], told["misuse"]
    assert honest["asked"] > 100
    assert honest["stands_for"] == each * honest["asked"]
    assert misuse["stands_for"] == misuse["asked"] > 0
