"""Whom a row is about, what of him is shown, and how names and plates are mistyped."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from tests.sim.query import shard

from misusesim.query.transactions import TRANSACTIONS
from misusesim.world.subjects import Population

POPULATION = Population(shard.world())
SHOWN = {(t.system, t.key, t.subject): t.shows for t in TRANSACTIONS.values()}


def typing(share):
    """Return a world in which this share is mistyped."""
    return shard.world(shard.QUIET.model_copy(update={"typo_share": share}))


def plates(found):
    """Return the plates of the rows about vehicles."""
    return [row["subject_plate"] for row in found if row["subject_kind"] == "vehicle"]


def own_plate(person):
    """Return the plate of a person as written on the car."""
    return POPULATION.plate_text(POPULATION.plate_number(np.array([person])))[0].tobytes().decode()


@pytest.fixture(scope="module")
def street():
    """Return the rows of 600 stops, two queries each."""
    return shard.rows(shard.made("traffic_stop", "traffic", 600, n=2, subject=4242))


@pytest.fixture(scope="module")
def desk():
    """Return the rows of 600 sittings about strangers."""
    return shard.rows(shard.made("case_session", "fraud", 600, n=2))


def test_a_screen_shows_its_own_fields_only(street, desk):
    """Surname, birth year and sex are there if and only if the screen has them."""
    for row in (*street, *desk):
        shows = SHOWN[row["system"], row["message_key"], row["subject_kind"]]
        assert (row["subject_surname"] is not None) == ("s" in shows)
        assert (row["subject_sex"] is not None) == ("x" in shows)
        exact = row["match"] == "exact"
        assert (row["subject_birth_year"] is not None) == ("y" in shows and exact)


def test_vehicles_and_only_vehicles_have_a_plate(street, desk):
    """A plate of seven characters stands on each row about a vehicle and on no other."""
    for row in (*street, *desk):
        plate = row["subject_plate"]
        assert (plate is not None) == (row["subject_kind"] == "vehicle")
        assert plate is None or len(plate) == 7


def test_the_first_query_is_about_the_person_named(street):
    """An occasion that names its subject begins with him."""
    name = POPULATION.surnames[int(POPULATION.surname_code(np.array([4242]))[0])]
    first = {}
    for row in sorted(street, key=lambda r: r["time"]):
        first.setdefault(row["time"].replace(second=0, microsecond=0), row)
    assert len(first) == 600
    for row in first.values():
        assert row["subject_surname"] in {None, name}


def test_an_exact_query_has_the_key_of_person_or_plate():
    """The key of the log is that of the population: the same person is recognised."""
    found = shard.rows(shard.made("name_check", count=300, subject=4242))
    person, plate = (
        int(f(np.array([4242]), 0)[0]) for f in (POPULATION.person_key, POPULATION.plate_key)
    )
    for row in found:
        if row["match"] == "exact":
            assert row["subject_key"] == (person if row["subject_kind"] == "person" else plate)


def test_an_exact_plate_is_the_one_on_the_car():
    """Without typing errors the text is that of the person's own plate."""
    found = shard.rows(shard.made("hotlist_repeat", count=200, subject=4242))
    exact = [row["subject_plate"] for row in found if row["match"] == "exact"]
    assert set(exact) == {own_plate(4242)}
    assert len(exact) > 180


def test_two_in_a_hundred_plates_end_in_stars():
    """A partial plate keeps its first four characters; plates have no wildcard match."""
    found = shard.rows(shard.made("hotlist_repeat", count=3000, subject=4242))
    partial = [row for row in found if row["match"] == "partial"]
    assert len(partial) / len(found) == pytest.approx(0.02, abs=0.01)
    assert {row["subject_plate"] for row in partial} == {own_plate(4242)[:4] + "***"}
    assert len({row["subject_key"] for row in partial}) == 1
    assert {row["match"] for row in found} == {"exact", "partial"}


def test_vague_names_are_five_and_two_in_a_hundred():
    """Names without birth date are partial, names with a star wildcard; they have keys apart."""
    found = shard.rows(shard.made("victim_protection", "domestic", 3000, subject=4242))
    found = [r for r in found if r["subject_kind"] == "person" and r["subject_surname"]]
    assert shard.share(found, lambda r: r["match"] == "partial") == pytest.approx(0.05, abs=0.016)
    assert shard.share(found, lambda r: r["match"] == "wildcard") == pytest.approx(0.02, abs=0.01)
    keys = {m: {r["subject_key"] for r in found if r["match"] == m} for m in
            ("exact", "partial", "wildcard")}  # fmt: skip
    assert [len(k) for k in keys.values()] == [1, 1, 1]
    assert len(set.union(*keys.values())) == 3


