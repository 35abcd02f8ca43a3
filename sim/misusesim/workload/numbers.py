"""Numbers of incidents and cases as people type them, and opaque ids for truth and context.

A number must not depend on what else happened, or misuse would shift the numbers of honest
incidents. So the running number of a year is the time of opening counted in small slots; of two
that fall into one slot the lower serial stays and the other takes the next free slot. Gaps are as
in life, where numbers are also spent on things that never become a record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim import rng
from misusesim.clock import LocalClock
from misusesim.plan import SERIAL_BITS, own_serials

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.plan import Places
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
    shape = shapes[int(rng.pick(rng.guide([w for _, w in shapes]), bits[:1])[0])][0]
    letters = "".join(chr(65 + int(bits[1]) // 26**i % 26) for i in range(2))
    slots = max(_LEAST_SLOTS[kind], _SLOTS[kind] * agency.accounts)
    return shape, letters[: 1 + int(bits[2] >> np.uint64(63))], slots, len(str(slots - 1))


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
    return _texts(number_digits(scenario, agency, kind, serials, opened_us))


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
    return _texts(hex_digits(opaque_numbers(scenario, kind, agency, serials)))


def opaque_id_in(scenario: Scenario, kind: str, block: Places, serials: I64Array) -> TextArray:
    """Return the ids of :func:`opaque_id` for serials of a block (place of the agency on top)."""
    agency = block.numbers[serials >> SERIAL_BITS]
    own = own_serials(serials).astype(np.uint64)
    return _texts(hex_digits(_hidden(scenario, kind, agency << np.uint64(48) | own)))


def opaque_numbers(
    scenario: Scenario, kind: str, agency: Agency, serials: I64Array
) -> NDArray[np.uint64]:
    """Return the numbers whose hexadecimal digits are the ids of :func:`opaque_id`."""
    plain = np.uint64(agency.index << 48) | np.asarray(serials).astype(np.uint64)
    return _hidden(scenario, kind, plain)


def _hidden(scenario: Scenario, kind: str, plain: NDArray[np.uint64]) -> NDArray[np.uint64]:
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
    scenario: Scenario, agency: Agency, kind: str, serials: I64Array, opened_us: I64Array
) -> NDArray[np.uint8]:
    """Return the numbers of one kind as a matrix of ASCII bytes; see :func:`number_texts`."""
    shape, letters, slots, width = number_style(scenario, agency, kind)
    opened = LocalClock(scenario).local(np.asarray(opened_us, np.int64)).astype("M8[us]")
    year = opened.astype("M8[Y]")
    passed = (opened - year.astype("M8[us]")).astype(np.int64)
    running = year.astype(np.int64) * slots + passed // (_LEAP_YEAR_US // slots + 1)
    years, numbers = np.divmod(_settle(running, np.asarray(serials)), slots)
    form = shape.format(p=letters, Y="yyyy", y="yy", n="0" * width).encode()
    out = np.tile(np.frombuffer(form, np.uint8), (len(numbers), 1))
    at = form.index(b"y")
    for k, y in enumerate(reversed(range(at, at + form.count(b"y")))):
        out[:, y] = (1970 + years) // 10**k % 10 + ord("0")
    rest, end = numbers, len(form) - len(shape.rpartition("{n}")[2])
    for place in range(end - 1, end - width - 1, -1):
        rest, last = np.divmod(rest, 10)
        out[:, place] = last + ord("0")
    return out


def _settle(slot: I64Array, serial: NDArray[np.integer]) -> I64Array:
    """Return slots that differ: the lowest serial stays, others move on to the next free one."""
    slot = slot.copy()
    while True:
        order = np.lexsort((serial, slot))
        same = slot[order[1:]] == slot[order[:-1]]
        if not same.any():
            return slot
        slot[order[1:][same]] += 1


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
    one = number_digits(scenario, agency, kind, np.zeros(1, np.int64), np.array([opened]))
    return str(_texts(one)[0])
