"""Rungs: what is typed on each, and which cover is kept."""

from __future__ import annotations

import numpy as np
import pytest
from tests.sim.misuse import stage

from misusesim.clock import DAY_US, HOUR_US
from misusesim.dataset.schema import COVERS, PURPOSES, RUNGS
from misusesim.misuse.rungs import (
    CLAIMED,
    CLAIMED_AT_DESK,
    DECLARED,
    MISCODED,
    OWN,
    PLAUSIBLE,
    Cover,
    Rung,
    drawn_rung,
    story,
)
from misusesim.occasions import DEFAULT, NONE, TOPIC
from misusesim.scenario.prevalence import RungMix

OTHER, CCW, CRIMINAL = (PURPOSES.index(p) for p in ("other", "ccw", "criminal"))
SCENE = stage.empty_scene(stage.world())
START = SCENE.clock.horizon[0]
T = START + 10 * DAY_US
FRAUD, DRUGS, TRAFFIC, PATROL = (TOPIC[t] for t in ("fraud", "drugs", "traffic", "patrol"))
FILES = stage.with_files(
    SCENE,
    cases=stage.cases(
        (100, FRAUD, START, None, 1),
        (101, DRUGS, START, T - DAY_US, 2),         # closed
        (102, DRUGS, T + DAY_US, None, 2),          # not yet opened
    ),
    incidents=stage.incidents(
        (200, TRAFFIC, T - HOUR_US, 3), (201, TRAFFIC, T + HOUR_US, 4),
        (202, TRAFFIC, T - 15 * DAY_US, 4),
    ),
)  # fmt: skip


def chance(seed=0):
    """Return a generator for one test."""
    return np.random.default_rng(seed)


def cover(name):
    """Return the code of a cover."""
    return COVERS.index(name)


def told(code, officer, *, invents=False, time=T, purpose=OTHER, topic=PATROL, seed=0):
    """Return the story of one rung in the hand-made files."""
    return story(FILES, Rung(code, invents), officer, time, purpose, topic, chance(seed))


def test_codes_are_those_of_the_schema():
    """The four rungs stand in the order of the contract."""
    assert [RUNGS[c] for c in (DECLARED, MISCODED, PLAUSIBLE, OWN)] == list(RUNGS)


def test_declared_says_what_it_is_with_a_generic_reason():
    """A personal look-up is declared as other; no number."""
    assert told(DECLARED, 0) == (cover("generic_reason"), OTHER, PATROL, NONE, NONE)


def test_declared_permit_checks_need_no_cover():
    """The unit says permit and ccw."""
    permit = TOPIC["permit"]
    assert told(DECLARED, 0, purpose=CCW, topic=permit) == (cover("none"), CCW, permit, NONE, NONE)


def test_miscoded_speaks_of_something_else_and_types_no_number():
    """The purpose then follows from the topic claimed, as with everybody."""
    stories = [told(MISCODED, 0, seed=s) for s in range(60)]
    assert {s.topic for s in stories} == set(CLAIMED)
    assert {(s.cover, s.purpose, s.case, s.incident) for s in stories} == {
        (cover("none"), DEFAULT, NONE, NONE)
    }


def test_miscoded_permit_checks_claim_crimes():
    """At the desk the purpose is criminal, about crimes that a history belongs to."""
    stories = [told(MISCODED, 0, purpose=CCW, topic=TOPIC["permit"], seed=s) for s in range(60)]
    assert {s.topic for s in stories} == set(CLAIMED_AT_DESK)
    assert {s.purpose for s in stories} == {CRIMINAL}


def test_plausible_borrows_a_colleague_s_open_case():
    """Only case 100 is open, and it is not officer 0's."""
    assert told(PLAUSIBLE, 0) == (cover("borrowed_case"), CRIMINAL, FRAUD, 100, NONE)


def test_nobody_borrows_from_himself():
    """Officer 1 holds the only open case: he invents a number."""
    assert told(PLAUSIBLE, 1).cover == cover("invented_case")
    assert told(PLAUSIBLE, 1).case == NONE


def test_who_invents_does_so_although_cases_are_open():
    """The campaign's draw decides between borrowed and invented."""
    invented = told(PLAUSIBLE, 0, invents=True)
    assert (invented.cover, invented.purpose, invented.case) == (
        cover("invented_case"), CRIMINAL, NONE,
    )  # fmt: skip


