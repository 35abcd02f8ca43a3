"""Named random streams: the only place where randomness is made.

Two tools, and no other, put chance on the road to a row:

* :func:`stream` gives a generator to one entity for one purpose (an officer's leave, a campaign);
* :func:`draw` gives 64 random bits to one need for one column, without a generator.

Nothing else enters: no worker, shard, order or clock. Functions whose last bit depends on the CPU
(``exp``, ``log``, ``power`` on arrays) must not be applied to what these return on the way to a
row; take rates and durations from tables (:func:`guide`) and make times integers early.
"""

from __future__ import annotations

import hashlib
import math
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from misusesim import seeding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from numpy.typing import NDArray

    U64Array = NDArray[np.uint64]

U = np.uint64
_ODD = 0x9E3779B97F4A7C15
_WORD = 2**64


def _one(value: int) -> U64Array:
    """Return a number as an array without axes: numpy calls take twice as long with a scalar."""
    return np.array(value, U)


_STEP = _one(_ODD)
#: Shifts and factors of splitmix64's finaliser.
_SHIFTS = ((_one(30), _one(0xBF58476D1CE4E5B9)), (_one(27), _one(0x94D049BB133111EB)))
_LAST_SHIFT = _one(31)
_SPARED = _one(2)
#: The bits that the last step of the finaliser changes.
_LOWER = (1 << 33) - 1
#: Numbers worked on at a time: a few arrays of so many stay in the cache of a core.
_AT_A_TIME = 1 << 14


def stream(seed: int, name: str, *entity: int) -> np.random.Generator:
    """Return the generator of one purpose of one entity.

    Parameters
    ----------
    seed
        The scenario's seed.
    name
        The purpose, for instance ``"leave"``. Always used with the same number of ids.
    entity
        Ids below 2**32, for instance agency, officer, week.

    Raises
    ------
    ValueError
        If an id does not fit 32 bits (``(2**32,)`` and ``(0, 1)`` would be the same stream).
    """
    entity = tuple(map(int, entity))  # numpy's integers would overflow
    if not all(0 <= part < 2**32 for part in entity):
        raise ValueError(f"stream {name}: ids must fit 32 bits, got {entity}")
    return _generator(np.array(seeding.words(seed, _word(name), entity), U))


def streams(seed: int, name: str, *entity: NDArray[Any]) -> Iterator[np.random.Generator]:
    """Return the generators of one purpose of many entities; :func:`stream` makes the same.

    Parameters
    ----------
    seed, name
        As in :func:`stream`.
    entity
        Columns of ids below 2**32, one row per entity.

    Raises
    ------
    ValueError
        If an id does not fit 32 bits.
    """
    ids = [column.astype(U) for column in entity]
    if any((column >> U(32)).any() for column in ids):
        raise ValueError(f"stream {name}: ids must fit 32 bits")
    return map(_generator, np.stack(seeding.words(seed, _word(name), ids), axis=1))


def _generator(words: U64Array) -> np.random.Generator:
    key: Any = seeding.Prepared(words)  # numpy's stubs know only its own sequences
    return np.random.Generator(np.random.PCG64DXSM(key))


