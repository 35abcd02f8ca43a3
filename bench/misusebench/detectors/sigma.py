"""Sigma rules, plain and correlated, as a security operations centre has them (extra `sigma`)."""

from __future__ import annotations

import re
import sqlite3
from collections import deque
from dataclasses import dataclass
from dataclasses import field as default
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pyarrow as pa

from misusebench.columns import DAY_US, HOUR_US, LocalTime, micros
from misusebench.component import Alert
from misusebench.errors import SuiteError
from misusebench.reading import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

Window = Literal["sliding", "tumbling"]

SHIPPED: Final = Path(__file__).with_name("sigma_rules.yml")
#: Share of hits thought worth a review, by a rule's level (assumption).
WEIGHT: Final = {"informational": 0.02, "low": 0.1, "medium": 0.35, "high": 0.9, "critical": 0.95}
COLUMNS: Final = (
    "query_id", "received_at", "time", "agency_id", "officer_id", "terminal_id", "system",
    "message_key", "declared_purpose", "purpose_code", "reason_category", "reason_text",
    "case_number", "requestor", "subject_kind", "subject_key", "subject_surname", "match", "scope",
    "lookback_hours", "hit", "outcome", "action", "break_glass",
)  # fmt: skip
_FIRST_WEEKDAY: Final = 3  # 1970-01-01 was a Thursday


@dataclass(slots=True)
class Plain:
    """A rule over single rows."""

    name: str
    title: str
    level: str
    sql: str  # of sqlite, over the table `logs`
    alone: bool  # whether it raises anything itself; a correlation's rules do not


@dataclass(slots=True)
class Correlation:
    """A rule over rows that hit others, within a span of time."""

    name: str
    title: str
    level: str
    rules: tuple[str, ...]
    group_by: tuple[str, ...]
    span_us: int
    least: int
    field: str | None  # whose different values count; None: rows count
    rows: dict[Any, deque[tuple[int, Any]]] = default(default_factory=dict)

    def forget(self, now: int) -> None:
        """Drop groups whose last row is out of any span."""
        self.rows = {key: own for key, own in self.rows.items() if own[-1][0] > now - self.span_us}


def load_sigma(
    path: Path = SHIPPED, text: str | None = None
) -> tuple[list[Plain], list[Correlation]]:
    """Read Sigma rules from a file, or from its text.

    Raises
    ------
    SuiteError
        If the file is no Sigma, or has what is not supported: correlations other than of numbers of
        rows or values, conditions other than "at least" or "more than".
    """
    from sigma.backends.sqlite import sqlite  # noqa: PLC0415 - extra `sigma`
    from sigma.collection import SigmaCollection  # noqa: PLC0415
    from sigma.exceptions import SigmaError  # noqa: PLC0415
    from yaml import YAMLError  # noqa: PLC0415 - comes with it

    backend: Any = sqlite.sqliteBackend
    try:
        found: Any = SigmaCollection.from_yaml(text or read_text(path))
        ties = [rule for rule in found.rules if hasattr(rule, "group_by")]
        named = {one.reference for rule in ties for one in rule.rules}
        plain = [
            _plain(rule, backend(), alone=rule.name not in named)
            for rule in found.rules if not hasattr(rule, "group_by")
        ]  # fmt: skip
        return plain, [_correlation(rule, path) for rule in ties]
    except (SigmaError, YAMLError) as error:
        raise SuiteError(f"{path}: {error}") from error


def _plain(rule: Any, backend: Any, *, alone: bool) -> Plain:
    kept, rule._output = rule._output, True  # noqa: SLF001 - rules of correlations give no SQL else
    (sql,) = backend.convert_rule(rule)
    rule._output = kept  # noqa: SLF001
    return Plain(rule.name or rule.title, rule.title, _level(rule), _of_rows(sql), alone)


def _of_rows(sql: str) -> str:
    return sql.replace("SELECT * FROM", "SELECT row_no FROM", 1)


def _correlation(rule: Any, path: Path) -> Correlation:
    kind, condition = rule.type.name.lower(), rule.condition
    names = {"GTE": 0, "GT": 1}
    if kind not in ("event_count", "value_count") or condition.op.name not in names:
        raise SuiteError(
            f"{path}: {rule.title}: correlation {kind} with {condition.op.name.lower()} is not "
            "supported; there are event_count and value_count with gte or gt"
        )
    return Correlation(
        rule.name or rule.title, rule.title, _level(rule),
        tuple(one.reference for one in rule.rules), tuple(rule.group_by or ()),
        int(rule.timespan.seconds) * 1_000_000, int(condition.count) + names[condition.op.name],
        condition.fieldref if kind == "value_count" else None,
    )  # fmt: skip


def _level(rule: Any) -> str:
    return str(rule.level) if rule.level is not None else "medium"


