"""Every output: what it says, that its consumers can read it, that hostile names stay text."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import jsonschema
import junitparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from sarif_pydantic import Sarif
from tests.bench.gate.verdicts import CHECKS, HOSTILE, LOST, VERDICT, hostile

from misusebench.errors import SuiteError
from misusebench.gate import Check, Verdict
from misusebench.gate.outputs import FORMATS, own, step_summary, write
from misusebench.gate.outputs.told import plain

if TYPE_CHECKING:
    from pathlib import Path


def told(name: str, verdict: Verdict = VERDICT) -> Any:
    """Return a JSON output, parsed."""
    return json.loads(FORMATS[name](verdict))


# --- each format -----------------------------------------------------------------------------


def test_junit_has_one_case_a_check(tmp_path: Path) -> None:
    """Failures, errors and skips as an independent reader counts them; no time is invented."""
    (path,) = write(VERDICT, "junit", tmp_path / "gate.xml")
    read = junitparser.JUnitXml.fromfile(str(path))
    suites = {suite.name: suite for suite in read}
    assert set(suites) == {"county", "county seed 1"}
    county = suites["county"]
    assert (county.tests, county.failures, county.errors, county.skipped) == (7, 2, 1, 1)
    assert (read.tests, read.failures, read.errors, read.skipped) == (8, 2, 1, 1)
    cases = {(case.classname, case.name): case for case in county}
    assert len(cases) == 7
    lost = cases["county.rules", "campaign_recall"]
    (failure,) = lost.result
    assert isinstance(failure, junitparser.Failure)
    assert failure.message == LOST.message
    for part in ("worst kind: retaliation", "c-7", "rules.toml:23", "misusebench bench county"):
        assert part in failure.text
    assert lost.time is None
    assert cases["county.rules", "campaign_recall (bound)"].is_passed
    assert "time=" not in path.read_text()


def test_inconclusive_is_a_junit_failure_only_if_strict() -> None:
    """Where it fails no build it is skipped."""
    one = Verdict("inconclusive", (CHECKS[2],))
    assert "<skipped" in FORMATS["junit"](one)
    assert "<failure" in FORMATS["junit"](replace(one, strict=True))


def test_sarif_points_at_the_rule() -> None:
    """Rule, level, file and line of the standard's model; one result a fault."""
    log = Sarif.model_validate(told("sarif"))
    (run,) = log.runs
    assert [r.level.value for r in run.results] == ["error", "error", "error", "warning"]
    lost = next(r for r in run.results if r.message.text == LOST.message)
    place = lost.locations[0].physical_location
    assert place.artifact_location.uri == "detectors/rules.toml"
    assert place.region.start_line == 23
    ids = [rule.id for rule in run.tool.driver.rules]
    assert len(ids) == len(set(ids))
    for one in told("sarif")["runs"][0]["results"]:
        assert ids[one["ruleIndex"]] == one["ruleId"]
    marks = {
        r["partialFingerprints"]["misusebench/v1"] for r in told("sarif")["runs"][0]["results"]
    }
    assert len(marks) == 4


