"""Single columns, rules of one line and shallow trees: what tells positives from other rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.audit.distinct import Distinct
from misusebench.audit.honest import told_at_rate
from misusebench.audit.permutation import Moved
from misusebench.audit.probes import probes
from misusebench.audit.search import Rules
from misusebench.audit.trees import ROUNDS as TREE_ROUNDS
from misusebench.audit.trees import Trees
from misusebench.audit.verdict import Check

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusebench.audit.labelled import Labelled
    from misusebench.audit.probes import Probe

    Bounds = tuple[float | None, float | None]  # of a column's area and a rule's precision

_DAY_NS: Final = 86_400_000_000_000
QUANTILE: Final = 0.999
#: Rounds of moved labels for which the whole search of rules is done again.
RULE_ROUNDS: Final = 200
#: What a value may give away: so many positives and hardly anything else.
_PURE, _LEAST_RECALL = 0.9, 0.02
#: Probes of the same nature are one check, so that a report names what leaks.
_GROUPS: Final = {
    "row order": ("row position",),
    "time pattern": ("milliseconds", "seconds", "last digit of milliseconds", "whole seconds"),
    "missing fields": ("absence",),
    "text format": ("form", "case"),
    "text length": ("length",),
    "values": ("value", "rarity", "digits", "hour", "weekday"),
}


class _Pass:
    """One labelling of a table on its way through the probes."""

    def __init__(
        self, table: Labelled, label: NDArray[np.bool_], rounds: int, seed: int, *, searched: bool
    ) -> None:
        parts, self._label = table.parts, label
        self._moved = Moved(label, table.entity, parts, rounds, seed)
        self._control = Moved(label, table.entity, parts, 1, seed + 1)
        self._worst: dict[str, tuple[float, str]] = {}
        self._highest, self._shuffled = np.zeros(rounds), 0.0
        rows = np.flatnonzero(label)[None, :]
        more = self._moved.rows[: RULE_ROUNDS if searched else 0]
        self._rules = Rules(table, np.concatenate([rows, more]))
        self._trees = Trees(table, np.concatenate([rows, more[:TREE_ROUNDS]]))
        self._per_day = _rows_per_day(table)

    def add(self, probe: Probe, rank: NDArray[np.float64], distinct: Distinct) -> None:
        """Look at a probe, of which the ranks within its table and the values are known."""
        area = self._moved.area(rank)
        group = next(name for name, whats in _GROUPS.items() if probe.what in whats)
        self._worst[group] = max(self._worst.get(group, (0.0, "")), (area, probe.name))
        self._highest = np.maximum(self._highest, self._moved.areas(rank))
        self._shuffled = max(self._shuffled, float(self._control.areas(rank)[0]))
        self._rules.add_probe(probe, distinct)
        self._trees.add_probe(probe)

    def single(self, bound: float | None) -> list[Check]:
        """Return the checks of single columns; a leak is beyond the bound and beyond chance."""
        limit = float(np.quantile(self._highest, QUANTILE))
        checks = [
            Check(
                "Q1", group, area, _bound(bound, limit),
                None if bound is None else not (area > bound and area > limit),
                f"{name}: AUC {area:.3f}",
            )
            for group, (area, name) in self._worst.items()
        ]  # fmt: skip
        passed = self._shuffled <= max(limit, 0.5)
        return [*checks, Check("Q10", "shuffled labels", self._shuffled, f"≤ {limit:.3f}", passed)]

    def rules(self, bound: float | None, rate: float | None = None) -> list[Check]:
        """Return the checks of rules of one line, and what the best is worth at a base rate."""
        self._rules.add_words()
        rule, chance, top = self._rules.best(), self._rules.by_chance(), self._rules.best_tried()
        least = None if bound is None else max(bound, 3 * float(self._label.mean()))
        limit = _quantile([one.average_precision for one in chance])
        pure = _quantile([one.precision for one in chance if one.recall >= _LEAST_RECALL])
        value = rule.average_precision
        told = f"{rule.rule}: precision {rule.precision:.3f}, recall {rule.recall:.3f}"
        gives = rule.precision >= _PURE and rule.recall >= _LEAST_RECALL
        return [
            Check("Q2", "rules of one line", value, _bound(least, limit),
                  None if least is None else not (value > least and value > limit),
                  f"{told}; best of {len(self._rules.names)}"),
            Check("Q2", "give-away values", rule.precision,
                  f"no precision ≥ {_PURE:g}, or chance {pure:.3f}",
                  None if bound is None else not (gives and rule.precision > pure),
                  f"{rule.rule}: recall {rule.recall:.3f}"),
            told_at_rate(top.rule, top.recall, top.false_alarms,
                         float(self._label.mean()) if rate is None else rate, self._per_day),
        ]  # fmt: skip

    def trees(self, bound: float | None) -> Check:
        """Return the check of shallow trees; chance is asked only where the bound is broken."""
        tree = self._trees.best()
        least = None if bound is None else max(bound, 3 * float(self._label.mean()))
        shown = "told only" if least is None else f"≤ {least:.3g}"
        if tree is None:
            return Check("Q2", "shallow trees", None, shown, None, "needs the extra ml")
        value = tree.average_precision
        if least is None or value <= least:
            passed = None if least is None else True
            return Check("Q2", "shallow trees", value, shown, passed, tree.rule)
        limit = max(self._trees.by_chance(), default=0.0)
        what = f"{tree.rule}; chance: the best of {TREE_ROUNDS} labellings moved"
        return Check("Q2", "shallow trees", value, f"{shown}, or chance {limit:.3g}",
                     value <= limit, what)  # fmt: skip


def checks_of_leaks(
    table: Labelled, bounds: Bounds, seed: int, rounds: int, rate: float | None = None
) -> list[Check]:
    """Return the checks of columns, rules and trees; what rules see by design is told beside.

    Parameters
    ----------
    table
        The table, or a pool.
    bounds
        Of the area under the curve of a column, and of a rule's average precision.
    seed, rounds
        Of the labels moved among entities.
    rate
        Base rate at which the best rule is told; the table's own by default.
    """
    judged = table.unseen()
    passes = [_Pass(judged, judged.label, rounds, seed, searched=bounds[1] is not None)]
    if judged is not table:
        passes.append(_Pass(table, table.label, rounds, seed, searched=False))
    for probe in probes(table):
        distinct = Distinct(probe.values)
        rank = distinct.ranks(table.parts)
        for one in passes:
            one.add(probe, rank, distinct)
    first, *others = passes
    told = [_only_told(c) for one in others for c in _checks(one, (None, None))]
    return [*_checks(first, bounds, rate), *told]


def _checks(one: _Pass, bounds: Bounds, rate: float | None = None) -> list[Check]:
    return [*one.single(bounds[0]), *one.rules(bounds[1], rate), one.trees(bounds[1])]


def _rows_per_day(table: Labelled) -> float | None:
    """Return how many rows an entity has on a day with any; None without times or entities."""
    if table.time is None or table.entity is None:
        return None
    day = table.time // _DAY_NS if table.day is None else table.day
    first = int(day.min())
    days = np.unique(table.entity * (int(day.max()) - first + 1) + day - first)
    return len(table) / len(days)


def _only_told(check: Check) -> Check:
    """Return a check of all positives, those included that a written rule sees by design."""
    told = f"all kinds: {check.detail}" if check.detail else ""
    return check._replace(name=f"{check.name}, pooled", bound="told only", passed=None, detail=told)


def leaks_untold(why: str) -> list[Check]:
    """Return these checks as not applicable."""
    names = [("Q1", group) for group in _GROUPS] + [("Q10", "shuffled labels")]
    names += [("Q2", n) for n in ("rules of one line", "give-away values", "shallow trees")]
    return [Check(id_, name, None, "-", None, why) for id_, name in names]


def _bound(bound: float | None, limit: float) -> str:
    return "told only" if bound is None else f"≤ {bound:.3g}, or chance {limit:.3f}"


def _quantile(found: list[float]) -> float:
    return float(np.quantile(found, QUANTILE)) if found else 0.0
