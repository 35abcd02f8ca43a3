"""How houses and hands write what others write, too: words of their own for common reasons.

Of what is written at Californian agencies, about half is a text that two of them write (390 texts
of 4,223; domain note 8). The rest is numbers and texts that one agency, or one officer, writes. How
those are made is an assumption: the forms are those named in domain note 8 (cut and vowelless
words, words joined, letters swapped, law and section in another order, the wrong law, a digit too
many).
"""

from __future__ import annotations

import re
from typing import Final

#: Ways of each text, some of them plain; a power of two.
WAYS: Final = 8
#: So many are plain, by class; where none is named here, all are.
_PLAIN: Final = {"free": 1, "qualifier": 1, "generic": 3, "code": 2}
_EVERYBODYS: Final = 300  # counted so often, a text has only plain ways: everybody writes it so
_CODE: Final = re.compile(
    r"(?P<law>pc|cvc|vc|hs|bp|wi)?[ -]*(?P<n>\d{3,5})[ -]*(?P<end>pc|cvc|vc|hs|bp|wi)?"
)
_OTHER_LAW: Final = {"pc": "cvc", "cvc": "pc", "vc": "pc", "hs": "pc", "bp": "hs", "wi": "pc"}
_SHORTEST: Final = 5  # letters of a word that is worth cutting
_CUT: Final = 4
_VOWELS: Final = re.compile(r"(?<=[a-z])[aeiou](?=[a-z])")
#: Words that must stay as they are, or the text would be of another class.
_KEPT: Final = re.compile(
    r"^(inv|inves|invest|investigat\w*|case|wanted|patrol|info|information|intel|police|crime|criminal|follow-?up)$"
)


def ways_of(text: str, kind: str, n: int) -> list[str]:
    """Return the ways of a text, plain ones first.

    Parameters
    ----------
    text
        As it was counted, in small letters.
    kind
        One of `vocabulary.CLASSES`.
    n
        How often it was counted.

    Examples
    --------
    >>> ways_of("stolen plate", "free", 38)[1:4]
    ['stln plate', 'stolen plt', 'stol plate']
    >>> ways_of("459pc", "code", 90)[2:6]
    ['459(a)pc', 'pc-459', '459cvc', '4599pc']
    """
    if n >= _EVERYBODYS or kind not in _PLAIN or _KEPT.match(text):
        return [text] * WAYS
    plain, own = _PLAIN[kind], _codes(text) if kind == "code" else _words(text)
    own = [one for one in dict.fromkeys(own) if one != text] or [text]
    return [text] * plain + [own[k % len(own)] for k in range(WAYS - plain)]


def _codes(text: str) -> list[str]:
    found = _CODE.fullmatch(text)
    if not found or not (found["law"] or found["end"]):
        return [text]  # a bare number, or more than a section and its law
    law, number = found["law"] or found["end"], found["n"]
    return [
        f"{number}(a){law}", f"{law}-{number}", f"{number}{_OTHER_LAW[law]}",
        f"{number}{number[-1]}{law}" if len(number) < _SHORTEST else f"{number} {law}",
    ]  # fmt: skip


def _words(text: str) -> list[str]:
    words = text.split()
    can = [k for k, word in enumerate(words) if word.isalpha() and not _KEPT.match(word)]
    long = [k for k in can if len(words[k]) >= _SHORTEST]
    out = [_with(words, k, _VOWELS.sub("", words[k])) for k in long]
    out += [_with(words, k, words[k][:_CUT]) for k in long[:1]]
    out += [_with(words, k, _swapped(words[k])) for k in long[-1:]]
    out += [f"poss {text}", f"{text} susp"]
    if len(can) == len(words) > 1:
        out += ["/".join(words), " ".join([*words[-1:], *words[:-1]])]
    return out if len(out) >= WAYS - 1 else [*out, f"{text} veh", f"att {text}", f"{text} rpt"]


def _with(words: list[str], place: int, word: str) -> str:
    return " ".join([*words[:place], word, *words[place + 1 :]])


def _swapped(word: str) -> str:
    """Return a word with its third and fourth letters in the wrong order."""
    return word[:2] + word[3] + word[2] + word[4:]
