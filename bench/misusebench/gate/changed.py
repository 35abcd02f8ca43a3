"""Which lines a change touches, as git tells them: a loss mostly comes from one of them."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from misusebench.errors import SuiteError
from misusebench.gate.speed.environments import git
from misusebench.result import module_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    #: First and last line, from 1.
    Span = tuple[int, int]

_HUNK: Final = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Since:
    """What a working tree is compared with, and where its modules are looked for."""

    commit: str
    folder: Path  # in the repository
    search: tuple[str, ...] = ()

    def lines(self, path: Path) -> list[int]:
        """Return the lines of a file that are not the commit's, from 1, in order.

        Where lines were only taken away it is the one before them. No line where git does not know
        the file, or it is the same.
        """
        words = ("diff", "--unified=0", "--no-color", "--no-ext-diff", "--no-textconv")
        try:
            told = git(self.folder, "--literal-pathspecs", *words, self.commit, "--",
                       str(path.resolve()))  # fmt: skip
        except (SuiteError, ValueError):  # outside the repository; a text in no encoding of ours
            return []
        return changed_lines(told)


def changed_lines(diff: str) -> list[int]:
    r"""Return the lines of the new file that a diff of one file without context touches.

    Examples
    --------
    >>> changed_lines("@@ -3 +3,2 @@ class A:\n-x\n+y\n+z\n@@ -9,2 +8,0 @@\n-x\n-y\n")
    [3, 4, 8]
    """
    found: list[int] = []
    for start, count in _HUNK.findall(diff):
        first, many = int(start), int(count or 1)
        found += range(first, first + many) if many else [max(1, first)]
    return found


def likeliest(changed: Sequence[int], tree: ast.Module, name: str = "") -> int:
    r"""Return the first changed line in the class of a name, else in a function, else of all.

    Examples
    --------
    >>> tree = ast.parse("import os\ndef f():\n    pass\nclass A:\n    x = 1\n")
    >>> likeliest([1, 3, 5], tree, "A"), likeliest([1, 3], tree, "A"), likeliest([1], tree)
    (5, 3, 1)
    """
    for spans in (class_spans(tree, name), _function_spans(tree)):
        for line in changed:
            if any(first <= line <= last for first, last in spans):
                return line
    return changed[0]


def class_spans(tree: ast.Module, name: str) -> list[Span]:
    """Return where classes of a name lie."""
    return [_span(n) for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == name]


def _function_spans(tree: ast.Module) -> list[Span]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [_span(one) for one in tree.body if isinstance(one, kinds)]


def _span(one: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> Span:
    first = min([one.lineno, *(d.lineno for d in one.decorator_list)])
    return first, one.end_lineno or one.lineno


def imported_files(
    tree: ast.Module, module: str, *, is_package: bool, search: Sequence[str]
) -> Iterator[Path]:
    """Yield the files of modules that a module imports, those of some folders alone."""
    parts = module.split(".")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            up = len(parts) + is_package - node.level
            above = parts[:up] if node.level else []
            whole = ".".join([*above, *([node.module] if node.module else [])])
            names = [whole, *(f"{whole}.{alias.name}".strip(".") for alias in node.names)]
        else:
            continue
        for name in filter(None, names):
            if (path := module_file(name, search)) is not None:
                yield path
