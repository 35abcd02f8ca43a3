"""Reasons and justifications of the truth, replayed against the rows of the context they name.

Every reason of a campaign must hold as of its time, or must not, as it says; every oddity must be
justified by a row that was there when it happened.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from misusebench.audit.verdict import Check
from misusesim.dataset.layout import context_tables
from misusesim.dataset.reader import join_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from misusesim.dataset.reader import Dataset
    from misusesim.truth import Truth

_NEVER: Final = 2**62
_MINUTE_US: Final = 60_000_000
#: How much later than the oddity its row may begin: a plate is run just before the stop has a
#: record.
_LEAD_US: Final = {"plate_before_stop": 5 * _MINUTE_US, "wrong_dropdown": 5 * _MINUTE_US}
#: Tables in which a row, once there, goes on being on file; column of the key.
_ON_FILE: Final = {
    "dispatch/incidents": "incident_id", "dispatch/cases": "case_id",
    "dispatch/applications": "application_id", "roster/officers": "officer_id",
}  # fmt: skip
#: Tables whose rows hold from `valid_from` to `valid_to`; columns of the key.
_FOR_A_TIME: Final = {
    "dispatch/news": ("subject_key",), "dispatch/warrants": ("subject_key",),
    "roster/shifts": ("officer_id",), "ties/relationships": ("officer_id", "subject_key"),
}  # fmt: skip

Spans = dict[str, list[tuple[int, int]]]


class Claim(NamedTuple):
    """What is said to hold at a time."""

    table: str  # of the context
    key: str
    time: int  # UTC microseconds

    @staticmethod
    def of(evidence: str, time: int) -> Claim:
        """Return the claim of ``table:key``."""
        table, _, key = evidence.partition(":")
        return Claim(table, key, time)


def replayed(data: Dataset, truth: Truth) -> list[Check]:
    """Return the checks that reasons, rules and justifications replay (Q8)."""
    return [_reasons(data, truth), _rules(truth), _justified(data, truth)]


def _reasons(data: Dataset, truth: Truth) -> Check:
    """Replay every reason; one that the context contradicts is a fault."""
    rows = truth.reasons
    claims = list(map(Claim.of, rows["evidence"].to_pylist(), _micros(rows["time"])))
    found = holding(data, claims)
    wanted = rows["present"].to_pylist()
    bad = [n for n, (is_so, so) in enumerate(zip(found, wanted, strict=True)) if is_so != so]
    detail = f"of {len(claims):,} facts of {truth.campaigns.num_rows:,} campaigns"
    if bad:
        detail += f"; first: {rows['evidence'][bad[0]]} of campaign {rows['campaign_id'][bad[0]]}"
    return Check("Q8", "reasons replay", len(bad), "0 facts", not bad, detail)


def _rules(truth: Truth) -> Check:
    """Hold the rule that each query of misuse breaks against the reasons of its campaign."""
    wrong = truth.misuse
    broken = _pairs(wrong["campaign_id"], wrong["violation"])
    reasons = truth.reasons
    told = _pairs(reasons["campaign_id"], reasons["rule"])
    campaigns = set(truth.campaigns["campaign_id"].to_pylist())
    unsaid = len(broken - told) + len(campaigns - {campaign for campaign, _ in told})
    justified = wrong.num_rows - min(wrong["incident_id"].null_count, wrong["case_id"].null_count)
    return Check(
        "Q8", "every rule broken has a reason", unsaid + justified, "0",
        not unsaid + justified, f"of {len(broken):,} campaigns and rules; no query has a true case",
    )  # fmt: skip


def _pairs(campaign: pa.ChunkedArray, rule: pa.ChunkedArray) -> set[tuple[str, str]]:
    table = pa.table({"campaign": campaign.cast(pa.string()), "rule": rule.cast(pa.string())})
    distinct = table.group_by(["campaign", "rule"]).aggregate([])
    return set(zip(distinct["campaign"].to_pylist(), distinct["rule"].to_pylist(), strict=True))


def _justified(data: Dataset, truth: Truth) -> Check:
    """Look for the row of the context that each oddity names, as of its time."""
    odd = truth.oddities
    told, kinds, times = (
        odd["justification"].to_pylist(),
        odd["kind"].to_pylist(),
        _micros(odd["time"]),
    )
    claims = list(map(Claim.of, told, times))
    late = [
        claim._replace(time=claim.time + _LEAD_US.get(kind, 0))
        for claim, kind in zip(claims, kinds, strict=True)
    ]
    found = holding(data, late)
    early = [n for n, is_so in enumerate(holding(data, claims)) if found[n] and not is_so]
    bad = [n for n, is_so in enumerate(found) if not is_so]
    detail = f"of {len(claims):,} oddities"
    for kind, count in sorted(Counter(kinds[n] for n in early).items()):
        detail += f"; {count:,} {kind} before their row begins"
    if bad:
        detail += f"; first: {told[bad[0]]} of {odd['oddity_id'][bad[0]]}"
    return Check("Q8", "justifications replay", len(bad), "0 rows", not bad, detail)


def holding(data: Dataset, claims: Sequence[Claim]) -> list[bool]:
    """Return which claims hold in the context of a data set."""
    out = [False] * len(claims)
    by_table: dict[tuple[str, Callable[..., list[bool]]], list[int]] = {}
    for n, claim in enumerate(claims):
        by_table.setdefault((claim.table, _way(claim)), []).append(n)
    for (table, way), rows in by_table.items():
        if table in context_tables():
            answers = way(data, table, [claims[n] for n in rows])
            for n, answer in zip(rows, answers, strict=True):
                out[n] = answer
    return out


def _way(claim: Claim) -> Callable[..., list[bool]]:
    """Return how claims of such a form are looked up."""
    parted = "/" in claim.key
    match claim.table:
        case "roster/officers" if parted:
            return _left
        case "dispatch/cases" if parted:
            return _numbered
        case "dispatch/assignments":
            return _at_work
        case "dispatch/involved":
            return _named
        case table if table in _ON_FILE:
            return _on_file
    return _for_a_time


def _on_file(data: Dataset, table: str, claims: Sequence[Claim]) -> list[bool]:
    since = _spans(data, table, (_ON_FILE[table],), {claim.key for claim in claims})
    return [any(begin <= c.time for begin, _ in since.get(c.key, ())) for c in claims]


def _for_a_time(data: Dataset, table: str, claims: Sequence[Claim]) -> list[bool]:
    spans = _spans(data, table, _FOR_A_TIME[table], {claim.key for claim in claims})
    return [any(b <= c.time < e for b, e in spans.get(c.key, ())) for c in claims]


def _left(data: Dataset, table: str, claims: Sequence[Claim]) -> list[bool]:
    columns = ["officer_id", "leave_date"]
    rows = _rows(data, table, columns, lambda part: pc.is_valid(part["leave_date"]))
    left: dict[str, int] = {}
    for who, when in zip(rows["officer_id"].to_pylist(), _micros(rows["leave_date"]), strict=True):
        left[who] = min(when, left.get(who, _NEVER))
    return [left.get(c.key.partition("/")[0], _NEVER) <= c.time for c in claims]


def _numbered(data: Dataset, table: str, claims: Sequence[Claim]) -> list[bool]:
    there = _spans(data, table, ("agency_id", "number"), {claim.key for claim in claims})
    return [c.key in there for c in claims]


def _named(data: Dataset, table: str, claims: Sequence[Claim]) -> list[bool]:
    pairs = [c.key.split("/") for c in claims]
    found = _files(data, table, {person for _, person in pairs})
    return [file in found.get(person, ()) for file, person in pairs]


def _at_work(data: Dataset, table: str, claims: Sequence[Claim]) -> list[bool]:
    """Look for an assignment in force to anything that names the person."""
    pairs = [claim.key.split("/") for claim in claims]
    files = _files(data, "dispatch/involved", {person for _, person in pairs})
    officers, spans = {officer for officer, _ in pairs}, Spans()
    for column in ("incident_id", "case_id"):
        spans |= _spans(data, table, ("officer_id", column), officers, first_only=True)
    return [
        any(
            begin <= claim.time < end
            for file in files.get(person, ())
            for begin, end in spans.get(f"{officer}/{file}", ())
        )
        for claim, (officer, person) in zip(claims, pairs, strict=True)
    ]


def _files(data: Dataset, table: str, people: set[str]) -> dict[str, set[str]]:
    """Return the incidents and cases that name each of some people."""
    columns = ["subject_key", "incident_id", "case_id"]
    keys = pa.array([int(key) for key in people], pa.uint64())
    rows = _rows(data, table, columns, lambda part: pc.is_in(part["subject_key"], value_set=keys))
    out: dict[str, set[str]] = {}
    for row in rows.to_pylist():
        out.setdefault(str(row["subject_key"]), set()).add(row["incident_id"] or row["case_id"])
    return out


def _rows(
    data: Dataset, table: str, columns: Sequence[str], which: Callable[[pa.Table], pa.ChunkedArray]
) -> pa.Table:
    """Return some rows of a table, looked for part by part: a state's do not fit the memory."""
    of = pa.schema([context_tables()[table].field(name) for name in columns])
    parts = data.part_tables(f"context/{table}", columns)
    return join_parts((part.filter(which(part)) for part in parts), of)


