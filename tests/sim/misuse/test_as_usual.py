"""Level hard: who hides types purposes and numbers as others of his role do."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from tests.sim.misuse import stage

from misusesim.clock import DAY_US, HOUR_US
from misusesim.dataset.schema import ACTIONS, COVERS, INCIDENT_KINDS, PURPOSES, ROLES
from misusesim.misuse.rungs import COLLEAGUE, OWN, PLAUSIBLE, Rung, Story, at_work, story
from misusesim.occasions import DEFAULT, NONE, TOPIC
from misusesim.scenario.levels import LEVELS
from misusesim.scenario.misuse import Favour, Retaliation, Selling

SCENE = stage.empty_scene(stage.world(level="hard", group={"dispatchers": True}))
T = SCENE.clock.horizon[0] + 10 * DAY_US
CALL, STOP = INCIDENT_KINDS.index("call"), INCIDENT_KINDS.index("traffic_stop")
OTHER = PURPOSES.index("other")


def of_role(name):
    """Return the first officer of a role."""
    return int(np.flatnonzero(SCENE.officers.role == ROLES.index(name))[0])


def told(role, code, kind, topic, by=NONE):
    """Return the story of somebody when one recent incident, of `by`, is on file."""
    files = stage.incidents((200, TOPIC[topic], T - HOUR_US, by))
    there = replace(files, kind=np.array([kind]))
    cases = stage.cases((100, TOPIC["fraud"], T - DAY_US, None, of_role("analyst")))
    scene = stage.with_files(SCENE, incidents=there, cases=cases)
    chance = np.random.default_rng(0)
    return story(scene, Rung(code, True), of_role(role), T, OTHER, TOPIC["patrol"], chance)


@pytest.mark.parametrize(
    ("role", "kind", "topic", "purpose"),
    [
        ("patrol", STOP, "drugs", "traffic"), ("patrol", CALL, "drugs", "criminal"),
        ("supervisor", CALL, "domestic", "dv"), ("dispatcher", CALL, "welfare", "officer_safety"),
        ("records_clerk", CALL, "drugs", "court"),
    ],
)  # fmt: skip
def test_a_false_story_is_of_somebody_elses_incident(role, kind, topic, purpose):
    """Its number, and the purpose that work at it has; of a desk, the desk's."""
    found = told(role, PLAUSIBLE, kind, topic)
    assert COVERS[found.cover] == "borrowed_case"
    assert (found.incident, found.case) == (200, NONE)
    assert PURPOSES[found.purpose] == purpose


@pytest.mark.parametrize(("plate", "stops"), [(True, 3 / 4), (False, 1 / 2)])
def test_with_a_plate_a_stop_is_named_more_often(plate, stops):
    """Of a stop and a call by others of the same role; a dispatcher's call is not among them."""
    other = int(np.flatnonzero(SCENE.officers.role == ROLES.index("patrol"))[1])
    files = stage.incidents(
        (200, TOPIC["traffic"], T - HOUR_US, other), (201, TOPIC["drugs"], T - HOUR_US, other),
        (202, TOPIC["drugs"], T - HOUR_US, of_role("detective")),
    )  # fmt: skip
    scene = stage.with_files(SCENE, incidents=replace(files, kind=np.array([STOP, CALL, CALL])))
    named = Counter(
        story(scene, Rung(PLAUSIBLE, True), of_role("patrol"), T, OTHER, TOPIC["patrol"],
              np.random.default_rng(seed), plate=plate).incident
        for seed in range(400)
    )  # fmt: skip
    assert set(named) == {200, 201}
    assert abs(named[200] / 400 - stops) < 0.1


def test_a_detective_hides_behind_cases():
    """His numbers are those of cases; an invented one is as like, and the purpose his work's."""
    found = told("detective", PLAUSIBLE, CALL, "drugs")
    assert COVERS[found.cover] == "invented_case"
    assert (PURPOSES[found.purpose], found.case, found.incident) == ("criminal", NONE, NONE)
    assert found.topic == TOPIC["fraud"]


def test_an_own_incident_needs_no_cover():
    """On the best rung nothing is false but the reason."""
    found = told("patrol", OWN, STOP, "traffic", by=of_role("patrol"))
    assert (COVERS[found.cover], found.incident) == ("none", 200)


@pytest.mark.parametrize(
    ("role", "purpose"), [("dispatcher", "criminal"), ("records_clerk", "court")]
)
def test_a_colleague_who_is_asked_names_what_is_at_hand(role, purpose):
    """The last call on record, at hard; at the other levels he types no number."""
    there = stage.incidents(
        (200, TOPIC["traffic"], T - 2 * HOUR_US, NONE), (201, TOPIC["drugs"], T - HOUR_US, NONE)
    )
    scene = stage.with_files(SCENE, incidents=there)
    usual = Story(COLLEAGUE, DEFAULT, TOPIC["patrol"])
    found = at_work(scene, of_role(role), T, usual)
    assert (found.cover, found.incident, PURPOSES[found.purpose]) == (COLLEAGUE, 201, purpose)
    medium = replace(scene, scenario=scene.scenario.model_copy(update={"level": "medium"}))
    assert at_work(medium, of_role(role), T, usual) is usual


@pytest.mark.parametrize(("level", "printed"), [("medium", True), ("hard", False)])
def test_who_hides_leaves_no_print(level, printed):
    """Sellers print one look-up in three; at hard they copy by hand."""
    kind = Selling(kind="selling", officers_per_year=1.0)
    scene = stage.empty_scene(stage.world(days=84, misuse=(kind,), level=level))
    plan = stage.plan(scene)
    actions = Counter(plan.occasions.action.tolist())
    assert actions.total() > 50
    assert (actions[ACTIONS.index("print")] > 0) is printed


def test_levels_ask_for_the_same():
    """Who, whom, how often and how much of every sitting are one at all levels."""
    kinds = (Favour(kind="favour", officers_per_year=1.0), Retaliation(kind="retaliation"))
    asked = []
    for level in LEVELS:
        scene = stage.empty_scene(stage.world(days=84, misuse=kinds, level=level))
        planned = stage.plan(scene).planned
        asked.append([
            (c.key, [(s.officer, s.queries, s.subject) for s in c.steps]) for c in planned
        ])  # fmt: skip
    assert len(asked[0]) > 10
    assert asked[0] == asked[1] == asked[2]
