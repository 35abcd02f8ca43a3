"""Rules in SQL that people edit, run by DuckDB; they score, and they give alerts with reasons.

A rules file is TOML: `[[rule]]` with `id`, `reason`, `weight` (0..1), `tier`, `sql`. The SQL sees

* `batch`: the rows to judge, with `local_time` and `row_no` added, and what the same officer asked
  about the same subject before, within the last `memory_days` days: `other_days`, local days but
  the row's own (at most 7), and `earlier_case`, whether any of those queries had a case number;
* `span`: one row with the first and the last `time` of the batch, `first_time` and `last_time`;
* `past`: earlier rows of at least the last `memory_days` days;
* the context tables of the tier, as `officers`, `shifts`, `incidents` … as known so far (times
  are UTC, `local_time` is the agency's);
* in all of them, beside `officer_id`, `agency_id` and surnames, the numbers `officer_no`,
  `agency_no` and `surname_no` (of the name in capitals), on which joins are much faster,

and returns one row per hit with the column `row_no`. A rule never sees a later row. What it says of
a row depends on how the log was cut into batches only if it counts inside `batch` without looking
at `row_no`. Each rule is planned once and joins run as they are written: the table to the right of
JOIN is the one that is hashed, so the smaller one belongs there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusebench.columns import DAY_US, micros
from misusebench.detectors.repeats import Repeats
from misusebench.detectors.rules_alerts import Raised
from misusebench.detectors.rules_file import Rule, load_rules
from misusebench.detectors.rules_tables import (
    COLUMNS,
    REPEATS,
    Box,
    Shaper,
    columns_of,
    with_repeats,
)
from misusebench.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from misusebench.component import Alert

__all__ = ["COLUMNS", "Rule", "Rules", "load_rules"]

#: Plans are kept while tables grow, so nothing may be planned by what a table held at first.
_NO_GUESSES = "join_order,build_side_probe_side,statistics_propagation,compressed_materialization"


class Rules:
    """Union of SQL rules; the score is 1 - product(1 - weight) of the rules that hit.

    Known weakness: it says what was thought of. The classic rules fire on half of the honest.
    """

    name = "rules"
    tiers = ("T0", "T1", "T2", "T3")
    needs = (
        "agency_id", "officer_id", "time", "received_at", "system", "declared_purpose",
        "reason_text", "case_number", "subject_key",
    )  # fmt: skip

    def __init__(self, tier: str = "T1", rules: str | None = None, memory_days: int = 60) -> None:
        self._rules = [rule for rule in load_rules(rules) if rule.tier <= tier]
        self._memory_days = memory_days
        self._shape = Shaper(columns_of(rule.sql for rule in self._rules))
        self._repeats = Repeats(memory_days * DAY_US)
        self._raised = Raised()
        self._stored: set[str] = set()
        self._pruned_day = 0
        self._boxes: dict[str, Box] = {}
        self._planned: dict[Rule, str] = {}
        self._db = duckdb.connect(config={"threads": 1, "memory_limit": "1GB"})
        self._db.execute("SET python_enable_replacements=false")
        self._db.execute("SET enable_external_access=false")
        self._db.execute(f"SET disabled_optimizers='{_NO_GUESSES}'")
        self._db.execute("SET lock_configuration=true")

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Remember the history's last days; learn nothing else."""
        for table, rows in context.items():
            self.observe(table, rows)
        slim = self._shape.queries(history)
        if self._reads("past"):
            self._store("past", slim)
        self._seen(slim)

    def observe(self, table: str, rows: pa.Table) -> None:
        """Take over context rows as they become known."""
        if table == "directory/agencies":
            self._shape.local.learn(rows)
        name = table.rsplit("/", 1)[-1]
        if self._reads(name):
            self._store(name, self._shape.numbered(rows))

    def score(self, batch: pa.RecordBatch) -> NDArray[np.float64]:
        """Return the noisy-or of the rules that hit each row."""
        if not batch.num_rows:
            return np.empty(0)
        slim = self._shape.queries(pa.Table.from_batches([batch]))
        self._show(slim)
        innocent = np.ones(slim.num_rows)
        self._raised.begin(slim)
        for rule in self._rules:
            hit = np.zeros(slim.num_rows, bool)
            hit[self._hits(rule)] = True
            innocent[hit] *= 1 - rule.weight
            self._raised.take(rule, np.flatnonzero(hit))
        if self._reads("past"):
            self._store("past", slim)
        self._prune(int(micros(slim["received_at"])[0]) // DAY_US)
        return 1 - innocent

    def alerts(self, now: int) -> list[Alert]:
        """Return the alerts of the rows scored since the last call."""
        del now
        return self._raised.alerts()

    def _reads(self, table: str) -> bool:
        """Return whether any rule names a table."""
        return any(re.search(rf"\b{table}\b", rule.sql, re.IGNORECASE) for rule in self._rules)

    def _seen(self, slim: pa.Table) -> pa.Table:
        """Return rows with what came before them, if a rule asks for it; remember them."""
        if not any(self._reads(name) for name in REPEATS):
            return slim
        return with_repeats(slim, self._repeats)

    def _show(self, slim: pa.Table) -> None:
        """Put a batch where rules see it."""
        if "past" not in self._stored and self._reads("past"):
            self._store("past", slim.slice(0, 0))
        self._fill("batch", self._seen(slim))
        time = pc.min_max(slim["time"])
        self._fill("span", pa.table({"first_time": [time["min"]], "last_time": [time["max"]]}))

    def _fill(self, name: str, rows: pa.Table) -> None:
        """Exchange the rows of a table; plans hold as long as its columns stay the same."""
        box = self._boxes.get(name)
        if box is None or not box.rows.schema.equals(rows.schema):
            self._boxes[name] = Box(rows)
            self._db.register(name, self._boxes[name])
            self._planned.clear()
        else:
            box.rows = rows

    def _hits(self, rule: Rule) -> NDArray[np.int64]:
        try:
            found = self._db.execute(f"EXECUTE {self._plan(rule)}").fetchnumpy()
            return np.asarray(found["row_no"], np.int64)
        except (duckdb.Error, KeyError) as error:
            raise SuiteError(
                f"rule {rule.id}: {error}; a rule returns the column `row_no`"
            ) from error

    def _plan(self, rule: Rule) -> str:
        """Return the name of the rule's plan: planning takes longer than a small batch."""
        if rule not in self._planned:
            name = f"plan_{len(self._planned)}"
            self._db.execute(f"PREPARE {name} AS {rule.sql}")
            self._planned[rule] = name
        return self._planned[rule]

    def _store(self, name: str, rows: pa.Table) -> None:
        """Add rows to one of the tables that rules read."""
        self._db.register("incoming", rows)
        verb = f"INSERT INTO {name}" if name in self._stored else f"CREATE TABLE {name} AS"
        self._db.execute(f"{verb} SELECT * FROM incoming")  # noqa: S608 - names of our own tables
        self._stored.add(name)

    def _prune(self, day: int) -> None:
        """Forget once a day what no rule may look back to."""
        if day > self._pruned_day and "past" in self._stored:
            oldest = (day - self._memory_days - 2) * DAY_US
            self._db.execute("DELETE FROM past WHERE received_at < make_timestamp(?)", [oldest])
            self._pruned_day = day
