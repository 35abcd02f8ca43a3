"""The long proof `prove/peers.py`: what needs no generator of others."""

from __future__ import annotations

import ast
import json
import subprocess
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from misusebench.audit import Audit, Check


def test_without_clones_it_says_what_to_clone(proved):
    """Each missing repository is named with its commit, and nothing is run."""
    done = proved("peers", PROOF_NAMES="Sparkov PaySim")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "PROOF_PEERS is not set: it must name a folder with these git clones" in done.stderr
    assert "namebrandon/Sparkov_Data_Generation at b5eb45c89d36" in done.stderr
    assert "PaySim: EdgarLopezPhD/PaySim at d1feae8327ff" in done.stderr
    assert "mason: eclab/mason at 43c501ca5fb3" in done.stderr
    assert "AMLSim" not in done.stderr


@pytest.fixture
def clone(tmp_path):
    """Return the folder of a clone with one commit, and the commit."""
    home = tmp_path / "clones" / "thing"
    home.mkdir(parents=True)
    (home / "one.txt").write_text("as committed")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    for command in (("init", "-q"), ("add", "one.txt"), (*who, "commit", "-q", "-m", "one")):
        subprocess.run(["git", "-C", home, *command], check=True)
    told = subprocess.run(
        ["git", "-C", home, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    )
    return home, told.stdout.strip()


def test_a_commit_is_taken_whatever_is_checked_out(proof, clone, tmp_path):
    """Changed files of the clone do not count; another commit is missed."""
    checkouts = proof("shared.checkouts")
    home, commit = clone
    (home / "one.txt").write_text("changed since")
    wanted = checkouts.Checkout("someone/thing", commit)
    assert checkouts.missing([wanted], home.parent) == []
    taken = checkouts.unpack(wanted, home.parent, tmp_path / "out")
    assert (taken / "one.txt").read_text() == "as committed"
    other = checkouts.Checkout("someone/thing", "0" * 40)
    assert checkouts.missing([other], home.parent) == [
        f"thing: someone/thing at {'0' * 40} (no clone, or one without that commit)"
    ]
    assert "no such folder" in checkouts.missing([wanted], tmp_path)[0]


def test_the_table_has_a_line_a_check_and_marks_what_fails(proof):
    """Values of all tables stand beside each other; a check that one lacks is a dash."""
    shown = proof("shared.peer_table")
    rule = Check("Q2", "rules of one line", 0.5, "≤ 0.1", passed=False, detail="amount > 9")
    value = Check("Q1", "values", 0.6, "≤ 0.65", passed=True, detail="value of amount: AUC 0.6")
    days = Check("Q5", "mixed days", None, "≥ 0.8", passed=None)
    names = Check("Q3", "truth apart", 0, "0 columns", passed=True)
    theirs = shown.Column("theirs", Audit(1_000, 10, "hard", (value, rule, days)), 7)
    weaker = (value, rule._replace(value=0.02), names)
    ours = shown.Column("ours", Audit(2_000, 10, "hard", weaker), 0)
    assert shown.table([theirs, ours]) == [
        "|  | check | theirs | ours |",
        "| --- | --- | ---: | ---: |",
        "|  | rows | 1,000 | 2,000 |",
        "|  | positive rows | 10 | 10 |",
        "|  | checks failed | 2 | 1 |",
        "| Q1 | values | 0.6 | 0.6 |",
        "| Q2 | rules of one line | **0.5 fail** | **0.02 fail** |",
        "| Q3 | truth apart | - | 0 |",
        "| Q2 | best of both, times chance | 50 | 4 |",
        "| Q11 | rows that the same seed does not make again | **7 fail** | 0 |",
    ]
    assert shown.rules([theirs])[2] == "| theirs | amount > 9 | - | value of amount: AUC 0.6 |"


def test_rows_that_are_not_made_again_are_counted(proof, tmp_path):
    """As often as they occur, whatever their order."""
    peers = proof("peers")
    for name, values in (("one", [1, 2, 2, 3]), ("two", [3, 2, 2, 2, 4])):
        pq.write_table(pa.table({"a": values}), tmp_path / f"{name}.parquet")
    assert peers.not_made(tmp_path / "two.parquet", tmp_path / "one.parquet") == 2


def test_a_table_of_others_is_audited_without_what_gives_its_label(proof, tmp_path):
    """A column of scenarios that is none of the public table is left out."""
    peers = proof("peers")
    chance = np.random.default_rng(0)
    label = chance.random(2_000) < 0.05
    pq.write_table(
        pa.table({
            "who": chance.integers(0, 50, 2_000), "amount": chance.random(2_000),
            "at": [datetime(2024, 1, 1 + day // 100) for day in range(2_000)],  # noqa: DTZ001
            "scenario": label * 2, "fraud": label,
        }), tmp_path / "some.parquet",
    )  # fmt: skip
    peer = peers.Peer("some", "some 1.0", "", "", "fraud", "at", "who", len)
    bare = peers.column(peer, tmp_path / "some.parquet", 0, "some")
    assert bare.check(("Q2", "rules of one line")).value == 1
    clean = peers.column(peer._replace(dropped=("scenario",)), tmp_path / "some.parquet", 0, "some")
    assert clean.check(("Q2", "rules of one line")).passed


def test_only_functions_of_a_notebook_are_taken(proof, tmp_path):
    """Cells that draw, or hold magic, are passed over."""
    runner = proof("shared.runners.notebook")
    cells = ["%matplotlib inline\nimport os", "def one():\n    return 1\n", "one()", "# text"]
    book = tmp_path / "book.ipynb"
    book.write_text(json.dumps({"cells": [
        {"cell_type": "markdown" if cell.startswith("#") else "code", "source": [cell]}
        for cell in cells
    ]}))  # fmt: skip
    assert ast.unparse(runner.functions(book)) == "def one():\n    return 1"
