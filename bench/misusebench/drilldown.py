"""What a run keeps of each campaign, so that pages and comparisons can tell them one by one.

Aggregates alone: how many queries on which day, never a query, an officer or a person.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusebench import result as results
from misusebench.columns import DAY_US

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusebench.metrics import Scored, Tally

SCHEMA_VERSION: Final = "1"
FILE: Final = "campaigns.json"
#: Chance from which a campaign counts as found, where equal scores leave it to chance.
FOUND: Final = 0.5


def facts(scored: Scored, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return what each campaign is: kind, rung, size, and its queries by day.

    Parameters
    ----------
    scored
        Truth of the scored rows.
    ids
        Of the campaigns, in the order of `scored.campaigns`.

    Returns
    -------
    list
        One object a campaign. Days count from the start of the scored part; `first_day` is below
        0 where the campaign began in the history.

    Examples
    --------
    >>> from misusebench.metrics import labelled
    >>> who = np.zeros(3, int)
    >>> small = labelled(np.zeros(3), np.ones(3, bool), day=np.array([0, 0, 2]), officer=who,
    ...                  campaign=who)
    >>> facts(small, ["c"])[0]["days"]
    [[0, 2], [2, 1]]
    """
    own = np.flatnonzero(scored.campaign >= 0)
    day = (scored.time_us[own] - scored.start_us) // DAY_US
    pairs, count = np.unique(
        np.stack([scored.campaign[own].astype(np.int64), day]), axis=1, return_counts=True
    )
    told = scored.campaigns
    found = []
    for place, name in enumerate(ids):
        rows = np.flatnonzero(pairs[0] == place)
        found.append({
            "campaign_id": name,
            "kind": scored.kinds[told.kind[place]],
            "rung": scored.rungs[told.rung[place]] if told.rung[place] >= 0 else None,
            "severity": float(told.severity[place]),
            "officers": len(told.officers[place]),
            "queries": int(count[rows].sum()),
            "first_day": round((int(told.first_us[place]) - scored.start_us) / DAY_US, 3),
            "days": [[int(pairs[1, row]), int(count[row])] for row in rows],
        })  # fmt: skip
    return found


def found_by(tally: Tally) -> dict[str, list[float | None]]:
    """Return per campaign the chance that a detector finds it, and after how many days.

    Days count from the first misuse query, or from the start of the scored part if that is later;
    they are a mean where equal scores leave the day to chance, None where it is never found.
    """
    scored = tally.scored
    size = len(scored.campaigns.kind)
    who, when, mass = tally.catches
    start = np.maximum(scored.campaigns.first_us, scored.start_us)
    days = (when - start[who]) / DAY_US
    total = np.bincount(who, mass, size)
    mean = np.full(size, np.nan)
    np.divide(np.bincount(who, mass * days, size), total, out=mean, where=total > 0)
    return {"chance": rounded(tally.caught), "after_days": rounded(mean)}


def rounded(values: NDArray[np.float64]) -> list[float | None]:
    """Return numbers with four digits, None for what is not finite."""
    return [round(float(v), 4) if np.isfinite(v) else None for v in values]


def told(
    scored: Scored, ids: Sequence[str], budget: int,
    detectors: dict[str, Any], policies: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """Return the whole of ``campaigns.json``."""
    return {
        "schema_version": SCHEMA_VERSION, "review_budget": budget,
        "scored_days": round(scored.days, 3), "campaigns": facts(scored, ids),
        "detectors": detectors, "policies": policies,
    }  # fmt: skip


def save(folder: Path, data: dict[str, Any]) -> None:
    """Write ``campaigns.json`` into a run's folder."""
    text = json.dumps(results.clean(data), sort_keys=True, allow_nan=False)
    results.write_atomically(folder / FILE, (text + "\n").encode())


def load(folder: str | Path) -> dict[str, Any] | None:
    """Return what a run tells of its campaigns; None if it is older, or the file is damaged."""
    path = Path(folder) / FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    fits = isinstance(data, dict) and data.get("schema_version") == SCHEMA_VERSION
    return data if fits else None
