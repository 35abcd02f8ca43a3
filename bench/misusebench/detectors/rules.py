"""Rules in SQL that people edit, run by DuckDB; they score, and they give alerts with reasons.

A rules file is TOML: `[[rule]]` with `id`, `reason`, `weight` (0..1), `tier`, `sql`. The SQL sees

* `batch`: the rows to judge, with `local_time` and `row_no` added,
* `past`: earlier rows of at least the last `memory_days` days (the same columns),
* the context tables of the tier, as `officers`, `shifts`, `incidents` … as known so far (times
  are UTC, `local_time` is the agency's),

and returns one row per hit with the column `row_no`. A rule never sees a later row. What it says of
a row depends on how the log was cut into batches only if it counts inside `batch` without looking
at `row_no`, so counting rules join `past` and `batch` up to the row (`seen` in the shipped file).
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from misusebench.columns import DAY_US, LocalTime, micros
from misusebench.component import Alert
from misusebench.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

#: Log columns that a rule may read; the memory holds only these.
COLUMNS: Final = (
    "query_id", "time", "received_at", "agency_id", "officer_id", "system", "message_key",
    "declared_purpose", "purpose_code", "reason_category", "reason_text", "case_number",
    "subject_kind", "subject_key", "subject_surname", "subject_birth_year", "match", "scope",
    "lookback_hours", "action", "break_glass",
)  # fmt: skip
KEYS: Final = frozenset({"id", "reason", "weight", "tier", "sql"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the file."""

    id: str
    reason: str
    weight: float
    tier: str
    sql: str


def load_rules(path: str | Path | None = None) -> list[Rule]:
    """Return the rules of a TOML file, by default the shipped one.

    Raises
    ------
    SuiteError
        All faults of the file, one a line, with what is allowed.
    """
    where = Path(path) if path else None
    shipped = resources.files("misusebench.detectors") / "rules.toml"
    try:
        text = (where or shipped).read_text(encoding="utf-8")
        entries = tomllib.loads(text).get("rule", [])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SuiteError(f"{where or 'rules.toml'}: {error}") from error
    faults = [f for number, entry in enumerate(entries) for f in _faults(where, number, entry)]
    if not entries:
        faults.append(f"{where}: no [[rule]] found; a rule has the keys {', '.join(sorted(KEYS))}")
    if faults:
        raise SuiteError("\n".join(faults))
    return [Rule(**{**entry, "weight": float(entry["weight"])}) for entry in entries]


