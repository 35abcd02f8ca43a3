"""Names that somebody typed: configurations, components where one run has them, faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.bench.compare.made import loaded
from tests.bench.made_run import result

from misusebench.compare.configurations import Configuration, Loaded
from misusebench.compare.naming import check_apart, meant
from misusebench.errors import SuiteError

if TYPE_CHECKING:
    from pathlib import Path


def named(*names: str, run: Loaded | None = None) -> list[Configuration]:
    """Return configurations, components of their names up to the sign of their run."""
    found = []
    for place, name in enumerate(names):
        component = name.partition(" @ ")[0]
        found.append(
            Configuration(name, component, place, (result(component),), (run or loaded(),))
        )
    return found


def test_names_and_components() -> None:
    """A name is one; a component is too where one run has it; once more is before and after."""
    found = named("a @ one", "a @ two", "b")

    assert meant(("a @ two", "b"), found) == ("a @ two", "b")
    assert meant(("b", "a @ one"), found) == ("b", "a @ one")
    assert meant(("a", "a"), found) == ("a @ one", "a @ two")
    assert meant(("b", "a"), named("a @ one", "b @ one")) == ("b @ one", "a @ one")


@pytest.mark.parametrize(
    ("asked", "fault"),
    [(("a", "b"), "a is in several runs; name one of 'a @ one', 'a @ two'$"),
     (("b", "b"), "b and b are the same; name two"),
     (("bb", "b"), "no configuration is called 'bb'; did you mean b. there are a @ one, a @ two"),
     (("a @ tow", "b"), "did you mean a @ two. there"),
     (("B", "a @ one"), "did you mean b. there"),
     (("b", "zzzzz"), "'zzzzz'; there are a @ one, a @ two, b")],
)  # fmt: skip
def test_what_is_wrong_is_told(asked: tuple[str, str], fault: str) -> None:
    """Several of a name, one twice, none: with the likely one and those that there are."""
    with pytest.raises(SuiteError, match=f"^--between: .*{fault}"):
        meant(asked, named("a @ one", "a @ two", "b"))


def test_an_invalid_component_is_told_as_such() -> None:
    """It was in the run: its fault is said rather than another name."""
    broken = result("c", state="invalid", reasons=["it raised"])
    run = loaded()
    run.results = [result("b"), broken]

    with pytest.raises(SuiteError, match="'c': its result in run is invalid: it raised"):
        meant(("b", "c"), named("b", run=run))


def test_many_names_are_cut() -> None:
    """Twelve of them are enough."""
    with pytest.raises(SuiteError, match=r"n10, n11 and 8 more$"):
        meant(("x", "n1"), named(*(f"n{place}" for place in range(20))))


def test_a_run_given_twice(tmp_path: Path) -> None:
    """However it is written; a copy is another run."""
    (tmp_path / "copy").mkdir()
    check_apart([loaded(tmp_path), loaded(tmp_path / "copy")])

    with pytest.raises(SuiteError, match=f"give it once: misusebench compare {tmp_path}"):
        check_apart([loaded(tmp_path), loaded(tmp_path / "copy" / "..")])
