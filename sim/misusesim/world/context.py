"""Context tables of the static world: directory, roster and ties (DESIGN.md 4.2).

Every row says when it holds and when the organisation knew: a leaver's row appears when personnel
enters it, which is sometimes weeks late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from misusesim.clock import NEVER, LocalClock
from misusesim.dataset import schema
from misusesim.occasions import NONE
from misusesim.textcolumns import taken
from misusesim.world.accountstates import account_states
from misusesim.world.fugitives import UNIT as FUGITIVES
from misusesim.world.names import pools
from misusesim.world.subjects import Population

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusesim.plan import Suspensions
    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Agency, Staff, Terminals, Ties

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
    "analyst": ("DMV", "NCIC", "NLETS", "SVS", "ALPR", "RMS"),
    "it": ("RMS",),
    "interface": ("DMV", "NCIC", "NLETS", "SVS", "WPS"),
}  # fmt: skip

_FOREVER: Final = {"valid_from": 0, "valid_to": NEVER, "known_at": 0}
_SUBJECT_BITS: Final = 44  # people of the state; places of agencies stand above


def table(shape: pa.Schema, n: int, **columns: Any) -> pa.Table:
    """Return a context table of `n` rows; scalars are repeated, NEVER in a time becomes null."""
    arrays = [_column(field, columns[field.name], n) for field in shape]
    return pa.Table.from_arrays(arrays, schema=shape)


def _column(field: pa.Field, value: Any, n: int) -> pa.Array:
    if isinstance(value, (pa.Array, pa.DictionaryArray)):
        if pa.types.is_dictionary(field.type) and pa.types.is_string(value.type):
            value = value.dictionary_encode()
        return value if value.type == field.type else value.cast(field.type)
    filled = np.broadcast_to(np.asarray(value), n) if np.ndim(value) == 0 else np.asarray(value)
    if pa.types.is_timestamp(field.type):
        return pa.array(filled.astype(np.int64, copy=False), field.type, mask=filled >= NEVER)
    if pa.types.is_dictionary(field.type):
        return pa.array(filled.tolist(), pa.string()).dictionary_encode().cast(field.type)
    return pa.array(filled.tolist() if filled.dtype == object else filled, field.type)


def directory_context(scenario: Scenario, agencies: Sequence[Agency]) -> dict[str, pa.Table]:
    """Return the agencies' entries in the public directory."""

    def of_group(name: str) -> NDArray[Any]:
        return np.array([getattr(agency.group, name) for agency in agencies], object)

    entries = table(
        schema.CONTEXT["directory"]["agencies"],
        len(agencies),
        agency_id=np.array([agency.agency_id for agency in agencies], object),
        name=np.array([agency.name for agency in agencies], object),
        type=of_group("type"),
        state=np.array(scenario.state, object),
        timezone=np.array(scenario.timezone, object),
        case_field=of_group("case_field"),
        asks_purpose=of_group("asks_purpose"),
        valid_from=0,
        valid_to=NEVER,
        known_at=0,
    )
    return {"directory/agencies": entries}


def roster_context(
    scenario: Scenario,
    staff: Staff,
    units: Sequence[tuple[str, ...]],
    terminals: Sequence[Terminals],
    suspensions: Suspensions | None = None,
) -> dict[str, pa.Table]:
    """Return officers (one row per state), terminals and entitlements.

    Parameters
    ----------
    scenario
        The world.
    staff
        Some agencies with all that hold accounts there.
    units, terminals
        Names of the units and terminals of each agency.
    suspensions
        Who may not work and whose account is closed meanwhile, by rows of the staff.
    """
    units_of = _Units.of(units)
    return {
        "roster/officers": _officers(scenario, staff, units_of, suspensions),
        "roster/terminals": _terminals(staff, units_of, terminals),
        "roster/entitlements": _entitlements(staff),
    }


class _Units(NamedTuple):
    """Names of units, each once, and which is meant by a code of an agency."""

    names: NDArray[np.object_]
    code: NDArray[np.int64]  # agency by its own code
    fugitives: NDArray[np.int64]  # code of each agency's unit; 0 where there is none

    @staticmethod
    def of(units: Sequence[tuple[str, ...]]) -> _Units:
        names = sorted({name for own in units for name in own})
        code = np.zeros((len(units), max(len(own) for own in units)), np.int64)
        for row, own in zip(code, units, strict=True):
            row[: len(own)] = [names.index(name) for name in own]
        unit = [own.index(FUGITIVES) if FUGITIVES in own else 0 for own in units]
        return _Units(np.array(names, object), code, np.array(unit, np.int64))

    def __call__(self, place: NDArray[np.integer], unit: NDArray[np.integer]) -> pa.Array:
        """Return the name of each unit of the agency at a place."""
        return taken(self.names, self.code[place, unit])


def _agency_ids(staff: Staff, place: NDArray[np.integer]) -> pa.Array:
    return taken(np.array([agency.agency_id for agency in staff.agencies], object), place)


def _terminals(staff: Staff, units: _Units, terminals: Sequence[Terminals]) -> pa.Table:
    kind = np.concatenate([one.kind for one in terminals])
    place = np.repeat(np.arange(len(terminals)), [len(one.kind) for one in terminals])
    return table(
        schema.CONTEXT["roster"]["terminals"],
        len(kind),
        terminal_id=np.concatenate([one.terminal_id for one in terminals]),
        agency_id=_agency_ids(staff, place),
        kind=taken(np.array(schema.TERMINAL_KINDS, object), kind),
        unit=units(place, np.concatenate([one.unit for one in terminals])),
        **_FOREVER,
    )


