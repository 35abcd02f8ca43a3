"""What a fault says beside numbers: the kind, a campaign, the line of the rule, the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.bench.gate.small_runs import write

from misusebench import metrics
from misusebench.errors import SuiteError
from misusebench.gate import gate
from misusebench.gate.margins import Margins
from misusebench.gate.missed import lost_rule, missed_campaign, worst_kind
from misusebench.gate.places import place, rule_line

if TYPE_CHECKING:
    from pathlib import Path

RULES = """\
[[rule]]
id = "first"
sql = "id = 'second'"

[[rule]]
reason = "second"
id = "second"
"""


def kinds(**recall: float | None) -> dict[str, Any]:
    """Return a component with recalls of kinds."""
    return {"metrics": {f"campaign_recall/{kind}": {"value": v} for kind, v in recall.items()}}


def test_the_worst_kind() -> None:
    """Most lost over all seeds; none where nothing was lost; a kind's own metric is about it."""
    one = kinds(stalking=0.9, permit=0.5), kinds(stalking=0.8, permit=0.6)
    two = kinds(stalking=0.5, permit=0.5), kinds(stalking=0.5, permit=0.1)
    assert worst_kind([one]) == ("stalking", pytest.approx(0.1))
    assert worst_kind([one, two]) == ("permit", pytest.approx(0.15))
    assert worst_kind([one, two], "campaign_recall/stalking") == ("stalking", pytest.approx(0.05))
    assert worst_kind([one[::-1]], "campaign_recall/stalking") is None
    assert worst_kind([(one[0], one[0])]) is None
    assert worst_kind([(kinds(a=None), kinds(a=0.0))]) is None


def test_a_missed_campaign_is_of_the_worst_kind_if_one_is() -> None:
    """Otherwise any; none where head finds all that base does."""
    base, head = {"found": {"a": ["c1", "c2"], "b": ["c0"]}}, {"found": {"a": ["c1"]}}
    assert missed_campaign((base, head), "a") == ("c2", "a")
    assert missed_campaign((base, head), "z") == ("c2", "a")
    assert missed_campaign((base, head), "b") == ("c0", "b")
    assert missed_campaign((head, base)) is None
    assert missed_campaign(({}, {})) is None


def test_the_lost_rule() -> None:
    """Campaigns count before queries; a rule that is gone lost all it had."""
    base = {"rules": {"a": {"campaigns": 2, "queries": 9}, "b": {"campaigns": 2, "queries": 5}}}
    assert lost_rule((base, base)) is None
    assert lost_rule((base, {"rules": {"a": {"campaigns": 2, "queries": 1}}})) == "b"
    assert lost_rule((base, {})) == "a"


@pytest.mark.parametrize(
    ("rule", "suffix", "line"), [("first", ".toml", 1), ("second", ".toml", 5), ("no", ".toml", 1)]
)
def test_the_line_of_a_rule(rule: str, suffix: str, line: int) -> None:
    """Of its table, not of a text that has its name."""
    assert rule_line(RULES, rule, suffix) == line


def test_the_line_in_other_languages() -> None:
    """The first line with the whole word."""
    text = "package x\n# not_a_rule\ndeny[r] { r := a_rule }\n"
    assert rule_line(text, "a_rule", ".rego") == 3
    assert rule_line(RULES + "[", "second") == 1


def test_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules and policies at their rule, Python at its class, commands at their script."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(RULES)
    (tmp_path / "det.py").write_text("import os\n\n\nclass Mine:\n    pass\n")
    (tmp_path / "run.awk").write_text("{}")
    (tmp_path / "pol.rego").write_text("package x\ndeny[second] { true }\n")
    pair = {"rules": {"second": {"queries": 3}}}, {"rules": {}}
    rules = "misusebench.detectors.rules:Rules"
    cases = {
        ("mine.toml", 5): {"target": rules, "parameters": {"rules": "mine.toml"}},
        ("det.py", 4): {"target": "det:Mine", "parameters": {}},
        ("det.py", 1): {"target": "det:Gone", "parameters": None},
        ("run.awk", 1): {"target": "(c)", "parameters": {"command": ["awk", "-f", "run.awk"]}},
        ("pol.rego", 2): {"target": "p:Rego", "parameters": {"policy": "pol.rego"}},
    }  # fmt: skip
    assert {place(pair, about) for about in cases.values()} == set(cases)
    assert place(pair, {"target": rules, "parameters": {}}) is None  # shipped: lies elsewhere
    assert place(pair, {"target": "nowhere:Class"}) is None
    monkeypatch.chdir("/")
    shipped = place(pair, {"target": "p:X", "parameters": {"policy": "eleven_rules"}})
    assert shipped is not None
    assert shipped[0].endswith("policies/sets/eleven_rules.toml")


