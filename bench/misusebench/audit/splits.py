"""Whether splits leak (Q15): nothing may be on both sides of the split that is to separate it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from misusebench.audit.labelled import codes_of
from misusebench.audit.verdict import Check
from misusesim import splits
from misusesim.clock import LocalClock
from misusesim.dataset.schema import SIDES
from misusesim.querysides import WAYS, campaign_of, side_codes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.dataset.reader import Dataset
    from misusesim.truth import Truth

#: What each split must keep on one side.
_APART: Final = {
    "time": ("campaign",), "officer": ("officer", "campaign"), "agency": ("agency", "campaign"),
    "kind": ("officer", "campaign"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sided:
    """Queries and the side that a split puts each on."""

    by: str
    side: NDArray[np.int8]  # code of SIDES
    received: NDArray[np.int64]  # UTC microseconds
    officer: NDArray[np.int64]
    agency: NDArray[np.int64]
    campaign: NDArray[np.int64]  # -1 none
    held_out: NDArray[np.bool_]  # of a kind that training must not hold
    told: NDArray[np.int8]  # side of each campaign by the truth, -1 where nothing of it is left
    horizon: tuple[int, int]


def split_checks(data: Dataset, truth: Truth) -> list[Check]:
    """Return the checks of all splits of a data set."""
    log = data.log(["query_id", "received_at", "officer_id", "agency_id"])
    campaign, told = campaign_of(truth, log["query_id"]), truth.campaigns
    kinds = np.array([*told["kind"].to_pylist(), ""], np.str_)
    every = Sided(
        by="", side=np.zeros(log.num_rows, np.int8), campaign=campaign,
        received=log["received_at"].cast(pa.int64()).to_numpy(),
        officer=codes_of(log["officer_id"]), agency=codes_of(log["agency_id"]),
        held_out=np.isin(kinds, splits.HELD_OUT)[campaign], told=np.empty(0, np.int8),
        horizon=LocalClock(data.scenario).horizon,
    )  # fmt: skip
    return [
        check
        for by in WAYS
        for side in [side_codes(truth.split(by)["side"])]
        for check in checks(replace(every, by=by, side=side, told=side_codes(told[f"split_{by}"])))
    ]  # fmt: skip


def checks(one: Sided) -> list[Check]:
    """Return what one split must keep, and what share each side has."""
    out = [_apart(one, what) for what in _APART[one.by]]
    if one.by == "time":
        out.append(_in_order(one))
    if one.by == "kind":
        seen = int((one.held_out & (one.side == splits.TRAIN)).sum())
        out.append(_check(one, "unseen kinds", seen, "queries of held-out kinds in training"))
    return [*out, _told(one), _shares(one)]


def _check(one: Sided, name: str, faults: int, detail: str) -> Check:
    return Check("Q15", f"by {one.by}: {name}", faults, "0", not faults, detail)


def _apart(one: Sided, what: str) -> Check:
    """Count officers, agencies or campaigns with queries on more than one side.

    Those that are marked as straddling must be so with all of their queries.
    """
    code = getattr(one, what)
    some = code >= 0
    pairs = np.unique(code[some] * len(SIDES) + one.side[some]) // len(SIDES)
    whole, counts = np.unique(pairs, return_counts=True)
    both = int((counts > 1).sum())
    return _check(one, f"{what} on one side", both, f"of {len(whole):,}")


def _in_order(one: Sided) -> Check:
    """Count queries that did not arrive in the part of their side."""
    arrived = splits.by_time(one.received, one.horizon)
    stays = one.side != splits.STRADDLES
    wrong = int((stays & (one.side != arrived)).sum())
    return _check(one, "training before test", wrong, "queries received outside their part")


def _told(one: Sided) -> Check:
    """Hold the side of each campaign by the truth against those of its queries."""
    some = np.flatnonzero(one.campaign >= 0)
    told, side = one.told[one.campaign[some]], one.side[some]
    free = side == splits.STRADDLES  # a late arrival, or an officer with kinds of both sides
    wrong = np.unique(one.campaign[some][(told != side) & ~free])
    return _check(one, "campaigns as told", len(wrong), "with queries on another side than theirs")


def _shares(one: Sided) -> Check:
    """Tell the share of queries and campaigns on each side."""
    queries = np.bincount(one.side, minlength=len(SIDES))
    some = one.campaign >= 0
    pairs = np.unique(one.campaign[some] * len(SIDES) + one.side[some]) % len(SIDES)
    campaigns = np.bincount(pairs, minlength=len(SIDES))
    told = ", ".join(
        f"{name} {queries[n] / max(1, len(one.side)):.1%} and {campaigns[n]:,}"
        for n, name in enumerate(SIDES) if queries[n] or campaigns[n]
    )  # fmt: skip
    return Check(
        "Q15", f"by {one.by}: shares", None, "told only", None, f"queries, campaigns: {told}"
    )
