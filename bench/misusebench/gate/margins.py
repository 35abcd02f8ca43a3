"""What `gate.toml` says: where a change is judged, what may be lost, and bounds that must hold."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from misusebench import metrics
from misusebench.errors import SuiteError
from misusebench.faults import Faults
from misusebench.gate.speed.plan import Memory, Speed
from misusebench.reading import read_text, toml_of
from misusebench.specs import guess

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Tables of the file.
TABLES: Final = ("worlds", "margin", "floor", "ceiling", "speed", "memory")
#: Key -> (least, most) of whole numbers and shares.
_BOUNDS: Final[dict[str, tuple[float, float]]] = {
    "margin": (0.001, 10.0), "launches": (3, 100), "pairs": (5, 1_000), "call_ms": (0.1, 1_000.0),
    "warm_up": (0, 100), "seed": (0, 2**31), "memory.launches": (1, 100),
}  # fmt: skip
_INSTRUCTIONS: Final = ("suspects", "always", "never")


@dataclass(frozen=True, slots=True)
class Worlds:
    """Where a change is judged: a scenario under some seeds, and the suite that is run there."""

    scenario: str
    suite: str
    seeds: tuple[int, ...] = (1, 2, 3)
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Margins:
    """What `gate.toml` says beside the registry's tolerances."""

    margin: Mapping[str, float] = field(default_factory=dict)  # metric -> largest absolute loss
    floor: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # component -> metric
    ceiling: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    worlds: Worlds | None = None
    speed: Speed = field(default_factory=Speed)
    memory: Memory = field(default_factory=Memory)
    before: Margins | None = None  # what base said; a loss must be within both

    def allowed(self, name: str, value: float) -> float:
        """Return the largest loss of a metric that passes.

        The name itself decides, else the pattern with most of its parts (``campaign_recall/*``),
        else its family, else the registry.

        Parameters
        ----------
        name
            Metric.
        value
            Of base.

        Examples
        --------
        >>> one = Margins({"campaign_recall": 0.2, "campaign_recall/*": 0.1})
        >>> one.allowed("campaign_recall/favour", 0.5), one.allowed("campaign_recall", 0.5)
        (0.1, 0.2)
        >>> both = Margins(one.margin, before=Margins({"campaign_recall": 0.1}))
        >>> both.allowed("campaign_recall", 0.5)
        0.1
        """
        parts = name.split("/")
        like = [p for p in self.margin if "*" in p and fits(parts, p.split("/"))]
        like.sort(key=lambda p: (p.count("*"), p))
        own = next((n for n in (name, *like, parts[0]) if n in self.margin), None)
        usual = metrics.metric(name).tolerance.margin(value)
        most = usual if own is None else self.margin[own]
        return most if self.before is None else min(most, self.before.allowed(name, value))


def fits(name: Sequence[str], pattern: Sequence[str]) -> bool:
    """Tell whether the parts of a name are those of a pattern, in which a star is any one part."""
    return len(name) == len(pattern) and all(
        want in ("*", own) for own, want in zip(name, pattern, strict=True)
    )


def load_margins(path: str | Path) -> Margins:
    """Read `gate.toml`; a floor or a ceiling is a table of its component, `floor.COMPONENT`.

    Raises
    ------
    SuiteError
        If it cannot be read, or names no metric or no number: all faults, each with its line.
    """
    text = read_text(path)
    told = toml_of(path, text)  # first: the scanner of lines takes valid TOML only
    return _Reader(Path(path), text).margins(told)