def test_a_fault_names_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Metric, base, head, change, interval, margin, kind, campaign, line, command."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(RULES)
    about = {"target": "misusebench.detectors.rules:Rules", "parameters": {"rules": "mine.toml"}}
    names = ("campaign_recall", "campaign_recall/stalking")
    base = write(tmp_path / "a", dict.fromkeys(names, 0.6), found={"stalking": ["c-1", "c-2"]},
                 rules={"second": {"campaigns": 2, "queries": 9}}, **about)  # fmt: skip
    head = write(tmp_path / "b", dict.fromkeys(names, 0.3), found={"stalking": ["c-2"]},
                 rules={"second": {"campaigns": 1, "queries": 4}}, **about)  # fmt: skip
    fault = gate(head, base).faults[0]
    assert fault.message == (
        "one on made: campaign_recall 0.6000 -> 0.3000 (-0.3000, 95 % interval -0.3000 to -0.3000, "
        "margin 0.0100); worst for stalking (-0.3000); misses campaign c-1 (stalking); "
        f"see mine.toml:5; reproduce: {fault.reproduce}"
    )
    assert (fault.worst_kind, fault.missed_campaign) == ("stalking", "c-1")
    assert (fault.file, fault.line) == ("mine.toml", 5)
    # no component of that name is in the suite, so the options name it
    again = "misusebench bench /data/1 --suite smoke --detector one --tier T2 -o run-made-1-one"
    assert fault.reproduce == f"{again} && misusebench compare run-made-1-one --explain c-1"


def test_what_honest_people_bear_names_no_campaign(tmp_path: Path) -> None:
    """False accusations are of nobody's campaign, whatever else was lost."""
    base = write(tmp_path / "a", {"campaign_recall/a": 0.6, "false_accusations": 10.0},
                 found={"a": ["c-1"]})  # fmt: skip
    head = write(tmp_path / "b", {"campaign_recall/a": 0.3, "false_accusations": 20.0})
    told = {fault.metric: fault for fault in gate(head, base).faults}
    assert told["campaign_recall/a"].missed_campaign == "c-1"
    one = told["false_accusations"]
    assert (one.worst_kind, one.missed_campaign) == (None, None)
    assert "worst for" not in one.message
    assert "misses" not in one.message
    assert (one.reproduce or "").endswith("-o run-made-1-one")


def test_further_faults_of_a_component_are_short(tmp_path: Path) -> None:
    """Place and command are told once on the console; the fields keep them for machines."""
    base = write(tmp_path / "a", {"average_precision": 0.6, "campaign_recall": 0.6})
    head = write(tmp_path / "b", {"average_precision": 0.3, "campaign_recall": 0.3})
    verdict = gate(head, base, Margins(floor={"one": {"campaign_recall": 0.5}}))
    first, *more = verdict.lines()[1:]
    assert first == f"regression: {verdict.faults[0].message}"
    lost = "(-0.3000, 95 % interval -0.3000 to -0.3000, margin 0.0100)"
    assert more == [
        f"  also campaign_recall 0.6000 -> 0.3000 {lost}",
        "  also campaign_recall is 0.3000, floor 0.5000",
    ]
    assert all("reproduce: " in fault.message for fault in verdict.faults)


