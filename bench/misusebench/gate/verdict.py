"""What a gate says: checks, the worst of them as the verdict, an exit code."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Final

SCHEMA_VERSION: Final = "1"
PASS, REGRESSION, INCONCLUSIVE, FAILED = "pass", "regression", "inconclusive", "failed"
#: Told and not judged: what base lacks, and single seeds where all of them together decide.
NEW, NOTED = "new", "noted"
EXIT: Final = {PASS: 0, REGRESSION: 1, INCONCLUSIVE: 3, FAILED: 4}
#: From best to worst.
WORST: Final = (PASS, INCONCLUSIVE, REGRESSION, FAILED)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing the gate looked at.

    `side` says what was judged: accuracy, speed, memory or instructions. `message` is all of it in
    words; the fields behind it are for machines.
    """

    dataset: str
    component: str
    metric: str
    status: str  # pass, regression, inconclusive, failed, new, noted
    message: str
    base: float | None = None
    head: float | None = None
    change: float | None = None
    low: float | None = None  # of the change
    high: float | None = None
    margin: float | None = None
    side: str = "accuracy"
    reproduce: str | None = None  # a command
    worst_kind: str | None = None  # the kind of misuse that lost most
    missed_campaign: str | None = None  # one that base finds and head does not
    file: str | None = None  # whose line lost it, relative to where the gate runs
    line: int | None = None
    #: Whether the interval rules out a loss beyond the margin; None: no interval, no loss judged,
    #: or times that cannot tell.
    non_inferior: bool | None = None
    floor: float | None = None  # the bound that was held, of a bound
    ceiling: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a gate."""

    status: str
    checks: tuple[Check, ...]
    strict: bool = False
    only: tuple[str, ...] = ()  # components that were judged; none: all of them

    @property
    def exit_code(self) -> int:
        """0 pass, 1 regression, 3 inconclusive (1 if strict), 4 a component failed."""
        if self.status == INCONCLUSIVE and self.strict:
            return EXIT[REGRESSION]
        return EXIT[self.status]

    @property
    def faults(self) -> tuple[Check, ...]:
        """The checks that did not pass, worst first: by status, then by margins that were lost."""
        return tuple(sorted((c for c in self.checks if c.status in WORST[1:]), key=goodness))

    @property
    def shown_safe(self) -> str:
        """How many losses are ruled out, in words; empty where nothing has an interval.

        A check passes if the loss that was seen is within its margin. That is less than to know
        that there is none beyond it, which takes an interval that ends within the margin.
        """
        known = [c for c in self.checks if c.status in WORST and c.non_inferior is not None]
        good = sum(bool(c.non_inferior) for c in known)
        return f"{good} of {len(known)} with an interval are non-inferior" if known else ""

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as a JSON object."""
        return {
            "schema_version": SCHEMA_VERSION, "status": self.status, "exit_code": self.exit_code,
            "strict": self.strict, "only": list(self.only),
            "checks": [asdict(check) for check in self.checks],
        }  # fmt: skip

    @property
    def shown_only(self) -> str:
        """Which components alone were judged, in words; empty where all were."""
        return f"only {', '.join(self.only)} judged" if self.only else ""

    def told(self) -> list[tuple[Check, str]]:
        """Return the faults and each in words: of a component the worst in full, then what more.

        One cause shows in many metrics, and whoever reads has seen place and command by then.
        What was timed has another command, so the first of those is in full as well. Regressions
        of all components stand before what is inconclusive, which a reader may have to cut.
        """
        places: dict[tuple[str, str, str, bool], list[Check]] = {}
        for check in self.faults:
            key = check.status, check.dataset, check.component, check.side == "accuracy"
            places.setdefault(key, []).append(check)
        return [
            (check, _short(check) if nth else check.message)
            for same in places.values() for nth, check in enumerate(same)
        ]  # fmt: skip

    def lines(self) -> list[str]:
        """Return the verdict in words, one line a fault."""
        judged = [check for check in self.checks if check.status in WORST]
        count = sum(check.status == PASS for check in judged)
        head = f"{self.status}: {count} of {len(judged)} checks passed"
        head += "".join(f"; {told}" for told in (self.shown_safe, self.shown_only) if told)
        return [
            head,
            *(f"{check.status}: {text}" if text is check.message else f"  {text}"
              for check, text in self.told()),
        ]  # fmt: skip


def goodness(check: Check) -> tuple[float, float, float]:
    """Return what sorts judged checks, worst first: status, margins that were lost, the loss.

    A bound counts shares of itself; what has no such number comes last among its status.
    """
    place = -float(WORST.index(check.status))
    loss, allowed = _lost(check)
    if loss is None or not math.isfinite(loss):
        return place, math.inf, 0.0
    return place, -loss / allowed if allowed else -math.inf, -loss


def _lost(check: Check) -> tuple[float | None, float]:
    """Return by how much a check is off, None if that is no number, and in what it is counted."""
    if check.change is not None and check.margin is not None:
        # a fault of accuracy has lost, whichever way is up; what was timed may be inconclusive
        return abs(check.change) if check.side == "accuracy" else check.change, check.margin
    bound = check.ceiling if check.floor is None else check.floor
    if not bound or check.head is None:  # of a bound of 0 there are no shares
        return None, 0.0
    return abs(check.head - bound), abs(bound)


def _short(check: Check) -> str:
    """Return a further fault of a component in a few words; all of them where it needs those."""
    if check.status != REGRESSION or check.head is None:
        return check.message
    for word, bound in (("floor", check.floor), ("ceiling", check.ceiling)):
        if bound is not None:
            return f"also {check.metric} is {check.head:.4f}, {word} {bound:.4f}"
    if check.base is None or check.change is None:
        return check.message
    if check.side != "accuracy":
        more = _allowed(check, ".1%", "90 %", ".0%")
        return f"also {check.metric} {check.change:+.1%}" + (f" ({more})" if more else "")
    more = _allowed(check, ".4f", "95 %", ".4f")
    change = f"{check.change:+.4f}" + (f", {more}" if more else "")
    return f"also {check.metric} {check.base:.4f} -> {check.head:.4f} ({change})"


def _allowed(check: Check, form: str, sure: str, of_margin: str) -> str:
    """Return interval and margin of a check, as far as it has them."""
    told = []
    if check.low is not None and check.high is not None:
        told.append(f"{sure} interval {check.low:+{form}} to {check.high:+{form}}")
    if check.margin is not None:
        told.append(f"margin {check.margin:{of_margin}}")
    return ", ".join(told)
