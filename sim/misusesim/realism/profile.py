"""What a log looks like in numbers, so that simulated and real ones can be laid side by side.

The measures are those of the published reference profiles (`tests/data/README.md` names the real
log they are tested on). Times are local: people follow the clock on the wall.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusesim.dataset.reader import Dataset, read_part
from misusesim.errors import UsageError
from misusesim.portal import RealLog
from misusesim.reasontext import CLASSES, classify

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

HOUR_US: Final = 3_600_000_000
DAY_US: Final = 24 * HOUR_US
NIGHT: Final = (22, 23, 0, 1, 2, 3, 4, 5)
SMALL_HOURS: Final = (1, 2, 3, 4)
#: Queries an officer needs before his own window or vocabulary is described.
ENOUGH: Final = 20
#: A pause longer than this ends a sitting.
SITTING_US: Final = 30 * 60 * 1_000_000
#: Slices of a data set: role of the officer, or system queried.
SLICES: Final = ("all", "street", "desk", "alpr")
STREET_ROLES: Final = ("patrol",)
_TAKEN: Final = ("time", "agency_id", "officer_id", "system", "reason_text")


class WindowShare(NamedTuple):
    """How much of the later queries fall outside the officers' own earlier windows."""

    outside: int
    scored: int
    officers: int

    @property
    def share(self) -> float:
        """Outside ÷ scored."""
        return self.outside / self.scored if self.scored else math.nan


