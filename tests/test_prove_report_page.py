"""The proof of the page: which budgets are missed, and that it fails by them."""

from __future__ import annotations

import json

import pytest


def look(proof, **given):
    """Return what a browser says of a page."""
    fields = {"name": "dark", "messages": [], "requests": [], "violations": [], "wider": 0,
              "axe": "4", "browser": "C"}  # fmt: skip
    return proof.Opened(**{**fields, **given})


@pytest.mark.parametrize(
    ("size", "given", "wanted"),
    [(2_000_000, {}, []), (2_000_001, {}, ["2,000,001 bytes, 2,000,000 are allowed"]),
     (1, {"messages": ["a", "b"]}, ["dark: console: a; b"]),
     (1, {"requests": ["http://x"]}, ["dark: requests: http://x"]),
     (1, {"violations": ["region (1)"]}, ["dark: axe: region (1)"]),
     (1, {"wider": 3}, ["dark: the page is 3 pixels wider than the window"])],
)  # fmt: skip
def test_budgets(proof, size, given, wanted):
    """Each budget has its line; at the bound it is kept."""
    module = proof("report_page")
    assert module.faults(size, [look(module, **given)]) == wanted


def test_a_missed_budget_fails_the_proof(proof, monkeypatch, tmp_path, capsys):
    """It prints its table, says what was missed, and ends with 1."""
    module = proof("report_page")
    told = {"schema_version": "1", "suite": "smoke", "dataset": {"name": "w", "scored_rows": 9},
            "components": []}  # fmt: skip
    (tmp_path / "run.json").write_text(json.dumps(told))
    monkeypatch.setenv("PROOF_RUN", str(tmp_path))
    monkeypatch.setenv("PROOF_NUMBERS", str(tmp_path / "numbers.json"))
    monkeypatch.setattr(module, "write_report", lambda _, out: out.write_text("page") and out)
    monkeypatch.setattr(module, "opened", lambda _: [look(module, violations=["region (1)"])])
    with pytest.raises(SystemExit, match="1"):
        module.main()
    told = capsys.readouterr()
    assert "| dark | 0 | 0 | 1 | 0 |" in told.out
    assert "the same bytes" in told.out
    assert told.err == "dark: axe: region (1)\n"
