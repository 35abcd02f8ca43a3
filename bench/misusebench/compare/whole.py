"""The whole comparison: differences against the first run, rankings, worlds, kinds, campaigns."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from misusebench import metrics
from misusebench import result as results
from misusebench.compare.campaigns import Apart, apart, wanted
from misusebench.compare.configurations import Configuration, Loaded, configurations, worlds
from misusebench.compare.differences import (
    Difference,
    check_names,
    check_there,
    differences,
    gated,
    not_paired,
)
from misusebench.compare.drawing import draws_of
from misusebench.compare.families import Family, families
from misusebench.compare.naming import check_apart, meant
from misusebench.compare.ranking import USUAL, Ranking, rank
from misusebench.compare.several import Several, several
from misusebench.compare.timeline import timeline
from misusebench.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.compare.drawing import Floats

SCHEMA_VERSION: Final = "1"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs against the first of them, and all of their configurations among each other."""

    base: str
    heads: tuple[str, ...]
    same_data: bool
    differences: tuple[tuple[Difference, ...], ...]  # per head
    notes: tuple[str, ...]
    rankings: tuple[Ranking, ...] = ()  # of detectors, of policies
    several: tuple[Several, ...] = ()  # the same over several worlds
    families: tuple[Family, ...] = ()  # by kind and by oddity
    campaigns: tuple[Apart, ...] = ()
    configurations: tuple[Configuration, ...] = ()
    explained: dict[str, Any] | None = None  # one campaign; see `timeline.py`
    between: tuple[tuple[str, str], ...] = ()  # configurations that were asked for

    @property
    def alone(self) -> bool:
        """Whether it is of the components of one run."""
        return not self.heads

    def as_json(self) -> dict[str, Any]:
        """Return the comparison as a JSON object."""
        found = {
            "schema_version": SCHEMA_VERSION, "base": self.base, "same_data": self.same_data,
            "heads": [
                {"run": run, "differences": [asdict(d) for d in found]}
                for run, found in zip(self.heads, self.differences, strict=True)
            ],
            "notes": list(self.notes),
            "configurations": [
                {"name": one.name, "component": one.component, "kind": one.kind,
                 "runs": [str(run.folder) for run in one.runs]}
                for one in self.configurations
            ],
            "rankings": [one.as_json() for one in self.rankings],
            "worlds": [one.as_json() for one in self.several],
            "families": [one.as_json() for one in self.families],
            "campaigns": [one.as_json() for one in self.campaigns],
            "explained": self.explained,
        }  # fmt: skip
        return results.clean(found)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a comparison is asked for beside the differences against the first run."""

    rank: str | None = None  # metric; by default campaign_recall and misuse_prevented
    rope: float | None = None  # half the region of equivalence; by default the tolerance
    among: tuple[str, ...] = ()  # patterns of components; all by default
    between: tuple[tuple[str, str], ...] = ()  # whose campaigns are compared
    explain: str | None = None  # a campaign


def compare(
    runs: Sequence[str | Path], names: Sequence[str] | None = None, wish: Wanted | None = None
) -> Comparison:
    """Compare runs with the first of them, and all configurations among each other.

    Parameters
    ----------
    runs
        Run folders, of one data set or of several; the first is the base. The components of a
        single one are compared among each other.
    names
        Metrics of the differences; the gated ones by default.
    wish
        What is ranked, and how.

    Raises
    ------
    SuiteError
        If a folder holds no run or is given twice, or a metric or a configuration does not exist.
    """
    wish = wish or Wanted()
    told = [results.load_run(folder) for folder in runs]
    loaded = [Loaded(Path(f), run, one) for f, (run, one) in zip(runs, told, strict=True)]
    check_apart(loaded)
    _check(wish, names, loaded)
    notes = not_paired([run for run, _ in told])
    same = not notes
    groups = worlds(loaded, notes)
    every = configurations(groups, wish.among, notes)
    wish = _whose(wish, every, notes)
    # before the draws, which take their time: it may be a wrong name
    explained = None if wish.explain is None else timeline(every, wish.explain)
    if same or groups:
        _draw(loaded, names, wish, notes, same=same)
    changed = differences(told, [one.drawn if same else {} for one in loaded], names, notes)
    found = Comparison(
        str(runs[0]), tuple(str(folder) for folder in runs[1:]), same, changed, (),
        configurations=tuple(every), explained=explained, between=wish.between,
    )  # fmt: skip
    return _ranked(found, wish, notes)


def _whose(wish: Wanted, every: Sequence[Configuration], notes: Sequence[str]) -> Wanted:
    """Return the wish with names of configurations that exist."""
    asked = [f"explain {wish.explain:.80} with"] if wish.explain is not None else []
    asked += ["hold against each other"] if wish.between else []
    if asked and not every:
        reason = "; ".join(notes) or "no component has a valid result"
        raise SuiteError(f"nobody is left to {asked[0]}: {reason}")
    return replace(wish, between=tuple(meant(pair, every) for pair in wish.between))


def _check(wish: Wanted, names: Sequence[str] | None, loaded: Sequence[Loaded]) -> None:
    """Refuse what would be answered by silence: metrics and regions that cannot be told."""
    found = [one for run in loaded for one in run.results]
    if len(loaded) == 1:
        _check_alone(loaded[0], names)
    asked = [*(names or ()), *([wish.rank] if wish.rank else [])]
    check_names(asked)
    if wish.rank and metrics.metric(wish.rank).direction not in ("higher", "lower"):
        raise SuiteError(f"--rank: {wish.rank} has no better side, so nothing can be ranked by it")
    check_there(asked, found)
    if wish.rope is not None and not (math.isfinite(wish.rope) and wish.rope >= 0):
        raise SuiteError(f"--rope must be a number of 0 or more, got {wish.rope}")


def _check_alone(run: Loaded, names: Sequence[str] | None) -> None:
    """Refuse what takes a second run, or a component."""
    if names:
        raise SuiteError(
            "--metric chooses metrics of the differences against a first run, and there is one run;"
            f" --rank {names[0]:.80} ranks its components by it, one metric at a time"
        )
    if not any(one.valid for one in run.results):
        reasons = "; ".join(f"{one.name}: {'; '.join(one.reasons)}" for one in run.results)
        raise SuiteError(
            f"no component of {run.folder} has a valid result: {reasons or 'none ran'}"
        )


def _draw(
    loaded: Sequence[Loaded], names: Sequence[str] | None, wish: Wanted, notes: list[str], *,
    same: bool,
) -> None:  # fmt: skip
    """Put draws into the runs; what said the same on the same world is drawn once."""
    ranked = {wish.rank} if wish.rank else set(USUAL.values())
    told = {name for run in loaded for one in run.results for name in names or gated(one)}
    asked = ranked | (told if same else set())
    seen: dict[tuple[Any, ...], dict[bytes, dict[str, Floats]]] = {}
    kept: list[str] = []
    for run in loaded:
        run.drawn = draws_of(run.folder, asked, kept, seen.setdefault(run.world, {}))
    notes += kept


def _ranked(found: Comparison, wish: Wanted, notes: list[str]) -> Comparison:
    """Return a comparison with rankings, worlds, families and campaigns."""
    rankings, over, about = [], [], []
    for kind, usual in USUAL.items():
        own = [one for one in found.configurations if one.kind == kind]
        name = wish.rank or usual
        if metrics.metric(name).of not in (kind, "pair" if kind == "detector" else kind):
            continue
        one = rank(own, name, wish.rope, notes) if own else None
        if one is None:
            continue
        rankings.append(one)
        about += families(own)
        more = several(own, name, one.rope, notes)
        over += [more] if more else []
    if wish.rank and found.configurations and not rankings:
        raise SuiteError(f"--rank: no configuration here is ranked by {wish.rank}: it has no value "
                         "for a detector or a policy of these runs")  # fmt: skip
    notes += [
        f"ranking of {one.kind} by {one.metric}: two families (equal; not equivalent) of "
        f"{one.family:,} tests, p by Holm; in each, the chance of any error is 5 % at most"
        for one in rankings if one.family > 1
    ]  # fmt: skip
    by = {one.name: one for one in found.configurations}
    pairs = [
        apart(by[a], by[b], notes) for a, b in wanted(found.configurations, rankings, wish.between)
    ]
    return replace(
        found, rankings=tuple(rankings), several=tuple(over), families=tuple(about),
        campaigns=tuple(one for one in pairs if one is not None),
        notes=tuple(dict.fromkeys(notes)),
    )  # fmt: skip
