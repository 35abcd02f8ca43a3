"""The accuracy gate: runs against baselines, metric by metric; a verdict, an exit code.

Same data, same component, same seed: every change of a metric comes from a change of the code, so
what is asked is not whether there is one but whether it is a loss that matters (`losses.py`). Runs
of one scenario on several seeds are judged together. What has vanished, or is no longer a number,
fails. Nothing here reads a clock or draws at random: equal runs give equal bytes.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from misusebench.errors import SuiteError
from misusebench.gate.bounds import bound_checks, check_names
from misusebench.gate.components import component_checks
from misusebench.gate.margins import Margins, load_margins
from misusebench.gate.verdict import REGRESSION, WORST, Check, Verdict
from misusebench.gate.wording import located
from misusebench.gate.worlds import worlds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from misusebench.gate.changed import Since
    from misusebench.gate.worlds import World


def gate(
    runs: str | Path | Sequence[str | Path],
    baseline: str | Path | Sequence[str | Path],
    margins: str | Path | Margins | None = None,
    *,
    strict: bool = False,
    since: Since | None = None,
    whole: bool = True,
) -> Verdict:
    """Judge runs against baselines.

    Parameters
    ----------
    runs
        One run folder, or one for each data set; data sets of one scenario with other seeds are
        judged together.
    baseline
        A baseline file, a folder of them (each must have its run), a run folder, or several.
    margins
        A `gate.toml`.
    strict
        Whether inconclusive fails.
    since
        What git compares head's files with, so that faults point at what changed.
    whole
        Whether whole suites were run: then bounds and margins that are about nobody are refused.

    Raises
    ------
    SuiteError
        If the runs cannot be compared with the baselines: other data, budget or seed.
    """
    folders = [runs] if isinstance(runs, (str, Path)) else list(runs)
    limits = margins if isinstance(margins, Margins) else (
        load_margins(margins) if margins else Margins()
    )  # fmt: skip
    found, lost = worlds(folders, baseline)
    found = [replace(world, since=since) for world in found]
    if whole:
        check_names(found, limits)
    checks = [_lost(name) for name in lost]
    for same in _scenarios(found):
        checks += _scenario_checks(same, limits)
    judged = [c.status for c in checks if c.status in WORST]
    if not judged:
        raise SuiteError(f"{baseline} holds nothing that the run could be judged by")
    config = None if isinstance(margins, Margins) else margins
    placed = tuple(located(checks, config))
    return Verdict(max(judged, key=WORST.index), placed, strict)


def _lost(name: str) -> Check:
    message = f"data set {name}: it is in the baseline and no run of it was given"
    return Check(name, "", "", REGRESSION, message)


def _scenarios(found: Sequence[World]) -> Iterator[list[World]]:
    """Yield the worlds of each scenario."""
    by_name = sorted(found, key=lambda world: world.name)  # stable: seeds stay in order
    for _, same in groupby(by_name, key=lambda world: world.name):
        yield list(same)


def _scenario_checks(same: Sequence[World], limits: Margins) -> list[Check]:
    names = dict.fromkeys(
        name for side in ("base", "head") for w in same for name in getattr(w, side)["components"]
    )
    found = [check for name in names for check in component_checks(name, same, limits)]
    for name in names:
        if here := [w for w in same if name in w.results]:
            found += bound_checks(name, here, limits)
    return found