def test_namesakes_share_the_key_of_their_vague_name():
    """Without a birth date nobody can tell two people of one surname apart."""
    people = np.arange(3000, 60_000)
    code = POPULATION.surname_code(people)
    one, other = people[code == np.bincount(code).argmax()][:2].tolist()
    keys = []
    for person in (one, other):
        found = shard.rows(shard.made("victim_protection", "domestic", 600, subject=person))
        keys.append({r["subject_key"] for r in found if r["match"] == "partial"})
    assert one != other
    assert keys[0] == keys[1]


@pytest.mark.parametrize("template", ["name_check", "hotlist_repeat", "jail_check"])
def test_without_typing_errors_a_person_has_one_exact_key(template):
    """Nothing but noise makes a second key."""
    found = shard.rows(shard.made(template, count=300, subject=77))
    keys = {(r["subject_kind"], r["subject_key"]) for r in found if r["match"] == "exact"}
    assert len(keys) == len({kind for kind, _ in keys})


def test_a_mistyped_plate_is_wrong_in_one_character():
    """The second, fourth or sixth character is the next one, or the one before at the end."""
    found = shard.rows(shard.made("hotlist_repeat", count=300, subject=4242), typing(1.0))
    right, seen = own_plate(4242), set()
    for row in found:
        if row["match"] != "exact":
            continue
        wrong = [i for i in range(7) if row["subject_plate"][i] != right[i]]
        assert len(wrong) == 1
        assert wrong[0] in {1, 3, 5}
        assert abs(ord(row["subject_plate"][wrong[0]]) - ord(right[wrong[0]])) == 1
        seen.add(wrong[0])
    assert seen == {1, 3, 5}


def test_a_mistyped_plate_stays_a_plate():
    """Digits stay digits and letters stay letters."""
    found = shard.rows(shard.made("plate_check", "traffic", 400, n=2), typing(1.0))
    for plate in plates(found):
        shape = "".join("9" if c.isdigit() else "A" if c.isalpha() else c for c in plate)
        assert shape in {"9AAA999", "9AAA***"}


def test_three_typing_errors_have_three_keys():
    """The same slip gives the same wrong key, so that it can be recognised too."""
    found = shard.rows(shard.made("hotlist_repeat", count=300, subject=4242), typing(1.0))
    keys = {(r["subject_plate"], r["subject_key"]) for r in found if r["match"] == "exact"}
    right = int(POPULATION.plate_key(np.array([4242]), 0)[0])
    assert len(keys) == 3
    assert right not in {key for _, key in keys}


def test_vague_rows_have_no_typing_errors():
    """Who leaves characters out does not also mistype them."""
    made = shard.made("hotlist_repeat", count=1200, subject=4242)
    for world in (shard.world(), typing(1.0)):
        found = shard.rows(made, world)
        partial = {r["subject_plate"] for r in found if r["match"] == "partial"}
        assert partial == {own_plate(4242)[:4] + "***"}


def test_strangers_are_many_and_grown_up():
    """An occasion without a subject is about an adult of the population at large."""
    found = shard.rows(shard.made("jail_check", count=500))
    exact = [r for r in found if r["match"] == "exact"]
    assert len({r["subject_key"] for r in exact}) > 0.95 * len(exact)
    born = [r["subject_birth_year"] for r in found if r["subject_birth_year"]]
    assert max(born) <= 2024 - 16


def test_a_check_of_one_person_stays_with_him():
    """Name checks never turn to somebody else."""
    found = shard.rows(shard.made("name_check", count=300, n=4, subject=4242))
    kinds = Counter(r["subject_kind"] for r in found if r["match"] == "exact")
    keys = {r["subject_key"] for r in found if r["match"] == "exact"}
    assert set(kinds) == {"person", "vehicle"}
    assert len(keys) == 2


def test_half_of_the_others_of_a_case_are_its_victim():
    """A quarter of the later queries of a case leave the subject, half of them for the victim."""
    case = 7
    plan = shard.plan(shard.world())
    made = shard.made("case_session", "fraud", 1500, n=2, subject=4242, case=50 + case)
    found = [r for r in shard.rows(made) if r["match"] == "exact"]
    keys = {
        who: {int(f(np.array([person]), 0)[0]) for f in
              (POPULATION.person_key, POPULATION.plate_key)}
        for who, person in (("main", 4242), ("victim", int(plan.cases.victim[case])))
    }  # fmt: skip
    things = [r for r in found if r["subject_kind"] != "property"]
    victim = shard.share(things, lambda r: r["subject_key"] in keys["victim"])
    main = shard.share(things, lambda r: r["subject_key"] in keys["main"])
    assert victim == pytest.approx(0.5 * 0.25 * 0.5, abs=0.02)
    assert main == pytest.approx(1 - 0.5 * 0.25, abs=0.02)
