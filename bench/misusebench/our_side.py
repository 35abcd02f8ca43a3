"""Policies that are asked from our side of the process boundary: servers, and decisions in a file.

A component in a worker has no network and no files. These three adapters are ours, use nothing but
the standard library, and pass on facts and what comes back; who decides runs elsewhere. Nothing of
that is shut in, and the result says so.
"""

from __future__ import annotations

import importlib
import time
from typing import TYPE_CHECKING, Any, Self

from misusebench.answered import WrongAnswerError
from misusebench.component_faults import ComponentFault
from misusebench.confinement import Isolation, Limits
from misusebench.errors import SuiteError
from misusebench.remote import Elsewhere
from misusebench.worker import Host

if TYPE_CHECKING:
    from misusebench.suite import ComponentSpec


class _Here(Host):
    """A host in our own process, which measures no memory and tells its component the time."""

    def limit(self, until: float) -> None:
        """Let the component ask nothing after a moment; what is left is denied, with an error."""
        line = getattr(self._component, "line", None)
        if line is not None:
            line.until = until

    def close(self) -> None:
        """Close the component, if it was made."""
        if self._component is not None:
            self._component.close()


class OurSide:
    """Has the face of a worker; a context manager.

    Parameters
    ----------
    limits
        Times within which a server must answer; memory is not watched.

    Raises
    ------
    ComponentFault
        From `ask`, if the component raises.
    SuiteError
        From `ask`, if an address or a file is wrong.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits, self._spent = limits or Limits(), 0.0
        self.search: list[str] = []
        self.copies: dict[str, str] = {}
        self.stderr = ""
        self.isolation: Isolation = Elsewhere((), ("it decides elsewhere",))
        self._host = _Here(0)

    def __enter__(self) -> Self:
        """Start nothing: the component is made when asked."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the component's connection."""
        self._host.close()

    def ask(
        self, header: dict[str, Any], payload: bytes | memoryview = b"", *, answer_bytes: int = 0
    ) -> tuple[dict[str, Any], bytes]:
        """Return the answer to one question, as :meth:`misusebench.isolation.Worker.ask`."""
        del answer_bytes  # what a server says is bounded where it is read
        limit = {"start": self._limits.start_s, "load": self._limits.fit_s}.get(
            header["op"], self._limits.batch_s
        )
        begun = time.monotonic()
        left = self._limits.total_s - self._spent
        if left <= 0:
            raise ComponentFault("timeout", f"more than {self._limits.total_s:g} s in all")
        self._host.limit(begun + min(limit, left))
        try:
            told, data = self._host.answer(header, bytes(payload))
        except SuiteError:
            raise
        except Exception as error:
            state = "invalid" if isinstance(error, WrongAnswerError) else "crash"
            raise ComponentFault(state, f"{type(error).__name__}: {error}"[:2000]) from error  # type: ignore[arg-type]
        self._spent += time.monotonic() - begun
        if header["op"] == "close":
            told |= {"peak_kib": 0, "empty_kib": 0}  # it would be our own
        return told, data


def try_out(spec: ComponentSpec) -> None:
    """Make a component of our side and close it: what is wrong with its parameters is told.

    Raises
    ------
    SuiteError
        If an address, a file or another parameter is wrong.
    """
    module, _, name = spec.target.partition(":")
    given = {key: value for key, value in spec.parameters.items() if key != "policy"}
    try:
        made = getattr(importlib.import_module(module), name)(**given)
    except TypeError as error:
        raise SuiteError(f"{spec.name}: {error}") from error
    made.close()
