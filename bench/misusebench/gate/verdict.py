"""What a gate says: checks, the worst of them as the verdict, an exit code."""

from __future__ import annotations

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
    #: Whether the interval rules out a loss beyond the margin; None: no interval, no loss judged.
    non_inferior: bool | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a gate."""

    status: str
    checks: tuple[Check, ...]
    strict: bool = False

    @property
    def exit_code(self) -> int:
        """0 pass, 1 regression, 3 inconclusive (1 if strict), 4 a component failed."""
        if self.status == INCONCLUSIVE and self.strict:
            return EXIT[REGRESSION]
        return EXIT[self.status]

    @property
    def faults(self) -> tuple[Check, ...]:
        """The checks that did not pass, worst first."""
        bad = [check for check in self.checks if check.status in WORST[1:]]
        return tuple(sorted(bad, key=lambda check: -WORST.index(check.status)))

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
            "strict": self.strict, "checks": [asdict(check) for check in self.checks],
        }  # fmt: skip

    def lines(self) -> list[str]:
        """Return the verdict in words, one line a fault."""
        judged = [check for check in self.checks if check.status in WORST]
        count = sum(check.status == PASS for check in judged)
        head = f"{self.status}: {count} of {len(judged)} checks passed"
        if told := self.shown_safe:
            head += f"; {told}"
        return [head, *(f"{c.status}: {c.message}" for c in self.faults)]
