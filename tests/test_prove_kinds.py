"""Tables of the proofs by kind: who catches most, and what was joined to the log for it."""

from __future__ import annotations

import pytest


def recall(**by_kind):
    """Return metrics of campaigns caught by kind, four of each, and what no table reads."""
    told = {f"campaign_recall/{kind}": {"value": v, "n": 4} for kind, v in by_kind.items()}
    return told | {"campaign_recall": {"value": 0.5}, "campaign_recall/favour/own_case": {}}


@pytest.fixture
def kinds(proof):
    return proof("shared.kinds")


def test_the_most_of_each_family_is_told(kinds):
    """The best, the best of another family, and random scores; means over two worlds."""
    one = {"random": recall(favour=0.25), "knn": recall(favour=1.0), "hbos": recall(favour=0.75),
           "rules": recall(favour=0.5)}  # fmt: skip
    two = one | {"rules": recall(favour=0.0)}
    assert kinds.by_family([one, two], ["rules", "hbos", "knn"])[2:] == [
        "| favour | 8 | knn | outliers in a table | 100% | written rules (rules) | 25% | 25% |"
    ]


def test_a_kind_that_nobody_was_measured_on_has_dashes(kinds):
    """As where every rival was INVALID."""
    (line,) = kinds.by_family([{"random": recall(favour=0.25)}], ["knn"])[2:]
    assert line == "| favour | 4 | - | - | - | - | - | - |"


def test_the_best_at_each_tier_is_named(kinds):
    """None is named where nobody catches any; a dash is where nobody ran."""
    one = {
        "random-T0": recall(favour=0.0, health=0.0),
        "loda-T0": recall(favour=0.0, health=0.25), "rules-T0": recall(favour=0.0, health=0.5),
        "loda-T1": recall(favour=0.75, health=0.25), "rules-T1": recall(favour=0.5, health=0.0),
    }  # fmt: skip
    assert kinds.by_tier([one], ["loda", "rules"], "random-T0")[2:] == [
        "| favour | 4 | 0% | 75% (loda) | - | - |",
        "| health | 4 | 50% (rules) | 25% (loda) | - | - |",
    ]
