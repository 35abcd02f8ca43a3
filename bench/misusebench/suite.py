"""What the bench runs: components, the tier each is granted, parameters, limits (TOML)."""

from __future__ import annotations

import ast
import difflib
import importlib.machinery
import math
import re
import shlex
import shutil
import sys
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from misusebench import detectors, policies
from misusebench.confinement import Limits
from misusebench.errors import SuiteError
from misusebench.feedback import Rules
from misusebench.reading import read_text, toml_of
from misusesim.scenario.lines import key_lines, line_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Kind = Literal["detector", "policy"]
Place = tuple[str | int, ...]

TIERS: Final = ("T0", "T1", "T2", "T3")
#: The control that reads truth: never a component, run by the scorer itself.
LABEL_ORACLE: Final = "label_oracle"
#: The ceiling: never a component, run by the scorer on what a component of its tier sees.
OBSERVABLE_ORACLE: Final = "observable_oracle"
OBSERVED: Final = "(the scorer, from other worlds)"
#: What a component may not be called, and what the scorer runs for each.
_SCORERS: Final = {LABEL_ORACLE: "", OBSERVABLE_ORACLE: OBSERVED}
_REGISTRIES: Final = {"detector": detectors.REGISTRY, "policy": policies.REGISTRY}
#: How a command's name begins -> what it reads and writes.
_FORMS: Final = {"cmd": "ndjson", "cmd+arrow": "arrow"}
_COMMAND: Final = "misusebench.commands:Command"
_TARGET: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
#: What a result file may be called.
_NAME: Final = re.compile(r"[A-Za-z0-9][\w-]*")
_SUITES: Final = Path(__file__).parent / "suites"


@dataclass(frozen=True, slots=True)
class ComponentSpec:
    """One component as it is to be run."""

    kind: Kind
    name: str  # of its result: unique in a run
    target: str  # module:Class, or "" for the label oracle
    parameters: Mapping[str, Any] = field(default_factory=dict)
    tier: str | None = None  # granted; None: the suite's
    search: tuple[str, ...] = ()  # folders from which its module is imported
    program: str = ""  # of a command: the path of what is started
    files: tuple[tuple[str, str], ...] = ()  # of a command: its words that name files, and where
    url: str = ""  # where it is served, if that is elsewhere

    @property
    def module(self) -> str:
        """Dotted name of its module."""
        return self.target.partition(":")[0]


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


#: Key -> (type, smallest, largest) of the top level of a suite.
_TOP: Final[dict[str, tuple[type, float, float]]] = {
    "name": (str, 0, 0), "data": (list, 0, 0), "tier": (str, 0, 0), "seed": (int, 0, 2**63 - 1),
    "history_share": (float, 0.0, 0.95), "close_hours": (int, 1, 24),
    "single_rows": (int, 0, 1_000_000),
    "review_budget": (int, 1, 1_000_000), "limits": (dict, 0, 0), "detector": (list, 0, 0),
    "policy": (list, 0, 0), "feedback": (dict, 0, 0),
}  # fmt: skip
_ENTRY: Final = {"name": str, "component": str, "tier": str, "parameters": dict}


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
            raise SuiteError(f"no suite {source}{_guess(str(source), list_suites())}")
        path = _SUITES / f"{source}.toml"
    text = read_text(path)
    return _Reader(path, text).suite(toml_of(path, text))


def parse_component(
    kind: Kind, text: str, parameters: Mapping[str, Any] | None = None, tier: str | None = None
) -> ComponentSpec:
    """Return the component named by a registry name or ``module:Class``.

    A module is looked for in the working folder and among the installed packages. A detector may
    also be a command (``cmd:awk -f mine.awk``, ``cmd+arrow:`` where it reads Arrow), or be served
    over HTTP (``http://localhost:8000``).

    Raises
    ------
    SuiteError
        If there is no such thing.
    """
    registry = _REGISTRIES[kind]
    own = dict(parameters or {})
    if kind == "detector" and text in _SCORERS:
        return ComponentSpec(kind, text, _SCORERS[text], own, tier)
    if text in registry:
        return ComponentSpec(kind, text, registry[text], own, tier)
    if kind == "detector" and text.partition(":")[0] in _FORMS:
        return _command(text, own, tier)
    if kind == "detector" and text.startswith("http://"):
        return _remote(text, own, tier)
    if not _TARGET.fullmatch(text):
        names = [*registry, *(_SCORERS if kind == "detector" else [])]
        raise SuiteError(f"no {kind} {text}{_guess(text, names)}; or give module:Class")
    here = str(Path.cwd())
    top = text.partition(":")[0].partition(".")[0]
    found = importlib.machinery.PathFinder.find_spec(top, [here, *sys.path])
    if found is None:
        raise SuiteError(f"{text}: no module {top} in {here} or among the installed packages")
    if top == text.partition(":")[0]:
        _check_name(text, found.origin)
    name = text.partition(":")[2]
    if name in _SCORERS:
        raise SuiteError(f"{text}: {name} is the scorer's own name; name the class otherwise")
    return ComponentSpec(kind, name, text, own, tier, (here,))


