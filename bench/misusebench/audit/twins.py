"""Misuse held against honest look-alikes: what tells them apart without context, and with it (Q7).

A look-alike is an honest row of the same transaction by somebody of the same role: same message,
same kind of subject, typed as exactly. Oddities are among them. For each kind a gradient-boosted
classifier is fitted on other officers than it is tried on, on the surface of a row (tier T0, no
identities) and again with what an organisation's files say (tier T3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusebench.audit.labelled import codes_of, plain
from misusebench.audit.permutation import Permuted, ranks
from misusebench.columns import DAY_US, Words, distinct, keys, micros
from misusebench.facts_of_people import Roster, TieBook
from misusebench.policies.facts import FACTS, build_facts
from misusebench.spans import Spans
from misusebench.streaming import as_integers, combine
from misusesim.clock import LocalClock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from misusesim.dataset.reader import Dataset
    from misusesim.truth import Truth

    Floats = NDArray[np.float64]

#: Columns that name who, where and which row; a person's year of birth is that of the person, who
#: is the same throughout a campaign.
_NAMES: Final = (
    "query_id", "time", "received_at", "agency_id", "officer_id", "terminal_id", "case_number",
    "reason_text", "requestor", "subject_key", "subject_surname", "subject_plate",
    "subject_birth_year",
)  # fmt: skip
#: What makes two rows the same transaction, beside the officer's role.
_SAME: Final = ("message_key", "subject_kind", "match")
_FOLDS: Final = 5
#: Look-alikes of each misuse row; more change nothing but the time it takes.
LOOK_ALIKES: Final = 20
#: A finished matter is paperwork for so long.
_PAPERWORK_US: Final = 30 * DAY_US
#: A kind is told of if it has misuse by so many officers, two for each fold.
_LEAST_OFFICERS: Final = 10


class Pairs(NamedTuple):
    """Misuse rows with their look-alikes, of one data set or some."""

    kind: NDArray[np.str_]  # the misuse's; of a look-alike that of the row it is like
    misuse: NDArray[np.bool_]
    campaign: NDArray[np.str_]  # "" of look-alikes
    officer: NDArray[np.int64]
    surface: Floats  # tier T0, shape (rows, features)
    files: Floats  # tier T3 besides


class Separation(NamedTuple):
    """How well misuse of a kind is told from its look-alikes, out of fold."""

    kind: str
    campaigns: int
    misuse: int  # rows
    surface: float | None  # area under the curve, tier T0
    context: float | None  # tier T3; None: too few officers to tell
    chance: NDArray[np.float64]  # areas of tier T0 with officers' labels permuted


def pairs(data: Dataset, truth: Truth, seed: int = 0) -> Pairs:
    """Return each misuse row of a data set with look-alikes, drawn by a seed.

    Rows without any look-alike are left out.
    """
    log, context = data.log(), data.context("T3")
    at, kind, campaign = _misuse(log, truth)
    like, of = _look_alikes(log, context["roster/officers"], at, np.random.default_rng(seed))
    have = np.unique(of)
    rows = log.take(pa.array(np.concatenate([at[have], like])))
    return Pairs(
        np.concatenate([kind[have], kind[of]]), np.arange(len(rows)) < len(have),
        np.concatenate([campaign[have], np.full(len(like), "", campaign.dtype)]),
        codes_of(rows["officer_id"]), _surface(rows, LocalClock(data.scenario)),
        _of_files(rows, context),
    )  # fmt: skip


def pooled(some: Sequence[Pairs]) -> Pairs:
    """Return the pairs of several data sets in one; their officers are different people."""
    step = 1 + max((int(one.officer.max(initial=0)) for one in some), default=0)
    officers = [one.officer + place * step for place, one in enumerate(some)]
    names = [np.char.add(f"{place}/", one.campaign) for place, one in enumerate(some)]
    return Pairs(
        np.concatenate([one.kind for one in some]), np.concatenate([one.misuse for one in some]),
        np.concatenate(names), np.concatenate(officers),
        np.concatenate([one.surface for one in some]), np.concatenate([one.files for one in some]),
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
    told = []
    for kind in sorted(set(found.kind.tolist())):
        mine = np.flatnonzero(found.kind == kind)
        misuse, officer = found.misuse[mine], found.officer[mine]
        campaigns = len(set(found.campaign[mine][misuse].tolist()))
        enough = len(set(officer[misuse].tolist())) >= _LEAST_OFFICERS
        surface = context = None
        chance = np.full(rounds, 0.5)
        if enough:
            plain_, wide = found.surface[mine], np.hstack([found.surface, found.files])[mine]
            scores = [_out_of_fold(values, misuse, officer) for values in (plain_, wide)]
            surface, context = (_area(ranks(s), np.flatnonzero(misuse)) for s in scores)
            moved = Permuted(misuse, officer, rounds, seed).rows
            chance = np.array([_area(ranks(scores[0]), rows) for rows in moved])
        told.append(Separation(kind, campaigns, int(misuse.sum()), surface, context, chance))
    return told


def _area(rank: Floats, positives: NDArray[np.int64]) -> float:
    """Return the area under the ROC curve; below one half where positives rank lower."""
    n, k = len(rank), len(positives)
    return float((rank[positives].sum() - k * (k + 1) / 2) / (k * (n - k)))


def _misuse(
    log: pa.Table, truth: Truth
) -> tuple[NDArray[np.int64], NDArray[np.str_], NDArray[np.str_]]:
    """Return where the misuse rows are in the log, their kinds and campaigns."""
    causes = truth.queries["cause"].cast(pa.string())
    rows = truth.queries.filter(pc.equal(causes, "misuse")).select(
        ["query_id", "kind", "campaign_id"]
    )
    own = log["query_id"].to_numpy()
    order = np.argsort(own)
    ids = rows["query_id"].to_numpy()
    at = order[np.minimum(np.searchsorted(own[order], ids), len(own) - 1)]
    there = own[at] == ids
    words = [np.asarray(plain(rows[n]).to_pylist(), np.str_) for n in ("kind", "campaign_id")]
    return at[there], words[0][there], words[1][there]


def _look_alikes(
    log: pa.Table, officers: pa.Table, misuse: NDArray[np.int64], chance: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return honest rows of the same transaction and role, and the misuse row each is like."""
    role = dict(zip(officers["officer_id"].to_pylist(), officers["role"].to_pylist(), strict=True))
    place, names = distinct(log["officer_id"])
    roles = Words().codes(pa.array([role.get(name, "") for name in names]))[place]
    same = combine(roles, *(distinct(log[name])[0] for name in _SAME))
    honest = np.ones(len(log), np.bool_)
    honest[misuse] = False
    rows = np.flatnonzero(honest)
    rows = rows[np.argsort(same[rows], kind="stable")]
    low, high = (np.searchsorted(same[rows], same[misuse], side=s) for s in ("left", "right"))
    of = np.repeat(np.flatnonzero(high > low), LOOK_ALIKES)
    drawn = low[of] + (chance.random(len(of)) * (high - low)[of]).astype(np.int64)
    return rows[drawn], of


