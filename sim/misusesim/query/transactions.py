"""What people query for each kind of work: system, message key and kind of subject.

No public breakdown of query types exists (domain note 13). The mixes are assumptions that give the
volumes of domain note 7.2 over a street-heavy agency: vehicle and plate 45-55 %, wanted persons and
licences 30-40 %, criminal history 3-6 %, property and guns 2-4 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim import rng
from misusesim.dataset.schema import MESSAGE_KEYS, SUBJECT_KINDS, SYSTEMS
from misusesim.occasions import AUTOMATIC, TEMPLATES

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Transaction(NamedTuple):
    """One way to query; `shows` lists the person fields of its screen (s, y, x: see below)."""

    system: str
    key: str
    subject: str
    shows: str = ""  # s surname, y birth year, x sex


TRANSACTIONS: Final = {
    "registration": Transaction("DMV", "RQ", "vehicle"),
    "licence": Transaction("DMV", "DQ", "person", "sy"),
    "driver_history": Transaction("DMV", "KQ", "person", "sy"),
    "registration_away": Transaction("NLETS", "RQ", "vehicle"),
    "licence_away": Transaction("NLETS", "DQ", "person", "syx"),
    "stolen": Transaction("SVS", "SVS", "vehicle"),
    "stolen_ncic": Transaction("NCIC", "QV", "vehicle"),
    "wanted": Transaction("NCIC", "QW", "person", "syx"),
    "wanted_all": Transaction("NCIC", "QWA", "person", "syx"),
    "wanted_state": Transaction("WPS", "WPS", "person", "syx"),
    "gun": Transaction("NCIC", "QG", "property"),
    "gun_state": Transaction("AFS", "AFS", "property"),
    "article": Transaction("NCIC", "QA", "property"),
    "firearms_owner": Transaction("AFS", "AFS", "person", "syx"),
    "history_index": Transaction("III", "QH", "person", "syx"),
    "history_record": Transaction("III", "QR", "person"),
    "history_away": Transaction("NLETS", "IQ", "person", "syx"),
    "history_full_away": Transaction("NLETS", "FQ", "person"),
    "history_state": Transaction("ACHS", "ACHS", "person", "syx"),
    "protective_order": Transaction("CARPOS", "CARPOS", "person", "syx"),
    "missing_person": Transaction("MUPS", "MUPS", "person", "syx"),
    "supervised": Transaction("SRF", "SRF", "person", "syx"),
    "alpr_lookup": Transaction("ALPR", "lookup", "vehicle"),
    "alpr_search": Transaction("ALPR", "search", "vehicle"),
    "alpr_freeform": Transaction("ALPR", "freeform", "vehicle"),
    "alpr_visual": Transaction("ALPR", "visual", "vehicle"),
    "alpr_area": Transaction("ALPR", "multi-area", "vehicle"),
    "alpr_convoy": Transaction("ALPR", "convoy", "vehicle"),
    "records_name": Transaction("RMS", "name", "person", "sy"),
    "records_address": Transaction("RMS", "address", "person"),
    "records_case": Transaction("RMS", "case", "person"),
    "permit": Transaction("LICENSING", "permit", "person", "syx"),
}

#: Template: (mix of the first query, mix of the later ones); weights in per cent.
_MIXES: Final = {
    "traffic_stop": (
        "registration 76 stolen 6 stolen_ncic 6 registration_away 4 licence 8",
        (
            "licence 28 wanted 21 wanted_state 9 driver_history 5 registration 14 stolen_ncic 14 "
            "registration_away 1 licence_away 3 supervised 2 protective_order 1 gun 1 "
            "records_name 1"
        ),
    ),
    "pedestrian_stop": (
        "licence 42 wanted 34 wanted_state 14 records_name 10",
        (
            "wanted 30 wanted_state 18 licence 14 supervised 7 protective_order 4 registration 10 "
            "article 8 gun 4 gun_state 2 records_name 3"
        ),
    ),
    "call_field": (
        "registration 55 registration_away 3 licence 16 wanted 12 records_name 6 stolen_ncic 8",
        (
            "registration 50 wanted 12 licence 10 wanted_state 6 protective_order 3 gun 2 "
            "article 3 missing_person 1 records_name 3 stolen 7 supervised 1 registration_away 2"
        ),
    ),
    "call_dispatch": (
        "registration 57 registration_away 3 licence 15 wanted 12 stolen_ncic 10 records_name 3",
        (
            "registration 53 wanted 14 licence 11 wanted_state 5 protective_order 3 stolen_ncic 6 "
            "gun 2 article 2 missing_person 1 registration_away 3"
        ),
    ),
    "plate_check": (
        "registration 80 stolen 9 stolen_ncic 7 registration_away 4",
        "registration 80 stolen 9 stolen_ncic 7 registration_away 4",
    ),
    "alpr_search": (
        "alpr_lookup 62 alpr_search 24 alpr_visual 5 alpr_freeform 3 alpr_area 4 alpr_convoy 2",
        (
            "alpr_lookup 52 alpr_search 20 alpr_visual 4 alpr_freeform 2 alpr_area 3 alpr_convoy 2 "
            "registration 17"
        ),
    ),
    "case_session": (
        (
            "records_name 23 records_case 11 licence 18 registration 29 history_index 15 "
            "alpr_lookup 3 registration_away 1"
        ),
        (
            "records_name 15 records_case 5 licence 13 registration 21 driver_history 3 wanted 9 "
            "history_index 13 history_record 6 history_state 4 history_away 1 history_full_away 1 "
            "protective_order 2 supervised 2 alpr_lookup 2 alpr_search 1 gun_state 1 "
            "registration_away 1"
        ),
    ),
    "warrant_check": (
        "wanted 50 wanted_state 30 wanted_all 8 licence 12",
        "wanted 42 wanted_state 34 wanted_all 8 licence 16",
    ),
    "booking": (
        "wanted 40 wanted_state 20 licence 16 history_index 24",
        (
            "wanted 24 wanted_state 16 history_index 24 history_state 8 licence 8 supervised 10 "
            "protective_order 10"
        ),
    ),
    "jail_check": (
        (
            "wanted 32 wanted_state 22 history_index 20 history_state 6 protective_order 6 "
            "supervised 8 records_name 6"
        ),
        (
            "wanted 32 wanted_state 22 history_index 20 history_state 6 protective_order 6 "
            "supervised 8 records_name 6"
        ),
    ),
    "records_request": (
        (
            "records_name 32 records_case 18 licence 12 registration 31 registration_away 2 "
            "records_address 5"
        ),
        (
            "records_name 31 records_case 19 licence 12 registration 31 registration_away 2 "
            "records_address 5"
        ),
    ),
    "background_check": (
        (
            "history_index 34 history_state 26 wanted 10 wanted_state 10 protective_order 8 "
            "firearms_owner 8 licence 4"
        ),
        (
            "history_index 20 history_record 14 history_state 24 wanted 10 wanted_state 10 "
            "protective_order 8 firearms_owner 8 licence 6"
        ),
    ),
    "permit_desk": ("permit 100", "permit 100"),
    "alpr_widening": ("alpr_search 100", "alpr_search 100"),
    "alpr_wide": ("alpr_search 70 alpr_lookup 30", "alpr_search 70 alpr_lookup 30"),
    "hotlist_repeat": ("alpr_lookup 74 alpr_search 26", "alpr_lookup 70 alpr_search 30"),
    "victim_protection": (
        "protective_order 46 records_name 20 licence 10 wanted 14 firearms_owner 10",
        "protective_order 36 records_name 20 licence 14 wanted 18 firearms_owner 12",
    ),
    "system_test": ("registration 60 licence 30 wanted 10", "registration 60 licence 30 wanted 10"),
    "self_check": ("licence 45 registration 45 records_name 10", "licence 45 registration 55"),
    "name_check": (
        "licence 40 wanted 18 records_name 22 registration 20",
        "licence 30 wanted 20 records_name 20 registration 20 driver_history 10",
    ),
    # who goes by a nickname is looked for by parts of names, never by an exact one
    "nickname_search": (
        "records_name 44 licence 30 wanted 16 wanted_state 10",
        "records_name 44 licence 30 wanted 16 wanted_state 10",
    ),
    # every call and every unit's stop is run against the files by itself (assumption)
    "cad_interface": (
        "registration 40 registration_away 2 stolen_ncic 16 wanted 20 wanted_state 12 licence 10",
        "registration 40 registration_away 2 stolen_ncic 16 wanted 20 wanted_state 12 licence 10",
    ),
    "records_interface": (
        "registration 34 licence 28 wanted 20 wanted_state 10 stolen_ncic 4 registration_away 4",
        "registration 34 licence 28 wanted 20 wanted_state 10 stolen_ncic 4 registration_away 4",
    ),
    # hits of a plate reader are confirmed in the state's and the FBI's file of stolen vehicles
    "alpr_interface": ("stolen 55 stolen_ncic 45", "stolen 55 stolen_ncic 45"),
}

#: Chance in 100 that a later query of an occasion is about the same subject: where the occasion
#: names one, and where it is about strangers (assumption).
_SAME: Final = {
    "traffic_stop": (82, 80), "pedestrian_stop": (82, 80), "call_field": (72, 60),
    "call_dispatch": (72, 60), "plate_check": (100, 8), "alpr_search": (100, 60),
    "case_session": (75, 50), "warrant_check": (100, 10), "booking": (96, 96),
    "jail_check": (100, 12), "records_request": (100, 35), "hotlist_repeat": (100, 100),
    "nickname_search": (45, 45),
    **dict.fromkeys(AUTOMATIC, (0, 0)),
}  # fmt: skip

NAMES: Final = tuple(TRANSACTIONS)
SYSTEM: Final = np.array([SYSTEMS.index(t.system) for t in TRANSACTIONS.values()], np.int8)
KEY: Final = np.array([MESSAGE_KEYS.index(t.key) for t in TRANSACTIONS.values()], np.int8)
KIND: Final = np.array([SUBJECT_KINDS.index(t.subject) for t in TRANSACTIONS.values()], np.int8)
SHOWS: Final = {
    field: np.array([field in t.shows for t in TRANSACTIONS.values()]) for field in "syx"
}
#: Templates whose rows no hand types: no slips, no screen, every subject another stranger.
MACHINE: Final = np.isin(TEMPLATES, AUTOMATIC)
#: Systems whose screens insist on a case number more than others: criminal history, plate reader.
SENSITIVE: Final = np.isin(
    SYSTEM, [SYSTEMS.index(s) for s in ("III", "ACHS", "CARPOS", "ALPR", "AFS")]
)


PLATE_READER: Final = np.isin(SYSTEM, SYSTEMS.index("ALPR"))
REGISTRATION: Final = NAMES.index("registration")


@dataclass(frozen=True, slots=True)
class Mixes:
    """Tables by template."""

    transaction: NDArray[np.int8]  # [template, 0 first or 1 later, 65,536]
    same: NDArray[np.int32]  # of 65,536; [template, 0 stranger or 1 named]


@lru_cache(maxsize=1)
def mixes() -> Mixes:
    """Return the tables of all templates."""
    first_and_later = [[_guide(text) for text in _MIXES[template]] for template in TEMPLATES]
    named = [_SAME.get(template, (100, 100)) for template in TEMPLATES]
    return Mixes(
        transaction=np.array(first_and_later, np.int8),
        same=np.array([[stranger, same] for same, stranger in named], np.int32) * 65536 // 100,
    )


def _guide(text: str) -> NDArray[np.int8]:
    parts = text.split()
    codes = np.array([NAMES.index(name) for name in parts[::2]], np.int8)
    return codes[rng.guide([int(weight) for weight in parts[1::2]])]
