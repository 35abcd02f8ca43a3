"""Why campaigns are misuse: each kind and rung has facts, and they are those that were lived."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from tests.sim.misuse import stage

from misusesim.clock import DAY_US, HOUR_US
from misusesim.dataset.schema import MISUSE_KINDS, VIOLATIONS
from misusesim.engine import causal_passes
from misusesim.misuse import KINDS
from misusesim.misuse.links import Plot, reasons_table
from misusesim.misuse.reasons import OWN_RULE, record
from misusesim.misuse.rungs import BORROWED, INVENTED, NO_COVER, Story
from misusesim.misuse.writing import Campaign, Pretext, Step
from misusesim.occasions import NONE, TEMPLATE, TOPIC
from misusesim.scenario.load import load_scenario
from misusesim.workload.context import Filed
from misusesim.workload.links import Links
from misusesim.workload.numbers import number_texts, opaque_id
from misusesim.world.agencies import agencies

WORLD = stage.world(misuse=())
SCENE = replace(
    stage.empty_scene(WORLD),
    cases=stage.cases((7, 3, 0, None, 5), (8, 3, 0, None, 6)),
    incidents=stage.incidents((3, 2, 0, 4)),
)
START = SCENE.clock.horizon[0]
NEED = "no_need_to_know"
PATROL = TOPIC["patrol"]


def step(time=START + HOUR_US, officer=4, subject=900, story=None, **more):
    """Return one sitting."""
    told = story or Story(NO_COVER, 0, PATROL)
    return Step(officer, time, 1, TEMPLATE["name_check"], PATROL, subject, told, **more)


def campaign(kind, *steps, rule=NEED, tie=NONE, officers=(4,), **more):
    """Return a campaign of some sittings."""
    return Campaign(
        key=(MISUSE_KINDS.index(kind), 50, 4), rung=0, tie=tie, intent=0,
        violation=VIOLATIONS.index(rule), severity=1, motive="a test", officers=officers,
        steps=steps or (step(),), wished=len(steps) or 1, **more,
    )  # fmt: skip


def facts(*planned, scene=SCENE):
    """Return rule, evidence and presence of the facts that the agency itself knows."""
    found = record(scene, planned, [f"{n:016x}" for n in range(len(planned))])
    return [(fact.rule, fact.evidence, fact.present) for fact in found.facts]


def officer(row):
    """Return the id of an officer."""
    return SCENE.officers.officer_id[row]


def key(subject):
    """Return the key of a person."""
    return int(SCENE.population.person_key(np.array([subject]))[0])


def file(kind, serial):
    """Return the id of an incident or a case."""
    return opaque_id(WORLD, kind, SCENE.agency, np.array([serial]))[0]


def test_a_kind_that_breaks_a_rule_by_nature_says_so():
    """The rules of the kinds are those of their ways; the others go by rung or need."""
    ways = {kind: getattr(KINDS[kind], "way", None) for kind in KINDS}
    told = {k: way.violation for k, way in ways.items() if way is not None and way.violation}
    told.pop("descriptor")  # no need to know, as with all that goes by rung
    mine = {k: rule for k, rule in OWN_RULE.items() if k in told}
    assert mine == told
    assert set(OWN_RULE) - set(told) == {"permit_checks", "credential_sharing", "ghost_account"}


def test_a_tie_is_the_motive():
    """The officer's tie with the person looked up, by the kind that the campaign has."""
    row = int(np.flatnonzero(SCENE.ties.since < START)[0])
    who, whom = int(SCENE.ties.officer[row]), int(SCENE.ties.subject[row])
    one = campaign("retaliation", step(officer=who, subject=whom), officers=(who,),
                   tie=int(SCENE.ties.kind[row]))  # fmt: skip
    assert facts(one) == [(NEED, f"ties/relationships:{officer(who)}/{key(whom)}", True)]


