"""Columns of the static world: one agency and the people who hold accounts there."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from misusesim.dataset.schema import INTERFACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusesim.scenario.model import AgencyGroup


@dataclass(frozen=True, slots=True)
class Agency:
    """One agency."""

    index: int  # place in the state, < 65,536; part of every need number
    agency_id: str  # ORI-like, says nothing of the group
    name: str  # invented
    group: AgencyGroup
    accounts: int  # account holders at any one time


@dataclass(frozen=True, slots=True)
class Officers:
    """Columns, one row per account holder of one agency; the row number is the officer's index.

    People who join later stand behind those of the first day; a leaver's successor is a new row.
    """

    officer_id: NDArray[np.object_]  # str, keyed hash, unique in the state
    role: NDArray[np.int8]  # code of schema.ROLES
    unit: NDArray[np.int16]  # code into `units`
    units: tuple[str, ...]
    watch: NDArray[np.int8]  # 0..5 of clock.WATCHES at the start; -1: office hours
    subject: NDArray[np.int64]  # the officer as a person of the population
    area: NDArray[np.int16]  # home beat
    hired: NDArray[np.int64]  # UTC microseconds
    left: NDArray[np.int64]  # UTC microseconds; clock.NEVER while still there
    training_until: NDArray[np.int64]  # UTC microseconds
    activity: NDArray[np.float64]  # appetite for self-initiated work, mean about 1
    car_terminal: NDArray[np.int32]  # index into Terminals
    desk_terminal: NDArray[np.int32]

    def __len__(self) -> int:
        """Return the number of accounts."""
        return len(self.role)

    @property
    def people(self) -> int:
        """Return how many of the rows are people: all but the interface accounts at the end."""
        return int((self.role != INTERFACE).sum())


class Neighbours:
    """Agencies whose officers stand together, in the order of the agencies."""

    agencies: tuple[Agency, ...]
    sizes: tuple[int, ...]  # officers of each

    @cached_property
    def place(self) -> NDArray[np.int64]:
        """Which of the agencies each officer belongs to."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """First officer of each agency, and the end of the last."""
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(self.sizes, dtype=np.int64)])

    @cached_property
    def numbers(self) -> NDArray[np.uint64]:
        """Index in the state of each agency."""
        return np.array([agency.index for agency in self.agencies], np.uint64)


@dataclass(frozen=True)
class Staff(Neighbours):
    """The officers of neighbouring agencies in one, in the order of the agencies.

    What is drawn for an officer depends on his agency and his row there, so it is the same alone
    and among neighbours.
    """

    agencies: tuple[Agency, ...]
    sizes: tuple[int, ...]  # officers of each
    officers: Officers  # without names of units

    @staticmethod
    def of(agencies: Sequence[Agency], officers: Sequence[Officers]) -> Staff:
        """Return some agencies' officers in one; references to terminals are not moved."""
        columns = {
            f.name: np.concatenate([getattr(one, f.name) for one in officers])
            for f in fields(Officers)
            if f.name != "units"
        }
        sizes = tuple(len(one) for one in officers)
        return Staff(tuple(agencies), sizes, Officers(units=(), **columns))

    def __len__(self) -> int:
        """Return the number of officers."""
        return len(self.officers)

    @cached_property
    def entity(self) -> NDArray[np.uint64]:
        """Agency and own row of each officer, in bits 48 and up and 16 and up."""
        own = np.arange(len(self)) - self.first[self.place]
        return self.numbers[self.place] << np.uint64(48) | own.astype(np.uint64) << np.uint64(16)


@dataclass(frozen=True, slots=True)
class Terminals:
    """Columns, one row per terminal of one agency."""

    terminal_id: NDArray[np.object_]  # str
    kind: NDArray[np.int8]  # code of schema.TERMINAL_KINDS
    unit: NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Ties:
    """Columns, one row per tie between an officer of the agency and a person."""

    officer: NDArray[np.int32]
    subject: NDArray[np.int64]  # the other person
    kind: NDArray[np.int8]  # code of schema.TIE_KINDS
    since: NDArray[np.int64]  # UTC microseconds


@dataclass(frozen=True, slots=True)
class Shifts:
    """Columns, one row per shift, by start; an officer's shifts never overlap."""

    officer: NDArray[np.int32]
    start: NDArray[np.int64]  # UTC microseconds
    end: NDArray[np.int64]
    kind: NDArray[np.int8]  # code of schema.SHIFT_KINDS
