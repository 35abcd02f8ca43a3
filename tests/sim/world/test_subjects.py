"""The population is a set of pure functions of an id."""

from __future__ import annotations

import re

import numpy as np
import pytest

from misusesim import rng
from misusesim.dataset.schema import SEXES, SUBJECT_KINDS
from misusesim.world.subjects import AREAS, Population

SIZE = 200_000
EVERYBODY = np.arange(SIZE)
ATTRIBUTES = (
    "household", "partner", "area", "surname_code", "sex", "given_code", "birth_year",
    "birth_date", "plate_number", "person_key", "plate_key",
)  # fmt: skip


@pytest.fixture
def people(world):
    return Population(world())


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_attribute_depends_on_the_id_alone(people, attribute):
    """Asked in another order, and one by one, everybody answers the same."""
    ids = EVERYBODY[:200]
    ask = getattr(people, attribute)
    turned = ask(ids[::-1].copy())[::-1]
    assert (ask(ids) == turned).all()
    assert ask(ids[7:8]).tolist() == ask(ids)[7:8].tolist()


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_attribute_depends_on_the_seed(world, attribute):
    """Another seed is another population."""
    here, there = Population(world()), Population(world(seed=6))
    assert (getattr(here, attribute)(EVERYBODY[:500]) !=
            getattr(there, attribute)(EVERYBODY[:500])).any()  # fmt: skip


def test_nobody_is_outside(people):
    """An id that is no person is refused, -1 for nobody included."""
    for bad in (-1, SIZE):
        with pytest.raises(ValueError, match="permute: values must be below 200000"):
            people.household(np.array([3, bad]))


def test_millions_cost_nothing(world):
    """The last of 600 million people answers at once."""
    people = Population(world(population=600_000_000))
    last = np.array([599_999_999])
    assert people.household(people.partner(last)).tolist() == people.household(last).tolist()


def test_households_have_one_to_four(people):
    """Every block of ten has a household of each size."""
    _, size = np.unique(people.household(EVERYBODY), return_counts=True)
    assert np.bincount(size).tolist() == [0, 20_000, 20_000, 20_000, 20_000]


def test_partners_are_mutual(people):
    """The partner's partner is oneself, in the same household; six in ten have one."""
    partner = people.partner(EVERYBODY)
    assert (people.partner(partner) == EVERYBODY).all()
    assert (people.household(partner) == people.household(EVERYBODY)).all()
    assert (partner != EVERYBODY).mean() == 0.6


def test_partners_are_mostly_of_two_sexes(people):
    """One couple in ten is of one sex."""
    couple = np.flatnonzero(people.partner(EVERYBODY) != EVERYBODY)
    alike = people.sex(couple) == people.sex(people.partner(couple))
    assert alike.mean() == pytest.approx(0.1, abs=0.01)


def test_sexes_are_even(people):
    """Half are women and half are men."""
    counts = np.bincount(people.sex(EVERYBODY), minlength=3) / SIZE
    assert counts[SEXES.index("F")] == pytest.approx(0.5, abs=0.01)
    assert counts[SEXES.index("M")] == pytest.approx(0.5, abs=0.01)


def test_given_names_fit_the_sex(people):
    """Women's names are the first part of the list."""
    women = people.sex(EVERYBODY) == SEXES.index("F")
    first = len(people._pools.female.words)
    assert (people.given_code(EVERYBODY[women]) < first).all()
    assert (people.given_code(EVERYBODY[~women]) >= first).all()
    assert people.given_name(EVERYBODY[:3]).tolist() == [
        people.given_names[code] for code in people.given_code(EVERYBODY[:3])
    ]


def test_a_household_has_one_surname(people):
    """Partners and relatives at home bear the same name."""
    some = EVERYBODY[:2000]
    for other in (people.partner(some), people.kin(some, 0), people.kin(some, 2)):
        assert (people.surname(other) == people.surname(some)).all()


def test_surnames_have_their_weights(people):
    """Smith is 2.2 % of all, as in the pool."""
    smith = people.surnames.index("Smith")
    assert (people.surname_code(EVERYBODY) == smith).mean() == pytest.approx(0.0217, abs=0.003)


