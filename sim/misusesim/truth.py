"""The truth of a data set: what only the simulator knows.

Apart from `dataset/`, so that a linter can forbid it to components (see `pyproject.toml`).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from misusesim.dataset import schema
from misusesim.dataset.reader import Dataset, join_parts, open_dataset

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Truth:
    """The truth tables of a data set, each read when first asked for."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def _table(self, name: str) -> pa.Table:
        return self._dataset.table(f"truth/{name}", schema.TRUTH[name])

    @property
    def sparse(self) -> bool:
        """Whether `queries` leaves out the rows whose cause is plain work."""
        return bool(self._dataset.manifest["truth"] == "sparse")

    @cached_property
    def queries(self) -> pa.Table:
        """Why each query happened, keyed by `query_id`."""
        return self._table("queries")

    def of_cause(self, cause: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the rows of `queries` with a cause, found part by part: a state's do not fit.

        Parameters
        ----------
        cause
            ``work``, ``oddity`` or ``misuse``.
        columns
            Those wanted, in this order; all by default.
        """
        names = schema.TRUTH["queries"].names if columns is None else list(columns)
        both = [*dict.fromkeys([*names, "cause"])]
        parts = (
            part.filter(pc.equal(part["cause"].cast(pa.string()), cause))
            for part in self._dataset.part_tables("truth/queries", both)
        )
        of = pa.schema([schema.TRUTH["queries"].field(name) for name in both])
        return join_parts(parts, of).select(names)

    @cached_property
    def misuse(self) -> pa.Table:
        """The rows of `queries` that are misuse."""
        return self.of_cause("misuse")

    @cached_property
    def campaigns(self) -> pa.Table:
        """One row per campaign."""
        return self._table("campaigns")

    @cached_property
    def oddities(self) -> pa.Table:
        """One row per honest but strange doing, with the context row that explains it."""
        return self._table("oddities")

    @cached_property
    def officers(self) -> pa.Table:
        """One row per person with an account: what he has part in, and his side of splits."""
        return self._table("officers")

    @cached_property
    def reasons(self) -> pa.Table:
        """Why campaigns are misuse: facts that the context must hold, or must not."""
        return self._table("reasons")

    @cached_property
    def outcomes(self) -> pa.Table:
        """How campaigns were found and what followed."""
        return self._table("outcomes")

    @cached_property
    def reactions(self) -> pa.Table:
        """What would follow if a query were denied."""
        return self._table("reactions")

    def split(self, by: str) -> pa.Table:
        """Return the side of each query (train, valid, test, straddles), in replay order.

        Parameters
        ----------
        by
            ``time``: by arrival, with queries of campaigns that run over a boundary marked
            ``straddles``; ``officer``; ``agency``; ``kind``: train and test, where no query of a
            held-out kind is in training and no officer on both sides.

        Raises
        ------
        UsageError
            If there is no such split, or no log.
        """
        from misusesim.querysides import query_sides  # noqa: PLC0415 - few readers split

        return query_sides(self._dataset, self, by)


def open_truth(dataset: str | Path | Dataset) -> Truth:
    """Open the truth of a data set.

    Raises
    ------
    UsageError
        If the folder does not exist or holds something else.
    DatasetError
        If the data set is unfinished or its manifest damaged.
    """
    return Truth(dataset if isinstance(dataset, Dataset) else open_dataset(dataset))
