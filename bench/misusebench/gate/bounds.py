"""Floors and ceilings of `gate.toml`: bounds that hold whatever the baseline is."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from misusebench.compare import value_of
from misusebench.errors import SuiteError
from misusebench.gate.margins import fits
from misusebench.gate.verdict import NOTED, PASS, REGRESSION, Check
from misusebench.gate.wording import command, with_places

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from misusebench.gate.margins import Margins
    from misusebench.gate.worlds import World

_ROUNDING: Final = 1e-12


def check_names(found: Sequence[World], limits: Margins) -> None:
    """Refuse bounds for components that nobody has, and margins of no metric: they do nothing.

    Raises
    ------
    SuiteError
        Who is meant, and who there is.
    """
    known = {name for w in found for side in (w.base, w.head) for name in side["components"]}
    for word, table in (("floor", limits.floor), ("ceiling", limits.ceiling)):
        if unknown := sorted(set(table) - known):
            raise SuiteError(
                f"gate.toml: {word}.{unknown[0]} is of no component that was run; there are "
                f"{', '.join(sorted(known))}"
            )
    told = {
        name for w in found for side in (w.base, w.head) for one in side["components"].values()
        for name in one["metrics"]
    }  # fmt: skip
    for pattern in limits.margin:
        parts = pattern.split("/")
        if len(parts) > 1 and not any(fits(name.split("/"), parts) for name in told):
            raise SuiteError(
                f"gate.toml: margin.{pattern} fits no metric that was judged: it would do nothing"
            )


def bound_checks(component: str, where: Sequence[World], limits: Margins) -> list[Check]:
    """Return one check a bound and metric: on each world, and where there are several the mean.

    Parameters
    ----------
    component
        Of head.
    where
        Worlds of one scenario in which it is.
    limits
        Floors and ceilings; the last parts of a name may be wildcards: ``campaign_recall/*`` bounds
        each kind, ``alert_rate/*`` each oddity.
    """
    found = []
    for word, table in (("floor", limits.floor), ("ceiling", limits.ceiling)):
        for pattern, bound in table.get(component, {}).items():
            names = _meant(pattern, (w.results[component].metrics for w in where))
            if not names:
                message = f"{component} on {where[0].name}: no metric {pattern} to hold the {word}"
                found.append(Check(where[0].name, component, pattern, REGRESSION, message))
            for name in names:
                found += _bound_checks(component, name, where, word, bound)
    return found


def _meant(pattern: str, told: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the metrics that a pattern means, part by part; a plain name means itself."""
    parts = pattern.split("/")
    if "*" not in parts:
        return [pattern]
    names = dict.fromkeys(name for metrics in told for name in metrics)
    return [name for name in names if fits(name.split("/"), parts)]


def _bound_checks(
    component: str, name: str, where: Sequence[World], word: str, bound: float
) -> list[Check]:
    # a kind that one seed does not have is no fault where another has it
    here = [w for w in where if name in w.results[component].metrics] or list(where)
    values = [value_of(w.results[component], name) for w in here]
    found = [
        _check(component, name, (w.shown, w.shown), value, (word, bound))
        for w, value in zip(here, values, strict=True)
    ]
    worst = 0
    if len(here) > 1:
        known = [value for value in values if value is not None]
        mean = sum(known) / len(known) if len(known) == len(values) else None
        shown = f"{here[0].name}, mean of {len(here)} seeds"
        found = [replace(check, status=NOTED) for check in found]
        found.append(_check(component, name, (here[0].name, shown), mean, (word, bound)))
        worst = min(range(len(values)), key=lambda n: _goodness(values[n], word))
    if found[-1].status != PASS:
        found[-1] = with_places(found[-1], here[worst], command(here[worst], component))
    return found


def _goodness(value: float | None, word: str) -> float:
    if value is None:
        return -math.inf
    return value if word == "floor" else -value


def _check(
    component: str,
    name: str,
    where: tuple[str, str],
    value: float | None,
    bound: tuple[str, float],
) -> Check:
    """Return whether a bound (floor or ceiling, number) holds on a data set (name, in words)."""
    word, number = bound
    kept = value is not None and (
        value >= number - _ROUNDING if word == "floor" else value <= number + _ROUNDING
    )
    told = "undefined" if value is None else f"{value:.4f}"
    message = f"{component} on {where[1]}: {name} is {told}, {word} {number:.4f}"
    status = PASS if kept else REGRESSION
    check = Check(where[0], component, name, status, message, None, value)
    return replace(check, floor=number) if word == "floor" else replace(check, ceiling=number)