def test_a_fault_without_a_place_is_at_the_gate_s_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Annotations need a file: gate.toml where there is one, in the fields and not in words."""
    monkeypatch.chdir(tmp_path)
    base = write(tmp_path / "a", {"campaign_recall": 0.6})
    head = write(tmp_path / "b", {"campaign_recall": 0.3})
    assert gate(head, base).faults[0].file is None
    (tmp_path / "gate.toml").write_text("")
    fault = gate(head, base).faults[0]
    assert (fault.file, fault.line) == ("gate.toml", 1)
    assert "see " not in fault.message


RECALLS = {"campaign_recall": 0.5, "campaign_recall/a": 0.9, "campaign_recall/b": 0.1,
           "campaign_recall/b/own_case": 0.0, "alert_rate/x": 0.3}  # fmt: skip


@pytest.mark.parametrize(
    ("limits", "broken"),
    [
        (Margins(floor={"one": {"campaign_recall/*": 0.1}}), []),
        (Margins(floor={"one": {"campaign_recall/*": 0.2}}), ["campaign_recall/b"]),
        (Margins(floor={"one": {"campaign_recall/*/*": 0.2}}), ["campaign_recall/b/own_case"]),
        (Margins(floor={"one": {"campaign_recall/b/*": 0.2}}), ["campaign_recall/b/own_case"]),
        (Margins(ceiling={"one": {"alert_rate/*": 0.3}}), []),
        (Margins(ceiling={"one": {"alert_rate/*": 0.29}}), ["alert_rate/x"]),
        (Margins(ceiling={"one": {"misuse_prevented/*": 0.3}}), ["misuse_prevented/*"]),
        (Margins(ceiling={"one": {"fail_open_rate": 0.0}}), ["fail_open_rate"]),
    ],
)
def test_bounds_with_wildcards(tmp_path: Path, limits: Margins, broken: list[str]) -> None:
    """A star is one part of a name; what means nothing, or is undefined, is broken."""
    run = write(tmp_path / "a", RECALLS)
    assert [check.metric for check in gate(run, run, limits).faults] == broken


def test_margins_with_wildcards(tmp_path: Path) -> None:
    """A star of a margin means all kinds, but for one with a margin of its own."""
    lower = {name: value - 0.15 for name, value in RECALLS.items() if value > 0.2}
    base, head = write(tmp_path / "a", RECALLS), write(tmp_path / "b", {**RECALLS, **lower})
    wide = {"campaign_recall": 0.2, "campaign_recall/*": 0.2}
    assert gate(head, base, Margins(wide)).faults == ()
    strict = {**wide, "campaign_recall/a": 0.1}
    assert [c.metric for c in gate(head, base, Margins(strict)).faults] == ["campaign_recall/a"]
    for name in ("campaign_recall/z", "average_precision/*"):
        with pytest.raises(SuiteError, match=r"fits no metric that was judged"):
            gate(head, base, Margins({name: 0.1}))


def test_a_base_that_failed_is_told(tmp_path: Path) -> None:
    """Nothing can be compared with it: inconclusive, with its state and reason."""
    base = write(tmp_path / "a", RECALLS)
    told = json.loads((base / "results/one.json").read_text())
    told |= {"state": "invalid", "reasons": ["it broke"], "metrics": {}}
    (base / "results/one.json").write_text(json.dumps(told))
    verdict = gate(write(tmp_path / "b", RECALLS), base)
    assert verdict.status == "inconclusive"
    assert "base is invalid (it broke) and head is ok" in verdict.faults[0].message


def test_a_metric_that_only_base_knows_has_vanished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a version that had another: a regression, no crash."""
    base = write(tmp_path / "a", {**RECALLS, "lift": 3.0})
    head = write(tmp_path / "b", RECALLS)
    without = {name: one for name, one in metrics.REGISTRY.items() if name != "lift"}
    for module in [
        m for m in sys.modules.values() if getattr(m, "REGISTRY", 0) is metrics.REGISTRY
    ]:
        monkeypatch.setattr(module, "REGISTRY", without)  # deleting it would change their order
    (fault,) = gate(head, base).faults
    assert (fault.status, fault.metric) == ("regression", "lift")
    assert "lift was 3.0000 and has vanished" in fault.message


def test_what_is_shown_safe(tmp_path: Path) -> None:
    """An interval that ends within the margin rules a loss out, a longer one does not."""
    base = write(tmp_path / "a", {"campaign_recall": 0.5})
    same = gate(base, base)
    assert [c.non_inferior for c in same.checks] == [True]
    assert same.lines()[0].endswith("1 of 1 with an interval are non-inferior")
    head = write(tmp_path / "b", {"campaign_recall": 0.5}, noise=0.1)
    assert [c.non_inferior for c in gate(head, base).checks] == [False]


def test_a_bound_for_nobody_is_refused(tmp_path: Path) -> None:
    """A misspelt component would judge nothing and look as if it had passed."""
    run = write(tmp_path / "a", RECALLS)
    with pytest.raises(SuiteError, match=r"floor.won is of no component .* there are one"):
        gate(run, run, Margins(floor={"won": {"lift": 1.0}}))


def test_equal_runs_give_equal_bytes(tmp_path: Path) -> None:
    """In two processes with other hash seeds and clocks."""
    base = write(tmp_path / "a", RECALLS)
    head = write(tmp_path / "b", {**RECALLS, "campaign_recall/a": 0.2})
    told = []
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-m", "misusebench", "gate", head, "--baseline", base, "--json"],
            capture_output=True, check=False, env={**os.environ, "PYTHONHASHSEED": seed},
        )  # fmt: skip
        assert done.returncode == 1, done.stderr
        told.append(done.stdout)
    assert told[0] == told[1]
    assert b"campaign_recall/a" in told[0]
