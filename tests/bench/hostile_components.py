"""Components that mean harm: the eleven that the bench promises to bear.

Each bounds itself (processes, bytes, seconds), so that a failed containment harms no machine.
Who gets out of what shuts it in says so by raising `BrokeOut`; who is refused raises what it was
refused with; who only leaves something behind answers as if nothing were.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from pathlib import Path

import numpy as np

SECRET = "only-the-bench-may-read-this"
MIB = 2**20
LONG_S = 600.0
ORPHAN_S = 20.0


class BrokeOut(RuntimeError):  # noqa: N818 - it is what happened
    """It could do what no component may."""


class Hostile:
    """Answers honestly, after its attack.

    `states` are those it may end in; `gaps` tells by the way out which of
    `confinement.NOT_STOPPED` a level must own up to that lets it through; "" is any other way.
    """

    tiers = ("T0", "T1", "T2", "T3")
    needs = ("officer_id",)
    states: tuple[str, ...] = ("crash",)
    gaps: dict[str, tuple[str, ...]] = {}  # noqa: RUF012

    def __init__(self, **told):
        self.name = type(self).__name__
        self.told = told
        self.refused = []

    def score(self, batch):
        if 0 in (os.getuid(), os.geteuid()):
            raise BrokeOut("it runs as root")
        self.rows = batch.num_rows
        self.attack()
        if self.refused:
            raise RuntimeError(f"refused: {'; '.join(sorted(set(self.refused)))}"[:500])
        return np.ones(batch.num_rows)

    def attack(self):
        raise NotImplementedError

    def attempt(self, what, do):
        """Note a refusal; whatever works is a way out."""
        try:
            done = do()
        except (OSError, EOFError) as error:
            self.refused.append(f"{what}: {type(error).__name__}")
        else:
            if done:
                raise BrokeOut(what)


class Hangs(Hostile):
    states = ("timeout",)

    def attack(self):
        time.sleep(LONG_S)


class Loops(Hostile):
    states = ("timeout",)

    def attack(self):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            pass


class Leaks(Hostile):
    states = ("oom",)

    def attack(self):
        hoard = []
        for _ in range(2048):
            hoard.append(np.ones(MIB // 8))
            time.sleep(0.001)
        raise BrokeOut("it holds 2 GiB")


class Forks(Hostile):
    """Doubles itself eight times: 256 processes."""

    states = ("invalid", "crash")

    def attack(self):
        first = os.getpid()
        try:
            for _ in range(8):
                os.fork()
        except OSError:
            if os.getpid() == first:
                raise
        time.sleep(ORPHAN_S)
        if os.getpid() != first:
            os._exit(0)
        raise BrokeOut("256 processes lived")


class FillsDisk(Hostile):
    states = ("crash", "invalid")
    gaps = {"": ("files",), "its folder": ()}  # noqa: RUF012

    def attack(self):
        for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run/lock"):
            self.attempt(folder, lambda at=folder: self._fill(Path(at), 64))
        self.refused.clear()
        self._fill(Path(), 1024)
        raise BrokeOut("its folder")

    def _fill(self, folder, mib):
        for part in range(mib // 64):
            path = folder / f"hostile-{os.getpid()}-{part}"
            with path.open("wb") as file:
                for _ in range(64):
                    file.write(b"x" * MIB)
            if folder != Path():
                path.unlink()
        return True


class Crashes(Hostile):
    def attack(self):
        os.kill(os.getpid(), signal.SIGSEGV)


class FloodsStdout(Hostile):
    states = ("invalid",)
    stream = sys.stdout

    def attack(self):
        for _ in range(200):
            self.stream.write("x" * MIB)
        raise BrokeOut("it printed 200 MiB")


class LeavesOrphan(Hostile):
    """Cuts a grandchild loose, in a session of its own, and answers."""

    states = ("ok",)
    started = False

    def attack(self):
        if self.started:
            return
        self.started = True
        if child := os.fork():
            os.waitpid(child, 0)
            return
        os.setsid()
        if os.fork():
            os._exit(0)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        self.live()
        os._exit(0)

    def live(self):
        time.sleep(ORPHAN_S)


class UsesNetwork(Hostile):
    gaps = {  # noqa: RUF012
        "TCP": ("tcp",), "UDP": ("network",), "a service's socket": ("network",),
        "a service's abstract socket": ("network",),
    }  # fmt: skip

    def attack(self):
        self.attempt("TCP", self._tcp)
        self.attempt("UDP", self._udp)
        self.attempt("a service's socket", lambda: self._unix(self.told["service"]))
        self.attempt("a service's abstract socket", lambda: self._unix("\0" + self.told["service"]))

    def _tcp(self):
        with socket.create_connection(("127.0.0.1", self.told["tcp"]), 1):
            return True

    def _udp(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            return sender.sendto(b"x", ("127.0.0.1", self.told["udp"]))

    def _unix(self, address):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.connect(address)
            return True


class ReadsEnvironment(Hostile):
    gaps = {"an environment": ("processes",)}  # noqa: RUF012

    def attack(self):
        if SECRET in os.environ.values():
            raise BrokeOut("the bench's environment was passed on")
        pids = [self.told["bench"], os.getppid(), *range(1, 5)]
        for pid in dict.fromkeys(pids):
            path = Path(f"/proc/{pid}/environ")
            self.attempt("an environment", lambda at=path: SECRET.encode() in at.read_bytes())
        self.refused.append("nothing of the bench's environment")


class ReadsTruth(Hostile):
    """By its path, by links, by what other processes hold open, by what was left open to it."""

    gaps = {"": ("files",)}  # noqa: RUF012

    def attack(self):
        truth, bench = Path(self.told["truth"]), self.told["bench"]
        self.attempt("its path", lambda: self._reads(truth))
        Path("link").unlink(missing_ok=True)
        Path("link").symlink_to(truth)
        self.attempt("a link", lambda: self._reads(Path("link")))
        for root in (
            "/proc/self/root",
            f"/proc/{bench}/root",
            "/proc/1/root",
            f"/proc/{bench}/cwd",
        ):
            self.attempt(root, lambda at=root: self._reads(Path(at, str(truth).lstrip("/"))))
        for number in range(64):
            self.attempt(
                "what others hold open",
                lambda at=number: self._reads(Path(f"/proc/{bench}/fd/{at}")),
            )
            with contextlib.suppress(OSError):
                if SECRET.encode() in os.pread(number, 1 << 16, 0):
                    raise BrokeOut("a descriptor was left open")

    def _reads(self, path):
        return SECRET.encode() in path.read_bytes()


#: The set of the promise.
ELEVEN = (
    Hangs, Loops, Leaks, Forks, FillsDisk, Crashes, FloodsStdout, LeavesOrphan, UsesNetwork,
    ReadsEnvironment, ReadsTruth,
)  # fmt: skip
