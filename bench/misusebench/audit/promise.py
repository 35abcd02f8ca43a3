"""How common misuse is, against what its scenario implies and its name promises (Q4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from misusebench.audit.beginnings import begun, number_of
from misusebench.audit.implied import campaigns_of
from misusebench.audit.rolls import Rolls
from misusebench.audit.verdict import Check
from misusesim.misuse import curiosity
from misusesim.scenario.family import PREVALENCES, member_of
from misusesim.scenario.misuse import Celebrity, GhostAccount, PermitChecks

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from misusesim.dataset.reader import Dataset
    from misusesim.scenario.model import Scenario

_TRIED: Final = 4_000  # campaigns drawn of a kind
_SIGMAS: Final = 3.0
_HANDFUL: Final = 30  # campaigns of which one should be a single query
_YEAR_DAYS: Final = 365
#: Most queries that are misuse at the natural rate: what a scenario may imply, and ever (Q4).
NATURAL, _EVER = 2e-5, 1e-3
#: How far what a scenario implies may be from the share of officers that a name promises.
_WIDE: Final = 0.4


class Share(NamedTuple):
    """A share with the standard error that few campaigns of many queries give it."""

    value: float
    error: float


class Dense(NamedTuple):
    """How common misuse is to be."""

    officers: Share  # of all accounts of the horizon
    queries: Share  # per account


def implied_density(scenario: Scenario, seed: int = 0) -> Dense:
    """Return how many accounts misuse the system and how often, as a scenario implies it.

    Campaigns begin by chance and each moves an account and its queries together, so queries have
    the error of a sum of a Poisson number of unequal parts. Of campaigns that are under way when
    the scenario begins, as many queries come into it as go out at its end.
    """
    rolls, accounts, asked, square = Rolls.of(scenario), 0.0, 0.0, 0.0
    people, (first, end) = rolls.staff.officers, rolls.clock.horizon
    there = int(((people.hired < end) & (people.left > first)).sum())
    for place, misuse in enumerate(scenario.misuse):
        if isinstance(misuse, PermitChecks):
            continue
        chance = np.random.default_rng([seed, scenario.seed, place])
        number, queries, days = _campaigns(rolls, misuse, chance)
        accounts += number * (1 + days / scenario.days)
        asked += number * float(queries.mean()) if number else 0.0
        square += number * float((queries**2).mean()) if number else 0.0
    share = float(-np.expm1(-accounts / there))
    return Dense(
        Share(share, accounts**0.5 / there), Share(asked / there, square**0.5 / there)
    )  # fmt: skip


def _campaigns(
    rolls: Rolls, misuse: Any, chance: np.random.Generator
) -> tuple[float, NDArray[np.float64], float]:
    """Return how many campaigns there are to be, queries of some, and their mean length in days.

    Of curiosity each officer counts.
    """
    if isinstance(misuse, Celebrity):
        looks = -np.log1p(-np.minimum(number_of(rolls, misuse, chance).chances, 1 - 1e-9))
        return float(looks.sum()), np.array(curiosity.QUERIES, np.float64), 0.0
    if isinstance(misuse, GhostAccount):
        number = number_of(rolls, misuse, chance).expected
        who = np.flatnonzero(rolls.staff.officers.left < rolls.clock.horizon[1])
        who = chance.choice(who, _TRIED) if len(who) else who
        begin = rolls.staff.officers.left[who]
    else:
        some = begun(rolls, misuse, chance)
        rows = np.flatnonzero(some.within)[:_TRIED]
        number, who, begin = some.mean, some.officer[rows], some.begin[rows]
    if not len(who):
        return 0.0, np.zeros(1), 0.0
    drawn = campaigns_of(rolls, misuse, who, begin, chance)
    done = drawn.queries > 0
    return number, drawn.queries[done], float(drawn.days[done].mean())


def checks_of_density(data: Dataset, campaigns: Sequence[pa.Table]) -> list[Check]:
    """Return whether misuse is as common as implied, and as the name promises.

    Parameters
    ----------
    data
        The data set.
    campaigns
        Truth of it and of those pooled with it.
    """
    scenario = data.scenario
    dense, told = implied_density(scenario), data.manifest["realised"]
    member = member_of(scenario.name)
    accounts = sum(row["accounts"] for row in data.manifest["volume"])
    written = data.manifest["rows"]["written"]
    queries = Share(*(x * accounts / written for x in dense.queries))
    return [
        *_officers(told["misuse_share_of_officers"], dense.officers, member, scenario),
        *_queries(told["misuse_share_of_queries"], queries, member),
        single_queries(campaigns),
    ]


def _officers(value: float, implied: Share, member: Any, scenario: Scenario) -> list[Check]:
    low, high = (implied.value + s * implied.error for s in (-_SIGMAS, _SIGMAS))
    names, bound = ("officers who misuse", "promised officers"), "told only"
    if member is None:
        why = "no member of the family, which promises a share"
        return [Check("Q4", names[0], value, bound, None, why),
                Check("Q4", names[1], None, bound, None, why)]  # fmt: skip
    promise = PREVALENCES[member.prevalence].officers
    yearly = implied.value * _YEAR_DAYS / scenario.days
    least, most = promise * (1 - _WIDE), promise * (1 + _WIDE)
    return [
        Check("Q4", names[0], value, f"{max(0, low):.3g} to {high:.3g}", low <= value <= high,
              f"{implied.value:.3g} implied, three standard errors"),
        Check("Q4", names[1], yearly, f"{least:.3g} to {most:.3g}", least <= yearly <= most,
              f"implied a year, where {member.prevalence} promises {promise:g}"),
    ]  # fmt: skip


def _queries(value: float, implied: Share, member: Any) -> list[Check]:
    high = implied.value + _SIGMAS * implied.error
    natural = member is not None and member.prevalence == "NAT"
    bound, passed = f"≤ {high:.2g}", value <= high
    if natural:
        bound, passed = f"{bound} and {_EVER:g}", passed and value <= _EVER
    found = Check(
        "Q4", "queries of misuse", value, bound if member else "told only",
        passed if member else None, f"{implied.value:.2g} ± {implied.error:.2g} implied",
    )  # fmt: skip
    promised = Check(
        "Q4", "promised queries", implied.value, f"≤ {NATURAL:g}" if natural else "told only",
        implied.value <= NATURAL if natural else None, "implied",
    )  # fmt: skip
    return [found, promised]


def single_queries(campaigns: Sequence[pa.Table]) -> Check:
    """Return whether some campaign is a single query; of a handful none need be."""
    asked = np.concatenate([table["n_queries"].to_numpy() for table in campaigns])
    number = int((asked == 1).sum())
    passed = number >= 1 if len(asked) >= _HANDFUL else None
    what = f"of {len(asked):,} campaigns"
    return Check("Q4", "campaigns of one query", number, "≥ 1", passed, what)