def test_own_case_is_one_that_is_open_and_his():
    """Officer 1 has case 100."""
    assert told(OWN, 1) == (cover("none"), CRIMINAL, FRAUD, 100, NONE)


def test_without_a_case_an_own_incident_of_two_weeks_does():
    """Officer 3 has an incident on record; the purpose follows from it."""
    assert told(OWN, 3) == (cover("none"), DEFAULT, TRAFFIC, NONE, 200)


def test_neither_old_nor_future_incidents_serve():
    """Officer 4's are fifteen days old and an hour ahead: he borrows."""
    assert told(OWN, 4).cover == cover("borrowed_case")


def test_all_rungs_take_the_same_number_of_draws():
    """A changed rung moves no later draw of the campaign."""
    after = set()
    for code in (DECLARED, MISCODED, PLAUSIBLE, OWN):
        generator = chance()
        story(FILES, Rung(code, invents=False), 1, T, OTHER, PATROL, generator)
        after.add(generator.random())
    assert len(after) == 1


@pytest.mark.parametrize("rung", RUNGS)
def test_a_weight_alone_gives_its_rung(rung):
    """With one weight above 0 there is nothing to draw."""
    assert {drawn_rung(stage.only(rung), chance(s)).code for s in range(20)} == {RUNGS.index(rung)}


def test_rungs_follow_their_weights():
    """4,000 draws of weights 1, 2, 3 and 4 are within 4 standard errors; half of them invent."""
    mix = RungMix(declared=1, miscoded=2, plausible_case=3, own_case=4)
    drawn = [drawn_rung(mix, generator) for generator in [chance(1)] for _ in range(4000)]
    shares = np.bincount([r.code for r in drawn], minlength=4) / 4000
    for share, expected in zip(shares, (0.1, 0.2, 0.3, 0.4), strict=True):
        assert abs(share - expected) < 4 * (expected * (1 - expected) / 4000) ** 0.5
    assert abs(np.mean([r.invents for r in drawn]) - 0.5) < 4 * 0.5 / 4000**0.5


def keeper(code, officer, *, invents=False, files=FILES):
    """Return a campaign's cover."""
    return Cover(files, Rung(code, invents), officer, OTHER, PATROL)


def test_a_borrowed_case_is_kept_while_it_is_open():
    """Two open cases: the one found first is typed every time."""
    files = stage.with_files(
        SCENE,
        cases=stage.cases((100, FRAUD, START, None, 1), (103, DRUGS, START, T + DAY_US, 2)),
    )
    for seed in range(8):
        kept = keeper(PLAUSIBLE, 0, files=files)
        first = kept.told(T, chance(seed))
        again = [kept.told(T + k * HOUR_US, chance(seed + 50 + k)).case for k in range(10)]
        assert set(again) == {first.case}
        assert kept.told(T + 2 * DAY_US, chance(seed)).case == 100


def test_an_invented_number_is_kept_for_good():
    """The number is one per campaign, whatever cases there are later."""
    kept = keeper(PLAUSIBLE, 1)
    assert kept.told(T, chance()).cover == cover("invented_case")
    assert kept.told(T + 2 * DAY_US, chance(1)).cover == cover("invented_case")
    assert kept.rung.code == PLAUSIBLE


def test_who_has_nothing_of_his_own_drops_to_a_plausible_case():
    """The campaign's rung in the truth is the one that was lived."""
    kept = keeper(OWN, 9)
    assert kept.told(T, chance()).cover == cover("borrowed_case")
    assert kept.rung.code == PLAUSIBLE


def test_an_own_case_that_is_gone_is_still_typed_if_there_is_no_other():
    """Officer 2's only case closed: he goes on typing it rather than changing his cover."""
    kept = keeper(OWN, 2)
    assert kept.told(T - 2 * DAY_US, chance()).case == 101
    assert kept.told(T, chance()).case == 101
    assert kept.told(T + 2 * DAY_US, chance()).case == 102


def test_before_the_log_nothing_is_settled():
    """What was typed before the horizon decides neither rung nor cover."""
    kept = keeper(OWN, 1)
    kept.told(START - 60 * DAY_US, chance())
    assert kept.rung.code == OWN
    assert kept.told(T, chance()).case == 100


def test_a_miscoded_campaign_changes_its_story():
    """Different topics are claimed from one look-up to the next."""
    kept = keeper(MISCODED, 0)
    assert len({kept.told(T, chance(s)).topic for s in range(30)}) > 2
