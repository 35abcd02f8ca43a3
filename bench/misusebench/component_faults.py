"""How a component's run can end badly."""

from __future__ import annotations

from typing import Any, Literal, get_args

from misusebench.errors import ComponentError

State = Literal["timeout", "oom", "crash", "invalid"]


class ComponentFault(ComponentError):  # noqa: N818 - a state of a run, not a bug
    """A component's run ended badly.

    Attributes
    ----------
    state
        ``timeout``, ``oom``, ``crash`` or ``invalid``.
    reason
        One line.
    stderr
        The last lines it printed.
    """

    def __init__(self, state: State, reason: str, stderr: str = "") -> None:
        reason = plain(reason)
        super().__init__(f"{state}: {reason}")
        self.state: State = state
        self.reason = reason
        self.stderr = stderr


def fault_of(answer: dict[str, Any], stderr: str = "") -> ComponentFault:
    """Return the fault that an answer tells of; a state that is none is a fault of its own."""
    told = answer["fault"]
    state: State = told if told in get_args(State) else "invalid"
    return ComponentFault(state, str(answer.get("reason", "")), stderr)


def plain(text: str) -> str:
    r"""Return words of a component fit for a terminal and a file: what is no letter is spelled.

    Examples
    --------
    >>> print(plain("half \ud800, and \x1b[2J"))
    half \ud800, and \x1b[2J
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
