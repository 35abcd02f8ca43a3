"""Tests of reasons and numbers."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from tests.sim import synthetic_plan

from misusesim.clock import DAY_US, LocalClock
from misusesim.occasions import TOPIC, TOPICS
from misusesim.query import expand
from misusesim.scenario.model import AgencyGroup, Scenario
from misusesim.workload import numbers, reasons
from misusesim.workload.vocabulary import CLASS, CLASSES, offenses, vocabulary
from misusesim.world.model import Agency

WORLD = synthetic_plan.scenario()
START = LocalClock(WORLD).horizon[0]
OFFICERS = synthetic_plan.plan(WORLD, 10).officers
#: Needs of their own per row, no number at hand.
ROWS = 40_000


def agency(index=0, accounts=100, style="mixed"):
    group = AgencyGroup(name="g", type="police", reason_style=style)
    return Agency(index, f"CA{index:07}", "Elm City", group, accounts)


def codes(place, *, topic=TOPIC["burglary"], has_number=True, forced=-1, seed=7):
    habit = reasons.habits(WORLD, place, OFFICERS)
    need = np.arange(ROWS, dtype=np.uint64) << np.uint64(8)
    return reasons.reason_codes(
        habit, seed, officer=(np.arange(ROWS) % len(OFFICERS)).astype(np.int32),
        topic=np.full(ROWS, topic, np.int16), occasion=need, need=need,
        has_number=np.full(ROWS, has_number), forced=np.full(ROWS, forced, np.int8),
    )  # fmt: skip


def shares(said):
    return np.bincount(said.kind, minlength=len(CLASSES)) / len(said.kind)


def test_incident_numbers_are_unique_and_ascend():
    """Forty thousand incidents of 60 days have as many numbers, in the order of their times."""
    opened = START + np.sort(np.random.default_rng(1).integers(0, 60 * DAY_US, 40_000))
    texts = numbers.number_texts(WORLD, agency(), "incident", np.arange(40_000), opened).tolist()
    assert len(set(texts)) == 40_000
    assert texts == sorted(texts)


@pytest.mark.parametrize("index", range(12))
def test_case_and_incident_numbers_never_meet(index):
    """The two kinds of number of one agency differ in length or letters."""
    place = agency(index, accounts=5 + 97 * index)
    opened = START + np.arange(300) * (DAY_US // 10)
    cases = numbers.number_texts(WORLD, place, "case", np.arange(300), opened).tolist()
    incidents = numbers.number_texts(WORLD, place, "incident", np.arange(300), opened).tolist()
    assert not set(cases) & set(incidents)
    assert len({len(text) for text in cases}) == len({len(text) for text in incidents}) == 1


def test_lower_serials_keep_their_number():
    """Incidents that misuse adds never change the numbers of honest ones."""
    opened = START + np.sort(np.random.default_rng(2).integers(0, DAY_US // 50, 3000))
    honest = numbers.number_texts(WORLD, agency(), "incident", np.arange(3000), opened)
    more = np.r_[opened, opened[:500]]
    serial = np.r_[np.arange(3000), 2**37 + np.arange(500)]
    both = numbers.number_texts(WORLD, agency(), "incident", serial, more)
    assert (both[:3000] == honest).all()
    assert len(set(both.tolist())) == 3500


def test_numbers_do_not_depend_on_the_order_asked():
    """The number belongs to the incident, not to its place."""
    opened = START + np.arange(100) * 1_000_000
    forward = numbers.number_texts(WORLD, agency(), "incident", np.arange(100), opened)
    backward = numbers.number_texts(WORLD, agency(), "incident", np.arange(100)[::-1], opened[::-1])
    assert (forward == backward[::-1]).all()


def test_numbers_carry_the_local_year():
    """An incident of New Year's Eve, evening, is still the old year's."""
    eve = np.array([START - 3_600_000_000, START + 3_600_000_000])
    old, new = numbers.number_texts(WORLD, agency(), "case", np.arange(2), eve)
    assert "23" in old
    assert "24" in new


def test_no_numbers_for_nothing():
    """Empty input gives empty output."""
    nothing = np.empty(0, np.int64)
    assert numbers.number_texts(WORLD, agency(), "incident", nothing, nothing).tolist() == []
    assert numbers.opaque_id(WORLD, "case", agency(), nothing).tolist() == []


def test_opaque_ids_are_unique_and_say_nothing():
    """Ids are 16 hex digits, differ by kind and agency, and do not ascend with serials."""
    serials = np.arange(5000)
    ids = numbers.opaque_id(WORLD, "incident", agency(), serials)
    others = [
        numbers.opaque_id(WORLD, "case", agency(), serials),
        numbers.opaque_id(WORLD, "incident", agency(1), serials),
    ]
    assert {len(one) for one in ids} == {16}
    assert len(set(ids.tolist()).union(*(other.tolist() for other in others))) == 15_000
    order = np.argsort(ids.astype(str)).astype(float)
    assert abs(np.corrcoef(order, serials)[0, 1]) < 4 / 5000**0.5


def test_invented_numbers_repeat_per_token():
    """One token has one number; another token another; both in the agency's shape."""
    first = numbers.invented_number(WORLD, agency(), "case", "c1", START)
    real = numbers.number_texts(WORLD, agency(), "case", np.arange(1), np.array([START]))[0]
    assert first == numbers.invented_number(WORLD, agency(), "case", "c1", START)
    assert first != numbers.invented_number(WORLD, agency(), "case", "c2", START)
    assert len(first) == len(real)