def _faults(where: Path | None, number: int, entry: dict[str, Any]) -> list[str]:
    name = f"{where or 'rules.toml'}: rule {number + 1} ({entry.get('id', 'without id')})"
    found = [f"{name}: unknown key {key}" for key in entry.keys() - KEYS]
    found += [f"{name}: {key} is missing" for key in sorted(KEYS - entry.keys())]
    weight = entry.get("weight", 0.5)
    if not isinstance(weight, int | float) or not 0 < weight <= 1:
        found.append(f"{name}: weight must be in (0, 1], got {weight!r}")
    if entry.get("tier", "T0") not in ("T0", "T1", "T2", "T3"):
        found.append(f"{name}: tier must be T0, T1, T2 or T3, got {entry['tier']!r}")
    return found


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
        self._local = LocalTime({})
        self._stored: set[str] = set()
        self._pruned_day = 0
        self._alerts: list[Alert] = []
        self._raised: set[tuple[str, str, int]] = set()
        self._db = duckdb.connect(config={"threads": 1, "memory_limit": "1GB"})
        self._db.execute("SET python_enable_replacements=false")
        self._db.execute("SET enable_external_access=false")
        self._db.execute("SET lock_configuration=true")

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Remember the history's last days; learn nothing else."""
        for table, rows in context.items():
            self.observe(table, rows)
        self._store("past", self._slim(history))

    def observe(self, table: str, rows: pa.Table) -> None:
        """Take over context rows as they become known."""
        if table == "directory/agencies":
            self._local.learn(rows)
        name = table.rsplit("/", 1)[-1]
        if any(re.search(rf"\b{name}\b", rule.sql) for rule in self._rules):
            self._store(name, _plain(rows))

    def score(self, batch: pa.RecordBatch) -> NDArray[np.float64]:
        """Return the noisy-or of the rules that hit each row."""
        if not batch.num_rows:
            return np.empty(0)
        slim = self._slim(pa.Table.from_batches([batch]))
        if "past" not in self._stored:
            self._store("past", slim.slice(0, 0))
        self._db.register("batch", slim)
        innocent = np.ones(slim.num_rows)
        for rule in self._rules:
            hits = np.unique(self._hits(rule))
            innocent[hits] *= 1 - rule.weight
            self._raise(rule, slim, hits)
        self._store("past", slim)
        self._prune(int(micros(slim["received_at"])[0]) // DAY_US)
        return 1 - innocent

    def alerts(self, now: int) -> list[Alert]:
        """Return the alerts of the rows scored since the last call."""
        del now
        found, self._alerts = self._alerts, []
        return found

    def _hits(self, rule: Rule) -> NDArray[np.int64]:
        try:
            return np.asarray(self._db.execute(rule.sql).fetchnumpy()["row_no"], np.int64)
        except (duckdb.Error, KeyError) as error:
            raise SuiteError(
                f"rule {rule.id}: {error}; a rule returns the column `row_no`"
            ) from error

    def _slim(self, rows: pa.Table) -> pa.Table:
        kept = _plain(rows.select([n for n in COLUMNS if n in rows.column_names]))
        local = self._local.local(rows["agency_id"], micros(rows["time"]))
        kept = kept.append_column("local_time", pa.array(local, pa.timestamp("us")))
        return kept.append_column("row_no", pa.array(np.arange(rows.num_rows, dtype=np.int64)))

    def _store(self, name: str, rows: pa.Table) -> None:
        """Add rows to one of the tables that rules read."""
        self._db.register("incoming", rows)
        verb = f"INSERT INTO {name}" if name in self._stored else f"CREATE TABLE {name} AS"
        self._db.execute(f"{verb} SELECT * FROM incoming")  # noqa: S608 - names of our own tables
        self._stored.add(name)

    def _prune(self, day: int) -> None:
        """Forget once a day what no rule may look back to."""
        if day > self._pruned_day:
            oldest = (day - self._memory_days - 2) * DAY_US
            self._db.execute("DELETE FROM past WHERE received_at < make_timestamp(?)", [oldest])
            self._pruned_day = day

    def _raise(self, rule: Rule, slim: pa.Table, hits: NDArray[np.int64]) -> None:
        """Raise one alert per rule, officer and local day; later hits of the day add nothing."""
        if not len(hits):
            return
        rows = slim.take(pa.array(hits))
        day = (micros(rows["local_time"]) // DAY_US).tolist()
        for officer, query, when, today in zip(
            rows["officer_id"].to_pylist(),
            rows["query_id"].to_pylist(),
            micros(rows["received_at"]).tolist(),
            day,
            strict=True,
        ):
            key = (rule.id, officer, today)
            if key not in self._raised:
                self._raised.add(key)
                self._alerts.append(
                    Alert("officer", officer, when, rule.weight, (query,), rule.reason, rule.id)
                )


def _plain(rows: pa.Table) -> pa.Table:
    """Return the table with UTC times and words as plain columns: DuckDB needs no more."""
    fields = []
    for field in rows.schema:
        if pa.types.is_timestamp(field.type):
            field = pa.field(field.name, pa.timestamp("us"))  # noqa: PLW2901
        elif pa.types.is_dictionary(field.type):
            field = pa.field(field.name, pa.string())  # noqa: PLW2901
        fields.append(field.with_nullable(True))
    return rows.cast(pa.schema(fields))
