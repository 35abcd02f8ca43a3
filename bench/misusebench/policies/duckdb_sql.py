"""DuckDB: the policy as one query over the table of facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from misusebench.errors import SuiteError
from misusebench.policies.columnar import ARROW, Columnar, block_rows, patterns_of, words_of
from misusebench.policies.language.dialect import Dialect, joined
from misusebench.policies.language.syntax import Compare, Fact

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusebench.policies.language.policyfile import Policyfile

_OPERATORS: Final = {"==": "=", "!=": "<>"}


def _name(fact: Fact) -> str:
    return f'"{fact.name}"'


def _constant(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _compared(one: Compare) -> str:
    right = _name(one.right) if isinstance(one.right, Fact) else _constant(one.right)
    return f"{_name(one.left)} {_OPERATORS.get(one.op, one.op)} {right}"


_SQL: Final = Dialect[str](
    every=joined("AND"), some=joined("OR"), negation=lambda part: f"NOT ({part})", truth=_name,
    compare=_compared,
    among=lambda one: f"{_name(one.item)} IN ({', '.join(map(_constant, one.options))})",
    holds=lambda one: f"list_contains({_name(one.texts)}, {_name(one.item)})",
)  # fmt: skip


def sql_text(policy: Policyfile) -> str:
    """Return a query over `facts` with one column a rule: whether it holds, or null."""
    first, *rest = policy.rules
    columns = [f'({_SQL.said(policy.permit)}) IS NOT TRUE AS "{first.id}"']
    columns += [f'{_SQL.said(rule.when)} AS "{rule.id}"' for rule in rest]
    return "SELECT\n  " + ",\n  ".join(columns) + "\nFROM facts\n"


class DuckdbSql(Columnar):
    """The policy as SQL in DuckDB; a rule that is null does not hold."""

    name = "duckdb_sql"
    version = duckdb.__version__

    def __init__(self, *, guard: bool = True) -> None:
        super().__init__(guard=guard)
        self._database: Any = None
        self._query = ""
        self._rules: list[str] = []

    def close(self) -> None:
        """Close the database."""
        super().close()
        if self._database is not None:
            self._database.close()
            self._database = None

    def _compile(self, policy: Policyfile) -> None:
        for names in (policy.order, policy.kinds):
            if len({name.casefold() for name in names}) < len(names):
                raise SuiteError(
                    f"{policy.name}: DuckDB tells names apart by their letters only, not by case; "
                    "give the rules and facts other names"
                )
        self._take(sql_text(policy))

    def _take(self, text: str) -> None:
        """Take a query over `facts` with one truth a rule, in the order of its rows."""
        if self._database is None:
            self._database = duckdb.connect(config={"threads": 1})
        self._query = text
        columns = {name: pa.array([], ARROW[kind]) for name, kind in self._kinds().items()}
        self._database.register("facts", pa.table({**columns, "rows": pa.nulls(0)}))
        try:
            self._rules = [one[0] for one in self._database.execute(text).description]
        except duckdb.Error as error:
            raise ValueError(f"DuckDB does not take the policy: {error}") from error

    def _patterns(self, facts: pa.Table) -> tuple[NDArray[np.int32], list[tuple[str, ...]]]:
        step = block_rows(len(self._rules))
        blocks = [self._words(facts.slice(at, step)) for at in range(0, facts.num_rows, step)]
        words = [np.concatenate(parts) for parts in zip(*blocks, strict=True)]
        return patterns_of(words, self._rules)

    def _words(self, facts: pa.Table) -> list[NDArray[np.uint32]]:
        self._database.register("facts", facts)
        found = self._database.execute(self._query).fetchnumpy()
        truths = (np.ma.filled(found[rule], False).astype(bool) for rule in self._rules)
        words = words_of(truths, facts.num_rows)
        if any(len(word) != facts.num_rows for word in words):
            raise ValueError("the query must give one row a request")
        return words
