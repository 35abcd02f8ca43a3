"""Numbers of incidents and cases as people type them, and opaque ids for truth and context.

A number must not depend on what else happened, or misuse would shift the numbers of honest
incidents. So the running number of a year is the time of opening counted in small slots; of two
that fall into one slot the lower serial stays and the other takes the next free slot. Gaps are as
in life, where numbers are also spent on things that never become a record.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np

from misusesim import rng
from misusesim.clock import LocalClock
from misusesim.plan import SERIAL_BITS, own_serials
from misusesim.workload.slots import settle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Agency

    I64Array = NDArray[np.int64]
    TextArray = NDArray[np.object_]

_LEAP_YEAR_US: Final = 366 * 86_400 * 1_000_000
#: Slots a year and account holder: about ten for every incident, and ten for every case.
_SLOTS: Final = {"incident": 20_000, "case": 200}
_LEAST_SLOTS: Final = {"incident": 100_000, "case": 1_001}
#: Shapes of `case_number_shapes.csv` and of domain note 8, with weights; {p} letters, {y} year.
_SHAPES: Final = {
    "incident": (("{y}-{n}", 50), ("{y}{n}", 35), ("{Y}-{n}", 15)),
    "case": (
        ("{y}-{n}", 45), ("{p}{y}{n}", 20), ("{p}{y}-{n}", 15), ("{p}{Y}-{n}", 10), ("{y}{n}", 10),
    ),
}  # fmt: skip


class Numbered(Protocol):
    """Agencies that stand together."""

    @property
    def numbers(self) -> NDArray[np.uint64]:
        """Index in the state of each agency."""


def number_style(scenario: Scenario, agency: Agency, kind: str) -> tuple[str, str, int, int]:
    """Return shape, letter prefix, slots a year and digits of an agency's numbers.

    Parameters
    ----------
    scenario
        Gives the seed.
    agency
        Whose numbers; the width follows from its accounts.
    kind
        ``"incident"`` or ``"case"``; the two widths of one agency always differ.
    """
    key = rng.salt(scenario.seed, f"number/{kind}")
    bits = rng.draw(np.arange(3, dtype=np.uint64) + np.uint64(agency.index << 2), key)
    shapes = _SHAPES[kind]
    shape = shapes[int(rng.pick(_shape_guide(kind), bits[:1])[0])][0]
    letters = "".join(chr(65 + int(bits[1]) // 26**i % 26) for i in range(2))
    slots = max(_LEAST_SLOTS[kind], _SLOTS[kind] * agency.accounts)
    return shape, letters[: 1 + int(bits[2] >> np.uint64(63))], slots, len(str(slots - 1))


@cache
def _shape_guide(kind: str) -> NDArray[np.int16]:
    return rng.guide([weight for _, weight in _SHAPES[kind]])


def number_texts(
    scenario: Scenario, agency: Agency, kind: str, serials: I64Array, opened_us: I64Array
) -> TextArray:
    """Return the numbers of an agency's incidents or cases as text.

    Parameters
    ----------
    scenario
        Gives the seed.
    agency
        Whose incidents or cases.
    kind
        ``"incident"`` or ``"case"``.
    serials
        Serial of each, each once. Give all of the agency: where two were opened
        within one slot the lower serial keeps its number, so honest ones (lower serials) never
        depend on those that misuse adds.
    opened_us
        When each was opened, UTC microseconds.

    Returns
    -------
    NDArray[object]
        One `str` each: unique in the agency, ascending in time.
    """
    nowhere = np.zeros(len(serials), np.int64)
    return _texts(number_digits(scenario, [agency], kind, nowhere, serials, opened_us))


def opaque_id(scenario: Scenario, kind: str, agency: Agency, serials: I64Array) -> TextArray:
    """Return ids that say nothing: 16 hex digits of a keyed permutation, unique in the state.

    Parameters
    ----------
    scenario
        Gives the seed.
    kind
        What is named: ``"incident"``, ``"case"``, ``"campaign"`` ...; each has its own key.
    agency
        Whose serials they are.
    serials
        Below 2**48.
    """
    return _texts(hex_digits(opaque_numbers(scenario, kind, agency.index, serials)))


def opaque_id_in(scenario: Scenario, kind: str, block: Numbered, serials: I64Array) -> TextArray:
    """Return the ids of :func:`opaque_id` for serials of a block (place of the agency on top)."""
    return _texts(hex_digits(opaque_numbers_in(scenario, kind, block, serials)))


def opaque_numbers_in(
    scenario: Scenario, kind: str, block: Numbered, serials: I64Array
) -> NDArray[np.uint64]:
    """Return the numbers whose hexadecimal digits are the ids of :func:`opaque_id_in`."""
    agency = block.numbers[serials >> SERIAL_BITS]
    own = own_serials(serials).astype(np.uint64)
    return opaque_numbers(scenario, kind, agency, own)


def opaque_numbers(
    scenario: Scenario, kind: str, agency: NDArray[np.uint64] | int, serials: NDArray[np.integer]
) -> NDArray[np.uint64]:
    """Return the numbers whose hexadecimal digits are the ids of :func:`opaque_id`.

    Parameters
    ----------
    agency
        Index in the state, for each serial or for all.
    """
    above = np.asarray(agency).astype(np.uint64) << np.uint64(48)
    plain = above | np.asarray(serials).astype(np.uint64)
    return rng.feistel(plain, rng.salt(scenario.seed, f"opaque/{kind}"), 32)


def hex_digits(numbers: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Return numbers as a matrix of ASCII bytes, 16 hexadecimal digits a row."""
    text = numbers.astype(">u8").tobytes().hex().encode()
    return np.frombuffer(text, np.uint8).reshape(-1, 16)


