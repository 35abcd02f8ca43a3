"""What late records cost: decisions that would be others had everything been known at once.

A row of the context holds from `valid_from` and counts from `known_at`. The same requests are asked
with facts as they were known, and with facts as they were: what differs is the records' lateness,
not the rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from misusebench.columns import HOUR_US
from misusebench.policies.facts import AS_OF, build_facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    from misusebench.isolated import Decisions
    from misusebench.policy_bench.displacement import Ask


class Stale(NamedTuple):
    """Decisions that hang on when records became known."""

    rows: int
    changed: int  # other outcomes
    denied_late: int  # denied or challenged, though what was so would have permitted
    permitted_late: int  # permitted, though what was so would have denied or challenged
    rules: dict[str, tuple[int, int]]  # rule -> (gave the reason only as known, only as it was)
    age_hours: dict[str, float | None]  # source -> median age of the rows that facts were read from


def at_once(context: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the context had every row been known when it began to hold."""
    found = {}
    for name, rows in context.items():
        place = rows.schema.get_field_index("known_at")
        found[name] = rows.set_column(place, rows.schema.field(place), rows["valid_from"])
    return found


def staleness(log: pa.Table, context: Mapping[str, pa.Table], ask: Ask) -> Stale:
    """Return which decisions on a log would be others had all been known at once.

    Parameters
    ----------
    log
        Rows to be decided.
    context
        Tables of tier T2.
    ask
        Decides tables of facts (:func:`misusebench.policy_bench.displacement.in_process`).
    """
    facts = build_facts(log, context)
    known, was = ask(facts), ask(build_facts(log, at_once(context)))
    names = sorted({rule for said in (known, was) for why, _ in said.explanations for rule in why})
    rules = {}
    for rule in names:
        before, after = _fired(known, rule), _fired(was, rule)
        if (before != after).any():
            rules[rule] = (int((before & ~after).sum()), int((after & ~before).sum()))
    freed = (known.outcome > 0) & (was.outcome == 0)
    caught = (known.outcome == 0) & (was.outcome > 0)
    return Stale(
        log.num_rows, int((known.outcome != was.outcome).sum()), int(freed.sum()),
        int(caught.sum()), rules, _ages(facts),
    )  # fmt: skip


def _fired(said: Decisions, rule: str) -> NDArray[np.bool_]:
    named = np.array([rule in reasons for reasons, _ in said.explanations] + [False])
    return np.asarray(named[said.why], np.bool_)


def _ages(facts: pa.Table) -> dict[str, float | None]:
    asked = facts[AS_OF["log"]].to_numpy()
    found: dict[str, float | None] = {}
    for source, column in AS_OF.items():
        there = facts[column].is_valid().to_numpy()
        age = asked[there] - facts[column].drop_null().to_numpy()
        found[source] = float(np.median(age) / HOUR_US) if len(age) else None
    return found


def render(found: Stale) -> list[str]:
    """Return it as lines of Markdown."""
    share = found.changed / found.rows if found.rows else 0.0
    told = (
        f"{found.changed:,} of {found.rows:,} decisions ({share:.2%}) would be others had every "
        f"record been known when it began to hold: {found.denied_late:,} denials would be permits, "
        f"{found.permitted_late:,} permits would be denials."
    )
    lines = [
        told, "", "| rule | fires only as it was known | fires only as it was |", "|---|---|---|",
        *(f"| {rule} | {known:,} | {was:,} |" for rule, (known, was) in found.rules.items()),
        "", "| read from | median age, hours |", "|---|---|",
    ]  # fmt: skip
    for source, age in found.age_hours.items():
        lines.append(f"| {source} | {'–' if age is None else f'{age:,.1f}'} |")  # noqa: RUF001
    return lines
