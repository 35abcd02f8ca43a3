"""Statistics of the reason field of plate searches: blanks, words, codes, numbers, habits."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.realism.measures import distance, entropy, runs
from misusesim.realism.profile import ENOUGH
from misusesim.realism.references import counted
from misusesim.realism.targets import Measured, Near, NotApplicableError, Statistic, Within
from misusesim.reasontext import CLASSES, classify

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from misusesim.realism.material import Material, Searches

#: Agencies and searches of each that the pooled mix of the portals needs to be comparable: one
#: agency's habit is not the state's.
_AGENCIES, _SEARCHES = 30, 100
#: Searches with a reason before misspellings are counted.
_WRITTEN: Final = 20_000
#: Searches with a pick of a drop-down before the picks are described, and agencies (7,905 of 7).
_PICKED, _PICKING = 2_000, 5
#: What screens write by themselves: the default of one, its prompt, a link (Eugene; domain note 8).
SCREEN: Final = ("daytime search for best result", "please enter a reason", "more like this")
_DIGIT: Final = re.compile(r"\d")
#: Shapes are those of texts with a digit in which at most three letters stand beside digits.
_SHAPE: Final = re.compile(r"[a-z]{0,3}[\s#-]*\d[\d\s#/.-]*[a-z]{0,3}")


def classes(searches: Searches) -> NDArray[np.int64]:
    """Return the class of each search's reason, as places in `reasontext.CLASSES`."""
    return _classes(searches.texts)[searches.reason]


@lru_cache(maxsize=2)
def _classes(texts: tuple[str, ...]) -> NDArray[np.int64]:
    return np.array([classify(text) for text in texts], np.int64)


def _by_agency(of: Material) -> list[NDArray[np.int64]]:
    """Return the classes of reasons of each agency with enough searches."""
    kinds = classes(of.searches)
    found = [kinds[rows] for rows in runs(of.searches.agency) if len(rows) >= _SEARCHES]
    if len(found) < _AGENCIES:
        raise NotApplicableError(f"{len(found)} agencies with {_SEARCHES} searches, "
                                 f"{_AGENCIES} needed")  # fmt: skip
    return found


def _mean_share(name: str) -> Callable[[Material], Measured]:
    """Return the mean over agencies of the share of a class."""

    def measure(of: Material) -> Measured:
        shares = [float((kinds == CLASSES.index(name)).mean()) for kinds in _by_agency(of)]
        return Measured(float(np.mean(shares)), len(shares))

    return measure


def _agency_quantile(name: str, quantile: float) -> Callable[[Material], Measured]:
    def measure(of: Material) -> Measured:
        shares = [float((kinds == CLASSES.index(name)).mean()) for kinds in _by_agency(of)]
        return Measured(float(np.quantile(shares, quantile)), len(shares))

    return measure


def _never_blank(of: Material) -> Measured:
    never = [not (kinds == CLASSES.index("blank")).any() for kinds in _by_agency(of)]
    return Measured(float(np.mean(never)), len(never))


def _written(of: Material, least: int) -> NDArray[np.int64]:
    """Return the places in `texts` of all reasons that are not blank."""
    blank = np.array([not text for text in of.searches.texts])
    found: NDArray[np.int64] = of.searches.reason[~blank[of.searches.reason]]
    if len(found) < least:
        raise NotApplicableError(f"{len(found):,} searches with a reason, {least:,} needed")
    return found


def _pooled(of: Material) -> NDArray[np.int64]:
    """Return what is written at many agencies: an officer's habit may fill a small one's log."""
    _by_agency(of)
    return _written(of, _WRITTEN)


def _share_of_written(name: str) -> Callable[[Material], Measured]:
    def measure(of: Material) -> Measured:
        found = _pooled(of)
        kinds = _classes(of.searches.texts)[found]
        return Measured(float((kinds == CLASSES.index(name)).mean()), len(found))

    return measure


def _misspellings(of: Material) -> Measured:
    found = np.unique(_pooled(of))
    texts = {of.searches.texts[k].lower() for k in found.tolist()}
    wrong = {text for text in texts if classify(text) == CLASSES.index("misspelt")}
    return Measured(float(len(wrong)), len(texts))


def _length(quantile: float) -> Callable[[Material], Measured]:
    def measure(of: Material) -> Measured:
        found = _pooled(of)
        length = np.array([len(text) for text in of.searches.texts])[found]
        return Measured(float(np.quantile(length, quantile)), len(found))

    return measure


