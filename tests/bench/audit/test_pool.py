"""Pooled tables: each is asked by itself, so which one a row is from tells nothing."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.bench.audit import planted

from misusebench.__main__ import main
from misusebench.audit import audited, read_labelled
from misusebench.audit.labelled import pooled
from misusebench.audit.pool import pool
from misusebench.audit.probes import probes
from misusebench.errors import SuiteError
from misusesim import simulate
from misusesim.scenario.load import load_scenario

ROUNDS = 300


def table(tmp_path, columns):
    """Return columns as a labelled table, by way of a file."""
    path = tmp_path / "table.parquet"
    pq.write_table(planted.table_of(columns), path)
    return read_labelled(path, "label", time="time", entity="who")


def sparse(columns, keep):
    """Return the columns with so many positives left, the first ones."""
    columns["label"] &= np.cumsum(columns["label"]) <= keep
    return columns


def failed(found):
    """Return the names of the checks that failed."""
    return [check.name for check in found.failed]


def test_entities_of_pooled_tables_are_different_people(tmp_path):
    """120 people of one table and 120 of another are 240; rows and positives add up."""
    both = pooled([table(tmp_path, planted.clean(1)), table(tmp_path, planted.clean(2))])
    assert len(np.unique(both.entity)) == 240
    assert (len(both), int(both.label.sum()), both.sizes) == (96_000, 640, (48_000, 48_000))


def test_a_row_has_its_place_in_its_own_table(tmp_path):
    """Places run from 0 to 1 in each table; so does rarity count its own rows only."""
    both = pooled([table(tmp_path, planted.clean(1)), table(tmp_path, planted.clean(1))])
    found = {probe.name: probe.values for probe in probes(both)}
    place = found["row position"]
    assert (place[0], place[48_000], round(place[-1], 3)) == (0.0, 0.0, 1.0)
    assert (found["rarity of reason"][:48_000] == found["rarity of reason"][48_000:]).all()


def test_which_table_a_row_is_from_tells_nothing(tmp_path):
    """A table with 320 positives before one with 16, whose ids are far higher, passes."""
    other = sparse(planted.clean(2), 16)
    other["id"] += 2**41
    both = pooled([table(tmp_path, planted.clean(1)), table(tmp_path, other)])
    assert failed(audited(both, rounds=ROUNDS)) == []


@pytest.mark.parametrize("leak", [planted.id_order, planted.row_order])
def test_a_leak_in_pooled_tables_is_found(tmp_path, leak):
    """Ids and rows that come last within their own tables fail the check that names them."""
    each = [planted.clean(seed) for seed in (1, 2)]
    for columns in each:
        leak(columns)
    both = pooled([table(tmp_path, columns) for columns in each])
    assert planted.LEAKS[leak] in failed(audited(both, rounds=ROUNDS))


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """Return two seeds of one scenario, and one of another level."""
    root = tmp_path_factory.mktemp("pool")
    for name, asked in (("one", ["seed=1"]), ("two", ["seed=2"]),
                        ("easy", ["seed=3", 'level="easy"'])):  # fmt: skip
        simulate(load_scenario("tiny", asked), root / name)
    return root


def test_few_campaigns_are_not_judged(sets):
    """What needs many campaigns is not applicable, with what to add; 0 asks for none."""
    found = pool(sets / "one", [sets / "two"])
    number = sum(len(table) for table in found.campaigns)
    assert found.few(100) == (f"{number} campaigns; at least 100 are asked: add --with other seeds")
    assert found.few(0) == ""
    assert found.labelled().sizes == tuple(d.manifest["rows"]["written"] for d in found.data)


def test_only_sets_of_one_level_and_mix_are_pooled(sets):
    """Another level, and the same set twice, are refused."""
    with pytest.raises(SuiteError, match="has another level than"):
        pool(sets / "one", [sets / "easy"])
    with pytest.raises(SuiteError, match="is the same data set as"):
        pool(sets / "one", [sets / "two", sets / "one"])


def test_the_enriched_sibling_is_named_and_has_the_same_mix():
    """A member at its natural rate and its sibling differ in rates alone."""
    from misusebench.audit.pool import _advice, _unlike  # noqa: PLC0415

    natural, enriched = load_scenario("M-NAT-hard"), load_scenario("S-HI-hard")
    assert _unlike(natural, enriched) == ""
    assert _unlike(natural, load_scenario("county", ['level="hard"'])) == "mix of misuse"
    assert _advice(natural) == "its enriched sibling, e.g. S-HI-hard"


def test_the_command_pools(sets, capsys):
    """With another seed the checks are there, and too few campaigns leave them unjudged."""
    main(["audit", str(sets / "one"), "--with", str(sets / "two"), "--json", "-q", "--not-again"])
    told = json.loads(capsys.readouterr().out)["data"]
    checks = {check["name"]: check for check in told["checks"]}
    assert checks["row order"]["verdict"] == "not applicable"
    assert "at least 100 are asked" in checks["row order"]["detail"]
    assert told["level"] == load_scenario("tiny").level
    assert {"Q3", "Q4", "Q8", "Q13", "Q14", "Q16", "Q17"} <= {c["id"] for c in told["checks"]}


def test_a_table_with_a_label_is_not_pooled(tmp_path, sets, capsys):
    """Foreign tables stand alone."""
    path = tmp_path / "t.parquet"
    pq.write_table(planted.table_of(planted.clean()), path)
    asked = ["audit", str(path), "--label", "label", "--with", str(sets / "one"), "-q"]
    assert main(asked) == 2
    assert "stands alone" in capsys.readouterr().err
