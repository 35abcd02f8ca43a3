"""Which configurations there are: components of runs, named apart, on one world or several."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from misusebench.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from misusebench.compare.drawing import Drawn
    from misusebench.result import Result

#: Runs on one world share these; over worlds the last two must agree.
_CONDITIONS: Final = ("seed", "review_budget", "history_share")


@dataclass(slots=True)
class Loaded:
    """A run, its results, and draws of the metrics that are asked for."""

    folder: Path
    run: Mapping[str, Any]
    results: Sequence[Result]
    drawn: Drawn = field(default_factory=dict)

    @property
    def world(self) -> tuple[Any, ...]:
        """What the run was judged on; runs that share it can be paired."""
        return (self.run["dataset"]["hash"], *(self.run.get(key) for key in _CONDITIONS))


@dataclass(frozen=True, slots=True)
class Configuration:
    """One component of the runs that belong together, a run a world."""

    name: str
    component: str
    place: int  # of its run among those of a world
    results: tuple[Result, ...]  # one a world
    runs: tuple[Loaded, ...]

    @property
    def kind(self) -> str:
        """Detector or policy."""
        return str(self.results[0].component["kind"])


def worlds(runs: Sequence[Loaded], notes: list[str]) -> list[list[Loaded]]:
    """Return the runs by world, empty where they cannot be ranked together.

    Parameters
    ----------
    runs
        In the order they were given: the k-th of each world belong together.
    notes
        Takes why there is no ranking.
    """
    found: dict[tuple[Any, ...], list[Loaded]] = {}
    for one in runs:
        found.setdefault(one.world, []).append(one)
    groups = list(found.values())
    reason = ""
    if len({key[0] for key in found}) < len(found):
        reason = "runs on the same data differ in seed, budget or history"
    elif len({key[2:] for key in found}) > 1:
        reason = "the worlds were judged at other budgets or histories"
    elif len({len(group) for group in groups}) > 1:
        reason = "the worlds have different numbers of runs"
    if reason:
        notes.append(f"no ranking: {reason}")
        return []
    return groups


def configurations(
    groups: Sequence[Sequence[Loaded]], among: Sequence[str], notes: list[str]
) -> list[Configuration]:
    """Return the components that have a valid result on every world, named apart.

    Parameters
    ----------
    groups
        Runs by world.
    among
        Patterns of components or of names (`*` for any letters); all by default.
    notes
        Takes who was left out because it is not on every world.
    """
    if not groups:
        return []
    labels = _labels(groups)
    first = [one.name for run in groups[0] for one in run.results]
    several = {name for name, count in Counter(first).items() if count > 1}
    found, known = [], []
    for place, runs in enumerate(zip(*groups, strict=True)):
        tables = [{one.name: one for one in run.results if one.valid} for run in runs]
        for component in tables[0]:
            name = f"{component} @ {labels[place]}" if component in several else component
            known.append((component, name))
            if among and not any(fnmatchcase(n, p) for p in among for n in (component, name)):
                continue
            own = [table[component] for table in tables if component in table]
            if len(own) < len(runs):
                notes.append(f"{name} has no valid result on every world and is not ranked")
                continue
            found.append(Configuration(name, component, place, tuple(own), tuple(runs)))
    _check_patterns(among, known)
    return found


def _check_patterns(among: Sequence[str], known: Sequence[tuple[str, str]]) -> None:
    """Refuse a pattern that fits no component: an empty ranking would look like an answer."""
    for pattern in among:
        if not any(fnmatchcase(name, pattern) for pair in known for name in pair):
            names = ", ".join(name for _, name in known)
            raise SuiteError(f"--component {pattern:.80}: no component with a valid result has "
                             f"such a name; there are {names or 'none'}")  # fmt: skip


def _labels(groups: Sequence[Sequence[Loaded]]) -> list[str]:
    """Return a short name for the k-th run of every world: its folder's, where that is telling."""
    found = []
    for runs in zip(*groups, strict=True):
        names = {run.folder.name for run in runs}
        found.append(names.pop() if len(names) == 1 else "")
    if all(found) and len(set(found)) == len(found):
        return found
    if len(groups) == 1:
        paths = [str(run.folder) for run in groups[0]]
        if len(set(paths)) == len(paths):
            return paths
    return [f"run {place + 1}" for place in range(len(found))]