def test_whoever_was_met_at_work_is_an_incident():
    """The last incident of the officer and the person; its subject is person 7."""
    known = stage.incidents((3, 2, START - DAY_US, 4), (6, 2, START - HOUR_US, 4),
                            (9, 2, START + 5 * HOUR_US, 4))  # fmt: skip
    one = campaign("romantic_interest", step(subject=7))
    told = facts(one, scene=stage.with_files(SCENE, incidents=known))
    assert told == [(NEED, f"dispatch/incidents:{file('incident', 6)}", True)]


def test_a_role_where_nothing_else_tells_the_motive():
    """Who sells has no tie and no matter: he is an officer, that is all."""
    assert facts(campaign("selling")) == [(NEED, f"roster/officers:{officer(4)}", True)]


def test_a_wrong_purpose_without_a_known_person():
    """The rule broken has a fact of its own, even where people are drawn with the rows."""
    one = campaign("personal_business", step(subject=NONE), rule="purpose")
    assert facts(one) == [
        (NEED, f"roster/officers:{officer(4)}", True),
        ("purpose", f"roster/officers:{officer(4)}", True),
    ]


def test_a_borrowed_case_is_on_file_and_does_not_name_the_person():
    """Case 7 is there, and its suspect is person 0."""
    one = campaign("favour", step(story=Story(BORROWED, 0, PATROL, 7)), rule="false_case")
    assert ("false_case", f"dispatch/cases:{file('case', 7)}", True) in facts(one)
    (claim,) = record(SCENE, [one], ["0" * 16]).unnamed
    assert (claim.kind, claim.serial, claim.subject) == ("case", 7, 900)


def test_an_invented_number_is_in_no_file():
    """Its text and whose agency it looks like."""
    one = campaign("favour", step(story=Story(INVENTED, 0, PATROL)), rule="false_case")
    told = [fact for fact in facts(one) if fact[0] == "false_case"]
    ((_, evidence, present),) = told
    assert evidence.startswith(f"dispatch/cases:{SCENE.agency.agency_id}/")
    assert present is False


def test_a_number_that_exists_by_chance_is_that_case():
    """Of many cases in the week before one has the very number: it is on file, and the truth says
    so."""  # noqa: D209, D205 - one sentence
    one = campaign("favour", step(story=Story(INVENTED, 0, PATROL)), rule="false_case")
    ((_, evidence, _),) = [fact for fact in facts(one) if fact[0] == "false_case"]
    text = evidence.partition("/")[2].partition("/")[2]
    opened = START - np.arange(1, 7 * 24 * 60) * 60_000_000
    many = stage.cases(*((n, 3, int(t), None, 5) for n, t in enumerate(opened.tolist())))
    numbers = number_texts(WORLD, SCENE.agency, "case", many.serial, many.opened)
    serial = int(many.serial[np.flatnonzero(numbers == text)[0]])
    told = facts(one, scene=stage.with_files(SCENE, cases=many))
    assert ("false_case", f"dispatch/cases:{file('case', serial)}", True) in told


def test_a_ghost_has_left_and_is_on_no_shift():
    """The roster has the date, and nobody planned him."""
    people = SCENE.officers
    left = people.left.copy()
    left[4] = START - 40 * DAY_US
    gone = replace(SCENE, officers=replace(people, left=left))
    told = facts(campaign("ghost_account", rule="account"), scene=gone)
    assert told[1:] == [
        ("account", f"roster/shifts:{officer(4)}", False),
        ("account", f"roster/officers:{officer(4)}/left", True),
    ]


def test_a_shared_account_names_its_user():
    """Who sits there is another than the holder, and an officer too."""
    one = campaign("credential_sharing", rule="account", officers=(4, 9), seat=9)
    assert facts(one) == [("account", f"roster/officers:{officer(9)}", True)]


def test_a_search_too_far_back_began_with_an_own_matter():
    """The incident is the officer's; how far back he went is the rule broken."""
    one = campaign("scope_excess", step(subject=7), rule="lookback")
    assert facts(one) == [("lookback", f"dispatch/incidents:{file('incident', 3)}", True)]


