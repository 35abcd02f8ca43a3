"""Some blocks of a data set that is too large for the memory, whole with all that belongs to them.

The agencies of a block share parts of the log, of the context and of the truth, and no other agency
is in those. So some blocks of a data set are a data set, with whole officers, campaigns and cases;
what it lacks is what other agencies have on file about the same persons.
"""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath
from typing import Final

from misusebench.audit.verdict import Check
from misusesim.dataset.reader import Dataset

#: A log of more rows is not read row by row as a whole, and about so many are read instead: each
#: takes about a kilobyte of memory.
WHOLE_ROWS: Final = 20_000_000
SOME_ROWS: Final = 10_000_000


def extract(data: Dataset) -> Dataset:
    """Return every so many-th block of a data set; itself, if it can be read as a whole.

    Which block is the first depends on the seed. Blocks follow the scenario's groups of agencies,
    so each group has its part.
    """
    rows = _rows(data)
    total = sum(rows.values())
    if total <= WHOLE_ROWS:
        return data
    step = -(-total // SOME_ROWS)
    kept = set(sorted(rows)[data.scenario.seed % min(step, len(rows)) :: step])
    files = [file for file in data.manifest["files"] if _block(file["path"]) in kept]
    return Dataset(data.path, data.manifest | {"files": files})


def check_of_extract(data: Dataset) -> list[Check]:
    """Return what is looked at instead of the whole, nothing if it is the whole."""
    part = extract(data)
    if part is data:
        return []
    some, every = _rows(part), _rows(data)
    rows, share = sum(some.values()), sum(some.values()) / sum(every.values())
    what = (
        f"columns, rules, days, times, twins, splits and replay are asked of {rows:,} rows, "
        f"{len(some):,} of {len(every):,} blocks of agencies; the rest of the whole"
    )
    return [Check("Q17", "share of rows looked at", share, "told only", None, what)]


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
