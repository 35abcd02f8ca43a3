"""What becomes of denied queries: their authors' next steps, asked again, until they end.

The steps are laid down in the truth (`truth/reactions`). Each changes some fields of the log row
and takes a while; the facts are resolved again as of the new time, and the same policy is asked.
Who gives up has ended. Who takes it to a supervisor has ended too: misuse is seen there, honest
work goes on, late. What a policy prevents is what does not come back and pass.

The policy is told nothing but facts: that it is asked again it can know only from facts being
alike. It is asked in batches of denied queries; one that remembers may answer otherwise than it did
on the whole log, and is judged by what it says.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from misusebench.columns import micros
from misusebench.component_faults import ComponentFault
from misusebench.hosting import hosted
from misusebench.isolated import Decisions, IsolatedPolicy, start
from misusebench.metrics.decided import DENY, GIVE_UP, NOT_ASKED, SUPERVISOR, Followed
from misusebench.outcomes import BY_OWN_ID, POLICY_TIER, ROUND_TRIPS, joined
from misusebench.policies.facts import build_facts, requests
from misusebench.policies.registry import Registry
from misusebench.policies.source import policy_source
from misusebench.policy_bench.left_out import TRIED, TRIED_REMOTE, left_out, names_to_leave_out
from misusebench.replay import BATCH_ROWS
from misusebench.streaming import as_integers, combine
from misusesim.dataset.schema import REACTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from misusebench.component import Decision
    from misusebench.outcomes import Bench, Outcome

    #: Decides a table of facts: a policy in a worker, or :func:`in_process`.
    Ask = Callable[[pa.Table], Decisions]

#: Columns of the log that say when a query is made.
_TIMES: Final = ("time", "received_at")
_SECOND_US: Final = 1_000_000
_ENDS: Final = (GIVE_UP, SUPERVISOR)
_CODES: Final = {"permit": 0, "deny": 1, "challenge": 2}


class Step(NamedTuple):
    """One step of the authors of some queries, an entry each."""

    row: NDArray[np.int64]  # place among the scored queries
    reaction: NDArray[np.int8]
    delay_s: NDArray[np.int64]  # since the step before
    replaced: Sequence[str]  # JSON of the fields that change


def in_process(policy: Any) -> Ask:
    """Return a loaded policy of this process as what decides tables of facts."""

    def ask(facts: pa.Table) -> Decisions:
        said: Sequence[Decision] = policy.decide_batch(list(requests(facts)))
        places: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
        why = [places.setdefault((d.reasons, d.errors), len(places)) for d in said]
        outcome = [DENY if d.errors else _CODES[d.outcome] for d in said]
        return Decisions(
            np.array(outcome, np.int8), np.array(why, np.int32),
            [(list(reasons), list(errors)) for reasons, errors in places],
        )  # fmt: skip

    return ask


def follow(
    outcome: NDArray[np.int8],
    log: pa.Table,
    context: Mapping[str, pa.Table],
    reactions: pa.Table,
    ask: Ask,
    shown: Callable[[pa.Table], pa.Table] = lambda rows: rows,
) -> Followed:
    """Return what the authors of denied queries do, step by step.

    Parameters
    ----------
    outcome
        Of each row of the log.
    log
        The rows that were decided, with the ids of the truth.
    context
        Tables of tier T2, as the policy's facts were made from.
    reactions
        `truth/reactions`.
    ask
        Decides tables of facts.
    shown
        What the policy sees of a log: the veil of a run.
    """
    ids = log["query_id"].to_numpy().astype(np.uint64)
    steps, cases = _steps(reactions, ids), Registry(context)
    rows = np.flatnonzero(outcome == DENY)
    tried, late = log.take(pa.array(rows)), np.zeros(len(rows), np.int64)
    found: list[tuple[NDArray[Any], ...]] = []
    for nth, step in enumerate(steps):
        kept, at = _both(rows, step.row)
        rows, late = rows[kept], late[kept] + step.delay_s[at]
        tried = changed(
            tried.take(pa.array(kept)), [step.replaced[k] for k in at.tolist()], step.delay_s[at]
        )
        again = ~np.isin(step.reaction[at], _ENDS)
        said = np.full(len(rows), NOT_ASKED, np.int8)
        if again.any():
            fresh = _named(tried, combine(as_integers(ids[rows]), np.full(len(rows), nth)))
            facts = build_facts(shown(fresh.filter(pa.array(again))), context, cases)
            said[again] = ask(facts).outcome
        found.append((rows, np.full(len(rows), nth), step.reaction[at], late, said))
        left = np.flatnonzero(said == DENY)
        rows, late, tried = rows[left], late[left], tried.take(pa.array(left))
    columns = [np.concatenate(part) for part in zip(*found, strict=True)] if found else []
    kinds = (np.int64, np.int8, np.int8, np.int64, np.int8)
    empty = [np.empty(0) for _ in kinds]
    return Followed(*(c.astype(k) for c, k in zip(columns or empty, kinds, strict=True)))


def _named(rows: pa.Table, ids: NDArray[np.uint64]) -> pa.Table:
    """Return log rows under other ids: a new try is another query."""
    place = rows.schema.get_field_index("query_id")
    return rows.set_column(place, rows.schema.field(place), pa.array(ids, pa.uint64()))


def _steps(reactions: pa.Table, query_id: NDArray[np.uint64]) -> list[Step]:
    """Return the steps in order, each with the rows of the log in rising order."""
    asked = reactions["query_id"].to_numpy().astype(np.uint64)
    order = np.argsort(query_id)
    place = np.minimum(np.searchsorted(query_id[order], asked), max(len(order) - 1, 0))
    row = order[place] if len(order) else np.empty(0, np.int64)
    here = query_id[row] == asked if len(order) else np.zeros(len(asked), np.bool_)
    number = reactions["step"].to_numpy()
    words = [REACTIONS.index(w) for w in reactions["reaction"].to_pylist()]
    code, delay = np.array(words, np.int8), reactions["delay_s"].to_numpy().astype(np.int64)
    steps = []
    for nth in range(int(number.max(initial=-1)) + 1):
        own = np.flatnonzero(here & (number == nth)) if len(order) else np.empty(0, np.int64)
        own = own[np.argsort(row[own], kind="stable")]
        texts = reactions["replaced"].take(pa.array(own)).to_pylist()
        steps.append(Step(row[own], code[own], delay[own], texts))
    return steps


def _both(
    rows: NDArray[np.int64], told: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of what two rising lists share, in each of them."""
    _, kept, at = np.intersect1d(rows, told, assume_unique=True, return_indices=True)
    return kept, at


