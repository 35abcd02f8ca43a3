"""What every policy must hold: it never permits on a missing fact, a batch is as its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from misusebench.checks.report import Checks
from misusebench.isolated import IsolatedPolicy, start
from misusebench.policies.facts import build_facts
from misusebench.policies.language import read_policy
from misusebench.policies.rulebook import DATABASES
from misusebench.policies.source import policy_source
from misusesim import rng

if TYPE_CHECKING:
    from collections.abc import Callable

    from misusebench.isolated import Decisions

_REQUESTS: Final = 600
#: Most values tried to find out whether a policy reads a fact.
_VALUES: Final = 16
#: Requests that are made of permitted ones, and the chance of each of their facts to be replaced.
_MIXED: Final = 2_400
_REPLACED: Final = 0.25


class PolicyChecks(Checks):
    """Checks of a policy."""

    def names(self) -> dict[str, Callable[[], tuple[bool, str]]]:
        """Return the checks by name."""
        return {
            "output": self._output,
            "determinism": self._determinism,
            "batch equals single": self._batch,
            "order": self._order,
            "missing fact": self._missing,
        }

    def _ask(self, *tables: pa.Table, single: bool = False) -> list[Decisions]:
        with self.worker() as worker:
            given = dict(self.spec.parameters)
            source = policy_source(given.pop("policy", None))
            policy = IsolatedPolicy(worker, start(worker, self.spec, given))
            self.level = worker.isolation.level
            policy.load(source)
            return [policy.decide(table, single=single) for table in tables]

    def _output(self) -> tuple[bool, str]:
        step = max(1, self.log.num_rows // _REQUESTS)
        facts = build_facts(self.log, self.context)
        self._facts = facts.take(pa.array(np.arange(0, facts.num_rows, step)))
        (self._full,) = self._ask(self._facts)
        failed = [e for _, errors in self._full.explanations for e in errors]
        if failed:
            return False, f"errors on whole requests, the first: {failed[0]}"
        counts = np.bincount(self._full.outcome, minlength=3)
        return True, "{} permits, {} denies, {} challenges".format(*counts)

    def _determinism(self) -> tuple[bool, str]:
        return self._alike(self._ask(self._facts)[0], "two processes")

    def _batch(self) -> tuple[bool, str]:
        return self._alike(self._ask(self._facts, single=True)[0], "one by one against a batch")

    def _order(self) -> tuple[bool, str]:
        order = rng.stream(0, "check-order").permutation(self._facts.num_rows)
        (other,) = self._ask(self._facts.take(pa.array(order)))
        back = np.argsort(order)
        return self._alike(
            other._replace(outcome=other.outcome[back], why=other.why[back]), "another order"
        )

    def _alike(self, other: Decisions, what: str) -> tuple[bool, str]:
        mine, theirs = _answers(self._full), _answers(other)
        apart = sum(a != b for a, b in zip(mine, theirs, strict=True))
        return not apart, f"{what}: {apart} of {len(mine)} decisions differ"

    def _missing(self) -> tuple[bool, str]:
        named = self._named()
        names = [name for name in self._names() if named is None or name in named]
        base = self._mixed()
        open_on = []
        decided = self._ask(base, *(_without(base, name) for name in names))
        for name, said in zip(names, decided[1:], strict=True):
            present = base[name].is_valid().to_numpy()
            if (present & (said.outcome == 0)).any():
                open_on.append(name)
        if named is None:
            open_on = [name for name in open_on if self._reads(name, base, decided[0])]
        if open_on:
            return False, f"permits although a fact is missing: {', '.join(open_on)}"
        return True, f"{len(names)} facts left out in turn, never a permit for want of one it reads"

    def _names(self) -> list[str]:
        """Return the facts that a request may lack."""
        return [n for n in self._facts.column_names if "." in n and n != "action.name"]

    def _named(self) -> set[str] | None:
        """Return the facts that a policy as data demands; None: only trying tells."""
        source = policy_source(self.spec.parameters.get("policy"))
        if not isinstance(source, dict):
            return None
        policy = read_policy(source["name"], source["text"])
        return policy.kinds.keys() - policy.defaults.keys()

    def _mixed(self) -> pa.Table:
        """Return the permitted rows, and as many others made of them with facts replaced.

        In a log a break of the glass or a long look-back is so rare that a policy which fails open
        on it would not be seen.
        """
        permitted = np.flatnonzero(self._full.outcome == 0)
        rows = permitted if len(permitted) else np.arange(self._facts.num_rows)
        chance = rng.stream(0, "check-mixed")
        made = self._facts.take(pa.array(chance.choice(rows, _MIXED)))
        for name in (*self._names(), "action.name"):
            values = ["share"] if name == "action.name" else _values(self._facts, name)
            places = chance.integers(len(values), size=_MIXED)
            places[chance.random(_MIXED) >= _REPLACED] = -1
            column = [old if at < 0 else values[at]
                      for old, at in zip(made[name].to_pylist(), places, strict=True)]  # fmt: skip
            made = _with(made, name, pa.array(column, made.schema.field(name).type))
        base = pa.concat_tables([self._facts.take(pa.array(rows)), made])
        ids = pa.array(range(base.num_rows)).cast(base.schema.field("query_id").type)
        return _with(base.unify_dictionaries().combine_chunks(), "query_id", ids)

    def _reads(self, name: str, base: pa.Table, whole: Decisions) -> bool:
        """Return whether another value of a fact turns any decision: who never reads it may permit.

        Both ends of its range and the values that it has in the log are put in its place, one after
        the other, in every request.
        """
        kind = base.schema.field(name).type
        tables = [_with(base, name, pa.array([value] * base.num_rows, kind))
                  for value in _values(self._facts, name)]  # fmt: skip
        return any(_answers(decided) != _answers(whole) for decided in self._ask(*tables))


def _values(facts: pa.Table, name: str) -> list[object]:
    """Return both ends of a fact's range, and values that it has in the log or may have."""
    seen = map(_plain, facts[name].to_pylist())
    may = DATABASES if name == "database.id" else ()  # a short log lacks some
    return list(dict.fromkeys([*_ends(facts[name].type), *seen, *may]))[:_VALUES]


def _plain(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _ends(kind: pa.DataType) -> tuple[object, object]:
    if pa.types.is_boolean(kind):
        return False, True
    if pa.types.is_integer(kind):
        return -1, 10**6
    return ((), ("?",)) if pa.types.is_list(kind) else ("", "?")


def _without(facts: pa.Table, name: str) -> pa.Table:
    return _with(facts, name, pa.nulls(facts.num_rows, facts.schema.field(name).type))


def _with(facts: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return facts.set_column(facts.column_names.index(name), pa.field(name, column.type), column)


def _answers(decided: Decisions) -> list[tuple[int, tuple[str, ...]]]:
    reasons = [tuple(r) for r, _ in decided.explanations]
    return [
        (int(outcome), reasons[why])
        for outcome, why in zip(decided.outcome, decided.why, strict=True)
    ]
