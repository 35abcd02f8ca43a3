"""What every column of a data set means, in one line: for the reference page and for people.

A nullable column's line ends with what null means. Types and closed lists are in `schema.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from misusesim.dataset import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa


class Column(NamedTuple):
    """One column with its meaning."""

    table: str  # log, context/roster/officers, truth/queries, ...
    name: str
    kind: str  # type, in words
    nullable: bool
    meaning: str


#: What all context tables have at their end; a table below says where it means more.
_HOLDS: Final = {
    "valid_from": "UTC time from which the row holds.",
    "valid_to": "UTC time until which it holds. Null: it still does.",
    "known_at": "UTC time at which the organisation knows it; replay shows it from then on.",
}
_OFFICER: Final = "Account of the officer, as in the log."
_AGENCY: Final = "Agency, as in the log."
_INCIDENT: Final = "Incident, of `dispatch/incidents`. Null: of a case."
_CASE: Final = "Case, of `dispatch/cases`. Null: of an incident."
_PERSON: Final = "Key of the person or plate, as in the log."

LOG: Final = {
    "query_id": "Id of the query: a keyed hash that says nothing of order or cause.",
    "time": "UTC time at the terminal, whose clock may be off.",
    "received_at": "UTC time of arrival at the log; replay goes by it, then by `query_id`.",
    "agency_id": "Agency of the account.",
    "officer_id": "Account that asked: a person's, sworn or not, or a system's.",
    "terminal_id": "Where it was asked.",
    "system": "Database that was asked.",
    "message_key": "Kind of question put to that database.",
    "declared_purpose": "What the officer picked as the purpose. Null: the screen does not ask, or "
    "a system asked.",
    "purpose_code": "Code typed with questions for criminal history (III). Null: another question.",
    "reason_category": "What was picked from a menu of reasons. Null: there is no menu, or nothing "
    "was picked.",
    "reason_text": "Reason as typed, with all habits of people who type them. Null: left empty.",
    "case_number": "Number of a case or incident as typed. Null: none typed, or no field.",
    "requestor": "Officer for whom a dispatcher or clerk says to ask. Null: nobody is named.",
    "subject_kind": "Whether a person, a vehicle or a thing was asked for.",
    "subject_key": "Hash of what was typed: equal for equal input; a slip makes another.",
    "subject_surname": "Surname as typed. Null: not asked by name.",
    "subject_birth_year": "Year of birth as typed. Null: none typed.",
    "subject_sex": "Sex as typed. Null: none typed.",
    "subject_plate": "Plate as typed. Null: not asked by plate.",
    "match": "How the database was to compare: exactly, by a part, by a pattern.",
    "scope": "How far a plate-reader search reached. Null: another question.",
    "lookback_hours": "Hours that a plate-reader search went back. Null: another question.",
    "hit": "Whether the answer was a hit: wanted, stolen, flagged.",
    "records_returned": "Records in the answer.",
    "outcome": "How the database answered.",
    "action": "What was done with the answer.",
    "recipient_agency_id": "Agency it was shared with. Null: not shared.",
    "break_glass": "Whether the emergency flag was set.",
    "justification_length": "Characters typed to justify the emergency. Null: no emergency flag.",
    "latency_ms": "Milliseconds until the answer.",
}
CONTEXT: Final[dict[str, dict[str, str]]] = {
    "directory/agencies": {
        "agency_id": _AGENCY,
        "name": "Its name.",
        "type": "What it is: police, sheriff, court and so on.",
        "state": "Its state, two letters.",
        "timezone": "IANA zone of its local times.",
        "case_field": "Whether its screen's field for a case number must, may or cannot be filled.",
        "asks_purpose": "Whether its screen asks for the purpose.",
    },
    "roster/officers": {
        "officer_id": _OFFICER,
        "agency_id": _AGENCY,
        "given_name": "Given name.",
        "surname": "Surname.",
        "birth_date": "Day of birth.",
        "sex": "Sex.",
        "address_area": "Area of the home address; empty for systems.",
        "role": "What the account's holder is.",
        "unit": "Unit within the agency.",
        "hire_date": "When he was hired.",
        "leave_date": "When he left for good. Null: not by then.",
        "training_until": "Until when his training for these systems is good.",
        "active": "Whether the account is; a suspended or departed officer's is not.",
    },
    "roster/terminals": {
        "terminal_id": "Terminal, as in the log.",
        "agency_id": _AGENCY,
        "kind": "Car, desk, console or mobile.",
        "unit": "Unit that it belongs to.",
    },
    "roster/shifts": {
        "officer_id": _OFFICER,
        "kind": "Why he works: regular, overtime, swap, court.",
        "valid_from": "UTC time at which the shift begins.",
        "valid_to": "UTC time at which it ends. Null: never.",
    },
    "roster/leave": {
        "officer_id": _OFFICER,
        "kind": "Sick, training, vacation.",
        "valid_from": "UTC time at which the absence begins.",
        "valid_to": "UTC time at which it ends. Null: never.",
    },
    "roster/sanctions": {
        "officer_id": _OFFICER,
        "agency_id": _AGENCY,
        "kind": "What was decided, for misconduct of any kind.",
        "valid_from": "UTC time of the decision.",
    },
    "roster/entitlements": {
        "role": "Role that may ask.",
        "agency_id": _AGENCY,
        "system": "Database that it may ask.",
    },
    "dispatch/incidents": {
        "incident_id": "Incident.",
        "agency_id": _AGENCY,
        "number": "Number that officers type.",
        "kind": "Call, stop, booking or tow.",
        "priority": "From 1, urgent, to 4.",
        "offense": "What it is about.",
        "self_initiated": "Whether the officer began it himself, without a call.",
        "area": "Where.",
        "valid_from": "UTC time at which it was opened.",
        "valid_to": "UTC time at which it was closed. Null: it is open.",
    },
    "dispatch/cases": {
        "case_id": "Case; one row for each status it has had.",
        "agency_id": _AGENCY,
        "number": "Number that officers type.",
        "offense": "What it is about.",
        "status": "Open or closed.",
    },
    "dispatch/assignments": {
        "officer_id": _OFFICER,
        "incident_id": _INCIDENT,
        "case_id": _CASE,
    },
    "dispatch/involved": {
        "subject_key": _PERSON + " It is named in the file.",
        "incident_id": _INCIDENT,
        "case_id": _CASE,
    },
    "dispatch/warrants": {
        "subject_key": _PERSON + " Somebody is wanted.",
        "agency_id": "Agency that wants him.",
    },
    "dispatch/applications": {
        "application_id": "Application.",
        "agency_id": "Agency that decides it.",
        "kind": "For a permit (ccw), a job or a ride-along.",
        "subject_key": "Key of the applicant, as in the log.",
    },
    "dispatch/hotlists": {
        "subject_key": "Key of the plate looked for, as in the log.",
        "agency_id": "Agency that listed it.",
        "case_id": "Case that it is listed for. Null: none.",
    },
    "dispatch/sharing": {
        "agency_id": "Agency that shares.",
        "with_agency_id": "Agency that may see it.",
        "system": "Database that is shared.",
    },
    "dispatch/news": {
        "subject_key": "Key of the person in the news, as in the log.",
        "headline": "What the news says.",
    },
    "ties/relationships": {
        "officer_id": _OFFICER,
        "subject_key": "Key of the person whom he has the tie with.",
        "kind": "Spouse, ex, family, neighbour, colleague, dispute, public figure.",
    },
    "ties/addresses": {
        "subject_key": "Key of the person who lives there.",
        "household": "Household; those who share it live together.",
        "area": "Where.",
    },
    "ties/vehicles": {
        "subject_key": "Key of the owner.",
        "plate_key": "Key of the plate, as in the log.",
    },
}
_CAMPAIGN: Final = "Campaign, of `campaigns`."
_RUNG: Final = "How well it is covered up."
TRUTH: Final[dict[str, dict[str, str]]] = {
    "queries": {
        "query_id": "The query, of the log.",
        "cause": "Why it happened: work, oddity, misuse.",
        "kind": "Which misuse or which oddity. Null: work.",
        "label": "For scoring: positive, negative, or ignore (an accidental slip).",
        "violation": "Which written rule it breaks, motive apart.",
        "campaign_id": _CAMPAIGN + " Null: no misuse.",
        "rung": _RUNG + " Null: no misuse.",
        "cover": "The story told for it. Null: no misuse.",
        "intent": "In what spirit: malicious, negligent, institutional, accidental, none.",
        "tie": "What the officer is to the subject. Null: nothing.",
        "true_purpose": "What would have been the honest purpose. Null: there is none.",
        "incident_id": "Incident that truly justifies it. Null: none does.",
        "case_id": "Case that truly justifies it. Null: none does.",
        "severity": "From 0, none, to 3, grave.",
        "duplicate_of": "The query of which this is a second copy. Null: it is no copy.",
    },
    "campaigns": {
        "campaign_id": "All queries of one intention of misuse.",
        "kind": "Which misuse.",
        "rung": _RUNG,
        "cover": "The story told for it. Null: none.",
        "agency_id": "Agency where it is at home.",
        "officer_ids": "Accounts that ask.",
        "unit": "Unit that acts as a whole. Null: officers do.",
        "subject_keys": "Keys of the persons and plates that are meant.",
        "tie": "What the officer is to the subject. Null: nothing.",
        "motive": "Why, in words.",
        "start": "UTC time of its first query.",
        "end": "UTC time of its last query.",
        "n_queries": "Queries planned, before loss and the end of the horizon.",
        "severity": "From 0, none, to 3, grave.",
        "false_case": "Case or incident that is named as a pretext. Null: none is.",
        "split_time": "Its side of the split by time. Null: nothing is left within the horizon.",
        "split_officer": "Its side of the split by officers, who share campaigns.",
        "split_agency": "Its side of the split by agencies.",
        "split_kind": "Its side of the split by kinds: train or test.",
    },
    "reasons": {
        "reason_id": "One fact that makes a campaign misuse.",
        "campaign_id": _CAMPAIGN,
        "rule": "Rule that it breaks.",
        "time": "As of when the fact is meant, mostly of the first look-up on record.",
        "evidence": "Table and key of the context row (forms: `misusesim/misuse/reasons.py`).",
        "present": "Whether such a row holds then, or must be absent.",
    },
    "oddities": {
        "oddity_id": "One honest but strange doing.",
        "kind": "Which.",
        "agency_id": _AGENCY,
        "officer_id": _OFFICER,
        "time": "UTC time at which it begins.",
        "twin_of": "Kind of misuse that it looks like. Null: none.",
        "justification": "Table and key of the context row that justifies it.",
    },
    "outcomes": {
        "campaign_id": _CAMPAIGN + " Null: an honest officer was accused.",
        "officer_id": "Whose part in it.",
        "found_by": "How it came to light, or never.",
        "found_at": "UTC time at which it came to light. Null: it did not.",
        "outcome": "What was decided. Null: nothing was.",
        "decided_at": "UTC time of the decision. Null: none was made.",
        "n_queries": "His queries of the campaign within the horizon, before loss.",
    },
    "officers": {
        "officer_id": "Everybody with an account within the horizon.",
        "agency_id": _AGENCY,
        "role": "What the account's holder is.",
        "misuses": "Whether he has part in a campaign, be it that a colleague runs it.",
        "kinds": "Kinds of those campaigns.",
        "campaign_ids": "Those campaigns.",
        "n_queries": "Queries of misuse under his account, as in `outcomes`.",
        "first": "UTC time of the first of those. Null: none.",
        "last": "UTC time of the last of those. Null: none.",
        "found": "Whether a decision other than unfounded fell within the horizon.",
        "split_officer": "His side of the split by officers.",
        "split_agency": "His side of the split by agencies.",
    },
    "reactions": {
        "query_id": "Query that is thought denied.",
        "step": "Place among what its author would do next.",
        "reaction": "What he would do.",
        "delay_s": "Seconds until he does.",
        "replaced": "JSON object of the log's fields that then have other values.",
    },
}


def columns() -> Iterator[Column]:
    """Yield every column of every table, in the order of the schemas.

    Raises
    ------
    KeyError
        If one has no meaning here.
    """
    yield from _of("log", schema.LOG, LOG)
    for folder, tables in schema.CONTEXT.items():
        for name, table in tables.items():
            told = _HOLDS | CONTEXT[f"{folder}/{name}"]
            yield from _of(f"context/{folder}/{name}", table, told)
    for name, table in schema.TRUTH.items():
        yield from _of(f"truth/{name}", table, TRUTH[name])


def _of(table: str, shape: pa.Schema, told: dict[str, str]) -> Iterator[Column]:
    for field in shape:
        yield Column(table, field.name, _kind(field.type), field.nullable, told[field.name])


def _kind(kind: pa.DataType) -> str:
    """Return a type in the words of a page.

    Examples
    --------
    >>> _kind(schema.TIME), _kind(schema.WORD), _kind(schema.LOG.field("query_id").type)
    ('time (µs, UTC)', 'word', 'uint64')
    """
    if kind == schema.TIME:
        return "time (µs, UTC)"
    if kind in (schema.WORD, schema.LONG_WORD):
        return "word"
    return str(kind).replace("item: ", "").replace("element: ", "")
