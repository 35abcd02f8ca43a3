"""The words of reason fields: measured texts by class and topic, as tables of codes.

Everything is settled once per process; a row later costs one look-up. A text has a *base* (the
lower-cased string), a *way* (how a house or a hand writes it) and a *style* (case, and ``+`` for
blanks); all together give its code.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.occasions import TOPICS
from misusesim.workload.ways import WAYS, ways_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

#: What kind of thing a reason is (domain note 8), in the order of the weights in `reasons.py`.
CLASSES: Final = (
    "blank", "free", "generic", "code", "number", "qualifier", "number_words", "short",
    "misspelt", "test", "screen",
)  # fmt: skip
CLASS: Final = {name: code for code, name in enumerate(CLASSES)}
#: Draws per class and topic; a text with a share below 1/512 of its cell may get no entry.
FORMS: Final = 512
#: A number that all counts of topics of an offence divide.
_SHARED: Final = 12
#: lower, title, upper, and the same with ``+`` for blanks.
STYLES: Final = 6
#: Topics that are no crime: texts that fit any crime do not fit them.
ADMINISTRATIVE: Final = ("permit", "employment", "records", "custody", "court", "test")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Tables; `text[styled[base, way, style]]` is what stands in the log."""

    texts: tuple[str, ...]  # sorted, each once
    form: NDArray[np.int32]  # base, [class, topic, FORMS]
    styled: NDArray[np.int32]  # text, [base, WAYS, STYLES]


@dataclass(frozen=True, slots=True)
class Offenses:
    """The drop-down: its values, and which one is picked for a topic."""

    values: tuple[str, ...]
    pick: NDArray[np.int8]  # value, [topic, FORMS]


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """Return the tables of reason texts."""
    usual = [*_read("reason_vocabulary.csv"), *_read("assumed_reasons.csv")]
    rows = [*usual, *_read("delicate_reasons.csv")]
    known = {row["text"] for row in usual}  # their places decide how each hand writes them
    bases = sorted(known) + sorted({row["text"] for row in rows} - known)
    place = {text: i for i, text in enumerate(bases)}
    cells: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for row in rows:
        cells[row["class"], row["topic"]][place[row["text"]]] = int(row["n"])
    form = np.stack([
        np.stack([_spread(_cell(cells, name, topic)) for topic in TOPICS]) for name in CLASSES
    ])  # fmt: skip
    surfaces = [_surfaces(way) for base in bases for way in _ways(rows, base)]
    texts = tuple(sorted({surface for row in surfaces for surface in row}))
    code = {text: i for i, text in enumerate(texts)}
    styled = np.array([[code[surface] for surface in row] for row in surfaces], np.int32)
    return Vocabulary(texts=texts, form=form, styled=styled.reshape(-1, WAYS, STYLES))


@lru_cache(maxsize=1)
def offenses() -> Offenses:
    """Return the drop-down values and the table that picks one for a topic."""
    rows = _read("offense_dropdown_counts.csv")
    cells: dict[str, dict[int, int]] = defaultdict(dict)
    for i, row in enumerate(rows):
        about = row["topics"].split()
        for topic in about:  # an offence of several topics was counted once
            cells[topic][i] = int(row["n"]) * _SHARED // len(about)
    pick = np.stack([_spread(cells[topic]) for topic in TOPICS]).astype(np.int8)
    return Offenses(values=tuple(row["offense"] for row in rows), pick=pick)


def _read(name: str) -> list[dict[str, str]]:
    source = resources.files("misusesim.workload") / "data" / name
    return list(csv.DictReader(source.read_text(encoding="utf-8").splitlines()))


def _cell(cells: dict[tuple[str, str], dict[int, int]], name: str, topic: str) -> dict[int, int]:
    """Return the texts of a class for a topic: 60 % its own, 40 % of any crime (assumption).

    Codes are the topic's own.
    """
    own, general = cells.get((name, topic), {}), cells.get((name, ""), {})
    if name == "code" and topic not in ADMINISTRATIVE and not own:
        for (other, about), weights in cells.items():  # any crime's: patrol has no code of its own
            general = general | (weights if other == name and about not in ADMINISTRATIVE else {})
    if name in {"test", "screen"} or (topic not in ADMINISTRATIVE and not own):
        return general or cells["free", topic] or cells["free", ""]
    if topic in ADMINISTRATIVE:
        return own or cells["free", topic]
    if name == "code":  # one that fits any crime (911) is as rare as it was counted
        return general | own
    both = defaultdict(int, {i: n * 6 * max(1, sum(general.values())) for i, n in own.items()})
    for i, n in general.items():
        both[i] += n * 4 * sum(own.values())
    return both


def _spread(weights: dict[int, int]) -> NDArray[np.int32]:
    """Return FORMS codes in proportion to their weights."""
    codes = np.array(sorted(weights), np.int32)
    total = sum(weights.values())
    ends, passed = [], 0
    for code in codes.tolist():
        passed += weights[code]
        ends.append((passed * FORMS * 2 + total) // (2 * total))
    return np.repeat(codes, np.diff([0, *ends]))


def _ways(rows: Iterable[dict[str, str]], base: str) -> list[str]:
    """Return the ways of a text, as its commonest meaning has them."""
    n, kind = max((int(row["n"]), row["class"]) for row in rows if row["text"] == base)
    return ways_of(base, kind, n)


def _surfaces(base: str) -> Sequence[str]:
    plain = (base, base.title(), base.upper())
    return (*plain, *(text.replace(" ", "+") for text in plain))
