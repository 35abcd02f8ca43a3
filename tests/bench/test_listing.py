"""What there is, by name."""

from __future__ import annotations

from misusebench import listing
from misusesim.dataset import schema


def names(entries: listing.Entries) -> list[str]:
    return [entry["name"] for entry in entries]


def test_kinds_and_oddities_are_those_of_the_data() -> None:
    """Lists and truth columns use the same words."""
    assert names(listing.kinds()) == list(schema.MISUSE_KINDS)
    configured = [kind for kind in schema.ODDITY_KINDS if kind != "lawful_licensing"]
    assert names(listing.oddities()) == configured


def test_every_entry_says_what_it_is() -> None:
    """Nothing is listed without a line about it."""
    for name, entries in listing.LISTS.items():
        assert [e["name"] for e in entries() if not e["about"]] == [], name


def test_label_oracle_is_listed() -> None:
    """The control is among the detectors, though it is in no registry."""
    assert names(listing.detectors())[-1] == "label_oracle"


def test_component_without_its_package() -> None:
    """A component whose extra is missing is listed as such."""
    assert listing._targets([("x", "no_such_module:X")]) == [
        {"name": "x", "about": "not installed: No module named 'no_such_module'"}
    ]
