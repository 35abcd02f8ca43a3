"""The truth about oddities: which misuse each looks like, and what in the files justifies it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from misusesim.clock import NEVER
from misusesim.dataset.schema import MISUSE_KINDS, ODDITY_KINDS, TRUTH_ODDITIES, coded
from misusesim.occasions import NONE
from misusesim.textcolumns import padded_text, taken
from misusesim.workload.numbers import hex_digits, opaque_id_in, opaque_numbers
from misusesim.workload.setting import SECOND_US

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.occasions import Occasions
    from misusesim.plan import Cases, Incidents
    from misusesim.workload.licensing import Applications
    from misusesim.workload.setting import Setting

    I64Array = NDArray[np.int64]

#: The misuse kind that each oddity looks like; the others (of when and how one works and types) may
#: look like any.
TWIN_OF: Final = {
    "hotlist_repeat": "romantic_interest", "victim_protection": "romantic_interest",
    "warrant_repeat": "romantic_interest", "sustained_pair": "romantic_interest",
    "abandoned_stop": "dating_screening", "nickname_search": "name_hunting",
    "plate_before_stop": "retaliation", "lives_in_beat": "retaliation",
    "same_surname": "favour", "relative_in_call": "favour", "self_query": "self_lookup",
    "public_figure_case": "celebrity", "all_agency_alert": "celebrity",
    "records_counter_day": "selling", "auto_theft_batch": "personal_business",
    "lawful_licensing": "permit_checks", "applicant_check": "wrong_code",
    "joint_case": "immigration", "mass_event": "protest", "medical_case": "health",
    "broadcast_description": "descriptor", "shared_console": "credential_sharing",
    "call_out": "ghost_account", "validation_batch": "bulk_harvest",
    "case_surge": "bulk_harvest", "system_test": "live_testing",
    "window_widening": "scope_excess", "cold_case_search": "scope_excess",
}  # fmt: skip
_BY_APPLICATION: Final = tuple(
    ODDITY_KINDS.index(kind) for kind in ("lawful_licensing", "applicant_check")
)
_BY_SHIFT: Final = ("overtime", "shift_swap", "call_out", "abandoned_stop")
_BY_WARRANT: Final = ("warrant_repeat", "sustained_pair")


def oddity_table(setting: Setting, occasions: Occasions, applications: Applications) -> pa.Table:
    """Return `truth.oddities`: one row per odd occasion.

    Parameters
    ----------
    setting
        The agencies.
    occasions
        All of them, numbered; what an occasion refers to has the place of the agency on top, its
        own serial has not.
    applications
        What lawful permit checks serve.
    """
    odd = np.flatnonzero(occasions.oddity >= 0)
    some = occasions.take(odd)
    twins = np.array(
        [MISUSE_KINDS.index(TWIN_OF[k]) if k in TWIN_OF else NONE for k in ODDITY_KINDS], np.int8
    )[some.oddity]
    serial, home = some.serial | some.source.astype(np.int64) << 40, setting.place[some.officer]
    number = opaque_numbers(setting.scenario, "oddity", setting.numbers[home], serial)
    names = np.array([agency.agency_id for agency in setting.agencies], object)
    columns = {
        "oddity_id": padded_text(hex_digits(number)),
        "kind": coded(pa.array(some.oddity, pa.int8()), ODDITY_KINDS),
        "agency_id": taken(names, home),
        "officer_id": taken(setting.officers.officer_id, some.officer),
        "time": pa.array(some.start, pa.int64()),
        "twin_of": coded(pa.array(twins, pa.int8(), mask=twins < 0), MISUSE_KINDS),
        "justification": pa.array(
            _justifications(setting, some, _served(some, applications)), pa.string()
        ),
    }
    arrays = [columns[f.name].cast(f.type) for f in TRUTH_ODDITIES]
    return pa.Table.from_arrays(arrays, schema=TRUTH_ODDITIES)


def on_file(odd: Occasions, incidents: Incidents, cases: Cases, end: int) -> Occasions:
    """Return occasions without what nobody knows of before an end: it justifies nothing yet."""
    unknown = incidents.serial[incidents.known >= end], cases.serial[cases.opened >= end]
    incident, case = (
        np.where(np.isin(serial, late), NONE, serial)
        for serial, late in zip((odd.incident, odd.case), unknown, strict=True)
    )
    return replace(odd, incident=incident, case=case)


def _served(odd: Occasions, applications: Applications) -> I64Array:
    """Return the serial of the application that each lawful check serves, else -1."""
    out = np.full(len(odd), NONE, np.int64)
    lawful = np.flatnonzero(np.isin(odd.oddity, _BY_APPLICATION))
    done = np.flatnonzero(applications.checked < NEVER)
    if not len(done):
        return out
    check = _check(applications.clerk[done], applications.checked[done])
    order = np.argsort(check, kind="stable")
    wanted = _check(odd.officer[lawful], odd.start[lawful])
    at = np.maximum(np.searchsorted(check[order], wanted, side="right") - 1, 0)
    found = order[at]
    same = check[found] == wanted
    out[lawful[same]] = applications.serial[done[found[same]]]
    return out


def _check(clerk: NDArray[np.int32], time: I64Array) -> I64Array:
    """Return who checks and when in one number; the desk is planned in whole seconds."""
    return clerk.astype(np.int64) << 40 | time // SECOND_US


def _justifications(setting: Setting, odd: Occasions, application: I64Array) -> NDArray[np.object_]:
    """Return table and key of the context row behind each odd occasion: the closest there is."""
    names = np.array(ODDITY_KINDS)[odd.oddity]
    officer = setting.officers.officer_id[odd.officer]
    out = np.char.add("roster/officers:", officer.astype(str)).astype(object)
    wanted = np.isin(names, _BY_WARRANT) & (odd.subject >= 0)
    key = setting.population.person_key(odd.subject[wanted])
    out[wanted] = np.char.add("dispatch/warrants:", key.astype(str))
    on_shift = np.isin(names, _BY_SHIFT)
    out[on_shift] = np.char.add("roster/shifts:", officer[on_shift].astype(str))
    for table, kind, serial in (
        ("dispatch/incidents", "incident", odd.incident),
        ("dispatch/cases", "case", odd.case),
        ("dispatch/applications", "application", application),
    ):
        some = (serial >= 0) & ~on_shift
        ids = opaque_id_in(setting.scenario, kind, setting, serial[some]).astype(str)
        out[some] = np.char.add(f"{table}:", ids)
    return out
