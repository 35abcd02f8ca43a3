"""Names and places inside a data set."""

from __future__ import annotations

import pytest

from misusesim.dataset import layout, schema


def test_names_are_padded():
    """Parts sort by agency, then period."""
    assert layout.agency_name(7) == "a00007"
    assert layout.shard_name(7, 12) == "a00007-p012"
    assert layout.log_part("a00007-p012") == "log/a00007-p012.parquet"
    assert layout.truth_part("oddities", "a00007") == "truth/oddities/a00007.parquet"
    assert layout.context_part("roster/leave", "a00007") == "context/roster/leave/a00007.parquet"


@pytest.mark.parametrize(
    ("path", "of"),
    [
        ("log/a00000-p000.parquet", schema.LOG),
        ("truth/queries/a00000-p000.parquet", schema.TRUTH_QUERIES),
        ("context/ties/vehicles/a00000.parquet", schema.CONTEXT["ties"]["vehicles"]),
        ("truth/rumours/a00000.parquet", None),
        ("context/ties/rumours/a00000.parquet", None),
        ("README.md", None),
    ],
)
def test_place_decides_schema(path, of):
    """Every part's schema follows from its path; a stranger has none."""
    assert layout.schema_of(path) == of


def test_tiers_nest():
    """A higher tier sees all that a lower one sees."""
    seen = [set(layout.context_tables(tier)) for tier in ("T0", "T1", "T2", "T3")]
    assert seen[0] == {"directory/agencies"}
    assert seen[0] < seen[1] < seen[2] < seen[3]
