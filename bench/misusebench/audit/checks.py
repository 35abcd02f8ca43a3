"""All checks of a table, each with its value, its bound and its verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from misusebench.audit import density
from misusebench.audit.background import changed
from misusebench.audit.permutation import ROUNDS, Permuted, auc, ranks
from misusebench.audit.probes import probes
from misusebench.audit.search import best_rule, best_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from misusebench.audit.labelled import Labelled

#: Bounds by level (note on data-set quality, Q1 and Q2); at `easy` leaks are only told.
LEVELS: Final = {"hard": (0.65, 0.10), "medium": (0.75, 0.30), "easy": (None, None)}
_QUANTILE: Final = 0.999
_MIXED: Final = 0.8
_LAST_TENTH: Final = (0.07, 0.13)
_TOWARDS: Final = 0.65
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


class Check(NamedTuple):
    """One check; `passed` is None where it is not applicable."""

    id: str
    name: str
    value: float | None
    bound: str
    passed: bool | None
    detail: str = ""

    @property
    def verdict(self) -> str:
        """Return the verdict in words."""
        return {True: "pass", False: "fail", None: "not applicable"}[self.passed]

    def as_dict(self) -> dict[str, Any]:
        """Return what a machine reads."""
        return {**self._asdict(), "verdict": self.verdict}


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found."""

    rows: int
    positives: int
    level: str
    checks: tuple[Check, ...]

    @property
    def failed(self) -> list[Check]:
        """Return the checks that failed."""
        return [check for check in self.checks if check.passed is False]

    def as_dict(self) -> dict[str, Any]:
        """Return what a machine reads."""
        return {
            "rows": self.rows, "positives": self.positives, "level": self.level,
            "base_rate": self.positives / self.rows, "failed": [c.name for c in self.failed],
            "checks": [check.as_dict() for check in self.checks],
        }  # fmt: skip