def _spans(
    data: Dataset, table: str, columns: tuple[str, ...], wanted: set[str], *,
    first_only: bool = False,
) -> Spans:  # fmt: skip
    """Return from when to when rows of some keys hold; an end that came later ends the first row.

    Parameters
    ----------
    data, table
        Where.
    columns
        Whose texts, with "/" between them, are the key.
    wanted
        Keys, or with `first_only` values of the first column.
    """
    keys = pa.array(sorted(wanted), pa.string())

    def which(part: pa.Table) -> pa.ChunkedArray:
        key = _joined(part, columns)
        asked = part[columns[0]].cast(pa.string()) if first_only else key
        return pc.and_(pc.is_in(asked, value_set=keys), pc.is_valid(key))

    rows = _rows(data, table, [*columns, "valid_from", "valid_to"], which)
    begins, ends = _micros(rows["valid_from"]), _micros(rows["valid_to"])
    until: dict[tuple[str, int], int] = {}
    for name, begin, end in zip(_joined(rows, columns).to_pylist(), begins, ends, strict=True):
        until[name, begin] = min(end, until.get((name, begin), _NEVER))
    out: Spans = {}
    for (name, begin), end in until.items():
        out.setdefault(name, []).append((begin, end))
    return out


def _joined(rows: pa.Table, columns: tuple[str, ...]) -> pa.ChunkedArray:
    """Return the texts of some columns with "/" between them."""
    return pc.binary_join_element_wise(*(rows[name].cast(pa.string()) for name in columns), "/")


def _micros(column: pa.ChunkedArray) -> list[int]:
    """Return times as UTC microseconds, `_NEVER` for none."""
    return column.cast(pa.int64()).fill_null(_NEVER).to_pylist()  # type: ignore[no-any-return]
