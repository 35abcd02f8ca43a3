"""Which configurations are meant by the names that somebody typed; wrong ones are told early."""

from __future__ import annotations

import difflib
import shlex
from typing import TYPE_CHECKING, Final

from misusebench.errors import SuiteError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from misusebench.compare.configurations import Configuration, Loaded

#: Configurations that a message names; there may be hundreds.
_MOST: Final = 12


def meant(asked: tuple[str, str], found: Sequence[Configuration]) -> tuple[str, str]:
    """Return the names of the two configurations whose campaigns are to be compared.

    Parameters
    ----------
    asked
        Names, or components where only one run has them. One component twice is the same
        component in two runs, before and after.
    found
        All configurations.

    Raises
    ------
    SuiteError
        If a name is wrong, several have it, or both are the same one.
    """
    first, second = asked
    own = _named(first, found)
    if first == second and len(own) == 2:  # noqa: PLR2004 - before and after
        return own[0], own[1]
    one, other = _only(first, own), _only(second, _named(second, found))
    if one == other:
        raise SuiteError(f"--between: {first} and {second} are the same; name two")
    return one, other


def _only(asked: str, own: Sequence[str]) -> str:
    if len(own) > 1:
        names = _told([shlex.quote(name) for name in own])
        raise SuiteError(f"--between: {asked} is in several runs; name one of {names}")
    return own[0]


def _named(asked: str, found: Sequence[Configuration]) -> list[str]:
    """Return the configurations of a name, else those of a component."""
    names = [one.name for one in found]
    own = [name for name in names if name == asked]
    own = own or [one.name for one in found if one.component == asked]
    if not own:
        raise SuiteError(
            f"--between: no configuration is called {asked!r:.80}{_hint(asked, found)}"
        )
    return own


def _hint(asked: str, found: Sequence[Configuration]) -> str:
    """Return why a name is not there, or which one is likely meant."""
    for run in {id(run): run for one in found for run in one.runs}.values():
        for result in run.results:
            if result.name == asked and not result.valid:
                return (
                    f": its result in {run.folder} is {result.state}: {'; '.join(result.reasons)}"
                )
    near = {name.casefold(): name for one in found for name in (one.component, one.name)}
    close = difflib.get_close_matches(asked.casefold(), near, 1)
    likely = f"; did you mean {near[close[0]]}?" if close else ""
    return f"{likely or ';'} there are {_told([one.name for one in found])}"


def _told(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more


def check_apart(runs: Sequence[Loaded]) -> None:
    """Refuse a run that is given twice: it would be counted as two.

    Raises
    ------
    SuiteError
        If two of the folders are the same.
    """
    seen: dict[Path, Path] = {}
    for run in runs:
        before = seen.setdefault(run.folder.resolve(), run.folder)
        if before is not run.folder:
            raise SuiteError(
                f"{run.folder} is given twice; to compare its components give it once: "
                f"misusebench compare {run.folder}"
            )
