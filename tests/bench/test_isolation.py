from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
from tests.bench.dataset import small_world

from misusebench.component_faults import ComponentFault
from misusebench.confinement import Isolation, Limits
from misusebench.errors import IsolationError
from misusebench.isolated import IsolatedDetector, start
from misusebench.isolation import Worker
from misusebench.replay import compact
from misusebench.suite import ComponentSpec

#: Every test starts processes.
pytestmark = pytest.mark.slow

HERE = str(Path(__file__).parent)
LOG, CONTEXT, _ = small_world()
BATCH = compact(LOG.slice(0, 50))
NOT_ROOT = os.geteuid() != 0
NAN = "score() returned 1 values of 50 that are not finite, the first at row 49: nan"
LIST = "WrongAnswerError: score() must return a float64 array of one dimension, got list"
PLANET = (
    "alerts() returned a malformed alert: level must be one of query, officer, unit, subject, "
    "got 'planet'"
)


def spec(name: str, **parameters: object) -> ComponentSpec:
    return ComponentSpec("detector", name, f"bad_components:{name}", parameters, None, (HERE,))


def score(component: ComponentSpec, limits: Limits | None = None, **options):
    """Start a component and have it score fifty rows."""
    with Worker(limits, **{"search": component.search} | options) as worker:
        detector = IsolatedDetector(worker, start(worker, component))
        return detector.score(BATCH, 0)[0]


def fault(name: str, limits: Limits | None = None, **options) -> ComponentFault:
    """Return the fault of a component that is bound to fail."""
    with pytest.raises(ComponentFault) as caught:
        score(spec(name), limits, **options)
    return caught.value


def probe(action: str, path: object = "", limits: Limits | None = None, **options) -> str:
    """Return what came of something a component must not do."""
    limits = limits or Limits(memory_mb=1e6)
    with pytest.raises(ComponentFault) as caught:
        score(spec("Probe", action=action, path=str(path)), limits, **options)
    return caught.value.reason


@cache
def given() -> frozenset[str] | str:
    """Return the methods that this machine gives a worker, or why none."""
    try:
        with Worker() as worker:
            return frozenset(worker.isolation.methods)
    except IsolationError as error:
        return str(error)


def needs(*methods: str) -> None:
    """Skip where the machine does not give the methods asked for."""
    have = given()
    if isinstance(have, str):
        pytest.skip(have)
    if missing := set(methods) - have:
        pytest.skip(f"this machine has no {', '.join(sorted(missing))} for workers")


def test_a_good_component_scores():
    """Scores come back as float64, one a row: the officers' running counts."""
    scores = score(spec("Good", step=2.0))
    assert scores.dtype.name == "float64"
    assert len(scores) == 50
    assert scores[0] == 2.0


def test_not_root_and_hidden_environment():
    """A worker is never root and sees no variable of ours."""
    os.environ["MISUSEBENCH_SECRET"] = "x"
    try:
        seen = probe("environment")
    finally:
        del os.environ["MISUSEBENCH_SECRET"]
    assert "SECRET" not in seen
    assert "PYTHONHASHSEED" in seen
    assert probe("account") != "RuntimeError: outcome=0"


def test_truth_cannot_be_read(tmp_path):
    """A hidden folder's file cannot be opened, nor one of the caller's own folder."""
    needs("landlock")
    truth = tmp_path / "truth.txt"
    truth.write_text("secret", encoding="utf-8")
    tmp_path.chmod(0o755)
    reason = probe("read", truth, hide=[tmp_path])
    assert "secret" not in reason
    assert reason.startswith(("PermissionError", "FileNotFoundError"))


def test_truth_below_the_components_own_folder_is_hidden(tmp_path):
    """A data set inside the folder that a component may read does not exist for it."""
    needs("namespaces")
    module = Path(HERE, "bad_components.py").read_text(encoding="utf-8")
    (tmp_path / "bad_components.py").write_text(module, encoding="utf-8")
    tmp_path.chmod(0o755)
    data = tmp_path / "data"
    data.mkdir()
    (data / "truth.txt").write_text("secret", encoding="utf-8")
    own = ComponentSpec(
        "detector", "p", "bad_components:Probe",
        {"action": "exists", "path": str(data / "truth.txt")}, None, (str(tmp_path),),
    )  # fmt: skip
    with pytest.raises(ComponentFault) as caught:
        score(own, hide=[data])
    said = caught.value.reason.rpartition(" (")[0]
    assert said.endswith(("outcome=False", f"Permission denied: '{data}/truth.txt'"))


