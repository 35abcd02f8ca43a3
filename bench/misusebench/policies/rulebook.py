"""The constants of the eleven-rule policy, shared by all engines that speak it.

Eight databases of the rule text are mapped one to one from the systems of the log; roles are those
of the roster. A database's `roles` are who may ask it at all, `sensitivity` 2 and 3 need a case or
an incident, `clets` marks the state telecommunications network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Rules in the order in which a decision names them.
RULES: Final = (
    "ROLE", "ACTIVE", "TRAINING", "SHIFT", "PURPOSE", "CCW", "CASE", "CASE_OPEN", "JURIS",
    "OUT_OF_STATE", "WARRANT",
)  # fmt: skip
#: Rules that a break-glass request with a proper justification waives.
WAIVED: Final = frozenset({"CASE", "CASE_OPEN", "JURIS", "WARRANT"})
JUSTIFICATION_LEAST: Final = 20  # characters
LOOKBACK_MOST_DAYS: Final = 60  # without a warrant
ANY_HOUR_ROLES: Final = ("detective", "supervisor", "interface")

#: Facts that every request must carry.
REQUIRED: Final = {
    "officer": frozenset(
        ("role", "agency", "state", "active", "training_days_left", "on_shift")
    ),
    "database": frozenset(("id", "sensitivity", "clets", "owner_agency", "shared_with")),
    "context": frozenset((
        "purpose", "case_number", "case_exists", "case_open", "case_agency", "warrant",
        "lookback_days", "recipient_state", "break_glass", "justification_len",
    )),
}  # fmt: skip

_FIELD = ("patrol", "detective", "supervisor", "dispatcher")
_DESK = ("records_clerk", "jail", "licensing_clerk", "analyst")


@dataclass(frozen=True, slots=True)
class Database:
    """What the policy knows of one database."""

    sensitivity: int
    clets: bool
    roles: tuple[str, ...]


DATABASES: Final = {
    "dmv": Database(1, True, (*_FIELD, *_DESK, "interface")),
    "wanted": Database(1, True, (*_FIELD, *_DESK, "interface")),
    "stolen_vehicle": Database(1, True, (*_FIELD, "records_clerk", "analyst", "interface")),
    "property": Database(1, True, (*_FIELD, "records_clerk", "licensing_clerk")),
    "missing": Database(1, True, (*_FIELD, "records_clerk", "jail")),
    "supervised": Database(1, True, (*_FIELD, "records_clerk", "jail", "analyst")),
    "restraining_order": Database(2, True, (*_FIELD, "records_clerk", "jail")),
    "alpr": Database(2, False, ("patrol", "detective", "supervisor", "analyst")),
    "criminal_history": Database(3, True, (*_FIELD, *_DESK)),
    "own_records": Database(1, False, (*_FIELD, *_DESK)),
    "permit_registry": Database(1, False, ("licensing_clerk", "supervisor", "records_clerk")),
    "unknown": Database(3, True, ()),
}
#: System of the log -> database of the policy. A system that is not here is `unknown`: nobody may.
DATABASE_OF: Final = {
    "DMV": "dmv", "NLETS": "dmv", "WPS": "wanted", "NCIC": "wanted", "SVS": "stolen_vehicle",
    "AFS": "property", "MUPS": "missing", "SRF": "supervised", "CARPOS": "restraining_order",
    "ALPR": "alpr", "III": "criminal_history", "ACHS": "criminal_history", "RMS": "own_records",
    "LICENSING": "permit_registry",
}  # fmt: skip
