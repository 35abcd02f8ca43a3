"""Context tables of the static world: directory, roster and ties (DESIGN.md 4.2).

Every row says when it holds and when the organisation knew: a leaver's row appears when personnel
enters it, which is sometimes weeks late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from misusesim import rng
from misusesim.clock import DAY_US, NEVER, LocalClock
from misusesim.dataset import schema
from misusesim.occasions import NONE
from misusesim.world.names import pools
from misusesim.world.subjects import Population

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Agency, Officers, Terminals, Ties

#: One leaver in eight is entered up to a month late (assumption; domain note 5.1, kind 17).
_LATE_ENTRY: Final = np.uint64(8)
_LATEST_DAYS: Final = 30
#: 1900-01-01, what forms get where a date must stand and there is none (assumption).
_NO_BIRTH_DAY: Final = -25_567
#: Systems each role is granted; broad, as access reviews find them (domain note 4: 36 % excess).
_GRANTS: Final = {
    "patrol": ("DMV", "NCIC", "NLETS", "III", "SVS", "AFS", "WPS", "CARPOS", "MUPS", "SRF", "ALPR",
               "RMS"),
    "detective": schema.SYSTEMS[:13],
    "supervisor": schema.SYSTEMS,
    "dispatcher": ("DMV", "NCIC", "NLETS", "III", "SVS", "AFS", "WPS", "CARPOS", "MUPS", "SRF",
                   "RMS"),
    "records_clerk": ("DMV", "NCIC", "NLETS", "III", "WPS", "ACHS", "CARPOS", "RMS"),
    "jail": ("DMV", "NCIC", "NLETS", "III", "WPS", "ACHS", "SRF", "RMS"),
    "licensing_clerk": ("DMV", "NCIC", "III", "AFS", "WPS", "ACHS", "RMS", "LICENSING"),
    "analyst": ("DMV", "NCIC", "SVS", "ALPR", "RMS"),
    "it": ("RMS",),
    "interface": ("DMV", "NCIC", "NLETS", "SVS", "WPS"),
}  # fmt: skip


def table(shape: pa.Schema, n: int, **columns: Any) -> pa.Table:
    """Return a context table of `n` rows; scalars are repeated, NEVER in a time becomes null."""
    arrays = [_column(field, columns[field.name], n) for field in shape]
    return pa.Table.from_arrays(arrays, schema=shape)


def _column(field: pa.Field, value: Any, n: int) -> pa.Array:
    if isinstance(value, (pa.Array, pa.DictionaryArray)):
        return value if value.type == field.type else value.cast(field.type)
    filled = np.broadcast_to(np.asarray(value), n) if np.ndim(value) == 0 else np.asarray(value)
    if pa.types.is_timestamp(field.type):
        return pa.array(filled.astype(np.int64, copy=False), field.type, mask=filled >= NEVER)
    if pa.types.is_dictionary(field.type):
        return pa.array(filled.tolist(), pa.string()).dictionary_encode().cast(field.type)
    return pa.array(filled.tolist() if filled.dtype == object else filled, field.type)


def directory_context(scenario: Scenario, agency: Agency) -> dict[str, pa.Table]:
    """Return the agency's entry in the public directory."""
    group = agency.group
    entry = table(
        schema.CONTEXT["directory"]["agencies"],
        1,
        agency_id=np.array([agency.agency_id], object),
        name=np.array([agency.name], object),
        type=group.type,
        state=np.array([scenario.state], object),
        timezone=np.array([scenario.timezone], object),
        case_field=group.case_field,
        asks_purpose=group.asks_purpose,
        valid_from=0,
        valid_to=NEVER,
        known_at=0,
    )
    return {"directory/agencies": entry}


def roster_context(
    scenario: Scenario, agency: Agency, officers: Officers, terminals: Terminals
) -> dict[str, pa.Table]:
    """Return officers (one row per state), terminals and entitlements."""
    shapes = schema.CONTEXT["roster"]
    units = np.array(officers.units, object)
    roles = sorted({int(code) for code in officers.role})
    grants = [(schema.ROLES[r], s) for r in roles for s in _GRANTS[schema.ROLES[r]]]
    here = np.array([agency.agency_id], object)
    forever = {"valid_from": 0, "valid_to": NEVER, "known_at": 0}
    return {
        "roster/officers": _officers(scenario, agency, officers),
        "roster/terminals": table(
            shapes["terminals"],
            len(terminals.kind),
            terminal_id=terminals.terminal_id,
            agency_id=np.repeat(here, len(terminals.kind)),
            kind=np.array(schema.TERMINAL_KINDS, object)[terminals.kind],
            unit=units[terminals.unit],
            **forever,
        ),
        "roster/entitlements": table(
            shapes["entitlements"],
            len(grants),
            role=np.array([role for role, _ in grants], object),
            agency_id=np.repeat(here, len(grants)),
            system=np.array([system for _, system in grants], object),
            **forever,
        ),
    }


