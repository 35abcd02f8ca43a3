"""Least privilege: what was granted, what was used, and what granting only the used would do.

A system is granted to a role of an agency (`roster/entitlements`). From the first half of a log a
smaller matrix is learnt, of what each role, unit or officer asked there; on the second half it
denies all else, and the truth says what misuse that prevents and what honest work it blocks.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

import numpy as np
import pyarrow as pa

from misusebench import metrics
from misusebench.columns import distinct, micros
from misusebench.errors import SuiteError
from misusebench.metrics.decided import DENY, PERMIT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from misusebench.policy_bench.judged import World

Level = Literal["role", "unit", "officer"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
RULE: Final = "NOT_LEARNT"


class Person(NamedTuple):
    """Where an account belongs; roles and units are those of one agency each."""

    role: str
    unit: str
    officer: str


class Gap(NamedTuple):
    """What one role, unit or officer was granted and what it used."""

    group: str
    granted: int  # systems
    used: int  # of these
    unused: tuple[str, ...]
    beyond: tuple[str, ...]  # used, yet not granted
    queries: int


class Least(NamedTuple):
    """A matrix learnt on one half of a log, measured on the other."""

    level: Level
    granted: int  # pairs of group and system
    kept: int  # of these, what is granted in the second half, by whatever matrix
    prevented: float | None  # share of misuse queries denied
    blocked: float | None  # share of honest queries denied
    per_100_shifts: float | None  # honest queries denied per officer and 100 shifts
    beyond_granted: float | None  # share of misuse that no grant covers: denied by grants alone
    unknown: int  # queries of accounts that no roster knew when learning ended: denied


def people(context: Mapping[str, pa.Table], until_us: int | None = None) -> dict[str, Person]:
    """Return where each officer belongs, by the last row of the roster that is known.

    Parameters
    ----------
    context
        Tables of tier T1 at least.
    until_us
        UTC microseconds: only what was known by then and had begun; None: all.
    """
    rows = context["roster/officers"].sort_by([("known_at", "ascending")])
    rows = _by(rows, until_us)
    columns = (rows[n].to_pylist() for n in ("officer_id", "agency_id", "role", "unit"))
    return {
        officer: Person(f"{agency}/{role}", f"{agency}/{unit}", officer)
        for officer, agency, role, unit in zip(*columns, strict=True)
    }


def _by(rows: pa.Table, until_us: int | None) -> pa.Table:
    """Return the rows of a context table that were known by a time and had begun."""
    if until_us is None:
        return rows
    there = (micros(rows["known_at"]) <= until_us) & (micros(rows["valid_from"]) <= until_us)
    return rows.filter(pa.array(there))


def grants(
    context: Mapping[str, pa.Table], until_us: int | None = None
) -> dict[str, frozenset[str]]:
    """Return the systems granted to each role of each agency; with a time, those that hold then."""
    rows, found = _by(context["roster/entitlements"], until_us), dict[str, set[str]]()
    if until_us is not None:
        rows = rows.filter(pa.array(micros(rows["valid_to"]) > until_us))
    columns = (rows[n].to_pylist() for n in ("agency_id", "role", "system"))
    for agency, role, system in zip(*columns, strict=True):
        found.setdefault(f"{agency}/{role}", set()).add(system)
    return {role: frozenset(systems) for role, systems in found.items()}


def gaps(log: pa.Table, context: Mapping[str, pa.Table], level: Level) -> list[Gap]:
    """Return what each group was granted and used, those with most unused first.

    Parameters
    ----------
    log
        Queries.
    context
        Tables of tier T1 at least.
    level
        Of groups: role or unit of an agency, or officer.

    Raises
    ------
    SuiteError
        If there is no such level.
    """
    _check(level)
    who = people(context)
    allowed = _allowed(who, grants(context), level)
    used = _used(log, who, level)
    found = []
    for group, systems in sorted(allowed.items()):
        own = used.get(group, Counter())
        unused = tuple(sorted(systems - own.keys()))
        beyond = tuple(sorted(own.keys() - systems))
        found.append(Gap(group, len(systems), len(systems) - len(unused), unused, beyond,
                         own.total()))  # fmt: skip
    return sorted(found, key=lambda one: (-len(one.unused), one.group))


def _allowed(
    who: Mapping[str, Person], granted: Mapping[str, frozenset[str]], level: Level
) -> dict[str, set[str]]:
    """Return what is granted to each group: to any of its members by his role."""
    allowed: dict[str, set[str]] = {}
    for person in who.values():
        allowed.setdefault(getattr(person, level), set()).update(granted.get(person.role, ()))
    return allowed


def _check(level: str) -> None:
    if level not in LEVELS:
        raise SuiteError(f"level must be one of {', '.join(LEVELS)}, got {level!r}")


def _used(log: pa.Table, who: Mapping[str, Person], level: Level) -> dict[str, Counter[str]]:
    """Return how often each group asked each system; who is on no roster counts by himself."""
    found: dict[str, Counter[str]] = {}
    for (officer, system), count in _pairs(log).items():
        group = getattr(who[officer], level) if officer in who else officer
        found.setdefault(group, Counter())[system] += count
    return found


def _pairs(log: pa.Table) -> Counter[tuple[str, str]]:
    officer, officers = distinct(log["officer_id"])
    system, systems = distinct(log["system"])
    pairs, count = np.unique(officer * len(systems) + system, return_counts=True)
    return Counter({
        (officers[p // len(systems)], systems[p % len(systems)]): c
        for p, c in zip(pairs.tolist(), count.tolist(), strict=True)
    })  # fmt: skip


def learn(
    log: pa.Table, context: Mapping[str, pa.Table], level: Level, least: int = 1,
    until_us: int | None = None,
) -> dict[str, frozenset[str]]:  # fmt: skip
    """Return the minimal matrix: the granted systems that each group asked often enough.

    Parameters
    ----------
    log
        Of the time to learn from.
    context
        Tables of tier T1 at least.
    level
        Of groups.
    least
        Queries from which a system counts as needed.
    until_us
        When learning ends, UTC microseconds: roster and grants as known by then.
    """
    _check(level)
    who = people(context, until_us)
    allowed = _allowed(who, grants(context, until_us), level)
    return {
        group: frozenset(s for s, n in own.items() if n >= least and s in allowed.get(group, ()))
        for group, own in _used(log, who, level).items()
    }


def measured(world: World, level: Level, least: int = 1) -> Least:
    """Learn on the history of a world and return what that would do on its judged part.

    Whoever asked nothing before is held to his unit's matrix, failing that to his role's grants.
    Roster and grants are those known when learning ends; whom no roster knew then is denied.
    """
    before, start = world.whole.slice(0, world.first), world.answers.start_us
    who, granted = people(world.context, start), grants(world.context, start)
    least_of = _held(who, granted, level, *(
        learn(before, world.context, by, least, start) for by in (level, LEVELS[1])
    ))  # fmt: skip
    officer, officers = distinct(world.log["officer_id"])
    system, systems = distinct(world.log["system"])
    kept, allowed = np.zeros((2, len(officers), len(systems)), np.bool_)
    for row, name in enumerate(officers):
        if name in who:
            kept[row] = np.isin(systems, list(least_of[name]))
            allowed[row] = np.isin(systems, list(granted.get(who[name].role, ())))
    decided = _decided(world, np.where(kept[officer, system], PERMIT, DENY).astype(np.int8))
    values = metrics.compute_policy(decided)
    misuse, covered = decided.scored.positive, allowed[officer, system]
    known = np.array([name in who for name in officers], np.bool_)
    return Least(
        level, sum(map(len, _allowed(who, granted, level).values())), _kept(who, level, least_of),
        values["misuse_prevented"].value,
        values["honest_blocked"].value, values["honest_blocked_per_100_shifts"].value,
        float((misuse & ~covered).sum() / misuse.sum()) if misuse.any() else None,
        int((~known[officer]).sum()),
    )  # fmt: skip


def _held(
    who: Mapping[str, Person], granted: Mapping[str, frozenset[str]], level: Level,
    matrix: Mapping[str, frozenset[str]], units: Mapping[str, frozenset[str]],
) -> dict[str, frozenset[str]]:  # fmt: skip
    """Return what each officer may ask: by his group, else his unit, else his role's grants."""
    return {
        name: matrix.get(
            getattr(person, level), units.get(person.unit, granted.get(person.role, frozenset()))
        )
        for name, person in who.items()
    }


