"""Our side of a timed process (`worker.py`)."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from misusebench.gate.speed.environments import Side

WORKER: Final = Path(__file__).with_name("worker.py")
#: Seconds within which each question must be answered.
MOST_S: Final = 300.0
_ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)


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

    def __enter__(self) -> Self:
        self._words = tempfile.TemporaryFile()
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            command(self._side), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._words,
            cwd=self._side.folder, env=environment(self._side, self._hash_seed),
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # a question that it did not live to read
                    pipe.close()
        self._process.wait()
        self._words.close()

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
        if not line:
            raise TimedFault(self._last(), self._side)
        found: dict[str, Any] = json.loads(line)
        if "error" in found:
            raise TimedFault(found["error"], self._side)
        return found

    def _last(self) -> str:
        self._words.seek(0)
        last = self._words.read()[-300:].decode(errors="replace").strip().splitlines()
        return f"its process ended, or gave no answer within {MOST_S:g} s" + (
            f": {last[-1]}" if last else ""
        )


def command(side: Side) -> list[str]:
    """Return what starts the process; the script's own folder stays off the path."""
    return [side.python, "-P", str(WORKER)]


def environment(side: Side, hash_seed: int) -> dict[str, str]:
    """Return the environment of a timed process."""
    paths = {"PYTHONPATH": os.pathsep.join(side.paths)} if side.paths else {}
    outer = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    return {**outer, **_ONE_THREAD, **paths, "PYTHONHASHSEED": str(hash_seed)}
