"""A whole data set in one file: a tar, the same for the same data, with its hash beside it."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from typing import TYPE_CHECKING, Any, Final

from misusebench.errors import SuiteError
from misusesim.dataset import layout
from misusesim.dataset.sums import read_sums
from misusesim.dataset.writer import replacing, sha256_of, write_bytes
from misusesim.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import BinaryIO

#: Time of every member, 1980-01-01: the first that all formats of archives know.
_TIME: Final = 315_532_800
#: What comes first, so that who reads from the start knows at once what it is.
_FIRST: Final = (layout.SUMS, layout.CARDS[0], layout.MANIFEST)


def pack(folder: Path, to: Path) -> str:
    """Write the archive of a data set and its hash; return the hash.

    Parquet is compressed already, so the archive is not.

    Raises
    ------
    SuiteError
        If there is no room for it.
    DatasetError
        If a file is not what SHA256SUMS says.
    """
    drop(to)
    hashes = read_sums(folder)
    _check_room(to, (folder / name for name in hashes))
    rest = sorted(hashes.keys() - set(_FIRST))
    with replacing(to) as part, tarfile.open(part, "w", format=tarfile.PAX_FORMAT) as tar:
        for name in (*_FIRST, *rest):
            _add(tar, folder, name, hashes.get(name))
    digest = sha256_of(to)
    write_bytes(to.parent, _hash_file(to).name, f"{digest}  {to.name}\n".encode())
    return digest


def packed(folder: Path, to: Path) -> str | None:
    """Return the hash of an archive that is whole and holds this very data set, else None."""
    told = _hash_file(to)
    if not (to.is_file() and told.is_file()):
        return None
    digest = sha256_of(to)
    if told.read_text(encoding="utf-8") != f"{digest}  {to.name}\n":
        return None
    with tarfile.open(to) as tar:
        first = tar.next()
        inside = tar.extractfile(first) if first is not None and first.isfile() else None
        same = inside is not None and inside.read() == (folder / layout.SUMS).read_bytes()
    return digest if same else None


def drop(to: Path) -> None:
    """Remove an archive and its hash, if they are there."""
    for path in (_hash_file(to), to):
        path.unlink(missing_ok=True)


def _hash_file(to: Path) -> Path:
    return to.with_name(f"{to.name}.sha256")


def _check_room(to: Path, files: Iterable[Path]) -> None:
    needed, free = sum(path.stat().st_size for path in files), shutil.disk_usage(to.parent).free
    if needed > free:
        raise SuiteError(
            f"{to} needs {needed / 1e6:,.0f} MB and there are {free / 1e6:,.0f} MB free; "
            "make room, or leave the archive out with --no-pack"
        )


def _add(tar: tarfile.TarFile, folder: Path, name: str, digest: str | None) -> None:
    """Add a file under the folder's name; SHA256SUMS itself has no hash to be held against."""
    member = tarfile.TarInfo(f"{folder.name}/{name}")
    member.size, member.mtime, member.mode = (folder / name).stat().st_size, _TIME, 0o644
    with (folder / name).open("rb") as file:
        read: Any = _Hashing(file)  # all of a file that a tar needs
        tar.addfile(member, read)
    if digest not in {None, read.digest.hexdigest()}:
        raise DatasetError(
            f"{folder / name} was changed: its hash is not that of {layout.SUMS}; "
            "`misusebench verify` tells more"
        )


class _Hashing:
    """Hashes what is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest: Any = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        data = self._file.read(size)
        self.digest.update(data)
        return data
