"""The accuracy gate: a run against a committed baseline, metric by metric; a verdict, an exit code.

Same data, same component, same seed: every change of a metric comes from a change of the code, so
what is asked is not whether there is one but whether it is a loss that matters. A loss within the
margin passes. A larger one is a regression if its paired 95 % interval lies beyond the margin too,
otherwise inconclusive. What has vanished, or is no longer a number, fails. Speed is not gated here.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusebench import interval, metrics
from misusebench import result as results
from misusebench.compare import value_of
from misusebench.errors import SuiteError
from misusebench.gate.baselines import baseline_of, load_baselines
from misusebench.gate.margins import Margins, load_margins
from misusebench.gate.verdict import (
    FAILED,
    INCONCLUSIVE,
    PASS,
    REGRESSION,
    WORST,
    Check,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from misusebench.result import Result

_ROUNDING: Final = 1e-12
#: Fewer paired draws than this make no interval.
_LEAST_DRAWS: Final = 40


def gate(
    runs: str | Path | Sequence[str | Path],
    baseline: str | Path,
    margins: str | Path | Margins | None = None,
    *,
    strict: bool = False,
) -> Verdict:
    """Judge runs against baselines.

    Parameters
    ----------
    runs
        One run folder, or one for each data set.
    baseline
        A baseline file, a folder of them (each must have its run), or a run folder.
    margins
        A `gate.toml`.
    strict
        Whether inconclusive fails.

    Raises
    ------
    SuiteError
        If the runs cannot be compared with the baselines: other data, budget or seed.
    """
    folders = [runs] if isinstance(runs, (str, Path)) else list(runs)
    limits = margins if isinstance(margins, Margins) else (
        load_margins(margins) if margins else Margins()
    )  # fmt: skip
    heads = {}
    for folder in folders:
        head = baseline_of(folder)
        if (name := head["dataset"]["name"]) in heads:
            raise SuiteError(f"two runs of data set {name} were given, {folder} is the second; "
                             "give one run for each data set")  # fmt: skip
        heads[name] = (head, results.load_run(folder))
    bases = load_baselines(baseline)
    _all_have_baselines(heads, bases, baseline)
    checks: list[Check] = []
    for base in bases:
        name = base["dataset"]["name"]
        if name not in heads:
            message = f"data set {name}: it is in the baseline and no run of it was given"
            checks.append(Check(name, "", "", REGRESSION, message))
            continue
        head, (told, found) = heads[name]
        _comparable(base, head)
        data = str(told.get("ungated", {}).get("data", name))
        checks += _dataset_checks(base, head, limits, data, found)
    judged = [c.status for c in checks if c.status in WORST]
    if not judged:
        raise SuiteError(f"{baseline} holds nothing that the run could be judged by")
    return Verdict(max(judged, key=WORST.index), tuple(checks), strict)


def _all_have_baselines(
    heads: Mapping[str, Any], bases: Sequence[Mapping[str, Any]], source: str | Path
) -> None:
    """Refuse a run that nothing would be compared with: it must not look as if it had passed."""
    missing = sorted(set(heads) - {base["dataset"]["name"] for base in bases})
    if missing:
        raise SuiteError(
            f"{source} has no baseline for data set {', '.join(missing)}; leave its run out, or "
            "write one with --write-baseline"
        )


def _comparable(base: Mapping[str, Any], head: Mapping[str, Any]) -> None:
    name = base["dataset"]["name"]
    for what, one, other in (
        ("data", base["dataset"]["hash"], head["dataset"]["hash"]),
        *((key, base[key], head[key]) for key in ("seed", "review_budget", "history_share")),
    ):
        if one != other:
            raise SuiteError(
                f"{name}: the baseline and the run differ in {what} ({one} and {other}), so "
                "nothing can be concluded; if that is meant, write a new baseline"
            )


def _dataset_checks(
    base: Mapping[str, Any],
    head: Mapping[str, Any],
    limits: Margins,
    data: str,
    results_of_head: Sequence[Result],
) -> list[Check]:
    name, found = base["dataset"]["name"], []
    told = {one.name: one for one in results_of_head}
    for component, one in base["components"].items():
        other = head["components"].get(component)
        again = _command(data, component, one, head)
        if other is None:
            message = f"{component} has vanished from the run on {name}; reproduce: {again}"
            found.append(Check(name, component, "", REGRESSION, message))
        elif other["state"] != "ok" and (one["state"] == "ok" or told[component].failed):
            why = "; ".join(told[component].reasons) or other["state"]
            status = REGRESSION if other["state"] == "not_applicable" else FAILED
            message = f"{component} on {name}: {other['state']}: {why}; reproduce: {again}"
            found.append(Check(name, component, "", status, message))
        else:
            found += _metric_checks(name, component, one, other, limits, again)
    for component in head["components"]:
        if component in base["components"]:
            continue
        message = f"{component} is new and not in the baseline"
        status = "new"
        if told[component].failed:
            status = FAILED
            message += f", and failed: {told[component].state}"
        found.append(Check(name, component, "", status, message))
    for component, one in head["components"].items():
        again = _command(data, component, one, head)
        found += _limit_checks(name, told[component], limits, again)
    return found


def _command(data: str, component: str, one: Mapping[str, Any], head: Mapping[str, Any]) -> str:
    target = one["component"].get("target") or component
    told = component if target.startswith(("misusebench.", "(")) else target
    words = ["misusebench", "bench", data, f"--{one['component']['kind']}", told, "--tier",
             str(head["tier"]), "-o", "RUN"]  # fmt: skip
    return shlex.join(words)


def _metric_checks(
    dataset: str,
    component: str,
    base: Mapping[str, Any],
    head: Mapping[str, Any],
    limits: Margins,
    again: str,
) -> list[Check]:
    found = []
    for name, told in base["metrics"].items():
        before, place = told["value"], f"{component} on {dataset}: {name}"
        after = head["metrics"].get(name, {}).get("value")
        if before is None:
            continue
        if name not in head["metrics"] or after is None:
            gone = "has vanished" if name not in head["metrics"] else "is undefined"
            message = f"{place} was {before:.4f} and {gone}; reproduce: {again}"
            found.append(Check(dataset, component, name, REGRESSION, message, before))
            continue
        found.append(_loss_check(dataset, component, name, base, head, limits, again))
    new = [name for name in head["metrics"] if name not in base["metrics"]]
    return found + [Check(dataset, component, n, "new", f"{component}: {n} is new") for n in new]


def _loss_check(
    dataset: str,
    component: str,
    name: str,
    base: Mapping[str, Any],
    head: Mapping[str, Any],
    limits: Margins,
    again: str,
) -> Check:
    before, after = base["metrics"][name]["value"], head["metrics"][name]["value"]
    one = metrics.metric(name)
    sign = 1.0 if one.direction == "higher" else -1.0
    family = name.partition("/")[0]
    margin = limits.margin.get(name, limits.margin.get(family, one.tolerance.margin(before)))
    change = after - before
    low, high = _interval(base, head, name)
    loss = -sign * change
    if loss <= margin + _ROUNDING:
        status = PASS
    elif low is None or high is None:
        status = REGRESSION
    else:
        least = -high if sign > 0 else low
        status = REGRESSION if least > margin + _ROUNDING else INCONCLUSIVE
    between = "" if low is None or high is None else f", 95 % interval {low:+.4f} to {high:+.4f}"
    worst = _worst_kind(base, head) if status != PASS else ""
    message = (
        f"{component} on {dataset}: {name} {before:.4f} -> {after:.4f} ({change:+.4f}{between}, "
        f"margin {margin:.4f}){worst}"
    ) + (f"; reproduce: {again}" if status != PASS else "")
    return Check(
        dataset, component, name, status, message, before, after, change, low, high, margin
    )


def _interval(
    base: Mapping[str, Any], head: Mapping[str, Any], name: str
) -> tuple[float | None, float | None]:
    one, other = _drawn(base, name), _drawn(head, name)
    if len(one) != len(other) or len(one) < _LEAST_DRAWS:
        return None, None
    found = interval.percentile(other - one)
    return (None, None) if found is None else found


def _drawn(told: Mapping[str, Any], name: str) -> NDArray[np.float64]:
    kept = told.get("draws", {}).get(name, [])
    return np.array([np.nan if v is None else v for v in kept], np.float64)


def _worst_kind(base: Mapping[str, Any], head: Mapping[str, Any]) -> str:
    losses = {
        name.partition("/")[2]: told["value"] - head["metrics"][name]["value"]
        for name, told in base["metrics"].items()
        if name.startswith(("campaign_recall/", "misuse_prevented/"))
        and told["value"] is not None
        and head["metrics"].get(name, {}).get("value") is not None
    }
    kind = max(losses, key=losses.__getitem__, default=None)
    if kind is None or losses[kind] <= 0:
        return ""
    return f"; worst for {kind} (-{losses[kind]:.4f})"


def _limit_checks(dataset: str, head: Result, limits: Margins, again: str) -> list[Check]:
    component, found = head.name, []
    for word, table in (("floor", limits.floor), ("ceiling", limits.ceiling)):
        for name, bound in table.get(component, {}).items():
            value = value_of(head, name)
            kept = value is not None and (value >= bound if word == "floor" else value <= bound)
            shown = "undefined" if value is None else f"{value:.4f}"
            message = f"{component} on {dataset}: {name} is {shown}, {word} {bound:.4f}"
            message += "" if kept else f"; reproduce: {again}"
            status = PASS if kept else REGRESSION
            found.append(Check(dataset, component, name, status, message, None, value))
    return found
