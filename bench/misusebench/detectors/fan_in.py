"""How many officers ask for one and the same person within days."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from misusebench.columns import DAY_US, Words, keys, micros
from misusebench.component import Alert

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray


class FanIn:
    """Different officers who asked for the row's person within some days, this one included.

    What each officer does alone is nothing; only the person sees the crowd (a celebrity, a
    colleague's divorce). Raises one alert a person and span, with all queries of the crowd.

    Known weakness: a missing child and a fugitive draw the same crowd; a person asked for by one
    officer for years draws none.
    """

    name = "fan_in"
    tiers = ("T0", "T1", "T2", "T3")
    needs = ("query_id", "officer_id", "received_at", "subject_key")

    def __init__(self, days: float = 3.0, crowd: int = 6) -> None:
        self._span_us, self._crowd = int(days * DAY_US), crowd
        self._officers = Words()
        self._asked: dict[int, deque[tuple[int, int, int]]] = {}  # person -> time, officer, query
        self._quiet_until: dict[int, int] = {}
        self._raised: list[Alert] = []
        self._today = 0

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Remember who was asked for at the end of the history; raises nothing."""
        del context
        self._fans(history)
        self._raised = []

    def score(self, batch: pa.RecordBatch) -> NDArray[np.float64]:
        """Return the number of officers."""
        return self._fans(batch)

    def alerts(self, now: int) -> list[Alert]:
        """Return the alerts of the rows scored since the last call."""
        del now
        found, self._raised = self._raised, []
        return found

    def _fans(self, rows: pa.RecordBatch | pa.Table) -> NDArray[np.float64]:
        officer = self._officers.codes(rows["officer_id"]).tolist()
        columns = (
            keys(rows["subject_key"]).tolist(), micros(rows["received_at"]).tolist(), officer,
            keys(rows["query_id"]).tolist(),
        )  # fmt: skip
        self._forget(columns[1])
        return np.array([float(self._one(*row)) for row in zip(*columns, strict=True)], np.float64)

    def _one(self, person: int, time: int, officer: int, query: int) -> int:
        asked = self._asked.setdefault(person, deque())
        while asked and asked[0][0] <= time - self._span_us:
            asked.popleft()
        asked.append((time, officer, query))
        if len(asked) < 2:  # noqa: PLR2004 - nearly all: alone
            return 1
        fans = len({who for _, who, _ in asked})
        if fans >= self._crowd and time >= self._quiet_until.get(person, 0):
            self._quiet_until[person] = time + self._span_us
            self._raise(person, time, fans, asked)
        return fans

    def _forget(self, times: list[int]) -> None:
        """Drop, once a day, persons nobody asked for lately: most are asked for once."""
        if times and times[0] // DAY_US > self._today:
            self._today, oldest = times[0] // DAY_US, times[0] - self._span_us
            self._asked = {key: own for key, own in self._asked.items() if own[-1][0] > oldest}

    def _raise(self, person: int, time: int, fans: int, asked: Any) -> None:
        what = f"{fans} officers asked for this person within {self._span_us / DAY_US:g} days"
        evidence = tuple(query for _, _, query in asked)
        self._raised.append(
            Alert("subject", str(person), time, float(fans), evidence, what, "fan_in")
        )
