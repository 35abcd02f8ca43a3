"""Bencher Metric Format: a benchmark a component and data set, a measure a metric.

`lower_value` and `upper_value` are where head lies by the interval of its change from base: an
interval of head alone would be of the choice of officers, which base and head share.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from misusebench.gate.outputs.told import dumps, head_ends, measured, plain

if TYPE_CHECKING:
    from misusebench.gate.verdict import Verdict

#: Longest name of a measure and of a benchmark, characters.
_MEASURE: Final = 64
_BENCHMARK: Final = 1_024


def render(verdict: Verdict) -> str:
    """Return the measured values of head in Bencher's format."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name, check in measured(verdict):
        if check.head is None:
            continue
        where = f"{plain(check.dataset)}: {plain(check.component)}"
        measures = found.setdefault(_short(where, _BENCHMARK), {})
        entry = {"value": check.head}
        if (ends := head_ends(check)) is not None:
            entry |= {"lower_value": ends[0], "upper_value": ends[1]}
        measures[_short(name, _MEASURE)] = entry
    return dumps(found)


def _short(name: str, most: int) -> str:
    """Return a name as it is, or cut with a hash that keeps it apart."""
    if len(name) <= most:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: most - 9]} {mark}"