def _out_of_fold(values: Floats, misuse: NDArray[np.bool_], officer: NDArray[np.int64]) -> Floats:
    """Return ranks, from 0 to 1 in each fold, by classifiers that saw other officers."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - an extra
    from sklearn.model_selection import StratifiedGroupKFold  # noqa: PLC0415

    scores = np.full(len(misuse), 0.5)
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0)
    for made, tried in folds.split(values, misuse, officer):
        if misuse[made].any():
            model = HistGradientBoostingClassifier(
                max_iter=60, max_depth=4, class_weight="balanced", random_state=0
            )
            model.fit(values[made], misuse[made])
            scores[tried] = ranks(model.predict_proba(values[tried])[:, 1]) / len(tried)
    return scores


def _surface(log: pa.Table, clock: LocalClock) -> Floats:
    """Return what a row itself shows, shape (rows, features): no name, number or identity."""
    columns = [_numbers(log[name]) for name in log.column_names if name not in _NAMES]
    typed = ("case_number", "reason_text", "requestor")
    columns += [pc.utf8_length(plain(log[name]).cast(pa.string())) for name in typed]
    local = clock.local(micros(log["time"]))
    numbers = [np.asarray(pc.fill_null(c, -1), np.float64) for c in columns]
    return np.column_stack([*numbers, local // DAY_US % 7, local % DAY_US / (DAY_US / 24)])


def _numbers(column: pa.ChunkedArray) -> pa.Array:
    """Return numbers as they are, words as codes in the order of the alphabet."""
    whole = plain(column)
    if pa.types.is_boolean(whole.type) or not pa.types.is_string(whole.type):
        return whole.cast(pa.float64(), safe=False)
    place, words = distinct(column)
    rank = np.append(np.argsort(np.argsort(words)), -1)
    return pa.array(rank[place].astype(np.float64))


def _of_files(log: pa.Table, context: Mapping[str, pa.Table]) -> Floats:
    """Return what the files say of each row: officer, case, shift, matters and ties."""
    facts = build_facts(log, context)
    columns: list[Any] = [_numbers(_scalar(facts[name])) for name in FACTS]
    numbers = [np.asarray(pc.fill_null(c, -1), np.float64) for c in columns]
    roster, ties = Roster(), TieBook()
    for name in ("roster/officers", "roster/shifts"):
        roster.learn(name, context[name])
    for name in ("ties/relationships", "ties/vehicles"):
        ties.learn(name, context[name])
    people = roster.compare(log, micros(log["time"])).values()
    return np.column_stack([*numbers, *people, ties.tied(log), *_matters(log, context)])


def _scalar(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return lists as the number of what is in them."""
    listed = pa.types.is_list(column.type)
    return pc.list_value_length(column) if listed else column


