"""What is asked of the gate on a change, and the command that asks it again."""

from __future__ import annotations

import contextlib
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from misusebench.errors import SuiteError
from misusebench.gate.speed.environments import git
from misusebench.specs import guess

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of the gate on a change."""

    base: str  # a commit, or a wheel
    config: Path  # gate.toml
    accuracy: bool = True
    speed: bool = True
    data: Path | None = None  # a folder that keeps the data sets
    strict: bool = False
    unsafe: bool = False
    only: tuple[str, ...] = ()  # components; none: all of them

    def chosen(self, there: Mapping[str, Any], side: str) -> dict[str, Any]:
        """Return those of a side's components that are asked about.

        Raises
        ------
        SuiteError
            If it has none of a name: nothing could be compared.
        """
        for name in self.only:
            if name not in there:
                raise SuiteError(
                    f"--only {name}: {side} has no component of that name"
                    f"{guess(name, list(there))}; only what both sides have can be compared"
                )
        return {name: there[name] for name in self.only or there}

    def again(self, *more: str) -> str:
        """Return the command that judges the same again, whatever branches point at by then."""
        base = full_name(self.base, self.config.resolve().parent)
        words = ["misusebench", "gate", "--base", base, "--config", str(self.config)]
        words += ["--unsafe"] if self.unsafe else []
        return shlex.join([*words, *more])

    def speed_again(self, component: str) -> str:
        """Return the command that judges time and memory of one component again."""
        return self.again("--only", component, "--no-accuracy")


def full_name(base: str, folder: Path) -> str:
    """Return the full hash of a commit, or the wheel as it was given."""
    if not base.endswith(".whl"):
        with contextlib.suppress(SuiteError):
            words = ("rev-parse", "--verify", "--end-of-options", f"{base}^{{commit}}")
            return git(folder, *words).strip() or base
    return base