def shift_window_share(
    officer: NDArray[np.int64], time_local: NDArray[np.int64], min_queries: int = 30
) -> WindowShare:
    """Return how many later queries fall outside each officer's best ten-hour window.

    Convention: officers with at least `min_queries` queries count. An officer's own n queries, in
    the order of time, are cut after the first ``n // 2``. On the first half the window is learned:
    of the 24 windows of ten whole clock hours (start hour s holds s, s + 1, ..., s + 9, around
    midnight) the one that holds most queries, the earliest start among equals. Every query of the
    second half (``n - n // 2``) is scored: outside if its hour is not one of the ten.

    Parameters
    ----------
    officer
        Officer code per query.
    time_local
        Local time per query, microseconds, ascending.
    min_queries
        Least number of queries of an officer.

    Examples
    --------
    Two mornings, then one morning and one evening:

    >>> hours = np.array([8, 32 + 1, 48 + 9, 72 + 20])
    >>> shift_window_share(np.zeros(4, np.int64), hours * HOUR_US, min_queries=4)
    WindowShare(outside=1, scored=2, officers=1)
    """
    order = np.argsort(officer, kind="stable")
    who, hour = officer[order], time_local[order] // HOUR_US % 24
    code, first, size = np.unique(who, return_index=True, return_counts=True)
    wide = size >= min_queries
    place = np.arange(len(who)) - np.repeat(first, size)
    later = place >= np.repeat(size // 2, size)
    learned = np.zeros((len(code), 24), np.int64)
    row = np.repeat(np.arange(len(code)), size)
    np.add.at(learned, (row[~later], hour[~later]), 1)
    start = best_windows(learned, 10).argmax(axis=1)
    scored = later & wide[row]
    outside = (hour - start[row]) % 24 >= 10  # noqa: PLR2004 - the window's length in hours
    return WindowShare(int((outside & scored).sum()), int(scored.sum()), int(wide.sum()))


def best_windows(counts: NDArray[np.int64], hours: int) -> NDArray[np.int64]:
    """Return per officer the queries in the `hours` hours from each of the 24 starts."""
    around = np.concatenate([counts, counts[:, : hours - 1]], axis=1)
    sums = np.cumsum(np.pad(around, ((0, 0), (1, 0))), axis=1)
    held: NDArray[np.int64] = sums[:, hours:] - sums[:, :-hours]
    return held


def profile(
    log: RealLog | Dataset, part: str = "alpr", agency: str | None = None
) -> dict[str, Any]:
    """Return the named statistics of a log.

    Parameters
    ----------
    log
        A real search log, or a data set, of which one agency's rows are taken (Fano factors of
        pooled agencies mean something else).
    part
        Which rows of a data set: ``all``, ``street`` (patrol officers), ``desk`` (all others) or
        ``alpr`` (plate-reader searches, which is what real search logs hold).
    agency
        Agency of a data set; by default the one with most such rows.

    Returns
    -------
    dict
        ``name`` and the measures named in `misusesim.sidebyside.MEASURES`, ``hour_pct``,
        ``dow_rel`` and ``reason_class``; None where the log has too little for a measure.

    Raises
    ------
    UsageError
        If there is no such part or agency, or no row in it.
    """
    if isinstance(log, Dataset):
        log = take(log, part, agency)
    if not len(log):
        raise UsageError(f"{log.name}: no rows to describe")
    return {
        "name": log.name,
        "n": len(log),
        **_clock(log.time_local),
        **_bursts(log.time_local),
        **_officers(log),
        **_sittings(log),
        **_reasons(log),
    }


def take(dataset: Dataset, part: str = "alpr", agency: str | None = None) -> RealLog:
    """Return one agency's rows of a data set as if they were a real log, in the order of time.

    The log is read part by part, twice where the agency has to be found: a state's does not fit
    the memory.
    """
    if part not in SLICES:
        raise UsageError(f"no part {part}; there are {', '.join(SLICES)}")
    agency = agency or _busiest(dataset, part)
    found = [] if agency is None else [
        rows.filter(pc.equal(rows["agency_id"].cast(pa.string()), agency))
        for rows in _rows(dataset, part, _TAKEN)
    ]  # fmt: skip
    if not any(rows.num_rows for rows in found):
        raise UsageError(f"{dataset.path}: no {part} rows of agency {agency or 'any'}")
    log = pa.concat_tables(found).unify_dictionaries()
    log = log.take(pc.sort_indices(log["time"]))
    zone = pa.timestamp("us", dataset.timezone)
    officer = pa.concat_arrays(log["officer_id"].cast(pa.string()).chunks).dictionary_encode()
    return RealLog(
        name=f"{dataset.manifest['scenario']} {part} {agency}",
        time_local=pc.local_timestamp(log["time"].cast(zone)).cast(pa.int64()).to_numpy(),
        officer=officer.indices.cast(pa.int64()).to_numpy(),
        officers=tuple(officer.dictionary.to_pylist()),
        cameras=pa.nulls(log.num_rows, pa.int64()),
        reason=pa.concat_arrays(log["reason_text"].cast(pa.string()).chunks),
    )


def _busiest(dataset: Dataset, part: str) -> str | None:
    """Return the agency with most rows of a part; the first by name among equals."""
    counts: Counter[str] = Counter()
    for rows in _rows(dataset, part, ("agency_id", "officer_id", "system")):
        told = rows["agency_id"].cast(pa.string()).value_counts().to_pylist()
        counts.update({row["values"]: row["counts"] for row in told})
    return max(sorted(counts), key=counts.__getitem__, default=None)


def _rows(dataset: Dataset, part: str, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Return the rows of a part, of one file of the log after the other."""
    street = _street(dataset) if part in ("street", "desk") else None
    for path in dataset.parts("log"):
        rows = read_part(dataset.path / path, columns)
        if part == "alpr":
            rows = rows.filter(pc.equal(rows["system"].cast(pa.string()), "ALPR"))
        elif street is not None:
            on_street = pc.is_in(rows["officer_id"].cast(pa.string()), value_set=street)
            rows = rows.filter(on_street if part == "street" else pc.invert(on_street))
        yield rows


def _street(dataset: Dataset) -> pa.Array:
    """Return who works on the street."""
    roster = dataset.context("T1")["roster/officers"]
    wanted = pc.is_in(roster["role"].cast(pa.string()), value_set=pa.array(STREET_ROLES))
    return roster.filter(wanted)["officer_id"].combine_chunks()


def _clock(time: NDArray[np.int64]) -> dict[str, Any]:
    """Return when in the day and the week.

    `weekend_share` is what it would be if every day of the week came equally often in the span.
    """
    per_hour = np.bincount(time // HOUR_US % 24, minlength=24)
    day = time // DAY_US
    weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
    calendar = np.arange(day.min(), day.max() + 1)
    days = np.bincount((calendar + 3) % 7, minlength=7)
    rows = np.bincount(weekday, minlength=7)
    whole = len(calendar) >= 7  # noqa: PLR2004 - every weekday once
    relative = rows / np.maximum(days, 1)
    return {
        "hour_pct": [round(100 * float(n) / len(time), 2) for n in per_hour],
        "dow_rel": [round(float(r), 3) for r in relative / relative.mean()] if whole else None,
        "night_share": float(per_hour[list(NIGHT)].sum() / len(time)),
        "small_hours_share": float(per_hour[list(SMALL_HOURS)].sum() / len(time)),
        "weekend_share": float(relative[5:].sum() / relative.sum()) if whole else None,
    }


def _bursts(time: NDArray[np.int64]) -> dict[str, Any]:
    """Return dispersion of counts and of gaps."""
    found: dict[str, Any] = {}
    for name, unit in (("1h", HOUR_US), ("1D", DAY_US)):
        slot = time // unit
        counts = np.bincount(slot - slot.min())
        mean = float(counts.mean())
        fano = float(counts.var(ddof=1)) / mean if len(counts) > 1 else None
        found[f"fano_{name}"], found[f"mean_{name}"] = fano, mean
        found[f"dispersion_{name}"] = None if fano is None else (fano - 1) / mean
    gaps = np.diff(np.sort(time)).astype(np.float64)
    found["ia_cv"] = float(gaps.std() / gaps.mean()) if len(gaps) and gaps.mean() else None
    return found


def gini(amounts: NDArray[np.int64]) -> float:
    """Return the Gini coefficient: 0 all equal, towards 1 one has all.

    Examples
    --------
    >>> gini(np.array([1, 1, 1, 1])), gini(np.array([0, 0, 0, 4]))
    (0.0, 0.75)
    """
    amounts = np.sort(amounts)
    n = len(amounts)
    rank = np.arange(1, n + 1)
    return float(2 * (rank * amounts).sum() / (n * amounts.sum()) - (n + 1) / n)


def _officers(log: RealLog) -> dict[str, Any]:
    """Return how work is spread over officers, and how well an own window holds it."""
    counts = np.bincount(log.officer)
    busy = np.sort(counts[counts > 0])[::-1]
    n, logs = len(busy), np.log(busy)
    hours = np.zeros((len(counts), 24), np.int64)
    np.add.at(hours, (log.officer, log.time_local // HOUR_US % 24), 1)
    often = counts >= ENOUGH
    window = shift_window_share(log.officer, log.time_local)
    found: dict[str, Any] = {
        "users": n,
        "user_gini": gini(busy),
        "top1_share": float(busy[0] / len(log)),
        "top1pct_share": float(busy[: math.ceil(0.01 * n)].sum() / len(log)),
        "top10pct_share": float(busy[: max(1, round(0.1 * n))].sum() / len(log)),
        "lognorm_mu": float(logs.mean()),
        "lognorm_sigma": float(logs.std()),
        "outside_window_share": window.share if window.scored else None,
    }
    for length in (10, 12):
        best = best_windows(hours[often], length).max(axis=1) / counts[often]
        found[f"best_{length}h_share"] = float(np.median(best)) if len(best) else None
    return found


def _sittings(log: RealLog) -> dict[str, Any]:
    """Return how many queries an officer makes without a pause of 30 minutes."""
    order = np.lexsort((log.time_local, log.officer))
    who, time = log.officer[order], log.time_local[order]
    opens = np.ones(len(who), bool)
    opens[1:] = (np.diff(who) != 0) | (np.diff(time) > SITTING_US)
    size = np.diff(np.append(np.flatnonzero(opens), len(who)))
    return {"sitting_mean": float(size.mean()), "sitting_max": int(size.max())}


def _reasons(log: RealLog) -> dict[str, Any]:
    """Return what stands in the reason field; nulls count as blank."""
    text = pc.utf8_trim_whitespace(log.reason.fill_null(""))
    coded = text.dictionary_encode()
    words = coded.dictionary.to_pylist()
    code = coded.indices.to_numpy().astype(np.int64)
    kind = np.array([classify(word) for word in words], np.int64)
    share = np.bincount(kind[code], minlength=len(CLASSES)) / len(code)
    length = np.array([len(word) for word in words], np.int64)[code]
    written = length[length > 0]
    p50, p95 = np.percentile(written, [50, 95]) if len(written) else (None, None)
    return {
        "blank_share": float(share[CLASSES.index("blank")]),
        "reason_class": {name: float(s) for name, s in zip(CLASSES, share, strict=True)},
        "reason_length_p50": p50 if p50 is None else float(p50),
        "reason_length_p95": p95 if p95 is None else float(p95),
        **_vocabulary(log.officer, code),
    }


def _vocabulary(officer: NDArray[np.int64], reason: NDArray[np.int64]) -> dict[str, Any]:
    """Return the median officer's number of reasons and share of his commonest one."""
    pair, uses = np.unique(np.stack([officer, reason]), axis=1, return_counts=True)
    total = np.bincount(officer)
    distinct = np.bincount(pair[0], minlength=len(total))
    top = np.zeros(len(total), np.int64)
    np.maximum.at(top, pair[0], uses)
    often = total >= ENOUGH
    if not often.any():
        return {"reasons_per_officer": None, "commonest_reason_share": None}
    return {
        "reasons_per_officer": float(np.median(distinct[often])),
        "commonest_reason_share": float(np.median(top[often] / total[often])),
    }
