"""Verdicts for tests of the outputs: one of every status, and names that would do harm."""

from __future__ import annotations

from dataclasses import replace

from misusebench.gate import Check, Verdict

LOST = Check(
    "county", "rules", "campaign_recall", "regression",
    "rules on county: campaign_recall 0.6000 -> 0.5000 (-0.1000)", 0.6, 0.5, -0.1, -0.15, -0.05,
    0.01, reproduce="misusebench bench county --detector rules -o RUN", worst_kind="retaliation",
    missed_campaign="c-7", file="detectors/rules.toml", line=23,
)  # fmt: skip
CHECKS = (
    Check("county", "rules", "average_precision", "pass", "rules: fine", 0.3, 0.31, 0.01, 0.0,
          0.02, 0.005),
    LOST,
    replace(LOST, metric="false_accusations", status="inconclusive", message="may be chance",
            base=40.0, head=42.0, change=2.0, low=-1.0, high=5.0, file=None, line=None),
    Check("county", "peer_z", "", "failed", "peer_z on county: timeout"),
    Check("county", "rules", "campaign_recall", "pass", "floor", None, 0.5),
    Check("county", "new", "", "new", "new is new and not in the baseline"),
    replace(LOST, dataset="county seed 1", status="noted", message="one seed"),
    Check("county", "rules", "service_time", "regression", "rules: 1.1 times", 1.0, 1.1, 0.1, 0.08,
          0.12, 0.03, side="speed"),
)  # fmt: skip
VERDICT = Verdict("failed", CHECKS)
#: What must stay text wherever it lands.
HOSTILE = (
    "]]><script>alert(1)</script>", "a|b\n| c | d |", "\x1b[31mred\x07\x00", "\u202eevil\u2028x",
    "\ud800", "[click](javascript:x) ![i](http://e.example/i.png) {0} @all",
    "&amp; <!-- x --> ``` $(id) %0A::error::", "../../etc/passwd",
)  # fmt: skip


def hostile(name: str) -> Verdict:
    """Return a verdict in which every name is `name`."""
    check = replace(
        LOST, dataset=name, component=name, metric=f"campaign_recall/{name}", message=name,
        reproduce=name, worst_kind=name, missed_campaign=name, file=name,
    )  # fmt: skip
    other = replace(check, status="failed", metric=name)
    return Verdict("failed", (check, other, replace(check, status="noted"), check))