class _Reader:
    """Turns parsed TOML into margins and collects every fault with its line."""

    def __init__(self, path: Path, text: str) -> None:
        self._faults = Faults(path, text)

    def margins(self, told: dict[str, Any]) -> Margins:
        """Return what the file says, or raise all faults."""
        for name in told:
            if name not in TABLES:
                self._faults.add((name,), f"no table {name}{guess(name, TABLES)}")
        worlds = self._worlds(told["worlds"]) if "worlds" in told else None
        self._limits(("margin",), told.get("margin", {}))
        for side in ("floor", "ceiling"):
            limits = told.get(side, {})
            if not isinstance(limits, dict):
                what = f"{side} must hold tables, {side}.COMPONENT, got {limits!r:.60}"
                self._faults.add((side,), what)
                continue
            for name, table in limits.items():
                self._limits((side, name), table)
        speed = self._settings("speed", Speed, told.get("speed", {}))
        memory = self._settings("memory", Memory, told.get("memory", {}))
        self._faults.tell()
        limits = {side: told.get(side, {}) for side in ("margin", "floor", "ceiling")}
        return Margins(**limits, worlds=worlds, speed=speed, memory=memory)

    def _limits(self, place: tuple[str, ...], table: Any) -> None:
        """Note what is no metric or no number in a table of metrics; `family/*` is a metric."""
        said = ".".join(place)
        if not isinstance(table, dict):
            self._faults.add(place, f"{said} must be a table of metrics, got {table!r:.60}")
            return
        for name, value in table.items():
            if what := _limit_fault(name, value, margin=place == ("margin",)):
                self._faults.add((*place, name), f"{said}.{name}{what}")

    def _worlds(self, table: Any) -> Worlds | None:
        """Return where a change is judged; what is wrong is noted."""
        if not isinstance(table, dict):
            self._faults.add(("worlds",), f"worlds must be a table, got {table!r:.60}")
            return None
        self._faults.keys(table, [one.name for one in fields(Worlds)], ("worlds",))
        good = True
        for key in ("scenario", "suite"):
            if not isinstance(table.get(key), str) or not table[key]:
                what = f"worlds.{key} must be a name or a file, got {table.get(key)!r:.60}"
                self._faults.add(("worlds", key), what)
                good = False
        seeds, days = table.get("seeds", list(Worlds("", "").seeds)), table.get("days")
        if not _whole_numbers(seeds):
            what = f"worlds.seeds must be a list of different whole numbers, got {seeds!r:.60}"
            self._faults.add(("worlds", "seeds"), what)
            good = False
        if days is not None and (type(days) is not int or days < 1):
            self._faults.add(("worlds", "days"), f"worlds.days must be 1 or more, got {days!r:.60}")
            good = False
        return Worlds(table["scenario"], table["suite"], tuple(seeds), days) if good else None

    def _settings(self, name: str, cls: type, table: Any) -> Any:
        """Return the settings of `speed` or `memory`; what is wrong is noted."""
        if not isinstance(table, dict):
            self._faults.add((name,), f"{name} must be a table, got {table!r:.60}")
            return cls()
        usual = cls()
        allowed: dict[str, Any] = {n: getattr(usual, n) for n in (f.name for f in fields(cls))}
        self._faults.keys(table, list(allowed), (name,))
        good = {}
        for key, value in table.items():
            if key not in allowed:
                continue
            if what := _fault(name, key, value, allowed[key]):
                self._faults.add((name, key), f"{name}.{key} must be {what}, got {value!r:.60}")
            else:
                good[key] = type(allowed[key])(value)
        return cls(**good)


def _limit_fault(name: str, value: Any, *, margin: bool) -> str:
    """Return what is wrong with a bound or a margin, "" if nothing is."""
    one = metrics.REGISTRY.get(name.partition("/")[0])
    if "@" in name:
        return ": the gate judges at the suite's review_budget; leave out what is behind @"
    if one is None:
        return f": there is no such metric{_near(name, list(metrics.REGISTRY))}"
    if margin and not one.gates:
        return ": a loss of it is not judged, so no margin; use a floor or a ceiling"
    least = 0.0 if margin else -math.inf
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number and math.isfinite(value) and value >= least:
        return ""
    return f" must be a number{' from 0 on' if margin else ''}, got {value!r:.60}"


def _near(name: str, names: list[str]) -> str:
    """Return the likely name, if there is one: all metrics would be too many to list."""
    import difflib  # noqa: PLC0415 - only faults need it

    near = difflib.get_close_matches(name, names, 1)
    return f"; did you mean {near[0]}?" if near else "; `misusebench list metrics` names them"


def _whole_numbers(found: Any) -> bool:
    """Tell whether this is a list of different whole numbers from 0 on."""
    if not isinstance(found, list) or not found:
        return False
    return all(type(one) is int and one >= 0 for one in found) and len(set(found)) == len(found)


def _fault(table: str, key: str, value: Any, usual: Any) -> str:
    """Return what a setting must be, "" if it is that."""
    if isinstance(usual, str):
        return "" if value in _INSTRUCTIONS else f"one of {', '.join(_INSTRUCTIONS)}"
    least, most = _BOUNDS.get(f"{table}.{key}", _BOUNDS[key])
    whole = isinstance(usual, int)
    kinds = (int,) if whole else (int, float)
    if type(value) in kinds and least <= value <= most:
        return ""
    return f"{'a whole number' if whole else 'a number'} from {least:g} to {most:g}"


def need_worlds(margins: Margins, path: str | Path) -> Worlds:
    """Return where a change is judged.

    Raises
    ------
    SuiteError
        If the file does not say so.
    """
    if margins.worlds is None:
        raise SuiteError(
            f"{path} has no table [worlds], which says where a change is judged: "
            'scenario = "world.toml", seeds = [1, 2, 3], suite = "suite.toml"'
        )
    return margins.worlds
