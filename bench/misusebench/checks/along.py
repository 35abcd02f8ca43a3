"""A detector with a companion: what it raised when, and something done to it halfway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from misusebench.component import Alert
    from misusebench.isolated import IsolatedDetector


class doing:  # noqa: N801 - reads as what it is: doing(100, something)
    """Something done once, after so many rows.

    Attributes
    ----------
    at
        Rows after which it was done, 0 before.
    found
        What came of it.
    """

    def __init__(self, rows: int, what: Callable[[IsolatedDetector], Any]) -> None:
        self._rows, self._what = rows, what
        self.at = 0
        self.found: Any = None

    def __call__(self, detector: IsolatedDetector, rows: int) -> None:
        """Do it, if it is time and was not done."""
        if not self.at and rows >= self._rows:
            self.found = self._what(detector)
            self.at = rows


class Along:
    """Has the face of a detector and notes what it raises.

    Parameters
    ----------
    inner
        The detector.
    after
        Called with it and the number of rows scored after each batch.
    """

    def __init__(
        self, inner: IsolatedDetector, after: Callable[[IsolatedDetector, int], None] | None = None
    ) -> None:
        self._inner, self._after, self._rows = inner, after, 0
        self._raised: list[tuple[int, list[Alert]]] = []  # rows at the end of a batch, its alerts
        self.fit, self.observe, self.feedback = inner.fit, inner.observe, inner.feedback

    def score(self, batch: pa.RecordBatch, now_us: int, *, single: bool = False) -> Any:
        """Return what the detector says of a batch."""
        answer = self._inner.score(batch, now_us, single=single)
        self._rows += batch.num_rows
        self._raised.append((self._rows, answer[1]))
        if self._after is not None:
            self._after(self._inner, self._rows)
        return answer

    def last_end(self, rows: int) -> int:
        """Return the end of the last batch that ends by then."""
        return max((end for end, _ in self._raised if end <= rows), default=0)

    def alerts_by(self, rows: int) -> list[Alert]:
        """Return the alerts of batches that end by then."""
        return [alert for end, alerts in self._raised if end <= rows for alert in alerts]
