"""Tasks on a Ray cluster: the queue with a Ray made up here, and the real one where it is."""

from __future__ import annotations

import errno
import importlib
import os
import signal
import socket
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from misusebench.__main__ import main
from misusesim import raycluster, shards
from misusesim.errors import DatasetError, UsageError
from misusesim.ledger import Done
from misusesim.raycluster import check, run_on_ray
from misusesim.scenario.load import load_scenario
from misusesim.tasks import Task

if TYPE_CHECKING:
    from pathlib import Path

TASKS = [Task(0), Task(1), Task(0, 0), Task(0, 1), Task(1, 0)]


def done(task):
    return Done(task.name, (), {})


# Without Ray


class FakeError(Exception):
    pass


class FakeTaskError(FakeError):
    def __init__(self, cause):
        super().__init__("a traceback of many lines")
        self.cause = cause


class FakeRay:
    """Does a task when it is waited for, the one started last first."""

    exceptions = SimpleNamespace(RayError=FakeError, RayTaskError=FakeTaskError)

    def __init__(self, cores=2.0):
        self.cores, self.asked, self.most, self.events = cores, [], 0, []
        self.waiting: dict[int, tuple] = {}

    def init(self, **settings):
        self.events.append("init")
        self.settings = settings

    def shutdown(self):
        self.events.append("shutdown")

    def cluster_resources(self):
        return {"CPU": self.cores} if self.cores else {}

    def remote(self, **options):
        self.options = options
        return lambda function: SimpleNamespace(remote=lambda *a: self._start(function, a))

    def _start(self, function, arguments):
        ref = len(self.asked)
        self.asked.append(arguments[1].name)
        self.waiting[ref] = (function, arguments)
        self.most = max(self.most, len(self.waiting))
        return ref

    def wait(self, refs, num_returns):
        assert sorted(refs) == sorted(self.waiting)
        return refs[-num_returns:], refs[:-num_returns]

    def get(self, ref):
        function, arguments = self.waiting.pop(ref)
        try:
            return function(*arguments)
        except FakeError:
            raise
        except Exception as error:
            raise FakeTaskError(error) from error


@pytest.fixture
def ray(monkeypatch):
    made = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", made)
    return made


def test_all_tasks_are_done_once(ray):
    """Every task comes back, each shard starts after the causal pass of its agency."""
    came = []
    run_on_ray(done, TASKS, None, 2, lambda result: came.append(result.task))
    assert sorted(came) == sorted(task.name for task in TASKS)
    assert came.index("a00000") < min(came.index("a00000-p000"), came.index("a00000-p001"))
    assert came.index("a00001") < came.index("a00001-p000")
    assert ray.options == {"num_cpus": 1, "max_retries": 3}
    assert ray.events == ["init", "shutdown"]


def test_no_more_tasks_at_a_time_than_workers(ray):
    """The number of workers holds on a cluster with more cores; without it all cores are used."""
    ray.cores = 3.0
    shards_only = [Task(0, period) for period in range(9)]
    run_on_ray(done, shards_only, "auto", 2, lambda _: None)
    assert ray.most == 2
    run_on_ray(done, shards_only, "auto", None, lambda _: None)
    assert ray.most == 3


def test_a_cluster_of_our_own_is_small_and_quiet(ray):
    """One core a worker, little memory for objects, no dashboard, no statistics sent."""
    run_on_ray(done, TASKS, None, 2, lambda _: None)
    assert ray.settings["address"] == "local"
    assert ray.settings["num_cpus"] == 2
    assert ray.settings["object_store_memory"] < 200e6
    assert ray.settings["include_dashboard"] is False
    assert ray.settings["log_to_driver"] is False
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def test_a_cluster_of_others_keeps_its_settings(ray):
    """Cores and memory are those it was started with."""
    run_on_ray(done, TASKS, "head:6379", 2, lambda _: None)
    assert ray.settings["address"] == "head:6379"
    assert not {"num_cpus", "object_store_memory"} & set(ray.settings)


def test_nothing_to_do_starts_nothing(ray):
    """An empty list needs no cluster."""
    run_on_ray(done, [], None, 2, lambda _: None)
    assert ray.events == []


def test_an_error_in_a_task_is_raised_as_it_was(ray):
    """The number of a disk error is kept: a full disk has a message of its own."""

    def full(task):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left") as raised:
        run_on_ray(full, TASKS, None, 2, lambda _: None)
    assert raised.value.errno == errno.ENOSPC
    assert ray.events == ["init", "shutdown"]