def test_habits_follow_from_the_agency_only():
    """Equal worlds and agencies have equal habits; another agency has others."""
    one, two = (reasons.habits(WORLD, agency(), OFFICERS) for _ in range(2))
    other = reasons.habits(WORLD, agency(1), OFFICERS)
    assert (one.mix == two.mix).all()
    assert one.fill_share == two.fill_share != other.fill_share
    assert 0.45 <= one.fill_share <= 0.9
    share = one.favourite_share / 65536
    assert 0.33 < share.min() < share.max() < 0.57


def test_a_third_of_agencies_has_a_mandatory_field():
    """35 % of agencies never leave a reason blank, a tenth has a drop-down."""
    all_habits = [reasons.habits(WORLD, agency(i), OFFICERS) for i in range(400)]
    mandatory = np.array([habit.mandatory[0] for habit in all_habits])
    blank = np.array([(habit.mix == CLASS["blank"]).mean() for habit in all_habits])
    assert mandatory.mean() == pytest.approx(0.35, abs=4 * (0.35 * 0.65 / 400) ** 0.5)
    assert (blank[mandatory] == 0).all()
    dropdown = np.mean([habit.dropdown[0] for habit in all_habits])
    assert dropdown == pytest.approx(0.1, abs=4 * (0.09 / 400) ** 0.5)


def test_pooled_class_mix_is_the_measured_one():
    """Over many agencies the classes are those of which a log comes out as in domain note 8.

    Median and 90th percentile of blanks are the published ones; part of what is generic here is
    words to who sorts a log, and numbers come of case numbers and bare codes, too.
    """
    mixes = [reasons.habits(WORLD, agency(i), OFFICERS).mix[0] for i in range(400)]
    pooled = np.mean([np.bincount(mix, minlength=len(CLASSES)) / 65536 for mix in mixes], axis=0)
    for name, share in (
        ("blank", 0.28), ("free", 0.11), ("generic", 0.27), ("code", 0.22), ("number", 0.04),
        ("qualifier", 0.07),
    ):  # fmt: skip
        assert pooled[CLASS[name]] == pytest.approx(share, abs=0.03), name
    blank = [np.count_nonzero(mix == CLASS["blank"]) / 65536 for mix in mixes]
    assert np.quantile(blank, [0.1, 0.5, 0.9]) == pytest.approx([0, 0.30, 0.56], abs=0.06)
    assert pooled[CLASS["misspelt"]] == pytest.approx(0.0033, abs=0.0003)


