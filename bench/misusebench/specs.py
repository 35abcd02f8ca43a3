"""One component as it is to be run, from a registry name, a class, a command or an address."""

from __future__ import annotations

import ast
import difflib
import importlib.machinery
import os
import re
import shlex
import shutil
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from misusebench import detectors, policies
from misusebench.errors import SuiteError
from misusebench.policies.sets import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Kind = Literal["detector", "policy"]

TIERS: Final = ("T0", "T1", "T2", "T3")
#: The control that reads truth: never a component, run by the scorer itself.
LABEL_ORACLE: Final = "label_oracle"
#: The ceiling: never a component, run by the scorer on what a component of its tier sees.
OBSERVABLE_ORACLE: Final = "observable_oracle"
OBSERVED: Final = "(the scorer, from other worlds)"
#: What the scorer runs itself, and its target; no component may be called so.
SCORERS: Final = {LABEL_ORACLE: "", OBSERVABLE_ORACLE: OBSERVED}
_REGISTRIES: Final = {"detector": detectors.REGISTRY, "policy": policies.REGISTRY}
#: How a command's name begins -> what it reads and writes.
_FORMS: Final = {"cmd": "ndjson", "cmd+arrow": "arrow"}
_COMMAND: Final = "misusebench.commands:Command"
#: Variable that names more folders of components, as PYTHONPATH does; nothing else looks there, so
#: what lies in them never takes the place of a module of ours.
SEARCH: Final = "MISUSEBENCH_SEARCH"
_TARGET: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


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
    after: str = ""  # of a detector: the policy whose decisions its batches carry

    @property
    def our_side(self) -> bool:
        """Whether it is asked from our side of the process boundary (see `our_side.py`)."""
        return self.target in policies.OUR_SIDE

    @property
    def module(self) -> str:
        """Dotted name of its module."""
        return self.target.partition(":")[0]


def parse_component(
    kind: Kind, text: str, parameters: Mapping[str, Any] | None = None, tier: str | None = None
) -> ComponentSpec:
    """Return the component named by a registry name or ``module:Class``.

    A shipped policy file (``officer_assigned``) is asked of the reference engine. A
    module is looked for in the working folder and among the installed packages. A detector may
    also be a command (``cmd:awk -f mine.awk``, ``cmd+arrow:`` where it reads Arrow), or be served
    over HTTP (``http://localhost:8000``); a policy's address is that of an AuthZEN server.

    Raises
    ------
    SuiteError
        If there is no such thing.
    """
    registry = _REGISTRIES[kind]
    own = dict(parameters or {})
    if kind == "detector" and text in SCORERS:
        return ComponentSpec(kind, text, SCORERS[text], own, tier)
    if text in registry:
        return ComponentSpec(kind, text, registry[text], own, tier)
    if kind == "policy" and text in SHIPPED:
        return ComponentSpec(kind, text, registry["reference"], {"policy": text, **own}, tier)
    if kind == "detector" and text.partition(":")[0] in _FORMS:
        return _command(text, own, tier)
    if text.startswith("http://") or (kind == "policy" and text.startswith("https://")):
        return _remote(kind, text, own, tier)
    if not _TARGET.fullmatch(text):
        names = [*registry, *(SCORERS if kind == "detector" else SHIPPED)]
        raise SuiteError(f"no {kind} {text}{guess(text, names)}; or give module:Class")
    top = text.partition(":")[0].partition(".")[0]
    folders = _folders(top)
    found = importlib.machinery.PathFinder.find_spec(top, [*folders, *sys.path])
    if found is None:
        raise SuiteError(
            f"{text}: no module {top} in {', '.join(folders)} or among the installed packages"
        )
    if top == text.partition(":")[0]:
        _check_name(text, found.origin)
    name = text.partition(":")[2]
    if name in SCORERS:
        raise SuiteError(f"{text}: {name} is the scorer's own name; name the class otherwise")
    return ComponentSpec(kind, name, text, own, tier, folders)


def _folders(top: str) -> tuple[str, ...]:
    """Return where a module may lie that is not installed: the working folder comes first.

    Of the others those are left out that have no such module, or only a folder of its name.
    """
    more = [one for one in os.environ.get(SEARCH, "").split(os.pathsep) if one]
    found = ((one, importlib.machinery.PathFinder.find_spec(top, [one])) for one in more)
    own = (one for one, spec in found if spec is not None and spec.origin is not None)
    return tuple(dict.fromkeys((str(Path.cwd()), *own)))


def _remote(kind: Kind, text: str, own: dict[str, Any], tier: str | None) -> ComponentSpec:
    """Return a detector (see `remote.py`) or an AuthZEN server that is asked over HTTP."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise SuiteError(f"{text}: {error}") from error
    if not parts.hostname:
        raise SuiteError(f"{text}: name a host, as in http://localhost:8000")
    usual = 443 if parts.scheme == "https" else 80
    name = re.sub(r"[^\w-]+", "_", f"{parts.hostname}_{port or usual}{parts.path}").strip("_-")
    if kind == "policy":
        return ComponentSpec(kind, name, policies.REGISTRY["authzen"], {"url": text, **own}, tier)
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
        raise SuiteError(f"{module} has no class {name}{guess(name, classes)}")


def named_apart(components: Sequence[ComponentSpec]) -> tuple[ComponentSpec, ...]:
    """Return the components with unique names: a repeated one gets ``-2``, ``-3`` and so on."""
    taken: set[str] = set()
    found = []
    for spec in components:
        name, times = spec.name, 1
        while name in taken:
            times += 1
            name = f"{spec.name}-{times}"
        taken.add(name)
        found.append(spec if times == 1 else replace(spec, name=name))
    return tuple(found)


def guess(text: str, names: Sequence[str]) -> str:
    """Return the end of a message about a wrong name: the likely one, or all there are."""
    near = difflib.get_close_matches(text, names, 1)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(names))}"