def test_a_task_whose_worker_always_dies_is_named(ray):
    """What came back before is kept."""

    def killed(task):
        if task.name == "a00000-p001":
            raise FakeError
        return done(task)

    came = []
    with pytest.raises(DatasetError, match="the worker for a00000-p001 was ended 4 times") as error:
        run_on_ray(killed, TASKS, None, 2, lambda result: came.append(result.task))
    assert "run the same command again" in str(error.value)
    assert {"a00000", "a00001"} <= set(came)


def test_ctrl_c_leaves_the_cluster(ray):
    """The connection is closed whatever ends the run."""

    def stop(_result):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_on_ray(done, TASKS, None, 2, stop)
    assert ray.events == ["init", "shutdown"]


def test_a_cluster_that_does_not_start(ray, monkeypatch):
    """An error of Ray at the start is a line, not a traceback."""

    def init(**_settings):
        raise RuntimeError("Maybe you called ray.init twice by accident?\n  see more\n" * 9)

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(UsageError, match=r"at local: Maybe you called ray\.init twice") as error:
        run_on_ray(done, TASKS, None, 2, lambda _: None)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


def test_a_cluster_without_cores_is_refused(ray):
    """Or the run would wait for ever."""
    ray.cores = 0
    with pytest.raises(UsageError, match="at auto has no cores"):
        run_on_ray(done, TASKS, "auto", None, lambda _: None)


@pytest.mark.parametrize("module", [None, SimpleNamespace()], ids=["absent", "a folder named ray"])
def test_ray_not_installed(monkeypatch, tmp_path, capsys, module):
    """The extra is named, the exit code is 2 and nothing is written."""
    monkeypatch.setitem(sys.modules, "ray", module)
    assert main(["simulate", "tiny", "-o", str(tmp_path / "out"), "--engine", "ray"]) == 2
    said = capsys.readouterr().err
    assert said == "the ray engine needs the extra: pip install 'misusebench[dist]'\n"
    assert not (tmp_path / "out").exists()


def test_an_address_is_rays(tmp_path, capsys):
    """Without the engine it would mean nothing."""
    given = ["simulate", "tiny", "-o", str(tmp_path / "out"), "--address", "head:6379"]
    assert main(given) == 2
    assert "--engine ray" in capsys.readouterr().err
    with pytest.raises(UsageError, match="no engine dask; there are local, ray"):
        shards.run(load_scenario("tiny"), tmp_path / "out", engine="dask")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("address", ["head", ":6379", "head:", "head:ray", "ray://head", ""])
def test_what_is_no_address(ray, address):
    """The shape is said."""
    with pytest.raises(UsageError, match="give HOST:PORT or auto"):
        check(address)


