"""Least privilege: what was granted, what was used, and what granting only the used would do.

A system is granted to a role of an agency (`roster/entitlements`). From the first half of a log a
smaller matrix is learnt, of what each role, unit or officer asked there; on the second half it
denies all else, and the truth says what misuse that prevents and what honest work it blocks.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

import numpy as np

from misusebench import metrics
from misusebench.columns import distinct, micros
from misusebench.errors import SuiteError
from misusebench.metrics.decided import DENY, PERMIT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
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
    kept: int
    prevented: float | None  # share of misuse queries denied
    blocked: float | None  # share of honest queries denied
    per_100_shifts: float | None  # honest queries denied per officer and 100 shifts
    beyond_granted: float | None  # share of misuse that no grant covers: denied by grants alone


def people(context: Mapping[str, pa.Table], until_us: int | None = None) -> dict[str, Person]:
    """Return where each officer belongs, by the last row of the roster known by a time."""
    rows = context["roster/officers"].sort_by([("known_at", "ascending")])
    known = micros(rows["known_at"])
    columns = (rows[n].to_pylist() for n in ("officer_id", "agency_id", "role", "unit"))
    found: dict[str, Person] = {}
    for at, (officer, agency, role, unit) in zip(known, zip(*columns, strict=True), strict=True):
        if until_us is None or at <= until_us or officer not in found:
            found[officer] = Person(f"{agency}/{role}", f"{agency}/{unit}", officer)
    return found


def grants(context: Mapping[str, pa.Table]) -> dict[str, frozenset[str]]:
    """Return the systems granted to each role of each agency."""
    rows, found = context["roster/entitlements"], dict[str, set[str]]()
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
    who, granted = people(context), grants(context)
    allowed: dict[str, set[str]] = {}
    for person in who.values():
        group = getattr(person, level)
        allowed.setdefault(group, set()).update(granted.get(person.role, ()))
    used = _used(log, who, level)
    found = []
    for group, systems in sorted(allowed.items()):
        own = used.get(group, Counter())
        unused = tuple(sorted(systems - own.keys()))
        beyond = tuple(sorted(own.keys() - systems))
        found.append(Gap(group, len(systems), len(systems) - len(unused), unused, beyond,
                         own.total()))  # fmt: skip
    return sorted(found, key=lambda one: (-len(one.unused), one.group))


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
        When learning ends, UTC microseconds: the roster as known by then.
    """
    _check(level)
    who, granted = people(context, until_us), grants(context)
    allowed: dict[str, set[str]] = {}
    for person in who.values():
        allowed.setdefault(getattr(person, level), set()).update(granted.get(person.role, ()))
    return {
        group: frozenset(s for s, n in own.items() if n >= least and s in allowed.get(group, ()))
        for group, own in _used(log, who, level).items()
    }


def measured(world: World, level: Level, least: int = 1) -> Least:
    """Learn on the history of a world and return what that would do on its judged part.

    Whoever asked nothing before is held to his unit's matrix, failing that to his role's grants.
    """
    before, start = world.whole.slice(0, world.first), world.answers.start_us
    matrix = learn(before, world.context, level, least, start)
    fallback = learn(before, world.context, "unit", least, start)
    granted, who = grants(world.context), people(world.context)
    officer, officers = distinct(world.log["officer_id"])
    system, systems = distinct(world.log["system"])
    kept, allowed = np.zeros((2, len(officers), len(systems)), np.bool_)
    for row, name in enumerate(officers):
        if name in who:
            role = granted.get(who[name].role, frozenset())
            unit = fallback.get(who[name].unit, role)
            own = matrix.get(getattr(who[name], level), unit)
            kept[row] = [one in own for one in systems]
            allowed[row] = [one in role for one in systems]
    outcome = np.where(kept[officer, system], PERMIT, DENY).astype(np.int8)
    decided = _decided(world, outcome)
    values = metrics.compute_policy(decided)
    misuse, covered = decided.scored.positive, allowed[officer, system]
    return Least(
        level, sum(len(granted.get(p.role, ())) for p in _groups(who, level)),
        sum(map(len, matrix.values())), values["misuse_prevented"].value,
        values["honest_blocked"].value, values["honest_blocked_per_100_shifts"].value,
        float((misuse & ~covered).sum() / misuse.sum()) if misuse.any() else None,
    )  # fmt: skip


def _groups(who: Mapping[str, Person], level: Level) -> list[Person]:
    """Return one person of each group."""
    return list({getattr(person, level): person for person in who.values()}.values())


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
             "per 100 shifts", "misuse outside all grants")  # fmt: skip
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for one in found:
        shares = [_percent(s) for s in (one.prevented, one.blocked)]
        per = "–" if one.per_100_shifts is None else f"{one.per_100_shifts:.1f}"  # noqa: RUF001
        cells = [one.level, f"{one.granted:,}", f"{one.kept:,}", *shares, per,
                 _percent(one.beyond_granted)]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.2%}"  # noqa: RUF001
