"""The words that seed generators: what numpy's ``SeedSequence`` makes, at a fraction of the cost.

An engine asks for one generator per purpose, agency and week, often for a handful of draws, and
numpy takes longer to build a seed sequence than to make those draws. All streams of a purpose share
the entropy they begin with, the seed and the word of the name. Numpy mixes that once; the ids, and
the words that come out, are reckoned here, for one entity or an array of them alike. Numpy promises
never to change the algorithm (NEP 19).
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.random.bit_generator import ISeedSequence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    #: One word or many: an `int`, or an array of uint64.
    Word: TypeAlias = Any

#: The factors of numpy's `bit_generator.pyx`, under the names they have there.
_INIT_A, _MULT_A = 0x43B0D7E5, 0x931E8875
_INIT_B, _MULT_B = 0x8B51F9DD, 0x58F38DED
_MIX_L, _MIX_R = 0xCA01F9DD, 0x4973F715
_MASK: Final = 0xFFFFFFFF
_POOL: Final = 4
_WORD_BITS: Final = 32
#: Words handed out: twice four, for a state and an increment of 128 bits each.
_OUT: Final = 8


class Prepared(ISeedSequence):
    """A seed sequence whose words are already known; asked once, by the generator it seeds."""

    def __init__(self, words: NDArray[np.uint64]) -> None:
        self._words = words

    def generate_state(
        self,
        n_words: int,  # noqa: ARG002 - numpy's interface
        dtype: Any = np.uint32,  # noqa: ARG002
    ) -> NDArray[np.uint64]:
        """Return the words, whatever is asked for: a PCG64DXSM asks for four of 64 bits."""
        return self._words


def _constants(first: int, factor: int, count: int) -> list[tuple[int, int]]:
    """Return what each of some hashes in a row adds and what it multiplies with."""
    values = [first]
    for _ in range(count):
        values.append(values[-1] * factor & _MASK)
    return list(pairwise(values))


_LAST: Final = _constants(_INIT_B, _MULT_B, _OUT)


@lru_cache(maxsize=4096)
def _begun(seed: int, word: int, ids: int) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the pool once seed and word are in it, and the constants of the hashes to come."""
    sequence = np.random.SeedSequence(seed, spawn_key=(word,))
    words = max(_POOL, -(-seed.bit_length() // _WORD_BITS)) + 1
    done = _POOL * words
    constants = _constants(_INIT_A, _MULT_A, done + _POOL * ids)
    return sequence.pool.tolist(), constants[done:]


def _hashed(value: Word, constant: tuple[int, int]) -> Word:
    value = (value ^ constant[0]) * constant[1] & _MASK
    return value ^ value >> 16


def words(seed: int, word: int, entity: Sequence[Word]) -> list[Word]:
    """Return the four 64-bit words that ``SeedSequence(seed, (word, *entity))`` seeds with.

    Parameters
    ----------
    seed, word
        The entropy that all entities share.
    entity
        Ids below 2**32; all of them numbers, or all of them arrays of the same length.
    """
    pool, constants = _begun(seed, word, len(entity))
    mixed: list[Word] = list(pool)
    for k, part in enumerate(entity):
        for i in range(_POOL):
            value = _MIX_L * mixed[i] - _MIX_R * _hashed(part, constants[_POOL * k + i]) & _MASK
            mixed[i] = value ^ value >> 16
    out = [_hashed(mixed[i % _POOL], constant) for i, constant in enumerate(_LAST)]
    return [low | high << _WORD_BITS for low, high in zip(out[::2], out[1::2], strict=True)]
