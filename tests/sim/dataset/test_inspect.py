"""Describing a data set."""

from __future__ import annotations

import io
import json

from rich.console import Console

from misusesim.dataset.inspect import describe, render


def test_description_counts_what_is_there(handmade):
    """Agencies, officers, systems, span and rows per table are counted."""
    told = describe(handmade)
    assert (told["agencies"], told["officers"], told["hits"]) == (1, 2, 0)
    assert told["systems"] == {"ALPR": 3, "DMV": 1}
    assert told["span"] == ["2024-01-01T08:00:00.000000Z", "2024-01-01T09:01:00.000000Z"]
    assert told["tables"]["log"] == 4
    assert told["tables"]["context/dispatch/sharing"] == 3
    assert told["rows"]["written"] == 4
    assert told["splits"]["shares"] == {"train": 0.6, "valid": 0.2, "test": 0.2}
    assert told["tables"]["truth/reasons"] == 1


def test_description_is_json(handmade):
    """It can be printed with --json as it is."""
    assert json.loads(json.dumps(describe(handmade)))["scenario"] == "handmade"


def test_rendering_holds_the_facts(handmade):
    """The terminal text shows volume, misuse and tables."""
    console = Console(width=100, file=io.StringIO())
    console.print(render(describe(handmade)))
    text = console.file.getvalue()
    for said in ("4 queries of 2 officers in 1 agencies", "misuse: 1 queries (25.0000%)",
                 "romantic_interest", "self_query", "context/roster/officers",
                 "validation from 2024-01-05T12:48:00.000000Z"):  # fmt: skip
        assert said in text
