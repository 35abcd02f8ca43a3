"""Policy and detector together: what each way stops, and what a detector sees of a policy."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from tests.bench.literal import batch

from misusebench.detectors.denials import Denials
from misusebench.errors import SuiteError
from misusebench.metrics import Decided, Followed, Tally, labelled, remains
from misusebench.metrics.decided import DENY, PERMIT
from misusebench.policy_bench.pipelines import (
    by_kind,
    challenged,
    pipelines,
    render,
    render_kinds,
    verdict,
)
from misusebench.suite import load_suite
from misusesim.dataset.schema import REACTIONS


def _denied(rows, words):
    column = pa.array(words, pa.string()).dictionary_encode()
    return rows.append_column("prior_decision", column)


def test_denials_count_the_officers_own_within_the_span():
    """Not those of others, not older ones; in one batch or in two, the same."""
    asked = (("o1", 1), ("o1", 2), ("o2", 2), ("o1", 3), ("o1", 16), ("o1", 17))
    rows = [{"officer_id": who, "time": f"2024-03-{day:02d} 10:00"} for who, day in asked]
    words = ["deny", "permit", "permit", "deny", "permit", None]
    whole = Denials().score(_denied(batch(*rows), words))
    assert whole.tolist() == [1, 1, 0, 2, 1, 0]
    two, made = Denials(), []
    for part in (slice(0, 3), slice(3, 6)):
        made += two.score(_denied(batch(*rows[part]), words[part])).tolist()
    assert made == whole.tolist()
    assert Denials().score(batch(*rows)).tolist() == [0] * 6


def _suite(tmp_path, after, more=""):
    path = tmp_path / "s.toml"
    path.write_text(f'[[detector]]\nname = "denials"\nafter = "{after}"\n'
                    f'[[policy]]\nname = "reference"\n{more}')  # fmt: skip
    return load_suite(path)


def test_a_suite_names_the_policy_that_runs_first(tmp_path):
    """By its name in the suite; another name, or a policy after one, is refused."""
    assert _suite(tmp_path, "reference").components[0].after == "reference"
    with pytest.raises(SuiteError, match="after names the policy other; the suite"):
        _suite(tmp_path, "other")
    with pytest.raises(SuiteError, match="only a detector can run after a policy"):
        _suite(tmp_path, "reference", 'after = "reference"\n')


def _pair():
    """Return two campaigns of two queries each and four honest queries, on two days.

    The policy denies both queries of the first campaign and one honest query; the detector ranks
    the second campaign's officer first.
    """
    rows = {
        "officer": np.array([0, 0, 1, 1, 2, 2, 3, 3]), "day": np.array([0, 1, 0, 1, 0, 1, 0, 1]),
        "campaign": np.array([0, 0, 1, 1, -1, -1, -1, -1]),
        "kind": np.array([0, 0, 2, 2, -1, -1, -1, -1]),
    }  # fmt: skip
    positive = np.arange(8) < 4
    outcome = np.array([DENY, DENY, PERMIT, PERMIT, DENY, PERMIT, PERMIT, PERMIT], np.int8)
    score = np.array([0.1, 0.1, 9.0, 9.0, 0.2, 0.1, 0.1, 0.2])
    decided = Decided(labelled(np.zeros(8), positive, **rows), outcome,
                      (outcome == DENY).astype(np.int32), [((), ()), (("a",), ())])  # fmt: skip
    return decided, Tally(labelled(score, positive, **rows), budget=1)


def test_five_ways_side_by_side():
    """The policy stops one campaign, the detector the other, both together both."""
    decided, tally = _pair()
    found = {one.name: one for one in pipelines(decided, tally)}
    told = {name: (one.campaigns, one.prevented, one.hindered) for name, one in found.items()}
    assert told == {
        "policy only": (0.5, 0.5, 0.25), "detector only": (0.5, 0.0, 0.0),
        "policy, then detector": (1.0, 0.5, 0.25), "policy in shadow": (0.5, 0.0, 0.0),
        "score challenges": (0.25, 0.0, 0.0),
    }  # fmt: skip
    assert found["policy in shadow"].would_block == 0.25
    assert found["score challenges"].challenged == 0.25
    assert found["detector only"].accusations == pytest.approx(1_000 / (4 / 365.25))
    assert "| policy, then detector | 100.0% | 50.0% | 0.0% | 25.0% |" in render(found.values())[4]


def test_what_comes_back_is_not_stopped():
    """The first campaign's second query returns and passes: half of the campaign is left."""
    decided, tally = _pair()
    decided.followed = Followed(
        np.array([1]), np.zeros(1, np.int8), np.array([REACTIONS.index("recode")], np.int8),
        np.array([60]), np.array([PERMIT], np.int8),
    )  # fmt: skip
    assert remains(decided).tolist() == [0.5, 0.0]
    assert (pipelines(decided, tally)[0].campaigns, pipelines(decided, tally)[0].prevented) == (
        0.25, 0.25,
    )  # fmt: skip


def test_the_matrix_of_each_kind():
    """One kind is the policy's, one the detector's."""
    decided, tally = _pair()
    campaigns = decided.scored.campaigns
    told = by_kind(campaigns.kind, decided.scored.kinds, tally.caught, remains(decided))
    assert told["permit_checks"]["policy_only"] == 1.0
    assert told["retaliation"]["detector_only"] == 1.0
    assert [verdict(told[k]) for k in sorted(told)] == ["policy only", "detector only"]
    assert render_kinds(told)[2].endswith("| policy only |")


def _raised(score, days, budget=1):
    score = np.array(score, float)
    return challenged(labelled(score, np.zeros(len(score), bool), day=np.array(days)), budget)


def test_a_challenge_looks_at_earlier_scores_only():
    """Whatever later scores are, the challenged rows of a day stay the same."""
    days = [0, 0, 0, 1, 1, 2, 2]
    first = _raised([1, 2, 3, 3, 5, 3.5, 0], days)
    assert first.tolist() == [False, False, False, True, False, True, False]
    other = _raised([1, 2, 3, 3, 5, 99, 99], days)
    assert other[:5].tolist() == first[:5].tolist()


def test_as_many_are_challenged_as_can_be_read():
    """Ties at the bound take what there is room for, by arrival; on average the budget a day."""
    days = np.repeat(np.arange(20), 50)
    chance = np.random.default_rng(3)
    told = _raised(chance.integers(0, 5, 1000), days, 3)
    assert np.bincount(days[told], minlength=20).tolist() == [0] + [3] * 19
    fine = _raised(chance.random(1000), days, 3)
    counted = np.bincount(days[fine], minlength=20)
    assert counted.max() == 3
    assert counted[1:].mean() > 2


def test_the_least_score_challenges_nobody():
    """Nine in ten scores are 0, and so is the bound: 0 says nothing, what is above it does."""
    days = np.repeat(np.arange(3), 10)
    score = np.zeros(30)
    assert not _raised(score, days, 4).any()
    score[[5, 15, 25]] = 1.0
    assert np.flatnonzero(_raised(score, days, 4)).tolist() == [15, 25]