def test_each_officer_says_that_he_had_no_work_on_it():
    """At his first look-up, not at a stop; so does whoever had a colleague run it."""
    stop = step(START + 2 * HOUR_US, pretext=Pretext(1, PATROL, START + 2 * HOUR_US, 9, typed=True))
    one = campaign("celebrity", stop, step(START + 3 * HOUR_US), step(START + 4 * HOUR_US),
                   step(START + 5 * HOUR_US, officer=9))  # fmt: skip
    asked = campaign("favour", step(officer=9), asks_for=4, officers=(4, 9))
    claims = record(SCENE, [one, asked], ["0" * 16, "1" * 16]).unlinked
    assert [(c.campaign, c.officer, (c.time - START) // HOUR_US) for c in claims] == [
        (0, 4, 3), (0, 9, 5), (1, 9, 1), (1, 4, 1),
    ]  # fmt: skip


def test_a_stop_is_looked_at_before_it_has_a_record():
    """A campaign of which only a stop is left: a moment before it there is no incident."""
    at = START + 2 * HOUR_US
    stop = step(at + 30_000_000, pretext=Pretext(1, PATROL, at, 9, typed=True))
    (claim,) = record(SCENE, [campaign("retaliation", stop)], ["0" * 16]).unlinked
    assert claim.time == at - 1


def test_work_that_names_the_person_is_no_reason():
    """Case 7 is open and of officer 5: his claim falls, that of officer 4 stands."""
    mine = campaign("favour", step(officer=5, subject=0), officers=(5,))
    other = campaign("favour", step(officer=4, subject=0))
    plot = written_plot([mine, other])
    told = [r for r in plot if r["evidence"].startswith("dispatch/assignments")]
    assert [(r["campaign_id"], r["present"]) for r in told] == [("1" * 16, False)]


def test_a_case_that_names_the_person_is_no_false_one():
    """The suspect of case 7 is person 0, of case 8 person 1."""
    rows = written_plot(
        [
            campaign("favour", step(subject=0, story=Story(BORROWED, 0, PATROL, case)))
            for case in (7, 8)
        ]
    )
    told = [r for r in rows if r["evidence"].startswith("dispatch/involved")]
    assert [(r["campaign_id"], r["rule"], r["present"]) for r in told] == [
        ("1" * 16, "false_case", False)
    ]


def written_plot(planned):
    """Return the rows of the record of some campaigns, held against the scene's files."""
    names = [f"{n}" * 16 for n in range(len(planned))]
    empty = stage.plan(SCENE)
    plot = replace(
        empty, planned=tuple(planned), record=record(SCENE, planned, names),
        campaigns=replace(empty.campaigns, campaign_id=np.array(names, object)),
    )  # fmt: skip
    setting = _Setting(SCENE)
    filed = Filed(SCENE.incidents, SCENE.cases, None, None, Links.concat([]))
    return reasons_table(setting, filed, [Plot(0, 0, plot)]).to_pylist()


class _Setting:
    """What a record asks of a setting."""

    def __init__(self, scene):
        self.scenario, self.agencies = scene.scenario, (scene.agency,)
        self.officers, self.population = scene.officers, scene.population


@pytest.fixture(scope="module")
def truth():
    """Return the truth of six weeks of every kind, many of each."""
    world = load_scenario("county", ("seed=3",), days=42)
    return causal_passes(world, agencies(world)).truth


def test_every_campaign_and_every_rule_has_a_reason(truth):
    """The rule that the queries break is among the reasons of each campaign of each kind."""
    rules = {}
    for row in truth["reasons"].to_pylist():
        rules.setdefault(row["campaign_id"], set()).add(row["rule"])
    campaigns = truth["campaigns"].to_pylist()
    assert set(rules) == {row["campaign_id"] for row in campaigns}
    for row in campaigns:
        if row["false_case"] is not None:
            assert "false_case" in rules[row["campaign_id"]]
    assert len({row["kind"] for row in campaigns}) >= 14


def test_ids_of_reasons_are_unique_and_say_nothing(truth):
    """Sixteen hexadecimal digits, in no order."""
    ids = truth["reasons"]["reason_id"].to_pylist()
    assert len(set(ids)) == len(ids) > 100
    assert {len(one) for one in ids} == {16}
    assert ids != sorted(ids)
    assert max(Counter(one[0] for one in ids).values()) < len(ids) / 4
