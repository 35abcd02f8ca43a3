"""A menu takes the place of the reason's text from a day on."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from misusesim.dataset.reader import open_dataset
from misusesim.reasontext import CLASSES, classify
from misusesim.scenario.load import load_scenario
from misusesim.shards import run

#: Midnight of 8 January 2024 in Los Angeles, in UTC.
FROM = "2024-01-08T08:00:00"


class Said(NamedTuple):
    """What a row's menu and text say."""

    picked: str | None
    kind: str


@pytest.fixture(scope="module")
def eras(tmp_path_factory):
    """Return what people of an agency say before and from that day on."""
    world = load_scenario(
        "tiny", ("agency.0.dropdown_from=2024-01-08", 'agency.0.reason_style="vague"'), days=28
    )
    out = tmp_path_factory.mktemp("menu") / "data"
    run(world, out)
    data = open_dataset(out)
    agency = data.context("T1")["directory/agencies"]["agency_id"][0].as_py()
    found = {True: [], False: []}
    for row in data.log().to_pylist():
        if row["agency_id"] == agency and row["reason_text"] not in {"CAD AUTO", "RMS AUTO"}:
            text = (row["reason_text"] or "").strip()
            said = Said(row["reason_category"], CLASSES[classify(text)])
            found[row["time"].replace(tzinfo=None).isoformat() >= FROM].append(said)
    return found


def share(rows, of):
    """Return the share of rows for which something holds."""
    return sum(map(of, rows)) / len(rows)


@pytest.mark.slow
def test_vague_texts_end(eras):
    """A third or more are one generic word before it, next to none after."""
    assert share(eras[False], lambda row: row.kind in {"generic", "words"}) > 0.3
    assert share(eras[True], lambda row: row.kind in {"generic", "words"}) == 0
    assert {row.kind for row in eras[True]} <= {"blank", "number", "code"}


@pytest.mark.slow
def test_the_menu_is_mandatory(eras):
    """Nothing is picked before; after, all but 0.15 %."""
    assert share(eras[False], lambda row: row.picked is not None) == 0
    assert share(eras[True], lambda row: row.picked is not None) > 0.99
