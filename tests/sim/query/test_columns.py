"""Arrow columns from codes: what is null, which words a dictionary holds, fixed-width texts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from misusesim.dataset import schema
from misusesim.query.columns import listed, long_words, numbers, texts, words
from misusesim.textcolumns import fixed_text

COLOURS = ("red", "green", "blue")
CODES = st.lists(st.integers(-1, 2), max_size=30)
SMALL = np.int8


def codes(*values):
    return np.array(values, SMALL)


def spelled(values):
    """Return what codes of COLOURS stand for."""
    return [None if v < 0 else COLOURS[v] for v in values]


@given(values=CODES)
def test_three_ways_say_the_same_words(values):
    """Short words, long words and plain texts of the same codes are equal row by row."""
    wanted = spelled(values)
    given_codes = codes(*values)
    assert words(given_codes, COLOURS).to_pylist() == wanted
    assert long_words(given_codes, COLOURS).to_pylist() == wanted
    assert texts(given_codes, COLOURS).to_pylist() == wanted


@pytest.mark.parametrize(
    ("make", "kind"), [(words, schema.WORD), (long_words, schema.LONG_WORD), (texts, pa.string())]
)
def test_columns_have_the_types_of_the_schema(make, kind):
    """A short word has an 8-bit code, a long word a 32-bit one, a text none."""
    assert make(codes(0, -1, 2), COLOURS).type == kind


def test_a_short_word_column_keeps_the_whole_closed_list():
    """The code of a word is its place in the list, used or not."""
    column = words(codes(2, 2), COLOURS)
    assert column.dictionary.to_pylist() == ["red", "green", "blue"]
    assert column.indices.to_pylist() == [2, 2]


@pytest.mark.parametrize(
    ("values", "kept", "indices"),
    [
        ((2, 0, 2), ["red", "blue"], [1, 0, 1]),
        ((1,), ["green"], [0]),
        ((-1, -1), [], [None, None]),
        ((-1, 2), ["blue"], [None, 0]),
        ((), [], []),
        ((0, 1, 2), ["red", "green", "blue"], [0, 1, 2]),
    ],
)
def test_a_long_word_column_keeps_only_what_is_used(values, kept, indices):
    """Unused words are dropped and the order of the list is kept."""
    column = long_words(codes(*values), COLOURS)
    assert column.dictionary.to_pylist() == kept
    assert column.indices.to_pylist() == indices


def test_listed_words_are_made_once():
    """The same words are the same array, and an array does for words as the list does."""
    assert listed(COLOURS) is listed(tuple(COLOURS))
    some = codes(2, -1, 0)
    assert long_words(some, listed(COLOURS)).equals(long_words(some, COLOURS))


def test_long_words_take_an_array_of_objects():
    """Ids of officers come as an array, not as a tuple."""
    ids = np.array(["o1", "o2"], object)
    assert long_words(np.array([1, 1, -1], np.int32), ids).to_pylist() == ["o2", "o2", None]


def test_long_words_of_an_empty_list_are_all_null():
    """Where there is no word at all, only absence can be said."""
    assert long_words(np.full(3, -1, np.int32), ()).to_pylist() == [None, None, None]


def test_words_that_are_equal_are_kept_apart_by_code():
    """Two codes of one text are two entries: a column is never compared by code."""
    column = long_words(np.array([0, 1], np.int32), ("same", "same"))
    assert column.to_pylist() == ["same", "same"]
    assert len(column.dictionary) == 2


@pytest.mark.parametrize("make", [words, long_words, texts])
def test_minus_one_is_absence_at_every_place(make):
    """Minus one is absence in every kind of column, at the first and at the last place."""
    assert make(codes(-1, 1, -1), COLOURS).to_pylist() == [None, "green", None]
    assert make(codes(-1, 1, -1), COLOURS).null_count == 2


def test_columns_without_absence_have_no_null():
    """A required column carries no null at all."""
    for make in (words, long_words, texts):
        assert make(codes(0, 1), COLOURS).null_count == 0


@pytest.mark.parametrize(
    ("kind", "array"),
    [
        (pa.uint64(), np.array([0, 2**64 - 1], np.uint64)),
        (pa.int8(), np.array([-128, 127], np.int8)),
        (pa.int32(), np.array([-(2**31), 2**31 - 1], np.int64)),
        (pa.bool_(), np.array([True, False])),
    ],
)
def test_numbers_keep_their_extremes(kind, array):
    """The smallest and the largest value of a type come through unchanged."""
    column = numbers(array, kind)
    assert column.type == kind
    assert column.to_pylist() == array.tolist()


def test_absent_numbers_are_null_whatever_they_hold():
    """The value under the mask is not said."""
    column = numbers(np.array([1, 2, 3]), pa.int16(), np.array([True, False, True]))
    assert column.to_pylist() == [None, 2, None]


def test_a_number_that_does_not_fit_is_refused():
    """Nothing is wrapped around in silence."""
    with pytest.raises(pa.ArrowInvalid, match="300"):
        numbers(np.array([300]), pa.int8())


@given(rows=st.lists(st.one_of(st.none(), st.text("ABC*129", min_size=7, max_size=7)), max_size=40))
def test_fixed_texts_come_back(rows):
    """Whatever is present and absent, each row has its own characters."""
    given_rows = [r for r in rows if r is not None]
    matrix = np.array([list(r.encode()) for r in given_rows], np.uint8).reshape(-1, 7)
    present = np.array([r is not None for r in rows], np.bool_)
    column = fixed_text(matrix, present)
    column.validate(full=True)
    assert column.to_pylist() == rows


@pytest.mark.parametrize("width", [1, 2, 7, 31])
def test_fixed_texts_have_the_width_of_the_matrix(width):
    """Each text is as long as the matrix is wide."""
    matrix = np.full((3, width), ord("x"), np.uint8)
    column = fixed_text(matrix, np.array([True, False, True, True]))
    assert [None if t is None else len(t) for t in column.to_pylist()] == [
        width, None, width, width,
    ]  # fmt: skip


def test_fixed_texts_take_a_view_that_is_not_contiguous():
    """Every second row of a matrix is read as it is seen, not as it lies in memory."""
    matrix = np.array([list(b"AA"), list(b"BB"), list(b"CC"), list(b"DD")], np.uint8)
    assert fixed_text(matrix[::2], np.array([True, True])).to_pylist() == ["AA", "CC"]


def test_more_than_eight_rows_fill_more_than_one_byte_of_the_mask():
    """The mask goes on after its first byte."""
    present = np.arange(19) % 3 == 0
    matrix = np.array([[ord("a") + i] for i in range(int(present.sum()))], np.uint8)
    column = fixed_text(matrix, present).to_pylist()
    assert [t for t in column if t is not None] == list("abcdefg")
    assert [i for i, t in enumerate(column) if t is not None] == [0, 3, 6, 9, 12, 15, 18]


def test_texts_may_have_more_words_than_a_byte():
    """A plain text column is not bound to 128 values as a short word is."""
    many = tuple(f"n{i}" for i in range(1000))
    assert texts(np.array([999, 128, -1]), many).to_pylist() == ["n999", "n128", None]
