"""Other ids in each run: the same everywhere, one to one, and changed back in answers."""

from __future__ import annotations

import pyarrow as pa
from tests.bench.dataset import small_world

from misusebench.component import Alert
from misusebench.veil import Veil

LOG, CONTEXT, _ = small_world()


def test_ids_are_changed_everywhere_alike():
    """An officer has one new name in the log and in the roster, and none keeps the old."""
    veil = Veil(1)
    log, roster = veil.table(LOG), veil.table(CONTEXT["roster/officers"])
    assert log.schema == LOG.schema
    names = dict(zip(LOG["officer_id"].to_pylist(), log["officer_id"].to_pylist(), strict=True))
    in_roster = dict(
        zip(
            CONTEXT["roster/officers"]["officer_id"].to_pylist(),
            roster["officer_id"].to_pylist(),
            strict=True,
        )
    )
    assert names == {old: in_roster[old] for old in names}
    assert len(set(names.values())) == len(names)
    assert not set(names) & set(names.values())
    tied = veil.table(CONTEXT["ties/relationships"])["subject_key"][0]
    assert tied.as_py() in log["subject_key"].to_pylist()
    assert set(log["query_id"].to_pylist()).isdisjoint(LOG["query_id"].to_pylist())


def test_all_else_stays():
    """Columns without ids are the same, and so is the order of rows."""
    log = Veil(1).table(LOG)
    for name in set(LOG.column_names) - {"query_id", "subject_key", "officer_id", "terminal_id"}:
        assert log[name].equals(LOG[name])


def test_equal_seeds_give_equal_ids_and_others_do_not():
    """A run can be made again; what was learnt of one is of no use in another."""
    one, again, other = Veil(1).table(LOG), Veil(1).table(LOG), Veil(2).table(LOG)
    assert one.equals(again)
    for name in ("query_id", "officer_id", "subject_key"):
        assert set(one[name].to_pylist()).isdisjoint(other[name].to_pylist())


def test_what_is_missing_stays_missing():
    """Null keys and words, and tables without rows."""
    table = pa.table({
        "subject_key": pa.array([None, 5], pa.uint64()), "officer_id": pa.array(["a", None]),
    })  # fmt: skip
    shown = Veil(1).table(table)
    assert [value is None for value in shown["subject_key"].to_pylist()] == [True, False]
    assert [value is None for value in shown["officer_id"].to_pylist()] == [False, True]
    for empty in (LOG.slice(0, 0), table.slice(0, 0)):
        assert Veil(1).table(empty).num_rows == 0


def test_answers_are_changed_back():
    """Officers, persons, queries and evidence of alerts; a unit and a stranger stay."""
    veil = Veil(3)
    shown = veil.table(LOG)
    row = {name: (LOG[name][7].as_py(), shown[name][7].as_py()) for name in
           ("query_id", "officer_id", "subject_key")}  # fmt: skip
    query, officer, person = (row[name] for name in ("query_id", "officer_id", "subject_key"))
    asked = [
        Alert("officer", officer[1], 1, 0.5, (query[1],), "why", "r"),
        Alert("subject", str(person[1]), 1, 0.5, (), "why"),
        Alert("query", str(query[1]), 1, 0.5, (), "why"),
        Alert("unit", "A/day", 1, 0.5, (), "why"), Alert("officer", "nobody", 1, 0.5, (), "why"),
    ]  # fmt: skip
    found = veil.alerts(asked)
    assert [one.key for one in found] == [
        officer[0], str(person[0]), str(query[0]), "A/day", "nobody"
    ]  # fmt: skip
    assert found[0].evidence == (query[0],)
    assert (found[0].reason, found[0].rule, found[0].score) == ("why", "r", 0.5)


def test_outcomes_have_the_ids_that_were_shown():
    """What an audit tells a component names rows as it knows them."""
    veil = Veil(3)
    shown = veil.table(LOG)
    told = {"query_ids": [LOG["query_id"][4].as_py()], "officer_id": LOG["officer_id"][4].as_py(),
            "verdict": "confirmed"}  # fmt: skip
    assert veil.outcomes([told]) == [{
        "query_ids": [shown["query_id"][4].as_py()], "officer_id": shown["officer_id"][4].as_py(),
        "verdict": "confirmed",
    }]  # fmt: skip