def test_sarif_without_a_place_or_a_fault() -> None:
    """Every result has a location, or its reader refuses all; a pass is a log without results."""
    lone = told("sarif", Verdict("failed", (CHECKS[3],)))["runs"][0]["results"][0]
    place = lone["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "gate.toml"
    assert place["region"] == {"startLine": 1}
    assert told("sarif", Verdict("pass", CHECKS[:1]))["runs"][0]["results"] == []


def test_sarif_tells_files_from_the_repository_s_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate may run in a folder of it, and a file may lie beside that folder."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "a b").mkdir()
    monkeypatch.chdir(tmp_path / "a b")
    for file, uri in (("x.py", "a%20b/x.py"), ("../y.py", "y.py"), (str(tmp_path / "z"), "z")):
        (one,) = told("sarif", Verdict("regression", (replace(LOST, file=file),)))["runs"][0][
            "results"
        ]
        assert one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_bencher_metric_format() -> None:
    """Benchmark, measure, value and where head lies by the interval of its change."""
    found = told("bencher")
    assert set(found) == {"county: rules", "county seed 1: rules"}
    assert found["county: rules"]["campaign_recall"] == {
        "value": 0.5, "lower_value": pytest.approx(0.45), "upper_value": pytest.approx(0.55),
    }  # fmt: skip
    assert found["county: rules"]["campaign_recall (bound)"] == {"value": 0.5}
    for measures in found.values():
        for name, entry in measures.items():
            assert 0 < len(name) <= 64
            assert set(entry) <= {"value", "lower_value", "upper_value"}
            assert entry.get("lower_value", entry["value"]) <= entry["value"]


def test_long_names_stay_apart_in_bencher() -> None:
    """A measure has at most 64 characters."""
    both = [replace(LOST, metric=f"campaign_recall/{'x' * 80}{end}") for end in "ab"]
    (measures,) = told("bencher", Verdict("regression", tuple(both))).values()
    assert len(measures) == 2
    assert {len(name) for name in measures} == {64}


def test_action_benchmark_has_a_file_for_each_way(tmp_path: Path) -> None:
    """Bigger is better and smaller is better lie apart; names are unique, values numbers."""
    paths = write(VERDICT, "action-benchmark", tmp_path / "gate.json")
    assert [path.name for path in paths] == ["gate-bigger.json", "gate-smaller.json"]
    bigger, smaller = (json.loads(path.read_text()) for path in paths)
    assert {e["name"].split(" / ")[2] for e in smaller} == {"false_accusations", "service_time"}
    assert "county / rules / campaign_recall" in {e["name"] for e in bigger}
    for entry in bigger + smaller:
        assert set(entry) <= {"name", "unit", "value", "range", "extra"}
        assert {"name", "unit", "value"} <= set(entry)
        assert isinstance(entry["value"], float)
        assert all(isinstance(v, str) for k, v in entry.items() if k != "value")
    names = [e["name"] for e in bigger + smaller]
    assert len(names) == len(set(names))


def test_pytest_benchmark_reads_it(tmp_path: Path) -> None:
    """`pytest-benchmark compare` of two verdicts shows both."""
    for name in ("one", "two"):
        write(VERDICT, "pytest-benchmark", tmp_path / f"{name}.json")
    done = subprocess.run(
        [sys.executable, "-m", "pytest_benchmark", "compare", "one.json", "two.json"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Failed to load" not in done.stdout + done.stderr
    assert done.stdout.count("county::rules::service_time") == 2


def test_the_verdict_follows_its_schema() -> None:
    """The published schema takes what is written, and nothing that was left out or misspelt."""
    jsonschema.Draft202012Validator.check_schema(own.schema())
    check = jsonschema.Draft202012Validator(own.schema()).is_valid
    good = told("json")
    assert check(good)
    assert good["checks"][1]["missed_campaign"] == "c-7"
    for wrong in ({"status": "fine"}, {"exit_code": 9}, {"more": 1}, {"schema_version": "9"}):
        assert not check(good | wrong)
    assert not check(good | {"checks": [{**good["checks"][0], "status": "odd"}]})
    assert not check(good | {"checks": [{"dataset": "d"}]})


def test_numbers_that_are_none() -> None:
    """Infinite and undefined numbers become null, never bare words in JSON."""
    odd = replace(LOST, base=float("nan"), head=float("inf"), low=float("-inf"))
    for name in FORMATS:
        text = FORMATS[name](Verdict("regression", (odd,)))
        if name not in ("junit", "summary"):
            json.loads(text, parse_constant=pytest.fail)


# --- the summary -----------------------------------------------------------------------------


def _tables(text: str) -> list[list[int]]:
    """Return the number of cells in each row of each table, as a Markdown reader sees them."""
    tables: list[list[int]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append(0)
        elif token.type in ("td_open", "th_open"):
            tables[-1][-1] += 1
    return tables


def _live(text: str) -> set[str]:
    """Return what in a summary would be more than text."""
    found = set()
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        for part in [token, *(token.children or [])]:
            if part.type in ("link_open", "image", "html_inline", "code_inline", "fence"):
                found.add(part.type)
            if part.type == "html_block" and part.content.strip() not in (
                "<details><summary>All checks</summary>", "</details>",
            ):  # fmt: skip
                found.add(part.content)
    return found


def test_the_summary_tells_faults_first() -> None:
    """The status, each fault in words, then two whole tables."""
    text = FORMATS["summary"](VERDICT)
    assert text.startswith("## MisuseBench gate: failed\n")
    assert "2 of 6 checks passed; exit code 4" in text
    assert text.index("timeout") < text.index("All checks")
    faults, every = _tables(text)
    assert (len(faults), len(every)) == (5, 9)
    assert set(faults + every) == {9}
    assert _live(text) == set()


def test_a_long_summary_is_cut_and_says_so() -> None:
    """Below 1 MiB, with a count of what has no room; what is there is whole."""
    many = tuple(replace(LOST, component=f"c{n}", message="m" * 3_000) for n in range(2_500))
    text = step_summary.render(Verdict("regression", many))
    assert len(text.encode()) < 2**20
    assert "and 1000 more characters" in text
    faults, every = _tables(text)
    assert set(faults + every) == {9}
    for rows, what in ((faults, "faults"), (every, "checks")):
        left = 2_500 - (len(rows) - 1)
        assert left > 0
        assert f"{left:,} more {what} have no room here" in text


# --- all of them -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name: str) -> None:
    """Every output of a verdict full of one hostile name is valid and says the name as text."""
    _check_hostile(name)


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(exclude_categories=()), min_size=1, max_size=40))
def test_any_name_stays_text(name: str) -> None:
    """The same for whatever there may be, with control characters and lone surrogates."""
    _check_hostile(name)


def _check_hostile(name: str) -> None:
    verdict = hostile(name)
    root = ET.fromstring(FORMATS["junit"](verdict))
    cases = root.findall("testsuite/testcase")
    assert len(cases) == len({(c.get("classname"), c.get("name")) for c in cases}) == 4
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.get("message") == plain(name)
    assert [part.tag for part in root.iter()].count("script") == 0
    Sarif.model_validate(told("sarif", verdict))
    own_name = told("json", verdict)["checks"][0]["component"]
    assert own_name.encode("utf-16", "surrogatepass") == name.encode("utf-16", "surrogatepass")
    for one in ("bencher", "action-benchmark", "pytest-benchmark"):
        assert told(one, verdict)
    text = FORMATS["summary"](verdict)
    faults, every = _tables(text)
    assert (faults, every) == ([9] * 4, [9] * 5)
    assert _live(text) == set()
    for text in (FORMATS[one](verdict) for one in FORMATS):
        assert all(c == "\n" or c.isprintable() for c in text)


def test_equal_verdicts_give_equal_bytes(tmp_path: Path) -> None:
    """Nothing in any output is of the clock, the machine or the order of a set."""
    for name in FORMATS:
        one, two = (write(VERDICT, name, tmp_path / f"{n}.{name}") for n in (1, 2))
        assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    """It says what there is."""
    with pytest.raises(SuiteError, match="no output format xml; there are junit, sarif"):
        write(VERDICT, "xml", tmp_path / "x")


def test_an_empty_component_has_a_name() -> None:
    """A data set that vanished is a case of its own."""
    one = Verdict("regression", (Check("gone", "", "", "regression", "no run of it"),))
    case = ET.fromstring(FORMATS["junit"](one)).find("testsuite/testcase")
    assert case is not None
    assert (case.get("classname"), case.get("name")) == ("gone.run", "present and valid")
