"""Key paths and their lines."""

from __future__ import annotations

import contextlib
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusesim.scenario.lines import key_lines, line_of


def test_tables() -> None:
    """A key has the line it is written on; a table that of its header."""
    text = "a = 1\n\n[t]\nb = 2\n[t.u]\nc = 3\n"

    assert key_lines(text) == {
        ("a",): 1, ("t",): 3, ("t", "b"): 4, ("t", "u"): 5, ("t", "u", "c"): 6,
    }  # fmt: skip


def test_arrays_of_tables() -> None:
    """The headers of an array of tables are counted, inner ones within the outer."""
    text = "[[a]]\nx = 1\n[[a.b]]\n[[a.b]]\ny = 1\n[[a]]\n[[a.b]]\n[a.c]\nz = 1\n"

    assert key_lines(text) == {
        ("a", 0): 1, ("a", 0, "x"): 2, ("a", 0, "b", 0): 3, ("a", 0, "b", 1): 4,
        ("a", 0, "b", 1, "y"): 5, ("a", 1): 6, ("a", 1, "b", 0): 7, ("a", 1, "c"): 8,
        ("a", 1, "c", "z"): 9,
    }  # fmt: skip


def test_values_over_lines() -> None:
    """Items of lists and keys of inline tables have their own lines; comments do not count."""
    text = 'a = [1, # ] "\n  {b = 2},\n\n  "]"]\nc = {d = {e = 1}, f = [3]}\n'

    assert key_lines(text) == {
        ("a",): 1, ("a", 0): 1, ("a", 1): 2, ("a", 1, "b"): 2, ("a", 2): 4, ("c",): 5,
        ("c", "d"): 5, ("c", "d", "e"): 5, ("c", "f"): 5, ("c", "f", 0): 5,
    }  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [
        '"""\n[x]\ny = 1\n"""', "'''\n[x]\n'''", '"a # b"', "'a = \\'", '"\\""',
        '"""a""""', '"""\\\n  """', "1979-05-27 07:32:00", "[\n]", "{}", "-inf",
    ],
)  # fmt: skip
def test_values_are_skipped(value: str) -> None:
    """Nothing inside a value is taken for a key."""
    text = f"first = {value} # [no]\nlast = 1\n"
    tomllib.loads(text)

    lines = key_lines(text)

    assert set(lines) == {("first",), ("last",)}
    assert lines["last",] == text.count("\n", 0, text.index("last = ")) + 1


def test_quoted_and_dotted_keys() -> None:
    """Quotes and spaces around dots do not belong to a key."""
    text = '"a b" . c = 1\n[ "x.y" . \'z]\' ]\nk = 2\n'

    assert key_lines(text) == {
        ("a b",): 1, ("a b", "c"): 1, ("x.y", "z]"): 2, ("x.y", "z]", "k"): 3,
    }  # fmt: skip


def test_carriage_returns() -> None:
    """Files from other systems have the same lines."""
    assert key_lines("a = 1\r\n\r\nb = 2\r\n") == {("a",): 1, ("b",): 3}


def test_line_of_what_is_missing() -> None:
    """A missing key points at its table's header, a missing table at the file's top."""
    lines = key_lines("a = 1\n[[b]]\nc = 1\n")

    assert line_of(lines, ("b", 0, "d")) == 2
    assert line_of(lines, ("b",)) == 2
    assert line_of(lines, ("z", "y")) == 1


_KEYS = st.from_regex(r"[a-z_-]{1,4}", fullmatch=True)
_SCALARS = st.sampled_from(['"#"', "'['", "1", "true", '"""\n[a]\n"""', "2024-01-01"])
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3).map(lambda v: f"[\n{', '.join(v)}]")
)


@pytest.mark.slow
@given(st.dictionaries(_KEYS, _VALUES, max_size=6))
def test_every_key_is_found(pairs: dict[str, str]) -> None:
    """Each key is on the line that begins with it, whatever the values hold."""
    text = "".join(f"{key} = {value}\n" for key, value in pairs.items())
    starts, at = {}, 1
    for key, value in pairs.items():
        starts[key,] = at
        at += value.count("\n") + 1

    found = {path: line for path, line in key_lines(text).items() if len(path) == 1}

    assert found == starts


def test_a_table_whose_part_came_first_has_its_own_line() -> None:
    """`[a.b]` before `[a]`: each key at its own line."""
    lines = key_lines("[a.b]\nc = 1\n[a]\nd = 2\n")
    assert line_of(lines, ("a",)) == 3
    assert line_of(lines, ("a", "b")) == 1


@given(st.text(alphabet="ab=[]{},.\"'#\n \\1", max_size=40))
@settings(deadline=2_000)
def test_what_is_no_toml_is_scanned_to_its_end(text: str) -> None:
    """A header that never closes once sent the scanner back to the beginning, for ever."""
    with contextlib.suppress(tomllib.TOMLDecodeError):  # of a quoted key that is none
        assert all(1 <= line <= text.count("\n") + 1 for line in key_lines(text).values())


@pytest.mark.parametrize("text", ["[limits\n", "[[a\nb = 1\n", "a = [ } ]\n", "a = [ # x"])
def test_headers_and_arrays_that_never_close_end_with_the_text(text: str) -> None:
    """Found by a new user who left out a bracket."""
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(text)
    assert min(key_lines(text).values()) == 1
