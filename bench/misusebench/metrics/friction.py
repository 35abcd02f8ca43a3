"""What policies cost honest work, and what emergencies are used for.

Who is denied or challenged is hindered, even when he meets the challenge. Rows whose label is
`ignore` do not count.

What became of denied honest queries is known of those whose authors the truth asked: all whom a
policy is likely to deny, and of other plain work one in 64. So each counts by one over its chance
to be asked (`Decided.standing`), in values and in every draw. Where truth is sparse only oddities
were asked, and what is told of honest work is of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusebench.columns import distinct, micros
from misusebench.metrics.decided import CHALLENGE, GLASS, example
from misusebench.metrics.tally import ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from misusebench.metrics.decided import Decided

    Floats = NDArray[np.float64]

__all__ = [
    "blocks_by", "break_glass_abuse", "break_glass_rate", "example", "honest_blocked",
    "honest_blocked_per_100_shifts", "honest_challenged", "honest_delay", "honest_recovered",
    "lawful_licensing_blocked", "shifts_per_officer", "urgent_blocked_per_100_shifts",
]  # fmt: skip
LAWFUL: Final = "lawful_licensing"


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
    return _per_100_shifts(decided, weights, decided.honest & decided.hindered)


def _per_100_shifts(decided: Decided, weights: Floats, rows: NDArray[np.bool_]) -> Floats:
    per, scored = decided.tally.per_cluster, decided.scored
    everybody = np.arange(len(scored.officers), dtype=np.int32)
    return 100 * ratio(weights, per(scored.officer[rows]), per(everybody, decided.shift_count))


def urgent_blocked_per_100_shifts(decided: Decided, weights: Floats) -> Floats:
    """Return urgent honest queries denied or challenged per officer and 100 shifts, per draw.

    Urgent is a query whose incident, in truth, is of the highest priority, 1.

    Examples
    --------
    One in the three shifts:

    >>> small = example()
    >>> urgent_blocked_per_100_shifts(small, small.ones).round(2).tolist()
    [33.33]
    """
    if decided.urgent is None:
        return np.full(len(weights), np.nan)
    return _per_100_shifts(decided, weights, decided.honest & decided.hindered & decided.urgent)


def honest_challenged(decided: Decided, weights: Floats) -> Floats:
    """Return the share of honest queries that are challenged, per draw.

    Examples
    --------
    >>> small = example()
    >>> honest_challenged(small, small.ones).round(4).tolist()
    [0.3333]
    """
    return decided.share(weights, decided.honest, decided.outcome == CHALLENGE)


def honest_recovered(decided: Decided, weights: Floats) -> Floats:
    """Return the share of denied honest queries that are made all the same, later.

    Either a new try passes, or a supervisor lets it through. Of the denied queries whose author the
    truth asked what he would do, each counted for all of its like.

    Examples
    --------
    The one denied goes to a supervisor:

    >>> small = example()
    >>> honest_recovered(small, small.ones).tolist()
    [1.0]
    """
    asked, back, _ = _followed(decided)
    return decided.share(weights, decided.honest & asked, back, decided.standing)


def honest_delay(decided: Decided, weights: Floats) -> Floats:
    """Return by how many seconds honest queries are late that are denied and made all the same.

    A mean over these queries, of which those asked stand for their like.

    Examples
    --------
    >>> small = example()
    >>> honest_delay(small, small.ones).tolist()
    [90.0]
    """
    _, back, delay = _followed(decided)
    per, rows = decided.tally.per_cluster, decided.honest & back
    officer, each = decided.scored.officer[rows], decided.standing[rows]
    return ratio(weights, per(officer, delay[rows] * each), per(officer, each))


def _followed(decided: Decided) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Floats]:
    """Return which rows' authors were asked, which got through later, and after how long."""
    asked, back = np.zeros((2, len(decided.outcome)), np.bool_)
    delay = np.zeros(len(decided.outcome))
    told = decided.followed
    if told is not None:
        asked[told.row] = True
        through = told.let_through | np.isin(told.row, told.supervised)
        last = np.zeros(len(decided.outcome))
        np.maximum.at(last, told.row, told.delay_s.astype(np.float64))
        back[told.row[through]] = True
        delay = last
    return asked, back, delay


