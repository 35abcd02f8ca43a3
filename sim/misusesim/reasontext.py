"""Sorting reason texts into the classes measured on real logs (42,391 rows of 70 agencies)."""

from __future__ import annotations

import re
from typing import Final

#: In the order of testing; the last takes the rest.
CLASSES: Final = (
    "blank", "test", "number", "code", "short", "generic", "misspelt", "qualified",
    "number_and_words", "words",
)  # fmt: skip

GENERIC: Final = frozenset({
    "inv", "invest", "inves", "investigate", "investigation", "investigations", "investigative",
    "wanted", "patrol", "info", "information", "intel", "police", "case", "crime", "criminal",
    "follow-up", "followup",
})  # fmt: skip
_LIKE_INV: Final = ("inv", "ive", "ine", "imv")
_TEST = re.compile(r"\b(test|testing|training|trng)\b")
_NUMBER = re.compile(r"[a-z]{0,4}[\s#-]*\d[\d\s#/-]*")
#: Penal and vehicle codes: 459, 211pc, pc459, 10851 cvc, 11377(a) hs.
_CODE = re.compile(
    r"((pc|vc|cvc|hs|cpc|bp|wi)[\s-]*\d{2,5}(\.\d+)?(\([a-z0-9]+\))*"
    r"|\d{2,5}(\.\d+)?(\([a-z0-9]+\))*[\s-]*(pc|vc|cvc|hs|cpc|bp|wi|v))"
)
#: Written without a law: murder, robbery, burglary, theft, vehicle theft and the like.
_BARE_CODE: Final = frozenset({
    "187", "211", "215", "236", "243", "245", "273.5", "288", "459", "484", "487", "496", "594",
    "10851",
})  # fmt: skip


def classify(text: str) -> int:
    """Return the place of a trimmed reason text in `CLASSES`.

    Examples
    --------
    >>> [CLASSES[classify(t)] for t in ("", "459pc", "25-01234", "inv", "invstigation", "gta")]
    ['blank', 'code', 'number', 'generic', 'misspelt', 'words']
    """
    words = text.lower().replace("+", " ").strip(" .,;:!?*-")
    return CLASSES.index(_class(words) if text else "blank")


def _class(text: str) -> str:
    if _TEST.search(text):
        return "test"
    if _CODE.fullmatch(text) or text in _BARE_CODE:
        return "code"
    if _NUMBER.fullmatch(text):
        return "number"
    return _one_word(text) if len(text.split()) <= 1 else _many_words(text.split())


def _many_words(parts: list[str]) -> str:
    if any(part in GENERIC for part in parts):
        return "qualified"
    if any(_NUMBER.fullmatch(part) or _CODE.fullmatch(part) for part in parts):
        return "number_and_words"
    return "words"


def _one_word(word: str) -> str:
    if word in GENERIC:
        return "generic"
    if len(word) <= 2:  # noqa: PLR2004 - sv, dv, xx
        return "short"
    near = abs(len(word) - len("investigation")) <= 2  # noqa: PLR2004 - letters lost or doubled
    return "misspelt" if near and word.startswith(_LIKE_INV) else "words"
