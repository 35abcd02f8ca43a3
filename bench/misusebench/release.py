"""What `misusebench release` does: a data set with its audit inside, in one archive.

The steps are those of a release, in order: make, audit, describe, pack. Each is skipped where it
is done already, so the same command goes on where another was stopped.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import misusebench
import misusesim
from misusebench import archive, audit
from misusebench.audit_run import Shown, audit_page, show_audit
from misusebench.errors import SuiteError
from misusebench.result import dumps, make_folder
from misusesim import shards
from misusesim.dataset import layout
from misusesim.dataset.card import cards
from misusesim.dataset.reader import open_dataset
from misusesim.dataset.sums import sums_of
from misusesim.dataset.writer import TEMPORARY, sha256_of, write_bytes
from misusesim.errors import DatasetError
from misusesim.scenario.family import PREVALENCES, member_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

    from misusesim.scenario.model import Scenario

#: Version of the shape of ``audit.json``.
SCHEMA_VERSION: Final = "1"
#: Largest share of misuse among the queries of a natural preset (note on data-set quality, Q4);
#: a preset with so many times the campaigns may have so many times as much.
NATURAL_MOST: Final = 1e-3
_JSON, _PAGE = layout.AUDIT


@dataclass(frozen=True, slots=True)
class Released:
    """What a release left on disk."""

    folder: Path
    manifest: dict[str, Any]
    audit: dict[str, Any]  # as audit.json has it
    archive: Path | None
    archive_sha256: str | None

    @property
    def failed(self) -> list[str]:
        """The checks that failed, with their numbers."""
        return [f"{c['id']} {c['name']}" for c in self.audit["checks"] if c["passed"] is False]

    def as_dict(self) -> dict[str, Any]:
        """Return what a machine reads."""
        facts = ("scenario", "scenario_hash", "seed", "days", "level", "dataset_hash")
        return {
            "dataset": str(self.folder),
            **{name: self.manifest[name] for name in facts},
            "queries": self.manifest["rows"]["written"],
            "passed": not self.failed,
            "failed": self.failed,
            "archive": None if self.archive is None else str(self.archive),
            "archive_bytes": None if self.archive is None else self.archive.stat().st_size,
            "archive_sha256": self.archive_sha256,
            "audit": self.audit,
        }

    def text(self) -> RenderableType:
        """Return the audit as a table, and where everything is."""
        from rich.console import Group  # noqa: PLC0415 - only terminals need it

        lines = [f"data set {self.folder}, hash {self.manifest['dataset_hash']}"]
        if self.archive is not None:
            size = self.archive.stat().st_size / 1e6
            lines += [f"archive  {self.archive}, {size:,.1f} MB, SHA-256 {self.archive_sha256}"]
        return Group(_shown(self.folder, self.audit).text(), "", *lines)


def release(
    scenario: Scenario, out: Path, *, workers: int | None = 1, others: tuple[Path, ...] = (),
    again: bool = True, packing: bool = True, force: bool = False,
    progress: Callable[[shards.Progress], None] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Released:  # fmt: skip
    """Make a data set, audit it, write the audit into it and pack it.

    Parameters
    ----------
    scenario
        What to make.
    out
        Folder of data sets and archives; this one is ``NAME-SEED``, its archive ``NAME-SEED.tar``.
    workers
        As of :func:`misusesim.shards.run`.
    others
        Data sets of the same level and mix, pooled with it for what needs many campaigns.
    again
        Whether the audit makes the data set two times more.
    packing
        Whether an archive is wanted. There is none of a data set that failed.
    force
        Audit and pack again what was before.
    progress, say
        Are told how far it is.

    Raises
    ------
    UsageError, DatasetError
        As of :func:`misusesim.shards.run`.
    SuiteError
        If a pooled data set is of another level or mix, a file cannot be written, `out` is a data
        set, or another release is writing to the same folder.
    """
    if (out / layout.MANIFEST).exists():
        raise SuiteError(f"{out} is a data set; name a folder for releases beside it")
    folder = out / f"{scenario.name}-{scenario.seed}"
    to = out / f"{folder.name}.tar"
    with _alone(folder), _disk_in_words(folder):
        _clear(folder, to)
        made = shards.run(scenario, folder, workers, progress)
        if force:
            archive.drop(to)
        found = _audited(folder, scenario, made, others=others, again=again, force=force, say=say)
        _describe(folder, scenario, made, found)
        digest = archive.packed(folder, to)
        if digest is None or found["failed"]:
            archive.drop(to)
            digest = None
        if packing and digest is None and not found["failed"]:
            say(f"packing {to}")
            digest = archive.pack(folder, to)
    return Released(folder, made, found, to if digest else None, digest)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder for one release, as long as this process lives."""
    make_folder(folder)
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SuiteError(
                f"another release is writing to {folder}; wait for it or stop it"
            ) from error
        yield
    finally:
        os.close(handle)


