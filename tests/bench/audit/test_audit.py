"""The audit: a clean table passes, each planted leak fails the check that names it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from tests.bench.audit import planted

from misusebench.__main__ import main
from misusebench.audit import audited, read_labelled
from misusebench.audit.again import checks_made_again
from misusebench.audit.dataset import checks_of_truth, labelled_dataset
from misusebench.audit_run import show_audit
from misusebench.errors import SuiteError
from misusesim import simulate
from misusesim.scenario.load import load_scenario
from misusesim.truth import Truth, open_truth

ROUNDS = 300


def audit(tmp_path, columns, **more):
    """Return the audit of columns, by way of a file."""
    path = tmp_path / "table.parquet"
    pq.write_table(planted.table_of(columns), path)
    table = read_labelled(path, "label", time="time", entity="who")
    return audited(table, rounds=ROUNDS, **more)


def names(found):
    """Return the names of the checks that failed."""
    return [check.name for check in found.failed]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_clean_table_passes(tmp_path, seed):
    """Where positives are rows like any other, no check fails and most are applicable."""
    found = audit(tmp_path, planted.clean(seed))
    assert names(found) == []
    assert sum(check.passed is True for check in found.checks) >= 12


@pytest.mark.parametrize(
    ("leak", "check"), planted.LEAKS.items(), ids=lambda x: getattr(x, "__name__", "")
)
def test_a_planted_leak_fails_the_right_check(tmp_path, leak, check):
    """Each leak is found, under the name of what leaks."""
    columns = planted.clean()
    leak(columns)
    assert check in names(audit(tmp_path, columns))


def test_honest_rows_changed_by_misuse_are_found(tmp_path):
    """With the table made without misuse beside it, a changed honest row fails; none passes."""
    columns = planted.clean()
    without = {name: values[~columns["label"]].copy() for name, values in columns.items()}
    clean = planted.table_of(without).drop_columns(["label"])
    assert names(audit(tmp_path, columns, without=clean)) == []
    columns["amount"][np.flatnonzero(~columns["label"])[17]] += 1
    assert names(audit(tmp_path, columns, without=clean)) == ["honest rows"]


def test_easy_tables_are_only_told(tmp_path):
    """At the level easy a leaking column is shown and does not fail."""
    columns = planted.clean()
    planted.constant_amount(columns)
    found = audit(tmp_path, columns, level="easy")
    assert names(found) == []
    assert max(c.value for c in found.checks if c.id == "Q1") > 0.9


def test_density_has_a_bound_where_one_is_asked(tmp_path):
    """More positives than allowed fail; 320 of 48,000 are 0.67 %."""
    assert names(audit(tmp_path, planted.clean(), most=0.001)) == ["density"]
    assert names(audit(tmp_path, planted.clean(), most=0.01)) == []


def test_over_two_hundred_rules_are_tried(tmp_path):
    """The search says how many rules it tried."""
    found = audit(tmp_path, planted.clean())
    told = next(c.detail for c in found.checks if c.name == "rules of one line")
    assert int(told.rsplit(" ", 1)[1]) >= 200


def test_labels_of_words_and_numbers(tmp_path):
    """0 and 1, true and false, and words are the same label."""
    columns = planted.clean()
    truth = columns["label"].copy()
    for column in (truth.astype(int), np.where(truth, "Fraud", "ok").astype(object)):
        path = tmp_path / "t.csv"
        pa_csv.write_csv(pa.table({"x": pa.array(columns["amount"]), "label": column}), path)
        assert (read_labelled(path, "label").label == truth).all()


@pytest.mark.parametrize(("label", "message"), [
    ("lable", "has no column lable (it has x, label); did you mean label?"),
    ("x", "x has no negative row in 3; positive is 1, true, or one of"),
])  # fmt: skip
def test_what_is_wrong_is_said(tmp_path, label, message):
    """A missing column and a label of one class are told with what to do."""
    path = tmp_path / "t.csv"
    pa_csv.write_csv(pa.table({"x": [1, 2, 3], "label": [0, 1, 0]}), path)
    with pytest.raises(
        SuiteError, match=message.replace("(", r"\(").replace(")", r"\)").replace("?", r"\?")
    ):
        read_labelled(path, label)


def test_a_missing_or_broken_file_is_said(tmp_path):
    """No file and no table are told apart, without a traceback."""
    with pytest.raises(SuiteError, match="no such file"):
        read_labelled(tmp_path / "none.csv", "label")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(SuiteError, match="neither CSV nor Parquet"):
        read_labelled(tmp_path / "bad.parquet", "label")


def test_the_command_exits_with_five_and_writes_a_page(tmp_path, capsys):
    """A leak is exit 5 with its name in the JSON; the page has the table of checks."""
    columns = planted.clean()
    planted.constant_amount(columns)
    path, page = tmp_path / "t.parquet", tmp_path / "audit.html"
    pq.write_table(planted.table_of(columns), path)
    asked = ["audit", str(path), "--label", "label", "--time", "time", "--entity", "who"]
    assert main([*asked, "--json", "-q", "-o", str(page)]) == 5
    told = json.loads(capsys.readouterr().out)
    assert "values" in told["data"]["failed"]
    assert "days of mostly positives" in page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Return a data set with three kinds of misuse."""
    out = tmp_path_factory.mktemp("audit") / "tiny"
    simulate(load_scenario("tiny"), out)
    return out


