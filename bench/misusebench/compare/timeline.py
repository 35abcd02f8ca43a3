"""One campaign as a timeline: what was asked when, and what each configuration made of it.

Reads the truth; for people who study a run, never for components.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusebench import metrics
from misusebench.columns import DAY_US, micros
from misusebench.component import OUTCOMES
from misusebench.errors import SuiteError
from misusebench.metrics.alerts import PAUSE_DAYS
from misusebench.stored import judged_again
from misusesim.dataset.reader import open_dataset
from misusesim.errors import SimulatorError
from misusesim.truth import open_truth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusebench.compare.configurations import Configuration, Loaded
    from misusesim.truth import Truth

SCHEMA_VERSION: Final = "1"
#: What is told of each query of the campaign.
ASKED: Final = (
    "system", "message_key", "declared_purpose", "reason_text", "case_number", "subject_kind",
)  # fmt: skip
_FACTS: Final = ("campaign_id", "kind", "rung", "cover", "tie", "motive", "unit", "severity")


def timeline(found: Sequence[Configuration], campaign: str) -> dict[str, Any]:
    """Return what one campaign was and how configurations saw it; plain JSON.

    Parameters
    ----------
    found
        Configurations; those of the first world that has the campaign are told.
    campaign
        Its id, of the truth.

    Returns
    -------
    dict
        ``campaign`` (what it was), ``reasons`` (why it is misuse), ``twins`` (honest oddities that
        look like it), ``queries`` (in time) and ``configurations`` (by name).

    Raises
    ------
    SuiteError
        If no data set has it, or data and scores are no longer at hand.
    """
    near: list[str] = []
    for world in range(len(found[0].runs) if found else 0):
        run = found[0].runs[world]
        truth = _truth(run)
        known = truth.campaigns["campaign_id"].to_pylist()
        if campaign in known:
            return _told(found, world, truth, campaign)
        near += difflib.get_close_matches(campaign, known, 1)
    hint = f"did you mean {near[0]}?" if near else "campaigns.json of a run lists them"
    raise SuiteError(f"there is no campaign {campaign!r:.80} in these runs; {hint}")


def _truth(run: Loaded) -> Truth:
    try:
        dataset = open_dataset(run.run.get("ungated", {}).get("data", ""))
        if dataset.manifest["dataset_hash"] != run.run["dataset"]["hash"]:
            raise SuiteError(f"the data set of {run.folder} has changed since: nothing to explain")
        return open_truth(dataset)
    except SimulatorError as error:
        raise SuiteError(
            f"a campaign is explained from the run's data set, and that of {run.folder} is gone: "
            f"{error}"
        ) from error


def _told(
    found: Sequence[Configuration], world: int, truth: Truth, campaign: str
) -> dict[str, Any]:  # fmt: skip
    row = _where(truth.campaigns, "campaign_id", campaign).to_pylist()[0]
    misuse = truth.misuse
    own = misuse.filter(pc.and_(
        pc.equal(misuse["campaign_id"], campaign),
        pc.equal(misuse["label"].cast(pa.string()), "positive"),
    ))  # fmt: skip
    ids = own["query_id"].to_numpy().astype(np.uint64)
    run = found[0].runs[world]
    queries = _queries(run, ids)
    order = np.array([one["query_id"] for one in queries], np.uint64)
    reasons = _where(truth.reasons, "campaign_id", campaign)
    return {
        "schema_version": SCHEMA_VERSION,
        "campaign": {
            **{name: row[name] for name in _FACTS}, "officers": len(row["officer_ids"]),
            "persons": len(row["subject_keys"]), "queries": len(queries),
            "world": str(run.run["dataset"]["name"]),
        },
        "reasons": reasons.select(["rule", "evidence", "present"]).to_pylist(),
        "twins": _twins(truth, row["kind"]),
        "review_budget": run.run.get("review_budget"),
        "queries": queries,
        "configurations": _seen(found, world, order),
    }  # fmt: skip


def _where(table: pa.Table, column: str, value: str) -> pa.Table:
    return table.filter(pc.equal(table[column], value))


def _twins(truth: Truth, kind: str) -> dict[str, int]:
    """Return the honest oddities that look like a kind of misuse, with how many there are."""
    table = truth.oddities
    own = table.filter(pc.equal(table["twin_of"].cast(pa.string()), kind))
    return dict(sorted(Counter(own["kind"].to_pylist()).items()))


def _queries(run: Loaded, ids: NDArray[np.uint64]) -> list[dict[str, Any]]:
    """Return the campaign's queries in order of arrival; those of the history are marked."""
    dataset = open_dataset(run.run["ungated"]["data"])
    log = dataset.log(["query_id", "time", "received_at", *ASKED])
    told = run.run["dataset"]
    scored = np.arange(log.num_rows) >= told["rows"] - told["scored_rows"]
    places = np.flatnonzero(np.isin(log["query_id"].to_numpy().astype(np.uint64), ids))
    rows = log.take(pa.array(places))
    times = micros(rows["time"])
    found = []
    for place, row in enumerate(rows.to_pylist()):
        asked = {name: row[name] for name in ASKED}
        found.append({
            "query_id": int(row["query_id"]), "time": iso(int(times[place])),
            "day": int((times[place] - told["history_end_us"]) // DAY_US),
            "scored": bool(scored[places[place]]), **asked,
        })  # fmt: skip
    return found


def iso(time_us: int) -> str:
    """Return a time as text, UTC, to the second.

    Examples
    --------
    >>> iso(0)
    '1970-01-01T00:00:00Z'
    """
    moment = dt.datetime.fromtimestamp(time_us // 1_000_000, dt.UTC)
    return moment.isoformat().removesuffix("+00:00") + "Z"


def _seen(
    found: Sequence[Configuration], world: int, order: NDArray[np.uint64]
) -> dict[str, dict[str, Any]]:
    """Return what each configuration made of the queries, in their order."""
    names = {(str(one.runs[world].folder), one.component): one.name for one in found}
    told: dict[str, dict[str, Any]] = {}
    for folder in dict.fromkeys(str(one.runs[world].folder) for one in found):
        try:
            for component, one in judged_again(Path(folder), 1):
                name = names.get((folder, component))
                if name is not None:
                    told[name] = (
                        _detector(one, order) if isinstance(one, metrics.Tally)
                        else _policy(one, order)
                    )  # fmt: skip
        except (OSError, ValueError, LookupError) as error:
            raise SuiteError(f"{folder} cannot be explained: {error}") from error
    return {one.name: told[one.name] for one in found if one.name in told}


def _rows(scored: metrics.Scored, order: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the scored row of each query, -1 where it lies in the history."""
    by = np.argsort(scored.query_id)
    place = np.minimum(np.searchsorted(scored.query_id[by], order), len(by) - 1)
    row = by[place]
    return np.where(scored.query_id[row] == order, row, -1)


def _policy(one: metrics.Decided, order: NDArray[np.uint64]) -> dict[str, Any]:
    rows = _rows(one.scored, order)
    told: list[dict[str, Any] | None] = []
    for row in rows:
        if row < 0:
            told.append(None)
            continue
        reasons, errors = one.explanations[one.why[row]]
        told.append({
            "outcome": OUTCOMES[int(one.outcome[row])], "reasons": list(reasons),
            "errors": list(errors),
        })  # fmt: skip
    known = rows[rows >= 0]
    denied = int(one.blocked[known].sum())
    return {"kind": "policy", "denied": denied, "of": len(known), "queries": told}


def _detector(tally: metrics.Tally, order: NDArray[np.uint64]) -> dict[str, Any]:
    scored = tally.scored
    rows = _rows(scored, order)
    ascending = np.sort(scored.score)
    alerts, chance = tally.alerts, tally.reviews.chance
    key = alerts.day.astype(np.int64) * (len(scored.officers) + 1) + alerts.officer
    shown = set(zip(alerts.evidence_alert.tolist(), alerts.evidence_row.tolist(), strict=True))
    told: list[dict[str, Any] | None] = []
    for row in rows.tolist():
        if row < 0:
            told.append(None)
            continue
        wanted = int(scored.day[row]) * (len(scored.officers) + 1) + int(scored.officer[row])
        alert = int(np.searchsorted(key, wanted))
        above = len(ascending) - int(np.searchsorted(ascending, scored.score[row], "right"))
        told.append({
            "rank": above + 1, "of": len(ascending), "score": float(scored.score[row]),
            "alert": {**_alert(tally, alert), "shows_it": (alert, row) in shown,
                      "read": round(float(chance[alert]), 4)},
        })  # fmt: skip
    codes = scored.campaign[rows[rows >= 0]]
    return {"kind": "detector", **_caught(tally, codes), **_closest(told), "queries": told}


def _alert(tally: metrics.Tally, alert: int) -> dict[str, Any]:
    """Return where an alert stands among those of its day, and the line that is read."""
    alerts, chance = tally.alerts, tally.reviews.chance
    own = slice(*np.searchsorted(alerts.day, [alerts.day[alert], alerts.day[alert] + 1]))
    score, read = alerts.score[own], chance[own] > 0
    before = (
        (alerts.officer == alerts.officer[alert]) & (chance == 1.0)
        & (alerts.day < alerts.day[alert]) & (alerts.day > alerts.day[alert] - PAUSE_DAYS)
    )  # fmt: skip
    paused = alerts.day[before]
    return {
        "day": iso(int(alerts.day[alert]) * DAY_US)[:10],
        "place": 1 + int((score > alerts.score[alert]).sum()), "alerts": len(score),
        "score": float(alerts.score[alert]),
        "line": float(score[read].min()) if read.any() else None,
        "paused_since": iso(int(paused.max()) * DAY_US)[:10] if len(paused) else None,
    }  # fmt: skip


def _caught(tally: metrics.Tally, codes: NDArray[np.int32]) -> dict[str, Any]:
    """Return the chance that the campaign is caught, and when first."""
    if not len(codes):
        return {"chance": 0.0, "found_at": None, "after_days": None, "after_queries": None}
    scored, code = tally.scored, int(codes[0])
    who, when, _ = tally.catches
    times = when[who == code]
    start = max(int(scored.campaigns.first_us[code]), scored.start_us)
    first = int(times.min()) if len(times) else None
    own = scored.time_us[scored.campaign == code]
    return {
        "chance": round(float(tally.caught[code]), 4),
        "found_at": None if first is None else iso(first),
        "after_days": None if first is None else round((first - start) / DAY_US, 2),
        "after_queries": None if first is None else int((own < first).sum()),
    }  # fmt: skip


def _closest(told: Sequence[dict[str, Any] | None]) -> dict[str, Any]:
    """Return the alert that caught the campaign, or the one that came closest to being read."""
    seen = [one for one in told if one is not None and one["alert"]["shows_it"]]
    if not seen:
        return {"alert": None}
    closest = min(seen, key=lambda one: one["alert"]["place"])
    first = next((one for one in seen if one["alert"]["read"] > 0), closest)
    return {"alert": first["alert"]}
