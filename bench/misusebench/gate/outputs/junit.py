"""JUnit XML: one test case a metric and component, one suite a data set.

A regression is a failure and a component that failed an error. Inconclusive is skipped, since it
fails no build, but a failure where it does (`strict`). No time is given: none was taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from misusebench.gate.outputs.told import named, plain
from misusebench.gate.verdict import FAILED, INCONCLUSIVE, NEW, NOTED, REGRESSION

if TYPE_CHECKING:
    from misusebench.gate.verdict import Check, Verdict


def render(verdict: Verdict) -> str:
    """Return the verdict as JUnit XML."""
    only = f", {plain(verdict.shown_only)}" if verdict.only else ""
    suites = ET.Element("testsuites", name=f"misusebench gate{only}")
    cases: dict[str, list[ET.Element]] = {}
    for name, check in named(verdict):
        cases.setdefault(plain(check.dataset), []).append(_case(name, check, verdict.strict))
    for dataset, found in cases.items():
        suite = ET.SubElement(suites, "testsuite", {"name": dataset, **_counts(found)})
        suite.extend(found)
    for part, count in _counts([case for found in cases.values() for case in found]).items():
        suites.set(part, count)
    ET.indent(suites, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _case(name: str, check: Check, strict: bool) -> ET.Element:
    # readers take what is after the last dot of a class name for the class
    where = f"{plain(check.dataset)}.{plain(check.component) or 'run'}"
    side = "" if check.side == "accuracy" else f" ({check.side})"
    case = ET.Element("testcase", classname=where, name=name + side)
    message, told = plain(check.message), None
    if check.status == FAILED:
        told = ET.SubElement(case, "error", message=message, type=FAILED)
    elif check.status == REGRESSION or (check.status == INCONCLUSIVE and strict):
        told = ET.SubElement(case, "failure", message=message, type=check.status)
    elif check.status == INCONCLUSIVE:
        ET.SubElement(case, "skipped", message=f"inconclusive: {message}")
    elif check.status in (NEW, NOTED):
        ET.SubElement(case, "system-out").text = f"{check.status}: {message}"
    if told is not None:
        told.text = _details(check)
    return case


def _details(check: Check) -> str:
    """Return a fault line by line."""
    told = {
        "base": check.base, "head": check.head, "change": check.change, "margin": check.margin,
        "worst kind": check.worst_kind, "missed campaign": check.missed_campaign,
        "reproduce": check.reproduce,
    }  # fmt: skip
    lines = [plain(check.message)]
    lines += [f"{name}: {plain(str(value))}" for name, value in told.items() if value is not None]
    if check.file is not None:
        lines.append(f"see: {plain(check.file)}:{check.line or 1}")
    return "\n".join(lines)


def _counts(cases: list[ET.Element]) -> dict[str, str]:
    parts = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    counts = {name: sum(case.find(tag) is not None for case in cases)
              for name, tag in parts.items()}  # fmt: skip
    return {"tests": str(len(cases)), **{name: str(count) for name, count in counts.items()}}