def test_a_data_set_is_audited_with_its_truth(small):
    """Rows of misuse are the positives, and checks of truth and accounting pass."""
    table = labelled_dataset(small)
    truth = open_truth(small).queries
    assert table.label.sum() == truth["cause"].to_pylist().count("misuse")
    own = {c.name: c.passed for c in checks_of_truth(small) if c.id != "Q15"}
    assert own == dict.fromkeys(
        ("truth apart", "misuse replays", "twins are justified", "accounting", "files as written",
         "misuse written",
         "reasons replay", "every rule broken has a reason", "justifications replay"), True
    ) | {"visible to rules by design": None}  # fmt: skip


def test_the_command_takes_a_data_set(small, capsys):
    """Without a label the folder is a data set of ours; days of exempt kinds are not counted."""
    main(["audit", str(small), "--json", "-q", "--level", "easy"])
    told = json.loads(capsys.readouterr().out)["data"]
    assert {"Q3", "Q8", "Q17"} <= {check["id"] for check in told["checks"]}
    assert labelled_dataset(small).exempt.any()


def test_a_folder_that_is_no_data_set_wants_a_label(tmp_path, capsys):
    """What is neither is told, with exit 2."""
    assert main(["audit", str(tmp_path), "-q"]) == 2
    assert "needs --label" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere", "--label", "y"], "nowhere: no such file or folder"),
        (["DATA", "--label", "y"], "is a data set of ours, with a truth of its own; leave out"),
    ],
)
def test_what_cannot_be_audited_so_is_told(small, tmp_path, monkeypatch, capsys, words, said):
    """A path that is not there, and a label for a data set of ours: exit 2, in words."""
    monkeypatch.chdir(tmp_path)
    asked = [str(small) if word == "DATA" else word for word in words]
    assert main(["audit", *asked, "-q"]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_part_cut_short_is_damage_and_no_bug_of_ours(small, tmp_path, capsys):
    """Half a Parquet file has no schema to look at; exit 5 names it."""
    copy = tmp_path / "cut"
    shutil.copytree(small, copy)
    part = next(iter(sorted((copy / "log").glob("*.parquet"))))
    part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])
    assert main(["audit", str(copy), "-q", "--not-again"]) == 5
    assert f"{part.name} is damaged" in " ".join(capsys.readouterr().err.split())


def test_a_count_is_no_label(tmp_path):
    """Twenty different numbers may be classes, more are a measure."""
    rows = np.arange(400)
    for different, refused in ((20, False), (21, True)):
        path = tmp_path / f"{different}.parquet"
        pq.write_table(pa.table({"y": rows % different, "x": rows}), path)
        if refused:
            with pytest.raises(SuiteError, match="21 different numbers, so it is no label"):
                read_labelled(path, "y")
        else:
            assert read_labelled(path, "y").label.sum() == 380


def test_the_verdict_stands_at_both_ends(small):
    """A long table says at its end, too, what failed; what is told only is not called otherwise."""
    shown = show_audit(
        small, None, time=None, entity=None, ignore=(), level="easy", most=None, without=None,
        page=None, again=False, say=lambda _: None,
    )  # fmt: skip
    table = shown.text()
    assert table.caption == table.title == shown.lead()
    words = list(table.columns[2].cells)
    assert any("told" in word for word in words)


def test_a_row_unlike_its_campaign_is_found(small, monkeypatch):
    """A truth in which a row's rung is not its campaign's fails the replay."""
    truth = open_truth(small)
    campaigns = truth.campaigns.to_pylist()
    for row in campaigns:
        row["severity"] = 7
    wrong = pa.Table.from_pylist(campaigns, truth.campaigns.schema)
    monkeypatch.setattr(Truth, "campaigns", property(lambda _: wrong))
    failed = [check.name for check in checks_of_truth(small) if check.passed is False]
    assert failed == ["misuse replays"]


