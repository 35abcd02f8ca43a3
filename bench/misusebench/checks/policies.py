"""What every policy must hold: it never permits on a missing fact, a batch is as its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from misusebench.checks.report import Checks
from misusebench.isolated import IsolatedPolicy, start
from misusebench.policies.facts import build_facts
from misusebench.policies.source import policy_source
from misusesim import rng

if TYPE_CHECKING:
    from collections.abc import Callable

    from misusebench.isolated import Decisions

_REQUESTS: Final = 600
#: Most values tried to find out whether a policy reads a fact.
_VALUES: Final = 16


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
        names = [n for n in self._facts.column_names if "." in n and n != "action.name"]
        permitted = self._full.outcome == 0
        tables = [_without(self._facts, name) for name in names]
        open_on = []
        for name, decided in zip(names, self._ask(*tables), strict=True):
            present = self._facts[name].is_valid().to_numpy()
            if (permitted & present & (decided.outcome == 0)).any():
                open_on.append(name)
        open_on = [name for name in open_on if self._reads(name)]
        if open_on:
            return False, f"permits although a fact is missing: {', '.join(open_on)}"
        return True, f"{len(names)} facts left out in turn, never a permit for want of one it reads"

    def _reads(self, name: str) -> bool:
        """Return whether another value of a fact turns any decision: who never reads it may permit.

        Both ends of its range and the values that it has in the log are put in its place, one after
        the other, in every request.
        """
        column = self._facts[name].combine_chunks()
        values = [*_ends(column.type), *dict.fromkeys(map(_plain, column.to_pylist()))]
        tables = [_with(self._facts, name, pa.array([value] * len(column), column.type))
                  for value in values[:_VALUES]]  # fmt: skip
        return any(_answers(decided) != _answers(self._full) for decided in self._ask(*tables))


def _plain(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _ends(kind: pa.DataType) -> tuple[object, object]:
    if pa.types.is_boolean(kind):
        return False, True
    if pa.types.is_integer(kind):
        return -1, 10**6
    return ([], ["?"]) if pa.types.is_list(kind) else ("", "?")


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
