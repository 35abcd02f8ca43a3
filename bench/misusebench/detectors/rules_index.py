"""What the rules in memory look things up in: one dictionary access where SQL joins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from misusebench.columns import DAY_US, HOUR_US, micros
from misusebench.detectors.rules_words import upper

if TYPE_CHECKING:
    import datetime as dt

    import pyarrow as pa

MINUTE_US: Final = HOUR_US // 60
_NEVER: Final = -(2**62)
_NULL_TIME: Final = 2**62
_MOST_DAYS: Final = 62  # a longer shift is kept apart, not under each of its days


class Visits:
    """When each officer asked for each subject, as far back as the memory goes.

    Of a pair of officer and subject: when a case number was last given, then each run of queries
    on one local day, as the day and the time at which its last query was received.
    """

    def __init__(self, memory_us: int) -> None:
        self._memory = memory_us
        self._pairs: dict[tuple[str, int], list[int]] = {}
        self._swept = _NEVER

    def __len__(self) -> int:
        """Return how many pairs are remembered."""
        return len(self._pairs)

    def again(self, pair: tuple[str, int], received: int, day: int) -> bool:
        """Return whether a pair met on two other days within the memory, never with a number."""
        visits = self._pairs.get(pair)
        if visits is None or len(visits) < 5 or visits[0] > received - self._memory:  # noqa: PLR2004
            return False
        other = day
        for place in range(len(visits) - 1, 0, -2):
            if visits[place] <= received - self._memory:
                return False
            if visits[place - 1] not in (day, other):
                if other != day:
                    return True
                other = visits[place - 1]
        return False

    def remember(self, pair: tuple[str, int], received: int, day: int, *, with_case: bool) -> None:
        """Add a query; queries come in the order in which they were received."""
        visits = self._pairs.get(pair)
        if visits is None:
            self._pairs[pair] = [received if with_case else _NEVER, day, received]
            return
        if with_case:
            visits[0] = received
        if visits[-2] == day:
            visits[-1] = received
        else:
            visits += (day, received)

    def sweep(self, now: int) -> None:
        """Forget, a few times a memory, the pairs that did not meet within it."""
        if now - self._swept > self._memory // 8:
            oldest = now - self._memory
            self._pairs = {pair: v for pair, v in self._pairs.items() if v[-1] > oldest}
            self._swept = now


class Shifts:
    """When officers are on shift, by UTC day; a shift counts half an hour early, an hour late."""

    BEFORE_US: Final = 30 * MINUTE_US
    AFTER_US: Final = 60 * MINUTE_US

    def __init__(self) -> None:
        self._days: dict[tuple[str, int], list[tuple[int, int]]] = {}
        self._long: dict[str, list[tuple[int, int]]] = {}

    def learn(self, rows: pa.Table) -> None:
        """Take over shifts; one without a beginning or an end covers nothing."""
        bounds = zip(
            rows["officer_id"].to_pylist(),
            micros(rows["valid_from"]).tolist(),
            micros(rows["valid_to"]).tolist(),
            strict=True,
        )
        for officer, begin, end in bounds:
            if officer is not None and _NULL_TIME not in (begin, end):
                self._add(officer, begin - self.BEFORE_US, end + self.AFTER_US)

    def _add(self, officer: str, begin: int, end: int) -> None:
        first, last = begin // DAY_US, end // DAY_US
        if last - first > _MOST_DAYS:
            self._long.setdefault(officer, []).append((begin, end))
            return
        for day in range(first, last + 1):
            self._days.setdefault((officer, day), []).append((begin, end))

    def cover(self, officer: str, time: int) -> bool:
        """Return whether an officer is on shift."""
        for begin, end in self._days.get((officer, time // DAY_US), ()):
            if begin <= time <= end:
                return True
        return any(begin <= time <= end for begin, end in self._long.get(officer, ()))


class Names:
    """Surnames, in capitals, and birth years of officers, by officer and by agency."""

    def __init__(self) -> None:
        self._surname: set[tuple[str, str]] = set()
        self._name: set[tuple[str, str, int]] = set()
        self._bearers: dict[tuple[str, str, int], set[str]] = {}

    def learn(self, rows: pa.Table) -> None:
        """Take over rows of the roster."""
        columns = ("officer_id", "agency_id", "surname", "birth_date")
        for row in zip(*(rows[name].to_pylist() for name in columns), strict=True):
            self._add(*row)

    def _add(
        self, officer: str | None, agency: str | None, surname: str | None, born: dt.date | None
    ) -> None:
        if officer is None or surname is None:
            return
        name = upper(surname)
        self._surname.add((officer, name))
        if born is None:
            return
        self._name.add((officer, name, born.year))
        if agency is not None:
            self._bearers.setdefault((agency, name, born.year), set()).add(officer)

    def own_surname(self, officer: str, surname: str) -> bool:
        """Return whether an officer bears a surname."""
        return (officer, upper(surname)) in self._surname

    def own(self, officer: str, surname: str, year: int) -> bool:
        """Return whether an officer bears a surname and was born in a year."""
        return (officer, upper(surname), year) in self._name

    def colleague(self, agency: str, officer: str, surname: str, year: int) -> bool:
        """Return whether another officer of an agency does."""
        bearers = self._bearers.get((agency, upper(surname), year), ())
        return len(bearers) > 1 or (len(bearers) == 1 and officer not in bearers)
