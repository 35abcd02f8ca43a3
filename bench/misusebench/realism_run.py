"""What `misusebench realism` does: reads a log, judges it, shows it, writes the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misusebench.report.realism_page import realism_page
from misusebench.result import write_atomically
from misusesim.dataset.reader import open_dataset
from misusesim.errors import UsageError
from misusesim.portal import read_portal_csv
from misusesim.realism import profile
from misusesim.realism.material import Material, material
from misusesim.realism.references import profiles
from misusesim.realism.shapes import shapes
from misusesim.realism.table import verdict_table
from misusesim.realism.verdict import STATISTICS, Count, Verdict, against, count, judge, published
from misusesim.sidebyside import compare_profiles

if TYPE_CHECKING:
    from rich.console import RenderableType

    from misusesim.dataset.reader import Dataset
    from misusesim.portal import RealLog


@dataclass(frozen=True, slots=True)
class Judged:
    """A log with its verdicts, and profiles of it and of a log it was held against."""

    of: Material
    verdicts: list[Verdict]
    profiles: list[dict[str, Any]]

    @property
    def count(self) -> Count:
        """How the counted statistics came out."""
        return count(self.verdicts)

    def as_dict(self) -> dict[str, Any]:
        """Return what a machine reads."""
        return {
            "name": self.of.name,
            **{word: getattr(self.count, word) for word in ("passed", "failed", "not_applicable")},
            "statistics": [verdict.as_dict() for verdict in self.verdicts],
            "profiles": self.profiles,
        }

    def text(self) -> RenderableType:
        """Return tables for a terminal; profiles stand side by side where there are two."""
        from rich.console import Group  # noqa: PLC0415 - only terminals need it

        table = verdict_table(self.of.name, self.verdicts)
        return Group(table, "", compare_profiles(*self.profiles)) if self.profiles[1:] else table


def judged(source: Path, reference: str | None) -> Judged:
    """Read a log and judge it.

    Parameters
    ----------
    source
        A data set's folder, or a search log as CSV.
    reference
        Name of a published profile, or another data set or log, whose values become the targets of
        all statistics that it can give; None keeps the targets of the literature.
    """
    log = _read(source)
    of, statistics, told = material(log), list(STATISTICS), [profile(log)]
    if reference is not None and reference in profiles():
        statistics = published(reference)
    elif reference is not None:
        if not Path(reference).exists():
            names = ", ".join(sorted(profiles()))
            raise UsageError(f"{reference}: no such file or folder, nor a profile ({names})")
        other = _read(Path(reference))
        statistics = against(material(other))
        told.append(profile(other))
    return Judged(of, judge(of, statistics), told)


def write_page(found: Judged, out: Path) -> None:
    """Write the page of a judged log."""
    text = realism_page(found.of.name, found.verdicts, str(found.count), shapes(found.of))
    write_atomically(out, text.encode())


def _read(path: Path) -> Dataset | RealLog:
    return open_dataset(path) if path.is_dir() else read_portal_csv(path)
