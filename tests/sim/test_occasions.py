"""Occasions: the columns, their defaults, and that building, taking and joining lose nothing."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusesim.dataset.schema import CAUSES
from misusesim.occasions import (
    DEFAULT,
    MISUSE,
    NONE,
    ODDITY,
    TEMPLATE,
    TEMPLATES,
    TOPIC,
    TOPICS,
    WORK,
    Occasions,
)

NEEDED = ("source", "serial", "officer", "start", "template")
NAMES = [f.name for f in fields(Occasions)]


def some(n=3, /, **columns):
    """Return occasions of street work, one a second."""
    plain = {
        "source": WORK, "serial": np.arange(n), "officer": 4, "start": np.arange(n) * 10**6,
        "template": TEMPLATE["traffic_stop"],
    }  # fmt: skip
    return Occasions.build(n, **{**plain, **columns})


def rows(occasions):
    """Return one tuple per occasion."""
    columns = [getattr(occasions, name).tolist() for name in NAMES]
    return list(zip(*columns, strict=True))


def test_sources_are_the_causes_of_the_truth():
    """The code of a source is the place of its cause in the schema."""
    assert [CAUSES[code] for code in (WORK, ODDITY, MISUSE)] == ["work", "oddity", "misuse"]


def test_codes_are_places_in_the_lists():
    """Templates and topics are coded by position, without gaps or doubles."""
    assert [TEMPLATES[code] for code in TEMPLATE.values()] == list(TEMPLATES)
    assert [TOPICS[code] for code in TOPIC.values()] == list(TOPICS)
    assert len(TEMPLATE) == len(TEMPLATES) == 24
    assert len(TOPIC) == len(TOPICS) == 29


def test_nothing_and_default_are_no_codes():
    """Both marks are below every code, and apart."""
    assert (NONE, DEFAULT) == (-1, -2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", 1),
        ("gap_s", 20),
        ("topic", 24),  # patrol
        ("subject", -1),
        ("incident", -1),
        ("case", -1),
        ("campaign", -1),
        ("oddity", -1),
        ("says_purpose", -2),
        ("says_topic", -2),
        ("says_case", -2),
        ("says_incident", -2),
        ("action", -2),
    ],
)
def test_defaults(name, value):
    """A column that is not given says nothing, or what template and habit say."""
    assert getattr(some(), name).tolist() == [value] * 3


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("source", np.uint8),
        ("serial", np.int64),
        ("officer", np.int32),
        ("start", np.int64),
        ("n", np.int16),
        ("gap_s", np.int32),
        ("template", np.int16),
        ("topic", np.int16),
        ("subject", np.int64),
        ("incident", np.int64),
        ("case", np.int64),
        ("says_purpose", np.int8),
        ("says_topic", np.int16),
        ("says_case", np.int64),
        ("says_incident", np.int64),
        ("campaign", np.int32),
        ("oddity", np.int8),
        ("action", np.int8),
    ],
)
def test_types(name, kind):
    """A column has its type whatever it was built from, also when there are no rows."""
    assert getattr(some(**{name: 1}), name).dtype == kind
    assert getattr(some(**{name: np.array([1, 2, 3], np.int64)}), name).dtype == kind
    assert getattr(some(0), name).dtype == kind
    assert getattr(Occasions.concat([]), name).dtype == kind


@pytest.mark.parametrize("name", NEEDED)
def test_needed_columns(name):
    """Source, serial, officer, start and template have no default."""
    columns = dict.fromkeys(NEEDED, 0)
    del columns[name]
    with pytest.raises(TypeError, match=f"^occasions need the column {name}$"):
        Occasions.build(2, **columns)


def test_a_scalar_is_repeated():
    """One number stands for all rows."""
    assert some(4, gap_s=7).gap_s.tolist() == [7, 7, 7, 7]


def test_columns_of_another_length_are_refused():
    """Two values cannot be laid out over three rows."""
    with pytest.raises(ValueError, match="broadcast"):
        some(3, gap_s=np.array([1, 2]))


@pytest.mark.parametrize(
    ("name", "value"), [("n", 2**15), ("source", 256), ("says_purpose", 128), ("officer", 2**31)]
)
def test_a_scalar_too_large_for_its_column_is_refused(name, value):
    """Nothing is wrapped around silently."""
    with pytest.raises(OverflowError):
        some(2, **{name: value})


def test_columns_are_copies():
    """A change of what was given, or of one row, touches nothing else."""
    given_gaps = np.array([1, 2, 3], np.int32)
    built = some(3, gap_s=given_gaps, officer=9)
    given_gaps[0] = 99
    built.officer[0] = 5
    assert built.gap_s.tolist() == [1, 2, 3]
    assert built.officer.tolist() == [5, 9, 9]


def test_occasions_are_frozen():
    """Columns cannot be exchanged, or added."""
    with pytest.raises(FrozenInstanceError):
        some().n = np.ones(3)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_length(n):
    """The length is the number of occasions."""
    assert len(some(n)) == n


@pytest.mark.parametrize(
    ("index", "serials"),
    [
        (np.array([2, 0]), [2, 0]),
        (np.array([1, 1]), [1, 1]),
        (np.array([True, False, True]), [0, 2]),
        (slice(1, None), [1, 2]),
        (slice(None, None, -1), [2, 1, 0]),
        (np.array([], np.int64), []),
        (np.zeros(3, bool), []),
    ],
)
def test_take(index, serials):
    """Places, a mask or a slice pick whole rows, in the order asked for."""
    picked = some().take(index)
    assert picked.serial.tolist() == serials
    assert picked.start.tolist() == [10**6 * s for s in serials]
    assert len(picked) == len(serials)


def test_concat_keeps_the_order():
    """Parts follow each other as given, empty ones leave no trace."""
    joined = Occasions.concat([some(2, officer=1), some(0), some(1, officer=2)])
    assert joined.officer.tolist() == [1, 1, 2]
    assert joined.serial.tolist() == [0, 1, 0]


def test_concat_of_nothing():
    """No parts are no occasions, with every column there."""
    empty = Occasions.concat([])
    assert len(empty) == 0
    assert all(getattr(empty, name).shape == (0,) for name in NAMES)


@settings(max_examples=40)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_cutting_and_joining_loses_nothing(sizes, random):
    """Occasions cut anywhere and joined again are the same rows."""
    total = sum(sizes)
    whole = some(
        total,
        officer=np.array([random.randrange(100) for _ in range(total)], np.int64),
        subject=np.array([random.randrange(2**40) for _ in range(total)], np.int64),
    )
    ends = np.cumsum(sizes)
    cut = [whole.take(slice(end - size, end)) for size, end in zip(sizes, ends, strict=True)]
    assert rows(Occasions.concat(cut)) == rows(whole)


@given(st.permutations(range(7)))
def test_taking_a_permutation_and_its_inverse(order):
    """Shuffling and sorting back gives the same rows."""
    whole = some(7, gap_s=np.arange(7) * 3)
    shuffled = whole.take(np.array(order))
    assert rows(shuffled.take(np.argsort(np.array(order)))) == rows(whole)
    assert sorted(rows(shuffled)) == sorted(rows(whole))