def changed(rows: pa.Table, replaced: Sequence[str], delay_s: NDArray[np.int64]) -> pa.Table:
    """Return log rows as their authors try again: other fields, later.

    Parameters
    ----------
    rows
        Of the log.
    replaced
        JSON object of fields that change, one a row.
    delay_s
        Seconds, one a row.
    """
    told = {text: json.loads(text) for text in set(replaced)}
    for name in sorted({name for fields in told.values() for name in fields}):
        field = rows.schema.field(name)
        values = rows[name].to_pylist()
        for at, text in enumerate(replaced):
            if name in told[text]:
                values[at] = told[text][name]
        column = pa.array(values, _plain(field.type)).cast(field.type)
        rows = rows.set_column(rows.schema.get_field_index(name), field, column)
    for name in _TIMES:
        field = rows.schema.field(name)
        later = pa.array(micros(rows[name]) + delay_s * _SECOND_US, pa.int64()).cast(field.type)
        rows = rows.set_column(rows.schema.get_field_index(name), field, later)
    return rows


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def follow_hosted(bench: Bench, outcome: Outcome, reactions: pa.Table) -> None:
    """Follow the denials of a policy of a run, and ask it some of them again with a fact missing.

    It is started again, shut in as before.

    Called when all components have ended. What it does wrong makes its result invalid. Decisions
    that were made elsewhere cannot be asked for again.
    """
    spec = outcome.spec
    if outcome.decisions is None or outcome.state != "ok" or spec.target in BY_OWN_ID:
        return
    given = dict(spec.parameters)
    source = policy_source(given.pop("policy", None))
    size = ROUND_TRIPS if spec.our_side else BATCH_ROWS
    worker = hosted(spec, bench.suite.limits, hide=bench.hide, unsafe=bench.unsafe)

    def ask(facts: pa.Table) -> Decisions:
        cuts = range(0, facts.num_rows, size)
        return joined([policy.decide(facts.slice(at, size)) for at in cuts])

    try:
        with worker:
            policy = IsolatedPolicy(worker, start(worker, spec, given))
            policy.load(source)
            outcome.followed = follow(
                outcome.decisions.outcome, bench.log.slice(bench.first),
                bench.context(POLICY_TIER), reactions, ask, bench.veil.table,
            )  # fmt: skip
            if bench.facts is not None:
                outcome.left_out = left_out(
                    bench.facts, outcome.decisions, ask, names_to_leave_out(bench.facts, source),
                    TRIED_REMOTE if spec.our_side else TRIED,
                )  # fmt: skip
    except ComponentFault as fault:
        outcome.state, outcome.stderr = fault.state, fault.stderr
        outcome.reasons = [f"asked again after its denials: {fault.reason}"]
