"""What a component found, by campaign and rule."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
from tests.bench.dataset import small_world

from misusebench.answers import align
from misusebench.component import Alert
from misusebench.found import by_rule, found_campaigns

if TYPE_CHECKING:
    from misusebench.answers import Answers


def answers() -> Answers:
    """Return the truth of the hand-made world, all of it scored."""
    log, _, truth = small_world()
    return align(log, SimpleNamespace(sparse=False, **truth), 0, 0)


def alert(rule: str, evidence: list[int]) -> Alert:
    """Return an alert on some queries."""
    return Alert("query", "k", 0, 1.0, tuple(evidence), "why", rule)


def test_found_from_a_half() -> None:
    """Ids by kind, from a chance of a half."""
    one = answers()
    share = np.array([{"c-permit": 0.5, "c-romance": 0.49}.get(c, 1.0)
                      for c in one.campaigns.campaign_id])  # fmt: skip
    found = found_campaigns(one, share)
    assert found == {"permit_checks": ["c-permit"], "retaliation": ["c-revenge"]}


def test_by_rule() -> None:
    """Each misuse query and campaign once, however many alerts show it; honest ones not at all."""
    one = answers()
    revenge = one.campaigns.campaign_id.index("c-revenge")
    own = one.query_id[one.campaign == revenge].tolist()
    honest = one.query_id[~one.positive].tolist()[:4]
    raised = [
        alert("a", own[:2]),
        alert("a", own[1:3] + honest),
        alert("b", honest),
        alert("", own),
    ]
    assert by_rule(one, raised) == {
        "a": {"campaigns": 1, "queries": 3}, "b": {"campaigns": 0, "queries": 0},
    }  # fmt: skip
