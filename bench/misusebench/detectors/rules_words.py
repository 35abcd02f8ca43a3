"""Words as DuckDB writes them in capitals and small letters: one letter for one letter.

Python turns "ß" into "SS" and "İ" into an i and a dot; DuckDB maps each letter by itself. The rules
have to mean the same in both, and a test compares all letters that there are.
"""

from __future__ import annotations

from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

_UPPER = {0xDF: 0x1E9E}
_LOWER = {0x130: 0x69}


@lru_cache(maxsize=4096)
def _capital(letter: str) -> str:
    if (special := _UPPER.get(ord(letter))) is not None:
        return chr(special)
    for capital in (letter.upper(), letter.title()):  # "ᾀ" has one letter only as a title
        if len(capital) == 1:
            return capital
    return letter


@lru_cache(maxsize=4096)
def _small(letter: str) -> str:
    if (special := _LOWER.get(ord(letter))) is not None:
        return chr(special)
    small = letter.lower()
    return small if len(small) == 1 else letter


def upper(word: str) -> str:
    """Return a word in capitals.

    Examples
    --------
    >>> upper("Müller"), upper("Strauß")
    ('MÜLLER', 'STRAUẞ')
    """
    return word.upper() if word.isascii() else "".join(map(_capital, word))


def lower(word: str) -> str:
    """Return a word in small letters.

    Examples
    --------
    >>> lower("CCW Renewal")
    'ccw renewal'
    """
    return word.lower() if word.isascii() else "".join(map(_small, word))


def small(words: pa.Array) -> pa.Array:
    """Return words in small letters, null for null.

    Examples
    --------
    >>> small(pa.array(["CCW Renewal", None, "ÉTÉ"])).to_pylist()
    ['ccw renewal', None, 'été']
    """
    found = pc.ascii_lower(words)
    odd = pc.invert(pc.string_is_ascii(words)).fill_null(False)
    if not pc.any(odd, min_count=0).as_py():
        return found
    theirs = pa.array([lower(word) for word in words.filter(odd).to_pylist()], words.type)
    return pc.replace_with_mask(found, odd, theirs)
