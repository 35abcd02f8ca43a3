"""Distributions of a log as points to draw, beside those of published logs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusesim.realism.measures import runs
from misusesim.realism.reasons import classes
from misusesim.realism.references import of_name
from misusesim.realism.targets import NotApplicableError
from misusesim.realism.times import per_hour, per_weekday
from misusesim.reasontext import CLASSES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.realism.material import Material

#: Share of case numbers searched once, twice and three times, of California (domain note 7.4).
_CASES: Final = {1: 0.59, 2: 0.19, 3: 0.07}
_POINTS: Final = 101
#: Gaps between searches, in mean gaps of the agency, of which the share is told that are no longer.
GAPS: Final = tuple(2.0**power for power in range(-7, 5))
_SEARCHES: Final = 200  # that an agency needs for its gaps to be drawn
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def shapes(of: Material) -> dict[str, dict[str, Any]]:
    """Return points by name: hours, weekdays, stops, officers, reasons, cases, gaps.

    Each has ``x`` and lists of as many values by label; what the log has too little for is left
    out.
    """
    found = {
        "hours": _hours(of.searches.time, "ca_portal_78_agencies", "eugene_org"),
        "weekdays": _weekdays(of),
        "stops": {} if of.incidents is None else _hours(
            of.incidents.time[of.incidents.stop], "seattle_terry"
        ),
        "officers": _officers(of),
        "reasons": _reasons(of),
        "cases": _cases(of),
        "gaps": _gaps(of),
    }  # fmt: skip
    return {name: points for name, points in found.items() if points}


def _hours(time: NDArray[np.int64], *names: str) -> dict[str, Any]:
    if not len(time):
        return {}
    share = 100 * per_hour(time) / len(time)
    return {
        "x": list(range(24)),
        "this log": [round(float(s), 3) for s in share],
        **{name: of_name(name)["hour_pct"] for name in names},
    }


def _weekdays(of: Material) -> dict[str, Any]:
    try:
        own = per_weekday(of.searches.time)
    except (NotApplicableError, ValueError):
        return {}
    names = ("ca_portal_78_agencies", "eugene_org")
    return {
        "x": list(_DAYS),
        "this log": [round(float(d), 3) for d in own],
        **{name: of_name(name)["dow_rel"] for name in names},
    }


def _officers(of: Material) -> dict[str, Any]:
    """Return the Lorenz curve of searches at the agency with most searching officers."""
    pair = np.unique(np.stack([of.searches.agency, of.searches.officer]), axis=1)[0]
    if not len(pair):
        return {}
    most = int(np.bincount(pair).argmax())
    officer = of.searches.officer[of.searches.agency == most]
    counts = np.sort(np.unique(officer, return_counts=True)[1])
    held = np.concatenate([[0], np.cumsum(counts)]) / counts.sum()
    share = np.linspace(0, 1, _POINTS)
    eugene = of_name("eugene_org")["lorenz"]
    return {
        "x": [round(float(s), 2) for s in share],
        "this log": [
            round(float(h), 4) for h in np.interp(share, np.linspace(0, 1, len(held)), held)
        ],
        "eugene_org": [
            round(float(h), 4) for h in np.interp(share, np.linspace(0, 1, len(eugene)), eugene)
        ],
        "all alike": [round(float(s), 2) for s in share],
    }


def _reasons(of: Material) -> dict[str, Any]:
    if not len(of.searches):
        return {}
    kinds = classes(of.searches)
    share = np.bincount(kinds, minlength=len(CLASSES)) / len(kinds)
    return {
        "x": [name.replace("_", " ") for name in CLASSES],
        "this log": [round(float(s), 4) for s in share],
        **{
            name: [round(of_name(name)["reason_pct"][kind] / 100, 4) for kind in CLASSES]
            for name in ("ca_portal_78_agencies", "eugene_org")
        },
    }


def _cases(of: Material) -> dict[str, Any]:
    sizes = np.array([len(rows) for rows in runs(of.searches.case[of.searches.case >= 0])])
    if not len(sizes):
        return {}
    return {
        "x": list(_CASES),
        "this log": [round(float((sizes == k).mean()), 4) for k in _CASES],
        "ca_portal_78_agencies": list(_CASES.values()),
    }


def gap_share(time: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share of the gaps between rows that are at most each of `GAPS` mean gaps long."""
    gaps = np.diff(np.sort(time))
    return np.array([(gaps <= most * gaps.mean()).mean() for most in GAPS])


def _gaps(of: Material) -> dict[str, Any]:
    """Return the gaps of the median agency; at an even rate many are neither short nor long."""
    found = [
        gap_share(of.searches.time[rows])
        for rows in runs(of.searches.agency)
        if len(rows) >= _SEARCHES
    ]
    if not found:
        return {}
    return {
        "x": [f"{most:.0f}" if most >= 1 else f"1/{1 / most:.0f}" for most in GAPS],
        "this log": [round(float(s), 4) for s in np.median(found, axis=0)],
        "eugene_org": of_name("eugene_org")["gap_share"],
        "all alike": [round(1 - math.exp(-most), 4) for most in GAPS],
    }
