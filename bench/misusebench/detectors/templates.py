"""Templates that explain an access: the written order of best to none, and one that is mined.

A template is a path over what is on file, from the officer and the time of a query to the person
asked for. Mining after Fabbri and LeFevre (Explanation-based auditing, PVLDB 5, 2011; Explaining
accesses to electronic medical records using diagnosis information, JAMIA 20, 2013): of all short
paths those are kept that explain enough of the log itself, without labels. As there, a log of
made-up accesses tells what a path is worth: officers, persons and times that do not belong
together. How much oftener a template holds in the log than among those is its lift; the higher,
the better the explanation.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import reduce
from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.columns import DAY_US, HOUR_US
from misusebench.detectors.files import JOBS, SLACK_US
from misusebench.spans import NEVER, Spans
from misusebench.streaming import Counts, combine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from misusebench.detectors.files import Asked, Files, Flags, Ints

PAPERWORK_US: Final = 3 * DAY_US  # so long an incident's people are of interest
#: Best first.
LEVELS: Final = (
    "subject of the officer's own incident or case",
    "subject of somebody's incident or case of the agency",
    "subject on a permit application, warrant or hotlist",
    "officer busy with some incident or case",
    "officer on shift",
    "nothing",
)
BARE: Final = LEVELS.index("officer busy with some incident or case")  # says nothing of whom
#: How long ago a job may have named the person; mining says which spans are worth having.
SPANS: Final = {
    "2 hours": 2 * HOUR_US, "3 days": PAPERWORK_US, "30 days": 30 * DAY_US, "any time": NEVER // 2,
}  # fmt: skip
SUPPORT: Final = 0.001  # least share of the history: the work of a desk of one or two is more
LIFT: Final = 2.0  # what holds hardly oftener than by chance explains nothing
_NAMING: Final = "subject"  # how the name of a template begins that says why this person
_HANDLED: Final = ("subject handled by the officer before", "subject handled by the agency before")


class Templates(ABC):
    """Says how well each query is explained, 0 the best, and what of that names the person."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.names: tuple[str, ...] = ()
        self.naming = np.zeros(0, bool)  # which say why this person, and not only why now

    @abstractmethod
    def learn(self, history: Asked) -> Ints:
        """Learn from the history, in order; return its levels."""

    @abstractmethod
    def levels(self, asked: Asked) -> Ints:
        """Return the level of each query; queries come in order."""


class Written(Templates):
    """The order that the authors hold to be right."""

    def __init__(self, files: Files) -> None:
        super().__init__(files)
        self.names, self.naming = LEVELS, np.arange(len(LEVELS)) < BARE

    def learn(self, history: Asked) -> Ints:
        """Return the levels of the history; there is nothing to learn."""
        return self.levels(history)

    def levels(self, asked: Asked) -> Ints:
        """Return the best level that holds."""
        files, time = self._files, asked.time
        level = np.full(len(time), len(LEVELS) - 1, np.int64)
        level[files.roster.off_shift_us(asked.officer, time) == 0] = 4
        level[
            _any((s.covers(combine(asked.officer), time) for s in files.busy.values()), len(time))
        ] = 3
        listed = combine(asked.agency, asked.subject)
        level[_any((s.covers(listed, time) for s in files.lists.values()), len(time))] = 2
        for place, by, who in ((1, files.agency, asked.agency), (0, files.own, asked.officer)):
            age = {kind: _age(by[kind], who, asked) for kind in JOBS}
            level[(age["incident"] <= PAPERWORK_US + SLACK_US) | (age["case"] < NEVER)] = place
        return level


