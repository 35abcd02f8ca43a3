"""The shipped rules in memory: the same scores and alerts as `rules`, a query at a time.

SQL takes a millisecond for a question, so it suits batches; here a rule is a function that looks
into dictionaries. Each function mirrors one SQL text of `rules.toml`, known by its hash, so a file
whose SQL was edited is refused. Weights, reasons and tiers are read from the file, and rules may be
left out of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from misusebench.columns import DAY_US, HOUR_US, LocalTime, micros
from misusebench.component import Alert
from misusebench.detectors.rules import Rules
from misusebench.detectors.rules_file import Rule, load_rules
from misusebench.detectors.rules_index import Names, Shifts, Visits
from misusebench.detectors.rules_words import lower
from misusebench.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

#: Rule -> hash of the SQL that the function of that name mirrors.
MIRRORED: Final = {
    "ccw_on_clets": "b3bd6ded87b70393",
    "same_person_again": "a5301fdaa1a83431",
    "sensitive_without_number": "71e3415adfab1a45",
    "wildcard_name": "e3c8726b7b2b352d",
    "long_look_back": "211dbafa4962de57",
    "off_shift": "f99811f5a4ce61d2",
    "own_name": "ce0a14baaf2237ab",
    "own_surname": "c077d3080d18661a",
    "colleague": "9f4199c1b6613acb",
}
_CCW: Final = re.compile(r"\bccw\b", re.ASCII)
_NUMBER: Final = re.compile("[0-9]{3}")
_LAWFUL_FOR_CCW: Final = frozenset({"LICENSING", "RMS", "ALPR"})
_SENSITIVE: Final = frozenset({"III", "ACHS", "AFS", "CARPOS"})
_LONG_HOURS: Final = 720


class Query(NamedTuple):
    """A row of the log, as far as the rules read it; times are UTC microseconds."""

    query_id: int
    time: int
    received_at: int
    agency_id: str
    officer_id: str
    system: str | None
    declared_purpose: str | None
    reason_text: str | None
    case_number: str | None
    subject_key: int | None
    subject_surname: str | None = None
    subject_birth_year: int | None = None
    match: str | None = None
    lookback_hours: int | None = None


class RulesStream:
    """The shipped rules of `rules`, query by query from memory.

    Known weakness: that of `rules`; and it knows no rules but the shipped ones.
    """

    name = "rules_stream"
    tiers = Rules.tiers
    needs = Rules.needs

    def __init__(self, tier: str = "T1", rules: str | None = None, memory_days: int = 60) -> None:
        loaded = load_rules(rules)
        _refuse_unknown(loaded)
        self._rules = [rule for rule in loaded if rule.tier <= tier]
        self._checks: list[tuple[int, float, Callable[[Query], bool]]] = [
            (place, 1 - rule.weight, getattr(self, f"_{rule.id}"))
            for place, rule in enumerate(self._rules)
        ]
        self._local = LocalTime({})
        self._today = 0  # local day of the query that is looked at
        self._visits = Visits(memory_days * DAY_US)
        self._shifts = Shifts()
        self._names = Names()
        self._raised: list[set[tuple[str, int]]] = [set() for _ in self._rules]
        self._alerts: list[Alert] = []
        self._fresh: list[tuple[int, Alert]] = []

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Remember the history's last days; learn nothing else."""
        for table, rows in context.items():
            self.observe(table, rows)
        for query in queries(history):
            self._remember(query, self._day(query))

    def observe(self, table: str, rows: pa.Table) -> None:
        """Take over context rows as they become known."""
        if table == "directory/agencies":
            self._local.learn(rows)
        elif table == "roster/shifts":
            self._shifts.learn(rows)
        elif table == "roster/officers":
            self._names.learn(rows)

    def score(self, batch: pa.RecordBatch) -> NDArray[np.float64]:
        """Return the noisy-or of the rules that hit each row; alerts come rule by rule."""
        rows = queries(pa.Table.from_batches([batch]))
        scores = np.fromiter(map(self._score, rows), np.float64, batch.num_rows)
        self._fresh.sort(key=lambda found: found[0])  # stable: rows of a rule keep their order
        self._take_fresh()
        return scores

    def score_row(self, query: Query) -> float:
        """Return the noisy-or of the rules that hit a query: `score` of a batch of one."""
        score = self._score(query)
        if self._fresh:
            self._take_fresh()
        return score

    def alerts(self, now: int) -> list[Alert]:
        """Return the alerts of the rows scored since the last call."""
        del now
        found, self._alerts = self._alerts, []
        return found

    def _take_fresh(self) -> None:
        self._alerts.extend(alert for _, alert in self._fresh)
        self._fresh.clear()

    def _score(self, query: Query) -> float:
        day = self._today = self._day(query)
        innocent = 1.0
        for place, left, hits in self._checks:
            if hits(query):
                innocent *= left
                self._raise(place, query, day)
        self._remember(query, day)
        return 1 - innocent

    def _raise(self, place: int, query: Query, day: int) -> None:
        """Raise one alert per rule, officer and local day; later hits of the day add nothing."""
        key = (query.officer_id, day)
        if key in self._raised[place]:
            return
        self._raised[place].add(key)
        rule = self._rules[place]
        alert = Alert(
            "officer", query.officer_id, query.received_at, rule.weight, (query.query_id,),
            rule.reason, rule.id,
        )  # fmt: skip
        self._fresh.append((place, alert))

    def _day(self, query: Query) -> int:
        time = query.time
        return (time + self._local.offset(query.agency_id, time // HOUR_US)) // DAY_US

    def _remember(self, query: Query, day: int) -> None:
        if query.subject_key is not None:
            pair, received = (query.officer_id, query.subject_key), query.received_at
            self._visits.remember(pair, received, day, with_case=query.case_number is not None)
            self._visits.sweep(received)

    # --- the rules, each by its id ---------------------------------------------------------------

    def _ccw_on_clets(self, query: Query) -> bool:
        if query.system is None or query.system in _LAWFUL_FOR_CCW:
            return False
        if query.declared_purpose == "ccw":
            return True
        if query.reason_text is None:
            return False
        said = lower(query.reason_text)
        return "ccw" in said and _CCW.search(said) is not None

    def _same_person_again(self, query: Query) -> bool:
        if query.case_number is not None or query.subject_key is None:
            return False
        pair = (query.officer_id, query.subject_key)
        return self._visits.again(pair, query.received_at, self._today)

    def _sensitive_without_number(self, query: Query) -> bool:
        if query.case_number is not None or query.system not in _SENSITIVE:
            return False
        return _NUMBER.search(query.reason_text or "") is None

    def _wildcard_name(self, query: Query) -> bool:
        return query.case_number is None and query.match not in ("exact", None)

    def _long_look_back(self, query: Query) -> bool:
        hours = query.lookback_hours
        return hours is not None and hours > _LONG_HOURS and query.case_number is None

    def _off_shift(self, query: Query) -> bool:
        return not self._shifts.cover(query.officer_id, query.time)

    def _own_name(self, query: Query) -> bool:
        surname, year = query.subject_surname, query.subject_birth_year
        if surname is None or year is None:
            return False
        return self._names.own(query.officer_id, surname, year)

    def _own_surname(self, query: Query) -> bool:
        surname = query.subject_surname
        return surname is not None and self._names.own_surname(query.officer_id, surname)

    def _colleague(self, query: Query) -> bool:
        surname, year = query.subject_surname, query.subject_birth_year
        if surname is None or year is None:
            return False
        return self._names.colleague(query.agency_id, query.officer_id, surname, year)


def queries(rows: pa.Table) -> Iterator[Query]:
    """Return the rows of a log one by one; a column that the log lacks is null."""
    nothing = [None] * rows.num_rows
    columns = [
        _values(rows[name]) if name in rows.column_names else nothing for name in Query._fields
    ]
    return map(Query._make, zip(*columns, strict=True))


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Return a column as Python values, words of a dictionary made once."""
    if pa.types.is_timestamp(column.type):
        return list(micros(column).tolist())
    if not pa.types.is_dictionary(column.type):
        return list(column.to_pylist() if column.null_count else column.to_numpy().tolist())
    found: list[Any] = []
    for chunk in column.chunks:
        words = [*chunk.dictionary.to_pylist(), None]
        places = chunk.indices.fill_null(len(words) - 1).cast(pa.int64()).to_numpy()
        found += map(words.__getitem__, places.tolist())
    return found


def _refuse_unknown(rules: list[Rule]) -> None:
    """Refuse rules that are not mirrored here.

    Raises
    ------
    SuiteError
        With each rule whose SQL is not that of the shipped rule of its id.
    """
    unknown = [rule.id for rule in rules if rule.id not in MIRRORED]
    changed = [rule.id for rule in rules if MIRRORED.get(rule.id, "") != rule.fingerprint()]
    changed = [name for name in changed if name not in unknown]
    faults = [f"rule {name} is not a shipped rule" for name in unknown]
    faults += [f"the SQL of rule {name} is not that of the shipped rule" for name in changed]
    if faults:
        faults.append(
            "`rules_stream` knows only the shipped rules (their weights, reasons and tiers may be "
            "changed, and rules left out); run other SQL with `rules`"
        )
        raise SuiteError("\n".join(faults))
