"""Who holds an account at an agency: seats, roles, units, watches, and who succeeds whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim import rng
from misusesim.clock import DAY_US, NEVER, LocalClock
from misusesim.dataset.schema import ROLES, TERMINAL_KINDS
from misusesim.world import fugitives
from misusesim.world.agencies import first_seats
from misusesim.world.model import Officers, Terminals
from misusesim.world.subjects import AREAS, Population

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Agency

#: Shares of seats by role. Police: Eugene's 194 accounts (domain note 7.1), with records clerks and
#: dispatchers added (assumption); sheriffs run a jail; the other types are assumptions.
_POLICE: Final = {
    "patrol": 54, "supervisor": 12, "detective": 12, "records_clerk": 7, "dispatcher": 9,
    "analyst": 4, "it": 2,
}  # fmt: skip
_SHERIFF: Final = {
    "patrol": 44, "supervisor": 10, "detective": 10, "jail": 16, "records_clerk": 7,
    "dispatcher": 9, "analyst": 2, "it": 2,
}  # fmt: skip
_DESKS: Final = {"detective": 50, "supervisor": 10, "records_clerk": 30, "analyst": 8, "it": 2}
_SHARES: Final = {
    "police": _POLICE, "campus": _POLICE, "state": _POLICE, "sheriff": _SHERIFF,
    "dispatch": {"dispatcher": 84, "supervisor": 12, "it": 4},
    "court": {"records_clerk": 85, "supervisor": 10, "it": 5},
    "probation": _DESKS, "prosecutor": _DESKS, "bureau": _DESKS,
}  # fmt: skip
_UNIT_OF: Final = {
    "patrol": "patrol", "detective": "detectives", "supervisor": "command",
    "dispatcher": "dispatch", "records_clerk": "records", "jail": "jail",
    "licensing_clerk": "licensing", "analyst": "analysis", "it": "it",
}  # fmt: skip
#: Shares of the six watches, so that the street's hours come out as Seattle's (domain note 7.3).
_WATCH_WEIGHTS: Final = (17, 10, 17, 26, 15, 15)
_WATCHED: Final = frozenset({"patrol", "dispatcher", "jail"})
_GENERATIONS: Final = 24  # successors of one seat that ten years can need
_VACANT_DAYS: Final = (7, 60)
#: Days of service of those of the first day, bounded by age: 21 is the least age of a peace officer
#: in most states, and taken for all (assumption).
_SERVICE_DAYS: Final = (30, 7_000)
_HIRING_AGE_DAYS: Final = 21 * 365 + 6
_FRACTION_BITS: Final = 20
#: A certificate that does not lapse ends between 11 and 13 years after it was seen: beyond the
#: longest scenario.
_CERTIFICATE_DAYS: Final = (4_000, 4_730)
_LONGEST_DAYS: Final = 3_700
#: Row numbers of one agency fit so many bits, successors of 50,000 seats included.
ROW_BITS: Final = 20
#: Desks per hundred account holders of a unit: patrol writes its reports there, the others share
#: them over the day (assumption). Two share a car.
_DESKS_PERCENT: Final = {"patrol": 13}
_OTHER_DESKS_PERCENT: Final = 62
_SHARE_A_HANDHELD: Final = 4  # patrol officers (assumption)


def unit_names(agency: Agency) -> tuple[str, ...]:
    """Return the units of an agency, in the order of their codes."""
    shares = _shares(agency)
    names = [_UNIT_OF[role] for role in ROLES if role in shares]
    if agency.group.licensing_unit:
        names.append(_UNIT_OF["licensing_clerk"])
    seats = dict(zip(shares, _apportion(list(shares.values()), agency.accounts), strict=True))
    if fugitives.unit_size(seats.get("detective", 0)):
        names.append(fugitives.UNIT)  # nobody's for good: who is in it changes
    return tuple(names)


def _shares(agency: Agency) -> dict[str, int]:
    """Return the roles of an agency with their weights."""
    shares = dict(_SHARES[agency.group.type])
    if not agency.group.dispatchers and agency.group.type != "dispatch":
        shares.pop("dispatcher", None)
    if not agency.group.street:
        shares.pop("patrol", None)
    return shares


class _Seats(NamedTuple):
    """Seats of an agency."""

    role: NDArray[np.int8]
    unit: NDArray[np.int16]


def _seats(agency: Agency) -> _Seats:
    """Return role and unit of each seat."""
    shares = _shares(agency)
    counts = _apportion(list(shares.values()), agency.accounts)
    units = unit_names(agency)
    if agency.group.licensing_unit:
        shares["licensing_clerk"] = agency.group.licensing_unit
        counts.append(agency.group.licensing_unit)
    role = np.array([ROLES.index(role) for role in shares], np.int8)
    unit = np.array([units.index(_UNIT_OF[role]) for role in shares], np.int16)
    return _Seats(role.repeat(counts), unit.repeat(counts))


def _apportion(weights: list[int], total: int) -> list[int]:
    """Return whole numbers in proportion to the weights (largest remainders)."""
    whole = sum(weights)
    counts = [total * w // whole for w in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in order[: total - sum(counts)]:
        counts[i] += 1
    return counts


def officers(scenario: Scenario, agency: Agency) -> Officers:
    """Return all who hold an account at an agency; see :func:`block_officers`."""
    return block_officers(scenario, [agency])[0]


def block_officers(scenario: Scenario, agencies: Sequence[Agency]) -> list[Officers]:
    """Return all who hold an account at some time of the scenario, of each agency.

    The first rows are the seats as of the first day; successors follow in order of hiring, so a
    longer horizon only appends rows.
    """
    clock, starts = LocalClock(scenario), first_seats(scenario)
    seats = [_seats(agency) for agency in agencies]
    tenures = [
        _tenures(scenario, agency, clock, len(of.role))
        for agency, of in zip(agencies, seats, strict=True)
    ]
    ends = np.cumsum([len(held.seat) for held in tenures])[:-1]
    seat = np.concatenate([
        starts[agency.index] + held.seat + held.generation * starts[-1]
        for agency, held in zip(agencies, tenures, strict=True)
    ])  # fmt: skip
    subject = Population(scenario).worker(seat)
    hired = _of_age(scenario, agencies, clock, tenures, subject)
    number = [
        (agency.index, len(held.seat)) for agency, held in zip(agencies, tenures, strict=True)
    ]
    people = zip(
        agencies, seats, tenures, np.split(subject, ends), np.split(hired, ends),
        np.split(_account_ids(scenario, number), ends), strict=True,
    )  # fmt: skip
    return [_officers(scenario, clock, *one) for one in people]


def _officers(
    scenario: Scenario,
    clock: LocalClock,
    agency: Agency,
    seats: _Seats,
    held: _Tenures,
    subject: NDArray[np.int64],
    hired: NDArray[np.int64],
    ids: NDArray[np.object_],
) -> Officers:
    """Return the officers of one agency; what belongs to a seat goes to each of its holders."""
    (role, unit), seat, n = seats, held.seat, len(held.seat)
    chance = rng.stream(scenario.seed, "officers", agency.index)
    watch, number_of_seat = _watches(role, chance), chance.integers(0, 2**31, len(role))
    car, desk = _places(agency, role, unit, number_of_seat)
    return Officers(
        officer_id=ids,
        role=role[seat],
        unit=unit[seat],
        units=unit_names(agency),
        watch=watch[seat],
        subject=subject,
        area=(np.arange(n) % AREAS).astype(np.int16),
        hired=hired,
        left=held.left,
        training_until=_certificates(scenario, agency, np.maximum(hired, clock.horizon[0])),
        activity=_appetites(scenario, agency, n),
        car_terminal=car[seat],
        desk_terminal=desk[seat],
    )


def _of_age(
    scenario: Scenario,
    agencies: Sequence[Agency],
    clock: LocalClock,
    tenures: Sequence[_Tenures],
    subject: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return hiring times; those of the first day were hired after their 21st birthday."""
    hired = np.concatenate([held.hired for held in tenures])
    first_day = np.flatnonzero(hired < clock.horizon[0])
    part = np.concatenate([
        rng.stream(scenario.seed, "service", agency.index).integers(
            0, 1 << _FRACTION_BITS, int((held.hired < clock.horizon[0]).sum())
        )
        for agency, held in zip(agencies, tenures, strict=True)
    ])  # fmt: skip
    born = Population(scenario).birth_date(subject[first_day]).astype(np.int64)
    least, most = _SERVICE_DAYS
    span = np.clip(clock.start_day - born - _HIRING_AGE_DAYS, least, most)
    served = least + ((span - least) * part >> _FRACTION_BITS)
    hired[first_day] = clock.horizon[0] - served * DAY_US
    return hired