def _shapes(of: Material) -> Measured:
    found = _pooled(of)
    count: dict[str, int] = {}
    for place, n in zip(*np.unique(found, return_counts=True), strict=True):
        text = of.searches.texts[place].lower()
        if _SHAPE.fullmatch(text):
            shape = _DIGIT.sub("9", text)
            count[shape] = count.get(shape, 0) + int(n)
    return Measured(entropy(np.array(list(count.values()))), sum(count.values()))


def _spoken(of: Material) -> dict[str, int]:
    """Return how often each text is written at many agencies, in small letters."""
    found: dict[str, int] = {}
    for place, n in zip(*np.unique(_pooled(of), return_counts=True), strict=True):
        text = of.searches.texts[place].lower()
        found[text] = found.get(text, 0) + int(n)
    return found


def _known(of: Material) -> Measured:
    """Return the share of what is written that two published agencies or more write, too."""
    spoken, known = _spoken(of), counted("reason_vocabulary", "text")
    total = sum(spoken.values())
    return Measured(sum(n for text, n in spoken.items() if text in known) / total, total)


def _commonest_texts(of: Material) -> Measured:
    uses = sorted(_spoken(of).values(), reverse=True)
    return Measured(sum(uses[:10]) / sum(uses), sum(uses))


def _screen(of: Material) -> Measured:
    found = _written(of, 10_000)  # five of them at the lower published share
    made = np.array([text.lower() in SCREEN for text in of.searches.texts])[found]
    return Measured(float(made.sum() / len(of.searches)), len(of.searches))


def _dropdown(of: Material) -> Measured:
    """Return the distance of what is picked from a drop-down to the published picks."""
    searches = of.searches
    if searches.category is None:
        raise NotApplicableError("no drop-down")
    picked = searches.category >= 0
    n, agencies = int(picked.sum()), len(np.unique(searches.agency[picked]))
    if n < _PICKED or agencies < _PICKING:
        raise NotApplicableError(f"{n:,} picks at {agencies} agencies, {_PICKED:,} at {_PICKING} "
                                 "needed")  # fmt: skip
    share = counted("offense_dropdown_counts", "offense")
    names = sorted({*share, *searches.categories})
    own = np.bincount(searches.category[picked], minlength=len(searches.categories))
    uses = dict(zip(searches.categories, own.tolist(), strict=True))
    counts = np.array([uses.get(name, 0) for name in names])
    return Measured(distance(counts, [share.get(name, 0) for name in names]), n)


def _plus(of: Material) -> Measured:
    found = _written(of, 1_000)
    plus = np.array(["+" in text for text in of.searches.texts])[found]
    return Measured(float(plus.mean()), len(found))


def _worded(of: Material) -> list[NDArray[np.int64]]:
    """Return the reasons of officers with enough searches, at agencies that write words.

    Eugene's officers write words: 0.5 % of its reasons are numbers, each of which is another text.
    """
    searches, kinds = of.searches, classes(of.searches)
    number = [CLASSES.index(name) for name in ("number", "number_and_words", "blank")]
    found = []
    for rows in runs(searches.agency):
        if np.isin(kinds[rows], number).mean() < 0.2:  # noqa: PLR2004 - mostly words
            found += [searches.reason[rows[own]] for own in runs(searches.officer[rows])
                      if len(own) >= ENOUGH]  # fmt: skip
    if len(found) < ENOUGH:
        raise NotApplicableError(f"{len(found)} officers with {ENOUGH} searches who write words")
    return found


def _commonest(of: Material) -> Measured:
    shares = [np.bincount(reason).max() / len(reason) for reason in _worded(of)]
    return Measured(float(np.median(shares)), len(shares))


def _distinct(of: Material) -> Measured:
    """Return the median officer's different reasons among his first searches, so spans compare."""
    counts = [len(np.unique(reason[:ENOUGH])) for reason in _worded(of)]
    return Measured(float(np.median(counts)), len(counts))


