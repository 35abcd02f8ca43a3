"""One question and its answer over a worker's pipes, while its time, memory and output are watched.

A worker is in the hands of the component: whatever comes through the pipes is taken as hostile.
"""

from __future__ import annotations

import os
import select
import time
from typing import TYPE_CHECKING, Any, Final

from misusebench.component_faults import ComponentFault
from misusebench.frames import PREFIX, unpack
from misusebench.processes import ending, held_mb, use_of
from misusebench.work_folder import size_mb

if TYPE_CHECKING:
    import subprocess

    from misusebench.confinement import Limits

_POLL_S: Final = 0.05
_DISK_POLL_S: Final = 0.25
#: All processes of the machine are gone through to see what a worker uses. While it has started
#: none and holds less than a share of its limit, the next look comes after so many times what
#: the last one took, and at most so many seconds; else at the next poll.
_USE_PAUSE: Final = 20
_USE_POLL_S: Final = 0.5
_CALM_SHARE: Final = 0.5
_END_S: Final = 2.0  # a process that closed its end has so long to end
_PIECE: Final = 1 << 16
_TAIL: Final = 8192
_OURS: Final = 3  # processes of a worker before the component starts any


class Conversation:
    """Asks a worker and watches it.

    Parameters
    ----------
    process
        The worker, with pipes.
    limits
        What it may use.

    Attributes
    ----------
    peak_mb
        Most memory that its processes were seen to hold.
    watched
        Folder whose size is watched, "" for none.
    """

    def __init__(self, process: subprocess.Popen[bytes], limits: Limits) -> None:
        self._process, self._limits = process, limits
        self._stderr, self._printed = bytearray(), 0
        self._polled, self._use_at, self._size_at = 0.0, 0.0, 0.0
        self._closed: float | None = None
        self.peak_mb, self.watched = 0.0, ""
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)

    @property
    def stderr(self) -> str:
        """The last lines that the component printed."""
        return bytes(self._stderr).decode("utf-8", "replace")

    def exchange(
        self, pieces: list[bytes | memoryview], limit: float, answer_bytes: int
    ) -> tuple[dict[str, Any], bytes]:
        """Write `pieces` and read one frame.

        Raises
        ------
        ComponentFault
            If the answer is late or cannot be read, or a limit is exceeded.
        """
        stdin, stdout, stderr = self._descriptors()
        waiting = [memoryview(p).cast("B") for p in pieces if len(p)]
        answer = _Answer(self._limits, answer_bytes)
        deadline = time.monotonic() + limit
        poll = select.poll()
        poll.register(stdout, select.POLLIN)
        poll.register(stderr, select.POLLIN)
        if waiting:
            poll.register(stdin, select.POLLOUT)
        while True:
            events = dict(poll.poll(_POLL_S * 1000))
            if stderr in events and not self._take_stderr():
                poll.unregister(stderr)
            if stdin in events and not self._push(waiting):
                poll.unregister(stdin)
            if stdout in events:
                found = answer.take(stdout)
                if found is not None:
                    return found
                if answer.closed:
                    poll.unregister(stdout)
                    self._closed = time.monotonic()
            self._watch(deadline, limit)

    def drain(self) -> None:
        """Read what was printed just before the answer."""
        poll = select.poll()
        poll.register(self._descriptors()[2], select.POLLIN)
        while poll.poll(1) and self._take_stderr():
            pass

    def _descriptors(self) -> tuple[int, int, int]:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        return process.stdin.fileno(), process.stdout.fileno(), process.stderr.fileno()

    def _push(self, waiting: list[memoryview]) -> bool:
        """Write what the pipe takes; return whether more is waiting."""
        while waiting:
            try:
                done = os.write(self._descriptors()[0], waiting[0][: 1 << 20])
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
        try:
            text = os.read(self._descriptors()[2], _PIECE)
        except BlockingIOError:
            return True
        self._printed += len(text)
        self._stderr += text
        del self._stderr[:-_TAIL]
        if self._printed > self._limits.output_mb * 2**20:
            raise self._fault("invalid", f"printed more than {self._limits.output_mb:g} MiB")
        return bool(text)

    def _watch(self, deadline: float, limit: float) -> None:
        now = time.monotonic()
        if now > deadline:
            raise self._fault("timeout", f"no answer within {limit:.3g} s")
        if now - self._polled < _POLL_S:
            return
        self._polled = now
        self._watch_use(now)
        self._watch_disk(now)
        if self._process.poll() is not None:
            self.drain()
            raise self._fault("crash", f"its process ended with {ending(self._process.returncode)}")
        if self._closed is not None and now - self._closed > _END_S:
            raise self._fault("invalid", "it closed the pipe that its answers go through")

    def _watch_use(self, now: float) -> None:
        if now < self._use_at:
            return
        used, processes = use_of(self._process.pid)
        if processes <= _OURS and used < _CALM_SHARE * self._limits.memory_mb:
            self._use_at = now + min(_USE_PAUSE * (time.monotonic() - now), _USE_POLL_S)
        self.peak_mb = max(self.peak_mb, used)
        if processes > self._limits.processes + _OURS:
            raise self._fault("invalid", f"started more than {self._limits.processes:g} processes")
        if used > self._limits.memory_mb and self._holds_it(used, processes):
            raise self._fault("oom", f"used more than {self._limits.memory_mb:g} MiB of memory")

    def _holds_it(self, used: float, processes: int) -> bool:
        """Return whether the limit is exceeded if pages that forks share count once.

        Not asked of few processes, or where the kernel does not tell: resident memory counts then.
        """
        if processes <= _OURS:
            return True
        return not 0 < held_mb(self._process.pid) < min(used, self._limits.memory_mb)

    def _watch_disk(self, now: float) -> None:
        if not self.watched or now < self._size_at:
            return
        size = size_mb(self.watched, self._limits.disk_mb)
        took = time.monotonic() - now  # a thousand nested folders must not keep us busy
        self._size_at = now + max(_DISK_POLL_S, 10 * took)
        if size > self._limits.disk_mb:
            raise self._fault("invalid", f"wrote more than {self._limits.disk_mb:g} MiB")

    def _fault(self, state: Any, reason: str) -> ComponentFault:
        return ComponentFault(state, reason, self.stderr)


class _Answer:
    """Collects one frame from a pipe."""

    def __init__(self, limits: Limits, answer_bytes: int) -> None:
        self._most = (int(limits.output_mb * 2**20), answer_bytes)
        self._buffer = bytearray()
        self.closed = False

    def take(self, descriptor: int) -> tuple[dict[str, Any], bytes] | None:
        """Read what is there; return the frame once it is whole."""
        try:
            piece = os.read(descriptor, 1 << 20)
        except BlockingIOError:
            return None
        self.closed = not piece
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
        if len(self._buffer) > middle + payload:
            raise ComponentFault("invalid", "it answered more than was asked")
        try:
            return unpack(bytes(self._buffer[PREFIX.size : middle])), bytes(self._buffer[middle:])
        except ValueError as error:
            raise ComponentFault("invalid", f"its answer cannot be read: {error}") from error
