"""Name pools are built once and weighted."""

from __future__ import annotations

import numpy as np
import pytest
from faker.providers.person.en_US import Provider

from misusesim.world.names import PLACES, pools


def share(pool, name):
    return (pool.guide == pool.words.index(name)).mean()


def test_pools_are_built_once():
    """The same seed gives the same object, another seed other places."""
    assert pools(3) is pools(3)
    assert pools(3).places != pools(4).places


def test_people_do_not_depend_on_the_seed():
    """Surnames and given names are the same in every world."""
    assert pools(3).surnames.words == pools(4).surnames.words
    assert (pools(3).female.guide == pools(4).female.guide).all()


def test_words_are_sorted_and_different():
    """No word twice, in an order that no dictionary can change."""
    for pool in (pools(3).surnames, pools(3).female, pools(3).male):
        assert list(pool.words) == sorted(set(pool.words))


@pytest.mark.parametrize("name", ["Smith", "Garcia", "Nguyen"])
def test_surname_shares_are_fakers(name):
    """The guide table holds Faker's weight to one entry in 65,536."""
    assert share(pools(3).surnames, name) == pytest.approx(Provider.last_names[name], abs=2**-16)


def test_no_surname_is_lost():
    """Even the rarest surname has an entry."""
    assert np.unique(pools(3).surnames.guide).size == len(pools(3).surnames.words) == 1000


def test_two_strangers_share_a_surname():
    """The chance is 33 in 10,000, as the docstring says."""
    counts = np.bincount(pools(3).surnames.guide) / 65536
    assert (counts**2).sum() == pytest.approx(0.0033, abs=0.0001)


def test_places_are_different():
    """There are as many places as asked for, each once."""
    assert len(set(pools(3).places)) == PLACES