def _matters(log: pa.Table, context: Mapping[str, pa.Table]) -> list[NDArray[np.bool_]]:
    """Return whether the person is in a matter of the officer's, in any, on a list, in the news."""
    time, words = micros(log["time"]), Words()
    subject = as_integers(keys(log["subject_key"]))
    officer = words.codes(log["officer_id"])
    involved, assigned = context["dispatch/involved"], context["dispatch/assignments"]
    matters = Words()
    whose = matters.codes(pc.coalesce(assigned["case_id"], assigned["incident_id"]))
    about = matters.codes(pc.coalesce(involved["case_id"], involved["incident_id"]))
    order = np.argsort(whose, kind="stable")
    low, high = (np.searchsorted(whose[order], about, side=s) for s in ("left", "right"))
    row = np.repeat(np.arange(len(about)), high - low)
    worker = order[np.repeat(low, high - low) + _within(high - low)]
    person = as_integers(keys(involved["subject_key"]))
    start, end = micros(involved["known_at"]), micros(involved["valid_to"])
    own, any_ = Spans(), Spans()
    on_it = words.codes(assigned["officer_id"])[worker]
    own.add(combine(on_it, person[row]), start[row], end[row] + _PAPERWORK_US)
    any_.add(combine(person), start, end + _PAPERWORK_US)
    found = [own.covers(combine(officer, subject), time), any_.covers(combine(subject), time)]
    for name in ("warrants", "hotlists", "applications", "news"):
        table, spans = context[f"dispatch/{name}"], Spans()
        listed = combine(as_integers(keys(table["subject_key"])))
        spans.add(listed, micros(table["known_at"]), micros(table["valid_to"]))
        found.append(spans.covers(combine(subject), time))
    return found


def _within(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 0, 1, ... within each run of so many."""
    ends = np.cumsum(counts)
    return np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - counts, counts)
