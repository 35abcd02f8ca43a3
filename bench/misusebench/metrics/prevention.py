"""What policies prevent and what they cost honest work.

A decision to deny blocks. A challenge blocks nobody who can answer it: it prevents nothing, and is
friction for the honest. Rows whose label is `ignore` count in neither.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench import interval
from misusebench.columns import distinct, micros
from misusebench.metrics.campaigns import macro
from misusebench.metrics.tally import Tally, ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from misusebench.metrics.frame import Scored

    Floats = NDArray[np.float64]

PERMIT: Final = 0
DENY: Final = 1
CHALLENGE: Final = 2
LAWFUL: Final = "lawful_licensing"


@dataclass
class Decided:
    """Decisions beside the truth of their queries."""

    scored: Scored  # its scores are not read
    outcome: NDArray[np.int8]  # per row: PERMIT, DENY or CHALLENGE, after errors
    why: NDArray[np.int32]  # per row: place in `explanations`
    explanations: Sequence[tuple[Sequence[str], Sequence[str]]]  # (reasons, errors)
    shifts: NDArray[np.float64] | None = None  # per officer; None: days with a query
    draws: int = interval.DRAWS
    seed: int = 0
    drawn: dict[str, Floats] = field(default_factory=dict, repr=False)

    @cached_property
    def tally(self) -> Tally:
        """Clusters and weights of the same officers."""
        return Tally(self.scored, draws=self.draws, seed=self.seed)

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return self.tally.clusters

    @property
    def ones(self) -> Floats:
        """Weights that change nothing, one row."""
        return self.tally.ones

    @property
    def weights(self) -> Floats:
        """Drawn weights."""
        return self.tally.weights

    @cached_property
    def blocked(self) -> NDArray[np.bool_]:
        """Rows that are denied."""
        return np.asarray(self.outcome == DENY)

    @cached_property
    def hindered(self) -> NDArray[np.bool_]:
        """Rows that are denied or challenged: friction, even when the challenge is met."""
        return np.asarray(self.outcome != PERMIT)

    @cached_property
    def honest(self) -> NDArray[np.bool_]:
        """Rows of work and oddities."""
        return ~self.scored.positive & ~self.scored.ignore

    @cached_property
    def failed(self) -> NDArray[np.bool_]:
        """Rows whose answer has an error."""
        faulty = np.array([bool(errors) for _, errors in self.explanations] + [False])
        return faulty[self.why]

    @cached_property
    def shift_count(self) -> Floats:
        """Shifts per officer."""
        if self.shifts is not None:
            return self.shifts
        both = np.unique(np.stack([self.scored.officer, self.scored.day]), axis=1)
        return np.bincount(both[0], minlength=len(self.scored.officers)).astype(np.float64)

    def share(self, weights: Floats, of: NDArray[np.bool_], hit: NDArray[np.bool_]) -> Floats:
        """Return the share of some rows that are hit, per draw."""
        per, officer = self.tally.per_cluster, self.scored.officer
        return ratio(weights, per(officer[of & hit]), per(officer[of]))


def example() -> Decided:
    """Return five decisions for the worked examples below.

    Two misuse queries of the first rung (one denied, one permitted), three honest ones of two
    officers (one denied for two reasons, one challenged, one permitted).
    """
    from misusebench.metrics.frame import labelled  # noqa: PLC0415 - only for examples

    rows = labelled(np.zeros(5), np.array([1, 1, 0, 0, 0], bool), officer=np.array([0, 0, 1, 1, 2]),
                    campaign=np.array([0, 0, -1, -1, -1]), kind=np.array([0, 0, -1, -1, -1]),
                    oddity=np.array([-1, -1, 10, -1, -1]))  # fmt: skip
    return Decided(rows, np.array([DENY, PERMIT, DENY, CHALLENGE, PERMIT], np.int8),
                   np.array([1, 0, 2, 3, 0], np.int32),
                   [((), ()), (("purpose",), ()), (("purpose", "case"), ("no roster",)),
                    (("case",), ())])  # fmt: skip


def misuse_prevented(
    decided: Decided, weights: Floats, kind: str | None = None, rung: str | None = None
) -> Floats:
    """Return the share of misuse queries that are denied, per draw.

    Examples
    --------
    >>> small = example()
    >>> misuse_prevented(small, small.ones).tolist()
    [0.5]
    """
    scored, own = decided.scored, decided.scored.positive
    if kind is not None:
        own = own & (scored.kind == scored.kinds.index(kind))
    if rung is not None:
        own = own & (scored.rung == scored.rungs.index(rung))
    return decided.share(weights, own, decided.blocked)


def _by_kind(decided: Decided, weights: Floats) -> Floats:
    codes = np.unique(decided.scored.kind[decided.scored.positive])
    names = [decided.scored.kinds[k] for k in codes if k >= 0]
    rows = [misuse_prevented(decided, weights, name) for name in names]
    return np.stack(rows) if rows else np.full((1, len(weights)), np.nan)


def prevented_macro(decided: Decided, weights: Floats) -> Floats:
    """Return the mean over kinds of :func:`misuse_prevented`.

    Examples
    --------
    >>> small = example()
    >>> prevented_macro(small, small.ones).tolist()
    [0.5]
    """
    return macro(_by_kind(decided, weights))


def prevented_min(decided: Decided, weights: Floats) -> Floats:
    """Return the least :func:`misuse_prevented` over kinds.

    Examples
    --------
    >>> small = example()
    >>> prevented_min(small, small.ones).tolist()
    [0.5]
    """
    return np.asarray(np.fmin.reduce(_by_kind(decided, weights), axis=0), np.float64)


def honest_blocked(decided: Decided, weights: Floats) -> Floats:
    """Return the share of honest queries denied or challenged, per draw.

    Examples
    --------
    Of three honest queries one is denied and one challenged:

    >>> small = example()
    >>> honest_blocked(small, small.ones).round(4).tolist()
    [0.6667]
    """
    return decided.share(weights, decided.honest, decided.hindered)


def honest_blocked_per_100_shifts(decided: Decided, weights: Floats) -> Floats:
    """Return honest queries denied or challenged per officer and 100 shifts, per draw.

    Examples
    --------
    Two in the three shifts (three officers, one day):

    >>> small = example()
    >>> honest_blocked_per_100_shifts(small, small.ones).round(2).tolist()
    [66.67]
    """
    per, scored = decided.tally.per_cluster, decided.scored
    everybody = np.arange(len(scored.officers), dtype=np.int32)
    blocked = per(scored.officer[decided.honest & decided.hindered])
    return 100 * ratio(weights, blocked, per(everybody, decided.shift_count))


def lawful_licensing_blocked(decided: Decided, weights: Floats) -> Floats:
    """Return the share of lawful licensing queries denied or challenged, per draw.

    Examples
    --------
    >>> small = example()
    >>> lawful_licensing_blocked(small, small.ones).tolist()
    [1.0]
    """
    scored = decided.scored
    own = (scored.oddity == scored.oddities.index(LAWFUL)) & decided.honest
    return decided.share(weights, own, decided.hindered)


def fail_open(decided: Decided, weights: Floats) -> Floats:
    """Return the share of answers with an error that permit all the same; it must be 0.

    Examples
    --------
    The one answer with an error denies:

    >>> small = example()
    >>> fail_open(small, small.ones).tolist()
    [0.0]
    """
    return decided.share(weights, decided.failed, decided.outcome == PERMIT)


def error_rate(decided: Decided, weights: Floats) -> Floats:
    """Return the share of queries whose answer has an error.

    Examples
    --------
    >>> small = example()
    >>> error_rate(small, small.ones).tolist()
    [0.2]
    """
    every = np.ones(len(decided.outcome), np.bool_)
    return decided.share(weights, every, decided.failed)


def rule_counts(decided: Decided) -> dict[str, dict[str, int]]:
    """Return per reason how many misuse, honest and ignored queries it was given for.

    Examples
    --------
    >>> rule_counts(example())["case"]
    {'misuse': 0, 'honest': 2, 'ignore': 0}
    """
    size = len(decided.explanations)
    sides = {
        "misuse": decided.scored.positive, "honest": decided.honest,
        "ignore": decided.scored.ignore,
    }  # fmt: skip
    counted = {name: np.bincount(decided.why[own], minlength=size) for name, own in sides.items()}
    found: dict[str, Counter[str]] = {}
    for place, (reasons, _) in enumerate(decided.explanations):
        for reason in dict.fromkeys(reasons):
            for side, count in counted.items():
                found.setdefault(reason, Counter())[side] += int(count[place])
    return {reason: dict(found[reason]) for reason in sorted(found)}


def matrix(
    caught: Floats, prevented: Floats, weight: Floats | None = None
) -> dict[str, float | int | None]:
    """Return which share of campaigns policy and detector stop: alone, both, neither.

    Parameters
    ----------
    caught
        Per campaign: probability that the detector's read alerts show it.
    prevented
        Per campaign: share of its queries that the policy denies (:func:`stopped`), taken as
        the part of the campaign that does not happen.
    weight
        Of each campaign.

    Examples
    --------
    >>> matrix(np.array([1.0, 0.5, 0.0, 0.0]), np.array([1.0, 0.0, 1.0, 0.0]))["neither"]
    0.375
    """
    weight = np.ones(len(caught)) if weight is None else weight
    total = weight.sum()
    cells = {
        "policy_only": (1 - caught) * prevented,
        "detector_only": caught * (1 - prevented),
        "both": caught * prevented,
        "neither": (1 - caught) * (1 - prevented),
    }
    shares = {name: float(weight @ cell / total) if total else None for name, cell in cells.items()}
    return {**shares, "campaigns": len(caught)}


def stopped(decided: Decided) -> Floats:
    """Return per campaign the share of its misuse queries that are denied.

    Examples
    --------
    >>> stopped(example()).tolist()
    [0.5]
    """
    scored = decided.scored
    rows = scored.campaign >= 0
    size = len(scored.campaigns.kind)
    denied = np.bincount(scored.campaign[rows], decided.blocked[rows], size)
    return np.asarray(denied / np.bincount(scored.campaign[rows], minlength=size), np.float64)


def shifts_per_officer(
    shifts: pa.Table, officers: Sequence[str], start_us: int, end_us: int
) -> Floats:
    """Return how many shifts of each officer begin in a span of time.

    Parameters
    ----------
    shifts
        Context table `roster/shifts`.
    officers
        Whose.
    start_us, end_us
        UTC microseconds, the end excluded.
    """
    own, names = distinct(shifts["officer_id"])
    begun = micros(shifts["valid_from"])
    inside = (begun >= start_us) & (begun < end_us)
    counted = np.bincount(own[inside], minlength=len(names))
    told = dict(zip(names, counted.tolist(), strict=True))
    return np.array([told.get(officer, 0) for officer in officers], np.float64)
