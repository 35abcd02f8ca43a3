"""What a scenario may say of one agency's plate searches and reasons: what `fit` measures."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from misusesim.scenario.base import Model, Rate, Share
from misusesim.scenario.checks import some_weight

_Weights = tuple[Rate, ...]


class SearchHabits(Model):
    """Plate searches of the agencies of a group (`[[agency]] searches = {...}`)."""

    rate: float = Field(default=1.0, ge=0, le=100)
    """Factor on the searches of an account and day."""
    hours: Annotated[_Weights, Field(min_length=24, max_length=24)] | None = Field(
        default=None, strict=False
    )
    """Weights of the 24 local hours; by default those of 78 Californian agencies (domain 7.3)."""
    days: Annotated[_Weights, Field(min_length=7, max_length=7)] | None = Field(
        default=None, strict=False
    )
    """Weights of the days of the week from Monday; by default the same agencies'."""
    weeks: Annotated[_Weights, Field(min_length=1, max_length=530)] | None = Field(
        default=None, strict=False
    )
    """Weights of the weeks from the first on, the last for all that follow: a use that grows or
    comes to an end. By default all are alike."""
    dispersion: Rate | None = None
    """Hourly (Fano - 1) / mean of what is begun; by default that of `[workload]`."""
    daily_dispersion: Rate | None = None
    """Daily (Fano - 1) / mean of what is begun; by default that of `[workload]`."""
    never_share: Share = 0.15
    """Share of accounts that never search: a fifth of Eugene's did not in half a year (7.1)."""
    inequality: float = Field(default=1.0, ge=0, le=4)
    """Power of an officer's appetite that his searches go with; 0 makes all alike."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        for name in ("hours", "days", "weeks"):
            if (weights := getattr(self, name)) is not None:
                some_weight({str(place): weight for place, weight in enumerate(weights)})
        return self


class ReasonMix(Model):
    """Weights of the classes of reasons at an agency (`[[agency]] reasons = {...}`).

    They take the place of `reason_style`; without a weight for blanks the field is mandatory.
    """

    blank: Rate = 0.0
    """Left empty."""
    free: Rate = 0.0
    """Words of what it is about: suspect vehicle, gta."""
    generic: Rate = 0.0
    """One generic word: inv, investigation."""
    code: Rate = 0.0
    """Sections of the penal or vehicle code: 459pc."""
    number: Rate = 0.0
    """A case or incident number alone."""
    qualifier: Rate = 0.0
    """A generic word with another: narcotics investigation."""
    number_words: Rate = 0.0
    """A number with words."""
    short: Rate = 0.0
    """One or two letters."""
    misspelt: Rate = 0.0
    """The word investigation, misspelt."""
    test: Rate = 0.0
    """Tests and training."""
    screen: Rate = 0.0
    """What a screen writes by itself."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        some_weight(self.model_dump())
        return self
