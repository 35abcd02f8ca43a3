"""SHA256SUMS: the hash of every file of a data set, as `sha256sum -c` checks them.

The manifest names scenario and data, and its own hash is that of the data set. Cards and audits
describe the data and may be renewed, so they are named here alone; the manifest is named here too.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from misusesim.dataset import layout, manifest
from misusesim.dataset.writer import sha256_of, write_bytes
from misusesim.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from misusesim.dataset.writer import Entry


def write_sums(root: Path, made: dict[str, Any]) -> Entry:
    """Write SHA256SUMS, after all else but the manifest; see `sums_of`."""
    return write_bytes(root, layout.SUMS, sums_of(root, made).encode())


def sums_of(root: Path, made: dict[str, Any]) -> str:
    """Return the text of SHA256SUMS.

    Parameters
    ----------
    root
        Folder of the data set.
    made
        The manifest, on disk already or not.
    """
    described = [n for n in (*layout.CARDS, *layout.AUDIT) if (root / n).is_file()]
    hashes = {file["path"]: file["sha256"] for file in made["files"]}
    hashes |= {name: sha256_of(root / name) for name in described}
    hashes[layout.MANIFEST] = hashlib.sha256(manifest.dumps(made)).hexdigest()
    return text_of(hashes)


def text_of(hashes: Mapping[str, str]) -> str:
    r"""Return the text of a file of hashes.

    Examples
    --------
    >>> text_of({"b": "01", "a": "02"})
    '02  a\n01  b\n'
    """
    return "".join(f"{hashes[path]}  {path}\n" for path in sorted(hashes))


def read_sums(root: Path) -> dict[str, str]:
    """Return path and hash of every file that SHA256SUMS names.

    Raises
    ------
    DatasetError
        If it is missing, or not what it should be.
    """
    try:
        text = (root / layout.SUMS).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"cannot be read ({error})") from error
    parts = [line.partition("  ") for line in text.splitlines()]
    hashes = {path: digest for digest, _, path in parts}
    if text_of(hashes) != text:
        raise DatasetError("is not a sorted list of hashes and paths")
    return hashes


def sum_faults(root: Path, made: dict[str, Any]) -> list[tuple[str, str]]:
    """Return file and fault of all that does not agree with SHA256SUMS.

    Files of the manifest are read by those who hold them against the manifest; here the two lists
    are compared.
    """
    try:
        hashes = read_sums(root)
    except DatasetError as error:
        return [(layout.SUMS, str(error))]
    data = {file["path"]: file["sha256"] for file in made["files"]}
    faults = [
        (layout.SUMS, f"has another hash of {path} than the manifest")
        for path in sorted(data)
        if hashes.get(path) != data[path]
    ]
    may, must = (*layout.CARDS, *layout.AUDIT, layout.MANIFEST), (*layout.CARDS, layout.MANIFEST)
    strange = sorted(hashes.keys() - data.keys() - set(may))
    faults += [(layout.SUMS, f"names {path}, which is no file of a data set") for path in strange]
    for name in may:
        if name in must or name in hashes or (root / name).exists():
            faults += [(name, what) for what in _faults_of(root / name, hashes.get(name))]
    return faults + _of_another(root, made)


def _faults_of(path: Path, digest: str | None) -> list[str]:
    if not path.is_file():
        return ["is missing"]
    if digest is None:
        return [f"is not in {layout.SUMS}"]
    return [] if sha256_of(path) == digest else [f"was changed: its hash is not {layout.SUMS}'s"]


def _of_another(root: Path, made: dict[str, Any]) -> list[tuple[str, str]]:
    """Tell of an audit that was made of another data set."""
    name, hash_ = layout.AUDIT[0], made.get("dataset_hash")
    if not (root / name).is_file():
        return []
    try:
        told = json.loads((root / name).read_bytes())["dataset_hash"]
    except (ValueError, KeyError, TypeError) as error:
        return [(name, f"is no audit of a data set ({error!r})")]
    return [] if told == hash_ else [(name, f"is the audit of another data set ({told:.12})")]
