"""From occasions to needs: which rows there are, when, at which terminal, under which id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim import noise, rng
from misusesim.dataset.schema import ROLES, TERMINAL_KINDS
from misusesim.dice import Dice, exponential, of_65536
from misusesim.errors import SimulatorError
from misusesim.occasions import TEMPLATES
from misusesim.ordering import by_time

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.occasions import Occasions
    from misusesim.plan import AgencyPlan, Block, Suspensions
    from misusesim.scenario.model import Scenario

_MS: Final = 1000
_SECOND_US: Final = 1_000_000
#: The bit of `nth` that marks a second entry of the same query.
COPY: Final = 128
_FIELD: Final = np.isin(
    TEMPLATES,
    (
        "traffic_stop",
        "pedestrian_stop",
        "call_field",
        "plate_check",
        "alpr_search",
        "alpr_widening",
        "alpr_wide",
    ),
)
_AFIELD_ROLES: Final = np.isin(ROLES, ("patrol", "supervisor"))
_PATROL: Final = ROLES.index("patrol")
#: Patrol sits in the car whatever it asks, but for some report writing at the station (assumption);
#: were it the template that decides, rare templates would tell themselves by their terminal.
_STATION_SHARE: Final = 0.05
_HANDHELD_SHARE: Final = 0.06  # field queries from a handheld (assumption)
_SHORTEST_GAP: Final = 5  # a gap is at least a fifth of its mean: people type


@dataclass(frozen=True, slots=True)
class Needs:
    """Columns, one row per row of the log, by (time, query_id)."""

    occasion: NDArray[np.int64]  # row of the occasions given
    need: NDArray[np.uint64]  # number of the need; the same for a second entry
    query_id: NDArray[np.uint64]
    original: NDArray[np.uint64]  # query_id of the first entry (its own, if it is the first)
    time: NDArray[np.int64]  # UTC microseconds at the terminal
    received: NDArray[np.int64]  # UTC microseconds at the log

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.need)

    @property
    def nth(self) -> NDArray[np.uint8]:
        """Return which query of its occasion each row is, 0 the first: the last byte of a need."""
        return self.need.astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Count:
    """Where rows went; generated = written + lost - copies."""

    generated: int
    lost: int
    copies: int
    late: int


def occasion_needs(agency: int | NDArray[np.uint64], occasions: Occasions) -> NDArray[np.uint64]:
    """Return the need number of each occasion's first query.

    Parameters
    ----------
    agency
        Index in the state: of all occasions, or of each.
    occasions
        With serials of their own agencies.

    Raises
    ------
    SimulatorError
        If a serial does not fit its 38 bits.
    """
    serial = occasions.serial
    if len(occasions) and not 0 <= int(serial.min()) <= int(serial.max()) < 2**38:
        raise SimulatorError("serials of occasions must be in 0 .. 2**38 - 1")
    cause = occasions.source.astype(np.uint64) << np.uint64(46)
    return cause | serial.astype(np.uint64) << np.uint64(8) | _top(agency)


def _top(agency: int | NDArray[np.uint64]) -> NDArray[np.uint64]:
    top: NDArray[np.uint64] = np.asarray(agency, np.uint64) << np.uint64(48)
    return top


def needs_of(plan: AgencyPlan | Block, occasions: Occasions) -> NDArray[np.uint64]:
    """Return the need number of each occasion's first query, in a plan or a block."""
    return occasion_needs(plan.numbers[plan.officer_place[occasions.officer]], occasions)


def terminals(
    scenario: Scenario, plan: AgencyPlan | Block, occasions: Occasions
) -> NDArray[np.int32]:
    """Return the terminal of each occasion: car or handheld in the field, else the desk."""
    officer = _seated(plan, occasions)
    car, desk = plan.officers.car_terminal[officer], plan.officers.desk_terminal[officer]
    role = plan.officers.role[officer]
    dice = Dice(scenario.seed, needs_of(plan, occasions))
    patrol = (role == _PATROL) & ~dice.chance("at the station", _STATION_SHARE)
    field = _FIELD[occasions.template] & _AFIELD_ROLES[role] & (role != _PATROL)
    field = (field | patrol) & (car >= 0)
    chosen = np.where(field | (desk < 0), car, desk).astype(np.int32)
    out = np.flatnonzero(field & (dice.top("handheld") < of_65536(_HANDHELD_SHARE)))
    return _with_handhelds(plan, officer, chosen, out)


def _seated(plan: AgencyPlan | Block, occasions: Occasions) -> NDArray[np.int32]:
    """Return who sits at each terminal: mostly the holder of the account."""
    if not (plan.campaigns.seat >= 0).any():
        return occasions.officer
    seat = np.append(plan.campaigns.seat, -1).astype(np.int32)[occasions.campaign]
    return np.where(seat >= 0, seat, occasions.officer)


def _with_handhelds(
    plan: AgencyPlan | Block,
    officer: NDArray[np.int32],
    chosen: NDArray[np.int32],
    out: NDArray[np.int64],
) -> NDArray[np.int32]:
    """Return the terminals chosen; at the rows `out` the officer's handheld, if there are any."""
    handhelds = np.flatnonzero(plan.terminals.kind == TERMINAL_KINDS.index("mobile"))
    first = np.searchsorted(plan.terminal_place[handhelds], np.arange(len(plan.agencies) + 1))
    place = plan.officer_place[officer[out]].astype(np.int64)
    number = np.diff(first)[place]
    out, place, number = out[number > 0], place[number > 0], number[number > 0]
    local = officer[out] - plan.first_officer[place]
    chosen[out] = handhelds[first[place] + local % number]
    return chosen


