"""The agencies of a state: how many, how large, called what (part of the statewide pass)."""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Final

import numpy as np
from faker.providers.address.en_US import Provider

from misusesim import rng
from misusesim.scenario.checks import MOST_AGENCIES
from misusesim.world.model import Agency
from misusesim.world.names import pools

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from misusesim.scenario.model import AgencyGroup, Scenario

_NAMED: Final = {
    "police": "{} Police Department", "sheriff": "{} County Sheriff's Office",
    "state": "State Police, {} Office", "campus": "{} University Police",
    "court": "{} County Superior Court", "probation": "{} County Probation",
    "prosecutor": "{} County Prosecutor", "dispatch": "{} Regional Dispatch",
    "bureau": "State Bureau, {} Branch",
}  # fmt: skip
#: Places are surnames with an ending; bare surnames would name counties that exist.
_ENDINGS: Final = tuple(sorted(set(Provider.city_suffixes)))
_PREFIXES: Final = ("", *(f"{word} " for word in Provider.city_prefixes))
#: Fewest account holders drawn: a chief, an officer and a clerk (assumption).
_LEAST_ACCOUNTS: Final = 3
_LOG2_E: Final = 1.442695


def agencies(scenario: Scenario) -> list[Agency]:
    """Return all agencies in the order of their groups; an agency's index is its place."""
    return list(_state(scenario))


def first_seats(scenario: Scenario) -> tuple[int, ...]:
    """Return how many seats all earlier agencies have, per agency; last the seats of the state.

    Numbers of seats made of these never meet, so that nobody holds two seats by accident.
    """
    seats = (agency.accounts + agency.group.licensing_unit for agency in _state(scenario))
    return tuple(accumulate(seats, initial=0))


@lru_cache(maxsize=4)
def _state(scenario: Scenario) -> tuple[Agency, ...]:
    groups = [group for group in scenario.groups for _ in range(group.count)]
    # names and numbers by keyed permutation: neither says which group or place in the file
    places = np.arange(len(groups), dtype=np.uint64)
    turned = rng.permute(places, rng.salt(scenario.seed, "ori"), MOST_AGENCIES)
    words, taken, found = pools(scenario.seed).surnames.words, set[str](), []
    for index, (group, code) in enumerate(zip(groups, turned.tolist(), strict=True)):
        name = _name(group, code, words, taken)
        taken.add(name)
        found.append(
            Agency(
                index=index,
                agency_id=f"{scenario.state}{code:05d}00",
                name=name,
                group=group,
                accounts=_size(scenario, index, group),
            )
        )
    return tuple(found)


def _size(scenario: Scenario, index: int, group: AgencyGroup) -> int:
    """Return a lognormal number of accounts."""
    normal = rng.stream(scenario.seed, "agency", index).standard_normal()
    # rounded before it is used: the last bit of a power may depend on the machine
    power = float(np.round(normal * group.accounts_sigma * _LOG2_E, 6))
    size = round(group.accounts_median * 2**power)
    return int(min(max(size, _LEAST_ACCOUNTS), group.accounts_max))


def _name(group: AgencyGroup, code: int, words: Sequence[str], taken: Container[str]) -> str:
    """Return the first free name from a place on that the code gives."""
    form = _NAMED[group.type]
    size, name = len(words) * len(_ENDINGS), ""
    for turn in range(size * len(_PREFIXES)):
        word, ending = divmod((code + turn) % size, len(_ENDINGS))
        name = form.format(f"{_PREFIXES[turn // size]}{words[word]}{_ENDINGS[ending]}")
        if name not in taken:
            break
    return name