def _remote(text: str, own: dict[str, Any], tier: str | None) -> ComponentSpec:
    """Return a detector that is served over HTTP (see `remote.py`)."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise SuiteError(f"{text}: {error}") from error
    if not parts.hostname:
        raise SuiteError(f"{text}: name a host, as in http://localhost:8000")
    name = re.sub(r"[^\w-]+", "_", f"{parts.hostname}_{port or 80}{parts.path}").strip("_-")
    return ComponentSpec("detector", name, "(over HTTP)", own, tier, url=text)


def _command(text: str, own: dict[str, Any], tier: str | None) -> ComponentSpec:
    """Return a detector that is a command of any language (see `commands.py`)."""
    form, _, line = text.partition(":")
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise SuiteError(f"{text}: {error}") from error
    program = shutil.which(words[0]) if words else None
    if program is None:
        what = words[0] if words else "nothing"
        raise SuiteError(f"{text}: there is no program {what}; give its path or install it")
    files = tuple((w, str(Path(w).resolve())) for w in words[1:] if Path(w).is_file())
    own |= {"command": words, "form": _FORMS[form]}
    name = re.sub(r"[^\w-]+", "_", Path(files[0][1] if files else program).stem).strip("_-")
    return ComponentSpec(
        "detector", name or "command", _COMMAND, own, tier, (), str(Path(program).absolute()), files
    )  # fmt: skip


def _check_name(text: str, path: str | None) -> None:
    """Refuse a class that its module never speaks of; the module is read, never imported."""
    module, _, name = text.partition(":")
    try:
        tree = ast.parse(Path(path or "").read_bytes())
    except (OSError, SyntaxError, ValueError):
        return  # importing it will say what is wrong
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            bound.add(node.name)
        elif isinstance(node, ast.Name):
            bound.add(node.id)
        elif isinstance(node, ast.alias):
            bound.add(node.asname or node.name)
    if name.partition(".")[0] not in bound and not {"*", "__getattr__"} & bound:
        classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
        raise SuiteError(f"{module} has no class {name}{_guess(name, classes)}")


def named_apart(components: Sequence[ComponentSpec]) -> tuple[ComponentSpec, ...]:
    """Return the components with unique names: a repeated one gets ``-2``, ``-3`` and so on."""
    seen: dict[str, int] = {}
    found = []
    for spec in components:
        seen[spec.name] = seen.get(spec.name, 0) + 1
        times = seen[spec.name]
        found.append(spec if times == 1 else replace(spec, name=f"{spec.name}-{times}"))
    return tuple(found)


def _guess(text: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(text, names, 1)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(names))}"


class _Reader:
    """Turns parsed TOML into a suite and collects every fault with its line."""

    def __init__(self, path: Path, text: str) -> None:
        self._path, self._lines = path, key_lines(text)
        self._faults: list[tuple[int, str]] = []

    def suite(self, data: dict[str, Any]) -> Suite:
        """Return the suite, or raise all faults."""
        self._keys(data, list(_TOP), ())
        given = {k: v for k, v in data.items() if k in _TOP and self._top(k, v)}
        components = [
            spec
            for kind in ("detector", "policy")
            for nth, entry in enumerate(given.pop(kind, []))
            if (spec := self._component(kind, nth, entry)) is not None
        ]
        limits = self._limits(given.pop("limits", {}))
        told = self._told(given.pop("feedback")) if "feedback" in given else None
        if not components and not self._faults:
            self._fault((), "names no component: add [[detector]] or [[policy]]")
        if self._faults:
            faults = sorted(set(self._faults))
            raise SuiteError("\n".join(f"{self._path}:{line}: {what}" for line, what in faults))
        given.setdefault("name", self._path.stem)
        given["data"] = tuple(str(self._path.parent / p) for p in given.get("data", ()))
        return Suite(components=named_apart(components), limits=limits, feedback=told, **given)

    def _top(self, key: str, value: Any) -> bool:
        kind: Any
        kind, least, most = _TOP[key]
        if kind is float and type(value) is int:
            value = float(value)
        what = ""
        if not isinstance(value, kind) or isinstance(value, bool):
            what = f"{key} must be {_word(kind)}, got {value!r:.60}"
        elif kind in (int, float) and not least <= value <= most:
            what = f"{key} must be from {least:g} to {most:g}, got {value}"
        elif key == "tier" and value not in TIERS:
            what = f"tier must be one of {', '.join(TIERS)}, got {value!r}"
        elif key == "data" and not all(isinstance(p, str) for p in value):
            what = f"data must be a list of folders, got {value!r:.60}"
        if what:
            self._fault((key,), what)
        return not what

    def _component(self, kind: Kind, nth: int, entry: Any) -> ComponentSpec | None:
        place = (kind, nth)
        if not isinstance(entry, dict):
            self._fault(place, f"write [[{kind}]] and then name = ...")
            return None
        self._keys(entry, list(_ENTRY), place)
        for key, value in entry.items():
            if key in _ENTRY and not isinstance(value, _ENTRY[key]):
                what = f"{kind}.{key} must be {_word(_ENTRY[key])}, got {value!r:.60}"
                self._fault((*place, key), what)
                return None
        for key, value in entry.get("parameters", {}).items():
            if not _is_json(value):
                what = f"{kind}.parameters.{key} must be text, numbers, lists or tables, "
                self._fault((*place, "parameters", key), what + f"got {value!r:.60}")
        tier = entry.get("tier")
        if tier is not None and tier not in TIERS:
            what = f"{kind}.tier must be one of {', '.join(TIERS)}, got {tier!r}"
            self._fault((*place, "tier"), what)
        key = "component" if "component" in entry else "name"
        if key not in entry:
            self._fault(place, f"{kind} needs a name: a registry name or module:Class")
            return None
        try:
            spec = parse_component(kind, entry[key], entry.get("parameters"), tier)
        except SuiteError as error:
            self._fault((*place, key), str(error))
            return None
        name = entry.get("name", spec.name).rpartition(":")[2]
        return self._named(spec, name, (*place, "name"))

    def _named(self, spec: ComponentSpec, name: str, place: Place) -> ComponentSpec | None:
        if name in _SCORERS and spec.target != _SCORERS[name]:
            self._fault(place, f"{spec.kind}.name: {name} is the scorer's own; name it otherwise")
        elif not _NAME.fullmatch(name):
            what = f"{spec.kind}.name must be letters, digits, _ and -, got {name!r:.60}"
            self._fault(place, what)
        else:
            return replace(spec, name=name)
        return None

    def _limits(self, data: dict[str, Any]) -> Limits:
        names = [f.name for f in fields(Limits)]
        self._keys(data, names, ("limits",))
        good = {}
        for key, value in data.items():
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if key in names and number and value > 0 and math.isfinite(value):
                good[key] = float(value)
            elif key in names:
                what = f"limits.{key} must be a number above 0, got {value!r:.60}"
                self._fault(("limits", key), what)
        return Limits(**good)

    def _told(self, data: dict[str, Any]) -> Rules | None:
        """Return how labels are delayed, partial and wrong."""
        self._keys(data, [f.name for f in fields(Rules)], ("feedback",))
        good: dict[str, Any] = {}
        for key, value in data.items():
            table = key == "delay_days"
            numbers = value if table and isinstance(value, dict) else {"": value}
            plain = all(type(n) in (int, float) for n in numbers.values())
            if plain and table == isinstance(value, dict):
                good[key] = value
            else:
                what = "a table of numbers" if table else "a number"
                self._fault(("feedback", key), f"feedback.{key} must be {what}, got {value!r:.60}")
        if "delay_days" in good:
            self._keys(good["delay_days"], list(Rules().delay_days), ("feedback", "delay_days"))
        try:
            return Rules(**{k: v for k, v in good.items() if k in {f.name for f in fields(Rules)}})
        except (ValueError, TypeError, AttributeError) as error:
            self._fault(("feedback",), f"feedback: {error}")
            return None

    def _keys(self, data: Mapping[str, Any], allowed: list[str], place: Place) -> None:
        above = f"{place[0]}." if place else ""
        for key in data:
            if key not in allowed:
                self._fault((*place, key), f"no key {above}{key}{_guess(key, allowed)}")

    def _fault(self, place: Place, what: str) -> None:
        self._faults.append((line_of(self._lines, place), what))


def _is_json(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_json, value.values()))
    if isinstance(value, list):
        return all(map(_is_json, value))
    return isinstance(value, (str, int, float, bool)) and value == value  # noqa: PLR0124 - NaN


def _word(kind: type) -> str:
    return {
        str: "text", int: "a whole number", float: "a number", list: "a list", dict: "a table"
    }[kind]  # fmt: skip
