"""Misuse held against honest look-alikes: what tells them apart without context, and with it (Q7).

A look-alike is an honest row of the same transaction by somebody of the same role at the same
agency: same message, same kind of subject, typed as exactly. Oddities are among them. Kinds that a
written rule sees by design are held against the oddities made to look like them, since a row at
random does not say what they say. For each kind a gradient-boosted
classifier is fitted on other officers than it is tried on, once for each information tier: on the
surface of a row (T0, no identities), then with what roster, dispatch and ties say besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusebench.audit.dataset import POLICY_VISIBLE
from misusebench.audit.labelled import codes_of, plain
from misusebench.audit.permutation import Permuted, ranks
from misusebench.audit.tiers import by_tier
from misusebench.columns import Words, distinct
from misusebench.streaming import combine
from misusesim.clock import LocalClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusesim.dataset.reader import Dataset
    from misusesim.truth import Truth

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

TIERS: Final = ("T0", "T1", "T2", "T3")
#: Look-alikes of each misuse row; more change nothing but the time it takes.
LOOK_ALIKES: Final = 20
#: Rows of a campaign that are looked at: a harvest of thousands is no more evidence than its first.
MOST_ROWS: Final = 25
#: A kind is told of if it has misuse by so many officers, two for each fold.
LEAST_OFFICERS: Final = 10
#: Kinds of which one campaign may have thousands of rows or a whole unit's: counted by campaign.
BY_CAMPAIGN: Final = (
    "permit_checks", "wrong_code", "immigration", "protest", "bulk_harvest", "selling",
    "personal_business",
)  # fmt: skip
#: What makes two rows the same transaction, beside the officer's role.
_SAME: Final = ("agency_id", "message_key", "subject_kind", "match")
_FOLDS: Final = 5


class Pairs(NamedTuple):
    """Misuse rows with their look-alikes, of one data set or some."""

    kind: NDArray[np.str_]  # the misuse's; of a look-alike that of the row it is like
    misuse: NDArray[np.bool_]
    campaign: NDArray[np.str_]  # "" of look-alikes
    officer: NDArray[np.int64]
    shown: dict[str, Floats]  # what each tier adds, shape (rows, features)
    alone: tuple[str, ...] = ()  # kinds of misuse rows that are like no honest row at all


class Separation(NamedTuple):
    """How well misuse of a kind is told from its look-alikes, out of fold."""

    kind: str
    campaigns: int
    misuse: int  # rows
    areas: dict[str, float]  # under the ROC curve, by tier; none: too few officers to tell
    chance: float  # 99.9 % quantile of the area of tier T0 with officers' labels permuted
    alone: int = 0  # rows besides that are like no honest row, by message, subject, match and role


def pairs(data: Dataset, truth: Truth, seed: int = 0) -> Pairs:
    """Return each misuse row of a data set with look-alikes, drawn by a seed."""
    log, context = data.log(), data.context("T3")
    every = _misuse(log, truth)
    at, kind, campaign = _some(*every)
    chance = np.random.default_rng(seed)
    like, of = _look_alikes(log, context["roster/officers"], every[0], at, chance)
    usual = ~np.isin(kind[of], POLICY_VISIBLE)
    twins = _made_alike(log, truth, kind, chance)
    like, of = np.append(like[usual], twins[0]), np.append(of[usual], twins[1])
    have = np.unique(of)
    rows = log.take(pa.array(np.concatenate([at[have], like])))
    return Pairs(
        np.concatenate([kind[have], kind[of]]), np.arange(len(rows)) < len(have),
        np.concatenate([campaign[have], np.full(len(like), "", campaign.dtype)]),
        codes_of(rows["officer_id"]), by_tier(rows, context, LocalClock(data.scenario)),
        tuple(np.delete(kind, have).tolist()),
    )  # fmt: skip


def pooled(some: Sequence[Pairs]) -> Pairs:
    """Return the pairs of several data sets in one; their officers are different people."""
    step = 1 + max((int(one.officer.max(initial=0)) for one in some), default=0)
    officers = [one.officer + place * step for place, one in enumerate(some)]
    names = [np.char.add(f"{place}/", one.campaign) for place, one in enumerate(some)]
    return Pairs(
        np.concatenate([one.kind for one in some]), np.concatenate([one.misuse for one in some]),
        np.concatenate(names), np.concatenate(officers),
        {tier: np.concatenate([one.shown[tier] for one in some]) for tier in TIERS},
        tuple(kind for one in some for kind in one.alone),
    )  # fmt: skip


def separations(found: Pairs, rounds: int = 1_000, seed: int = 0) -> list[Separation]:
    """Return how well each kind is told from its look-alikes.

    Parameters
    ----------
    found
        Misuse and look-alikes.
    rounds, seed
        Of the permutations of labels among officers.
    """
    return [
        _separation(found, kind, rounds, seed) for kind in sorted(set(found.kind[found.misuse]))
    ]


def _separation(found: Pairs, kind: str, rounds: int, seed: int) -> Separation:
    mine = np.flatnonzero(found.kind == kind)
    misuse, officer = found.misuse[mine], found.officer[mine]
    campaign = found.campaign[mine][misuse]
    campaigns = len(set(campaign.tolist()))
    told, alone = (str(kind), campaigns, int(misuse.sum())), found.alone.count(str(kind))
    if len(set(officer[misuse].tolist())) < LEAST_OFFICERS:
        return Separation(*told, {}, float("nan"), alone)
    weight = _weights(campaign, by_campaign=kind in BY_CAMPAIGN)
    areas, first = {}, np.empty(0)
    for place, tier in enumerate(TIERS):
        values = np.hstack([found.shown[name] for name in TIERS[: place + 1]])[mine]
        scores = ranks(out_of_fold(values, misuse, officer))
        first = first if len(first) else scores
        areas[tier] = area(scores, np.flatnonzero(misuse), weight)
    moved = Permuted(misuse, officer, rounds, seed).rows
    chance = np.quantile([area(first, rows, weight) for rows in moved], 0.999)
    return Separation(*told, areas, float(chance), alone)


def _weights(campaign: NDArray[np.str_], *, by_campaign: bool) -> Floats:
    """Return what each misuse row weighs: one, or each campaign the same."""
    if not by_campaign:
        return np.ones(len(campaign))
    _, place, count = np.unique(campaign, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / count[place])


def area(rank: Floats, positives: NDArray[np.int64], weight: Floats) -> float:
    """Return the area under the ROC curve, positives weighted; below one half if they rank lower.

    Examples
    --------
    >>> area(np.array([1.0, 2.0, 3.0]), np.array([2]), np.ones(1))
    1.0
    >>> area(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0, 3]), np.array([1.0, 3.0]))
    0.75
    """
    negative = np.ones(len(rank), np.bool_)
    negative[positives] = False
    others = np.sort(rank[negative])
    low, high = (np.searchsorted(others, rank[positives], side=s) for s in ("left", "right"))
    return float(np.average((low + high) / (2 * len(others)), weights=weight))


def _made_alike(
    log: pa.Table, truth: Truth, kind: NDArray[np.str_], chance: np.random.Generator
) -> tuple[Ints, Ints]:
    """Return rows of the oddities that look like kinds a rule sees, and the misuse row of each."""
    like, of = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    known, odd_rows = truth.oddities, truth.of_cause("oddity", ["query_id", "kind"])
    twin_of = dict(zip(known["kind"].to_pylist(), known["twin_of"].to_pylist(), strict=True))
    for name in sorted(set(kind.tolist()) & set(POLICY_VISIBLE)):
        odd = [oddity for oddity, twin in twin_of.items() if twin == name]
        rows = odd_rows.filter(
            pc.is_in(odd_rows["kind"].cast(pa.string()), pa.array(odd, pa.string()))
        )
        there = np.flatnonzero(pc.is_in(log["query_id"], rows["query_id"].combine_chunks()))
        mine = np.repeat(np.flatnonzero(kind == name), LOOK_ALIKES)
        if len(there):
            like.append(there[(chance.random(len(mine)) * len(there)).astype(np.int64)])
            of.append(mine)
    return np.concatenate(like), np.concatenate(of)


def out_of_fold(values: Floats, misuse: NDArray[np.bool_], officer: NDArray[np.int64]) -> Floats:
    """Return ranks, from 0 to 1 in each fold, by classifiers that saw other officers."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - an extra
    from sklearn.model_selection import StratifiedGroupKFold  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - comes with scikit-learn

    scores = np.full(len(misuse), 0.5)
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0)
    with threadpool_limits(1):  # small fits: threads that wait for each other cost more
        for made, tried in folds.split(values, misuse, officer):
            if misuse[made].any():
                model = HistGradientBoostingClassifier(
                    max_iter=60, max_depth=4, class_weight="balanced", random_state=0
                )
                model.fit(values[made], misuse[made])
                scores[tried] = ranks(model.predict_proba(values[tried])[:, 1]) / len(tried)
    return scores