def _kept(who: Mapping[str, Person], level: Level, least_of: Mapping[str, frozenset[str]]) -> int:
    """Return how many pairs of group and system any member of a group may ask."""
    return len({(getattr(who[name], level), s) for name, own in least_of.items() for s in own})


def _decided(world: World, outcome: NDArray[np.int8]) -> metrics.Decided:
    from misusebench.isolated import Decisions  # noqa: PLC0415 - only to measure

    why = (outcome == DENY).astype(np.int32)
    return world.judged(Decisions(outcome, why, [([], []), ([RULE], [])]))


def render(found: Sequence[Gap], most: int = 20) -> list[str]:
    """Return grants and uses as lines of Markdown, those with most unused first."""
    heads = ("group", "granted", "used", "never used", "used without a grant", "queries")
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += [
        f"| {one.group} | {one.granted} | {one.used} | {' '.join(one.unused)} | "
        f"{' '.join(one.beyond)} | {one.queries:,} |"
        for one in found[:most]
    ]
    if len(found) > most:
        lines.append(f"\n{len(found) - most:,} more are not shown.")
    granted, used = sum(one.granted for one in found), sum(one.used for one in found)
    share = used / granted if granted else 0.0
    return [*lines, "", f"Of {granted:,} grants {used:,} were used ({share:.1%})."]


def render_least(found: Sequence[Least]) -> list[str]:
    """Return what learnt matrices do as lines of Markdown."""
    heads = ("learnt by", "grants", "kept", "misuse prevented", "honest blocked",
             "per 100 shifts", "misuse outside all grants", "queries of newcomers")  # fmt: skip
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for one in found:
        shares = [_percent(s) for s in (one.prevented, one.blocked)]
        per = "–" if one.per_100_shifts is None else f"{one.per_100_shifts:.1f}"  # noqa: RUF001
        cells = [one.level, f"{one.granted:,}", f"{one.kept:,}", *shares, per,
                 _percent(one.beyond_granted), f"{one.unknown:,}"]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.2%}"  # noqa: RUF001
