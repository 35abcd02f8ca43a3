"""Runs hostile components beside an honest one, at a level of isolation, and sees what came of it.

As a program: ``python -m tests.bench.hostile_runs METHOD+METHOD JOBS NAME...`` prints JSON.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import psutil
from tests.bench.dataset import small_world
from tests.bench.hostile_components import ELEVEN, SECRET
from tests.bench.hostile_variants import OTHERS

from misusebench import hosting
from misusebench.confinement import Limits
from misusebench.isolation import Worker
from misusebench.outcomes import Bench, run_all
from misusebench.sandbox import METHODS
from misusebench.suite import ComponentSpec, Suite
from misusesim.dataset import schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = str(Path(__file__).parent)
LIMITS = Limits(
    start_s=4, fit_s=20, batch_s=3, total_s=40, memory_mb=600, output_mb=4, processes=32
)
CLASSES = {one.__name__: one for one in (*ELEVEN, *OTHERS)}
#: Folders that everyone may write to.
OPEN = ("/tmp", "/var/tmp", "/dev/shm", "/run/lock")


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one hostile component."""

    name: str
    level: str
    state: str
    reason: str
    not_stopped: list[str]
    gaps: list[str]  # of them, as keys
    seconds: float
    peak_mb: float
    left: list[str]  # processes and files, afterwards
    same: bool  # whether its neighbour's answers are those that it gives alone

    @property
    def escaped(self) -> bool:
        """Whether it got out, left something or changed its neighbour."""
        return bool(self.reason.startswith("BrokeOut") or self.left or not self.same)

    @property
    def borne(self) -> bool:
        """Whether it was contained and told as it should, or its level owns up to this way out."""
        asked = CLASSES[self.name]
        if self.left or not self.same:
            return False
        if self.escaped:
            way = self.reason.removeprefix("BrokeOut: ").partition(" (hostile_")[0]
            return bool(set(asked.gaps.get(way, asked.gaps.get("", ()))) & set(self.gaps))
        return self.state in asked.states and (self.state == "ok" or bool(self.reason))


class _Data:
    """The hand-made data set, with a truth on disk to be stolen."""

    manifest = {"scenario": "small", "scenario_hash": "s", "dataset_hash": "d", "seed": 1}  # noqa: RUF012

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log, self._context, _ = small_world()
        (path / "truth").mkdir(parents=True)
        self.truth = path / "truth" / "queries.parquet"
        self.truth.write_text(SECRET)

    def log(self, columns=None):
        return self._log if columns is None else self._log.select(columns)

    def context(self, tier):
        return {n: t for n, t in self._context.items() if n.partition("/")[0] in schema.TIERS[tier]}


class _Seen(Worker):
    """A worker that is kept for what it was."""

    seen: dict[str, tuple[Worker, float]] = {}  # noqa: RUF012
    methods: Sequence[str] = METHODS

    def __init__(self, *args, **options):
        super().__init__(*args, methods=type(self).methods, **options)
        self.begun = time.monotonic()

    def ask(self, header, payload=b"", **options):
        if header["op"] == "start":
            self.target = header["target"]
        return super().ask(header, payload, **options)

    def __exit__(self, *error):
        super().__exit__(*error)
        self.seen[getattr(self, "target", "")] = (self, time.monotonic() - self.begun)


@contextmanager
def stage(methods: Sequence[str]) -> Iterator[Stage]:
    """Give a stage for runs at the level of these methods."""
    with ExitStack() as open_things:
        scratch = Path(
            open_things.enter_context(tempfile.TemporaryDirectory(prefix="hostile-run-"))
        )
        scratch.chmod(0o755)
        open_things.enter_context(mock.patch.object(tempfile, "tempdir", str(scratch)))
        open_things.enter_context(mock.patch.dict(os.environ, {"BENCH_SECRET": SECRET}))
        open_things.enter_context(mock.patch.object(hosting, "Worker", _Seen))
        open_things.enter_context(mock.patch.object(_Seen, "methods", tuple(methods)))
        yield Stage(scratch, open_things)


