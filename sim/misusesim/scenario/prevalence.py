"""What every kind of misuse says: how often, how long, how well covered up, how grave.

"Officers" are all holders of accounts, whatever their role.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from misusesim.scenario.base import Model, Rate, Share
from misusesim.scenario.checks import some_weight

Weeks = Annotated[float, Field(gt=0, le=260)]
Pace = Annotated[float, Field(gt=0, le=100)]
Grave = Annotated[int, Field(ge=0, le=3)]


class RungMix(Model):
    """How well the campaigns of a kind are covered up; weights, need not sum to one."""

    declared: Rate = 1.0
    """The true purpose is declared (weights are equal by assumption)."""
    miscoded: Rate = 1.0
    """Another purpose is declared (assumption)."""
    plausible_case: Rate = 1.0
    """A case is named that could explain it, and is not his own (assumption)."""
    own_case: Rate = 1.0
    """A case of his own is named (assumption)."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        some_weight(self.model_dump())
        return self


class MisuseBase(Model):
    """What every misuse kind says."""

    rungs: RungMix = RungMix()
    """Weights of the rungs."""
    severity: Grave = 3
    """0 none to 3 grave (domain note 5.2)."""
    complaint_share: Share | None = None
    """Chance that such a campaign is reported, where it is not that of `[oversight]`."""


class ByOfficer(MisuseBase):
    """What kinds say that are one officer's."""

    officers_per_year: Share = 0.004
    """Share of officers who start such a campaign in a year (all kinds together about 1 %,
    Minnesota Legislative Auditor 2013: 0.8 % substantiated)."""


class AskingColleagues(ByOfficer):
    """What kinds say whose queries a dispatcher or clerk may be asked to run."""

    asks_colleague: Share = 0.0
    """Share of the campaigns on the rung `plausible_case` that a dispatcher or clerk runs under his
    own account, instead of a false case (no figure is known; assumption)."""


class Spell(MisuseBase):
    """What kinds say that go on for some weeks, sitting by sitting."""

    weeks_median: Weeks = 1.0
    """Median length of a campaign in weeks; a single one is a fifth to four and a half times as
    long (assumption)."""
    sittings_per_week: Pace = 1.0
    """Mean sittings of a campaign and week; there is at least one in all (assumption)."""


class Course(Spell, AskingColleagues):
    """One officer's, for some weeks."""


class Practice(Spell):
    """What kinds say that are the custom of a unit, not of one officer."""

    agencies_per_year: Rate = 0.02
    """Practices that begin per year and agency with such a unit (assumption)."""
    members_share: Share = 0.5
    """Share of the unit's members who take part, at least one (assumption)."""
