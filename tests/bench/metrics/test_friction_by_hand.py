"""Urgent queries blocked, challenges, emergencies and who bears it, counted on paper."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from tests.bench.literal import table

from misusebench.metrics import Decided, blocks_by, compute_policy, labelled
from misusebench.metrics.decided import CHALLENGE, DENY, NOT_ASKED, PERMIT, Followed
from misusebench.metrics.friction import (
    break_glass_abuse,
    break_glass_rate,
    honest_delay,
    honest_recovered,
)
from misusesim.dataset.schema import REACTIONS

GLASS = REACTIONS.index("break_glass")


def ward(**changes: object) -> Decided:
    """Return two misuse queries of officer 0 and four honest ones of officers 1 and 2."""
    rows = labelled(np.zeros(6), np.arange(6) < 2, officer=np.array([0, 0, 1, 1, 2, 2]))
    given: dict[str, object] = {
        "urgent": np.array([1, 0, 1, 1, 0, 1], bool), "shifts": np.array([4.0, 2.0, 2.0]),
    } | changes  # fmt: skip
    outcome = np.array([DENY, PERMIT, DENY, PERMIT, DENY, CHALLENGE], np.int8)
    return Decided(rows, outcome, np.zeros(6, np.int32), [((), ())], **given)  # type: ignore[arg-type]


def test_urgent_honest_queries_that_are_hindered() -> None:
    """Rows 2 (denied) and 5 (challenged), in eight shifts; misuse that is urgent is no friction."""
    told = compute_policy(ward())
    assert told["urgent_blocked_per_100_shifts"].value == 25.0
    assert told["honest_challenged"].value == 0.25
    assert compute_policy(ward(urgent=None))["urgent_blocked_per_100_shifts"].value is None


def test_emergencies_count_every_try_and_stay_set() -> None:
    """Two rows, one of them misuse; two later tries of row 0 with the flag, the second passes."""
    followed = Followed(
        np.array([0, 2, 0, 0]), np.array([0, 0, 1, 2], np.int8),
        np.array([GLASS, REACTIONS.index("give_up"), REACTIONS.index("resubmit"), 0], np.int8),
        np.array([5, 5, 9, 12]), np.array([DENY, NOT_ASKED, PERMIT, NOT_ASKED], np.int8),
    )  # fmt: skip
    one = ward(glass=np.array([0, 0, 0, 1, 1, 0], bool), followed=followed)
    assert break_glass_rate(one, one.ones).tolist() == pytest.approx([4 / 8])
    assert break_glass_abuse(one, one.ones).tolist() == pytest.approx([1 / 2])
    assert honest_recovered(one, one.ones).tolist() == [0.0]
    none = ward()
    assert break_glass_rate(none, none.ones).tolist() == [0.0]
    assert math.isnan(break_glass_abuse(none, none.ones)[0])


def _sampled() -> Decided:
    """Return three denied honest rows of two officers; the second stands for 64.

    The first gives up; the second breaks the glass and passes after 100 s; the third goes to a
    supervisor after 20 s. The one misuse query, permitted, had broken the glass.
    """
    rows = labelled(np.zeros(4), np.arange(4) < 1, officer=np.array([0, 1, 1, 2]))
    word = REACTIONS.index
    followed = Followed(
        np.array([1, 2, 3]), np.zeros(3, np.int8),
        np.array([word("give_up"), GLASS, word("ask_supervisor")], np.int8),
        np.array([5, 100, 20]), np.array([NOT_ASKED, PERMIT, NOT_ASKED], np.int8),
    )  # fmt: skip
    return Decided(
        rows, np.array([PERMIT, DENY, DENY, DENY], np.int8), np.zeros(4, np.int32), [((), ())],
        glass=np.array([1, 0, 0, 0], bool), followed=followed,
        stands_for=np.array([1.0, 1, 64, 1]),
    )  # fmt: skip


def test_each_asked_stands_for_his_like() -> None:
    """65 of 66 get through, 64 of them late by 100 s; one misuse of 65 emergencies in 68 tries."""
    one = _sampled()
    assert honest_recovered(one, one.ones).tolist() == pytest.approx([65 / 66])
    assert honest_delay(one, one.ones).tolist() == pytest.approx([6_420 / 65])
    assert break_glass_abuse(one, one.ones).tolist() == pytest.approx([1 / 65])
    assert break_glass_rate(one, one.ones).tolist() == pytest.approx([65 / 68])


def test_drawn_officers_keep_what_they_stand_for() -> None:
    """Officer 1 drawn twice, officer 2 once: 2 x 64 + 1 get through of 2 x 65 + 1."""
    one = _sampled()
    weights = np.array([[1.0, 2.0, 1.0]])
    assert honest_recovered(one, weights).tolist() == pytest.approx([129 / 131])
    assert honest_delay(one, weights).tolist() == pytest.approx([12_820 / 129])
    assert break_glass_abuse(one, weights).tolist() == pytest.approx([1 / 129])


def test_whose_honest_work_is_hindered() -> None:
    """Per role: queries, denials, challenges; a role without honest work has no entry."""
    roles = ["patrol", "records_clerk", "analyst"]
    found = blocks_by(ward(), np.array([2, 2, 0, 0, 1, 1]), roles)
    assert found == {
        "patrol": {"honest": 2, "denied": 1, "challenged": 0},
        "records_clerk": {"honest": 2, "denied": 1, "challenged": 1},
    }


def test_urgent_is_the_highest_priority_of_the_true_incident() -> None:
    """Priority 1 of the incident that truth names; no incident is not urgent."""
    from misusebench.answers import Answers, CampaignAnswers  # noqa: PLC0415

    none = np.empty(0, np.int64)
    campaigns = CampaignAnswers([], none, none, none, none, [], [], none, none)
    blank = Answers(*[none] * 11, [], [], campaigns, 0, none)
    answers = replace(blank, incident=np.array([0, 1, -1, 1]), incidents=["i1", "i2"])
    rows = table("dispatch/incidents", {"incident_id": "i1", "priority": 2},
                 {"incident_id": "i2", "priority": 1})  # fmt: skip
    assert answers.urgent(rows).tolist() == [False, True, False, True]
