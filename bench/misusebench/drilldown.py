"""What a run keeps of each campaign, so that pages and comparisons can tell them one by one.

Aggregates alone: how many queries on which day, never a query, an officer or a person. Times are
whole days: a time of day would name the one query of the log that was asked then, and so who did.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusebench import result as results
from misusebench.columns import DAY_US
from misusebench.errors import SuiteError
from misusebench.reading import json_of, read_text
from misusebench.result import is_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from misusebench.metrics import Scored, Tally

SCHEMA_VERSION: Final = "2"
FILE: Final = "campaigns.json"
#: Chance from which a campaign counts as found, where equal scores leave it to chance.
FOUND: Final = 0.5
#: Versions that older packages wrote: `rescore` writes them anew.
_OLDER: Final = ("1",)
_FACTS: Final[dict[str, tuple[type, ...]]] = {
    "campaign_id": (str,), "kind": (str,), "rung": (str, type(None)), "severity": (int, float),
    "officers": (int,), "queries": (int,), "first_day": (int, float), "days": (list,),
}  # fmt: skip
_PARTS: Final = {"detectors": ("chance", "after_days"), "policies": ("denied", "stays")}


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
        One object a campaign. Days count from the start of the scored part, whole ones;
        `first_day` is below 0 where the campaign began in the history.

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
            "first_day": (int(told.first_us[place]) - scored.start_us) // DAY_US,
            "days": [[int(pairs[1, row]), int(count[row])] for row in rows],
        })  # fmt: skip
    return found


def found_by(tally: Tally) -> dict[str, list[float | None]]:
    """Return per campaign the chance that a detector finds it, and after how many days.

    Days lead from that of the first misuse query, or from the start of the scored part if that is
    later, to the one at whose start the alert is read: whole days, 1 for the very next morning.
    They are a mean where equal scores leave the day to chance, None where it is never found.
    """
    scored = tally.scored
    size = len(scored.campaigns.kind)
    who, when, mass = tally.catches
    start = np.maximum(scored.campaigns.first_us, scored.start_us)
    days = (when - scored.start_us) // DAY_US - (start[who] - scored.start_us) // DAY_US
    total = np.bincount(who, mass, size)
    mean = np.full(size, np.nan)
    np.divide(np.bincount(who, mass * days, size), total, out=mean, where=total > 0)
    return {"chance": rounded(tally.caught), "after_days": rounded(mean, 1)}


def rounded(values: NDArray[np.float64], digits: int = 4) -> list[float | None]:
    """Return numbers with so many decimals, None for what is not finite."""
    return [round(float(v), digits) if np.isfinite(v) else None for v in values]


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
    """Return what a run tells of its campaigns; None if it is older and tells nothing like that.

    Raises
    ------
    SuiteError
        If the file is damaged: what is wrong.
    """
    path = Path(folder) / FILE
    if not path.exists():
        return None
    data = json_of(path, read_text(path))
    if isinstance(data, dict) and data.get("schema_version") in _OLDER:
        return None
    fault = _fault(data)
    if fault:
        raise SuiteError(
            f"{path} is damaged: {fault}; `misusebench rescore {folder}` writes it again"
        )
    return data  # type: ignore[no-any-return]


def _fault(data: Any) -> str:
    """Return what is wrong with what stands in a file, nothing if all is well."""
    if not isinstance(data, dict):
        return "it must be a JSON object"
    if data.get("schema_version") != SCHEMA_VERSION:
        told = data.get("schema_version")
        return f"its schema_version is {told!r:.40}, this package reads {SCHEMA_VERSION!r}"
    campaigns = data.get("campaigns")
    if not isinstance(campaigns, list):
        return "campaigns must be a list"
    faults = itertools.chain(
        *(_of_campaign(one, f"campaigns[{place}]") for place, one in enumerate(campaigns)),
        *(_of_side(data.get(side), side, parts, len(campaigns)) for side, parts in _PARTS.items()),
    )
    return next(faults, "")


def _of_campaign(one: Any, where: str) -> Iterator[str]:
    for key, kinds in _FACTS.items():
        if not isinstance(one, dict) or not _fits(one.get(key), kinds):
            yield f"{where}.{key} is missing or of a wrong kind"
            return
    pairs = all(isinstance(day, list) and len(day) == 2 and all(_fits(part, (int,)) for part in day)  # noqa: PLR2004
                for day in one["days"])  # fmt: skip
    if not pairs:
        yield f"{where}.days must be pairs of a day and a count"


def _of_side(told: Any, side: str, parts: Sequence[str], size: int) -> Iterator[str]:
    if not isinstance(told, dict):
        yield f"{side} must be an object"
        return
    for name, own in told.items():
        for part in parts:
            if not _column(own, part, size):
                yield f"{side}.{name:.80}.{part} must hold a number or null for each campaign"


def _fits(value: Any, kinds: tuple[type, ...]) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


def _column(own: Any, part: str, size: int) -> bool:
    told = own.get(part) if isinstance(own, dict) else None
    return isinstance(told, list) and len(told) == size and all(map(is_number, told))