def test_misuse_that_was_not_written_is_found(small, monkeypatch):
    """Half of the rows of misuse gone from truth is more than the noise loses."""
    misuse = open_truth(small).misuse
    half = misuse.filter(pa.array(np.arange(len(misuse)) % 2 == 0))
    monkeypatch.setattr(Truth, "misuse", property(lambda _: half))
    assert "misuse written" in [c.name for c in checks_of_truth(small) if c.passed is False]


def test_a_part_that_was_changed_is_found(small, tmp_path):
    """Every tenth row taken out of a part of the log is no longer what the manifest says."""
    copy = tmp_path / "thinned"
    shutil.copytree(small, copy)
    part = next(iter(sorted((copy / "log").glob("*.parquet"))))
    rows = pq.read_table(part)
    pq.write_table(rows.filter(pa.array(np.arange(len(rows)) % 10 > 0)), part)
    found = {check.name: check for check in checks_of_truth(copy)}
    assert (found["files as written"].value, found["files as written"].passed) == (1, False)
    assert f"first: log/{part.name}" in found["files as written"].detail


def test_a_data_set_is_made_again(small):
    """The same files come out, honest rows are those of the world without misuse."""
    found = {check.name: check for check in checks_made_again(small)}
    assert [(name, check.value, check.passed) for name, check in found.items()] == [
        ("the same bytes again", 0, True),
        ("honest rows as without misuse", 0, True),
        ("rows gone", 0, True),
    ]
    honest = open_truth(small).queries["cause"].to_pylist()
    told = f"{len(honest) - honest.count('misuse'):,}"
    assert told in found["honest rows as without misuse"].detail


def test_a_changed_honest_row_is_found(small, tmp_path):
    """A row of the log that the scenario does not make is new, and the one it replaced is gone."""
    copy = tmp_path / "changed"
    shutil.copytree(small, copy)
    queries = open_truth(small).queries
    work = {
        query for query, cause in zip(
            queries["query_id"].to_pylist(), queries["cause"].to_pylist(), strict=True
        ) if cause == "work"
    }  # fmt: skip
    part = next(iter(sorted((copy / "log").rglob("*.parquet"))))
    log = pq.read_table(part)
    row = next(n for n, q in enumerate(log["query_id"].to_pylist()) if q in work)
    latency = log["latency_ms"].to_numpy().copy()
    latency[row] += 1
    place = log.schema.get_field_index("latency_ms")
    pq.write_table(log.set_column(place, log.schema.field(place), pa.array(latency)), part)
    found = {check.name: check for check in checks_made_again(copy)}
    assert found["honest rows as without misuse"].value == 1
    assert found["rows gone"].value == 1
    assert found["rows gone"].passed is False


def test_another_scenario_gives_other_bytes(small, tmp_path):
    """Files that its scenario does not give are counted."""
    copy = tmp_path / "other"
    shutil.copytree(small, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"][0]["sha256"] = "0" * 64
    (copy / "manifest.json").write_text(json.dumps(manifest))
    found = {check.name: check for check in checks_made_again(copy)}
    assert found["the same bytes again"].value == 1
    assert found["the same bytes again"].passed is False


def test_what_rules_see_by_design_is_told_and_not_judged(tmp_path):
    """A leak of such rows alone does not fail; it stands in the pooled figures."""
    columns = planted.clean()
    seen = columns["label"] & (np.cumsum(columns["label"]) % 2 == 0)
    columns["amount"][seen] = -1.0
    path = tmp_path / "table.parquet"
    pq.write_table(planted.table_of(columns), path)
    table = read_labelled(path, "label", time="time", entity="who")
    assert "values" in names(audited(table, rounds=ROUNDS))
    found = audited(replace(table, by_design=seen), rounds=ROUNDS)
    assert names(found) == []
    values = {check.name: check.value for check in found.checks}
    assert values["values, pooled"] > 0.7 > values["values"]
    assert found.positives == columns["label"].sum()


def test_what_all_misuse_shares_is_found_beside_what_rules_see(tmp_path):
    """A terminal of misuse alone is a give-away, though most of its rows are seen by design."""
    columns = planted.clean(1)
    planted.own_terminal(columns)
    path = tmp_path / "table.parquet"
    pq.write_table(planted.table_of(columns), path)
    table = read_labelled(path, "label", time="time", entity="who")
    seen = table.label & (np.cumsum(table.label) % 5 < 3)
    found = audited(replace(table, by_design=seen), rounds=ROUNDS)
    assert "give-away values" in names(found)