def test_what_lies_beside_a_component_is_not_its_own(tmp_path):
    """An old run in the working folder cannot be opened; Python files beside it go along."""
    needs("landlock")
    module = "from beside import Probe\n"
    (tmp_path / "mine.py").write_text(module, encoding="utf-8")
    source = Path(HERE, "bad_components.py").read_text(encoding="utf-8")
    (tmp_path / "beside.py").write_text(source, encoding="utf-8")
    old = tmp_path / "run0" / "scores.parquet"
    old.parent.mkdir()
    old.write_text("secret", encoding="utf-8")
    for folder in (tmp_path, old.parent):
        folder.chmod(0o755)
    own = ComponentSpec(
        "detector", "p", "mine:Probe", {"action": "read", "path": str(old)}, None, (str(tmp_path),)
    )
    with pytest.raises(ComponentFault) as caught:
        score(own, module=own.module)
    assert caught.value.reason.startswith(("PermissionError", "FileNotFoundError"))
    assert " (beside.py:" in caught.value.reason


def test_the_simulator_is_out_of_reach():
    """A component cannot make the world again with the simulator that lies on the machine."""
    needs("namespaces")
    reason = probe("simulate")
    assert reason.startswith("ModuleNotFoundError: No module named 'misusesim.world")


def test_a_closed_folder_of_a_component_is_told(tmp_path):
    """As root, a component in a folder of mode 700 is refused with what to do."""
    if NOT_ROOT:
        pytest.skip("only root changes to another account")
    tmp_path.chmod(0o700)
    with pytest.raises(IsolationError, match=r"chmod o\+rx"), Worker(search=[str(tmp_path)]):
        pass


def test_landlock_alone_refuses_a_data_set_below_the_components_folder(tmp_path):
    """Where nothing can be hidden the run is refused with what to do."""
    if not NOT_ROOT:
        pytest.skip("as root a worker without namespaces may not reach the interpreter")
    with (
        pytest.raises(IsolationError, match="Move the component's module"),
        Worker(search=[tmp_path], hide=[tmp_path / "data"], methods=("landlock",)),
    ):
        pass


@pytest.mark.parametrize("folder", [HERE, "/tmp", "/var/tmp"])
def test_writing_outside_its_folder_is_refused(folder):
    """Only its own folder can be written to."""
    needs("landlock")
    assert "outcome" not in probe("write", folder)
    assert not Path(folder, "spoor").exists()


def test_its_own_folder_can_be_written_and_is_removed():
    """The folder a component works in is its own and gone afterwards."""
    with Worker(search=[HERE]) as worker:
        work = Path(worker._work)
        detector = IsolatedDetector(worker, start(worker, spec("Probe", action="scratch")))
        with pytest.raises(ComponentFault, match="outcome=1"):
            detector.score(BATCH, 0)
    assert not work.exists()


def test_no_network():
    """Neither TCP nor UDP reaches a listener of this machine."""
    needs("namespaces")
    with socket.socket() as listener, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as packets:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        packets.bind(("127.0.0.1", 0))
        packets.setblocking(False)
        assert "outcome" not in probe("tcp", listener.getsockname()[1])
        probe("udp", packets.getsockname()[1])
        with pytest.raises(BlockingIOError):
            packets.recv(1)


def test_other_processes_cannot_be_listed():
    """The list of processes is closed."""
    needs("landlock")
    assert probe("processes").startswith("PermissionError")


def test_a_fork_bomb_is_stopped_and_leaves_nobody():
    """Too many processes are refused, and those that started end with the worker."""
    needs("uid", "namespaces")
    before = len(psutil.pids())
    many = Limits(memory_mb=1e6, processes=1e6)
    found = probe("children", limits=many)
    assert found.startswith("RuntimeError: outcome=stopped, True (bad_components.py:")
    assert probe("children") == "started more than 64 processes"
    assert len(psutil.pids()) < before + 50


