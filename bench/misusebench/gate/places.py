"""Where a loss is: the rule that lost most, a line that the change touches, or the class."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from misusebench.gate.changed import class_spans, imported_files, likeliest
from misusebench.gate.missed import lost_rule
from misusebench.policies.language import shipped
from misusebench.policies.language.policyfile import SETS
from misusebench.result import module_file
from misusesim.scenario.lines import key_lines, line_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from misusebench.gate.changed import Since
    from misusebench.gate.missed import Pair

    #: A file, relative to the working folder, and a line of it, from 1.
    Place = tuple[str, int]

_DETECTORS: Final = Path(__file__).parents[1] / "detectors"
#: Detectors that read a file of rules (parameter `rules`), and the one that is shipped.
_RULE_FILES: Final = {
    "misusebench.detectors.rules:Rules": _DETECTORS / "rules.toml",
    "misusebench.detectors.rules_stream:RulesStream": _DETECTORS / "rules.toml",
    "misusebench.detectors.sigma:Sigma": _DETECTORS / "sigma_rules.yml",
}
#: Tables of a TOML file of rules or of a policy that define a rule by its key `id`.
_TABLES: Final = ("rule", "permit")


def place(
    pair: Pair, component: Mapping[str, Any], since: Since | None = None
) -> Place | None:  # fmt: skip
    """Return the file, relative to the working folder, and the line (from 1) of what lost.

    A detector of rules and a policy as data point at the rule that lost most campaigns, or most
    misuse queries; all else at the first line that the change touches: of a component in Python in
    its class, else in its module, else in a module that this one imports. Where nothing of it
    changed, or that is not known, it is the class, the script of a command, the top of a file of
    rules. None if the file is unknown or lies elsewhere.

    Parameters
    ----------
    pair
        What base and head say of it; two empty ones if only its time is known.
    component
        Of head's result: target and parameters.
    since
        What the working tree is compared with, if git knows it.
    """
    target = str(component.get("target") or "")
    given = component.get("parameters") or {}
    path: Path | None
    if (path := _rules_file(target, given)) is not None:
        rule = lost_rule(pair)
        line = rule_line(_text(path), rule, path.suffix) if rule else _first(path, since)
    elif words := given.get("command"):
        path = next((Path(w) for w in words[1:] if Path(w).is_file()), None)
        line = 1 if path is None else _first(path, since)
    else:
        path, line = _python(target, since)
    shown = None if path is None else _relative(path)
    return None if shown is None else (shown, line)


def _first(path: Path, since: Since | None) -> int:
    """Return the first line of a file that the change touches, 1 if there is none."""
    return next(iter(since.lines(path) if since else ()), 1)


def _rules_file(target: str, given: Mapping[str, Any]) -> Path | None:
    """Return the file of rules that a component reads, if it reads one."""
    if target in _RULE_FILES:
        return Path(given["rules"]) if given.get("rules") else _RULE_FILES[target]
    policy = given.get("policy")
    if not isinstance(policy, str) or "\n" in policy:
        return None
    path = SETS / f"{policy}.toml" if policy in shipped() else Path(policy)
    return path if path.is_file() else None


def rule_line(text: str, rule: str, suffix: str = ".toml") -> int:
    r"""Return the line (from 1) on which a file defines a rule; 1 if it no longer does.

    Examples
    --------
    >>> rule_line('[[rule]]\nid = "a"\n[[rule]]\nsays = "x"\nid = "b"\n', "b")
    3
    >>> rule_line("title: One\nname: b\n", "b", ".yml"), rule_line("", "b", ".yml")
    (2, 1)
    """
    if suffix == ".toml":
        try:
            return _toml_line(text, rule)
        except ValueError:  # head broke the file; its component says so itself
            return 1
    word = re.compile(rf"(?<![\w-]){re.escape(rule)}(?![\w-])")
    lines = (n for n, line in enumerate(text.splitlines(), 1) if word.search(line))
    return next(lines, 1)


def _toml_line(text: str, rule: str) -> int:
    data, lines = tomllib.loads(text), key_lines(text)
    for table in _TABLES:
        entries = data.get(table, [])
        if isinstance(entries, dict) and entries.get("id") == rule:
            return line_of(lines, (table,))
        for nth, entry in enumerate(entries if isinstance(entries, list) else []):
            if isinstance(entry, dict) and entry.get("id") == rule:
                return line_of(lines, (table, nth))
    return 1


def _python(target: str, since: Since | None) -> tuple[Path | None, int]:
    """Return the source file of ``module:Class`` or one that it imports, and the line in it."""
    module, _, name = target.partition(":")
    own = [*(since.search if since else ()), str(Path.cwd())]
    path = module_file(module, [*own, *sys.path]) if name else None
    if path is None:
        return None, 1
    if (tree := _tree(path)) is None:
        return path, _first(path, since)
    last = name.rpartition(".")[2]
    if since is not None:
        if changed := since.lines(path):
            return path, likeliest(changed, tree, last)
        is_package = path.name == "__init__.py"
        for other in imported_files(tree, module, is_package=is_package, search=own):
            its = _tree(other) if (changed := since.lines(other)) else None
            if its is not None and _relative(other) is not None:
                return other, likeliest(changed, its)
    classes = class_spans(tree, last)
    return path, classes[0][0] if classes else 1


def _tree(path: Path) -> ast.Module | None:
    try:
        return ast.parse(path.read_bytes())
    except (OSError, ValueError, SyntaxError):
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _relative(path: Path) -> str | None:
    """Return a path below the working folder as others there write it."""
    whole = path.resolve()
    here = Path.cwd().resolve()
    return whole.relative_to(here).as_posix() if whole.is_relative_to(here) else None
