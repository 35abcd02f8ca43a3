"""Whether base really runs base's code: an installed copy of head would be compared with itself."""

from __future__ import annotations

import contextlib
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misusebench.errors import SuiteError
from misusebench.gate.speed.environments import git

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from misusebench.gate.speed.environments import Side

    Told = Mapping[str, Any]  # a component as a side reads its suite

#: What every environment has; a folder that is called so is no code of a team.
_OURS = ("misusebench", "misusesim")


def refuse_mixed(
    base: Side, head: Side, of_base: Mapping[str, Told], of_head: Mapping[str, Told]
) -> None:
    """Refuse a comparison in which one side would run the other's code.

    What is a team's own must lie below base's worktree or come from base's wheel; what is installed
    beside it (other packages) is the same for both.

    Parameters
    ----------
    base, head
        The sides.
    of_base, of_head
        Their components, with `target` and `places` as `worker.py` tells them.

    Raises
    ------
    SuiteError
        If a component of base is not base's, or one of head is.
    """
    names = _tracked(head.roots)
    for name, one in of_base.items():
        top = str(one["target"]).partition(":")[0].partition(".")[0]
        heads = of_head.get(name, {}).get("places", ())
        team = top in names or any(_is_of(head, place) for place in heads)
        for place in one["places"]:
            if (team or _is_of(head, place)) and not _below(place, base.roots):
                raise SuiteError(_message(name, base, place, head, heads))
        for place in heads:
            if _below(place, base.roots):
                raise SuiteError(_message(name, head, place, base, one["places"]))


def refuse_loaded(name: str, base: Side, head: Side, files: Sequence[str]) -> None:
    """Refuse a component of base that has imported files of head's.

    Raises
    ------
    SuiteError
        If it has.
    """
    for file in files:
        if _is_of(head, file) and not _below(file, base.roots):
            raise SuiteError(_message(name, base, file, head, ()))


def _message(name: str, side: Side, place: str, other: Side, theirs: Sequence[str]) -> str:
    text = f"{name}: {side.name} would run {place}, which is not its own code"
    text += f" ({other.name} runs {', '.join(theirs)})" if theirs else ""
    roots = ", ".join(map(str, side.roots))
    return (
        f"{text}; its own lies below {roots}. Put gate.toml into the folder that holds the module, "
        "or name that folder in PYTHONPATH (for base the same folder of its commit is taken), or "
        "give a wheel of the base (--base WHEEL)"
    )


def _is_of(head: Side, place: str) -> bool:
    """Tell whether a file is of the working tree, and not of an environment inside it."""
    return _below(place, head.roots) and not _below(place, _installed())


def _installed() -> list[Path]:
    return [Path(sysconfig.get_path(name)) for name in ("purelib", "platlib", "stdlib")]


def _below(place: str, roots: Iterable[Path]) -> bool:
    path = Path(place).resolve()
    return any(path.is_relative_to(root.resolve()) for root in roots)


def _tracked(roots: Iterable[Path]) -> set[str]:
    """Return the names of modules and packages that a repository holds, wherever in it."""
    found: set[str] = set()
    for root in roots:
        told = ""
        with contextlib.suppress(SuiteError):  # a wheel needs no repository
            told = git(root, "ls-files", "-z", "--", "*.py")
        paths = [Path(one) for one in told.split("\0") if one]
        packages = {path.parent for path in paths if path.name == "__init__.py"}
        for path in paths:
            place = path.parent if path.name == "__init__.py" else path
            if place.parent not in packages and "tests" not in path.parts:
                found.add(place.stem)
    return found - {*_OURS, ""}
