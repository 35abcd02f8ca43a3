"""All statistics of a log, each with a verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from misusesim.realism import agencies, people, reasons, searches, street, subjects, times
from misusesim.realism.profile import NIGHT, SMALL_HOURS
from misusesim.realism.references import of_name
from misusesim.realism.targets import ROWS, NotApplicableError, Statistic, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from misusesim.realism.material import Material
    from misusesim.realism.targets import Measured

    Measure = Callable[[Material], Measured]

#: Every statistic, in the order in which they are told.
STATISTICS: Final[tuple[Statistic, ...]] = tuple(sorted(
    (*times.STATISTICS, *searches.STATISTICS, *agencies.STATISTICS, *reasons.STATISTICS,
     *street.STATISTICS, *subjects.STATISTICS, *people.STATISTICS),
    key=lambda one: ROWS.index(one.rows),
))  # fmt: skip
#: Published profiles of stops; the others are of plate searches.
_OF_STOPS: Final = ("seattle_terry",)
#: Profiles of many agencies in one log: their bursts are not those of an agency (domain note 7.3).
_POOLED: Final = ("ca_portal_78_agencies",)
Word = Literal["pass", "fail", "not applicable"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one statistic says of a log."""

    statistic: Statistic
    word: Word
    value: float | None = None
    n: int = 0
    reason: str = ""  # why it is not applicable

    @property
    def asked(self) -> str:
        """What would pass."""
        return self.statistic.target.text(self.statistic.show, max(self.n, 1))

    def as_dict(self) -> dict[str, Any]:
        """Return what a machine reads."""
        of = self.statistic
        return {
            "id": of.id, "title": of.title, "rows": of.rows, "value": self.value, "n": self.n,
            "target": self.asked, "source": of.source, "counted": of.counted, "verdict": self.word,
            "reason": self.reason or None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Count:
    """How many counted statistics came out how."""

    passed: int
    failed: int
    not_applicable: int

    def __str__(self) -> str:
        """Return one line."""
        return (
            f"{self.passed} of {self.passed + self.failed} counted statistics pass, "
            f"{self.not_applicable} are not applicable"
        )


def judge(of: Material, statistics: Iterable[Statistic] = STATISTICS) -> list[Verdict]:
    """Return the verdict of each statistic on a log."""
    return [_verdict(of, statistic) for statistic in statistics]


def _verdict(of: Material, statistic: Statistic) -> Verdict:
    if of.days < statistic.days:
        reason = f"{of.days} days, {statistic.days} needed"
        return Verdict(statistic, "not applicable", reason=reason)
    try:
        found = statistic.measure(of)
    except NotApplicableError as error:
        return Verdict(statistic, "not applicable", reason=str(error))
    holds = statistic.target.holds(found.value, found.n)
    return Verdict(statistic, "pass" if holds else "fail", found.value, found.n)


def count(verdicts: Sequence[Verdict]) -> Count:
    """Return how the counted statistics came out."""
    words = [verdict.word for verdict in verdicts if verdict.statistic.counted]
    return Count(words.count("pass"), words.count("fail"), words.count("not applicable"))


def against(reference: Material) -> list[Statistic]:
    """Return the statistics with the values of another log as targets, as wide as before.

    Those that the other log has too little for are left out. Hours are held against its hours.
    """
    found = []
    for verdict in judge(reference):
        if verdict.value is not None:
            one = verdict.statistic
            around: Target = one.target.around(verdict.value)
            source = f"{reference.name}, {verdict.n:,} of it"
            measure = _hours_against(reference).get(one.id, one.measure)
            found.append(replace(one, target=around, source=source, measure=measure))
    return found


def _hours_against(reference: Material) -> dict[str, Measure]:
    """Return what measures the distance to another log's hours, by the ids of statistics."""
    found = {"search_hours": times.distance_to(_hours(reference.searches.time))}
    if reference.incidents is not None:
        stops = reference.incidents.time[reference.incidents.stop]
        found["stop_hours"] = street.distance_to(_hours(stops))
    return found


def _hours(time: NDArray[np.int64]) -> list[float]:
    return [float(rows) for rows in times.per_hour(time)]


def published(name: str) -> list[Statistic]:
    """Return the statistics that a published profile gives, with its values as targets.

    Raises
    ------
    UsageError
        If there is no such profile.
    """
    told = of_name(name)
    stops = name in _OF_STOPS
    hours = tuple(told["hour_pct"])
    asked = _told(told, "stop" if stops else "search", "stop" if stops else "officer")
    if name in _POOLED:
        asked = {key: value for key, value in asked.items() if not key.startswith("agency_")}
    found = []
    for one in STATISTICS:
        if one.id == ("stop_hours" if stops else "search_hours"):
            measure = (street if stops else times).distance_to(hours)
            found.append(replace(one, measure=measure, source=name))
        elif (value := asked.get(one.id)) is not None:
            found.append(replace(one, target=one.target.around(value), source=name))
    return found


def _told(told: Mapping[str, Any], rows: str, officers: str) -> dict[str, float | None]:
    """Return what a profile says, by the ids of statistics."""
    hours, days = told["hour_pct"], told["dow_rel"]
    bursts = "stop" if rows == "stop" else "agency"
    return {
        f"{rows}_night": sum(hours[h] for h in NIGHT) / 100,
        f"{rows}_small_hours": sum(hours[h] for h in SMALL_HOURS) / 100,
        f"{rows}_weekend": (days[5] + days[6]) / 7,
        f"{rows}_midweek": sum(days[1:4]) / 3,
        f"{rows}_sunday": days[6],
        f"{bursts}_spread_hour": (told["fano_1h"] - 1) / told["mean_1h"],
        f"{bursts}_spread_day": (told["fano_1D"] - 1) / told["mean_1D"],
        f"{bursts}_gaps": told["ia_cv"],
        f"{officers}_gini": told.get("user_gini"),
        f"{officers}_top10": told.get("top10pct_share"),
        f"{officers}_top1": told.get("top1pct_share"),
        f"{officers}_sigma": told.get("lognorm_sigma"),
    }