def _entitlements(staff: Staff) -> pa.Table:
    """Return what each role is granted, by agency, for the roles there are."""
    role = staff.officers.role.astype(np.int64)
    place, role = np.divmod(np.unique(staff.place * len(schema.ROLES) + role), len(schema.ROLES))
    granted = [_GRANTS[schema.ROLES[code]] for code in role.tolist()]
    row = np.repeat(np.arange(len(role)), [len(systems) for systems in granted])
    return table(
        schema.CONTEXT["roster"]["entitlements"],
        len(row),
        role=taken(np.array(schema.ROLES, object), role[row]),
        agency_id=_agency_ids(staff, place[row]),
        system=pa.array([system for systems in granted for system in systems], pa.string()),
        **_FOREVER,
    )


def _officers(
    scenario: Scenario, staff: Staff, units: _Units, suspensions: Suspensions | None
) -> pa.Table:
    """Return a row per officer and state: from hiring on, suspended, back, and from leaving on."""
    officers, state = staff.officers, account_states(scenario, staff, suspensions)
    row, home = state.officer, staff.place[state.officer]
    return table(
        schema.CONTEXT["roster"]["officers"],
        len(row),
        officer_id=officers.officer_id[row],
        agency_id=_agency_ids(staff, home),
        **_personal(scenario, officers.subject[row]),
        role=taken(np.array(schema.ROLES, object), officers.role[row]),
        unit=units(home, np.where(state.transferred, units.fugitives[home], officers.unit[row])),
        hire_date=officers.hired[row],
        leave_date=state.left,
        training_until=officers.training_until[row],
        active=state.active,
        valid_from=state.start,
        valid_to=NEVER,
        known_at=state.known,
    )


def _personal(scenario: Scenario, subject: NDArray[np.int64]) -> dict[str, Any]:
    """Return what the form says of each account holder as a person."""
    people = Population(scenario)
    nobody = subject == NONE  # a system: the form's fields are filled all the same
    whom = np.where(nobody, 0, subject)
    return {
        "given_name": np.where(nobody, "System", people.given_name(whom)),
        "surname": np.where(nobody, "Interface", people.surname(whom)),
        "birth_date": _dates(np.where(nobody, _NO_BIRTH_DAY, people.birth_date(whom))),
        "sex": np.where(nobody, "X", np.array(schema.SEXES, object)[people.sex(whom)]),
        "address_area": np.where(nobody, "", _areas(scenario, people.area(whom))),
    }


def _dates(days: NDArray[np.integer]) -> pa.Array:
    return pa.array(days.astype(np.int32), pa.int32()).cast(pa.date32())


def _areas(scenario: Scenario, code: NDArray[np.int16]) -> NDArray[np.object_]:
    places = pools(scenario.seed).places
    return np.array([places[c] for c in code.tolist()], object)


def ties_context(scenario: Scenario, staff: Staff, ties: Sequence[Ties]) -> dict[str, pa.Table]:
    """Return relationships, and address and vehicle of officers and of those tied to them.

    A tie that begins after the horizon is not there yet, nor is its person because of it.

    Parameters
    ----------
    scenario
        The world.
    staff
        Some agencies with their people.
    ties
        Of each agency.
    """
    firsts, end = staff.first[:-1].tolist(), LocalClock(scenario).horizon[1]
    begun = np.concatenate([one.since < end for one in ties])
    officer = np.concatenate(
        [one.officer + first for one, first in zip(ties, firsts, strict=True)]
    )[begun]
    tied = np.concatenate([one.subject for one in ties])[begun]
    since = np.concatenate([one.since for one in ties])[begun]
    kind = np.concatenate([one.kind for one in ties])[begun]
    relationships = table(
        schema.CONTEXT["ties"]["relationships"],
        len(officer),
        officer_id=taken(staff.officers.officer_id, officer),
        subject_key=Population(scenario).person_key(tied),
        kind=taken(np.array(schema.TIE_KINDS, object), kind),
        valid_from=since,
        valid_to=NEVER,
        known_at=since,
    )
    known = np.concatenate([staff.place, staff.place[officer]])
    everyone = _distinct(known, np.concatenate([staff.officers.subject, tied]))
    return {"ties/relationships": relationships, **_known_people(scenario, everyone)}


def _distinct(place: NDArray[np.int64], subject: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the people of each agency, each once there, in order."""
    both = np.unique(place << _SUBJECT_BITS | subject)
    return np.asarray(both & (1 << _SUBJECT_BITS) - 1)


def _known_people(scenario: Scenario, everyone: NDArray[np.int64]) -> dict[str, pa.Table]:
    """Return where people live and what they drive."""
    people, shapes = Population(scenario), schema.CONTEXT["ties"]
    key = people.person_key(everyone)
    return {
        "ties/addresses": table(
            shapes["addresses"],
            len(everyone),
            subject_key=key,
            household=people.household(everyone),
            area=taken(np.array(pools(scenario.seed).places, object), people.area(everyone)),
            **_FOREVER,
        ),
        "ties/vehicles": table(
            shapes["vehicles"],
            len(everyone),
            subject_key=key,
            plate_key=people.plate_key(everyone),
            **_FOREVER,
        ),
    }
