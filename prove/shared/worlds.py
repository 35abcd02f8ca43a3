"""Worlds that more than one proof makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from misusesim.scenario.family import RATES
from misusesim.scenario.load import load_scenario

if TYPE_CHECKING:
    from misusesim.scenario.model import Scenario

#: How often campaigns of each kind begin here: of rare kinds there would be too few to tell. What a
#: campaign does depends on its level, not on how many there are; honest rows stay the same.
OFTEN = {
    "romantic_interest": 0.03, "retaliation": 0.03, "dating_screening": 0.03,
    "name_hunting": 0.03, "favour": 0.06, "self_lookup": 0.06, "celebrity": 0.008,
    "selling": 0.02, "personal_business": 0.05, "wrong_code": 1.5, "immigration": 1.0,
    "protest": 1.0, "health": 0.03, "descriptor": 0.03, "credential_sharing": 0.04,
    "ghost_account": 0.5, "bulk_harvest": 0.02, "live_testing": 0.03, "scope_excess": 0.03,
}  # fmt: skip


def every_kind(name: str, seed: int) -> Scenario:
    """Return a member of the family in which every kind is common."""
    kinds = load_scenario(name).misuse
    rates = [
        f"misuse.{place}.{rate}={OFTEN[kind.kind]}"
        for place, kind in enumerate(kinds)
        for rate in RATES
        if hasattr(kind, rate)
    ]
    return load_scenario(name, [f"seed={seed}", *rates])
