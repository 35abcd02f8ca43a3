"""What of a request a policy can tell apart: requests alike in that get the same decision."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any, Final

from misusebench.policies.language.syntax import Among, Compare, Fact, Holds, atoms

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from misusebench.policies.language.guard import Parts
    from misusebench.policies.language.policyfile import Policyfile
    from misusebench.policies.language.syntax import Atom

#: Stands for each text that the policy does not name.
_OTHER: Final = ("other",)


class Telling:
    """Makes keys of whole facts: two requests with one key are decided alike by the policy.

    A number counts by its side of each bound, a text that is only ever compared with constants by
    which of them it is; all else counts as it is. Facts that the policy does not name do not count.
    """

    def __init__(self, policy: Policyfile) -> None:
        constants: dict[str, set[Any]] = {name: set() for name in policy.kinds}
        whole = {name for name, kind in policy.kinds.items() if kind in ("truth", "texts")}
        for rule in policy.rules:
            for atom in atoms(rule.when):
                _note(atom, constants, whole)
        self._keys = [
            (*_split(name), _reader(kind, None if name in whole else constants[name]))
            for name, kind in policy.kinds.items()
        ]

    def key(self, parts: Parts) -> Hashable:
        """Return what the policy can tell of facts that are whole."""
        return tuple([read(parts[place][short]) for place, short, read in self._keys])


def _note(atom: Atom, constants: dict[str, set[Any]], whole: set[str]) -> None:
    if isinstance(atom, Among):
        constants[atom.item.name].update(atom.options)
    elif isinstance(atom, Holds):
        whole.update((atom.item.name, atom.texts.name))
    elif isinstance(atom, Compare):
        if isinstance(atom.right, Fact):
            whole.update((atom.left.name, atom.right.name))
        else:
            constants[atom.left.name].add(atom.right)


def _split(name: str) -> tuple[str, str]:
    place, _, short = name.partition(".")
    return place, short


def _reader(kind: str, constants: set[Any] | None) -> Callable[[Any], Hashable]:
    if constants is None:
        return tuple if kind == "texts" else _itself
    if kind == "number":
        bounds = sorted(constants)
        return lambda value: bisect_left(bounds, value) + bisect_right(bounds, value)
    return lambda value: value if value in constants else _OTHER


def _itself(value: Any) -> Hashable:
    return value  # type: ignore[no-any-return]