@pytest.mark.parametrize(
    ("name", "state", "reason"),
    [
        ("Raises", "crash", "RuntimeError: cannot go on"),
        ("Dies", "crash", "its process ended with signal SIGSEGV"),
        ("TooShort", "invalid", "score() returned 49 scores for 50 rows"),
        ("NotANumber", "invalid", NAN),
        ("WrongType", "invalid", LIST),
        ("MalformedAlert", "invalid", PLANET),
        ("HalfLetter", "invalid", "alerts() returned a malformed alert: 'utf-8' codec can't"),
        ("OneWord", "invalid", "WrongAnswerError: tiers must be a tuple such as ('T1',), got 'T1'"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_told(name, state, reason):
    """Each kind of failure has a state and a reason, and the component's last words."""
    found = fault(name)
    own = " (bad_components.py:" if name == "Raises" else ""
    assert (found.state, found.reason[: len(reason + own)]) == (state, reason + own)
    assert name != "Raises" or "about to fail" in found.stderr


def test_a_hanging_component_is_ended():
    """The wall clock ends a component that does not answer."""
    found = fault("Hangs", Limits(batch_s=0.3))
    assert (found.state, found.reason) == ("timeout", "no answer within 0.3 s")


def test_a_leaking_component_is_ended():
    """Memory over the limit ends a component."""
    found = fault("Leaks", Limits(memory_mb=400))
    assert (found.state, found.reason) == ("oom", "used more than 400 MiB of memory")


def test_endless_output_is_ended():
    """Printing without end ends a component."""
    found = fault("Prints", Limits(output_mb=1))
    assert (found.state, found.reason) == ("invalid", "printed more than 1 MiB")


def test_a_missing_class_is_a_fault():
    """A class that does not exist in a module that does is the component's fault."""
    with pytest.raises(ComponentFault, match="has no attribute 'Absent'"):
        score(ComponentSpec("detector", "x", "bad_components:Absent", {}, None, (HERE,)))


def test_root_without_a_way_down_is_refused():
    """As root, a worker that stays root is refused even if unsafe."""
    if NOT_ROOT:
        pytest.skip("only root can stay root")
    with pytest.raises(IsolationError, match="never run as root"), Worker(methods=(), unsafe=True):
        pass


def test_no_isolation_is_refused_unless_unsafe():
    """Without Landlock and namespaces only an unsafe run goes on, and says what it is worth."""
    if not NOT_ROOT:
        pytest.skip("root needs namespaces to reach the interpreter as another account")
    with pytest.raises(IsolationError, match="--unsafe"), Worker(methods=()):
        pass
    with Worker(methods=(), unsafe=True) as worker:
        assert worker.isolation.level == "none"


def test_namespaces_without_landlock_leave_nothing_else():
    """With namespaces alone only what it may read exists, and no hidden folder below it."""
    needs("namespaces")
    with TemporaryDirectory() as folder:  # pytest's own folders are closed to other accounts
        Path(folder).chmod(0o755)
        truth = Path(folder, "truth.txt")
        truth.write_text("secret", encoding="utf-8")
        own = [HERE, folder]
        assert "secret" in probe("read", truth, methods=("namespaces", "uid"), search=own)
        for hidden in ({"search": own, "hide": [folder]}, {}):
            reason = probe("read", truth, methods=("namespaces", "uid"), **hidden)
            assert reason.startswith(("PermissionError", "FileNotFoundError"))


def test_a_level_says_what_it_does_not_stop():
    """The level is one word; what it lets through is plain text."""
    full = Isolation(("namespaces", "uid", "landlock"), ())
    assert full.level == "landlock+namespaces+uid"
    assert full.gaps == ("load", "memory", "times", "copy")
    assert any("UDP" in line for line in Isolation(("landlock",), ()).not_stopped)
    assert any("truth included" in line for line in Isolation(("uid",), ()).not_stopped)
    assert {"tcp", "signals"} <= set(Isolation(("landlock",), (), abi=3).gaps)
    assert not {"tcp", "signals"} & set(Isolation(("landlock",), (), abi=6).gaps)
    assert "processes" in Isolation(("namespaces", "uid"), (), own_processes=False).gaps