@pytest.mark.parametrize(
    ("style", "name"),
    [("vague", "generic"), ("coded", "code"), ("numbers", "number"), ("words", "free")],
)
def test_archetypes_have_their_class_in_front(style, name):
    """An agency of a style uses its class for more than half of its rows."""
    assert shares(codes(agency(style=style)))[CLASS[name]] > 0.45


def test_numbers_need_a_number():
    """Without a number at hand nobody types one; a code stands instead."""
    said = codes(agency(style="numbers"), has_number=False)
    assert not (said.number_form >= 0).any()
    assert shares(said)[CLASS["number"]] == 0
    assert shares(said)[CLASS["code"]] > 0.5


def test_forced_classes():
    """A class that circumstances impose is used on every row."""
    said = codes(agency(), forced=CLASS["generic"])
    assert shares(said)[CLASS["generic"]] == 1
    assert (said.text >= 0).all()


def test_blank_and_number_rows_have_no_text():
    """Text codes are there exactly where words are."""
    said = codes(agency())
    wordless = np.isin(said.kind, [CLASS["blank"], CLASS["number"], CLASS["number_words"]])
    assert ((said.text < 0) == wordless).all()


def test_reasons_speak_of_the_topic():
    """Permit work says ccw; a burglary says 459 or burglary, never ccw."""
    words = vocabulary().texts
    permit = {words[t].lower() for t in codes(agency(), topic=TOPIC["permit"]).text if t >= 0}
    burglary = {words[t].lower() for t in codes(agency()).text if t >= 0}
    assert "ccw" in permit
    assert "ccw" not in burglary
    assert any("459" in text for text in burglary)
    assert not any("459" in text for text in permit)


def test_officers_have_a_commonest_reason():
    """An officer's commonest reason covers a third to two thirds of his rows, over ten agencies."""
    officer = np.arange(ROWS) % len(OFFICERS)
    top = []
    for said in (codes(agency(k)) for k in range(10)):
        for who in range(0, len(OFFICERS), 5):
            mine = np.stack([said.kind, said.text])[:, officer == who]
            top.append(np.unique(mine, axis=1, return_counts=True)[1].max() / mine.shape[1])
    assert 0.34 < np.median(top) < 0.7


def test_vocabulary_is_measured_mess():
    """At least 25 misspellings, every topic with its forms, each surface once."""
    words = vocabulary()
    misspelt = np.unique(words.form[CLASS["misspelt"], TOPIC["burglary"]])
    assert len(misspelt) >= 25
    assert words.form.shape == (len(CLASSES), len(TOPICS), 512)
    assert len(set(words.texts)) == len(words.texts) > 1000
    assert "suspect+vehicle" in words.texts
    assert {"Stolen Vehicle", "STOLEN VEHICLE", "stolen vehicle"} <= set(words.texts)


def test_dropdown_values_fit_the_topic():
    """A burglary is picked as burglary; every topic has a value."""
    listed = offenses()
    picked = {listed.values[code] for code in np.unique(listed.pick[TOPIC["burglary"]])}
    assert picked == {"Burglary/Breaking & Entering"}
    assert listed.pick.shape == (len(TOPICS), 512)


def test_agencies_with_a_dropdown_fill_it():
    """In a world seeded so that the agency has a drop-down, 0.15 % of rows leave it empty."""
    for seed in range(60):
        world = Scenario(**{**WORLD.model_dump(), "seed": seed, "start": dt.date(2024, 1, 1)})
        if reasons.habits(world, synthetic_plan.agency(world), OFFICERS).dropdown:
            break
    log = expand(world, synthetic_plan.plan(world), 0).log
    assert log["reason_category"].null_count / log.num_rows < 0.006
    plain = expand(WORLD, synthetic_plan.plan(WORLD), 0).log
    assert plain["reason_category"].null_count == plain.num_rows