def expand_needs(
    scenario: Scenario,
    plan: AgencyPlan | Block,
    occasions: Occasions,
    *,
    terminal: NDArray[np.int32],
    week: NDArray[np.int64],
    horizon: tuple[int, int],
) -> tuple[Needs, Count]:
    """Return the rows of the log, in its order, and where the others went.

    Parameters
    ----------
    scenario, plan
        The world, and the agency or the block.
    occasions, terminal, week
        Aligned: the occasions to expand, their terminals and the weeks they start in.
    horizon
        UTC microseconds; a row is kept if its logged time is in [start, end).
    """
    seed, place = scenario.seed, plan.officer_place[occasions.officer].astype(np.int64)
    occasion, need = _one_by_one(occasions, needs_of(plan, occasions))
    true_time = _times(seed, occasions, occasion, need)
    own = np.where(terminal < 0, terminal, terminal - plan.first_terminal[place]).astype(np.int32)
    skew = noise.clock_skew(scenario.noise, seed, plan.numbers[place], own, week)
    time = skew.take(occasion)
    time += true_time
    kept = (time >= horizon[0]) & (time < horizon[1])
    kept[_suspended(plan.suspensions, occasions, occasion, true_time)] = False
    gone = noise.lost(scenario.noise, seed, need) & kept
    stays = kept & ~gone
    twice = np.flatnonzero(noise.entered_twice(scenario.noise, seed, need) & stays)
    # Bit 7 of nth is free only where the occasion is short enough not to use it itself.
    twice = twice[occasions.n[occasion[twice]] <= COPY]
    rows = np.concatenate([np.flatnonzero(stays), twice])
    occasion, need, time = occasion.take(rows), need.take(rows), time.take(rows)
    entries = _entries(scenario, need, len(twice))
    order = by_time(time, entries.query_id)
    query_id = entries.query_id.take(order)
    needs = Needs(
        occasion=occasion.take(order), need=need.take(order), query_id=query_id,
        original=_originals(query_id, entries.copied, order),
        time=time.take(order), received=(true_time.take(rows) + entries.way).take(order),
    )  # fmt: skip
    count = Count(
        generated=int(np.count_nonzero(kept)), lost=int(np.count_nonzero(gone)), copies=len(twice),
        late=int(np.count_nonzero(entries.way > _SECOND_US * 60)),
    )  # fmt: skip
    return needs, count


def _one_by_one(
    occasions: Occasions, first_need: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Return occasion and number of each need."""
    first = _firsts(occasions)
    # counting where an occasion begins, and looking up by occasion, is quicker than np.repeat
    occasion = np.zeros(int(occasions.n.sum(dtype=np.int64)), np.int64)
    occasion[first[1:]] = 1
    np.cumsum(occasion, out=occasion)
    need = (first_need - first.view(np.uint64)).take(occasion)
    need += np.arange(len(need), dtype=np.uint64)
    return occasion, need


def _firsts(occasions: Occasions) -> NDArray[np.int64]:
    """Return the place of each occasion's first need."""
    return np.cumsum(occasions.n, dtype=np.int64) - occasions.n


class _Entries(NamedTuple):
    """What the log makes of rows, second entries last."""

    way: NDArray[np.int64]  # microseconds
    query_id: NDArray[np.uint64]
    copied: NDArray[np.uint64]  # query_id of the first entry of each second one


def _entries(scenario: Scenario, need: NDArray[np.uint64], copies: int) -> _Entries:
    """Return the way of rows to the log and their ids there; the last `copies` are second ones."""
    seed, again = scenario.seed, need[len(need) - copies :]
    way = noise.arrival(scenario.noise, seed, need)
    way[len(need) - copies :] += noise.second_entry(seed, again)
    key = rng.salt(seed, "query_id")
    query_id = rng.feistel(need, key, 32)
    copied = query_id[len(need) - copies :].copy()
    query_id[len(need) - copies :] = rng.feistel(again | np.uint64(COPY), key, 32)
    return _Entries(way, query_id, copied)


def _originals(
    query_id: NDArray[np.uint64], copied: NDArray[np.uint64], order: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return the id of each row's first entry; `order` sorted the rows, second entries last."""
    out, first_copy = query_id.copy(), len(order) - len(copied)
    at = np.flatnonzero(order >= first_copy)
    out[at] = copied[order[at] - first_copy]
    return out


def _times(
    seed: int, occasions: Occasions, occasion: NDArray[np.int64], need: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Return true times in whole milliseconds: start, then gaps of exponential length."""
    first = _firsts(occasions)
    least = (occasions.gap_s * np.int64(_SECOND_US // _SHORTEST_GAP)).take(occasion)
    gap = exponential(Dice(seed, need).bits("gap"), least * (_SHORTEST_GAP - 1))
    gap += least
    gap[first] = 0
    time = np.cumsum(gap, out=gap)
    if len(time):
        time += (occasions.start - time[first]).take(occasion)
    time //= _MS
    time *= _MS
    return time


def _suspended(
    suspensions: Suspensions,
    occasions: Occasions,
    occasion: NDArray[np.int64],
    time: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the needs that fall into a suspension of their officer."""
    some = np.isin(occasions.officer, suspensions.officer)
    if not some.any():
        return np.empty(0, np.int64)
    concerned = np.flatnonzero(some.take(occasion))
    who, when = occasions.officer[occasion[concerned]], time[concerned]
    out = np.zeros(len(concerned), np.bool_)
    for person, start, end in zip(
        suspensions.officer.tolist(), suspensions.start.tolist(), suspensions.end.tolist(),
        strict=True,
    ):  # fmt: skip
        out |= (who == person) & (when >= start) & (when < end)
    return concerned[out]
