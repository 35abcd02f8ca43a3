"""A scenario whose plate searches are like those of a real log (`misusebench fit`).

What a setting does to a measure is no closed formula: threads, duty and sittings lie between. So
the world is made with a first guess, measured as the log is, and each setting moved by what it
missed; the round that missed least is kept.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusesim.clock import DAY_US, HOUR_US
from misusesim.dataset.reader import open_dataset
from misusesim.errors import UsageError
from misusesim.realism.material import material
from misusesim.realism.measures import runs
from misusesim.realism.profile import NIGHT, gini
from misusesim.realism.reasons import SCREEN
from misusesim.realism.targets import NotApplicableError
from misusesim.realism.times import fano, per_hour, per_weekday
from misusesim.reasontext import CLASSES, classify
from misusesim.scenario.habits import ReasonMix, SearchHabits
from misusesim.scenario.model import AgencyGroup, Scenario
from misusesim.shards import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from misusesim.realism.material import Material

    F64Array = NDArray[np.float64]

#: Fewest searches, officers and days that can be described.
_LEAST: Final = (300, 10, 28)
#: Worlds a round is the mean of: one may be unlike the others by chance.
_WORLDS: Final = 2
ROUNDS: Final = 8
#: Share of a miss that is made good in one round.
_STEP: Final = 0.8
_STEP_OF_WEEKS: Final = 0.25  # of few searches each: a larger step follows chance
#: Change of the Gini, and of the spread of logarithms, with the power of the appetite (calc).
_GINI_PER_POWER: Final = 0.35
_SIGMA_PER_POWER: Final = 0.8
_MOST_DISPERSION: Final = 20.0
_EPOCH: Final = dt.date(1970, 1, 1)
_THURSDAY: Final = 3  # that was one
#: Which class of the simulator's writes what a reader of logs sorts so.
_WRITTEN_BY: Final = {
    "blank": "blank", "test": "test", "number": "number", "code": "code", "short": "short",
    "generic": "generic", "misspelt": "misspelt", "qualified": "qualifier",
    "number_and_words": "number_words", "words": "free", "screen": "screen",
}  # fmt: skip
KINDS: Final = (*CLASSES, "screen")


@dataclass(frozen=True, slots=True)
class Measures:
    """What of a log is fitted; per agency, and the log has one."""

    searches_per_day: float
    officers: float
    gini: float
    sigma: float  # of the logarithms of searches per officer
    top10: float
    night: float
    fano_hour: float
    fano_day: float
    hours: F64Array  # shares of 24
    days: F64Array  # relative to the mean day, 7 from Monday
    weeks: F64Array  # shares, from the Monday of the first row on
    reasons: F64Array  # shares of KINDS

    def told(self) -> dict[str, float]:
        """Return what fits a table."""
        plain = {k: v for k, v in asdict(self).items() if isinstance(v, float)}
        return plain | {f"reason_{kind}": float(share)
                        for kind, share in zip(KINDS, self.reasons, strict=True)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fit:
    """A scenario, and what the log and it come to."""

    scenario: Scenario
    log: Measures
    made: Measures


def measures(of: Material, days: int, monday: int, weeks: int) -> Measures:
    """Return what of a log is fitted.

    Parameters
    ----------
    of
        A log of one agency.
    days
        Which it spans.
    monday, weeks
        Days since 1970 at which its first week begins, and how many weeks there are.
    """
    searches = of.searches
    count = np.array([len(rows) for rows in runs(searches.officer)])
    most = np.sort(count)[::-1][: max(1, round(len(count) / 10))]
    hours = per_hour(searches.time) / len(searches)
    screen = np.array([text.lower() in SCREEN for text in searches.texts])
    kind = np.array([classify(text) for text in searches.texts])
    kind[screen] = KINDS.index("screen")
    return Measures(
        searches_per_day=len(searches) / days, officers=float(len(count)), gini=gini(count),
        sigma=float(np.log(count).std()),
        top10=float(most.sum() / count.sum()), night=float(hours[list(NIGHT)].sum()),
        fano_hour=fano(searches.time, HOUR_US)[0], fano_day=fano(searches.time, DAY_US)[0],
        hours=hours, days=_weekdays(of), weeks=_weekly(searches.time, monday, weeks),
        reasons=np.bincount(kind[searches.reason], minlength=len(KINDS)) / len(searches),
    )  # fmt: skip


def _weekdays(of: Material) -> F64Array:
    """Return the means of days of the week; a log, or what a scenario makes, may lack one."""
    try:
        return per_weekday(of.searches.time)
    except NotApplicableError as error:
        raise UsageError(f"{of.name} is too short to be fitted: {error}") from error


def _weekly(time: NDArray[np.int64], monday: int, weeks: int) -> F64Array:
    week = np.clip((time // DAY_US - monday) // 7, 0, weeks - 1)
    return np.asarray(np.bincount(week, minlength=weeks) / len(week))


def fit(of: Material, name: str, tell: Callable[[str], None] = lambda _: None) -> Fit:
    """Return a scenario whose plate searches are like those of a log.

    Parameters
    ----------
    of
        A search log.
    name
        Of the scenario.
    tell
        Called with a line for each round.

    Raises
    ------
    UsageError
        If the log is too small or too short to be described.
    """
    _check(of)
    first = int(of.searches.time.min() // DAY_US)
    monday = first - (first + _THURSDAY) % 7
    log = measures(of, of.days, monday, -(-(first + of.days - monday) // 7))
    scenario = _first_guess(of, log, name)
    best: Fit | None = None
    for turn in range(ROUNDS):
        made = _made(scenario)
        missed = _missed(log, made)
        tell(f"round {turn + 1} of {ROUNDS}: {made.searches_per_day:.1f} searches a day "
             f"({log.searches_per_day:.1f}), Gini {made.gini:.2f} ({log.gini:.2f}), "
             f"Fano factor of days {made.fano_day:.1f} ({log.fano_day:.1f})")  # fmt: skip
        if best is None or missed < _missed(log, best.made):
            best = Fit(scenario, log, made)
        scenario = _moved(scenario, log, made)
    assert best is not None
    return best


def _check(of: Material) -> None:
    has = len(of.searches), len(np.unique(of.searches.officer)), of.days
    for found, least, what in zip(has, _LEAST, ("searches", "officers", "days"), strict=True):
        if found < least:
            raise UsageError(f"{of.name}: {found:,} {what}, a fit needs at least {least}")


def _first_guess(of: Material, log: Measures, name: str) -> Scenario:
    first = _EPOCH + dt.timedelta(days=int(of.searches.time.min() // DAY_US))
    monday = first - dt.timedelta(days=first.weekday())
    group = AgencyGroup(
        name="fitted police", type="police", accounts_median=round(1.4 * log.officers),
        accounts_sigma=0, dispatchers=False, case_field="optional",
        searches=SearchHabits(
            hours=tuple(np.round(log.hours * 1_000, 2).tolist()),
            days=tuple(np.round(log.days * 100, 2).tolist()),
            weeks=tuple(np.round(log.weeks * 1_000, 2).tolist()),
            dispersion=1.2, daily_dispersion=0.3,
        ),
        reasons=_mix(log.reasons),
    )  # fmt: skip
    return Scenario(
        name=name, title=f"Fitted to {of.name}", start=monday,
        days=(first - monday).days + of.days, population=1_000_000, agency=(group,),
    )  # fmt: skip


def _made(scenario: Scenario) -> Measures:
    """Return the mean measures of some worlds of a scenario."""
    found = []
    for seed in range(1, _WORLDS + 1):
        with tempfile.TemporaryDirectory() as folder:
            run(scenario.model_copy(update={"seed": seed}), Path(folder) / "world")
            of = material(open_dataset(Path(folder) / "world"))
            monday = (scenario.start - _EPOCH).days
            found.append(measures(of, scenario.days, monday, -(-scenario.days // 7)))
    return _mean(found)


def _mean(found: list[Measures]) -> Measures:
    told = [asdict(one) for one in found]
    mean: dict[str, Any] = {name: np.mean([one[name] for one in told], axis=0) for name in told[0]}
    fields: dict[str, Any] = {name: v if v.ndim else float(v) for name, v in mean.items()}
    return Measures(**fields)


def _missed(log: Measures, made: Measures) -> float:
    """Return how unlike two logs are: the sum of relative misses and of distances."""
    ratios = [
        abs(np.log(getattr(made, name) / getattr(log, name)))
        for name in ("searches_per_day", "officers", "fano_hour", "fano_day")
    ]
    apart = [
        np.abs(made.hours - log.hours).sum(), np.abs(made.days - log.days).sum() / 7,
        np.abs(made.weeks - log.weeks).sum(), np.abs(made.reasons - log.reasons).sum(),
        3 * abs(made.gini - log.gini), abs(made.sigma - log.sigma), 2 * abs(made.night - log.night),
    ]  # fmt: skip
    return float(sum(ratios) + sum(apart))


def _moved(scenario: Scenario, log: Measures, made: Measures) -> Scenario:
    """Return the scenario with each setting moved by what its measure missed."""
    group = scenario.agency[0]
    habit = group.searches
    assert habit.hours is not None
    assert habit.days is not None
    assert habit.weeks is not None
    unequal = (log.gini - made.gini) / _GINI_PER_POWER + (log.sigma - made.sigma) / _SIGMA_PER_POWER
    power = habit.inequality + _STEP * unequal / 2
    searches = habit.model_copy(update={
        "rate": round(habit.rate * (log.searches_per_day / made.searches_per_day) ** _STEP, 4),
        "hours": _turned(habit.hours, log.hours, made.hours),
        "days": _turned(habit.days, log.days, made.days),
        "weeks": _turned(habit.weeks, log.weeks, made.weeks, _STEP_OF_WEEKS),
        "dispersion": _dispersed(habit.dispersion, log.fano_hour, made.fano_hour),
        "daily_dispersion": _dispersed(habit.daily_dispersion, log.fano_day, made.fano_day),
        "inequality": round(min(max(power, 0.0), 4.0), 3),
    })  # fmt: skip
    accounts = group.accounts_median * (log.officers / made.officers) ** _STEP
    assert group.reasons is not None
    reasons = _turned(_weights(group.reasons), log.reasons, made.reasons)
    moved = group.model_copy(update={
        "accounts_median": float(round(accounts)), "searches": searches,
        "reasons": _mix(np.array(reasons)),
    })  # fmt: skip
    return scenario.model_copy(update={"agency": (moved,)})


def _turned(
    weights: tuple[float, ...], log: F64Array, made: F64Array, step: float = _STEP
) -> tuple[float, ...]:
    """Return weights, each moved by the ratio of what is to what came of it."""
    little = 0.2 * log.mean() / len(log)
    ratio = ((log + little) / (made + little)) ** step
    moved = np.array(weights) * np.clip(ratio, 0.4, 2.5)
    return tuple(np.round(moved * sum(weights) / moved.sum(), 3).tolist())


def _dispersed(setting: float | None, log: float, made: float) -> float:
    """Return a dispersion moved by the ratio of what the Fano factors exceed chance by."""
    ratio = max(log - 1, 0.02) / max(made - 1, 0.02)
    moved = max(setting or 0.0, 0.02) * min(max(float(ratio**_STEP), 0.4), 2.5)
    return round(min(moved, _MOST_DISPERSION), 4)


def _weights(mix: ReasonMix) -> tuple[float, ...]:
    told = mix.model_dump()
    return tuple(told[_WRITTEN_BY[kind]] for kind in KINDS)


def _mix(shares: F64Array) -> ReasonMix:
    """Return weights of classes; what hardly occurs is left out, blanks where there are none."""
    weights = np.round(shares / shares.sum() * 1_000, 1)
    return ReasonMix(**{
        _WRITTEN_BY[kind]: float(weight) for kind, weight in zip(KINDS, weights, strict=True)
    })  # fmt: skip


def written(found: Fit) -> str:
    """Return the scenario as a commented file."""
    from misusesim.scenario.write import dump_toml  # noqa: PLC0415 - only for this

    lines = ["# Made by `misusebench fit`: plate searches as in a real log, all else by default.",
             "#", "#   measure                          log    fitted"]  # fmt: skip
    made = found.made.told()
    lines += [f"#   {name:26}{value:10.3f}{made[name]:10.3f}"
              for name, value in found.log.told().items()]  # fmt: skip
    return "\n".join([*lines, "", dump_toml(found.scenario)])
