"""What a verdict tells in full and what in a few words, and in which order."""

from __future__ import annotations

from dataclasses import replace

from misusebench.gate import Check, Verdict
from misusebench.gate.outputs import step_summary

SMALL = Check("w", "mine", "average_precision", "regression", "mine: precision; reproduce: X", 0.30,
              0.27, -0.03, margin=0.02)  # fmt: skip
LARGE = Check("w", "mine", "campaign_recall", "regression", "mine: recall; reproduce: Y", 0.9, 0.1,
              -0.8, margin=0.05)  # fmt: skip
FLOOR = Check("w", "mine", "campaign_recall", "regression", "mine: floor; reproduce: Z", None, 0.1,
              floor=0.4)  # fmt: skip
CEILING = replace(FLOOR, metric="alert_rate", message="mine: ceiling", floor=None, ceiling=0.05)
GONE = Check("w", "mine", "lift", "regression", "mine: lift was 2.0000 and has vanished", 2.0)
SLOW = Check("w", "mine", "service_time", "regression", "mine: time; reproduce: S", 1.0, 1.05, 0.05,
             0.031, 0.069, 0.03, "speed")  # fmt: skip
MEMORY = replace(SLOW, metric="peak_memory", message="mine: memory", head=1.2, change=0.2, low=None,
                 high=None, margin=0.1, side="memory")  # fmt: skip
UNSURE = replace(SLOW, status="inconclusive", message="mine: too noisy; reproduce: S")


def lines(*checks: Check) -> list[str]:
    """Return what a console tells of faults."""
    return Verdict("regression", checks).lines()[1:]


def test_the_worst_is_told_in_full() -> None:
    """By margins that were lost, bounds by shares of themselves; a line keeps what it counts by."""
    told = lines(SMALL, GONE, FLOOR, CEILING, LARGE)
    assert told == [
        "regression: mine: recall; reproduce: Y",
        "  also average_precision 0.3000 -> 0.2700 (-0.0300, margin 0.0200)",
        "  also alert_rate is 0.1000, ceiling 0.0500",
        "  also campaign_recall is 0.1000, floor 0.4000",
        "regression: mine: lift was 2.0000 and has vanished",
    ]
    assert lines(LARGE, CEILING, GONE, SMALL, FLOOR) == told


def test_an_interval_stays_in_a_line() -> None:
    """Of metrics 95 %, of time 90 %; memory has none."""
    wide = replace(SMALL, low=-0.05, high=-0.021)
    assert lines(LARGE, wide)[1] == (
        "  also average_precision 0.3000 -> 0.2700 (-0.0300, 95 % interval -0.0500 to -0.0210, "
        "margin 0.0200)"
    )
    assert lines(MEMORY, SLOW) == [
        "regression: mine: memory",
        "  also service_time +5.0% (90 % interval +3.1% to +6.9%, margin 3%)",
    ]
    assert lines(SLOW, replace(MEMORY, change=0.12))[1] == "  also peak_memory +12.0% (margin 10%)"


def test_what_is_inconclusive_keeps_its_reason() -> None:
    """Beside a regression of its component, and beside another of its kind."""
    assert lines(UNSURE, MEMORY) == [
        "regression: mine: memory", "inconclusive: mine: too noisy; reproduce: S",
    ]  # fmt: skip
    hidden = replace(UNSURE, metric="peak_memory", message="mine: hides", change=-0.1)
    assert lines(hidden, UNSURE) == [
        "inconclusive: mine: too noisy; reproduce: S", "inconclusive: mine: hides",
    ]  # fmt: skip


def test_odd_margins_and_bounds_have_a_place() -> None:
    """No margin at all is lost before any other; a bound of 0 has no shares and comes last."""
    zero = replace(SMALL, metric="lift", message="zero", margin=0.0)
    none = replace(CEILING, metric="fail_open_rate", message="none", ceiling=0.0)
    odd = replace(SMALL, metric="recall_min", message="odd", change=float("nan"))
    order = [check.message for check in Verdict("regression", (odd, none, LARGE, zero)).faults]
    assert order == ["zero", LARGE.message, "odd", "none"]


def test_regressions_of_all_stand_before_what_is_inconclusive() -> None:
    """On the console, and in a summary that has no room for all."""
    many = tuple(
        replace(UNSURE, metric=f"m{n}", component="noisy", message="n" * 1_500, side="accuracy")
        for n in range(3_000)
    )
    first = replace(SMALL, component="noisy", message="noisy: precision")
    verdict = Verdict("regression", (first, *many, replace(LARGE, component="zebra")))
    told = [check.component for check, _ in verdict.told()[:3]]
    assert told == ["zebra", "noisy", "noisy"]
    text = step_summary.render(verdict)
    words, table, _ = text.split("| status |")
    assert "more faults have no room here" in words
    assert words.index(step_summary.escaped(LARGE.message)) < words.index("nnn")
    assert "| **regression** | zebra |" in table
    assert table.index("zebra") < table.index("inconclusive")
