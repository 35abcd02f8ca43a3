"""For how many queries each stands that the truth asked what follows a denial."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from tests.bench.literal import context, log, table

from misusebench.answers import align
from misusebench.policy_bench.aftermath import aftermath
from misusebench.policy_bench.judged import World, reference
from misusebench.policy_bench.sampled import deniable, stands_for
from misusesim.dataset.reader import open_dataset
from misusesim.truth import open_truth

AGENCY = {"agency_id": "A", "asks_purpose": True, "case_field": "optional"}


@pytest.mark.parametrize(
    ("row", "agency", "told"),
    [
        ({"system": "DMV"}, {}, False),
        ({"declared_purpose": None}, {}, True),
        ({"declared_purpose": "other"}, {}, True),
        ({"declared_purpose": None}, {"asks_purpose": False}, False),
        ({"declared_purpose": "other"}, {"asks_purpose": False}, False),
        *(({"system": system}, {}, True) for system in ("III", "ACHS", "CARPOS", "ALPR", "AFS")),
        ({"system": "III", "case_number": "24-1"}, {}, False),
        ({"system": "III"}, {"case_field": "absent"}, False),
        ({"system": "III"}, {"case_field": "mandatory"}, True),
        ({"system": "III", "declared_purpose": None}, {"case_field": "absent"}, True),
    ],
)
def test_what_a_policy_may_deny_for_what_the_log_shows(row, agency, told):
    """No purpose where one is asked, no number where a system wants one and there is a field."""
    directory = table("directory/agencies", {**AGENCY, **agency})
    assert deniable(log(row), directory).tolist() == [told]


def test_only_plain_work_that_nothing_speaks_against_is_sampled():
    """Misuse, slips and oddities are all asked."""
    rows = log(*[{}] * 4, {"declared_purpose": "other"})
    answers = SimpleNamespace(positive=np.array([1, 0, 0, 0, 0], bool),
                              kind=np.array([2, 3, -1, -1, -1]),
                              oddity=np.array([-1, -1, 4, -1, -1]))  # fmt: skip
    directory = context()["directory/agencies"]
    assert stands_for(rows, directory, answers).tolist() == [1, 1, 1, 64, 1]


def test_as_the_simulator_asks(tiny_dataset):
    """Of `tiny`: who stands for one was asked, but for machines and copies; of others one in 64."""
    data = open_dataset(tiny_dataset)
    rows, truth = data.log(), open_truth(data)
    answers = align(rows, truth, 0, 0)
    each = stands_for(rows, data.context("T0")["directory/agencies"], answers)
    asked = np.isin(answers.query_id, truth.reactions["query_id"].to_numpy())
    plain = ~answers.positive & (answers.kind < 0) & (answers.oddity < 0)
    sampled, whole = plain & (each > 1), plain & (each == 1)
    wide = 4 * (1 / 64 / sampled.sum()) ** 0.5
    assert sampled.sum() > 1_000
    assert 0.7 / 64 < asked[sampled].mean() < 1 / 64 + wide
    assert asked[whole].mean() > 0.9


def test_a_world_judges_with_it(tiny_dataset):
    """The strictest set denies queries that nothing speaks against: 83 asked stand for 146."""
    world, engine = World(open_dataset(tiny_dataset), 0.4), reference("warrant_lookback")
    honest = aftermath(world.judged(world.decide(engine), engine))["honest"]
    assert honest["asked"] < honest["stands_for"]