@pytest.fixture
def port():
    """Return a port at which something listens that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_nothing_listens(ray, tmp_path, capsys):
    """A refused connection is told at once, and nothing is written."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    out = tmp_path / "out"
    given = ["simulate", "tiny", "-o", str(out), "--engine", "ray", "--address"]
    assert main([*given, f"127.0.0.1:{closed}"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"no Ray cluster can be reached at 127.0.0.1:{closed}: ")
    assert said.count("\n") == 1
    assert not out.exists()
    with pytest.raises(UsageError, match=r"no Ray cluster can be reached at 127\.0\.0\.1:99999"):
        check("127.0.0.1:99999")


def test_something_else_listens(ray, port, monkeypatch):
    """What does not answer in time is no cluster; why another one refuses is passed on."""
    monkeypatch.setattr(raycluster, "PATIENCE", 0.2)
    monkeypatch.setattr(raycluster, "_PROBE", "import time; time.sleep(60)")
    with pytest.raises(UsageError, match=r"no answer in 0\.2 s"):
        check(f"127.0.0.1:{port}")
    monkeypatch.setattr(raycluster, "PATIENCE", 20)
    monkeypatch.setattr(raycluster, "_PROBE", "raise RuntimeError('Version mismatch:\\n Python')")
    with pytest.raises(UsageError, match=f"127.0.0.1:{port}: Version mismatch: Python; start one"):
        check(f"127.0.0.1:{port}")
    monkeypatch.setattr(raycluster, "_PROBE", "raise SystemExit(1)")
    with pytest.raises(UsageError, match="at auto: Ray does not say why"):
        check("auto")
    monkeypatch.setattr(raycluster, "_PROBE", "")
    check(f"127.0.0.1:{port}")


def test_a_node_that_does_not_see_the_folder(tmp_path, monkeypatch):
    """Rows written to a disk of its own would be lost."""
    world = load_scenario("tiny")
    with pytest.raises(UsageError, match="all nodes need one shared folder"):
        shards.perform_on_node(world, tmp_path, Task(0))
    with shards._claimed(tmp_path, shards._identity(world)):
        monkeypatch.setattr(shards, "perform", lambda *_, outcomes_only: "done")
        assert shards.perform_on_node(world, tmp_path, Task(0)) == "done"
        monkeypatch.setattr(shards.manifest, "versions", lambda: {"numpy": "0.1"})
        with pytest.raises(UsageError, match=r"was made with numpy .*, this is 0\.1"):
            shards.perform_on_node(world, tmp_path, Task(0))


# With Ray


@pytest.fixture
def real(monkeypatch):
    pytest.importorskip("ray")
    yield
    importlib.sys.modules.pop("deeds_for_ray", None)


@pytest.fixture
def deeds(real, tmp_path, monkeypatch):
    """Write a module that workers can import: ways to do a task."""
    (tmp_path / "deeds_for_ray.py").write_text(
        "import os, pathlib\n"
        "from misusesim.ledger import Done\n"
        "from misusesim.shards import perform\n"
        f"HERE = pathlib.Path({str(tmp_path)!r})\n"
        "def killed_once(scenario, root, task, **how):\n"
        "    mark = HERE / 'killed'\n"
        "    if task.period == 0 and not mark.exists():\n"
        "        mark.touch()\n"
        "        os.kill(os.getpid(), 9)\n"
        "    return perform(scenario, root, task, **how)\n"
        "def full(task):\n"
        "    raise OSError(28, 'No space left on device')\n"
        "def always_killed(task):\n"
        "    if task.name == 'a00000-p001':\n"
        "        os.kill(os.getpid(), 9)\n"
        "    return Done(task.name, (), {'pid': os.getpid()})\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)  # the workers' path
    return importlib.import_module("deeds_for_ray")


@pytest.mark.slow
@pytest.mark.long
def test_a_node_without_the_package(deeds, monkeypatch):
    """A worker that cannot import what it is to do says so in a line."""
    monkeypatch.delenv("PYTHONPATH")
    with pytest.raises(UsageError, match="No module named 'deeds_for_ray'") as error:
        run_on_ray(deeds.full, TASKS, None, 2, lambda _: None)
    assert "on every node" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_the_same_bytes_as_locally(real, tiny_dataset, tmp_path):
    """One manifest, which holds the hash of every file."""
    shards.run(load_scenario("tiny"), tmp_path / "out", 2, engine="ray")
    assert manifest(tmp_path / "out") == manifest(tiny_dataset)


def manifest(folder: Path):
    return (folder / "manifest.json").read_bytes()


@pytest.mark.slow
def test_a_killed_worker_is_replaced(deeds, tiny_dataset, tmp_path, monkeypatch):
    """After kill -9 of a worker in the run the bytes are the same."""
    monkeypatch.setattr(shards, "perform_on_node", deeds.killed_once)
    shards.run(load_scenario("tiny"), tmp_path / "out", 2, engine="ray")
    assert (tmp_path / "killed").exists()
    assert manifest(tmp_path / "out") == manifest(tiny_dataset)


@pytest.mark.slow
@pytest.mark.long
def test_a_task_that_always_kills_is_named(deeds):
    """After four workers the culprit is named and the others are kept."""
    came = []
    with pytest.raises(DatasetError, match="the worker for a00000-p001 was ended 4 times"):
        run_on_ray(deeds.always_killed, TASKS, None, 2, lambda result: came.append(result.task))
    assert "a00000-p000" in came


@pytest.mark.slow
@pytest.mark.long
def test_a_full_disk_is_still_one(deeds):
    """The number of the error survives the way back."""
    with pytest.raises(OSError, match="No space left") as raised:
        run_on_ray(deeds.full, TASKS, None, 2, lambda _: None)
    assert raised.value.errno == errno.ENOSPC


@pytest.mark.slow
def test_a_cluster_at_an_address(real, tiny_dataset, tmp_path):
    """A cluster that runs already is used, and left running."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - not everywhere

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
    try:
        shards.run(
            load_scenario("tiny"), tmp_path / "out", None, engine="ray", address=cluster.address
        )
        check(cluster.address)
    finally:
        cluster.shutdown()
    assert manifest(tmp_path / "out") == manifest(tiny_dataset)


@pytest.mark.slow
def test_ctrl_c(real, tmp_path):
    """The exit code is 130, without a traceback, and no process of Ray is left."""
    command = [sys.executable, "-m", "misusebench", "simulate", "county", "--engine", "ray"]
    with subprocess.Popen(
        [*command, "-o", tmp_path / "out", "--workers", "2"],
        start_new_session=True, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        while not running.stderr.readline().startswith("1"):
            assert running.poll() is None
        os.killpg(running.pid, signal.SIGINT)
        said = running.stderr.read()
    assert running.returncode == 130
    assert "Traceback" not in said
    time.sleep(1)
    with pytest.raises(ProcessLookupError):
        os.killpg(running.pid, 0)
