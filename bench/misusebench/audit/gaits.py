"""How a kind of misuse is gone about, in the numbers that its scenario and level imply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from misusesim.misuse import KINDS, access, curiosity, personal
from misusesim.misuse.practices import PracticeCampaigns
from misusesim.misuse.spells import LEAD, MEAN_ZEAL, STRETCH, ZEAL, CourseCampaigns, Way
from misusesim.misuse.targets import Tied
from misusesim.misuse.writing import MOST_STEPS
from misusesim.scenario.levels import LEVELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario

    Ints = NDArray[np.int64]

_LONGEST: Final = 10**6


class Gait(NamedTuple):
    """How the campaigns of a kind of spells go, as the scenario and its level have it."""

    kind: str
    roles: tuple[str, ...]  # of who may begin one
    ties: Mapping[str, int] | None  # of whom he must know somebody; None: of nobody
    grown: bool  # whether only adults count
    weeks_median: float
    cap: int  # longest in weeks
    sittings_per_week: float
    queries: tuple[int, ...]  # of a sitting, each as likely
    after: float  # share of the sittings after a shift
    by_shift: bool = True  # False: whenever it is wished for
    colleagues: bool = False  # a colleague of the same role must be there

    def counts(self, n: int, chance: np.random.Generator) -> Ints:
        """Return the sittings wished for of `n` campaigns by week, shape (n, weeks)."""
        stretch = np.array(STRETCH)[chance.integers(0, len(STRETCH), n)] / 10
        weeks = np.clip(np.round(self.weeks_median * stretch), 1, self.cap).astype(np.int64)
        zeal = np.array(ZEAL)[chance.integers(0, len(ZEAL), n)] / 10 / MEAN_ZEAL
        counts = np.zeros((n, int(weeks.max(initial=1))), np.int64)
        for week in range(counts.shape[1]):
            on = weeks > week
            counts[on, week] = chance.poisson(self.sittings_per_week * zeal[on])
        counts[:, 0] = np.maximum(1, counts[:, 0])
        return np.minimum(counts, MOST_STEPS)


def gait(misuse: Any, scenario: Scenario) -> Gait | None:
    """Return how a kind is gone about in a scenario, None if it is no matter of spells."""
    how, kind = LEVELS[scenario.level], KINDS[misuse.kind]
    if misuse.kind == "romantic_interest":
        of = personal.RomanticInterestCampaigns
        return Gait(
            misuse.kind, of.roles, of.ties, False, misuse.weeks_median, _LONGEST,
            misuse.queries_per_week / personal.MEAN_QUERIES, personal.QUERIES, how.after_work,
        )  # fmt: skip
    way = _way(kind)
    if way is None:
        return None
    ties = way.whom.weights if isinstance(way.whom, Tied) else None
    return Gait(
        misuse.kind, tuple(way.sittings), ties, True, misuse.weeks_median, LEAD,
        misuse.sittings_per_week, way.queries,
        0.0 if way.at_work and how.bound else how.after_work,
        by_shift=way is not access.GHOST, colleagues=way is access.SHARED,
    )  # fmt: skip


def _way(kind: object) -> Way | None:
    if isinstance(kind, CourseCampaigns | PracticeCampaigns):
        return kind.way
    if isinstance(kind, access.CredentialSharingCampaigns):
        return access.SHARED
    return access.GHOST if isinstance(kind, access.GhostAccountCampaigns) else None


CELEBRITY_ROLES: Final = tuple(curiosity.LOOKS)
