"""What roster and ties say of the officer and the person looked up, as known so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from misusebench.columns import DAY_US, HOUR_US, Words, distinct, keys, micros, numbers
from misusebench.streaming import as_integers, combine

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray


class Roster:
    """Officers and their shifts as the rows became known (tier T1)."""

    def __init__(self) -> None:
        self.officers = Words()
        self.surnames = Words()
        self.role: dict[int, str] = {}
        self.unit: dict[int, str] = {}
        self._surname: dict[int, int] = {}
        self._birth_year: dict[int, int] = {}
        self._parts: list[NDArray[np.int64]] = []
        self._shifts = np.empty((0, 3), np.int64)

    def learn(self, table: str, rows: pa.Table) -> None:
        """Take over rows of the officers or shifts table; other tables are passed over."""
        if table == "roster/shifts":
            officer = self.officers.codes(rows["officer_id"])
            spans = (officer, micros(rows["valid_from"]), micros(rows["valid_to"]))
            self._parts.append(np.column_stack(spans))
        elif table == "roster/officers":
            for row in rows.to_pylist():
                code = self.officers.code(row["officer_id"])
                self.role[code], self.unit[code] = row["role"], f"{row['agency_id']}/{row['unit']}"
                self._surname[code] = self.surnames.code(row["surname"].upper())
                self._birth_year[code] = row["birth_date"].year

    def _sorted_shifts(self) -> NDArray[np.int64]:
        if self._parts:
            merged = np.vstack([self._shifts, *self._parts])
            self._shifts = merged[np.lexsort((merged[:, 1], merged[:, 0]))]
            self._parts = []
        return self._shifts

    def off_shift_us(
        self, officer: NDArray[np.int64], time: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return the distance to the officer's nearest shift, 0 inside, at most a week."""
        shifts = self._sorted_shifts()
        if not len(shifts):
            return np.zeros(len(time), np.int64)
        before, after = self._around(shifts, officer, time)
        since = np.where(shifts[before, 0] == officer, time - shifts[before, 2], 7 * DAY_US)
        until = np.where(shifts[after, 0] == officer, shifts[after, 1] - time, 7 * DAY_US)
        distance = np.minimum(np.maximum(since, 0), np.maximum(until, 0))
        return np.minimum(distance, 7 * DAY_US)

    def shift_start_us(
        self, officer: NDArray[np.int64], time: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return when the shift began that the officer was on, -1 where he was on none.

        Of shifts that overlap, the one that began last counts.
        """
        shifts = self._sorted_shifts()
        if not (len(shifts) and len(time)):
            return np.full(len(time), -1, np.int64)
        last, _ = self._around(shifts, officer, time)
        on = (shifts[last, 0] == officer) & (shifts[last, 1] <= time) & (time <= shifts[last, 2])
        return np.where(on, shifts[last, 1], -1)

    @staticmethod
    def _around(
        shifts: NDArray[np.int64], officer: NDArray[np.int64], time: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the places of the last shift begun by each time, and of the next one.

        One sorted line of (officer, time); place 0 of each officer is "before any shift".
        """
        base = int(shifts[:, 1].min()) - 1
        span = 2 ** (int(max(shifts[:, 1].max(), time.max())) - base + 1).bit_length()
        line = shifts[:, 0] * span + (shifts[:, 1] - base)
        at = np.searchsorted(line, officer * span + np.maximum(time - base, 0), side="right")
        return np.maximum(at - 1, 0), np.minimum(at, len(shifts) - 1)

    def compare(
        self, batch: pa.RecordBatch | pa.Table, time: NDArray[np.int64]
    ) -> dict[str, NDArray[np.float64]]:
        """Return how far off shift the officer is and whether the person bears his name."""
        officer = self.officers.codes(batch["officer_id"])
        place, words = distinct(batch["subject_surname"])
        asked = np.array([*(self.surnames.find(w.upper()) for w in words), -1], np.int64)[place]
        own = np.array([self._surname.get(int(o), -2) for o in np.arange(len(self.officers))])
        born = np.array([self._birth_year.get(int(o), -2) for o in np.arange(len(self.officers))])
        same = asked == own[officer]
        year = numbers(batch["subject_birth_year"], -1.0)
        return {
            "off_shift_hours": self.off_shift_us(officer, time) / HOUR_US,
            "same_surname": same.astype(np.float64),
            "same_birth_year": (same & (year == born[officer])).astype(np.float64),
        }


class TieBook:
    """Who is tied to whom, people and their plates (tier T3)."""

    def __init__(self) -> None:
        self._officers = Words()
        self._tied: set[int] = set()
        self._people: dict[int, list[str]] = {}

    def learn(self, table: str, rows: pa.Table) -> None:
        """Take over rows of the relationships or vehicles table; others are passed over."""
        if table == "ties/relationships":
            for officer, person in zip(
                rows["officer_id"].to_pylist(), rows["subject_key"].to_pylist(), strict=True
            ):
                self._people.setdefault(person, []).append(officer)
                self._add(officer, person)
        elif table == "ties/vehicles":
            for person, plate in zip(
                rows["subject_key"].to_pylist(), rows["plate_key"].to_pylist(), strict=True
            ):
                for officer in self._people.get(person, ()):
                    self._add(officer, plate)

    def _add(self, officer: str, subject: int) -> None:
        code = np.array([self._officers.code(officer)], np.int64)
        self._tied.add(int(combine(code, as_integers(np.array([subject], np.uint64)))[0]))

    def tied(self, batch: pa.RecordBatch | pa.Table) -> NDArray[np.bool_]:
        """Return whether each row's subject is tied to its officer."""
        officer = self._officers.codes(batch["officer_id"])
        pair = combine(officer, as_integers(keys(batch["subject_key"])))
        return np.fromiter((p in self._tied for p in pair.tolist()), bool, len(pair))
