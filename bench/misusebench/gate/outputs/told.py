"""What all outputs share: names that stay apart, text in which nothing is live."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

from misusebench import metrics
from misusebench.gate.verdict import WORST
from misusebench.result import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from misusebench.gate.verdict import Check, Verdict

_ESCAPED: Final = 0x10000
#: What a check without a metric is about.
WHOLE: Final = "present and valid"
#: Sides whose numbers are ratios of head to base: smaller is better.
_RATIOS: Final = ("speed", "memory", "instructions")


def plain(text: str) -> str:
    r"""Return text on one line; what cannot be seen is written as Python escapes it.

    Examples
    --------
    >>> print(plain("a\n\x1b[31m\u202e\ud800b"))
    a\n\x1b[31m\u202e\ud800b
    """
    return "".join(c if c.isprintable() else _escape(ord(c)) for c in text)


def _escape(code: int) -> str:
    known = {9: "\\t", 10: "\\n", 13: "\\r"}
    if code in known:
        return known[code]
    if code < 0x100:  # noqa: PLR2004 - two digits of hex
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < _ESCAPED else f"\\U{code:08x}"


def dumps(value: Any) -> str:
    """Return JSON text in ASCII; hostile characters stay in their strings, NaN becomes null."""
    return json.dumps(clean(value), indent=1, sort_keys=True, allow_nan=False) + "\n"


def label(check: Check) -> str:
    """Return what a check is about: its metric, or the component as a whole.

    A bound of `gate.toml` on a metric is another check than its loss.
    """
    bound = check.base is None and check.head is not None and check.side == "accuracy"
    return (plain(check.metric) or WHOLE) + " (bound)" * bound


def named(verdict: Verdict) -> Iterator[tuple[str, Check]]:
    """Yield each check with its label, unique for its data set and component."""
    taken: set[tuple[str, str, str]] = set()
    for check in verdict.checks:
        name, times = label(check), 1
        while (plain(check.dataset), plain(check.component), name) in taken:
            times += 1
            name = f"{label(check)} {times}"
        taken.add((plain(check.dataset), plain(check.component), name))
        yield name, check


def measured(verdict: Verdict) -> Iterator[tuple[str, Check]]:
    """Yield (label, check) of those that have a finite value of head."""
    return (
        (name, check)
        for name, check in named(verdict)
        if check.head is not None and math.isfinite(check.head)
    )


def bigger_is_better(check: Check) -> bool | None:
    """Return which way is better; None where nobody knows."""
    if check.side in _RATIOS:
        return False
    one = metrics.REGISTRY.get(check.metric.partition("/")[0])
    return {"higher": True, "lower": False}.get(one.direction) if one else None


def unit(check: Check) -> str:
    """Return the unit of a check's values."""
    if check.side in _RATIOS:
        return "ratio to base"
    one = metrics.REGISTRY.get(check.metric.partition("/")[0])
    return one.unit if one else ""


def meaning(check: Check) -> str:
    """Return what the metric of a check means, one line."""
    one = metrics.REGISTRY.get(check.metric.partition("/")[0])
    if check.side == "accuracy" and one is not None:
        return one.doc
    return {
        "speed": "Time of the component's own work, head over base.",
        "memory": "Peak memory of the component's process, head over base.",
        "instructions": "Instructions that the component's work takes, head over base.",
    }.get(check.side, "The component is in the run and valid.")


def head_ends(check: Check) -> tuple[float, float] | None:
    """Return where head lies by the interval of the change: base plus its ends."""
    if check.base is None or check.low is None or check.high is None:
        return None
    ends = check.base + check.low, check.base + check.high
    return ends if all(map(math.isfinite, ends)) else None


def judged(verdict: Verdict) -> list[Check]:
    """Return the checks that the verdict is made of."""
    return [check for check in verdict.checks if check.status in WORST]
