"""The rules in memory say what the rules in SQL say, to the last bit and the last alert."""

from __future__ import annotations

import datetime as dt
import unicodedata

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from tests.bench.literal import at, context, log, table

from misusebench.columns import DAY_US, HOUR_US
from misusebench.detectors.rules import Rules, load_rules
from misusebench.detectors.rules_stream import MIRRORED, RulesStream, queries
from misusebench.detectors.rules_words import lower, upper
from misusebench.errors import SuiteError
from misusebench.replay import InProcess, replay
from misusesim import open_dataset

TIERS = ("T0", "T1", "T2", "T3")
#: Daylight saving begins in Los Angeles at 2024-03-10 10:00 UTC.
START_US = at("2024-03-07 00:00")


def _cut(detector, rows, size):
    """Return what a detector says of rows in batches of a size; of 0 in batches of odd sizes."""
    chance, start, scores, alerts = np.random.default_rng(size), 0, [], []
    rows = rows.combine_chunks()
    while start < len(rows):
        step = size or int(chance.choice([1, 2, 7, 40, 333]))
        batch = rows.slice(start, step).to_batches()[0]
        scores.append(detector.score(batch))
        alerts.append(detector.alerts(0))
        start += step
    return np.concatenate(scores), alerts


@pytest.mark.slow
@pytest.mark.parametrize("tier", TIERS)
def test_a_simulated_world_is_judged_the_same(tier, tiny_dataset):
    """Scores and alerts of a replay with misuse and context that comes day by day are equal."""
    data = open_dataset(tiny_dataset)
    said = [
        replay(InProcess(cls(tier=tier)), data.log(), data.context(tier), batch_rows=1000)
        for cls in (Rules, RulesStream)
    ]
    assert np.array_equal(said[0].score, said[1].score)
    assert said[0].alerts == said[1].alerts
    assert len({alert.rule for alert in said[0].alerts}) >= (3 if tier == "T0" else 6)


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 7, 1000, 100_000, 0])
def test_any_cut_of_a_simulated_world_is_judged_the_same(size, tiny_dataset):
    """Both see the same cut; and neither cares, but for the order of the alerts in a batch."""
    data = open_dataset(tiny_dataset)
    rows, tables = data.log().slice(0, 60 * size if size else 3_000), data.context("T1")
    said = []
    for cls in (Rules, RulesStream):
        detector = cls()
        detector.fit(rows.slice(0, 0), tables)
        said.append(_cut(detector, rows, size))
    assert np.array_equal(said[0][0], said[1][0])
    assert said[0][1] == said[1][1]
    stream = RulesStream()
    stream.fit(rows.slice(0, 0), tables)
    alone = [stream.score_row(query) for query in queries(rows)]
    assert np.array_equal(alone, said[0][0])
    raised = sorted(alert for part in said[0][1] for alert in part)
    assert sorted(stream.alerts(0)) == raised


def _odd_rows(chance, n):
    """Return rows that meet where rules change: midnight, saved hours, ties, nulls, odd letters."""
    edges = [DAY_US - 1, 0, 1, 7 * HOUR_US, 8 * HOUR_US - 1, 10 * HOUR_US - 1, 10 * HOUR_US]
    received, rows = START_US, []
    for number in range(n):
        received += int(chance.choice([0, 0, 1, HOUR_US, 9 * HOUR_US, DAY_US, 4 * DAY_US]))
        day = received // DAY_US - int(chance.choice([0, 0, 0, 1]))  # told late, or the clock skews
        rows.append({
            "query_id": number + 1, "received_at": received,
            "time": day * DAY_US + int(chance.choice(edges)),
            "agency_id": str(chance.choice(["A", "B"])),
            "officer_id": str(chance.choice(["o1", "o2", "o3"])),
            "system": str(chance.choice(["DMV", "III", "AFS", "RMS", "LICENSING"])),
            "declared_purpose": chance.choice([None, "ccw", "criminal"]),
            "reason_text": chance.choice([
                None, "", "CCW", "ccws", "\u212accw", "\u00e9ccw", "x 12 345", "renew\nccw",
                "x\u0663\u0663\u0663", "\u0130 ccw", "ccw_", "see-CcW.",
            ]),
            "case_number": chance.choice([None, None, None, "", "24-1"]),
            "subject_key": (0, 1, 2, 2**63, 2**64 - 1)[chance.integers(5)],
            "subject_surname": chance.choice(
                [None, "Vega", "VEGA", "stra\u00df", "STRA\u1e9e", ""]
            ),
            "subject_birth_year": chance.choice([None, 1980, 1981]),
            "match": str(chance.choice(["exact", "partial", "wildcard"])),
            "lookback_hours": chance.choice([None, 0, 720, 721]),
        })  # fmt: skip
    for row in rows:
        for name in ("subject_birth_year", "lookback_hours"):
            row[name] = None if row[name] is None else int(row[name])
    return rows


