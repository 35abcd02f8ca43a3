"""A detector in a team's own test suite: the two fixtures come with the package.

pytest examples/ci/test_detector.py
"""

from __future__ import annotations


def test_the_detector_finds_misuse(misuse_dataset, misuse_bench):
    """Surely more than a fifth of the campaigns, when reviewers read 20 alerts a day."""
    data = misuse_dataset("tiny", seed=7)
    result = misuse_bench(data, detector="rules")
    assert result.metric("campaign_recall@20").lower > 0.2


def test_a_policy_stops_misuse_and_not_work(misuse_dataset, misuse_bench):
    """Half of the misuse, and at most one honest query in ten."""
    data = misuse_dataset("tiny", seed=7)  # made once in a session
    result = misuse_bench(data, policy="reference", parameters={"policy": "eleven_rules"})
    assert result.metric("misuse_prevented").value > 0.1
    assert result.metric("honest_blocked").upper < 0.1
