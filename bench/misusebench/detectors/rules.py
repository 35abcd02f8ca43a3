"""Rules in SQL that people edit, run by DuckDB; they score, and they give alerts with reasons.

A rules file is TOML: `[[rule]]` with `id`, `reason`, `weight` (0..1), `tier`, `sql`. The SQL sees

* `batch`: the rows to judge, with `local_time`, `row_no`, `utc_day` (days from 1970 to `time`),
  `with_case` (whether there is a case number) and `reason_lower` (`reason_text` in small letters)
  added, and what the same officer asked about the same subject before, within the last
  `memory_days` days: `other_days`, local days but the row's own (at most 7), and `earlier_case`,
  whether any of those queries had a case number;
* `span`: one row with the first and the last `time` of the batch, `first_time` and `last_time`;
* `past`: earlier rows of at least the last `memory_days` days;
* the context tables of the tier, as `officers`, `shifts`, `incidents` … as known so far (times
  are UTC, `local_time` is the agency's);
* `shift_days`: `officer_no`, `valid_from` and `valid_to` of shifts, once for each `utc_day` of the
  batch that a shift, or the two hours before and after it, touches. An officer has few shifts a
  day, so joins on officer and day are several times faster than joins of `shifts` on time;
* in all of them, beside `officer_id`, `agency_id` and surnames, the numbers `officer_no`,
  `agency_no` and `surname_no` (of the name in capitals), on which joins are much faster,

and returns one row per hit with the column `row_no`. A rule never sees a later row. What it says of
a row depends on how the log was cut into batches only if it counts inside `batch` without looking
at `row_no`. Each rule is planned once and joins run as they are written: the table to the right of
JOIN is the one that is hashed, so the smaller one belongs there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusebench.columns import DAY_US, micros
from misusebench.detectors.repeats import Repeats
from misusebench.detectors.rules_alerts import Raised
from misusebench.detectors.rules_file import Rule, load_rules
from misusebench.detectors.rules_shifts import ShiftDays
from misusebench.detectors.rules_sql import Statements
from misusebench.detectors.rules_tables import (
    COLUMNS,
    REPEATS,
    Named,
    Shaper,
    plain,
    with_made,
    with_repeats,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from misusebench.component import Alert

__all__ = ["COLUMNS", "Rule", "Rules", "load_rules"]


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
        self._named = Named(rule.sql for rule in self._rules)
        self._shape = Shaper(self._named)
        self._repeats = Repeats(memory_days * DAY_US)
        self._shifts = ShiftDays()
        self._raised = Raised()
        self._sql = Statements(self._rules)

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Remember the history's last days; learn nothing else."""
        for table, rows in context.items():
            self.observe(table, rows)
        slim = self._shape.queries(history)
        self._keep(slim)
        self._seen(slim)

    def observe(self, table: str, rows: pa.Table) -> None:
        """Take over context rows as they become known."""
        if table == "directory/agencies":
            self._shape.local.learn(rows)
        name = table.rsplit("/", 1)[-1]
        shown = self._named.table(name)
        by_day = table == "roster/shifts" and self._named.table("shift_days")
        if shown or by_day:
            rows = self._shape.numbered(plain(rows))
        if shown:
            self._sql.add(name, rows)
        if by_day:
            self._shifts.learn(rows)

    def score(self, batch: pa.RecordBatch) -> NDArray[np.float64]:
        """Return the noisy-or of the rules that hit each row."""
        if not batch.num_rows:
            return np.empty(0)
        slim = self._shape.queries(pa.Table.from_batches([batch]))
        self._show(slim)
        innocent = np.ones(slim.num_rows)
        self._raised.begin(slim)
        for rule, found in zip(self._rules, self._sql.hits(), strict=True):
            hit = np.zeros(slim.num_rows, bool)
            hit[found] = True  # a join may say a row several times, in any order
            rows = np.flatnonzero(hit)
            innocent[rows] *= 1 - rule.weight
            self._raised.take(rule, rows)
        self._keep(slim)
        return 1 - innocent

    def alerts(self, now: int) -> list[Alert]:
        """Return the alerts of the rows scored since the last call."""
        del now
        return self._raised.alerts()

    def _seen(self, slim: pa.Table) -> pa.Table:
        """Return rows with what came before them, if a rule asks for it; remember them."""
        if not any(self._named.column(name) for name in REPEATS):
            return slim
        return with_repeats(slim, self._repeats)

    def _show(self, slim: pa.Table) -> None:
        """Put a batch where rules see it."""
        self._keep(slim.slice(0, 0))  # there is a past even if there was no history
        rows = with_made(self._seen(slim), self._named)
        # `row_no` is what each rule returns; what no rule names need not be handed over.
        names = [n for n in rows.column_names if n == "row_no" or self._named.column(n)]
        self._sql.show("batch", rows.select(names))
        time = pc.min_max(slim["time"])
        if self._named.table("span"):
            span = pa.table({"first_time": [time["min"]], "last_time": [time["max"]]})
            self._sql.show("span", span)
        if self._named.table("shift_days"):
            known = time["min"].is_valid
            first, last = (time[end].value // DAY_US if known else 0 for end in ("min", "max"))
            self._sql.show("shift_days", self._shifts.between(first, last))

    def _keep(self, slim: pa.Table) -> None:
        """Add rows to the past, if a rule looks at it, and forget the oldest."""
        if self._named.table("past"):
            self._sql.keep(slim)
            if len(slim):
                self._sql.prune(int(micros(slim["received_at"])[0]) // DAY_US, self._memory_days)