def audited(
    table: Labelled, level: str = "hard", *, most: float | None = None, seed: int = 0,
    rounds: int = ROUNDS, without: pa.Table | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> Audit:  # fmt: skip
    """Audit a labelled table.

    Parameters
    ----------
    table
        Without its label among the columns.
    level
        One of `LEVELS`: how much a single column or rule may tell.
    most
        Largest share of positive rows; None leaves density to be told only.
    seed, rounds
        Of the permutations of labels among entities.
    without
        The same table made without positives.
    told
        Is told what is being done.
    """
    judged = table.unseen()
    told("single columns and rules")
    leaks = _leaks(judged, LEVELS[level], seed, rounds)
    if judged is not table:
        told("the same with what rules see by design")
        leaks += [_only_told(one) for one in _leaks(table, (None, None), seed, rounds)]
    told("days and times")
    dense = _density(table, most), *_days(table, rounds, seed), *_times(table, rounds, seed)
    checks = (*leaks, *dense, _background(table, without))
    return Audit(len(table), int(table.label.sum()), level, checks)


def _leaks(
    table: Labelled, bounds: tuple[float | None, float | None], seed: int, rounds: int
) -> list[Check]:
    return [*_single(table, bounds[0], seed, rounds), *_rules(table, bounds[1])]


def _only_told(check: Check) -> Check:
    """Return a check of all positives, those included that a written rule sees by design."""
    told = f"all kinds: {check.detail}" if check.detail else ""
    return check._replace(name=f"{check.name}, pooled", bound="told only", passed=None, detail=told)


def _single(table: Labelled, bound: float | None, seed: int, rounds: int) -> list[Check]:
    """Return the checks of single columns; a leak is beyond the bound and beyond chance."""
    chance = Permuted(table.label, table.entity, rounds, seed)
    control = Permuted(table.label, table.entity, 1, seed + 1)
    positives = np.flatnonzero(table.label)
    worst: dict[str, tuple[float, str]] = {}
    highest, shuffled = np.zeros(rounds), 0.0
    for probe in probes(table):
        rank = ranks(probe.values)
        area = auc(rank, positives)
        group = next(name for name, whats in _GROUPS.items() if probe.what in whats)
        worst[group] = max(worst.get(group, (0.0, "")), (area, probe.name))
        highest = np.maximum(highest, chance.aucs(rank))
        shuffled = max(shuffled, float(control.aucs(rank)[0]))
    limit = float(np.quantile(highest, _QUANTILE))
    checks = [
        Check(
            "Q1", group, area, _bound(bound, limit),
            None if bound is None else not (area > bound and area > limit),
            f"{name}: AUC {area:.3f}",
        )
        for group, (area, name) in worst.items()
    ]  # fmt: skip
    passed = shuffled <= max(limit, 0.5)
    return [*checks, Check("Q10", "shuffled labels", shuffled, f"≤ {limit:.3f}", passed)]


def _bound(bound: float | None, limit: float) -> str:
    return "told only" if bound is None else f"≤ {bound:g}, or chance {limit:.3f}"


def _rules(table: Labelled, bound: float | None) -> list[Check]:
    rule, count = best_rule(table)
    tree = best_tree(table)
    limit = None if bound is None else max(bound, 3 * table.base_rate)
    shown = "told only" if limit is None else f"≤ {limit:.3g}"
    checks = [
        Check("Q2", "rules of one line", rule.average_precision, shown,
              None if limit is None else rule.average_precision <= limit,
              f"{rule.rule}: precision {rule.precision:.3f}, recall {rule.recall:.3f}; "
              f"best of {count}"),
        Check("Q2", "give-away values", rule.precision, f"no precision ≥ {_PURE:g}",
              None if bound is None
              else not (rule.precision >= _PURE and rule.recall >= _LEAST_RECALL),
              f"{rule.rule}: recall {rule.recall:.3f}"),
    ]  # fmt: skip
    if tree is None:
        return [*checks, Check("Q2", "shallow trees", None, shown, None, "needs the extra ml")]
    passed = None if limit is None else tree.average_precision <= limit
    return [*checks, Check("Q2", "shallow trees", tree.average_precision, shown, passed, tree.rule)]


def _density(table: Labelled, most: float | None) -> Check:
    share = table.base_rate
    if most is None:
        return Check("Q4", "density", share, "told only", None, "share of positive rows")
    return Check("Q4", "density", share, f"≤ {most:g}", share <= most, "share of positive rows")


def _days(table: Labelled, rounds: int, seed: int) -> list[Check]:
    found = density.days(table, rounds, seed)
    if found is None:
        why = "needs --time and --entity"
        return [Check("Q4", "days of mostly positives", None, "0, or chance", None, why),
                Check("Q5", "mixed days", None, f"≥ {_MIXED:g}", None, why)]  # fmt: skip
    mixed = found.mixed / found.positive
    return [
        Check("Q4", "days of mostly positives", found.overrun,
              f"0, or chance {found.chance:g}", found.overrun <= found.chance,
              f"of {found.positive:,} days with a positive row; chance: on other days of theirs"),
        Check("Q5", "mixed days", mixed, f"≥ {_MIXED:g}", mixed >= _MIXED,
              "positive days that hold negative rows too"),
    ]  # fmt: skip


def _background(table: Labelled, without: pa.Table | None) -> Check:
    name, bound = "honest rows", "0 changed"
    if without is None:
        return Check("Q9", name, None, bound, None, "needs --without")
    found = changed(table, without)
    what = f"{found.added:,} are new, {found.gone:,} are gone, of the table without misuse"
    return Check("Q9", name, found.added + found.gone, bound, not any(found), what)


def _times(table: Labelled, rounds: int, seed: int) -> list[Check]:
    towards, when = density.towards_the_end(table), density.course(table, rounds, seed)
    ends = Check("Q6", "run to failure", towards, f"≤ {_TOWARDS:g}",
                 None if towards is None else towards <= _TOWARDS,
                 "place of positives among their entity's rows, AUC")  # fmt: skip
    low, high = _LAST_TENTH
    if when is None:
        why = "needs --time and --entity"
        return [ends, Check("Q6", "course of time", None, "chance", None, why),
                Check("Q6", "last tenth", None, f"{low:g} to {high:g}", None, why)]  # fmt: skip
    low, high = min(low, when.chances[0]), max(high, when.chances[1])
    return [
        ends,
        Check("Q6", "course of time", when.distance, f"≤ {when.chance:.3g}, by chance",
              when.distance <= when.chance, "distance of positives from all rows, in time"),
        Check("Q6", "last tenth", when.last_tenth, f"{low:.3g} to {high:.3g}",
              low <= when.last_tenth <= high, "share of positives"),
    ]  # fmt: skip
