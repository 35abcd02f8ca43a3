"""Parts of a data set that is too large for the memory: some officers, or one block after another.

The agencies of a block share parts of the log, of the context and of the truth, and no other agency
is in those. So a block is a data set by itself, with whole officers, campaigns and cases.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from misusebench.audit.verdict import Check
from misusebench.columns import distinct
from misusesim.dataset.reader import Dataset

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: A log of more rows is not read row by row as a whole; of some officers about so many are read
#: instead. Each takes about a kilobyte of memory (13 M rows of an M-NAT-hard: 11 GB).
WHOLE_ROWS: Final = 15_000_000
SOME_ROWS: Final = 10_000_000
_ALL: Final = 1 << 64
_NEWS: Final = "context/dispatch/news/"


class Sample(Dataset):
    """A data set in whose log there are some officers only, each with all rows.

    Who they are is drawn by the seed of the data set; context and truth are those of all officers.
    """

    def __init__(self, whole: Dataset, share: float) -> None:
        super().__init__(whole.path, whole.manifest)
        self._share, self._known = share, dict[str, bool]()

    def part_tables(self, folder: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yield the parts below a folder; of the log the rows of some officers."""
        if folder != "log":
            yield from super().part_tables(folder, columns)
            return
        names = None if columns is None else [*dict.fromkeys([*columns, "officer_id"])]
        for part in super().part_tables(folder, names):
            place, officers = distinct(part["officer_id"])
            kept = np.array([*map(self.keeps, officers), False])[place]
            yield part.filter(pa.array(kept)).select(columns or part.column_names)

    def keeps(self, officer: str) -> bool:
        """Return whether an officer's rows are in the log."""
        if officer not in self._known:
            text = f"{self.manifest['seed']}/{officer}".encode()
            drawn = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())
            self._known[officer] = drawn < self._share * _ALL
        return self._known[officer]


def sampled(data: Dataset, together: int = 0) -> Dataset:
    """Return a data set with the rows of some officers, itself if all can be read.

    Parameters
    ----------
    data
        The data set.
    together
        Rows of all data sets that are read along with it, its own included.
    """
    rows = max(together, rows_of(data))
    return data if rows <= WHOLE_ROWS else Sample(data, SOME_ROWS / rows)


def rows_of(data: Dataset) -> int:
    """Return the rows of the log."""
    return sum(_rows(data).values())


def campaigns_in(data: Dataset, campaigns: pa.Table) -> int:
    """Return how many campaigns have an officer whose rows are read."""
    if not isinstance(data, Sample):
        return int(campaigns.num_rows)
    kept: list[bool] = [any(map(data.keeps, n)) for n in campaigns["officer_ids"].to_pylist()]
    return sum(kept)


def pieces(data: Dataset) -> list[Dataset]:
    """Return a data set block by block, itself if it can be read as a whole.

    Of a block that cannot be read itself there are some officers only.
    """
    rows = _rows(data)
    if sum(rows.values()) <= WHOLE_ROWS:
        return [data]
    return [sampled(_only(data, block)) for block in sorted(rows)]


def check_of_sample(data: Dataset) -> list[Check]:
    """Return how much is looked at row by row, nothing if it is the whole."""
    rows = rows_of(data)
    if sampled(data) is data:
        return []
    what = (
        f"columns, rules, days, times and splits are asked of the rows of some officers, drawn by "
        f"the seed; twins and replay block by block ({len(_rows(data)):,}); all else of the whole"
    )
    return [Check("Q17", "share of officers looked at", SOME_ROWS / rows, "told only", None, what)]


def merged(found: Sequence[Sequence[Check]]) -> list[Check]:
    """Return checks of pieces in one: their faults are counted together, the worst is told."""
    if len(found) == 1:
        return list(found[0])
    return [_merged(same) for same in zip(*found, strict=True)]


def _merged(same: Sequence[Check]) -> Check:
    total: Any = sum(one.value or 0 for one in same)
    worst = max(same, key=lambda one: one.value or 0)
    told = [one.passed for one in same if one.passed is not None]
    passed = all(told) if told else None
    return worst._replace(
        value=total, passed=passed, detail=f"{worst.detail}; in the worst of {len(same):,} blocks"
    )


def _only(data: Dataset, block: str) -> Dataset:
    """Return one block, with the news of all: they are the state's."""
    files = [
        file for file in data.manifest["files"]
        if _block(file["path"]) == block or file["path"].startswith(_NEWS)
    ]  # fmt: skip
    return Dataset(data.path, data.manifest | {"files": files})


def _rows(data: Dataset) -> Counter[str]:
    """Return the rows of the log of each block."""
    found: Counter[str] = Counter()
    for file in data.manifest["files"]:
        if file["path"].startswith("log/"):
            found[_block(file["path"])] += file["rows"]
    return found


def _block(path: str) -> str:
    """Return the block that a part is of.

    >>> _block("log/a00007-p012.parquet"), _block("truth/campaigns/a00007.parquet")
    ('a00007', 'a00007')
    """
    return PurePosixPath(path).stem.partition("-")[0]
