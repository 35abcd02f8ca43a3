"""Base and head of each data set, matched: same data, seed, budget and history, or no verdict."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from misusebench import result as results
from misusebench.errors import SuiteError
from misusebench.gate.baselines import baseline_of, load_baselines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from misusebench.gate.changed import Since
    from misusebench.result import Result

    #: Name of the scenario, its seed.
    Key = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class World:
    """One data set on which both were judged."""

    name: str  # of the scenario
    shown: str  # the same, with the seed where there are several
    base: Mapping[str, Any]  # as `baseline_of` returns it
    head: Mapping[str, Any]
    results: Mapping[str, Result]  # of head, by component
    data: str  # folder
    suite: str = ""  # that head ran: a name or a file, "" if that is not known
    since: Since | None = None  # what git compares head's files with, if it can

    def pair(self, component: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return what base and head say of a component."""
        return self.base["components"][component], self.head["components"][component]


def worlds(
    runs: Sequence[str | Path], baselines: str | Path | Sequence[str | Path]
) -> tuple[list[World], list[str]]:
    """Return the data sets that both sides have, in the baselines' order, and names of those lost.

    Raises
    ------
    SuiteError
        If a run has no baseline or two runs are of one data set, or if a run and its baseline
        differ in data, budget, seed or history.
    """
    heads: dict[Key, tuple[dict[str, Any], str | Path]] = {}
    for folder in runs:
        head = baseline_of(folder)
        if (key := _key(head)) in heads:
            raise SuiteError(f"two runs of data set {key[0]} were given, {folder} is the second; "
                             "give one run for each data set")  # fmt: skip
        heads[key] = head, folder
    bases = {_meant(_key(base), heads): base for base in load_baselines(baselines)}
    _all_have_baselines(heads, bases, baselines)
    several = Counter(name for name, _ in bases)
    found, lost = [], []
    for key, base in bases.items():
        shown = key[0] if several[key[0]] == 1 else f"{key[0]} seed {key[1]}"
        if key not in heads:
            lost.append(shown)
            continue
        head, folder = heads[key]
        _comparable(shown, base, head)
        told, own = results.load_run(folder)
        ungated = told.get("ungated", {})
        data, suite = str(ungated.get("data", shown)), str(ungated.get("suite") or "")
        by_name = {one.name: one for one in own}
        found.append(World(key[0], shown, base, head, by_name, data, suite))
    return found, lost


def _key(one: Mapping[str, Any]) -> Key:
    return one["dataset"]["name"], one.get("scenario_seed")


def _meant(key: Key, heads: Mapping[Key, Any]) -> Key:
    """Return the key of a baseline; an old one tells no seed and means the run of its scenario."""
    same = [head for head in heads if head[0] == key[0]]
    return same[0] if key[1] is None and len(same) == 1 else key


def _all_have_baselines(
    heads: Mapping[Key, Any], bases: Mapping[Key, Any], source: str | Path | Sequence[str | Path]
) -> None:
    """Refuse a run that nothing would be compared with: it must not look as if it had passed."""
    missing = sorted(
        name if seed is None or name not in {n for n, _ in bases} else f"{name} with seed {seed}"
        for name, seed in set(heads) - set(bases)
    )
    if missing:
        where = source if not isinstance(source, (list, tuple)) else ", ".join(map(str, source))
        raise SuiteError(
            f"{where} has no baseline for data set {', '.join(missing)}; leave its run out, or "
            "write one with --write-baseline"
        )


def _comparable(name: str, base: Mapping[str, Any], head: Mapping[str, Any]) -> None:
    for what, one, other in (
        ("data", base["dataset"]["hash"], head["dataset"]["hash"]),
        *((key, base[key], head[key]) for key in ("seed", "review_budget", "history_share")),
    ):
        if one != other:
            raise SuiteError(
                f"{name}: the baseline and the run differ in {what} ({one} and {other}), so "
                "nothing can be concluded; if that is meant, write a new baseline"
            )
