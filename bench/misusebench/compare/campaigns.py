"""Campaigns that one configuration finds and another misses, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from misusebench import drilldown
from misusebench.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.compare.configurations import Configuration, Loaded
    from misusebench.compare.ranking import Ranking


class Only(NamedTuple):
    """A campaign that one of two finds and the other does not."""

    campaign_id: str
    world: str
    kind: str
    rung: str | None
    queries: int
    first_day: float  # whole: of its first misuse query, from the start of the scored part
    after_days: float | None  # whole days until who finds it does; None for a policy
    chance: tuple[float, float]  # that the first and that the second of the pair finds it


class Apart(NamedTuple):
    """Two configurations and the campaigns in which they differ."""

    first: str
    second: str
    both: int
    neither: int
    only_first: tuple[Only, ...]
    only_second: tuple[Only, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        told = {name: [one._asdict() for one in getattr(self, name)]
                for name in ("only_first", "only_second")}  # fmt: skip
        return {**self._asdict(), **told}


def wanted(
    found: Sequence[Configuration], rankings: Sequence[Ranking], pairs: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Return whose campaigns are compared: those asked for, else a component's runs, else the best.

    Parameters
    ----------
    found
        All configurations.
    rankings
        By kind.
    pairs
        Names of configurations that were asked for.
    """
    if pairs:
        return list(pairs)
    by: dict[str, list[Configuration]] = {}
    for one in found:
        by.setdefault(one.component, []).append(one)
    told = [(group[0].name, one.name) for group in by.values() for one in group[1:]]
    if not told:
        best = [one.standings[:2] for one in rankings if len(one.standings) > 1]
        told = [(first.name, second.name) for first, second in best]
    return list(dict.fromkeys(told))


def apart(one: Configuration, other: Configuration, notes: list[str]) -> Apart | None:
    """Return the campaigns in which two configurations differ; None where a run tells none.

    Parameters
    ----------
    one, other
        Of the same worlds.
    notes
        Takes which runs are too old.
    """
    only: tuple[list[Only], list[Only]] = [], []
    both = neither = 0
    for mine, theirs in zip(one.runs, other.runs, strict=True):
        told, again = _told(mine, notes), _told(theirs, notes)
        if told is None or again is None:
            return None
        first, second = _found(told, one, notes), _found(again, other, notes)
        if first is None or second is None:
            return None
        if _ids(told) != _ids(again):
            raise SuiteError(
                f"{mine.folder} and {theirs.folder} tell other campaigns of the same data set; "
                "`misusebench rescore RUN` writes their campaigns.json again"
            )
        for place, campaign in enumerate(told["campaigns"]):
            chance = first[0][place] or 0.0, second[0][place] or 0.0
            sides = chance[0] >= drilldown.FOUND, chance[1] >= drilldown.FOUND
            both, neither = both + all(sides), neither + (not any(sides))
            if sides[0] != sides[1]:
                days = (first if sides[0] else second)[1][place]
                world = str(mine.run["dataset"]["name"])
                only[sides[1]].append(_only(campaign, world, days, chance))
    if not any(only):
        notes.append(f"{one.name} and {other.name} find the same campaigns: both find {both}, "
                     f"neither finds {neither}")  # fmt: skip
    return Apart(one.name, other.name, both, neither, tuple(only[0]), tuple(only[1]))


def _told(run: Loaded, notes: list[str]) -> dict[str, Any] | None:
    told = drilldown.load(run.folder)
    if told is None:
        notes.append(f"{run.folder} does not tell its campaigns one by one; "
                     f"`misusebench rescore {run.folder}` writes them")  # fmt: skip
    return told


def _ids(told: dict[str, Any]) -> list[str]:
    return [one["campaign_id"] for one in told["campaigns"]]


def _found(
    told: dict[str, Any], one: Configuration, notes: list[str]
) -> tuple[list[Any], list[Any]] | None:
    """Return per campaign the chance to be found, or stopped for good, and after how many days.

    None where the file does not tell of the component: that is not the same as finding nothing.
    """
    if one.component in told["detectors"]:
        own = told["detectors"][one.component]
        return own["chance"], own["after_days"]
    if one.component in told["policies"]:
        own = told["policies"][one.component]
        return own["stays"], [None] * len(told["campaigns"])
    notes.append(f"{one.name}: campaigns.json does not tell which campaigns it finds; "
                 "`misusebench rescore RUN` writes it again")  # fmt: skip
    return None


def _only(
    campaign: dict[str, Any], world: str, days: float | None, chance: tuple[float, float]
) -> Only:
    return Only(
        campaign["campaign_id"], world, campaign["kind"], campaign["rung"], campaign["queries"],
        campaign["first_day"], days, chance,
    )  # fmt: skip
