"""``--set key=value``."""

from __future__ import annotations

import pytest

from misusesim.scenario.sets import apply_sets


def world() -> dict:
    return {"days": 7, "agency": [{"name": "a"}, {"name": "b", "x": {}}], "empty": []}


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("days=8", ("days",), 8),
        (" days = 8 ", ("days",), 8),
        ("agency.1.name='c'", ("agency", 1, "name"), "c"),
        ("agency.1.x.y=[1, 2]", ("agency", 1, "x", "y"), [1, 2]),
        ("new.key=true", ("new", "key"), True),
        ("agency=[]", ("agency",), []),
        ("agency.0={name = 'z'}", ("agency", 0), {"name": "z"}),
        ('title="a=b"', ("title",), "a=b"),
    ],
)
def test_put(text: str, path: tuple, value: object) -> None:
    """A value lands at its path, in tables made on the way if need be."""
    data = world()

    done, faults = apply_sets(data, [text])

    assert faults == []
    assert done == {path: text}
    at: object = data
    for key in path:
        at = at[key]
    assert at == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("days", "must be key=value such as agency.0.count=2"),
        ("=3", "must be key=value such as agency.0.count=2"),
        ("a..b=3", "must be key=value such as agency.0.count=2"),
        ("days=abc", "value must be TOML, got abc; did you mean 'days=\"abc\"'?"),
        ("days=", "value must be TOML, got ; did you mean 'days=\"\"'?"),
        ("agency.2.name=1", "agency needs a place (0 to 1), got 2"),
        ("agency.name=1", "agency needs a place (0 to 1), got name"),
        ("empty.0=1", "empty needs a place (none: it is empty), got 0"),
        ("days.x=1", "days is a plain value and holds no x"),
        ("agency.0.3=1", "agency.0 is a table, got the place 3"),
        ("0=1", "a scenario is a table, got the place 0"),
    ],
)
def test_fault(text: str, message: str) -> None:
    """What cannot be done is said, and changes nothing."""
    data = world()

    assert apply_sets(data, [text]) == ({}, [f"--set {text}: {message}"])
    assert data == world()


def test_two_lines() -> None:
    """A second pair cannot be smuggled in with a line break, and the message stays one line."""
    _, faults = apply_sets(world(), ["days=1\nseed=2"])

    assert faults == ["--set days=1\\nseed=2: must be one key=value"]