def _officers(scenario: Scenario, agency: Agency, officers: Officers) -> pa.Table:
    """Return one row per officer from hiring on, and one more from leaving on."""
    entered = officers.left + _days_late(scenario, officers) * DAY_US
    gone = np.flatnonzero(entered < LocalClock(scenario).horizon[1])
    row = np.r_[np.arange(len(officers)), gone]
    leaving = np.arange(len(row)) >= len(officers)
    left, hired = officers.left[row], officers.hired[row]
    people = Population(scenario)
    nobody = officers.subject[row] == NONE  # a system: the form's fields are filled all the same
    whom = np.where(nobody, 0, officers.subject[row])
    return table(
        schema.CONTEXT["roster"]["officers"],
        len(row),
        officer_id=officers.officer_id[row],
        agency_id=np.repeat(np.array([agency.agency_id], object), len(row)),
        given_name=np.where(nobody, "System", people.given_name(whom)),
        surname=np.where(nobody, "Interface", people.surname(whom)),
        birth_date=_dates(np.where(nobody, _NO_BIRTH_DAY, people.birth_date(whom))),
        sex=np.where(nobody, "X", np.array(schema.SEXES, object)[people.sex(whom)]),
        address_area=np.where(nobody, "", _areas(scenario, people.area(whom))),
        role=np.array(schema.ROLES, object)[officers.role[row]],
        unit=np.array(officers.units, object)[officers.unit[row]],
        hire_date=hired,
        leave_date=np.where(leaving, left, NEVER),
        training_until=officers.training_until[row],
        active=~leaving,
        valid_from=np.where(leaving, left, hired),
        valid_to=NEVER,
        known_at=np.where(leaving, entered[row], hired),
    )


def _dates(days: NDArray[np.integer]) -> pa.Array:
    return pa.array(days.astype(np.int32), pa.int32()).cast(pa.date32())


def _days_late(scenario: Scenario, officers: Officers) -> NDArray[np.int64]:
    """Return how many days after leaving each officer's leaving is entered: mostly 0."""
    bits = rng.draw(officers.subject.astype(np.uint64), rng.salt(scenario.seed, "late entry"))
    return np.where(bits % _LATE_ENTRY == 0, 1 + rng.below(bits, _LATEST_DAYS), 0)


def _areas(scenario: Scenario, code: NDArray[np.int16]) -> NDArray[np.object_]:
    places = pools(scenario.seed).places
    return np.array([places[c] for c in code.tolist()], object)


def ties_context(
    scenario: Scenario, agency: Agency, officers: Officers, ties: Ties
) -> dict[str, pa.Table]:
    """Return relationships, and address and vehicle of officers and of those tied to them.

    A tie that begins after the horizon is not there yet, nor is its person because of it.
    """
    del agency  # one signature for all context; ids are unique in the state
    people, shapes = Population(scenario), schema.CONTEXT["ties"]
    begun = np.flatnonzero(ties.since < LocalClock(scenario).horizon[1])
    officer, tied, since = ties.officer[begun], ties.subject[begun], ties.since[begun]
    everyone = np.unique(np.r_[officers.subject, tied])
    key = people.person_key(everyone)
    forever = {"valid_from": 0, "valid_to": NEVER, "known_at": 0}
    return {
        "ties/relationships": table(
            shapes["relationships"],
            len(begun),
            officer_id=officers.officer_id[officer],
            subject_key=people.person_key(tied),
            kind=np.array(schema.TIE_KINDS, object)[ties.kind[begun]],
            valid_from=since,
            valid_to=NEVER,
            known_at=since,
        ),
        "ties/addresses": table(
            shapes["addresses"],
            len(everyone),
            subject_key=key,
            household=people.household(everyone),
            area=_areas(scenario, people.area(everyone)),
            **forever,
        ),
        "ties/vehicles": table(
            shapes["vehicles"],
            len(everyone),
            subject_key=key,
            plate_key=people.plate_key(everyone),
            **forever,
        ),
    }
