"""A data set small enough to be written down by hand: one officer, four queries, one campaign."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from misusesim.dataset import layout, manifest, schema
from misusesim.dataset.card import cards
from misusesim.dataset.sums import write_sums
from misusesim.dataset.writer import write_bytes, write_part
from misusesim.scenario.misuse import RomanticInterest
from misusesim.scenario.model import AgencyGroup, Noise, Scenario

if TYPE_CHECKING:
    from pathlib import Path

START = dt.datetime(2024, 1, 1, 8, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
SCENARIO_TOML = """\
name = "handmade"
title = "Four queries"
seed = 7
start = 2024-01-01
days = 7

[[agency]]
name = "town"
type = "police"

[[misuse]]
kind = "romantic_interest"
"""


def handmade_scenario() -> Scenario:
    return Scenario(
        name="handmade",
        title="Four queries",
        seed=7,
        start=dt.date(2024, 1, 1),
        days=7,
        agency=(AgencyGroup(name="town", type="police"),),
        misuse=(RomanticInterest(kind="romantic_interest"),),
        noise=Noise(),
    )


def table(of: pa.Schema, *rows: dict) -> pa.Table:
    """Return rows of a schema; required columns that are not given hold a plain value."""
    columns = []
    for f in of:
        values = [row.get(f.name, None if f.nullable else plain_value(f.type)) for row in rows]
        columns.append(pa.array(values, f.type))
    return pa.table(columns, schema=of)


def plain_value(kind: pa.DataType) -> object:
    if pa.types.is_timestamp(kind):
        return START
    if pa.types.is_date(kind):
        return dt.date(1980, 5, 17)
    if pa.types.is_boolean(kind):
        return False
    if pa.types.is_list(kind):
        return []
    if pa.types.is_dictionary(kind) or pa.types.is_string(kind):
        return "x"
    return 0


def query(query_id: int, minute: int, late: int = 0, **fields: object) -> dict:
    plain = {
        "query_id": query_id,
        "time": START + minute * MINUTE,
        "received_at": START + (minute + late) * MINUTE,
        "agency_id": "CA0010000",
        "officer_id": "off-1",
        "terminal_id": "t-1",
        "system": "ALPR",
        "message_key": "search",
        "subject_kind": "vehicle",
        "subject_key": 2**63 + 5,
        "match": "exact",
        "outcome": "ok",
        "action": "view",
    }
    return {**plain, **fields}


def truth(query_id: int, cause: str = "work", **fields: object) -> dict:
    plain = {
        "query_id": query_id, "cause": cause, "label": "negative", "violation": "none",
        "intent": "none",
    }  # fmt: skip
    return {**plain, **fields}


def parts() -> dict[str, pa.Table]:
    roster, dispatch = schema.CONTEXT["roster"], schema.CONTEXT["dispatch"]
    return {
        "log/a00000-p000.parquet": table(
            schema.LOG,
            query(11, 0, late=90, reason_text="=inv", case_number="", scope="own"),
            query(2**64 - 1, 5, scope="state", reason_text=None),
        ),
        "log/a00000-p001.parquet": table(
            schema.LOG,
            query(12, 60, reason_text='a,"b"\nc', scope="national"),
            query(13, 61, system="DMV", message_key="RQ", officer_id="off-2"),
        ),
        "truth/queries/a00000-p000.parquet": table(
            schema.TRUTH_QUERIES,
            truth(11, incident_id="inc-1"),
            truth(
                2**64 - 1, "misuse", kind="romantic_interest", label="positive", rung="miscoded",
                cover="none", intent="malicious", tie="ex", campaign_id="c-1", severity=3,
                violation="purpose",
            ),
        ),
        "truth/queries/a00000-p001.parquet": table(
            schema.TRUTH_QUERIES,
            truth(12, "oddity", kind="self_query"),
            truth(13, duplicate_of=12),
        ),
        "truth/reactions/a00000-p000.parquet": table(
            schema.TRUTH_REACTIONS,
            {"query_id": 2**64 - 1, "step": 1, "reaction": "recode", "replaced": "{}"},
        ),
        "truth/campaigns/a00000.parquet": table(
            schema.TRUTH_CAMPAIGNS,
            {
                "campaign_id": "c-1", "kind": "romantic_interest", "rung": "miscoded",
                "officer_ids": ["off-1"], "subject_keys": [2**63 + 5], "n_queries": 1,
                "split_time": "train", "split_officer": "test", "split_agency": "valid",
                "split_kind": "train",
            },
        ),
        "truth/oddities/a00000.parquet": table(
            schema.TRUTH_ODDITIES,
            {"oddity_id": "o-1", "kind": "self_query", "officer_id": "off-1",
             "time": START + 60 * MINUTE, "justification": "roster/officers off-1"},
        ),
        "truth/officers/a00000.parquet": table(
            schema.TRUTH_OFFICERS,
            {"officer_id": "off-1", "agency_id": "CA0010000", "role": "patrol", "misuses": True,
             "kinds": ["romantic_interest"], "campaign_ids": ["c-1"], "n_queries": 1,
             "split_officer": "test", "split_agency": "valid"},
            {"officer_id": "off-2", "agency_id": "CA0010000", "role": "detective",
             "split_officer": "train", "split_agency": "valid"},
        ),
        "truth/reasons/a00000.parquet": table(
            schema.TRUTH_REASONS,
            {"reason_id": "r-1", "campaign_id": "c-1", "rule": "purpose",
             "evidence": f"ties/relationships:off-1/{2**63 + 5}", "present": True},
        ),
        "truth/outcomes/a00000.parquet": table(
            schema.TRUTH_OUTCOMES,
            {"campaign_id": "c-1", "officer_id": "off-1", "found_by": "audit"},
        ),
        "context/directory/agencies/a00000.parquet": table(
            schema.CONTEXT["directory"]["agencies"],
            {"agency_id": "CA0010000", "timezone": "America/Los_Angeles"},
        ),
        "context/roster/officers/a00000.parquet": table(
            roster["officers"],
            {"officer_id": "off-2", "role": "detective", "known_at": START + MINUTE},
            {"officer_id": "off-1", "role": "patrol"},
        ),
        "context/roster/shifts/a00000.parquet": table(
            roster["shifts"],
            {"officer_id": "off-1", "kind": "regular", "valid_from": START - 60 * MINUTE,
             "valid_to": START + 30 * MINUTE},
        ),
        "context/dispatch/incidents/a00000.parquet": table(
            dispatch["incidents"], {"incident_id": "inc-1", "kind": "call", "priority": 2}
        ),
        "context/dispatch/assignments/a00000.parquet": table(
            dispatch["assignments"], {"incident_id": "inc-1", "officer_id": "off-1"}
        ),
        "context/dispatch/sharing/a00000.parquet": table(
            dispatch["sharing"],
            {"agency_id": "CA0020000", "with_agency_id": "CA0010000", "system": "ALPR"},
            {"agency_id": "CA0030000", "with_agency_id": "CA0010000", "system": "ALPR"},
            {"agency_id": "CA0030000", "with_agency_id": "CA0010000", "system": "RMS"},
        ),
        "context/ties/relationships/a00000.parquet": table(
            schema.CONTEXT["ties"]["relationships"],
            {"officer_id": "off-1", "subject_key": 2**63 + 5, "kind": "ex"},
        ),
    }  # fmt: skip


TALLIES = [
    {"accounts": {"patrol": 1, "detective": 1}, "shifts": {"patrol": 1},
     "campaigns": {"romantic_interest/miscoded": 1}, "oddities": {"self_query": 1}},
    {"rows": {"generated": 4, "written": 4, "lost": 1, "duplicates": 1},
     "causes": {"work": 2, "oddity": 1, "misuse": 1}, "labels": {"negative": 3, "positive": 1},
     "misuse_queries": {"romantic_interest/miscoded": 1}, "oddity_queries": {"self_query": 1},
     "queries_by_role": {"patrol": 3, "detective": 1}, "misuse_officers": ["off-1"]},
]  # fmt: skip


def write_handmade(root: Path) -> dict:
    """Write the data set and return its manifest."""
    scenario = handmade_scenario()
    entries = [write_part(root, p, t, layout.schema_of(p)) for p, t in parts().items()]
    entries.append(write_bytes(root, layout.SCENARIO, SCENARIO_TOML.encode()))
    made = manifest.build(scenario, "5" * 64, entries, TALLIES)
    for name, text in cards(scenario, made).items():
        write_bytes(root, name, text.encode())
    write_sums(root, made)
    write_bytes(root, layout.MANIFEST, manifest.dumps(made))
    return made


@pytest.fixture
def handmade(tmp_path: Path) -> Path:
    """Write the data set and return its folder."""
    write_handmade(tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def by_hand() -> SimpleNamespace:
    """Return what tests need to make tables of their own."""
    return SimpleNamespace(
        table=table, query=query, truth=truth, parts=parts, scenario=handmade_scenario,
        write=write_handmade, tallies=TALLIES, start=START, minute=MINUTE,
    )  # fmt: skip
