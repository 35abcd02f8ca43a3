"""Our side of a process in which one policy component is timed (`timed.py`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import numpy as np
import psutil

from misusebench.component import Decision
from misusebench.frames import Payload, read_frame, write_frame
from misusebench.policies import REGISTRY
from misusebench.policies.engine import USUAL, is_usual

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from misusebench.component import Request

#: Engines that ask elsewhere, or a file: nothing of them can be loaded without its parameters.
ELSEWHERE: Final = ("authzen", "opa", "decisions")
_MIB: Final = 1 << 20
_TIMED: Final = "misusebench.policy_bench.timed"
_ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class AdapterFault(Exception):  # noqa: N818 - a fault of what is timed, as elsewhere
    """A timed component raised, ended or gave no answer.

    `absent`: it is not installed; `refused`: the policy is none for it, as it says itself.
    """

    def __init__(self, what: str, *, absent: bool = False, refused: bool = False) -> None:
        super().__init__(what)
        self.absent, self.refused = absent, refused


@dataclass(frozen=True, slots=True)
class Candidate:
    """An engine that is to be timed."""

    name: str
    target: str  # module:Class
    parameters: Mapping[str, Any] = field(default_factory=dict)
    search: tuple[str, ...] = ()  # folders from which its module is imported


class Singles(NamedTuple):
    """Decisions one by one: times in nanoseconds and outcomes (0 permit, 1 deny, 2 challenge)."""

    ns: NDArray[np.int64]
    outcome: NDArray[np.int8]
    loop_ns: int  # of all, with what the harness does about each


def candidates(
    names: Sequence[str] | None = None,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    policy: Any = None,
) -> list[Candidate]:
    """Return engines by name; by default all that can be loaded from nothing but a policy.

    Parameters
    ----------
    names
        Of the registry.
    parameters
        Engine -> what its class takes; engines that ask elsewhere are there if they have some.
    policy
        What they are to load; rules that are code are not asked by default for any but their own.
    """
    given = parameters or {}
    leave = {*ELSEWHERE, *(() if is_usual(policy) else (USUAL,))} - given.keys()
    usual = [name for name in REGISTRY if name not in leave]
    return [Candidate(one, REGISTRY[one], given.get(one, {})) for one in names or usual]


class Adapter:
    """A process with one component; a context manager.

    Parameters
    ----------
    candidate
        What is to be timed.
    most_s
        Seconds within which each question must be answered.
    """

    def __init__(self, candidate: Candidate, most_s: float = 120.0) -> None:
        self.candidate, self.most_s = candidate, most_s
        self.spawn_ns = 0

    def __enter__(self) -> Self:
        self._words = tempfile.TemporaryFile()
        self._begun = time.monotonic_ns()
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", _TIMED], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._words, env={**os.environ, **_ONE_THREAD},
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.kill()
        self._process.wait()
        self._words.close()

    def ask(
        self, header: dict[str, Any], payload: bytes = b"", most_s: float | None = None
    ) -> tuple[dict[str, Any], Payload]:
        """Return the answer to a question.

        Raises
        ------
        AdapterFault
            If there is none in time, or it says that the component raised.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        most = most_s or self.most_s
        late = threading.Event()
        timer = threading.Timer(most, self._end, [late])
        timer.start()
        try:
            write_frame(self._process.stdin.fileno(), header, payload)
            found = read_frame(self._process.stdout.fileno())
        except (OSError, ValueError) as error:
            raise AdapterFault(self._why(late, most)) from error
        finally:
            timer.cancel()
        if found is None:
            raise AdapterFault(self._why(late, most))
        if "error" in found[0]:
            told = found[0]
            raise AdapterFault(told["error"], absent=told["absent"], refused=told["refused"])
        return found

    def _end(self, late: threading.Event) -> None:
        late.set()
        self._process.kill()

    def _why(self, late: threading.Event, most: float) -> str:
        if late.is_set():
            return f"no answer within {most:g} s"
        self._words.seek(0)
        last = self._words.read()[-300:].decode(errors="replace").strip().splitlines()
        return f"its process ended{': ' + last[-1] if last else ''}"

    def ready(self) -> float:
        """Wait for the process; return its memory in MiB before it has a component."""
        self.spawn_ns = self.ask({"op": "hello"})[0]["now_ns"] - self._begun
        return self.resident_mib()

    def start(self) -> dict[str, Any]:
        """Import and make the component."""
        one = asdict(self.candidate)
        return self.ask({"op": "start", **{k: one[k] for k in ("target", "parameters", "search")}})[
            0
        ]

    def load(self, policy: Any, facts: Any = None, most_s: float | None = None) -> int:
        """Load a policy; return the nanoseconds it took."""
        told, _ = self.ask({"op": "load", "policy": policy, "facts": facts}, most_s=most_s)
        return int(told["ns"])

    def keep(self, slot: str, requests: Sequence[Request]) -> None:
        """Hand over requests, once."""
        self.ask(
            {"op": "keep", "slot": slot}, json.dumps([as_json(one) for one in requests]).encode()
        )

    def singles(self, slot: str, most_s: float | None = None) -> Singles:
        """Decide one by one, for so many seconds at most."""
        most_ns = int(most_s * 1e9) if most_s else 0
        told, raw = self.ask({"op": "singles", "slot": slot, "most_ns": most_ns})
        n = told["n"]
        return Singles(
            np.frombuffer(raw, np.int64, n), np.frombuffer(raw, np.int8, offset=8 * n),
            told["loop_ns"],
        )  # fmt: skip

    def per_s(self, slot: str, size: int, most_s: float | None = None) -> float:
        """Return decisions a second in batches of a size, 0: one by one without a clock."""
        most_ns = int(most_s * 1e9) if most_s else 0
        told, _ = self.ask({"op": "batches", "slot": slot, "size": size, "most_ns": most_ns})
        return float(told["n"] / told["ns"] * 1e9)

    def decisions(self, slot: str, way: str) -> list[Decision]:
        """Return the decision on each request, one by one or in a batch."""
        _, raw = self.ask({"op": "decide", "slot": slot, "way": way})
        return [Decision(outcome, tuple(reasons), tuple(errors))
                for outcome, reasons, errors in json.loads(raw)]  # fmt: skip

    def resident_mib(self) -> float:
        """Return the resident memory of the process, in MiB."""
        return float(psutil.Process(self._process.pid).memory_info().rss / _MIB)


def as_json(request: Request) -> dict[str, Any]:
    """Return a request as `Request(**...)` takes it."""
    return {
        "officer_id": request.officer_id, "officer": dict(request.officer),
        "action": request.action, "query_id": request.query_id,
        "database": dict(request.database), "context": dict(request.context),
        "action_properties": dict(request.action_properties),
    }  # fmt: skip