@contextmanager
def _disk_in_words(folder: Path) -> Iterator[None]:
    """Make a message of what the disk says."""
    try:
        yield
    except FileNotFoundError as error:
        what = f"{error.filename} is missing; `misusebench verify` tells more"
        raise DatasetError(what) from error
    except OSError as error:
        raise SuiteError(
            f"{folder} cannot be written: {error.strerror}; the same command goes on from there"
        ) from error


def _clear(folder: Path, to: Path) -> None:
    """Remove what a killed release left under temporary names."""
    for name in (*layout.AUDIT, *layout.CARDS, layout.SUMS):
        _remove(folder, f".{name}.*{TEMPORARY}")
    _remove(to.parent, f".{to.name}*{TEMPORARY}")


def _remove(folder: Path, pattern: str) -> None:
    for rest in folder.glob(pattern):
        rest.unlink(missing_ok=True)


def _audited(
    folder: Path, scenario: Scenario, made: dict[str, Any], *, others: tuple[Path, ...],
    again: bool, force: bool, say: Callable[[str], None],
) -> dict[str, Any]:  # fmt: skip
    """Return the audit of a data set: the one inside if it is of this data and this auditor."""
    about = {
        "schema_version": SCHEMA_VERSION, "dataset_hash": made["dataset_hash"],
        "scenario": scenario.name, "seed": scenario.seed, "again": again,
        "most": _most(scenario), "auditor": auditor(),
        "pooled_with": [open_dataset(one).manifest["dataset_hash"] for one in others],
    }  # fmt: skip
    if not force and (stored := _stored(folder, about)) is not None:
        say(f"audited  {folder} before")
        return stored
    shown = show_audit(
        folder, None, time=None, entity=None, ignore=(), level=scenario.level, most=about["most"],
        without=None, page=None, others=others, again=again, say=say,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(dumps({**about, **shown.as_dict()}))
    write_bytes(folder, _PAGE, audit_page(shown).encode())
    write_bytes(folder, _JSON, dumps(found).encode())
    return found


def _most(scenario: Scenario) -> float | None:
    """Return the largest share of misuse among queries, None where nothing is promised."""
    member = member_of(scenario.name)
    return None if member is None else NATURAL_MOST * PREVALENCES[member.prevalence].times


def auditor() -> dict[str, str | None]:
    """Return what the values of an audit depend on beside the data."""
    digest = hashlib.sha256()
    for package in (misusebench, misusesim):
        root = Path(str(package.__file__)).parent
        for path in sorted(root.rglob("*.py")):
            digest.update(path.read_bytes())
    return {
        **{name: _version(name) for name in ("misusebench", "numpy", "scikit-learn")},
        "source_sha256": digest.hexdigest(),
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _stored(folder: Path, about: dict[str, Any]) -> dict[str, Any] | None:
    """Return the audit inside a data set, None if there is none about the same."""
    try:
        stored: dict[str, Any] = json.loads((folder / _JSON).read_bytes())
        same = all(stored[name] == value for name, value in about.items())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return stored if same else None


def _shown(folder: Path, found: dict[str, Any]) -> Shown:
    """Return the audit that a file holds as that which was shown when it was made."""
    names = audit.Check._fields
    checks = [audit.Check(**{name: check[name] for name in names}) for check in found["checks"]]
    facts = found["rows"], found["positives"], found["level"]
    return Shown(folder.name, audit.Audit(*facts, tuple(checks)))


def _describe(
    folder: Path, scenario: Scenario, made: dict[str, Any], found: dict[str, Any]
) -> None:
    """Write page, cards and hashes, as far as they are not so already."""
    _put(folder, _PAGE, audit_page(_shown(folder, found)))
    files = [
        {"path": name, "bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for name, path in ((name, folder / name) for name in layout.AUDIT)
    ]
    for name, text in cards(scenario, made, found, files).items():
        _put(folder, name, text)
    _put(folder, layout.SUMS, sums_of(folder, made))


def _put(folder: Path, name: str, text: str) -> None:
    path = folder / name
    if not path.is_file() or path.read_bytes() != text.encode():
        write_bytes(folder, name, text.encode())
