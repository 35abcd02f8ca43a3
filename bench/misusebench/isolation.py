"""Runs a component in a process of its own that cannot reach truth, the network or other accounts.

The level reached and what it cannot stop go into the result. Without any level a run is refused
unless it was asked for as unsafe; a component never runs as root.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self, get_args

from misusebench.confinement import (
    FRESH_UID,
    Isolation,
    Limits,
    environment,
    interpreter,
    makers,
    refuse_closed,
)  # fmt: skip
from misusebench.errors import ComponentError, IsolationError
from misusebench.frames import PREFIX, pack, unpack
from misusebench.processes import end, ending, last_line, resident_mb
from misusebench.sandbox import METHODS
from misusebench.staging import stage, stage_files

if TYPE_CHECKING:
    from collections.abc import Sequence

State = Literal["timeout", "oom", "crash", "invalid"]

_POLL_S: Final = 0.05
_PIECE: Final = 1 << 16
_TAIL: Final = 8192


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
        super().__init__(f"{state}: {reason}")
        self.state: State = state
        self.reason = reason
        self.stderr = stderr


def fault_of(answer: dict[str, Any], stderr: str = "") -> ComponentFault:
    """Return the fault that an answer tells of; a state that is none is a fault of its own."""
    told = answer["fault"]
    state: State = told if told in get_args(State) else "invalid"
    return ComponentFault(state, str(answer.get("reason", "")), stderr)


class Worker:
    """A confined process that answers frames; a context manager that ends it for certain.

    Parameters
    ----------
    limits
        What it may use.
    search
        Folders from which a component's own module is imported.
    module
        That module: a copy of its code is all that the worker reads. Without it the worker reads
        the folders themselves.
    program
        Path of a command that the component starts.
    files
        Files that the command names: copies of them are all that it reads.
    hide
        Folders that it must not reach: data sets and results.
    unsafe
        Go on where no isolation can be had (never as root).
    methods
        Methods to try, all by default.

    Raises
    ------
    IsolationError
        On entering, if it cannot be confined.
    ComponentFault
        From `ask`, for whatever the component does wrong.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        search: Sequence[str] = (),
        module: str = "",
        program: str = "",
        files: Sequence[str] = (),
        hide: Sequence[str | Path] = (),
        unsafe: bool = False,
        methods: Sequence[str] = METHODS,
    ) -> None:
        self._limits = limits or Limits()
        self.search = [str(Path(p).resolve()) for p in search]
        self._module, self._program, self._files = module, program, tuple(files)
        self.copies: dict[str, str] = {}  # of the files of a command
        self._hide = [str(Path(p).resolve()) for p in hide]
        self._unsafe, self._methods = unsafe, tuple(methods)
        self._stderr, self._printed = bytearray(), 0
        self._spent, self._polled = 0.0, 0.0
        self.isolation = Isolation((), ())
        self.peak_mb = 0.0

    def __enter__(self) -> Self:
        """Start and confine the process."""
        self._work = tempfile.mkdtemp(prefix="misusebench-")
        self._code = tempfile.mkdtemp(prefix="misusebench-code-")
        try:
            if self._module:
                self.search = stage(self._module, self.search, self._code)
            self.copies = stage_files([*self._files, *self._strange()], self._code)
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End the process and all that it started, and remove its folder."""
        process = getattr(self, "_process", None)
        if process is not None:
            end(process)
            for pipe in (process.stdin, process.stdout, process.stderr):
                with contextlib.suppress(OSError):
                    pipe.close()
        shutil.rmtree(self._work, ignore_errors=True)
        shutil.rmtree(self._code, ignore_errors=True)

    @property
    def stderr(self) -> str:
        """The last lines that the component printed."""
        return bytes(self._stderr).decode("utf-8", "replace")

    def _start(self) -> None:
        if os.geteuid() == 0:
            refuse_closed(self.search)
        plan = {
            "read": [*interpreter(), *self.search, *self._own()], "hide": [*self._hide, *makers()],
            "work": self._work,
            "uid": FRESH_UID + secrets.randbelow(FRESH_UID), "methods": self._methods,
        }  # fmt: skip
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-s", "-P", "-m", "misusebench.worker", json.dumps(plan)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment(self._work), cwd="/", start_new_session=True, bufsize=0,
        )  # fmt: skip
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
        try:
            hello, _ = self._exchange([], self._limits.start_s, 0)
        except ComponentFault as fault:
            raise IsolationError(
                f"the worker process could not be shut in ({fault.reason}). "
                f"{last_line(self.stderr)}"
            ) from fault
        self.isolation = Isolation(tuple(hello["methods"]), tuple(hello["failed"]))
        self._judge(still_root=bool(hello["root"]))

    def _strange(self) -> list[str]:
        """Return the program of a command, if it lies where a system has none: it is copied then.

        Its folder is not opened to it: that may be a project, or a home.
        """
        known = ("/usr", "/bin", "/sbin", "/opt", *interpreter())
        path = Path(self._program).resolve()
        inside = any(path.is_relative_to(Path(folder).resolve()) for folder in known)
        return [] if not self._program or inside else [self._program]

    def _own(self) -> list[str]:
        """Return what a command reads: its program with the libraries beside it, its files."""
        own = list(self.copies.values())
        if not self._program:
            return own
        own += ["/bin", "/usr/bin"]  # a script names its interpreter, and a shell calls others
        if self._program in self.copies:
            return own
        folders = {Path(self._program).parent, Path(self._program).resolve().parent}
        return [*map(str, folders), *(str(folder.parent / "lib") for folder in folders), *own]

    def _judge(self, *, still_root: bool) -> None:
        why = "; ".join(self.isolation.failed) or "not asked for"
        if still_root:
            raise IsolationError(
                f"components never run as root and privileges could not be dropped ({why}). "
                "Run as an ordinary user."
            )
        if "namespaces" not in self.isolation.methods:
            self._refuse_open_folders()
        if not {"landlock", "namespaces"} & set(self.isolation.methods) and not self._unsafe:
            raise IsolationError(
                f"this machine has neither Landlock nor namespaces ({why}). "
                "With --unsafe the run goes on, and the result says so."
            )

    def _refuse_open_folders(self) -> None:
        """Without namespaces nothing below a folder that it may read can be hidden."""
        for hidden in self._hide:
            for folder in [*interpreter(), *self.search, *self._own()]:
                if Path(hidden).is_relative_to(folder) and not self._unsafe:
                    raise IsolationError(
                        f"{hidden} lies below {folder}, which the component may read. "
                        "Move the component's module to a folder of its own."
                    )

    def ask(
        self, header: dict[str, Any], payload: bytes | memoryview = b"", *, answer_bytes: int = 0
    ) -> tuple[dict[str, Any], bytes]:
        """Send one frame and return the answer.

        Parameters
        ----------
        header, payload
            What to send; `header["op"]` chooses the limit of time.
        answer_bytes
            Payload expected; more is cut off as invalid.

        Raises
        ------
        ComponentFault
            If the component fails in any way.
        """
        limit = {"start": self._limits.start_s, "fit": self._limits.fit_s}.get(
            header["op"], self._limits.batch_s
        )
        limit = min(limit, self._limits.total_s - self._spent)
        begun = time.monotonic()
        answer, data = self._exchange(pack(header, payload), limit, answer_bytes)
        self._spent += time.monotonic() - begun
        if "fault" in answer:
            self._drain()
            raise fault_of(answer, self.stderr)
        return answer, data

    def _exchange(
        self, pieces: list[bytes | memoryview], limit: float, answer_bytes: int
    ) -> tuple[dict[str, Any], bytes]:
        """Write `pieces` and read one frame, watching time, memory and output."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        waiting = [memoryview(p).cast("B") for p in pieces if len(p)]
        answer = _Answer(self._limits, answer_bytes)
        deadline = time.monotonic() + limit
        poll = select.poll()
        poll.register(process.stdout, select.POLLIN)
        poll.register(process.stderr, select.POLLIN)
        if waiting:
            poll.register(process.stdin, select.POLLOUT)
        while True:
            events = dict(poll.poll(_POLL_S * 1000))
            if process.stderr.fileno() in events and not self._take_stderr():
                poll.unregister(process.stderr)
            if process.stdin.fileno() in events and not self._push(waiting):
                poll.unregister(process.stdin)
            if process.stdout.fileno() in events:
                found = answer.take(process.stdout.fileno())
                if found is not None:
                    return found
            self._watch(deadline, limit)

    def _push(self, waiting: list[memoryview]) -> bool:
        """Write what the pipe takes; return whether more is waiting."""
        assert self._process.stdin is not None
        while waiting:
            try:
                done = os.write(self._process.stdin.fileno(), waiting[0][: 1 << 20])
            except BlockingIOError:
                return True
            except BrokenPipeError:
                return False  # its end is read from stdout
            waiting[0] = waiting[0][done:]
            if not waiting[0]:
                waiting.pop(0)
        return False

    def _take_stderr(self) -> bool:
        """Keep the tail of what was printed; return whether more may come."""
        assert self._process.stderr is not None
        try:
            text = os.read(self._process.stderr.fileno(), _PIECE)
        except BlockingIOError:
            return True
        self._printed += len(text)
        self._stderr += text
        del self._stderr[:-_TAIL]
        if self._printed > self._limits.output_mb * 2**20:
            raise ComponentFault(
                "invalid", f"printed more than {self._limits.output_mb:g} MiB", self.stderr
            )
        return bool(text)

    def _drain(self) -> None:
        """Read what was printed just before the answer."""
        assert self._process.stderr is not None
        poll = select.poll()
        poll.register(self._process.stderr, select.POLLIN)
        while poll.poll(1) and self._take_stderr():
            pass

    def _watch(self, deadline: float, limit: float) -> None:
        now = time.monotonic()
        if now > deadline:
            raise ComponentFault("timeout", f"no answer within {limit:.3g} s", self.stderr)
        if now - self._polled < _POLL_S:
            return
        self._polled = now
        used = resident_mb(self._process.pid)
        self.peak_mb = max(self.peak_mb, used)
        if used > self._limits.memory_mb:
            raise ComponentFault(
                "oom", f"used more than {self._limits.memory_mb:g} MiB of memory", self.stderr
            )
        if self._process.poll() is not None:
            self._drain()
            code = self._process.returncode
            raise ComponentFault("crash", f"its process ended with {ending(code)}", self.stderr)


class _Answer:
    """Collects one frame from a pipe."""

    def __init__(self, limits: Limits, answer_bytes: int) -> None:
        self._most = (int(limits.output_mb * 2**20), answer_bytes)
        self._buffer = bytearray()

    def take(self, descriptor: int) -> tuple[dict[str, Any], bytes] | None:
        """Read what is there; return the frame once it is whole."""
        try:
            piece = os.read(descriptor, 1 << 20)
        except BlockingIOError:
            return None
        self._buffer += piece
        if len(self._buffer) < PREFIX.size:
            return None
        header, payload = PREFIX.unpack_from(self._buffer)
        if header > self._most[0]:
            raise ComponentFault("invalid", "an answer's alerts exceed the output limit")
        if payload > self._most[1]:
            raise ComponentFault(
                "invalid", f"answered {payload} bytes where {self._most[1]} were due"
            )
        middle = PREFIX.size + header
        if len(self._buffer) < middle + payload:
            return None
        try:
            return unpack(bytes(self._buffer[PREFIX.size : middle])), bytes(self._buffer[middle:])
        except ValueError as error:
            raise ComponentFault("invalid", f"its answer cannot be read: {error}") from error
