"""Our side of a timed process (`worker.py`)."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from misusebench import confinement
from misusebench.processes import end
from misusebench.specs import SEARCH

if TYPE_CHECKING:
    from misusebench.gate.speed.environments import Side

WORKER: Final = Path(__file__).with_name("worker.py")
#: Seconds within which each question must be answered.
MOST_S: Final = 300.0
#: Of the outer environment a timed process gets no more: it is not shut in, so it is told nothing.
_KEPT: Final = ("LD_LIBRARY_PATH",)  # where an interpreter may have its own library


class TimedFault(Exception):  # noqa: N818 - a fault of what is timed, as elsewhere
    """A timed component raised, ended or gave no answer; `side` says whose code that was."""

    def __init__(self, what: str, side: Side) -> None:
        super().__init__(what)
        self.side = side


class Process:
    """A process that times components of one side; a context manager.

    Parameters
    ----------
    side
        Whose code it runs.
    hash_seed
        Of Python's hashes: the same for all processes of a launch, another in the next.
    """

    def __init__(self, side: Side, hash_seed: int) -> None:
        self._side, self._hash_seed = side, hash_seed
        self.trip_ns = 0  # from the last question to its answer, by our clock

    def __enter__(self) -> Self:
        self._words = tempfile.TemporaryFile()
        self._home = tempfile.TemporaryDirectory(prefix="misusebench-timed-")
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            command(self._side), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._words,
            cwd=self._side.folder, start_new_session=True,
            env=environment(self._side, self._hash_seed, self._home.name),
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        end(self._process)  # with all that it started
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # a question that it did not live to read
                    pipe.close()
        self._words.close()
        self._home.cleanup()

    def ask(self, op: str, **asked: Any) -> dict[str, Any]:
        """Return the answer to a question.

        Raises
        ------
        TimedFault
            If there is none in time, or it says that the component raised.
        """
        self.send(op, **asked)
        return self.answer()

    def send(self, op: str, **asked: Any) -> None:
        """Put a question; :meth:`answer` brings what is said to it."""
        assert self._process.stdin is not None
        self._asked_ns = time.perf_counter_ns()
        try:
            self._process.stdin.write(json.dumps({"op": op, **asked}).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise TimedFault(self._last(), self._side) from error

    def answer(self) -> dict[str, Any]:
        """Return the answer to the question that was put."""
        assert self._process.stdout is not None
        timer = threading.Timer(MOST_S, self._process.kill)
        timer.start()
        try:
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        self.trip_ns = time.perf_counter_ns() - self._asked_ns
        if not line:
            raise TimedFault(self._last(), self._side)
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise TimedFault(f"its process answered {line[:80]!r}, which is no answer", self._side)
        if "error" in found:
            raise TimedFault(str(found["error"]), self._side)
        return found

    def call(self, name: str, times: int = 1) -> list[int]:
        """Return the nanoseconds that calls took, as the process tells them.

        Raises
        ------
        TimedFault
            If that cannot be: no time at all, or more than passed here meanwhile.
        """
        told = self.ask("call", name=name, times=times).get("ns")
        if not isinstance(told, list) or len(told) != times or {*map(type, told)} - {int}:
            raise TimedFault(f"it tells no times: {told!r:.80}", self._side)
        if min(told) <= 0 or sum(told) > self.trip_ns:
            what = f"{times} calls took {sum(told)} ns, the least {min(told)}, in {self.trip_ns}"
            raise TimedFault(f"it tells times that cannot be: {what}", self._side)
        return told

    def _last(self) -> str:
        self._words.seek(0)
        last = self._words.read()[-300:].decode(errors="replace").strip().splitlines()
        return f"its process ended, or gave no answer within {MOST_S:g} s" + (
            f": {last[-1]}" if last else ""
        )


def command(side: Side) -> list[str]:
    """Return what starts the process; the script's own folder stays off the path."""
    return [side.python, "-P", str(WORKER)]


def environment(side: Side, hash_seed: int, home: str) -> dict[str, str]:
    """Return the whole environment of a timed process."""
    own = {name: os.environ[name] for name in _KEPT if name in os.environ}
    own |= confinement.environment(home) | {SEARCH: os.pathsep.join(side.paths)}
    del own["PYTHONDONTWRITEBYTECODE"]  # else whoever has no byte code yet needs more memory
    return {**own, "PATH": os.defpath, "PYTHONHASHSEED": str(hash_seed)}
