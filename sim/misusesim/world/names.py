"""Name pools, built once from Faker's weighted tables; never asked row by row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from faker import Faker
from faker.providers.person.en_US import Provider

from misusesim import rng

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

#: Faker's shares are turned into integers of this whole, so that no last bit can matter.
_WHOLE: Final = 10**7
PLACES: Final = 400


@dataclass(frozen=True, slots=True)
class Pool:
    """Words with their guide table: US census shares, as Faker ships them.

    Faker's thousand surnames stand for all of them: Smith is 2.17 % here and 0.83 % in the 2010
    census. So two strangers share a surname in 33 of 10,000 pairs, up to seven times as often as in
    life.
    """

    words: tuple[str, ...]
    guide: NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Pools:
    """All pools of one world."""

    surnames: Pool
    female: Pool
    male: Pool
    places: tuple[str, ...]


def _pool(weights: Mapping[str, float]) -> Pool:
    words = tuple(sorted(weights))
    return Pool(words, rng.guide([max(1, round(weights[word] * _WHOLE)) for word in words]))


@cache
def pools(seed: int) -> Pools:
    """Return the pools; places are invented town names and depend on the seed."""
    faker = Faker("en_US")
    faker.seed_instance(seed)
    places: dict[str, None] = {}
    while len(places) < PLACES:
        places.setdefault(faker.city())
    return Pools(
        surnames=_pool(Provider.last_names),
        female=_pool(Provider.first_names_female),
        male=_pool(Provider.first_names_male),
        places=tuple(places),
    )
