"""Is a data set whole: manifest, hashes, page checksums, schemas, row counts, and no strangers.

Data are held against the manifest, what describes them (cards, audits) against SHA256SUMS.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from misusesim.dataset import layout, manifest
from misusesim.dataset.reader import load_manifest, read_part
from misusesim.dataset.sums import sum_faults
from misusesim.dataset.writer import check_schema, sha256_of
from misusesim.errors import DatasetError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ids = NDArray[np.uint64]

#: Query ids that are compared at a time, up to 2 GB with what comparing takes (40 bytes an id where
#: the truth is full); more are read again for every slice.
MOST_IDS: Final = 50_000_000


class Fault(NamedTuple):
    """What is wrong with one file."""

    path: str  # inside the data set
    what: str

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.path}: {self.what}"


def verify(path: str | Path) -> list[Fault]:
    """Return all faults of a data set, none if it is whole.

    Every changed byte of every file is found by its hash; page checksums, schema and counts are
    checked as well, so that a manifest made to fit damaged parts does not help.

    Raises
    ------
    UsageError
        If the folder is no data set.
    DatasetError
        If it is unfinished, or its manifest cannot be read.
    """
    root = Path(path)
    found = load_manifest(root)
    faults = []
    if manifest.seal(found)["dataset_hash"] != found.get("dataset_hash"):
        faults.append(Fault(layout.MANIFEST, "was changed: it does not have its own hash"))
    for file in found["files"]:
        faults += _file_faults(root, file)
    told = {fault.path for fault in faults}
    faults += [Fault(name, what) for name, what in sum_faults(root, found) if name not in told]
    faults += _strangers(root, {file["path"] for file in found["files"]})
    if not faults:
        faults += _row_faults(root, found)
    return faults


def _file_faults(root: Path, file: dict[str, Any]) -> list[Fault]:
    """Return what is wrong with one file of the manifest."""
    name, path = file["path"], root / file["path"]
    if not path.is_file():
        return [Fault(name, "is missing")]
    faults = []
    if (size := path.stat().st_size) != file["bytes"]:
        faults.append(Fault(name, f"has {size} bytes, the manifest says {file['bytes']}"))
    elif sha256_of(path) != file["sha256"]:
        faults.append(Fault(name, "was changed: its hash is not the manifest's"))
    if name.endswith(".parquet") and not faults:
        faults += _table_faults(root, file)
    return faults


def _table_faults(root: Path, file: dict[str, Any]) -> list[Fault]:
    """Return what is wrong with the inside of a Parquet part."""
    name, of = file["path"], layout.schema_of(file["path"])
    if of is None:
        return [Fault(name, "is no table of this schema version")]
    try:
        table = read_part(root / name)
        check_schema(table, of, name)
    except DatasetError as error:
        return [Fault(name, str(error))]
    if table.num_rows != file["rows"]:
        return [Fault(name, f"has {table.num_rows} rows, the manifest says {file['rows']}")]
    return []


def _strangers(root: Path, known: set[str]) -> list[Fault]:
    """Return files that have no place in a data set."""
    there = {p.relative_to(root).as_posix() for p in root.rglob("*") if not p.is_dir()}
    described = {layout.MANIFEST, layout.SUMS, *layout.CARDS, *layout.AUDIT}
    extra = sorted(there - known - described)
    return [Fault(name, "is not in the manifest") for name in extra]


def _row_faults(root: Path, found: dict[str, Any]) -> list[Fault]:
    """Return what is wrong between log and truth: counts, and ids that do not match."""
    seen, full = Counter[str](), found["truth"] == "full"
    slices = -(-_log_rows(found) // MOST_IDS) or 1
    for part in range(slices):
        log = _query_ids(root, found, "log/", part, slices)
        truth = _query_ids(root, found, "truth/queries/", part, slices)
        seen["rows"] += len(log)
        seen["log"] += int((log[1:] == log[:-1]).sum())
        seen["truth/queries"] += int((truth[1:] == truth[:-1]).sum())
        seen["strange"] += len(truth) - _known(truth, log)
        seen["bare"] += len(log) - _known(log, truth) if full else 0
    faults, written = [], found["rows"]["written"]
    if seen["rows"] != written:
        faults.append(Fault("log", f"has {seen['rows']} rows, the manifest says {written}"))
    faults += [
        Fault(name, f"{seen[name]} query ids occur more than once")
        for name in ("log", "truth/queries")
        if seen[name]
    ]
    if strange := seen["strange"]:
        faults.append(Fault("truth/queries", f"{strange} rows without a query in the log"))
    if bare := seen["bare"]:
        faults.append(Fault("log", f"{bare} queries without a row in truth/queries"))
    return faults


def _log_rows(found: dict[str, Any]) -> int:
    """Return the rows of the log, part by part: each was held against its file before."""
    return sum(f["rows"] for f in found["files"] if f["path"].startswith("log/"))


def _query_ids(root: Path, found: dict[str, Any], prefix: str, part: int, slices: int) -> Ids:
    """Return the sorted ids of one slice: ids are hashes, so a remainder is a fair share."""
    ids = [np.empty(0, np.uint64)]
    for file in found["files"]:
        if file["path"].startswith(prefix):
            column = read_part(root / file["path"], ["query_id"])["query_id"].to_numpy()
            ids.append(column if slices == 1 else column[column % np.uint64(slices) == part])
    every = np.concatenate(ids)
    every.sort()
    return every


def _known(some: Ids, every: Ids) -> int:
    """Return how many of some ids are among others; both sorted."""
    if not len(every):
        return 0
    place = np.searchsorted(every, some)
    return int((every[np.minimum(place, len(every) - 1)] == some).sum())
