"""What the bench runs: components, the tier each is granted, parameters, limits (TOML)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from misusebench.confinement import Limits
from misusebench.entries import check_after, components
from misusebench.errors import SuiteError
from misusebench.faults import Faults, word
from misusebench.feedback import Rules
from misusebench.reading import read_text, toml_of
from misusebench.specs import (
    LABEL_ORACLE,
    TIERS,
    ComponentSpec,
    guess,
    named_apart,
    parse_component,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LABEL_ORACLE", "TIERS", "ComponentSpec", "Suite", "list_suites", "load_suite",
           "named_apart", "parse_component"]  # fmt: skip

_SUITES: Final = Path(__file__).parent / "suites"


@dataclass(frozen=True, slots=True)
class Suite:
    """All that a run needs besides the data."""

    name: str
    components: tuple[ComponentSpec, ...]
    data: tuple[str, ...] = ()  # data sets to run on, unless some are given
    tier: str = "T3"  # granted where the component says nothing else
    seed: int = 0
    history_share: float = 0.4
    close_hours: int = 24  # length of a period of replay
    single_rows: int = 1_000  # scored one by one at the end, for latency
    review_budget: int = 10  # alerts a reviewer reads per day
    feedback: Rules | None = None  # how labels reach components that take them; None: they do not
    limits: Limits = field(default_factory=Limits)
    source: str = ""  # name of a shipped suite, or the file's path
    given: str = ""  # the same as the user wrote it
    options: tuple[str, ...] = ()  # of the command line that chose other components or a tier

    def only(self, names: Sequence[str]) -> Suite:
        """Return the suite with some of its components, and the policies that they run after.

        Raises
        ------
        SuiteError
            If it has no component of a name.
        """
        there = {one.name: one for one in self.components}
        for name in names:
            if name not in there:
                raise SuiteError(f"no component {name} in {self.name}{guess(name, list(there))}")
        after = {there[name].after for name in names}
        kept = tuple(one for one in self.components if one.name in after | set(names))
        return replace(self, components=kept)


#: Key -> (type, smallest, largest) of the top level of a suite.
_TOP: Final[dict[str, tuple[type, float, float]]] = {
    "name": (str, 0, 0), "data": (list, 0, 0), "tier": (str, 0, 0), "seed": (int, 0, 2**63 - 1),
    "history_share": (float, 0.0, 0.95), "close_hours": (int, 1, 24),
    "single_rows": (int, 0, 1_000_000),
    "review_budget": (int, 1, 1_000_000), "limits": (dict, 0, 0), "detector": (list, 0, 0),
    "policy": (list, 0, 0), "feedback": (dict, 0, 0),
}  # fmt: skip


def list_suites() -> list[str]:
    """Return the names of the shipped suites."""
    return sorted(path.stem for path in _SUITES.glob("*.toml"))


def load_suite(source: str | Path) -> Suite:
    """Read a suite: the name of a shipped one, or a TOML file.

    Raises
    ------
    SuiteError
        All faults at once, one a line, each with file and line.
    """
    path = Path(source)
    if path.suffix != ".toml":
        if str(source) not in list_suites():
            raise SuiteError(f"no suite {source}{guess(str(source), list_suites())}")
        path = _SUITES / f"{source}.toml"
    text = read_text(path)
    told = str(source) if path.parent == _SUITES else str(path.resolve())
    data = toml_of(path, text)  # first: the scanner of lines takes valid TOML only
    return replace(_Reader(path, text).suite(data), source=told, given=str(source))


class _Reader:
    """Turns parsed TOML into a suite and collects every fault with its line."""

    def __init__(self, path: Path, text: str) -> None:
        self._path, self._faults = path, Faults(path, text)

    def suite(self, data: dict[str, Any]) -> Suite:
        """Return the suite, or raise all faults."""
        self._faults.keys(data, list(_TOP), ())
        given = {k: v for k, v in data.items() if k in _TOP and self._top(k, v)}
        found = components("detector", given.pop("detector", []), self._faults)
        found += components("policy", given.pop("policy", []), self._faults)
        check_after(found, self._faults)
        limits = self._limits(given.pop("limits", {}))
        told = self._told(given.pop("feedback")) if "feedback" in given else None
        if not found and not self._faults:
            self._faults.add((), "names no component: add [[detector]] or [[policy]]")
        self._faults.tell()
        given.setdefault("name", self._path.stem)
        given["data"] = tuple(str(self._path.parent / p) for p in given.get("data", ()))
        return Suite(components=named_apart(found), limits=limits, feedback=told, **given)

    def _top(self, key: str, value: Any) -> bool:
        kind: Any
        kind, least, most = _TOP[key]
        if kind is float and type(value) is int:
            value = float(value)
        what = ""
        if not isinstance(value, kind) or isinstance(value, bool):
            what = f"{key} must be {word(kind)}, got {value!r:.60}"
        elif kind in (int, float) and not least <= value <= most:
            what = f"{key} must be from {least:g} to {most:g}, got {value}"
        elif key == "tier" and value not in TIERS:
            what = f"tier must be one of {', '.join(TIERS)}, got {value!r}"
        elif key == "data" and not all(isinstance(p, str) for p in value):
            what = f"data must be a list of folders, got {value!r:.60}"
        if what:
            self._faults.add((key,), what)
        return not what

    def _limits(self, data: dict[str, Any]) -> Limits:
        names = [f.name for f in fields(Limits)]
        self._faults.keys(data, names, ("limits",))
        good = {}
        for key, value in data.items():
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if key in names and number and value > 0 and math.isfinite(value):
                good[key] = float(value)
            elif key in names:
                what = f"limits.{key} must be a number above 0, got {value!r:.60}"
                self._faults.add(("limits", key), what)
        return Limits(**good)

    def _told(self, data: dict[str, Any]) -> Rules | None:
        """Return how labels are delayed, partial and wrong."""
        self._faults.keys(data, [f.name for f in fields(Rules)], ("feedback",))
        good: dict[str, Any] = {}
        for key, value in data.items():
            table = key == "delay_days"
            numbers = value if table and isinstance(value, dict) else {"": value}
            plain = all(type(n) in (int, float) for n in numbers.values())
            if plain and table == isinstance(value, dict):
                good[key] = value
            else:
                what = "a table of numbers" if table else "a number"
                self._faults.add(
                    ("feedback", key), f"feedback.{key} must be {what}, got {value!r:.60}"
                )
        if "delay_days" in good:
            self._faults.keys(
                good["delay_days"], list(Rules().delay_days), ("feedback", "delay_days")
            )
        try:
            return Rules(**{k: v for k, v in good.items() if k in {f.name for f in fields(Rules)}})
        except (ValueError, TypeError, AttributeError) as error:
            self._faults.add(("feedback",), f"feedback: {error}")
            return None
