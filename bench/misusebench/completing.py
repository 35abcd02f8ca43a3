"""Completion in a shell: the scripts are typer's, the values of arguments are listed here.

A shell that completes a line starts the command with `_MISUSEBENCH_COMPLETE` set. Only then are
the values hung onto the options that take them, so that no other start of the command pays for it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import typer

PROGRAM: Final = "misusebench"
VARIABLE: Final = "_MISUSEBENCH_COMPLETE"
SHELLS: Final = ("bash", "zsh", "fish", "powershell")


def wanted() -> bool:
    """Tell whether a shell asks what could follow."""
    return VARIABLE in os.environ


def script(shell: str) -> str:
    """Return the script that teaches a shell to complete the command.

    Raises
    ------
    SuiteError
        If the shell is none of `SHELLS`.
    """
    from typer.completion import (  # type: ignore[attr-defined]  # noqa: PLC0415 - only here
        get_completion_script,
    )

    from misusebench.errors import SuiteError  # noqa: PLC0415
    from misusebench.specs import guess  # noqa: PLC0415

    if shell not in SHELLS:
        raise SuiteError(f"no script for {shell}{guess(shell, SHELLS)}")
    return get_completion_script(prog_name=PROGRAM, complete_var=VARIABLE, shell=shell)


def answer(app: typer.Typer) -> None:
    """Print what could follow; the question is in the environment."""
    from typer.completion import get_completion_inspect_parameters  # noqa: PLC0415 - only here
    from typer.main import get_command  # noqa: PLC0415

    get_completion_inspect_parameters()  # makes the shells known, which `add_completion` would
    command = get_command(app)
    for name, one in _commands(command):
        for parameter in one.params:
            values = _values(name, str(parameter.name))
            if values is not None:
                parameter._custom_shell_complete = _completer(values)  # noqa: SLF001 - no other way
    command(args=[], prog_name=PROGRAM)


def _commands(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield all commands with their names, those of groups by both."""
    for word, one in getattr(command, "commands", {}).items():
        yield from _commands(one, f"{name} {word}".strip())
    yield name, command


def _completer(values: Callable[[], Iterable[str]]) -> Callable[[Any, Any, str], list[Any]]:
    def complete(_: Any, __: Any, begun: str) -> list[Any]:
        return [value for value in sorted(values()) if value.startswith(begun)]

    return complete


def _values(command: str, parameter: str) -> Callable[[], Iterable[str]] | None:
    """Return what lists the values of an argument or option; None where any text or file goes."""
    return VALUES.get(f"{command}:{parameter}", VALUES.get(parameter))


def _scenarios() -> Iterable[str]:
    """Return the scenarios without reading one: the models take longer than a key press may."""
    from misusesim.scenario.family import members  # noqa: PLC0415 - only this list needs it
    from misusesim.scenario.folder import scenario_folder  # noqa: PLC0415

    return [path.stem for path in scenario_folder().glob("*.toml")] + [m.name for m in members()]


def _suites() -> Iterable[str]:
    return [path.stem for path in (Path(__file__).parent / "suites").glob("*.toml")]


def _detectors() -> Iterable[str]:
    from misusebench.detectors import REGISTRY  # noqa: PLC0415 - only this list needs it

    return REGISTRY


def _policies() -> Iterable[str]:
    from misusebench.policies import REGISTRY  # noqa: PLC0415 - only this list needs it

    return REGISTRY


def _components() -> Iterable[str]:
    return {*_detectors(), *_policies()}


def _rules() -> Iterable[str]:
    from misusebench.policies.language import shipped  # noqa: PLC0415 - only this list needs it

    return shipped()


def _metrics() -> Iterable[str]:
    from misusebench.metrics.registry import REGISTRY  # noqa: PLC0415 - only this list needs it

    return REGISTRY


def _schemas() -> Iterable[str]:
    from misusebench.schemas import names  # noqa: PLC0415 - only this list needs it

    return names()


#: Parameter, or "command:parameter" where it means something else there -> what lists its values.
VALUES: Final[dict[str, Callable[[], Iterable[str]]]] = {
    "scenario": _scenarios,
    "suite": _suites,
    "detector": _detectors,
    "policy": _rules,
    "policies": _rules,
    "bench:policy": _policies,
    "check:component": _components,
    "compare:rank": _metrics,
    "compare:component": _components,
    "compare:between": _components,
    "check:kind": lambda: ("detector", "policy"),
    "engine": _policies,
    "engines": _policies,
    "simulate:engine": lambda: ("local", "ray"),
    "metric": _metrics,
    "tier": lambda: ("T0", "T1", "T2", "T3"),
    "shell": lambda: SHELLS,
    "log_format": lambda: ("portal-csv",),
    "schema:name": _schemas,
}
