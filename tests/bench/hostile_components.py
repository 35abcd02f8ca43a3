"""Components that mean harm. Eleven that the bench promises to bear, then others.

Each bounds itself (processes, bytes, seconds), so that a failed containment harms no machine.
Who gets out of what shuts it in says so by raising `BrokeOut`; who is refused raises what it was
refused with; who only leaves something behind answers as if nothing were.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import signal
import socket
import struct
import sys
import time
from pathlib import Path

import numpy as np

SECRET = "only-the-bench-may-read-this"
MIB = 2**20
_LONG_S = 600.0
_ORPHAN_S = 20.0


class BrokeOut(RuntimeError):  # noqa: N818 - it is what happened
    """It could do what no component may."""


class _Hostile:
    """Answers honestly, after its attack.

    `states` are those it may end in; `gaps` those of `confinement.NOT_STOPPED` that let it through.
    """

    tiers = ("T0", "T1", "T2", "T3")
    needs = ("officer_id",)
    states: tuple[str, ...] = ("crash",)
    gaps: tuple[str, ...] = ()

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


class Hangs(_Hostile):
    states = ("timeout",)

    def attack(self):
        time.sleep(_LONG_S)


class Loops(_Hostile):
    states = ("timeout",)

    def attack(self):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            pass


class Leaks(_Hostile):
    states = ("oom",)

    def attack(self):
        hoard = []
        for _ in range(2048):
            hoard.append(np.ones(MIB // 8))
            time.sleep(0.001)
        raise BrokeOut("it holds 2 GiB")


class Forks(_Hostile):
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
        time.sleep(_ORPHAN_S)
        if os.getpid() != first:
            os._exit(0)
        raise BrokeOut("256 processes lived")


class FillsDisk(_Hostile):
    states = ("crash", "invalid")
    gaps = ("files",)

    def attack(self):
        for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run/lock"):
            self.attempt(folder, lambda at=folder: self._fill(Path(at), 64))
        self.refused.clear()
        self._fill(Path(), 1024)
        raise BrokeOut("it wrote 1 GiB into its folder")

    def _fill(self, folder, mib):
        for part in range(mib // 64):
            path = folder / f"hostile-{os.getpid()}-{part}"
            with path.open("wb") as file:
                for _ in range(64):
                    file.write(b"x" * MIB)
            if folder != Path():
                path.unlink()
        return True


class Crashes(_Hostile):
    def attack(self):
        os.kill(os.getpid(), signal.SIGSEGV)


class FloodsStdout(_Hostile):
    states = ("invalid",)
    stream = sys.stdout

    def attack(self):
        for _ in range(200):
            self.stream.write("x" * MIB)
        raise BrokeOut("it printed 200 MiB")


class LeavesOrphan(_Hostile):
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
        time.sleep(_ORPHAN_S)


class UsesNetwork(_Hostile):
    gaps = ("files", "network", "tcp")

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


class ReadsEnvironment(_Hostile):
    gaps = ("files", "processes")

    def attack(self):
        if SECRET in os.environ.values():
            raise BrokeOut("the bench's environment was passed on")
        pids = [self.told["bench"], os.getppid(), *range(1, 5)]
        for pid in dict.fromkeys(pids):
            path = Path(f"/proc/{pid}/environ")
            self.attempt("an environment", lambda at=path: SECRET.encode() in at.read_bytes())
        self.refused.append("nothing of the bench's environment")


class ReadsTruth(_Hostile):
    """By its path, by links, by what other processes hold open, by what was left open to it."""

    gaps = ("files",)

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


class WritesIntoData(_Hostile):
    """Plants rows in the data set, and changes a file of another worker."""

    gaps = ("files",)

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
        time.sleep(_ORPHAN_S)


class FloodsStderr(FloodsStdout):
    stream = sys.stderr


class FloodsAnswers(_Hostile):
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
        time.sleep(_LONG_S)


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


class ClosesPipes(_Hostile):
    states = ("invalid", "crash")

    def attack(self):
        os.closerange(3, 64)
        time.sleep(_LONG_S)


class ReadsMemory(_Hostile):
    """Of the bench, by /proc and by two system calls."""

    gaps = ("files",)

    def attack(self):
        bench = self.told["bench"]
        self.attempt("mem", lambda: Path(f"/proc/{bench}/mem").open("rb").close() or True)
        self.attempt("maps", lambda: Path(f"/proc/{bench}/maps").read_bytes())
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.ptrace(0x4206, bench, None, None) == 0:  # PTRACE_SEIZE: it goes on running
            raise BrokeOut("ptrace")
        self.refused.append("ptrace")


class SignalsBench(_Hostile):
    gaps = ("files", "signals")

    def attack(self):
        self.attempt("a signal", lambda: os.kill(self.told["bench"], 0) or True)


class HangsAtStart(_Hostile):
    states = ("timeout",)

    def __init__(self, **_):
        time.sleep(_LONG_S)


class HangsAtExit(_Hostile):
    """Would hang when its interpreter ends."""

    states = ("ok",)

    def attack(self):
        atexit.register(time.sleep, _LONG_S)


class StopsItself(_Hostile):
    states = ("timeout",)

    def attack(self):
        os.kill(os.getpid(), signal.SIGSTOP)


class AnswersLate(_Hostile):
    states = ("timeout",)

    def attack(self):
        time.sleep(self.told["deadline"] + 2)


class ClosesFolders(_Hostile):
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


class SpeaksEscapes(_Hostile):
    """Clears the terminal of whoever reads its last words, and breaks their encoding."""

    def attack(self):
        raise RuntimeError("\x1b[2J\x1b]0;owned\x07 half a letter: \ud800")


class HidesMemory(_Hostile):
    """Holds memory that no process has mapped."""

    states = ("oom",)
    gaps = ("memory",)

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