def test_kin_are_at_home_and_no_partner(people):
    """Relatives share the household, differ from each other and are not the partner."""
    kin = np.stack([people.kin(EVERYBODY, nth) for nth in range(3)])
    home = people.household(EVERYBODY)
    for row in kin:
        assert (people.household(row) == home).all()
        alone = people.partner(EVERYBODY) == EVERYBODY
        assert ((row != people.partner(EVERYBODY)) | alone).all()
    both = (kin[0] != EVERYBODY) & (kin[1] != EVERYBODY)
    assert (kin[0][both] != kin[1][both]).all()
    assert np.bincount((kin != EVERYBODY).sum(axis=0)).tolist() == [60_000, 40_000, 60_000, 40_000]


def test_neighbours_are_adults_nearby(people):
    """Neighbours live in another household, mostly of the same beat, and are no children."""
    neighbour = people.neighbour(EVERYBODY, 1)
    assert (people.household(neighbour) != people.household(EVERYBODY)).all()
    assert (people.area(neighbour) == people.area(EVERYBODY)).mean() > 0.95
    assert people.birth_year(neighbour).max() <= 2004


def test_areas_are_all_in_use(people):
    """Everybody lives in one of the beats and no beat is empty."""
    assert np.unique(people.area(EVERYBODY)).tolist() == list(range(AREAS))


def test_a_household_has_one_address(people):
    """Partners live in the same beat."""
    assert (people.area(people.partner(EVERYBODY)) == people.area(EVERYBODY)).all()


def test_ages(people):
    """Nobody is older than 83 or not born, and 18 % are minors (the seats allow for 30 %)."""
    age = 2024 - people.birth_year(EVERYBODY)
    assert (age.min(), age.max()) == (0, 83)
    assert (age < 18).mean() == pytest.approx(0.18, abs=0.01)


def test_children_are_younger_than_their_parents(people):
    """Both adults are 20 to 38 years older than each child of the house."""
    parent = EVERYBODY[(people.kin(EVERYBODY, 0) != EVERYBODY)
                       & (people.partner(EVERYBODY) != EVERYBODY)]  # fmt: skip
    child = people.kin(parent, 0)
    apart = people.birth_year(child).astype(int) - people.birth_year(parent)
    assert (apart.min(), apart.max()) == (20, 38)


def test_birth_dates_lie_in_their_year(people):
    """The date is a day of the year of birth."""
    year = people.birth_date(EVERYBODY).astype("datetime64[D]").astype("datetime64[Y]").astype(int)
    assert (year + 1970 == people.birth_year(EVERYBODY)).all()


