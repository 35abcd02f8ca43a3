"""All checks of a table, each with its value, its bound and its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from misusebench.audit import density
from misusebench.audit.background import changed
from misusebench.audit.leaks import checks_of_leaks, leaks_untold
from misusebench.audit.permutation import ROUNDS
from misusebench.audit.verdict import Audit, Check

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from misusebench.audit.labelled import Labelled

#: Bounds by level (note on data-set quality, Q1 and Q2); at `easy` leaks are only told.
LEVELS: Final = {"hard": (0.65, 0.10), "medium": (0.75, 0.30), "easy": (None, None)}
_MIXED: Final = 0.8
_LAST_TENTH: Final = (0.07, 0.13)
_TOWARDS: Final = 0.65

__all__ = ["LEVELS", "Audit", "Check", "audited"]


def audited(
    table: Labelled, level: str = "hard", *, most: float | None = None, seed: int = 0,
    rounds: int = ROUNDS, without: pa.Table | None = None,
    few: str = "", told: Callable[[str], None] = lambda _: None,
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
    few
        Why there are too few positives for what needs many; "" where there are enough.
    told
        Is told what is being done.
    """
    many = untold(few) if few else checks_of_many(table, level, seed, rounds, told=told)
    checks = (*many, density_check(table.base_rate, most), background_check(table, without))
    return Audit(len(table), int(table.label.sum()), level, checks)


def checks_of_many(
    table: Labelled, level: str, seed: int = 0, rounds: int = ROUNDS, *, rate: float | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> list[Check]:  # fmt: skip
    """Return the checks that need many positives; see :func:`audited`.

    Parameters
    ----------
    table, level, seed, rounds, told
        As there.
    rate
        Base rate at which the best rule is told; the table's own by default.
    """
    told("single columns, rules and trees")
    many = checks_of_leaks(table, LEVELS[level], seed, rounds, rate)
    told("days and times")
    return [*many, *_days(table, rounds, seed), *_times(table, rounds, seed)]


def untold(why: str) -> list[Check]:
    """Return the checks that need many positives as not applicable."""
    return [*leaks_untold(why), *_days_untold(why), *_times_untold(why)]


def density_check(share: float, most: float | None) -> Check:
    """Return the check of the share of positive rows."""
    if most is None:
        return Check("Q4", "density", share, "told only", None, "share of positive rows")
    return Check("Q4", "density", share, f"≤ {most:g}", share <= most, "share of positive rows")


def _days(table: Labelled, rounds: int, seed: int) -> list[Check]:
    found = density.days(table, rounds, seed)
    if found is None:
        return _days_untold("needs --time and --entity")
    mixed = found.mixed / found.positive
    return [
        Check("Q4", "days of mostly positives", found.overrun,
              f"0, or chance {found.chance:g}", found.overrun <= found.chance,
              f"of {found.positive:,} days with a positive row; chance: on other days of theirs"),
        Check("Q5", "mixed days", mixed, f"≥ {_MIXED:g}", mixed >= _MIXED,
              "positive days that hold negative rows too"),
    ]  # fmt: skip


def _days_untold(why: str) -> list[Check]:
    return [Check("Q4", "days of mostly positives", None, "0, or chance", None, why),
            Check("Q5", "mixed days", None, f"≥ {_MIXED:g}", None, why)]  # fmt: skip


def background_check(table: Labelled, without: pa.Table | None) -> Check:
    """Return whether honest rows are those of the same table made without positives."""
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
        return [ends, *_times_untold("needs --time and --entity")[1:]]
    low, high = min(low, when.chances[0]), max(high, when.chances[1])
    return [
        ends,
        Check("Q6", "course of time", when.distance, f"≤ {when.chance:.3g}, by chance",
              when.distance <= when.chance, "distance of positives from all rows, in time"),
        Check("Q6", "last tenth", when.last_tenth, f"{low:.3g} to {high:.3g}",
              low <= when.last_tenth <= high, "share of positives"),
    ]  # fmt: skip


def _times_untold(why: str) -> list[Check]:
    low, high = _LAST_TENTH
    return [Check("Q6", "run to failure", None, f"≤ {_TOWARDS:g}", None, why),
            Check("Q6", "course of time", None, "chance", None, why),
            Check("Q6", "last tenth", None, f"{low:g} to {high:g}", None, why)]  # fmt: skip
