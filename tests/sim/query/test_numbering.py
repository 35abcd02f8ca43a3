"""Which number an occasion speaks of, in which field it lands, and how it is mistyped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sim import synthetic_plan
from tests.sim.query import shard

from misusesim.dataset.schema import COVERS, ODDITY_KINDS
from misusesim.errors import SimulatorError
from misusesim.occasions import NONE, ODDITY, Occasions
from misusesim.query.numbering import cover_story, numbering, scenario_start_us
from misusesim.query.wording import _PLACEHOLDERS, _with_slip
from misusesim.workload.numbers import number_texts

WORLD = shard.world()
PLAN = shard.plan(WORLD)
CASES = dict(
    zip(
        PLAN.cases.serial.tolist(),
        number_texts(WORLD, PLAN.agency, "case", PLAN.cases.serial, PLAN.cases.opened).tolist(),
        strict=True,
    )
)
INCIDENTS = dict(
    zip(
        PLAN.incidents.serial.tolist(),
        number_texts(
            WORLD, PLAN.agency, "incident", PLAN.incidents.serial, PLAN.incidents.opened
        ).tolist(),
        strict=True,
    )
)


def field(rule):
    """Return a world whose case number field has this rule."""
    return shard.world(group={"case_field": rule})


def spoken(**columns):
    """Return the text that one occasion speaks of, None for no number, and whether it is told."""
    made = shard.made("call_field", count=1, **columns)
    found = numbering(WORLD, PLAN, made)
    code = int(found.code[0])
    return (None if code == NONE else found.texts[code].as_py()), bool(found.told[0])


@pytest.mark.parametrize(
    ("columns", "text", "told"),
    [
        ({}, None, False),
        ({"case": 53}, CASES[53], False),
        ({"incident": 6}, INCIDENTS[6], False),
        ({"case": 53, "incident": 6}, CASES[53], False),
        ({"case": 53, "says_case": 60}, CASES[60], True),
        ({"says_case": 60}, CASES[60], True),
        ({"says_incident": 9}, INCIDENTS[9], True),
        ({"incident": 6, "says_incident": 9}, INCIDENTS[9], True),
        ({"case": 53, "says_case": NONE}, None, False),
        ({"incident": 6, "says_incident": NONE}, None, False),
        ({"case": 53, "incident": 6, "says_case": NONE}, INCIDENTS[6], False),
        ({"case": 53, "says_incident": 9}, CASES[53], True),
    ],
)
def test_which_number_is_spoken_of(columns, text, told):
    """What is said comes before what is true, and a case before an incident."""
    assert spoken(**columns) == (text, told)


def test_each_number_is_rendered_once():
    """Many occasions of one case share one text, and texts are sorted."""
    made = shard.made("case_session", count=30, case=np.repeat([53, 51, 88], 10))
    found = numbering(WORLD, PLAN, made)
    assert found.texts.to_pylist() == sorted({CASES[51], CASES[53], CASES[88]})
    assert [found.texts[c].as_py() for c in found.code[[0, 10, 20]]] == [
        CASES[53],
        CASES[51],
        CASES[88],
    ]


def test_occasions_without_numbers_have_no_texts():
    """Nothing is rendered for plain patrol."""
    found = numbering(WORLD, PLAN, shard.made("plate_check"))
    assert found.texts.to_pylist() == []
    assert set(found.code.tolist()) == {NONE}


@pytest.mark.parametrize(
    "columns",
    [{"case": 49}, {"case": 90}, {"incident": 1}, {"incident": 10**6}, {"says_case": 999},
     {"says_incident": 7}],
)  # fmt: skip
def test_a_number_that_the_plan_lacks_is_refused(columns):
    """The plan contradicts itself, below, above and between the serials that it has."""
    with pytest.raises(
        SimulatorError, match="an occasion speaks of an incident or a case that the plan lacks"
    ):
        numbering(WORLD, PLAN, shard.made("call_field", count=3, **columns))


def test_a_plan_without_cases_cannot_be_spoken_of():
    """An empty table is refused with the same words, not with an index error."""
    empty = type(PLAN.cases)(
        **{name: np.empty(0, np.int64) for name in type(PLAN.cases).__dataclass_fields__}
    )
    with pytest.raises(SimulatorError, match="that the plan lacks"):
        numbering(WORLD, replace(PLAN, cases=empty), shard.made("case_session", case=50))


@pytest.mark.parametrize(
    ("campaign", "cover"),
    [(0, "none"), (1, "generic_reason"), (2, "borrowed_case"), (3, "invented_case"),
     (NONE, "none")],
)  # fmt: skip
def test_the_cover_is_that_of_the_campaign(campaign, cover):
    """An occasion without a campaign covers nothing up."""
    made = shard.dishonest(campaign, count=2)
    assert {COVERS[c] for c in cover_story(PLAN, made)} == {cover}


def test_an_invented_number_is_one_for_the_whole_campaign():
    """Every step of the campaign tells the same number, and it counts as told."""
    found = numbering(WORLD, PLAN, shard.dishonest(3, count=20))
    assert len(found.texts) == 1
    assert found.told.all()
    assert found.texts[0].as_py() not in CASES.values()


@pytest.mark.parametrize("columns", [{"says_case": 55}, {"says_incident": 9}])
def test_who_says_a_real_number_invents_none(columns):
    """At a stop its own number is as good as an invented one."""
    found = numbering(WORLD, PLAN, shard.dishonest(3, count=3, **columns))
    assert found.texts.to_pylist() in [[CASES[55]], [INCIDENTS[9]]]


def test_the_scenario_starts_at_midnight_utc():
    """The first of January 2024 is 1,704,067,200 seconds after 1970."""
    assert scenario_start_us(synthetic_plan.scenario()) == 1_704_067_200 * 10**6


@pytest.mark.parametrize(
    ("text", "back", "shift", "slip"),
    [
        ("24-01234", 0, 0, "24-01235"), ("24-01239", 0, 0, "24-01230"),
        ("24-01234", 1, 0, "24-01244"), ("24-01234", 4, 8, "24-91234"),
        ("24-01234", 4, 0, "24-11234"), ("F24-001", 3, 0, "F24-002"), ("F24001", 4, 1, "F44001"),
        ("24-0", 1, 2, "24-3"),
    ],
)  # fmt: skip
def test_slips_by_hand(text, back, shift, slip):
    """One digit from the end moves on by shift and one; where there is a dash the last one does."""
    assert _with_slip(text, back, shift) == slip


@given(
    number=st.integers(0, 99_999), back=st.integers(0, 4), shift=st.integers(0, 8),
    dash=st.booleans(),
)  # fmt: skip
def test_a_slip_changes_exactly_one_digit(number, back, shift, dash):
    """A mistyped number is as long as the right one and differs in one place."""
    text = f"24{'-' * dash}{number:05}"
    slip = _with_slip(text, back, shift)
    assert len(slip) == len(text)
    assert sum(a != b for a, b in zip(text, slip, strict=True)) == 1
    assert slip.replace("-", "").isdigit()


def test_a_mandatory_field_is_filled_with_something():
    """Who has no number types one of six placeholders, and uses all of them."""
    found = shard.rows(shard.made("plate_check", count=400), field("mandatory"))
    assert {row["case_number"] for row in found} == set(_PLACEHOLDERS)


def test_a_number_that_is_there_is_typed_where_it_must_be():
    """Of the numbers that a mandatory field needs 98.5 in a hundred are given."""
    found = shard.rows(shard.made("call_field", count=2500, incident=6), field("mandatory"))
    numbers = [row["case_number"] for row in found]
    assert set(numbers) == {INCIDENTS[6], *_PLACEHOLDERS}
    assert numbers.count(INCIDENTS[6]) / 2500 == pytest.approx(0.985, abs=0.01)


def test_an_optional_field_has_no_placeholders():
    """Where nothing is demanded nothing is made up."""
    found = shard.rows(shard.made("call_field", count=600, incident=6), field("optional"))
    assert {row["case_number"] for row in found} == {INCIDENTS[6], None}


def test_sensitive_screens_get_their_number():
    """A plate reader gets at least 96 of 100 numbers even where the field is optional."""
    made = shard.made("hotlist_repeat", count=2000, subject=9, case=53)
    found = shard.rows(made, field("optional"))
    assert shard.share(found, lambda row: row["case_number"] == CASES[53]) > 0.945


def test_without_a_field_a_number_that_is_told_goes_into_the_reason():
    """An agency without the field has no case numbers, but a story still tells its number."""
    found = shard.rows(shard.made("case_session", says_case=53), field("absent"))
    assert {row["case_number"] for row in found} == {None}
    assert {row["reason_text"] for row in found} == {CASES[53]}


def test_the_oddity_puts_the_number_into_the_reason():
    """A number in the wrong field is whole, and its own field stays empty."""
    odd = ODDITY_KINDS.index("case_in_reason")
    made = shard.made("call_field", source=ODDITY, oddity=odd, incident=6)
    found = shard.rows(made, field("optional"))
    assert {(row["reason_text"], row["case_number"]) for row in found} == {(INCIDENTS[6], None)}


def test_typing_errors_stay_close_to_the_number():
    """If every number is mistyped, each row differs from the right one by one digit."""
    noise = shard.QUIET.model_copy(update={"typo_share": 1.0})
    world = shard.world(noise, group={"case_field": "optional"})
    typed = {row["case_number"] for row in shard.rows(shard.made("call_field", incident=6), world)}
    for number in typed - {None}:
        assert sum(a != b for a, b in zip(number, INCIDENTS[6], strict=True)) == 1
    assert len(typed) > 10


def test_numbers_do_not_depend_on_the_other_occasions():
    """An occasion speaks of the same number whether it is alone or among many."""
    mixed = [shard.made("case_session", case=60), shard.made("call_field", incident=9)]
    alone, both = numbering(WORLD, PLAN, mixed[0]), numbering(WORLD, PLAN, Occasions.concat(mixed))
    assert [alone.texts[c].as_py() for c in alone.code] == [
        both.texts[c].as_py() for c in both.code[:200]
    ]