def _texts(characters: NDArray[np.uint8]) -> TextArray:
    """Return the rows of a matrix of ASCII bytes as `str`."""
    width = characters.shape[1]
    if not width:
        return np.full(len(characters), "", np.object_)
    text = np.ascontiguousarray(characters).view(f"S{width}").ravel()
    return text.astype(f"U{width}").astype(np.object_)


def number_digits(
    scenario: Scenario,
    agencies: Sequence[Agency],
    kind: str,
    place: NDArray[np.integer],
    serials: I64Array,
    opened_us: I64Array,
    wanted: I64Array | slice = slice(None),
) -> NDArray[np.uint8]:
    """Return the numbers of one kind of some agencies; see :func:`number_texts`.

    Parameters
    ----------
    agencies
        Some agencies.
    place
        Which of them each number belongs to.
    wanted
        Which numbers to return; the others only take their slots.

    Returns
    -------
    NDArray[uint8]
        A row of ASCII bytes each, with zeros behind the shorter ones.
    """
    styles = _Styles.of(scenario, agencies, kind)
    slots = styles.slots[place]
    year, passed = _in_year(LocalClock(scenario).local(np.asarray(opened_us, np.int64)))
    running = year * slots + passed // (_LEAP_YEAR_US // slots + 1)
    settled, place = settle(running, np.asarray(serials), place)[wanted], place[wanted]
    years, numbers = np.divmod(settled, slots[wanted])
    out: NDArray[np.uint8] = styles.form.take(place, axis=0)
    _fill(out, styles.year_end[place], styles.year_digits[place], 1970 + years)
    _fill(out, styles.end[place], styles.width[place], numbers)
    return out


def _in_year(local_us: I64Array) -> tuple[I64Array, I64Array]:
    """Return years since 1970 of local times, and the microseconds passed in them."""
    if not local_us.size:
        return local_us, local_us
    ends = np.array([local_us.min(), local_us.max()]).astype("M8[us]").astype("M8[Y]")
    first, last = ends.astype(np.int64).tolist()
    # numpy's own calendar works out each time anew; those of a data set lie in a year or two
    starts = np.arange(first, last + 1).astype("M8[Y]").astype("M8[us]").astype(np.int64)
    at = np.searchsorted(starts, local_us, side="right") - 1
    return first + at, local_us - starts[at]


class _Styles(NamedTuple):
    """How the numbers of some agencies look: a row or an entry per agency."""

    form: NDArray[np.uint8]  # ASCII, zeros behind
    slots: I64Array  # a year
    year_end: I64Array  # place of the last digit
    year_digits: I64Array
    end: I64Array
    width: I64Array

    @staticmethod
    def of(scenario: Scenario, agencies: Sequence[Agency], kind: str) -> _Styles:
        """Return the styles; see :func:`number_style`."""
        forms, rows = [], []
        for agency in agencies:
            shape, letters, slots, width = number_style(scenario, agency, kind)
            form = shape.format(p=letters, Y="yyyy", y="yy", n="0" * width)
            end = len(form) - len(shape.rpartition("{n}")[2]) - 1
            forms.append(form.encode())
            rows.append((slots, form.rindex("y"), form.count("y"), end, width))
        characters = np.array(forms, np.bytes_).view(np.uint8).reshape(len(forms), -1)
        return _Styles(characters, *np.array(rows, np.int64).T)


def _fill(out: NDArray[np.uint8], end: I64Array, width: I64Array, number: I64Array) -> None:
    """Write the last digits of numbers into rows of characters, each up to its own place."""
    flat, at = out.reshape(-1), np.arange(len(out)) * out.shape[1] + end
    rest, least = number.astype(np.int64), width.min(initial=0)
    for digit in range(int(width.max(initial=0))):
        tens = rest // 10  # numpy is quick at quotients by one number, not at remainders
        last = (rest - tens * 10 + ord("0")).astype(np.uint8)
        some = slice(None) if digit < least else width > digit
        flat[at[some]] = last[some]
        rest, at = tens, at - 1


def invented_number(
    scenario: Scenario, agency: Agency, kind: str, token: str, before_us: int
) -> str:
    """Return a number of the agency's shape that somebody made up; it may exist by chance.

    Parameters
    ----------
    scenario, agency, kind
        As in :func:`number_style`.
    token
        What the number is made up for (a campaign id): the same token gives the same number.
    before_us
        UTC microseconds; the number looks like one of the week before: the oldest that honest work
        types are of the warm-up week, so an older one, of last year say, would give itself away.
    """
    bits = rng.salt(scenario.seed, f"invented number/{kind}/{agency.index}/{token}")
    opened = before_us - bits % (7 * 86_400 * 1_000_000)
    zero = np.zeros(1, np.int64)
    one = number_digits(scenario, [agency], kind, zero, zero, np.array([opened]))
    return str(_texts(one)[0])