class Mined(Templates):
    """Those of many short paths that explain enough of the history, by their lift.

    Parameters
    ----------
    files
        What is on file.
    seed
        Of the made-up accesses.
    """

    def __init__(self, files: Files, seed: int = 0) -> None:
        super().__init__(files)
        self._seed = seed
        self._records: list[str] = []  # mined paths over records that name the person
        self._seen = {name: Counts() for name in _HANDLED}
        self.tried: dict[str, tuple[float, float]] = {}  # share of the log, lift

    def learn(self, history: Asked) -> Ints:
        """Mine the history in two steps: records first, then who handled what they explain."""
        chance, rows = np.random.default_rng(self._seed), len(history.time)
        made_up = history.put_together(chance.permutation(rows), chance.permutation(rows))
        holds, by_chance = self._paths(history), self._paths(made_up)
        self._records = [n for n in self._mined(holds, by_chance) if n.startswith(_NAMING)]
        explained = _any((holds[name] for name in self._records), rows)
        holds |= self._handled(history, explained)
        by_chance |= _handled_by_then(history, explained, made_up)
        self.names = (*self._mined(holds, by_chance), "nothing")
        self.naming = np.array([name.startswith(_NAMING) for name in self.names])
        return self._best(holds, rows)

    def levels(self, asked: Asked) -> Ints:
        """Return the place of the best mined template that holds."""
        holds, rows = self._paths(asked), len(asked.time)
        explained = _any((holds[name] for name in self._records), rows)
        return self._best(holds | self._handled(asked, explained), rows)

    def _best(self, holds: Mapping[str, Flags], rows: int) -> Ints:
        level = np.full(rows, len(self.names) - 1, np.int64)
        for place in range(len(self.names) - 2, -1, -1):
            level[holds[self.names[place]]] = place
        return level

    def _mined(self, holds: Mapping[str, Flags], by_chance: Mapping[str, Flags]) -> list[str]:
        """Return the templates worth keeping, highest lift first."""
        for name, held in holds.items():
            lift = (held.sum() + 1.0) / (by_chance[name].sum() + 1.0)
            self.tried[name] = (float(held.mean()) if len(held) else 0.0, float(lift))
        kept = [n for n, (share, lift) in self.tried.items() if share >= SUPPORT and lift >= LIFT]
        return sorted(kept, key=lambda name: -self.tried[name][1])

    def _paths(self, asked: Asked) -> dict[str, Flags]:
        """Return for each path over records whether it holds, row by row."""
        files, time = self._files, asked.time
        found: dict[str, Flags] = {}
        ways = (
            ("of the officer", files.own, asked.officer),
            ("of the officer's unit", files.unit, files.unit_of(asked.officer)),
            ("of the agency", files.agency, asked.agency),
            ("of whoever asked for it", files.own, asked.requestor),
        )
        for whose, by, who in ways:
            for kind in JOBS:
                age = _age(by[kind], who, asked)
                for span, most in SPANS.items():
                    found[f"subject in {kind} {whose}, {span}"] = age <= most
        cited = files.cited.covers(combine(asked.agency, asked.number, asked.subject), time)
        found["subject in the case or incident whose number was given"] = cited & (
            asked.number >= 0
        )
        for name, spans in files.lists.items():
            found[f"subject in {name}"] = spans.covers(combine(asked.agency, asked.subject), time)
        found["subject in the news"] = files.news.covers(combine(asked.subject), time)
        for name, spans in files.busy.items():
            found[f"officer busy with a {name}"] = spans.covers(combine(asked.officer), time)
        found["officer on shift"] = files.roster.off_shift_us(asked.officer, time) == 0
        return found

    def _handled(self, asked: Asked, explained: Flags) -> dict[str, Flags]:
        """Return whether the pair had an explained query before; remember these."""
        weight = explained.astype(np.int64)
        pairs = (combine(who, asked.subject) for who in (asked.officer, asked.agency))
        seen = (self._seen[n].before(pair, weight) for n, pair in zip(_HANDLED, pairs, strict=True))
        return {name: count > 0 for name, count in zip(_HANDLED, seen, strict=True)}


def _handled_by_then(history: Asked, explained: Flags, made_up: Asked) -> dict[str, Flags]:
    """Return for made-up accesses whether the pair had an explained query by that time."""
    found = {}
    for name, who in zip(_HANDLED, ("officer", "agency"), strict=True):
        spans, key = Spans(), combine(getattr(history, who), history.subject)
        start = history.time[explained]
        spans.add(key[explained], start, np.full(len(start), NEVER))
        found[name] = spans.covers(combine(getattr(made_up, who), made_up.subject), made_up.time)
    return found


def _age(jobs: Spans, who: Ints, asked: Asked) -> Ints:
    """Return how long ago a job of `who` last named the person; NEVER if none, or nobody asked."""
    last = jobs.latest(combine(who, asked.subject), asked.time)
    return np.where((last > -NEVER) & (who >= 0), asked.time - last, NEVER)


def _any(flags: Iterable[Flags], rows: int) -> Flags:
    return reduce(np.logical_or, flags, np.zeros(rows, bool))