def _misuse(
    log: pa.Table, truth: Truth
) -> tuple[NDArray[np.int64], NDArray[np.str_], NDArray[np.str_]]:
    """Return where the misuse rows are in the log, their kinds and campaigns."""
    rows = truth.misuse.select(["query_id", "kind", "campaign_id"])
    own = log["query_id"].to_numpy()
    order = np.argsort(own)
    ids = rows["query_id"].to_numpy()
    at = order[np.minimum(np.searchsorted(own[order], ids), len(own) - 1)]
    there = own[at] == ids
    words = [np.asarray(plain(rows[n]).to_pylist(), np.str_) for n in ("kind", "campaign_id")]
    return at[there], words[0][there], words[1][there]


def _some(
    at: NDArray[np.int64], kind: NDArray[np.str_], campaign: NDArray[np.str_]
) -> tuple[NDArray[np.int64], NDArray[np.str_], NDArray[np.str_]]:
    """Return at most so many rows of each campaign, evenly over its course."""
    order = np.lexsort((at, campaign))
    _, first, size = np.unique(campaign[order], return_index=True, return_counts=True)
    parts = [
        order[start + np.unique(np.linspace(0, n - 1, min(n, MOST_ROWS)).astype(np.int64))]
        for start, n in zip(first.tolist(), size.tolist(), strict=True)
    ]
    kept = np.sort(np.concatenate(parts)) if parts else order
    return at[kept], kind[kept], campaign[kept]