def _odd_context(chance):
    officers = [
        {"officer_id": "o1", "surname": "Vega"},
        {"officer_id": "o1", "surname": "Strau\u00df", "known_at": "2024-03-01 00:00"},
        {"officer_id": "o2", "surname": "stra\u1e9e", "birth_date": dt.date(1981, 1, 1)},
        {"officer_id": "o3", "agency_id": "B", "surname": ""},
        {"officer_id": "o3", "agency_id": "A", "surname": "vega"},
    ]
    shifts = [
        {"officer_id": f"o{chance.integers(1, 4)}", "valid_from": begin, "valid_to": end}
        for begin in (START_US + int(h) * HOUR_US for h in chance.integers(-40, 3_000, 150))
        for end in (begin + int(chance.choice([0, 8, 10, 24 * 90])) * HOUR_US, None)
    ]
    zones = [
        {"agency_id": "A", "timezone": "America/Los_Angeles"},
        {"agency_id": "B", "timezone": "Asia/Kolkata"},
    ]
    return context(agencies=zones, officers=officers, shifts=shifts)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_odd_rows_are_judged_the_same(seed):
    """Ties, nulls, saved hours, big keys, other alphabets, context that comes late, duplicates."""
    chance = np.random.default_rng(seed)
    rows, tables = _odd_rows(chance, 900), _odd_context(chance)
    last = {"received_at": rows[-1]["received_at"]}
    again = [row | last | {"query_id": 10_000 + row["query_id"]} for row in rows[-300:]]
    whole = log(*rows, *again)
    late = tables["roster/shifts"]
    tables["roster/shifts"] = late.slice(0, 150)
    memory = int(chance.choice([5, 30, 60]))
    both = Rules(memory_days=memory), RulesStream(memory_days=memory)
    for detector in both:
        detector.fit(whole.slice(0, 200), tables)
    parts = [whole.slice(200, 400), whole.slice(600)]
    for part, size in zip(parts, (0, int(chance.choice([7, 1000]))), strict=True):
        sql, stream = (_cut(detector, part, size) for detector in both)
        assert np.array_equal(sql[0], stream[0])
        assert sql[1] == stream[1]
        for detector in both:
            detector.observe("roster/shifts", late.slice(150))
            detector.observe(
                "roster/officers",
                table("roster/officers", {"officer_id": "o2", "surname": "VEGA"}),
            )
    assert len(np.unique(sql[0])) > 20


def test_letters_are_those_of_the_database():
    """Capitals and small letters of the alphabets that have them are DuckDB's, one by one."""
    letters = [chr(code) for code in range(1, 0x2C00) if unicodedata.category(chr(code)) != "Cn"]
    with duckdb.connect() as db:
        db.register("letters", pa.table({"one": letters}))
        told = db.execute("SELECT one, upper(one), lower(one) FROM letters").fetchall()
    assert [(one, upper(one), lower(one)) for one in letters] == told


def test_every_shipped_rule_is_mirrored_as_it_is():
    """The hashes are those of the shipped file: who edits it has to edit the mirror."""
    assert {rule.id: rule.fingerprint() for rule in load_rules()} == MIRRORED


def _file(tmp_path, *rules):
    path = tmp_path / "mine.toml"
    path.write_text(
        "\n".join(
            f"[[rule]]\nid='{r[0]}'\nreason='R'\nweight={r[2]}\ntier='T0'\nsql='''{r[1]}'''\n"
            for r in rules
        )
    )
    return str(path)


def test_edited_sql_is_refused_by_name(tmp_path):
    """The message has each rule that is not mirrored, and says what can run it."""
    wildcard = next(rule.sql for rule in load_rules() if rule.id == "wildcard_name")
    path = _file(
        tmp_path, ("wildcard_name", wildcard.replace("exact", "wild"), 0.1), ("own", "SELECT 1", 1)
    )
    with pytest.raises(SuiteError) as told:
        RulesStream(rules=path)
    assert str(told.value).splitlines()[:2] == [
        "rule own is not a shipped rule",
        "the SQL of rule wildcard_name is not that of the shipped rule",
    ]
    assert "run other SQL with `rules`" in str(told.value)


def test_weights_and_layout_may_be_edited(tmp_path):
    """Another weight is another score in both; white space does not make another rule."""
    wildcard = next(rule.sql for rule in load_rules() if rule.id == "wildcard_name")
    path = _file(tmp_path, ("wildcard_name", "  " + wildcard.replace(" ", "\n  "), 0.7))
    rows = log({"match": "partial"})
    for cls in (Rules, RulesStream):
        assert _cut(cls(rules=path), rows, 1)[0] == pytest.approx([0.7])
