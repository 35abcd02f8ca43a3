"""Ways of writing: what stays plain, what is made of words and codes, and who writes how."""

from __future__ import annotations

import numpy as np
import pytest

from misusesim.reasontext import CLASSES, classify
from misusesim.scenario.load import load_scenario
from misusesim.workload import reasons
from misusesim.workload.vocabulary import CLASS, vocabulary
from misusesim.workload.ways import WAYS, ways_of
from misusesim.world.agencies import agencies


def test_words_are_cut_joined_and_swapped():
    """Every own way of two words, in order."""
    assert ways_of("stolen plate", "free", 38) == [
        "stolen plate", "stln plate", "stolen plte", "stol plate", "stolen pltae",
        "poss stolen plate", "stolen plate susp", "stolen/plate",
    ]  # fmt: skip


def test_codes_get_another_section_order_law_and_digit():
    """Two plain ways, four of their own, and from the front again."""
    assert ways_of("459pc", "code", 90) == [
        "459pc", "459pc", "459(a)pc", "pc-459", "459cvc", "4599pc", "459(a)pc", "pc-459",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind", "n"),
    [
        ("suspect vehicle", "free", 997), ("investigation", "generic", 20), ("test", "test", 5),
        ("wanted", "generic", 70), ("911", "code", 30), ("sv", "short", 20),
    ],
)  # fmt: skip
def test_what_everybody_writes_stays_as_it_is(text, kind, n):
    """Common texts, generic words, bare numbers and classes without own ways."""
    assert ways_of(text, kind, n) == [text] * WAYS


def test_a_way_of_a_qualifier_still_has_its_generic_word():
    """Nothing that is sorted as qualified becomes anything else."""
    ways = ways_of("theft investigation", "qualifier", 45)
    assert {CLASSES[classify(way)] for way in ways} == {"qualified"}
    assert len(set(ways)) == WAYS


def test_houses_write_their_own_way():
    """Officers of one agency share the way of an odd text; of an even one each has his own."""
    world = load_scenario("tiny")
    first, second = agencies(world)[:2]
    habit = reasons._habits(world, [first, second], [200, 200])
    officer = np.arange(400, dtype=np.int32)
    base = {
        parity: next(
            b for b in range(parity, len(vocabulary().styled), 2)
            if len(set(vocabulary().styled[b, :, 0].tolist())) == WAYS
        )
        for parity in (0, 1)
    }  # fmt: skip
    ways = {p: reasons._ways(habit, officer, np.full(400, b, np.int32)) for p, b in base.items()}
    assert len(set(ways[1][:200].tolist())) == len(set(ways[1][200:].tolist())) == 1
    assert np.bincount(ways[0], minlength=WAYS).min() > 25


def test_the_way_is_in_the_text():
    """A text of many ways comes out in more than one of them over many officers."""
    world = load_scenario("tiny")
    habit = reasons._habits(world, agencies(world)[:1], [500])
    officer = np.arange(500, dtype=np.int32)
    codes = reasons.reason_codes(
        habit, 1, officer=officer, topic=np.full(500, 3, np.int16),
        occasion=officer.astype(np.uint64), need=officer.astype(np.uint64),
        has_number=np.zeros(500, np.bool_), forced=np.full(500, CLASS["free"], np.int8),
    )  # fmt: skip
    told = {vocabulary().texts[code].lower().replace("+", " ") for code in codes.text.tolist()}
    assert any(text.startswith("poss ") for text in told)
    assert len(told) > 20