_PORTALS = "42,391 reasons of 70 Californian agencies, domain note 8"
STATISTICS: Final = (
    Statistic("reason_never_blank", "agencies whose reason is never blank", "searches",
              _never_blank, Within(0.22, 0.48), _PORTALS, 28, ".1%"),
    Statistic("reason_blank", "blank reasons, mean of agencies", "searches", _mean_share("blank"),
              Within(0.15, 0.34), _PORTALS, 28, ".1%"),
    Statistic("reason_blank_p50", "blank reasons, median agency", "searches",
              _agency_quantile("blank", 0.5), Within(0.22, 0.38), _PORTALS, 28, ".1%"),
    Statistic("reason_blank_p90", "blank reasons, 90th percentile of agencies", "searches",
              _agency_quantile("blank", 0.9), Within(0.45, 0.70), _PORTALS, 28, ".1%"),
    Statistic("reason_code", "penal and vehicle codes, mean of agencies", "searches",
              _mean_share("code"), Within(0.10, 0.24), _PORTALS, 28, ".1%"),
    Statistic("reason_code_p90", "codes, 90th percentile of agencies", "searches",
              _agency_quantile("code", 0.9), Within(0.15, 0.45), _PORTALS, 28, ".1%"),
    Statistic("reason_number", "numbers only, mean of agencies", "searches", _mean_share("number"),
              Within(0.06, 0.17), _PORTALS, 28, ".1%"),
    Statistic("reason_number_p90", "numbers only, 90th percentile of agencies", "searches",
              _agency_quantile("number", 0.9), Within(0.15, 0.40), _PORTALS, 28, ".1%"),
    Statistic("reason_generic", "one generic word, mean of agencies", "searches",
              _mean_share("generic"), Within(0.10, 0.24), _PORTALS, 28, ".1%"),
    Statistic("reason_generic_p90", "one generic word, 90th percentile of agencies", "searches",
              _agency_quantile("generic", 0.9), Within(0.33, 0.63), _PORTALS, 28, ".1%"),
    Statistic("reason_known", "written reasons that two published agencies write", "searches",
              _known, Within(0.41, 0.61),
              "16,640 of 32,387 in California, domain note 8, its list of 390", 28, ".1%"),
    Statistic("reason_top10", "the ten commonest texts among what is written", "searches",
              _commonest_texts, Within(0.22, 0.38),
              "9,578 of 32,387 in California, domain note 8, its list of 390", 28, ".1%"),
    Statistic("reason_screen", "reasons that a screen wrote", "searches", _screen,
              Within(0.0004, 0.06), "Eugene 4.2 %, domain note 6; one city 0.05 %, domain note 4",
              28, ".2%"),
    Statistic("dropdown", "picks from a drop-down, distance to California", "searches", _dropdown,
              Near(0.15), "7,905 picks of 7 agencies, domain note 8", 28, ".3f"),
    Statistic("reason_words", "free words, mean of agencies", "searches", _mean_share("words"),
              Within(0.16, 0.34), _PORTALS, 28, ".1%"),
    Statistic("reason_misspelt", 'misspelt "investigation" among what is written', "searches",
              _share_of_written("misspelt"), Within(0.001, 0.006),
              "California 0.24 %, Eugene 0.4 %, domain note 8", 28, ".2%"),
    Statistic("reason_misspellings", 'different misspellings of "investigation"', "searches",
              _misspellings,
              Within(20, 60), "28 in California, domain note 8", 28, ".0f"),
    Statistic("reason_test", "test and training texts", "searches", _share_of_written("test"),
              Within(0.0005, 0.02), "California 0.18 %, Eugene 1.4 %, domain note 6", 28, ".2%"),
    Statistic("reason_plus", '"+" for blanks in the text', "searches", _plus,
              Within(0.005, 0.08), "Eugene 3-4 %, by 24 of 147 officers, domain note 6", 28, ".1%"),
    Statistic("reason_length_p50", "length of what is written, median", "searches", _length(0.5),
              Within(5, 10), _PORTALS, 28, ".0f"),
    Statistic("reason_length_p95", "length of what is written, 95th percentile", "searches",
              _length(0.95),
              Within(15, 27), _PORTALS, 28, ".0f"),
    Statistic("reason_shapes", "entropy of shapes of numbers and codes, bits", "searches", _shapes,
              Within(3.47, 4.47), "78 shapes of California, domain note 12, R6", 28),
    Statistic("reason_commonest", "share of an officer's commonest reason, median", "searches",
              _commonest, Within(0.30, 0.58), "Eugene 46 %, domain note 7.4", 56, ".1%"),
    Statistic("reason_distinct", "different reasons among an officer's first 20, median",
              "searches", _distinct, Within(4, 9),
              "the same measure on Eugene's log (domain note 7.4: 8 in all)", 56, ".1f"),
)  # fmt: skip