def _certificates(
    scenario: Scenario, agency: Agency, since: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return until when the training of each officer counts."""
    lapse = rng.stream(scenario.seed, "training", agency.index).standard_exponential(len(since))
    share = max(scenario.staffing.lapsed_training_share, 1e-9)
    days = np.minimum(lapse * (365 / share), 1e6).astype(np.int64)
    chance = rng.stream(scenario.seed, "certificate", agency.index)
    good = chance.integers(*_CERTIFICATE_DAYS, len(since))
    return np.asarray(since + np.minimum(days, good) * DAY_US)


def _appetites(scenario: Scenario, agency: Agency, n: int) -> NDArray[np.float64]:
    """Return lognormal appetites of mean 1, rounded so that the last bit of 2**x cannot matter."""
    sigma = scenario.workload.activity_sigma
    normal = rng.stream(scenario.seed, "appetite", agency.index).standard_normal(n)
    return np.round(2.0 ** ((normal * sigma - sigma**2 / 2) * _LOG2_E), 6)


class _Tenures(NamedTuple):
    """Who holds which seat of an agency, in the order of rows."""

    seat: NDArray[np.int64]
    generation: NDArray[np.int64]
    hired: NDArray[np.int64]
    left: NDArray[np.int64]


def _tenures(scenario: Scenario, agency: Agency, clock: LocalClock, seats: int) -> _Tenures:
    """Return the tenures of an agency with so many seats."""
    chance = rng.stream(scenario.seed, "tenure", agency.index)
    start, end = clock.horizon
    rate = max(scenario.staffing.turnover_per_year, 1e-9)
    days = np.minimum(chance.standard_exponential((seats, _GENERATIONS)) * (365 / rate), 1e5)
    vacant = chance.integers(*_VACANT_DAYS, (seats, _GENERATIONS))
    stay, gap = days.astype(np.int64) * DAY_US, vacant * DAY_US
    leave = start + np.cumsum(stay, axis=1) + np.cumsum(gap, axis=1) - gap
    hire = np.column_stack([np.full(seats, start - DAY_US), (leave + gap)[:, :-1]])
    seat, generation = np.nonzero((hire < end) | (np.arange(_GENERATIONS) == 0))
    hired, left = hire[seat, generation], leave[seat, generation]
    order = np.lexsort((seat, hired, generation > 0))
    left = np.where(left < start + _LONGEST_DAYS * DAY_US, left, NEVER)
    return _Tenures(seat[order], generation[order], hired[order], left[order])


def _watches(role: NDArray[np.int8], chance: np.random.Generator) -> NDArray[np.int8]:
    """Return the watch of each seat: round-the-clock roles are spread by the watch weights."""
    watch = np.full(len(role), -1, np.int8)
    for name in sorted(_WATCHED):
        mine = np.flatnonzero(role == ROLES.index(name))
        counts = _apportion(list(_WATCH_WEIGHTS), len(mine))
        watch[mine] = chance.permutation(np.repeat(np.arange(6), counts))
    bosses = np.flatnonzero(role == ROLES.index("supervisor"))
    watch[bosses[::2]] = np.arange(len(bosses[::2])) % 6  # every second one leads a watch
    return watch


def _terminal_counts(agency: Agency, unit: NDArray[np.int16]) -> tuple[int, list[int]]:
    """Return how many cars there are, and how many desks in each unit."""
    names = unit_names(agency)
    members = np.bincount(unit, minlength=len(names)).tolist()
    desks = [
        -(-count * _DESKS_PERCENT.get(name, _OTHER_DESKS_PERCENT) // 100)
        for name, count in zip(names, members, strict=True)
    ]
    patrol = members[names.index("patrol")] if "patrol" in names else 0
    return -(-patrol // 2), desks


def _places(
    agency: Agency, role: NDArray[np.int8], unit: NDArray[np.int16], number: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return car and desk of each seat; a desk stands in for the car where there is none."""
    cars, desks = _terminal_counts(agency, unit)
    first = cars + np.cumsum([0, *desks])[:-1]
    desk = first[unit] + number % np.array(desks)[unit]
    car = number % cars if cars else desk
    mine = np.flatnonzero(role == ROLES.index("patrol"))
    car[mine] = np.arange(len(mine)) // 2
    return car.astype(np.int32), desk.astype(np.int32)


def terminals(scenario: Scenario, agency: Agency) -> Terminals:
    """Return cars first, then the desks of each unit, then the handhelds of patrol.

    Dispatchers sit at consoles.
    """
    _, unit = _seats(agency)
    cars, desks = _terminal_counts(agency, unit)
    names = unit_names(agency)
    home = names.index("patrol") if "patrol" in names else 0
    handhelds = -(-cars * 2 // _SHARE_A_HANDHELD)
    at = np.repeat([home, *range(len(names)), home], [cars, *desks, handhelds])
    seated = ["console" if name == "dispatch" else "desk" for name in names]
    kind = np.array([TERMINAL_KINDS.index(word) for word in seated])[at]
    kind[:cars] = TERMINAL_KINDS.index("car")
    kind[len(kind) - handhelds :] = TERMINAL_KINDS.index("mobile")
    return Terminals(
        terminal_id=opaque_ids(scenario, agency, "terminal", np.arange(len(at))),
        kind=kind.astype(np.int8),
        unit=at.astype(np.int16),
    )


def opaque_ids(
    scenario: Scenario, agency: Agency, name: str, row: NDArray[np.int64]
) -> NDArray[np.object_]:
    """Return ids that carry nothing: a keyed permutation of 40 bits, in hex."""
    return _opaque(scenario, name, (agency.index << ROW_BITS) + row)


def _account_ids(scenario: Scenario, sizes: Sequence[tuple[int, int]]) -> NDArray[np.object_]:
    """Return the ids of officers of agencies, given by index and number of rows."""
    rows = [(index << ROW_BITS) + np.arange(n) for index, n in sizes]
    return _opaque(scenario, "officer", np.concatenate(rows))


def _opaque(scenario: Scenario, name: str, number: NDArray[np.int64]) -> NDArray[np.object_]:
    turned = rng.feistel(number.astype(np.uint64), rng.salt(scenario.seed, f"{name} id"), 20)
    return np.array([f"{name[0]}{value:010x}" for value in turned.tolist()], object)


_LOG2_E: Final = 1.442695
