"""Campaigns as they came out, and draws of each as the scenario implies it for who began it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from misusebench.audit import draws
from misusebench.audit.beginnings import curious, news
from misusebench.audit.gaits import gait
from misusesim.clock import DAY_US
from misusesim.dataset.schema import RUNGS
from misusesim.scenario.levels import committed
from misusesim.scenario.misuse import Celebrity, PermitChecks, Retaliation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusebench.audit.rolls import Rolls

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Draws of a kind's realised campaigns together, at least so many of each.
_DRAWS, _OF_EACH = 20_000, 40
_YEAR_DAYS: Final = 365


class Real(NamedTuple):
    """The campaigns of one kind that began in the horizon, as the truth has them."""

    start: Ints  # UTC microseconds
    end: Ints
    queries: Ints
    rung: Ints  # 0 declared, 1 miscoded, 2 a case, own or not
    officers: list[list[str]]
    agency: list[str]

    @property
    def days(self) -> Floats:
        """Return the days from the first step to the last."""
        return (self.end - self.start) / DAY_US


def began(campaigns: pa.Table, kind: str, horizon: tuple[int, int]) -> Real:
    """Return the campaigns of a kind whose first step is within some time."""
    start, end = (campaigns[n].cast(pa.int64()).to_numpy() for n in ("start", "end"))
    kinds = np.array(campaigns["kind"].cast(pa.string()).to_pylist(), object)
    some = np.flatnonzero((kinds == kind) & (start >= horizon[0]) & (start < horizon[1]))
    rows = campaigns.take(pa.array(some))
    rungs = [RUNGS.index(name) for name in rows["rung"].cast(pa.string()).to_pylist()]
    return Real(
        start[some], end[some], rows["n_queries"].to_numpy().astype(np.int64),
        np.minimum(np.array(rungs, np.int64), 2), rows["officer_ids"].to_pylist(),
        rows["agency_id"].cast(pa.string()).to_pylist(),
    )  # fmt: skip


def rung_shares(misuse: Any, level: str) -> Floats:
    """Return the shares of what is declared, miscoded, and under a case.

    A case of one's own that nobody finds becomes any case, so the two are one.
    """
    mix = committed(misuse, level).rungs
    weights = np.array([mix.declared, mix.miscoded, mix.plausible_case + mix.own_case])
    return np.asarray(weights / weights.sum())


def like(rolls: Rolls, misuse: Any, real: Real, chance: np.random.Generator) -> Floats | None:
    """Return draws of the days and queries of each realised campaign, shape (2, campaigns, draws).

    None where a scenario says nothing of them campaign by campaign.
    """
    n = len(real.start)
    if isinstance(misuse, PermitChecks):
        return _like_desk(rolls, misuse, real, chance) if n == 1 else None
    if not n:
        return None
    each = max(_OF_EACH, _DRAWS // n)
    begin = np.repeat(_weeks(rolls, real.start), each)
    if isinstance(misuse, Celebrity):
        found = _like_crowds(rolls, misuse, real, each, chance)
    else:
        found = campaigns_of(rolls, misuse, _doers(rolls, real, each, chance), begin, chance)
    table = np.stack([found.days, found.queries]).reshape(2, n, each)
    return _acted_on(table, chance)


def _like_desk(
    rolls: Rolls, misuse: PermitChecks, real: Real, chance: np.random.Generator
) -> Floats:
    """Return draws of the queries of a unit's custom; how long it goes on is the horizon's."""
    days = rolls.scenario.days
    open_days = rolls.clock.business_day(np.arange(days))
    if misuse.per_year is None:
        queries = chance.poisson(misuse.per_business_day * float(open_days.sum()), _DRAWS)
    else:
        years, rest = divmod(days, _YEAR_DAYS)
        part = open_days[days - rest :].sum() / max(1, _business_days(rolls, years))
        queries = years * misuse.per_year + chance.binomial(misuse.per_year, part, _DRAWS)
    return np.stack([np.full(_DRAWS, real.days[0]), queries])[:, None]


def _business_days(rolls: Rolls, year: int) -> int:
    """Return the business days of a year of the scenario."""
    first = year * _YEAR_DAYS
    return int(rolls.clock.business_day(np.arange(first, first + _YEAR_DAYS)).sum())


def campaigns_of(
    rolls: Rolls, misuse: Any, officer: Ints, begin: Ints, chance: np.random.Generator
) -> draws.Drawn:
    """Return one campaign of each of some officers, begun in the weeks that begin then."""
    if isinstance(misuse, Retaliation):
        return draws.quarrels(rolls, misuse, officer, begin, chance)
    how = gait(misuse, rolls.scenario)
    assert how is not None, misuse.kind
    return draws.spells(rolls, how, officer, begin, chance)


def _acted_on(table: Floats, chance: np.random.Generator) -> Floats:
    """Put others of the same campaign in the place of draws that found no occasion."""
    done = table[1] > 0
    for row in np.flatnonzero(~done.all(axis=1)).tolist():
        some = np.flatnonzero(done[row])
        if len(some):
            lost = np.flatnonzero(~done[row])
            table[:, row, lost] = table[:, row, chance.choice(some, len(lost))]
    return table


def _weeks(rolls: Rolls, start: Ints) -> Ints:
    """Return when the weeks of some times begin."""
    return np.asarray(rolls.clock.day_start(rolls.clock.week_of(start) * 7))


def _doers(rolls: Rolls, real: Real, each: int, chance: np.random.Generator) -> Ints:
    """Return who goes about each draw: the last named, in a unit any of its members."""
    units = np.array([len(names) > 2 for names in real.officers])  # noqa: PLR2004 - one and his help
    which = [
        chance.integers(0, len(names), each) if unit else np.full(each, len(names) - 1)
        for names, unit in zip(real.officers, units.tolist(), strict=True)
    ]
    rows = [np.array([rolls.place[name] for name in names]) for names in real.officers]
    return np.concatenate([row[at] for row, at in zip(rows, which, strict=True)])


def _like_crowds(
    rolls: Rolls, misuse: Celebrity, real: Real, each: int, chance: np.random.Generator
) -> draws.Drawn:
    """Return draws of campaigns of curiosity, each after the last news before its first step."""
    when = news(rolls)
    begun = when[np.maximum(np.searchsorted(when, real.start, side="right") - 1, 0)]
    agency = [rolls.agency[name] for name in real.agency]
    pairs = list(zip(agency, begun.tolist(), strict=True))
    some = [curious(rolls, *pair) for pair in pairs]
    here = [(rolls.there(time) & (rolls.staff.place == where)).sum() for where, time in pairs]
    mean = misuse.officers_per_event * np.array(here, float)
    parts = [
        draws.crowds(rolls, np.full(each, m), np.full(each, b), [s] * each, chance)
        for m, b, s in zip(mean.tolist(), begun.tolist(), some, strict=True)
    ]
    return draws.Drawn(*(np.concatenate(column) for column in zip(*parts, strict=True)))