def test_adults_differ(people):
    """As many numbers as blocks give as many people, none of them a child."""
    adults = people.adult(np.arange(SIZE // 10))
    assert np.unique(adults).size == SIZE // 10
    assert people.birth_year(adults).max() <= 2004


def test_adults_come_round_again(people):
    """Numbers beyond a tenth of the population meet the same people."""
    assert people.adult(np.array([7 + SIZE // 10])).tolist() == people.adult(np.array([7])).tolist()


def test_workers_are_of_working_age(people):
    """Nearly all are 23 to 60, and no two numbers give one person."""
    workers = people.worker(np.arange(SIZE // 10))
    age = 2024 - people.birth_year(workers)
    assert np.unique(workers).size == SIZE // 10
    assert ((age < 23) | (age > 60)).mean() < 0.002


def test_plates_differ(people):
    """No two people have a plate in common."""
    assert np.unique(people.plate_number(EVERYBODY)).size == SIZE


def test_plates_look_like_plates(people):
    """A plate is a digit from 1, three letters and three digits, and all first digits are met."""
    text = people.plate_text(people.plate_number(EVERYBODY[:2000]))
    plates = [bytes(row).decode() for row in text]
    assert text.shape == (2000, 7)
    assert all(re.fullmatch(r"[1-9][A-Z]{3}\d{3}", plate) for plate in plates)
    assert {plate[0] for plate in plates} == set("123456789")
    assert {plate[1] for plate in plates} == set("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@pytest.mark.parametrize(
    ("number", "plate"),
    [(0, b"1AAA000"), (999, b"1AAA999"), (1000, b"1AAB000"), (17_576_000, b"2AAA000"),
     (158_184_000, b"AAAA000"), (632_735_999, b"0ZZZ999")],
)  # fmt: skip
def test_plate_text(people, number, plate):
    """The number is written with digits last and the first sign slowest."""
    assert bytes(people.plate_text(np.array([number], np.uint64))[0]) == plate


def test_large_population_uses_all_plates(world):
    """Above 158 million the first sign may be a letter."""
    people = Population(world(population=600_000_000))
    first = people.plate_text(people.plate_number(np.arange(5000)))[:, 0]
    assert len(set(first.tolist())) == 36


@pytest.mark.parametrize("key", ["person_key", "plate_key"])
def test_keys_differ(people, key):
    """No two people share a key, and a typo is another key of its own."""
    ask = getattr(people, key)
    both = np.concatenate([ask(EVERYBODY), ask(EVERYBODY, 1), ask(EVERYBODY, 2)])
    assert np.unique(both).size == 3 * SIZE


def test_person_and_plate_keys_are_unrelated(people):
    """A person's two keys are never the same."""
    assert not np.isin(people.person_key(EVERYBODY), people.plate_key(EVERYBODY)).any()


@pytest.mark.parametrize("typo", range(3))
@pytest.mark.parametrize(("kind", "key"), [("person", "person_key"), ("vehicle", "plate_key")])
def test_salts_of_keys_draw_the_keys(people, kind, key, typo):
    """An id with the salt of a way to type added draws the key of that way."""
    salts = people.key_salts(2).reshape(len(SUBJECT_KINDS), 3)
    salted = EVERYBODY[:1000].astype(np.uint64) + salts[SUBJECT_KINDS.index(kind), typo]
    assert (rng.draw(salted, 0) == getattr(people, key)(EVERYBODY[:1000], typo)).all()


@pytest.mark.parametrize("asked", ["surname_code", "sex", "birth_year", "household", "partner"])
def test_people_at_home_are_the_same_people(people, asked):
    """However much is known of them already, answers about people are the same."""
    ids, some = EVERYBODY[:2000], np.arange(0, 2000, 7)
    for known in (people.seated(ids), people.at_home(ids), people.at_home(people.seated(ids))):
        assert (getattr(people, asked)(known) == getattr(people, asked)(ids)).all()
        assert (getattr(people, asked)(known.take(some)) == getattr(people, asked)(ids)[some]).all()


def test_keys_do_not_show_the_id(people):
    """Keys neither rise with the id nor keep its lowest bit."""
    key = people.person_key(EVERYBODY)
    assert abs(np.corrcoef(key.astype(float), EVERYBODY)[0, 1]) < 0.01
    assert ((key & np.uint64(1)) == (EVERYBODY & 1)).mean() == pytest.approx(0.5, abs=0.01)


def chances(count):
    return [rng.stream(1, "test", k) for k in range(count)]


def test_namesakes_bear_the_name(people):
    """Somebody of each surname is found, of more names than are searched for together."""
    names = [people.surnames.index(name) for name in ("Smith", "Johnson", "Lee")] * 30
    found = people.namesakes(np.array(names), chances(90))
    assert people.surname_code(found).tolist() == names


def test_namesakes_may_be_none(people):
    """Nobody bears the surname past the last; those of the others are found all the same."""
    smith = people.surnames.index("Smith")
    found = people.namesakes(np.array([smith, len(people.surnames), smith]), chances(3))
    assert (found >= 0).tolist() == [True, False, True]


def test_namesake_is_the_first_of_the_stream(people):
    """Of the people a stream names, the first who bears the surname is taken, whoever asks too."""
    smith = people.surnames.index("Smith")
    found = people.namesakes(np.full(70, smith), chances(70))
    ids = chances(70)[69].integers(0, people.size, 65_536)
    assert found[69] == ids[people.surname_code(ids) == smith][0]


def test_namesakes_of_nobody(people):
    """Without surnames nobody is looked for."""
    assert people.namesakes(np.empty(0, np.int64), []).tolist() == []


def test_a_few_people_are_pinned(people):
    """Five people of seed 5 are written down: a change of any attribute is a change of bytes."""
    five = np.arange(5)
    assert people.surname(five).tolist() == ["Johnson", "Ayers", "Moore", "Hamilton", "Mccullough"]
    assert people.birth_year(five).tolist() == [2018, 1968, 1997, 1982, 1991]
    assert people.person_key(five)[0] == 1813170241465591286
    assert [bytes(r).decode() for r in people.plate_text(people.plate_number(five))] == [
        "9INW879",
        "3RYL655",
        "4HZI158",
        "7JIB580",
        "3MMA487",
    ]
