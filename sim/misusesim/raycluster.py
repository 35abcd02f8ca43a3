"""Tasks on a Ray cluster: the same queue and the same bytes as processes of one machine.

Ray starts a task again on another worker, or another node, when its worker dies. Only the entry of
a finished task comes back; tables go straight to the folder, which every node must see.
"""

from __future__ import annotations

import importlib
import logging
import os
import re
import socket
import subprocess
import sys
import textwrap
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from misusesim.errors import DatasetError, UsageError
from misusesim.workers import Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from misusesim.ledger import Done
    from misusesim.tasks import Task

RETRIES: Final = 3
PATIENCE: Final = 20.0  # seconds in which the address of a cluster must answer
_PROBE: Final = "import sys, ray; ray.init(sys.argv[1], log_to_driver=False)"
_OBJECT_STORE: Final = 100 * 2**20  # bytes; about the least that Ray takes
_SETTINGS: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is sent anywhere
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # or it warns of a change that is to come
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",  # or the death of a worker is told on stdout, amid the JSON
}


def check(address: str | None) -> None:
    """Refuse what cannot work before anything is written.

    Raises
    ------
    UsageError
        If Ray is not installed, or no cluster answers at the address.
    """
    _import_ray()
    if address is None:
        return
    if address != "auto":
        _check_port(address)
    probe = [sys.executable, "-c", _PROBE, address]  # here Ray would try for minutes, noisily
    try:
        tried = subprocess.run(  # noqa: S603 - our own interpreter and code
            probe, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise _unreachable(address, f"no answer in {PATIENCE:g} s") from error
    if tried.returncode:
        raise _unreachable(address, _reason(tried.stderr))


def _check_port(address: str) -> None:
    """Refuse an address that is none, or at which nothing listens."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdigit()):
        raise UsageError(f"no address of a Ray cluster: {address}; give HOST:PORT or auto")
    try:
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise _unreachable(address, str(error)) from error


def run_on_ray(
    do: Callable[[Task], Done],
    todo: Sequence[Task],
    address: str | None,
    workers: int | None,
    record: Callable[[Done], None],
) -> None:
    """Do all tasks on a Ray cluster.

    Parameters
    ----------
    do
        Does one task in a worker; must be importable there.
    todo
        Tasks, agencies before their shards.
    address
        Of a running cluster; None starts one on this machine for the time of the run.
    workers
        Tasks at a time; None takes all cores.
    record
        Called in this process as each task finishes.

    Raises
    ------
    UsageError
        If Ray is not installed or the cluster cannot be reached.
    DatasetError
        If a task ended its worker every time.
    """
    if not todo:
        return
    with _connected(address, workers) as ray:
        room = workers or int(ray.cluster_resources().get("CPU", 0))
        if room < 1:
            raise UsageError(f"the Ray cluster at {address} has no cores")
        _work_off(ray, do, Queue(todo), room, record)


def _work_off(
    ray: Any, do: Callable[[Task], Done], left: Queue, room: int, record: Callable[[Done], None]
) -> None:
    """Work off the queue; a task that fails ends it, what came back before is kept."""
    start = ray.remote(num_cpus=1, max_retries=RETRIES)(_perform)
    running: dict[Any, Task] = {}
    while True:
        while len(running) < room and (task := left.take()) is not None:
            running[start.remote(do, task)] = task
        if not running:
            return
        came, _ = ray.wait(list(running), num_returns=1)
        for ref in came:
            task = running.pop(ref)
            record(_result(ray, ref, task))
            left.finish(task)


def _perform(do: Callable[[Task], Done], task: Task) -> Done:
    """Do a task in a worker, on one core."""
    pa.set_cpu_count(1)
    return do(task)


def _result(ray: Any, ref: Any, task: Task) -> Done:
    """Return what a task returned, or raise what it raised."""
    try:
        done: Done = ray.get(ref)
    except ray.exceptions.RayTaskError as error:
        if not isinstance(error.cause, ray.exceptions.RayError):
            raise error.cause from error  # Ray's own mixture of both classes loses errno
        raise UsageError(
            f"a node of the Ray cluster cannot do its tasks: {_reason(str(error.cause))}; "
            "install misusebench in the same version on every node"
        ) from error
    except ray.exceptions.RayError as error:
        raise DatasetError(
            f"the worker for {task.name} was ended {RETRIES + 1} times (out of memory, or killed); "
            "what is finished is kept: run the same command again, with fewer workers"
        ) from error
    return done


@contextmanager
def _connected(address: str | None, workers: int | None) -> Iterator[Any]:
    """Connect to a cluster, or start one here, and leave it whatever happens."""
    ray = _import_ray()
    own = {"num_cpus": workers or os.cpu_count() or 1, "object_store_memory": _OBJECT_STORE}
    own["include_dashboard"] = False
    try:
        try:
            ray.init(
                address=address or "local",
                log_to_driver=False,
                logging_level=logging.CRITICAL,
                **({} if address else own),
            )
        except (OSError, RuntimeError, ValueError, ImportError) as error:
            raise _unreachable(address or "local", _reason(str(error))) from error
        yield ray
    finally:
        ray.shutdown()


def _unreachable(address: str, why: str) -> UsageError:
    return UsageError(
        f"no Ray cluster can be reached at {address}: {why}; start one with `ray start --head`, or "
        "leave --address out to start one for this run"
    )


def _reason(text: str) -> str:
    """Return the beginning of an error of Ray, or of the last one in what was printed."""
    found = re.split(r"^[\w.]*(?:Error|Exception): ", text, flags=re.MULTILINE)[-1]
    return textwrap.shorten(found, 160, placeholder=" ...") or "Ray does not say why"


def _import_ray() -> Any:
    """Import Ray, which only this engine needs."""
    os.environ.update(_SETTINGS)
    with suppress(ImportError):
        ray = importlib.import_module("ray")
        if hasattr(ray, "init"):  # else it is only a folder of that name
            return ray
    raise UsageError("the ray engine needs the extra: pip install 'misusebench[dist]'")