class Sigma:
    """Hits of Sigma rules, weighted by their level, as 1 - product(1 - weight).

    pySigma turns plain rules into SQL of sqlite, which runs them on each batch in memory. Spans of
    correlations are ours, since backends differ: with ``sliding`` a row counts those of the span
    that ends with it; with ``tumbling`` spans begin at multiples of their length since the epoch,
    UTC, so what lies on both sides of midnight is not found. The row that completes a correlation
    is the one that hits, as are those after it in the same span.

    Known weakness: rules say what their writers thought of; whoever declares a plausible purpose
    breaks none of them.
    """

    name = "sigma"
    tiers = ("T0", "T1", "T2", "T3")
    needs = ("query_id", "received_at", "time", "agency_id", "officer_id", "system", "subject_key")

    def __init__(self, rules: str | None = None, window: Window = "sliding") -> None:
        if window not in ("sliding", "tumbling"):
            raise SuiteError(f"window must be sliding or tumbling, got {window!r:.40}")
        self._plain, self._correlations = (
            load_sigma(Path("rules"), rules) if rules and "\n" in rules
            else load_sigma(Path(rules) if rules else SHIPPED)
        )  # fmt: skip
        self._window, self._local = window, LocalTime({})
        self._raised: set[tuple[str, str, int]] = set()
        self._alerts: list[Alert] = []
        self._today = 0

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Fill the spans of correlations from the history; raises nothing."""
        self._local.learn(context.get("directory/agencies"))
        for batch in history.combine_chunks().to_batches():
            self.score(batch)
        self._alerts, self._raised = [], set()

    def observe(self, table: str, rows: pa.Table) -> None:
        """Take over time zones."""
        if table == "directory/agencies":
            self._local.learn(rows)

    def score(self, batch: pa.RecordBatch) -> NDArray[np.float64]:
        """Return the combined weight of the rules that hit each row."""
        innocent = np.ones(batch.num_rows)
        if not batch.num_rows:
            return innocent
        hits = self._hits(batch)
        values = {
            name: batch[name].to_pylist()
            for one in self._correlations for name in (*one.group_by, one.field) if name
        }  # fmt: skip
        time, query = micros(batch["received_at"]).tolist(), batch["query_id"].to_pylist()
        for rule in self._plain:
            if rule.alone:
                self._note(innocent, rule, hits[rule.name].tolist(), batch, time, query)
        today = time[0] // DAY_US
        for tie in self._correlations:
            if today > self._today:
                tie.forget(time[0])
            base = sorted({row for name in tie.rules for row in hits[name].tolist()})
            completed = [row for row in base if self._completes(tie, row, values, time)]
            self._note(innocent, tie, completed, batch, time, query)
        self._today = today
        return 1 - innocent

    def alerts(self, now: int) -> list[Alert]:
        """Return one alert per rule, officer and UTC day of the rows scored since the last call."""
        del now
        found, self._alerts = self._alerts, []
        return found

    def _hits(self, batch: pa.RecordBatch) -> dict[str, NDArray[np.int64]]:
        """Return the rows that each plain rule hits."""
        table = self._table(batch)
        names = ", ".join(f'"{name}"' for name in table)
        marks = ", ".join("?" * len(table))
        with sqlite3.connect(":memory:") as db:
            db.create_function("REGEXP", 2, _matches, deterministic=True)
            db.execute(f"CREATE TABLE logs ({names})")
            rows = zip(*table.values(), strict=True)
            db.executemany(f"INSERT INTO logs VALUES ({marks})", rows)  # noqa: S608 - our columns
            found = {}
            for rule in self._plain:
                sql = rule.sql.replace("<TABLE_NAME>", "logs")
                try:
                    hit = [row for (row,) in db.execute(sql)]
                except sqlite3.Error as error:
                    raise SuiteError(f"Sigma rule {rule.name}: {error}") from error
                found[rule.name] = np.array(sorted(hit), np.int64)
        db.close()
        return found

    def _table(self, batch: pa.RecordBatch) -> dict[str, Iterable[Any]]:
        """Return the columns that rules name, as sqlite takes them."""
        asked = " ".join(rule.sql for rule in self._plain)
        local = self._local.local(batch["agency_id"], micros(batch["time"]))
        found: dict[str, Iterable[Any]] = {
            "row_no": range(batch.num_rows),
            "local_hour": (local % DAY_US // HOUR_US).tolist(),
            "local_weekday": ((local // DAY_US + _FIRST_WEEKDAY) % 7).tolist(),
        }
        for name in COLUMNS:
            if name in batch.schema.names and re.search(rf"\b{name}\b", asked):
                column = batch[name]
                whole = pa.types.is_timestamp(column.type) or pa.types.is_uint64(column.type)
                found[name] = (column.cast(pa.string()) if whole else column).to_pylist()
        return found

    def _completes(
        self, tie: Correlation, row: int, values: Mapping[str, Sequence[Any]], time: Sequence[int]
    ) -> bool:
        """Add a row to its group's span; return whether the span has enough now."""
        key = tuple(values[name][row] for name in tie.group_by)
        now, span = time[row], tie.span_us
        rows = tie.rows.setdefault(key, deque())
        begin = now - span if self._window == "sliding" else now // span * span - 1
        while rows and rows[0][0] <= begin:
            rows.popleft()
        rows.append((now, values[tie.field][row] if tie.field else None))
        if len(rows) < tie.least:
            return False
        return tie.field is None or len({value for _, value in rows}) >= tie.least

    def _note(
        self, innocent: NDArray[np.float64], rule: Plain | Correlation, hits: Sequence[int],
        batch: pa.RecordBatch, time: Sequence[int], query: Sequence[int],
    ) -> None:  # fmt: skip
        weight = WEIGHT[rule.level]
        innocent[list(hits)] *= 1 - weight
        for row in hits:
            officer = batch["officer_id"][row].as_py()
            key = (rule.name, officer, time[row] // DAY_US)
            if key not in self._raised:
                self._raised.add(key)
                alert = Alert("officer", officer, time[row], weight, (query[row],), rule.title,
                              rule.name)  # fmt: skip
                self._alerts.append(alert)


def _matches(pattern: str, text: str | None) -> bool:
    return text is not None and re.search(pattern, str(text), re.IGNORECASE) is not None
