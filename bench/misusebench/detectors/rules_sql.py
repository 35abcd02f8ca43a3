"""SQL of rules run by DuckDB: tables whose rows are exchanged, and statements planned once.

Tables are Arrow streams under a name, not tables of DuckDB's own: a statement on one of those is
planned anew at each run, which takes longer than running it on a small batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import numpy as np

from misusebench.columns import DAY_US
from misusebench.detectors.rules_tables import Box, joined
from misusebench.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from misusebench.detectors.rules_file import Rule

#: Plans are kept while tables grow, so nothing may be planned by what a table held at first.
_NO_GUESSES = "join_order,build_side_probe_side,statistics_propagation,compressed_materialization"


class Statements:
    """The SQL of rules, and the tables that it sees."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._together = _together(rules)
        self._apart = False
        self._boxes: dict[str, Box] = {}
        self._planned: dict[str, str] = {}
        self._past = False
        self._pruned_day = 0
        self._db = duckdb.connect(config={"threads": 1, "memory_limit": "1GB"})
        self._db.execute("SET python_enable_replacements=false")
        self._db.execute("SET enable_external_access=false")
        self._db.execute(f"SET disabled_optimizers='{_NO_GUESSES}'")
        self._db.execute("SET lock_configuration=true")

    def show(self, name: str, rows: pa.Table) -> None:
        """Exchange the rows of a table; plans hold as long as its columns stay the same."""
        box = self._boxes.get(name)
        if box is None or not box.rows.schema.equals(rows.schema):
            self._boxes[name] = Box(rows)
            self._db.register(name, self._boxes[name])
            self._planned.clear()
        else:
            box.rows = rows

    def add(self, name: str, rows: pa.Table) -> None:
        """Add rows to a table."""
        box = self._boxes.get(name)
        self.show(name, rows if box is None else joined(box.rows, rows))

    def hits(self) -> list[NDArray[np.int64]]:
        """Return the rows that each rule hits.

        Raises
        ------
        SuiteError
            With the id of a rule whose SQL cannot run.
        """
        if not self._apart:
            try:
                found = self._run(self._together)
                rule_no = found["rule_no"]
                return [found["row_no"][rule_no == place] for place in range(len(self._rules))]
            except duckdb.Error:  # a rule is wrong, or cannot stand in brackets: which one?
                self._apart = True
        return [self._hits(rule) for rule in self._rules]

    def _hits(self, rule: Rule) -> NDArray[np.int64]:
        try:
            return self._run(rule.sql)["row_no"]
        except (duckdb.Error, KeyError) as error:
            raise SuiteError(
                f"rule {rule.id}: {error}; a rule returns the column `row_no`"
            ) from error

    def _run(self, sql: str) -> dict[str, NDArray[np.int64]]:
        """Return the columns of the answer; planning takes longer than running a small batch."""
        if sql not in self._planned:
            name = f"plan_{len(self._planned)}"
            self._db.execute(f"PREPARE {name} AS {sql}")
            self._planned[sql] = name
        found = self._db.execute(f"EXECUTE {self._planned[sql]}").fetchnumpy()
        return {name: np.asarray(values, np.int64) for name, values in found.items()}

    def keep(self, rows: pa.Table) -> None:
        """Add rows to the past."""
        if self._past and not len(rows):
            return
        self._db.register("incoming", rows)
        verb = "INSERT INTO past" if self._past else "CREATE TABLE past AS"
        self._db.execute(f"{verb} SELECT * FROM incoming")  # noqa: S608 - no outside words
        self._past = True

    def prune(self, day: int, memory_days: int) -> None:
        """Forget once a day what no rule may look back to."""
        if day > self._pruned_day:
            oldest = (day - memory_days - 2) * DAY_US
            self._db.execute("DELETE FROM past WHERE received_at < make_timestamp(?)", [oldest])
            self._pruned_day = day


def _together(rules: Sequence[Rule]) -> str:
    """Return one statement for all rules: starting one takes long, and a batch needs each."""
    return " UNION ALL ".join(
        # The line break ends a remark in the last line of a rule.
        f"SELECT CAST(row_no AS BIGINT) AS row_no, {place} AS rule_no FROM ({sql}\n)"  # noqa: S608
        for place, sql in enumerate(rule.sql.strip().rstrip(";") for rule in rules)
    )
