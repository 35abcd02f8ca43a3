"""The manifest: what came out beside what was asked for."""

from __future__ import annotations

import json
import re

import pytest

from misusesim.dataset import manifest
from misusesim.errors import DatasetError


@pytest.fixture
def made(handmade):
    """Return the manifest of the hand-made data set."""
    return json.loads((handmade / "manifest.json").read_text())


def test_it_names_scenario_seed_and_versions(made):
    """Everything that the bytes depend on is in it."""
    assert (made["scenario"], made["seed"], made["days"], made["truth"]) == (
        "handmade", 7, 7, "full",
    )  # fmt: skip
    assert made["scenario_hash"] == "5" * 64
    assert set(made["versions"]) == {
        "misusebench", "numpy", "pyarrow", "simpy", "faker", "python",
    }  # fmt: skip


def test_it_lists_every_file_of_data(made, handmade):
    """Every part and the scenario are there with bytes and hash, sorted by path; no card is."""
    there = {p.relative_to(handmade).as_posix() for p in handmade.rglob("*.parquet")}
    paths = [file["path"] for file in made["files"]]
    assert paths == sorted(there | {"scenario.toml"})
    assert all(re.fullmatch("[0-9a-f]{64}", file["sha256"]) for file in made["files"])


def test_log_parts_have_the_span_of_both_times(made):
    """A reader can skip a part by either time."""
    (part,) = (f for f in made["files"] if f["path"] == "log/a00000-p000.parquet")
    assert part["time"] == ["2024-01-01T08:00:00.000000Z", "2024-01-01T08:05:00.000000Z"]
    assert part["received_at"] == ["2024-01-01T08:05:00.000000Z", "2024-01-01T09:30:00.000000Z"]


def test_books_balance(made):
    """What was generated is what was written, plus lost, minus duplicates."""
    assert made["rows"] == {"generated": 4, "written": 4, "lost": 1, "duplicates": 1}


def test_unbalanced_books_are_refused(by_hand):
    """A row that vanished between builder and file is an error, not a footnote."""
    wrong = [{"rows": {"generated": 5, "written": 4, "lost": 0, "duplicates": 0}}]
    with pytest.raises(DatasetError, match="5 queries were generated, but 4 written"):
        manifest.build(by_hand.scenario(), "0" * 64, [], wrong)


def test_realised_rates(made):
    """One misuse query of four, one officer of two."""
    realised = made["realised"]
    assert realised["causes"] == {"misuse": 1, "oddity": 1, "work": 2}
    assert realised["misuse_share_of_queries"] == 0.25
    assert realised["misuse_share_of_officers"] == 0.5
    assert realised["lost_share"] == {"configured": 0.0005, "realised": 0.25}
    assert realised["duplicate_share"] == {"configured": 0.001, "realised": 0.25}


def test_level_and_preset(made, by_hand):
    """The level is there; a member of the family has its promise beside what came out."""
    assert made["level"] == "medium"
    assert "preset" not in made
    world = by_hand.scenario().model_copy(update={"name": "S-HI-hard", "level": "hard", "days": 73})
    found = manifest.build(world, "0" * 64, [], by_hand.tallies)
    assert found["level"] == "hard"
    assert found["preset"] == {
        "size": "S",
        "prevalence": "HI",
        "as_named": False,
        "officers_per_year": {"promised": 0.2, "realised": 2.5},  # one of two in 73 days
        "share_of_queries": {"promised_at_most": 0.0004, "realised": 0.25},
    }


def test_misuse_per_kind_and_rung(made):
    """Each configured kind has campaigns and queries per rung beside its settings."""
    (row,) = made["realised"]["misuse"]
    assert row["kind"] == "romantic_interest"
    assert row["campaigns"] == {"declared": 0, "miscoded": 1, "plausible_case": 0, "own_case": 0}
    assert row["queries"]["miscoded"] == 1
    assert row["configured"]["officers_per_year"] == 0.004
    assert row["campaigns_expected"] == 0.0  # 0.004 * 2 accounts * 7 / 365, to three digits


def test_oddities_that_came_about_are_listed(made):
    """An oddity without configuration still shows."""
    assert made["realised"]["oddity"] == [
        {"kind": "self_query", "configured": None, "occurrences": 1, "queries": 1}
    ]


def test_volume_bridge(made):
    """Accounts, queries and shifts per role explain the volume."""
    assert made["volume"] == [
        {"role": "patrol", "accounts": 1, "queries": 3, "queries_per_account": 3.0,
         "shifts": 1, "queries_per_shift": 3.0},
        {"role": "detective", "accounts": 1, "queries": 1, "queries_per_account": 1.0,
         "shifts": 0, "queries_per_shift": 0.0},
    ]  # fmt: skip


def test_the_hash_covers_everything_else(made):
    """Any change of the manifest changes its hash."""
    assert manifest.seal(made) == made
    assert manifest.seal({**made, "days": 8})["dataset_hash"] != made["dataset_hash"]


def test_order_of_tallies_and_entries_does_not_matter(by_hand):
    """Tasks may finish in any order."""
    one = manifest.build(by_hand.scenario(), "0" * 64, [], by_hand.tallies)
    assert manifest.build(by_hand.scenario(), "0" * 64, [], by_hand.tallies[::-1]) == one


def test_no_clock_in_it(made):
    """Nothing but the simulated time is a date."""
    text = json.dumps({**made, "files": []})
    assert re.findall(r"\d{4}-\d\d-\d\d", text) == ["2024-01-06", "2024-01-05", "2024-01-01"]


def test_it_tells_the_splits(made):
    """Sixty and eighty percent of seven days from Monday midnight in Los Angeles, and the kinds."""
    assert made["splits"] == {
        "time": {"valid_from": "2024-01-05T12:48:00.000000Z",
                 "test_from": "2024-01-06T22:24:00.000000Z"},
        "held_out_kinds": ["dating_screening", "favour", "personal_business", "immigration",
                           "ghost_account", "bulk_harvest"],
        "shares": {"train": 0.6, "valid": 0.2, "test": 0.2},
    }  # fmt: skip
