"""The population: nobody is stored; everything about a person follows from his id when asked.

Ten consecutive seats form a block of four households (of 1, 2, 3 and 4 people). A keyed permutation
gives every person a seat, so both directions, person to household and seat to person, cost no
memory. All functions take and return arrays, int64 ids in [0, population).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from misusesim import rng
from misusesim.dataset.schema import SEXES, SUBJECT_KINDS
from misusesim.dice import Dice
from misusesim.world.names import pools
from misusesim.world.plates import ALL_PLATES, COMMON_PLATES, plate_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario

    Ids = NDArray[np.int64]
    People: TypeAlias = "Ids | Seated | AtHome"

U = np.uint64
SEATS: Final = 10
_HOME: Final = np.array([0, 1, 1, 2, 2, 2, 3, 3, 3, 3], U)
_MATE: Final = np.array([0, 2, 1, 4, 3, 5, 7, 6, 8, 9], U)  # the partner's seat; oneself: none
_CHILD: Final = np.array([0, 0, 0, 0, 0, 1, 0, 0, 1, 1], bool)
_PAIRED: Final = np.arange(SEATS) != _MATE
_SECOND: Final = np.arange(SEATS) > _MATE  # of a couple
_ADULT_SEATS: Final = np.array([0, 1, 2, 3, 4, 6, 7], np.int64)
#: Parents, children and siblings who share the household, partner apart; oneself: none.
_KIN: Final = np.array([
    [0, 0, 0], [1, 1, 1], [2, 2, 2], [5, 3, 3], [5, 4, 4], [3, 4, 5], [8, 9, 6], [8, 9, 7],
    [6, 7, 9], [6, 7, 8],
], U)  # fmt: skip
#: Ages at the start of those who hold an account (assumption).
_YOUNGEST_WORKER, _OLDEST_WORKER = 23, 60
HOUSEHOLDS_PER_BLOCK: Final = 4
#: Beats that addresses are sorted into (assumption).
AREAS: Final = 60
#: Blocks next to each other in one beat: neighbours live in the same (assumption).
_BLOCKS_PER_STREET: Final = 32
#: Share of couples of one sex (assumption).
_ALIKE_SHARE: Final = 0.1
_FEMALE, _MALE = SEXES.index("F"), SEXES.index("M")
_SEX_OF_BIT: Final = np.array([_FEMALE, _MALE], np.int8)


@dataclass(frozen=True, slots=True)
class Seated:
    """People whose seats are known: whoever asks several things about them walks there once."""

    ids: Ids
    seat: NDArray[np.uint64]

    def take(self, at: NDArray[np.int64]) -> Seated:
        """Return some of the people."""
        return Seated(self.ids.take(at), self.seat.take(at))


@dataclass(frozen=True, slots=True)
class AtHome:
    """People whose blocks, places and households are known as well."""

    ids: Ids
    block: NDArray[np.uint64]
    place: NDArray[np.int64]
    household: NDArray[np.uint64]

    def take(self, at: NDArray[np.int64]) -> AtHome:
        """Return some of the people."""
        place, household = self.place.take(at), self.household.take(at)
        return AtHome(self.ids.take(at), self.block.take(at), place, household)


class Population:
    """People of one world, on demand."""

    def __init__(self, scenario: Scenario) -> None:
        self.size = scenario.population
        self._seed = scenario.seed
        self._year = scenario.start.year
        self._pools = pools(scenario.seed)
        self.surnames = self._pools.surnames.words
        self.given_names = self._pools.female.words + self._pools.male.words
        self._seat_key = self._salt("seat")
        self._plate_key = self._salt("plate number")
        # a small population is spread over the common ones
        self._plates = COMMON_PLATES if self.size <= COMMON_PLATES else ALL_PLATES

    def _salt(self, name: str) -> int:
        return rng.salt(self._seed, f"population/{name}")

    def _draw(self, keys: NDArray[np.uint64], name: str) -> NDArray[np.uint64]:
        return rng.draw(keys, self._salt(name))

    def seated(self, ids: Ids) -> Seated:
        """Return people with their seats; functions that take people take these too."""
        return Seated(ids, rng.permute(np.asarray(ids).astype(U), self._seat_key, self.size))

    def at_home(self, people: People) -> AtHome:
        """Return people with all that follows from their seats; takes them as they are."""
        if isinstance(people, AtHome):
            return people
        block, place = self._seat(people)
        return AtHome(_ids(people), block, place, _household(block, place))

    def _seat(self, people: People) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Return block and place of each person."""
        if isinstance(people, AtHome):
            return people.block, people.place
        seat = (people if isinstance(people, Seated) else self.seated(people)).seat
        block = seat // U(SEATS)
        place = block * U(SEATS)
        return block, np.subtract(seat, place, out=place).view(np.int64)

    def _person(self, block: NDArray[np.uint64], place: NDArray[np.generic]) -> Ids:
        seat = block * U(SEATS)
        seat += place.view(U)
        return rng.unpermute(seat, self._seat_key, self.size).view(np.int64)

    def household(self, people: People) -> NDArray[np.uint64]:
        """Return the household of each person."""
        return self.at_home(people).household

    def partner(self, people: People) -> Ids:
        """Return the partner of each person; oneself where there is none."""
        block, place = self._seat(people)
        return self._person(block, _MATE[place])

    def kin(self, ids: Ids, nth: int) -> Ids:
        """Return the nth (0 to 2) of parents, children, siblings at home; oneself: no such."""
        block, place = self._seat(ids)
        return self._person(block, _KIN[place, nth])

    def neighbour(self, ids: Ids, nth: int) -> Ids:
        """Return an adult of one of the next blocks: the same street."""
        block, place = self._seat(ids)
        blocks = U(self.size // SEATS)
        return self._person((block + U(nth)) % blocks, np.where(_CHILD[place], 0, place))

    def adult(self, numbers: Ids) -> Ids:
        """Return one adult per number; different numbers below size/10 give different people."""
        block = self._own_block(numbers)
        place = _ADULT_SEATS[rng.below(self._draw(block, "adult seat"), len(_ADULT_SEATS))]
        return self._person(block, place)

    def grown(self, ids: Ids) -> Ids:
        """Return the same people, an adult of the block in the place of each child."""
        return self.grown_seated(ids).ids

    def grown_seated(self, ids: Ids) -> Seated:
        """Return what :meth:`grown` does, with the seats."""
        people = self.seated(ids)
        block, place = self._seat(people)
        children = np.flatnonzero(_CHILD.take(place))
        if not children.size:
            return people
        young, block = np.asarray(ids)[children].astype(U), block[children]
        place = _ADULT_SEATS[rng.below(self._draw(young, "grown"), len(_ADULT_SEATS))]
        grown = np.array(ids, np.int64)
        grown[children] = self._person(block, place)
        people.seat[children] = block * U(SEATS) + place.view(U)
        return Seated(grown, people.seat)

    def worker(self, numbers: Ids) -> Ids:
        """Return one adult of 23 to 60 per number, as different as in :meth:`adult`.

        In a block where nobody is of that age (about one in a thousand) another adult stands in.
        """
        block = self._own_block(numbers)
        first = rng.below(self._draw(block, "worker seat"), len(_ADULT_SEATS))
        found = self._person(block, _ADULT_SEATS[first])
        unfit = np.arange(len(found))
        for turn in range(1, len(_ADULT_SEATS)):
            age = self._year - self.birth_year(found[unfit])
            unfit = unfit[(age < _YOUNGEST_WORKER) | (age > _OLDEST_WORKER)]
            if not unfit.size:
                break
            place = _ADULT_SEATS[(first[unfit] + turn) % len(_ADULT_SEATS)]
            found[unfit] = self._person(block[unfit], place)
        return found

    def _own_block(self, numbers: Ids) -> NDArray[np.uint64]:
        """Return a block per number; no two of size/10 numbers in a row share one."""
        blocks = self.size // SEATS
        number = np.asarray(numbers).astype(U) % U(blocks)
        return rng.permute(number, self._salt("adult block"), blocks)

    def area(self, ids: Ids) -> NDArray[np.int16]:
        """Return the beat a person lives in; neighbouring blocks lie in one."""
        street = self._seat(ids)[0] // U(_BLOCKS_PER_STREET)
        return rng.below(self._draw(street, "area"), AREAS).astype(np.int16)

    def surname_code(self, people: People) -> NDArray[np.int16]:
        """Return the place of the surname in `surnames`; a household has one."""
        return rng.pick(self._pools.surnames.guide, self._draw(self.household(people), "surname"))

    def surname(self, ids: Ids) -> NDArray[np.object_]:
        """Return surnames as text."""
        return np.array(self.surnames, object)[self.surname_code(ids)]

    def sex(self, people: People) -> NDArray[np.int8]:
        """Return the code of `schema.SEXES`; partners are of two sexes nine times in ten."""
        home = self.at_home(people)
        place, household = home.place, home.household
        alike = Dice(self._seed, household).chance("population/alike", _ALIKE_SHARE)
        bit = _upper_bit(self._draw(household, "sex of the first"))
        bit ^= _SECOND.take(place) & ~alike
        alone = np.flatnonzero(~_PAIRED.take(place))
        bit[alone] = _upper_bit(self._draw(home.ids[alone].astype(U), "sex"))
        return _SEX_OF_BIT.take(bit.view(np.uint8))

    def given_code(self, ids: Ids) -> NDArray[np.int16]:
        """Return the place of the given name in `given_names`."""
        bits = self._draw(np.asarray(ids).astype(U), "given")
        male = rng.pick(self._pools.male.guide, bits) + len(self._pools.female.words)
        female = rng.pick(self._pools.female.guide, bits)
        return np.where(self.sex(ids) == _FEMALE, female, male).astype(np.int16)

    def given_name(self, ids: Ids) -> NDArray[np.object_]:
        """Return given names as text."""
        return np.array(self.given_names, object)[self.given_code(ids)]

    def birth_year(self, people: People) -> NDArray[np.int16]:
        """Return years of birth: adults 20 to 83, their children 20 to 38 years younger."""
        home = self.at_home(people)
        bits = self._draw(home.household, "age")
        # the lower of two draws: more of 30 than of 70 (assumption: a plain adult pyramid)
        age = 22 + np.minimum(rng.below(bits, 58), rng.below(bits << U(21), 80))
        own = self._draw(home.ids.astype(U), "own age")
        age = np.maximum(20, age - 4 + rng.below(own, 9))
        children = np.flatnonzero(_CHILD.take(home.place))
        age[children] = np.maximum(0, age[children] - 20 - rng.below(own[children], 19))
        return (self._year - age).astype(np.int16)

    def birth_date(self, ids: Ids) -> NDArray[np.int32]:
        """Return birth dates as days since 1970-01-01."""
        year = self.birth_year(ids).astype(np.int64)
        first = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
        day = rng.below(self._draw(np.asarray(ids).astype(U), "birthday"), 365)
        return (first + day).astype(np.int32)

    def plate_number(self, ids: Ids) -> NDArray[np.uint64]:
        """Return the number behind each person's plate; no two are equal."""
        return rng.permute(np.asarray(ids).astype(U), self._plate_key, self._plates)

    def plate_text(self, numbers: NDArray[np.uint64]) -> NDArray[np.uint8]:
        """Return plates such as 4ABC123 as ASCII bytes, shape (n, 7)."""
        return plate_text(numbers)

    def person_key(self, ids: Ids, typo: int = 0) -> NDArray[np.uint64]:
        """Return the key of name and birth date as typed; each typo is another key."""
        return self._draw(np.asarray(ids).astype(U), f"person key {typo}")

    def plate_key(self, ids: Ids, typo: int = 0) -> NDArray[np.uint64]:
        """Return the key of the plate as typed; each typo is another key."""
        return self._draw(np.asarray(ids).astype(U), f"plate key {typo}")

    def key_salts(self, typos: int) -> NDArray[np.uint64]:
        """Return the salts of the keys of people, plates and (none) other things, typos and all.

        They stand in the order of `schema.SUBJECT_KINDS`, `typos` + 1 of each: added to an id, one
        draws what :meth:`person_key` and :meth:`plate_key` do.
        """
        names = {"person": "person key", "vehicle": "plate key"}
        return np.array([
            self._salt(f"{names[kind]} {typo}") if kind in names else 0
            for kind in SUBJECT_KINDS
            for typo in range(typos + 1)
        ], U)  # fmt: skip

    def namesakes(
        self, surnames: NDArray[np.integer], chances: Sequence[np.random.Generator]
    ) -> Ids:
        """Return a random person of each surname, -1 where it is so rare that nobody is found.

        Parameters
        ----------
        surnames
            Places in `surnames`.
        chances
            A stream of people for each; the first of the name among them is taken.
        """
        found, tried = np.full(len(surnames), -1, np.int64), np.zeros(len(surnames), np.int64)
        left = np.arange(len(surnames))
        while left.size:
            now = left[:_TOGETHER]
            ids = np.stack([chances[row].integers(0, self.size, _SEARCHED) for row in now.tolist()])
            alike = self.surname_code(ids.reshape(-1)).reshape(ids.shape) == surnames[now, None]
            met, nth = alike.any(axis=1), alike.argmax(axis=1)
            found[now[met]] = ids[met, nth[met]]
            tried[now] += 1
            left = np.delete(left, np.flatnonzero(met | (tried[now] == _SEARCHES)))
        return found


#: People looked at for one surname at a time, how often, and for how many surnames together: as
#: many as the arrays of `rng` take at once.
_SEARCHED, _SEARCHES, _TOGETHER = 512, 128, 64


def _ids(people: People) -> Ids:
    return people.ids if isinstance(people, Seated | AtHome) else np.asarray(people)


def _household(block: NDArray[np.uint64], place: NDArray[np.int64]) -> NDArray[np.uint64]:
    out = block * U(HOUSEHOLDS_PER_BLOCK)
    out += _HOME.take(place)
    return out


def _upper_bit(bits: NDArray[np.uint64]) -> NDArray[np.bool_]:
    return np.asarray(bits >= U(1 << 63))