class Stage:
    """A data set, services to be misused, and what the honest component says alone."""

    def __init__(self, scratch: Path, open_things: ExitStack) -> None:
        self._scratch, data = scratch, _Data(scratch / "data")
        open_things.callback(data.truth.open("rb").close)  # held open, as a bench might
        self._told = {
            "truth": str(data.truth), "bench": os.getpid(), "scratch": str(scratch),
            "deadline": LIMITS.batch_s, **_services(scratch, open_things),
        }  # fmt: skip
        self._bench = Bench(data, Suite("hostile", (), limits=LIMITS), unsafe=True)
        self._known = self._there()
        self.honest = ComponentSpec("detector", "Good", "bad_components:Good", {}, None, (HERE,))
        (alone,) = run_all(self._bench, [self.honest], 1)
        self._alone = alone.replayed

    def beside(self, names: Sequence[str], jobs: int = 2) -> list[Found]:
        """Run hostile components together, an honest one after each third of them."""
        specs: list[ComponentSpec] = []
        for place, name in enumerate(names):
            target = f"{CLASSES[name].__module__.rpartition('.')[2]}:{name}"
            specs.append(ComponentSpec("detector", name, target, self._told, None, (HERE,)))
            if place % 3 == 0:
                specs.append(self.honest)
        outcomes = run_all(self._bench, specs, jobs)
        left = self._left()
        same = all(
            one.state == "ok"
            and one.replayed.score.tobytes() == self._alone.score.tobytes()
            and one.replayed.alerts == self._alone.alerts
            for one in outcomes
            if one.spec is self.honest
        )
        hostile = [one for one in outcomes if one.spec is not self.honest]
        return [self._found(one, left, same=same) for one in hostile]

    def _found(self, outcome, left: list[str], *, same: bool) -> Found:
        worker, seconds = _Seen.seen[outcome.spec.target]
        return Found(
            outcome.spec.name, worker.isolation.level, outcome.state,
            outcome.reasons[0] if outcome.reasons else "", outcome.isolation["not_stopped"],
            list(worker.isolation.gaps), round(seconds, 2), round(worker.peak_mb, 1), left, same,
        )  # fmt: skip

    def _there(self) -> set[str]:
        files = {str(path) for path in self._scratch.rglob("*")}
        return files | {str(p) for folder in OPEN for p in Path(folder).glob("hostile-[0-9]*")}

    def _left(self) -> list[str]:
        """Return processes and files that should be gone, and do away with them."""
        processes = [one for one in psutil.process_iter() if self._is_ours(one)]
        files = sorted(self._there() - self._known)
        found = [f"process {one.pid}" for one in processes] + files
        for one in processes:
            one.kill()
        for path in files:
            Path(path).unlink(missing_ok=True)
        return found

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get("HOME", "").startswith(str(self._scratch))
        except (psutil.Error, OSError):
            return False


def _services(scratch: Path, open_things: ExitStack) -> dict[str, object]:
    """Open sockets that a component must not reach."""
    tcp, udp = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    service, abstract = (socket.socket(socket.AF_UNIX) for _ in range(2))
    for one in (tcp, udp, service, abstract):
        open_things.enter_context(one)
    name = str(scratch / "service")
    for one, address in ((tcp, ("127.0.0.1", 0)), (udp, ("127.0.0.1", 0)), (service, name),
                         (abstract, "\0" + name)):  # fmt: skip
        one.bind(address)
        if one is not udp:
            one.listen()
    Path(name).chmod(0o777)
    return {"tcp": tcp.getsockname()[1], "udp": udp.getsockname()[1], "service": name}


def elsewhere(
    methods: str, names: Sequence[str], uid: int | None = None, *, jobs: int = 4
) -> list[Found]:
    """Run components in a process of an account of their own (None: this one).

    All together, or with two jobs one after the other, so that each has its own honest neighbour.

    Its environment holds the secret from the start, which is what /proc tells of it.
    """
    words = ["-m", "tests.bench.hostile_runs", methods, str(jobs), *names]
    if uid is not None:
        words = [str(Path(HERE, "as_account.py")), str(uid), *words]
    done = subprocess.run(
        [sys.executable, *words], cwd=Path(HERE).parent.parent, capture_output=True, text=True,
        check=False, env=os.environ | {"BENCH_SECRET": SECRET},
    )  # fmt: skip
    if done.returncode:
        raise AssertionError(f"{' '.join(words)}: {done.stderr}")
    return [Found(**one) for one in json.loads(done.stdout)]


def main(methods: str, jobs: str, *names: str) -> None:
    """Print what came of components."""
    groups = [[name] for name in names] if jobs == "2" else [names]
    with stage([] if methods == "none" else methods.split("+")) as ready:
        found = [one for group in groups for one in ready.beside(group, int(jobs))]
    sys.stdout.write(json.dumps([asdict(one) for one in found]) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
