"""Number plates: from a number to seven characters, such as 4ABC123."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    U64Array = NDArray[np.uint64]

U = np.uint64
PLATE_WIDTH: Final = 7
_DIGITS: Final = b"0123456789"
_LETTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FIRST: Final = b"123456789" + _LETTERS + b"0"
_TAILS: Final = len(_DIGITS) ** 3  # plates that differ in their digits only
_MIDDLES: Final = len(_LETTERS) ** 3
#: Plates that begin with 1 to 9, and all.
COMMON_PLATES: Final = 9 * _MIDDLES * _TAILS
ALL_PLATES: Final = len(_FIRST) * _MIDDLES * _TAILS


def plate_text(numbers: U64Array) -> NDArray[np.uint8]:
    """Return plates as ASCII bytes, shape (n, 7); the numbers are below `ALL_PLATES`."""
    first, letters, digits = _words_of_plates()
    thousands, rest = numbers // U(_TAILS), numbers.copy()
    rest -= thousands * U(_TAILS)
    text = digits.take(rest.view(np.int64))
    front = np.floor_divide(thousands, U(_MIDDLES), out=rest)
    text |= first.take(front.view(np.int64))
    front *= U(_MIDDLES)
    thousands -= front
    text |= letters.take(thousands.view(np.int64))
    plates = text.view("S8").astype(f"S{PLATE_WIDTH}")  # the eighth byte is empty
    return plates.view(np.uint8).reshape(len(numbers), PLATE_WIDTH)


@cache
def _words_of_plates() -> tuple[U64Array, U64Array, U64Array]:
    """Return the texts of the three parts of a plate, each at its place in an empty word.

    Bytes of a little-endian word stand in the order of a text, so that the parts only add up.
    """
    return _words(_FIRST, 1, 0), _words(_LETTERS, 3, 1), _words(_DIGITS, 3, 4)


def _words(characters: bytes, count: int, shift: int) -> U64Array:
    """Return all texts of `count` characters in their order, `shift` bytes up in a word."""
    texts = np.zeros((len(characters) ** count, 8), np.uint8)
    for place in range(count):
        digit = np.arange(len(texts)) // len(characters) ** (count - 1 - place) % len(characters)
        texts[:, shift + place] = np.frombuffer(characters, np.uint8)[digit]
    return texts.view("<u8").ravel()