def _look_alikes(
    log: pa.Table, officers: pa.Table, every: Ints, at: Ints, chance: np.random.Generator
) -> tuple[Ints, Ints]:
    """Return honest rows of the same transaction and role, and the misuse row each is like.

    Parameters
    ----------
    log, officers
        The log and the roster.
    every, at
        Rows of the log that are misuse, and those of them that are asked.
    chance
        Draws the look-alikes: of the same agency, where it has none of any other.
    """
    role = dict(zip(officers["officer_id"].to_pylist(), officers["role"].to_pylist(), strict=True))
    place, names = distinct(log["officer_id"])
    roles = Words().codes(pa.array([role.get(name, "") for name in names]))[place]
    honest = np.ones(len(log), np.bool_)
    honest[every] = False
    rows, left = np.flatnonzero(honest), np.arange(len(at))
    like, of = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for columns in (_SAME, _SAME[1:]):
        same = combine(roles, *(distinct(log[name])[0] for name in columns))
        ordered = rows[np.argsort(same[rows], kind="stable")]
        low, high = (
            np.searchsorted(same[ordered], same[at[left]], side=s) for s in ("left", "right")
        )
        which = np.repeat(np.flatnonzero(high > low), LOOK_ALIKES)
        drawn = low[which] + (chance.random(len(which)) * (high - low)[which]).astype(np.int64)
        like.append(ordered[drawn])
        of.append(left[which])
        left = left[high == low]
    return np.concatenate(like), np.concatenate(of)
