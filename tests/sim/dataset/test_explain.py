"""Explaining a query: its row, its cause, its context."""

from __future__ import annotations

import pytest
from rich.console import Console

from misusesim.dataset.explain import explain, render
from misusesim.errors import UsageError

MISUSE = 2**64 - 1


def test_work_is_explained_by_its_incident(handmade):
    """A work query names the incident, with its row and the officer's assignment."""
    told = explain(handmade, 11)
    assert told["sentence"] == "Plain work for incident inc-1, on shift."
    assert told["context"]["dispatch/incidents"][0]["incident_id"] == "inc-1"
    assert told["context"]["dispatch/assignments"][0]["officer_id"] == "off-1"
    assert told["officer"]["role"] == "patrol"
    assert told["campaign"] is None


def test_misuse_names_campaign_tie_and_rule(handmade):
    """A misuse query shows its campaign, how it was found, its tie and its reactions."""
    told = explain(handmade, MISUSE)
    assert told["sentence"] == (
        "Misuse (romantic_interest, miscoded, cover none) with a tie (ex), campaign c-1, "
        "on shift; breaks: purpose."
    )
    assert told["campaign"]["officer_ids"] == ["off-1"]
    assert told["outcomes"][0]["found_by"] == "audit"
    assert told["reasons"][0]["evidence"] == "ties/relationships:off-1/9223372036854775813"
    assert (told["person"]["kinds"], told["person"]["found"]) == (["romantic_interest"], False)
    assert told["reactions"][0]["reaction"] == "recode"
    assert told["context"]["ties/relationships"][0]["kind"] == "ex"


def test_oddity_shows_its_justification(handmade):
    """A strange but honest query shows the oddity; the shift has ended by then."""
    told = explain(handmade, 12)
    assert told["sentence"] == "Honest but strange (self_query), off shift."
    assert told["oddities"][0]["justification"] == "roster/officers off-1"
    assert told["shift"] is None
    assert told["reasons"] == []


def test_unknown_id(handmade):
    """A wrong id is the caller's fault."""
    with pytest.raises(UsageError, match="no query 99"):
        explain(handmade, 99)


def test_rendering_holds_the_facts(handmade):
    """The terminal text shows sentence, row and context, and leaves empty values out."""
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    with console.file:
        console.print(render(explain(handmade, MISUSE)))
    text = console.export_text()
    for said in ("Misuse (romantic_interest", "18446744073709551615", "truth/outcomes",
                 "truth/reasons", "off-1"):  # fmt: skip
        assert said in text
    assert "None" not in text
