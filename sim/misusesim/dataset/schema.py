"""The contract on disk: the columns of every table of a data set (DESIGN.md 4.2).

Every closed list is a tuple here, in a fixed order; the code of a word in a dictionary column is
its position. Times are UTC. `None` for `valid_to` means "still so".
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

SCHEMA_VERSION: Final = "2"

SYSTEMS: Final = (
    "DMV", "NCIC", "NLETS", "III", "SVS", "AFS", "WPS", "ACHS", "CARPOS", "MUPS", "SRF",
    "ALPR", "RMS", "LICENSING",
)  # fmt: skip
#: Systems reached over the state telecommunications network; the lawful road for permits is not.
CLETS_SYSTEMS: Final = SYSTEMS[:11]
MESSAGE_KEYS: Final = (
    "RQ", "DQ", "KQ",                 # DMV / Nlets: registration, licence, driver history
    "QW", "QWA", "QV", "QG", "QA",    # NCIC: wanted, wanted all, vehicle, gun, article
    "QH", "QR",                       # III: index, record
    "IQ", "FQ",                       # Nlets criminal history
    "SVS", "AFS", "WPS", "ACHS", "CARPOS", "MUPS", "SRF",
    "lookup", "search", "freeform", "visual", "multi-area", "convoy",   # ALPR
    "name", "address", "case",        # RMS
    "permit",                         # LICENSING
)  # fmt: skip
PURPOSES: Final = (
    "criminal", "traffic", "court", "dv", "officer_safety", "employment", "ccw", "other",
)  # fmt: skip
PURPOSE_CODES: Final = ("A", "C", "D", "E", "F", "H", "I", "J", "R", "S", "V", "X")
SUBJECT_KINDS: Final = ("person", "vehicle", "property")
SEXES: Final = ("F", "M", "X")
MATCHES: Final = ("exact", "partial", "wildcard")
OUTCOMES: Final = ("ok", "no_record", "error", "timeout")
ACTIONS: Final = ("view", "print", "export", "share")
SCOPES: Final = ("own", "region", "state", "national")

ROLES: Final = (
    "patrol", "detective", "supervisor", "dispatcher", "records_clerk", "jail", "licensing_clerk",
    "analyst", "it", "interface",
)  # fmt: skip
#: The role that is nobody: accounts of systems that ask by themselves.
INTERFACE: Final = ROLES.index("interface")
AGENCY_TYPES: Final = (
    "police", "sheriff", "state", "campus", "court", "probation", "prosecutor", "dispatch",
    "bureau",
)  # fmt: skip
FIELD_RULES: Final = ("mandatory", "optional", "absent")
TERMINAL_KINDS: Final = ("car", "desk", "console", "mobile")
SHIFT_KINDS: Final = ("regular", "overtime", "swap", "court")
TIE_KINDS: Final = (
    "spouse", "ex", "family", "neighbour", "colleague", "dispute", "public_figure",
)  # fmt: skip
INCIDENT_KINDS: Final = ("call", "traffic_stop", "pedestrian_stop", "booking", "tow")

CAUSES: Final = ("work", "oddity", "misuse")
LABELS: Final = ("positive", "negative", "ignore")
INTENTS: Final = ("malicious", "negligent", "institutional", "accidental", "none")
RUNGS: Final = ("declared", "miscoded", "plausible_case", "own_case")
COVERS: Final = ("none", "borrowed_case", "colleague_asked", "invented_case", "generic_reason")
MISUSE_KINDS: Final = (
    "permit_checks", "romantic_interest", "retaliation", "dating_screening", "name_hunting",
    "favour", "self_lookup", "celebrity", "selling", "personal_business", "wrong_code",
    "immigration", "protest", "health", "descriptor", "credential_sharing", "ghost_account",
    "bulk_harvest", "live_testing", "scope_excess",
)  # fmt: skip
ODDITY_KINDS: Final = (
    "self_query", "system_test", "same_surname", "wrong_dropdown", "hotlist_repeat",
    "case_in_reason", "overtime", "shift_swap", "victim_protection", "plate_before_stop",
    "lawful_licensing",
    "all_agency_alert", "public_figure_case", "mass_event",   # events that many officers meet
    "relative_in_call", "lives_in_beat", "abandoned_stop", "call_out", "backfill", "case_surge",
    "nickname_search", "records_counter_day", "auto_theft_batch", "warrant_repeat",
    "sustained_pair", "shared_console", "window_widening",
    "applicant_check", "joint_case", "medical_case", "broadcast_description", "cold_case_search",
    "validation_batch",
)  # fmt: skip
VIOLATIONS: Final = (
    "purpose", "no_need_to_know", "false_case", "scope", "recipient", "none", "lookback", "account",
)  # fmt: skip
REACTIONS: Final = (
    "give_up", "recode", "borrow_case", "ask_colleague", "break_glass", "resubmit",
    "ask_supervisor",
)  # fmt: skip
FOUND_BY: Final = (
    "audit", "complaint", "self_report", "peer_report", "access_request", "never",
    "supervisor_review", "analytics",
)  # fmt: skip
OUTCOME_KINDS: Final = (
    "unfounded", "no_action", "retrained", "counselled", "suspended", "resigned", "dismissed",
    "charged",
)  # fmt: skip
#: Sides of a split; a campaign that runs over a boundary of time is on none of them.
SIDES: Final = ("train", "valid", "test", "straddles")

TIME: Final = pa.timestamp("us", tz="UTC")
WORD: Final = pa.dictionary(pa.int8(), pa.string())
LONG_WORD: Final = pa.dictionary(pa.int32(), pa.string())


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


def _schema(*fields: pa.Field) -> pa.Schema:
    return pa.schema(fields, metadata={"schema_version": SCHEMA_VERSION})


LOG: Final = _schema(
    _required("query_id", pa.uint64()),
    _required("time", TIME),
    _required("received_at", TIME),
    _required("agency_id", LONG_WORD),
    _required("officer_id", LONG_WORD),
    _required("terminal_id", LONG_WORD),
    _required("system", WORD),
    _required("message_key", WORD),
    pa.field("declared_purpose", WORD),
    pa.field("purpose_code", WORD),
    pa.field("reason_category", WORD),
    pa.field("reason_text", LONG_WORD),
    pa.field("case_number", LONG_WORD),
    pa.field("requestor", LONG_WORD),
    _required("subject_kind", WORD),
    _required("subject_key", pa.uint64()),
    pa.field("subject_surname", LONG_WORD),
    pa.field("subject_birth_year", pa.int16()),
    pa.field("subject_sex", WORD),
    pa.field("subject_plate", pa.string()),
    _required("match", WORD),
    pa.field("scope", WORD),
    pa.field("lookback_hours", pa.int32()),
    _required("hit", pa.bool_()),
    _required("records_returned", pa.int32()),
    _required("outcome", WORD),
    _required("action", WORD),
    pa.field("recipient_agency_id", LONG_WORD),
    _required("break_glass", pa.bool_()),
    pa.field("justification_length", pa.int16()),
    _required("latency_ms", pa.int32()),
)

TRUTH_QUERIES: Final = _schema(
    _required("query_id", pa.uint64()),
    _required("cause", WORD),
    pa.field("kind", WORD),  # misuse kind or oddity kind; null for work
    _required("label", WORD),
    _required("violation", WORD),
    pa.field("campaign_id", pa.string()),
    pa.field("rung", WORD),
    pa.field("cover", WORD),
    _required("intent", WORD),
    pa.field("tie", WORD),
    pa.field("true_purpose", WORD),
    pa.field("incident_id", pa.string()),
    pa.field("case_id", pa.string()),
    _required("severity", pa.int8()),
    pa.field("duplicate_of", pa.uint64()),
)
TRUTH_CAMPAIGNS: Final = _schema(
    _required("campaign_id", pa.string()),
    _required("kind", WORD),
    _required("rung", WORD),
    pa.field("cover", WORD),
    _required("agency_id", LONG_WORD),
    _required("officer_ids", pa.list_(pa.string())),
    pa.field("unit", pa.string()),  # set when a whole unit acts
    _required("subject_keys", pa.list_(pa.uint64())),  # person and plate keys of the targets
    pa.field("tie", WORD),
    _required("motive", pa.string()),
    _required("start", TIME),
    _required("end", TIME),
    _required("n_queries", pa.int32()),  # planned, before loss and the horizon
    _required("severity", pa.int8()),
    pa.field("false_case", pa.string()),
    pa.field("split_time", WORD),  # of SIDES, by what is left within the horizon; null: nothing
    _required("split_officer", WORD),  # of the group that shares campaigns
    _required("split_agency", WORD),
    _required("split_kind", WORD),  # train | test
)
#: Why a campaign is misuse, fact by fact: what a reader of the context must find, or must not.
TRUTH_REASONS: Final = _schema(
    _required("reason_id", pa.string()),
    _required("campaign_id", pa.string()),
    _required("rule", WORD),  # of VIOLATIONS, the rule that it breaks
    _required("time", TIME),  # as of when; of the first look-up on record, mostly
    _required("evidence", pa.string()),  # table and key, as misuse/reasons.py lists them
    _required("present", pa.bool_()),  # else no such row holds at that time
)
TRUTH_ODDITIES: Final = _schema(
    _required("oddity_id", pa.string()),
    _required("kind", WORD),
    _required("agency_id", LONG_WORD),
    _required("officer_id", LONG_WORD),
    _required("time", TIME),
    pa.field("twin_of", WORD),  # the misuse kind it looks like
    _required("justification", pa.string()),  # table and key of the context row
)
TRUTH_OUTCOMES: Final = _schema(
    pa.field("campaign_id", pa.string()),  # null: an honest officer was accused
    _required("officer_id", LONG_WORD),
    _required("found_by", WORD),
    pa.field("found_at", TIME),
    pa.field("outcome", WORD),
    pa.field("decided_at", TIME),
    _required("n_queries", pa.int32()),  # his in this campaign, in the horizon, before loss
)
#: Everybody who holds an account within the horizon, or whose account was used in a campaign.
TRUTH_OFFICERS: Final = _schema(
    _required("officer_id", pa.string()),
    _required("agency_id", LONG_WORD),
    _required("role", WORD),
    _required("misuses", pa.bool_()),  # has part in a campaign, be it that a colleague runs it
    _required("kinds", pa.list_(pa.string())),
    _required("campaign_ids", pa.list_(pa.string())),
    _required("n_queries", pa.int32()),  # of misuse under his account, as in outcomes
    pa.field("first", TIME),  # of those: the first occasion within the horizon
    pa.field("last", TIME),
    _required("found", pa.bool_()),  # decided within the horizon, other than unfounded
    _required("split_officer", WORD),
    _required("split_agency", WORD),
)
#: What the author of a query would do next if it were denied, step by step until he gives up.
#: Every misuse row and every oddity has its rows; of plain work, where the truth is full, rows that
#: a policy may well deny (`query/reactions.py`) and a keyed sample of the others have. A query
#: without rows was not asked: the rows of its like say what share would do what.
TRUTH_REACTIONS: Final = _schema(
    _required("query_id", pa.uint64()),
    _required("step", pa.int8()),
    _required("reaction", WORD),
    _required("delay_s", pa.int32()),
    _required("replaced", pa.string()),  # JSON object of log fields that change
)
TRUTH: Final = {
    "queries": TRUTH_QUERIES,
    "campaigns": TRUTH_CAMPAIGNS,
    "oddities": TRUTH_ODDITIES,
    "officers": TRUTH_OFFICERS,
    "outcomes": TRUTH_OUTCOMES,
    "reasons": TRUTH_REASONS,
    "reactions": TRUTH_REACTIONS,
}


def _context(*fields: pa.Field) -> pa.Schema:
    """Return a context schema: the fields, then when the row holds and when it becomes known."""
    return _schema(
        *fields,
        _required("valid_from", TIME),
        pa.field("valid_to", TIME),
        _required("known_at", TIME),
    )


#: Table name -> schema, by folder under `context/`. `directory` goes with the log (tier T0).
CONTEXT: Final = {
    "directory": {
        "agencies": _context(
            _required("agency_id", pa.string()),
            _required("name", pa.string()),
            _required("type", WORD),
            _required("state", pa.string()),
            _required("timezone", pa.string()),
            _required("case_field", WORD),
            _required("asks_purpose", pa.bool_()),
        ),
    },
    "roster": {
        "officers": _context(
            _required("officer_id", pa.string()),
            _required("agency_id", pa.string()),
            _required("given_name", pa.string()),
            _required("surname", pa.string()),
            _required("birth_date", pa.date32()),
            _required("sex", WORD),
            _required("address_area", pa.string()),
            _required("role", WORD),
            _required("unit", pa.string()),
            _required("hire_date", TIME),
            pa.field("leave_date", TIME),
            _required("training_until", TIME),
            _required("active", pa.bool_()),
        ),
        "terminals": _context(
            _required("terminal_id", pa.string()),
            _required("agency_id", pa.string()),
            _required("kind", WORD),
            _required("unit", pa.string()),
        ),
        "shifts": _context(  # valid_from..valid_to is the shift
            _required("officer_id", pa.string()),
            _required("kind", WORD),
        ),
        "leave": _context(
            _required("officer_id", pa.string()),
            _required("kind", pa.string()),
        ),
        "sanctions": _context(  # of any kind of misconduct; valid_from the decision
            _required("officer_id", pa.string()),
            _required("agency_id", pa.string()),
            _required("kind", WORD),  # of OUTCOME_KINDS
        ),
        "entitlements": _context(
            _required("role", WORD),
            _required("agency_id", pa.string()),
            _required("system", WORD),
        ),
    },
    "dispatch": {
        "incidents": _context(  # valid_from opened, valid_to closed
            _required("incident_id", pa.string()),
            _required("agency_id", pa.string()),
            _required("number", pa.string()),
            _required("kind", WORD),
            _required("priority", pa.int8()),
            _required("offense", LONG_WORD),
            _required("self_initiated", pa.bool_()),
            _required("area", pa.string()),
        ),
        "cases": _context(  # one row per status
            _required("case_id", pa.string()),
            _required("agency_id", pa.string()),
            _required("number", pa.string()),
            _required("offense", LONG_WORD),
            _required("status", pa.string()),  # open | closed
        ),
        "assignments": _context(  # officer works on an incident or a case
            _required("officer_id", pa.string()),
            pa.field("incident_id", pa.string()),
            pa.field("case_id", pa.string()),
        ),
        "involved": _context(  # subject named in an incident or a case
            _required("subject_key", pa.uint64()),
            pa.field("incident_id", pa.string()),
            pa.field("case_id", pa.string()),
        ),
        "warrants": _context(
            _required("subject_key", pa.uint64()),
            _required("agency_id", pa.string()),
        ),
        "applications": _context(
            _required("application_id", pa.string()),
            _required("agency_id", pa.string()),
            _required("kind", pa.string()),  # ccw | employment | ride_along
            _required("subject_key", pa.uint64()),
        ),
        "hotlists": _context(
            _required("subject_key", pa.uint64()),
            _required("agency_id", pa.string()),
            pa.field("case_id", pa.string()),
        ),
        "sharing": _context(
            _required("agency_id", pa.string()),
            _required("with_agency_id", pa.string()),
            _required("system", WORD),
        ),
        "news": _context(
            _required("subject_key", pa.uint64()),
            _required("headline", pa.string()),
        ),
    },
    "ties": {
        "relationships": _context(
            _required("officer_id", pa.string()),
            _required("subject_key", pa.uint64()),  # the person's key
            _required("kind", WORD),
        ),
        "addresses": _context(
            _required("subject_key", pa.uint64()),
            _required("household", pa.uint64()),
            _required("area", pa.string()),
        ),
        "vehicles": _context(
            _required("subject_key", pa.uint64()),  # the owner's person key
            _required("plate_key", pa.uint64()),
        ),
    },
}
#: Folders a tier may see; the log goes with every tier.
TIERS: Final = {
    "T0": ("directory",),
    "T1": ("directory", "roster"),
    "T2": ("directory", "roster", "dispatch"),
    "T3": ("directory", "roster", "dispatch", "ties"),
}


def coded(codes: pa.Array, words: tuple[str, ...]) -> pa.DictionaryArray:
    """Return a dictionary column; a code out of range raises (never pass ``safe=False``)."""
    return pa.DictionaryArray.from_arrays(codes, pa.array(words, pa.string()))
