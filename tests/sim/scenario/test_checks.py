"""Checks beyond types and bounds."""

from __future__ import annotations

import datetime as dt

import pytest
from pydantic import ValidationError

from misusesim.scenario.checks import (
    ContradictionError,
    CrossFault,
    a_monday,
    a_zone,
    cross_faults,
    guess,
    multiple_of_ten,
    some_weight,
)
from misusesim.scenario.model import Scenario


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("tyni", "; did you mean tiny?"),
        ("countyy", "; did you mean county?"),
        ("TINY", "; did you mean tiny?"),
        ("zzz", ""),
    ],
)
def test_guess(word: str, hint: str) -> None:
    """Swapped, doubled and capital letters are understood."""
    assert guess(word, ["county", "tiny"]) == hint


def test_guess_quotes() -> None:
    """Values are suggested in quotes."""
    assert guess("polise", ["police"], '"') == '; did you mean "police"?'


def test_monday() -> None:
    """A Monday passes, another day names the Monday before it."""
    assert a_monday(dt.date(2024, 1, 1)) == dt.date(2024, 1, 1)
    with pytest.raises(ValueError, match="got Sunday 2024-01-07; did you mean 2024-01-01"):
        a_monday(dt.date(2024, 1, 7))


@pytest.mark.parametrize("name", ["", "../etc/passwd", "/etc", "America", "UTC+1", "Nowhere\0"])
def test_no_zone(name: str) -> None:
    """Whatever is no zone is refused, paths among them."""
    with pytest.raises(ValueError, match="must be an IANA time zone"):
        a_zone(name)


def test_zone() -> None:
    """A zone passes; its case may be mended."""
    assert a_zone("America/Los_Angeles") == "America/Los_Angeles"
    with pytest.raises(ValueError, match='did you mean "Europe/Berlin"'):
        a_zone("europe/berlin")


def test_population() -> None:
    """Subjects come in blocks of ten."""
    assert multiple_of_ten(20) == 20
    with pytest.raises(ValueError, match="got 11; did you mean 20"):
        multiple_of_ten(11)


def test_weights() -> None:
    """One weight above zero is enough."""
    some_weight({"a": 0, "b": 0.5})
    with pytest.raises(ValueError, match="only zeros"):
        some_weight({"a": 0, "b": 0.0})


def test_cross_faults_pass_over_what_is_wrong_by_itself() -> None:
    """Values of any type are survived; pydantic speaks about them."""
    strange = {
        "agency": [3, {"name": [], "count": "x"}, {"count": True}],
        "misuse": {"kind": 1},
        "oddity": [{"kind": 5}, {"kind": 5}, None],
    }

    assert cross_faults(strange) == []
    assert cross_faults({}) == []


def test_permit_checks_per_group() -> None:
    """Two groups may have such units; one group may not have two."""
    town = {"name": "town", "licensing_unit": 1}
    city = {"name": "city", "licensing_unit": 1}
    checks = [{"kind": "permit_checks", "agency_group": g} for g in ("town", "city", "town")]

    assert cross_faults({"agency": [town, city], "misuse": checks}) == [
        CrossFault(("misuse", 2, "kind"), 'must be there once, got "permit_checks of town" again')
    ]


def test_permit_checks_without_any_group() -> None:
    """Without agencies there is nobody to name."""
    checks = [{"kind": "permit_checks", "agency_group": "town"}]

    assert cross_faults({"misuse": checks}) == [
        CrossFault(
            ("misuse", 0, "agency_group"),
            'must name an agency group (there is none), got "town"',
        )
    ]


def test_model_holds_the_same_rules() -> None:
    """A scenario built in Python cannot contradict itself either."""
    town = {"name": "town", "type": "police"}

    with pytest.raises(ValidationError) as caught:
        Scenario.model_validate(
            {"name": "w", "start": dt.date(2024, 1, 1), "days": 7, "agency": [town, town]}
        )

    error = caught.value.errors()[0]["ctx"]["error"]
    assert isinstance(error, ContradictionError)
    assert error.faults == (
        CrossFault(("agency", 1, "name"), 'must be there once, got "town" again'),
    )
    assert str(error) == 'agency.1.name must be there once, got "town" again'
