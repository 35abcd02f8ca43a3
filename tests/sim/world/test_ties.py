"""Who knows whom, honest officers included."""

from __future__ import annotations

import numpy as np
import pytest

from misusesim.clock import DAY_US, LocalClock
from misusesim.dataset.schema import TIE_KINDS
from misusesim.world.agencies import agencies
from misusesim.world.officers import officers
from misusesim.world.subjects import Population
from misusesim.world.ties import ties


class Office:
    """One agency with its people and ties."""

    def __init__(self, scenario, index=0):
        self.agency = agencies(scenario)[index]
        self.officers = officers(scenario, self.agency)
        self.ties = ties(scenario, self.agency, self.officers)
        self.people = Population(scenario)
        self.start, self.end = LocalClock(scenario).horizon

    def of(self, kind):
        """Return officer rows, the officers as persons, others and beginnings of one kind."""
        row = self.ties.kind == TIE_KINDS.index(kind)
        officer = self.ties.officer[row]
        return officer, self.officers.subject[officer], self.ties.subject[row], self.ties.since[row]


@pytest.fixture
def office(world):
    return Office(world({"name": "a", "type": "police", "accounts_median": 1000},
                        population=500_000))  # fmt: skip


def test_everybody_has_ties(office):
    """No officer is alone: each has three neighbours at least."""
    assert np.bincount(office.of("neighbour")[0]).tolist() == [3] * len(office.officers)


def test_nobody_is_tied_to_himself(office):
    """No tie leads to the officer's own person."""
    assert (office.ties.subject != office.officers.subject[office.ties.officer]).all()


def test_no_tie_is_there_twice(office):
    """Officer, person and kind together are unique."""
    rows = np.stack([office.ties.officer, office.ties.subject, office.ties.kind])
    assert np.unique(rows, axis=1).shape == rows.shape


def test_ties_are_in_order(office):
    """Rows are sorted by officer, then kind, then person."""
    order = np.lexsort((office.ties.subject, office.ties.kind, office.ties.officer))
    assert order.tolist() == list(range(len(order)))


def test_spouses_are_partners(office):
    """The spouse is the population's partner, and about six of seven adults have one."""
    officer, own, other, _ = office.of("spouse")
    assert (office.people.partner(own) == other).all()
    assert len(officer) / len(office.officers) == pytest.approx(0.86, abs=0.04)


def test_family_is_at_home_and_no_spouse(office):
    """Relatives share household and surname with the officer and are not married to him."""
    _, own, other, _ = office.of("family")
    assert (office.people.household(own) == office.people.household(other)).all()
    assert (office.people.surname_code(own) == office.people.surname_code(other)).all()
    assert (office.people.partner(own) != other).all()


def test_family_begins_with_birth(office):
    """A relative is one from the birth of the younger on."""
    _, own, other, since = office.of("family")
    born = np.maximum(office.people.birth_date(own), office.people.birth_date(other))
    assert (since == np.maximum(born.astype(np.int64), 0) * DAY_US).all()


def test_neighbours_live_elsewhere_on_the_street(office):
    """Neighbours have another household, and nine in ten the same beat."""
    _, own, other, _ = office.of("neighbour")
    assert (office.people.household(own) != office.people.household(other)).all()
    assert (office.people.area(own) == office.people.area(other)).mean() > 0.9


def test_colleagues_are_officers_who_met(office):
    """Colleagues are of the first day's staff, from the later hiring on, before the peer left."""
    row, _, other, since = office.of("colleague")
    people = office.officers
    peer = np.array([np.flatnonzero(people.subject == subject)[0] for subject in other])
    assert (people.hired[peer] < office.start).all()
    assert (since == np.maximum(people.hired[row], people.hired[peer])).all()
    assert (since < people.left[peer]).all()


@pytest.mark.parametrize(("kind", "share"), [("ex", 0.55), ("dispute", 0.35)])
def test_shares(office, kind, share):
    """As many officers have a former partner or an opponent as the constants say."""
    assert len(office.of(kind)[0]) / len(office.officers) == pytest.approx(share, abs=0.05)


def test_former_partners_match(office):
    """Former partners are mostly of the other sex and within ten years of age."""
    _, own, other, _ = office.of("ex")
    people = office.people
    apart = np.abs(people.birth_year(own).astype(int) - people.birth_year(other))
    assert (people.sex(own) == people.sex(other)).mean() == pytest.approx(0.1, abs=0.05)
    assert (apart <= 10).mean() > 0.8


@pytest.mark.parametrize("kind", ["spouse", "ex"])
def test_couples_were_adults(office, kind):
    """No couple began before the younger was 18."""
    _, own, other, since = office.of(kind)
    born = np.maximum(office.people.birth_date(own), office.people.birth_date(other))
    assert ((since // DAY_US - born) / 365.25 >= 17.99).all()


@pytest.mark.parametrize("kind", ["ex", "dispute"])
def test_some_begin_in_the_first_year(office, kind):
    """Three in ten separations and quarrels are new, the rest are older than a month."""
    since = office.of(kind)[3]
    assert (since >= office.start).mean() == pytest.approx(0.3, abs=0.06)
    assert since.max() < office.start + 365 * DAY_US


@pytest.mark.parametrize("kind", ["spouse", "neighbour"])
def test_homes_are_older_than_the_scenario(office, kind):
    """Nobody marries or moves inside the horizon."""
    assert (office.of(kind)[3] < office.start).all()


def test_ties_of_one_officer_begin_on_different_days(office):
    """Each tie has a beginning of its own."""
    officer, _, _, since = office.of("neighbour")
    spread = [np.unique(since[officer == row]).size for row in range(100)]
    assert np.mean(spread) > 2.9


@pytest.mark.parametrize("days", [2, 700])
def test_longer_horizon_only_appends(world, days):
    """The ties of a few days are the first rows of those of ten years."""
    short, long = Office(world(days=days)).ties, Office(world(days=3660)).ties
    assert len(short.officer) < len(long.officer)
    for column in ("officer", "subject", "kind", "since"):
        first = getattr(long, column)[: len(short.officer)]
        assert (getattr(short, column) == first).all(), column


def test_an_agency_of_one(world):
    """A single officer has ties, and no colleague."""
    group = {"name": "a", "type": "police", "accounts_median": 1, "accounts_max": 1}
    office = Office(world(group, staffing={"turnover_per_year": 0.0}))
    assert len(office.officers) == 1
    assert len(office.ties.officer) >= 3
    assert len(office.of("colleague")[0]) == 0
