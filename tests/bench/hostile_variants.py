"""More components that mean harm, beyond the eleven of the promise."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import signal
import struct
import sys
import time
from pathlib import Path

try:  # in a worker its code lies side by side
    from hostile_components import (
        LONG_S,
        MIB,
        ORPHAN_S,
        BrokeOut,
        FloodsStdout,
        Hostile,
        LeavesOrphan,
    )
except ImportError:
    from tests.bench.hostile_components import (
        LONG_S,
        MIB,
        ORPHAN_S,
        BrokeOut,
        FloodsStdout,
        Hostile,
        LeavesOrphan,
    )


class WritesIntoData(Hostile):
    """Plants rows in the data set, and changes a file of another worker."""

    gaps = {"": ("files",)}  # noqa: RUF012

    def attack(self):
        spoor = Path(self.told["truth"]).parent / "spoor"
        self.attempt("the data set", lambda: spoor.write_text("x") and spoor.unlink() is None)
        self.attempt("other workers", lambda: list(Path(self.told["scratch"]).iterdir())[2:])


class Daemonises(LeavesOrphan):
    """Its orphan forks on, each child cut loose in turn, 128 altogether."""

    states = ("ok", "invalid")

    def live(self):
        for _ in range(7):
            if os.fork() == 0:
                os.setsid()
            time.sleep(0.05)
        time.sleep(ORPHAN_S)


class FloodsStderr(FloodsStdout):
    stream = sys.stderr


class FloodsAnswers(Hostile):
    """Writes to whatever pipe there is, its answers' own among them."""

    states = ("invalid", "crash")
    frame = b"\0\0\0\2" + bytes(8) + b"{}"

    def attack(self):
        for number in range(3, 16):
            with contextlib.suppress(OSError):
                os.write(number, self.frame * 64)


class ForgesNumbers(FloodsAnswers):
    """Answers with numbers that no machine holds."""

    text = b'{"ns":[1e999],"alerts":[]}'
    bytes_a_row = 8

    def attack(self):
        payload = bytes(int(self.bytes_a_row * self.rows))
        frame = struct.pack(">IQ", len(self.text), len(payload)) + self.text + payload
        for number in range(3, 16):
            with contextlib.suppress(OSError):
                os.write(number, frame)
        time.sleep(LONG_S)


class ForgesAlerts(ForgesNumbers):
    """Raises an alert in a year that no file holds."""

    text = b'{"ns":[1],"alerts":[["query","1",' + b"9" * 30 + b',1.0,[1],"late",""]]}'


class ForgesDepth(ForgesNumbers):
    """Answers with thirty thousand brackets."""

    text = b'{"ns":' + b"[" * 30_000


class ForgesBytes(ForgesNumbers):
    """Answers with a number of bytes that are no whole scores."""

    states = ("invalid",)
    text = b'{"ns":[1],"alerts":[]}'
    bytes_a_row = 7.9


class ClosesPipes(Hostile):
    states = ("invalid", "crash")

    def attack(self):
        os.closerange(3, 64)
        time.sleep(LONG_S)


class ReadsMemory(Hostile):
    """Of the bench, by /proc and by two system calls."""

    gaps = {"": ("files",)}  # noqa: RUF012

    def attack(self):
        bench = self.told["bench"]
        self.attempt("mem", lambda: Path(f"/proc/{bench}/mem").open("rb").close() or True)
        self.attempt("maps", lambda: Path(f"/proc/{bench}/maps").read_bytes())
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.ptrace(0x4206, bench, None, None) == 0:  # PTRACE_SEIZE: it goes on running
            raise BrokeOut("ptrace")
        self.refused.append("ptrace")


class SignalsBench(Hostile):
    gaps = {"a signal": ("signals",)}  # noqa: RUF012

    def attack(self):
        self.attempt("a signal", lambda: os.kill(self.told["bench"], 0) or True)


class HangsAtStart(Hostile):
    states = ("timeout",)

    def __init__(self, **_):
        time.sleep(LONG_S)


class HangsAtExit(Hostile):
    """Would hang when its interpreter ends."""

    states = ("ok",)

    def attack(self):
        atexit.register(time.sleep, LONG_S)


class StopsItself(Hostile):
    states = ("timeout",)

    def attack(self):
        os.kill(os.getpid(), signal.SIGSTOP)


class AnswersLate(Hostile):
    states = ("timeout",)

    def attack(self):
        time.sleep(self.told["deadline"] + 2)


class ClosesFolders(Hostile):
    """Leaves what is hard to remove: closed folders, and 1,500 levels of them."""

    states = ("ok",)

    def attack(self):
        home = Path.cwd()
        if (home / "d").exists():
            return
        for _ in range(1500):
            Path("d").mkdir(exist_ok=True)
            os.chdir("d")
        os.chdir(home)
        (home / "closed" / "inside").mkdir(parents=True)
        (home / "closed").chmod(0)


class SpeaksEscapes(Hostile):
    """Clears the terminal of whoever reads its last words, and breaks their encoding."""

    def attack(self):
        raise RuntimeError("\x1b[2J\x1b]0;owned\x07 half a letter: \ud800")


class HidesMemory(Hostile):
    """Holds memory that no process has mapped."""

    states = ("oom",)
    gaps = {"": ("memory",)}  # noqa: RUF012

    def attack(self):
        self.kept = [os.memfd_create(str(part)) for part in range(4)]
        for handle in self.kept:
            for _ in range(200):
                os.write(handle, b"x" * MIB)
        raise BrokeOut("it holds 800 MiB")


#: Variants, beyond the promise.
OTHERS = (
    WritesIntoData, Daemonises, FloodsStderr, FloodsAnswers, ForgesNumbers, ForgesAlerts,
    ForgesDepth, ForgesBytes, ClosesPipes, ReadsMemory, SignalsBench, HangsAtStart, HangsAtExit,
    StopsItself, AnswersLate, ClosesFolders, SpeaksEscapes, HidesMemory,
)  # fmt: skip