@cache
def _word(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big")


@lru_cache(maxsize=4096)
def salt(seed: int, name: str) -> int:
    """Return the 64-bit salt of a column or a keyed permutation, for :func:`draw`."""
    digest = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def mix(x: U64Array) -> U64Array:
    """Return splitmix64's finaliser of `x`: a bijection of 64-bit integers."""
    return _in_parts(_mix, x)


def _mix(x: U64Array, *, out: U64Array) -> None:
    out[...] = x
    _mix_here(out, np.empty_like(out))


def draw(need: U64Array, column_salt: int) -> U64Array:
    """Return 64 random bits per need for one column; `column_salt` comes from :func:`salt`."""
    return _in_parts(_draw, need, _one(column_salt))


def _draw(need: U64Array, column_salt: U64Array, *, out: U64Array) -> None:
    spare = np.empty_like(out)
    _draw_upper(need, column_salt, out, spare)
    _end_here(out, spare)


def _draw_upper(need: U64Array, column_salt: U64Array, out: U64Array, spare: U64Array) -> None:
    """Draw but for the last step, which leaves the upper 31 bits as they are."""
    np.add(need, column_salt, out=out)
    _mix_here(out, spare)
    np.add(out, _STEP, out=out)
    _begin_here(out, spare)


def top(need: U64Array, column_salt: int) -> NDArray[np.uint16]:
    """Return the upper 16 bits of what :func:`draw` returns, sooner."""
    return _in_parts(_top, need, _one(column_salt), kind=np.uint16)


def _top(need: U64Array, column_salt: U64Array, *, out: NDArray[np.uint16]) -> None:
    bits, spare = np.empty((2, len(need)), U)
    _draw_upper(need, column_salt, bits, spare)
    out[...] = np.right_shift(bits, _one(48), out=bits)


def under(need: U64Array, column_salt: int, least: int) -> NDArray[np.bool_]:
    """Return where what :func:`draw` returns is below `least` (at most 2**64), sooner."""
    if least >= _WORD:
        return np.ones(need.shape, np.bool_)
    return _in_parts(_under, need, _one(column_salt), least, kind=np.bool_)


def _under(need: U64Array, column_salt: U64Array, least: int, *, out: NDArray[np.bool_]) -> None:
    bits, spare = np.empty((2, len(need)), U)
    _draw_upper(need, column_salt, bits, spare)
    least_upper = least & ~_LOWER
    np.less(bits, _one(least_upper), out=out)
    if np.count_nonzero(bits <= _one(least_upper | _LOWER)) != np.count_nonzero(out):
        _end_here(bits, spare)  # about once in 2**31 numbers the upper bits do not tell
        np.less(bits, _one(least), out=out)


def _mix_here(x: U64Array, spare: U64Array) -> None:
    """Mix `x` in place; `spare` is room for as many numbers."""
    _begin_here(x, spare)
    _end_here(x, spare)


def _begin_here(x: U64Array, spare: U64Array) -> None:
    for shift, factor in _SHIFTS:
        np.right_shift(x, shift, out=spare)
        np.bitwise_xor(x, spare, out=x)
        np.multiply(x, factor, out=x)


def _end_here(x: U64Array, spare: U64Array) -> None:
    np.right_shift(x, _LAST_SHIFT, out=spare)
    np.bitwise_xor(x, spare, out=x)


def _in_parts(
    work: Callable[..., None], x: U64Array, /, *settings: Any, kind: Any = U
) -> NDArray[Any]:
    """Return what ``work(x, *settings, out=...)`` writes, done part by part where `x` is long."""
    out = np.empty(x.shape, kind)
    if x.size <= _AT_A_TIME:
        work(x, *settings, out=out)
        return out
    for first in range(0, len(x), _AT_A_TIME):
        part = slice(first, first + _AT_A_TIME)
        work(x[part], *settings, out=out[part])
    return out


def unit(bits: U64Array) -> NDArray[np.float64]:
    """Return uniform numbers in [0, 1) from the upper 53 of 64 random bits (exact, no libm)."""
    return (bits >> U(11)).astype(np.float64) * 2.0**-53


def below(bits: U64Array, bound: NDArray[np.int64] | int) -> NDArray[np.int64]:
    """Return integers in [0, bound) from 64 random bits; `bound` is at most 2**31."""
    out = np.asarray(bits >> U(33))
    out = out * np.asarray(bound).astype(U)
    out >>= U(31)
    return out.view(np.int64)


def guide(weights: Sequence[int]) -> NDArray[np.int16]:
    """Return 65,536 codes in proportion to integer weights, to be indexed by the upper 16 bits.

    A share below 1/65,536 may get no entry at all.

    Examples
    --------
    >>> table = guide([3, 1])
    >>> int((table == 0).sum()), int((table == 1).sum())
    (49152, 16384)
    """
    total = sum(weights)
    share = [w * 65536 // total for w in weights]
    rest = sorted(range(len(weights)), key=lambda i: (-(weights[i] * 65536 % total), i))
    for i in rest[: 65536 - sum(share)]:
        share[i] += 1
    return np.repeat(np.arange(len(weights), dtype=np.int16), share)


def pick(table: NDArray[np.int16], bits: U64Array) -> NDArray[np.int16]:
    """Return one code of a :func:`guide` table per 64 random bits."""
    return table.take((bits >> U(48)).view(np.int64))


def feistel(x: U64Array, key: int, half: int, rounds: Sequence[int] = range(4)) -> U64Array:
    """Return a keyed permutation of 2*half-bit integers; ``half=32`` makes query ids."""
    return _in_parts(_feistel, x, key, half, rounds)


def _feistel(x: U64Array, key: int, half: int, rounds: Sequence[int], *, out: U64Array) -> None:
    mask, shift = _one((1 << half) - 1), _one(half)
    left, right = x >> shift, x & mask
    word, spare = np.empty_like(left), out
    for r in rounds:
        np.add(right, _round_key(key, r), out=word)
        _mix_here(word, spare)
        np.bitwise_and(word, mask, out=word)
        left ^= word
        left, right = right, left
    np.left_shift(left, shift, out=out)
    out |= right


def _round_key(key: int, r: int) -> U64Array:
    return _one((key + r * _ODD) % _WORD)


def unfeistel(x: U64Array, key: int, half: int) -> U64Array:
    """Return the inverse of :func:`feistel`."""
    swapped = (x & U((1 << half) - 1)) << U(half) | x >> U(half)
    y = feistel(swapped, key, half, rounds=range(3, -1, -1))
    return (y & U((1 << half) - 1)) << U(half) | y >> U(half)


def permute(x: U64Array, key: int, size: int) -> U64Array:
    """Return a keyed permutation of [0, size).

    A Feistel network over [0, a) x [0, b) with a*b just above the size, so that hardly any value
    falls outside and has to be permuted again (of a network over bits up to three in four do).

    Raises
    ------
    ValueError
        If a value is not in [0, size) to begin with: it might never come back into it.
    """
    return _within(_rounds, x, key, size)


def unpermute(x: U64Array, key: int, size: int) -> U64Array:
    """Return the inverse of :func:`permute`."""
    return _within(_unrounds, x, key, size)


def _within(step: Callable[..., None], x: U64Array, key: int, size: int) -> U64Array:
    if x.size and int(x.max()) >= size:
        raise ValueError(f"permute: values must be below {size}, got {int(x.max())}")
    a = math.isqrt(size - 1) + 1 if size > 1 else 1
    sides = _one(a), _one(-(-size // a))
    y = _in_parts(step, x, key, *sides)
    while (out := np.flatnonzero(y >= U(size))).size:
        y[out] = _in_parts(step, y[out], key, *sides)
    return y


def _divided(x: U64Array, by: U64Array) -> tuple[U64Array, U64Array]:
    """Return quotient and remainder by one number; of the two numpy is quick at the former only."""
    quotient = x // by
    rest = quotient * by
    return quotient, np.subtract(x, rest, out=rest)


def _remainder_here(x: U64Array, by: U64Array, spare: U64Array) -> None:
    np.floor_divide(x, by, out=spare)
    np.multiply(spare, by, out=spare)
    np.subtract(x, spare, out=x)


def _rounds(x: U64Array, key: int, a: U64Array, b: U64Array, *, out: U64Array) -> None:
    left, right = _divided(x, b)
    word, spare = np.empty_like(left), out
    for r in range(4):
        _take_bits(right, key, r, word, spare)
        left += word
        _remainder_here(left, b if r % 2 else a, spare)
        left, right = right, left
    np.multiply(left, b, out=out)
    out += right


def _unrounds(x: U64Array, key: int, a: U64Array, b: U64Array, *, out: U64Array) -> None:
    left, right = _divided(x, b)
    word, spare = np.empty_like(left), out
    for r in (3, 2, 1, 0):
        size = b if r % 2 else a
        _take_bits(left, key, r, word, spare)
        _remainder_here(word, size, spare)
        right -= word
        # a step below 0 wraps to a huge number
        np.add(right, size, out=word)
        np.minimum(right, word, out=right)
        left, right = right, left
    np.multiply(left, b, out=out)
    out += right


def _take_bits(half: U64Array, key: int, r: int, word: U64Array, spare: U64Array) -> None:
    """Put 62 bits from one half in round `r` into `word`."""
    np.add(half, _round_key(key, r), out=word)
    _mix_here(word, spare)
    np.right_shift(word, _SPARED, out=word)