def break_glass_rate(decided: Decided, weights: Floats) -> Floats:
    """Return the share of queries that set the emergency flag, new tries after denials included.

    A new try counts for those of its like whose authors were not asked.

    Examples
    --------
    Two of five queries and their two next steps, of which only the first is a try:

    >>> small = example()
    >>> break_glass_rate(small, small.ones).round(4).tolist()
    [0.3333]
    """
    per, (rows, glass, _, each) = decided.tally.per_cluster, _tries(decided)
    officer = decided.scored.officer[rows]
    return ratio(weights, per(officer[glass], each[glass]), per(officer, each))


def break_glass_abuse(decided: Decided, weights: Floats) -> Floats:
    """Return the share of misuse among permitted queries that set the emergency flag.

    New tries after denials are among them, and count for those of their like.

    Examples
    --------
    One of the two:

    >>> small = example()
    >>> break_glass_abuse(small, small.ones).tolist()
    [0.5]
    """
    rows, glass, passes, each = _tries(decided)
    own = glass & passes & ~decided.scored.ignore[rows]
    rows, each = rows[own], each[own]
    misuse = decided.scored.positive[rows]
    per, officer = decided.tally.per_cluster, decided.scored.officer[rows]
    return ratio(weights, per(officer[misuse], each[misuse]), per(officer, each))


def _tries(
    decided: Decided,
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_], Floats]:
    """Return all tries: rows, whether the flag is set, whether not denied, for how many each is."""
    n = len(decided.outcome)
    glass = np.zeros(n, np.bool_) if decided.glass is None else decided.glass
    rows, passes, told = np.arange(n), ~decided.blocked, decided.followed
    if told is None:
        return rows, glass, passes, np.ones(n)
    tried = told.outcome >= 0
    flag = glass[told.row] | _broken(told.row, told.reaction == GLASS)
    return (
        np.r_[rows, told.row[tried]],
        np.r_[glass, flag[tried]],
        np.r_[passes, told.let_through[tried]],
        np.r_[np.ones(n), decided.standing[told.row[tried]]],
    )


def _broken(row: NDArray[np.int64], now: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether the flag was set at a step or an earlier one of its query."""
    order = np.argsort(row, kind="stable")
    seen = np.cumsum(now[order])
    head = np.r_[True, row[order][1:] != row[order][:-1]][: len(row)]
    before = np.maximum.accumulate(np.where(head, seen - now[order], 0))
    out = np.empty(len(row), np.bool_)
    out[order] = seen > before
    return out


def blocks_by(
    decided: Decided, group: NDArray[np.integer[Any]], names: Sequence[str]
) -> dict[str, dict[str, float | int]]:
    """Return per group, an agency or a role, how many honest queries it made and had hindered.

    Parameters
    ----------
    decided
        Decisions beside the truth.
    group
        Place of each row in `names`; -1 for none.
    names
        Of the groups.

    Examples
    --------
    >>> blocks_by(example(), np.array([0, 0, 0, 1, 1]), ["patrol", "desk"])["desk"]
    {'honest': 2, 'denied': 0, 'challenged': 1}
    """
    found: dict[str, dict[str, float | int]] = {}
    for place, name in enumerate(names):
        own = decided.honest & (group == place)
        if own.any():
            found[name] = {
                "honest": int(own.sum()),
                "denied": int((own & decided.blocked).sum()),
                "challenged": int((own & (decided.outcome == CHALLENGE)).sum()),
            }
    return found


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


def shifts_per_officer(
    shifts: pa.Table | None, officers: Sequence[str], start_us: int, end_us: int
) -> Floats | None:
    """Return how many shifts of each officer begin in a span of time; None without a roster.

    Parameters
    ----------
    shifts
        Context table `roster/shifts`.
    officers
        Whose.
    start_us, end_us
        UTC microseconds, the end excluded.
    """
    if shifts is None or not shifts.num_rows:
        return None
    own, names = distinct(shifts["officer_id"])
    begun = micros(shifts["valid_from"])
    inside = (begun >= start_us) & (begun < end_us)
    counted = np.bincount(own[inside], minlength=len(names))
    told = dict(zip(names, counted.tolist(), strict=True))
    return np.array([told.get(officer, 0) for officer in officers], np.float64)
