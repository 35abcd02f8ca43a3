"""Runs a component in a process of its own that cannot reach truth, the network or other accounts.

The level reached and what it cannot stop go into the result. Without any level a run is refused
unless it was asked for as unsafe; a component never runs as root.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from misusebench.component_faults import ComponentFault, fault_of
from misusebench.confinement import (
    FRESH_UID,
    Isolation,
    Limits,
    environment,
    interpreter,
    makers,
    refuse_closed,
)  # fmt: skip
from misusebench.conversation import Conversation
from misusebench.errors import IsolationError
from misusebench.frames import pack
from misusebench.processes import end, last_line
from misusebench.sandbox import METHODS
from misusebench.staging import stage, stage_files
from misusebench.work_folder import remove

if TYPE_CHECKING:
    from collections.abc import Sequence


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
        self._process: subprocess.Popen[bytes] | None = None
        self._talk: Conversation | None = None
        self._spent = 0.0
        self.isolation = Isolation((), ())

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
        process = self._process
        if process is not None:
            end(process)
            for pipe in (process.stdin, process.stdout, process.stderr):
                with contextlib.suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]
        remove(self._work)
        remove(self._code)

    def stop(self) -> None:
        """End the process; whoever is asking it, in another thread, is told that it is gone."""
        if self._process is not None:
            end(self._process)

    @property
    def stderr(self) -> str:
        """The last lines that the component printed."""
        return self._talk.stderr if self._talk else ""

    @property
    def pid(self) -> int:
        """The process below which all of it runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def peak_mb(self) -> float:
        """Most memory that its processes were seen to hold, MiB."""
        return self._talk.peak_mb if self._talk else 0.0

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
        self._talk = Conversation(self._process, self._limits)
        try:
            hello, _ = self._talk.exchange([], self._limits.start_s, 0)
        except ComponentFault as fault:
            raise IsolationError(
                f"the worker process could not be shut in ({fault.reason}). "
                f"{last_line(self.stderr)}"
            ) from fault
        self.isolation = Isolation(
            tuple(hello["methods"]), tuple(hello["failed"]), hello["own_processes"], hello["abi"]
        )
        if "namespaces" not in self.isolation.methods:  # with them its folder has a size
            self._talk.watched = self._work
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
        assert self._talk is not None
        answer, data = self._talk.exchange(pack(header, payload), limit, answer_bytes)
        self._spent += time.monotonic() - begun
        if "fault" in answer:
            self._talk.drain()
            raise fault_of(answer, self.stderr)
        return answer, data
