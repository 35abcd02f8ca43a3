"""What asks a policy server: several connections, in a process of its own.

``python -m misusebench.policy_bench.client`` reads a JSON object from its stdin (`Load`'s fields)
and prints one. An open loop sends each question when it is due, whether or not earlier ones have
been answered, and counts its latency from that moment: who waits in a queue waits. A closed loop
sends the next question when the last was answered, so a server that stands still is asked nothing.
"""

from __future__ import annotations

import http.client
import itertools
import json
import sys
import threading
import time
from array import array
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

import numpy as np

from misusebench.policy_bench.arrivals import Burst, arrivals
from misusebench.timing import percentiles_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    #: Asks the nth question; tells whether the answer was one.
    Ask = Callable[[int], bool]

PATH: Final = "/access/v1/evaluation"
_TIMEOUT_S: Final = 10.0
#: Seconds between the start and the first arrival, for connections to be opened.
_LEAD_S: Final = 0.1
#: A thread that has an answer waits so long at most for one that computes.
_SWITCH_S: Final = 0.0005


@dataclass(frozen=True, slots=True)
class Load:
    """How a server is asked."""

    url: str
    bodies: Sequence[str]  # of AuthZEN evaluations
    seconds: float = 10.0
    rate: float | None = None  # arrivals a second; None: a closed loop
    workers: int = 16  # connections
    seed: int = 0
    burst: tuple[float, float, float] | None = None


class Asked(NamedTuple):
    """Times in nanoseconds and whether there was an answer, by question."""

    latency: NDArray[np.int64]
    sent_late: NDArray[np.int64]  # after it was due; 0 in a closed loop
    good: NDArray[np.bool_]
    seconds: float

    def summary(self) -> dict[str, Any]:
        """Return rates, errors and percentiles in milliseconds."""
        count = len(self.latency)
        return {
            "asked": count, "errors": int((~self.good).sum()),
            "error_share": float((~self.good).mean()) if count else 0.0,
            "per_s": count / self.seconds,
            "latency_ms": percentiles_ms(self.latency),  # type: ignore[arg-type]
            "max_ms": float(self.latency.max() / 1e6) if count else None,
            "sent_late_ms": percentiles_ms(self.sent_late),  # type: ignore[arg-type]
        }  # fmt: skip


class Connection:
    """One connection to a server, opened again when it breaks."""

    def __init__(self, load: Load) -> None:
        parts = urlsplit(load.url)
        self._bodies = [body.encode() for body in load.bodies]
        self._path = parts.path.rstrip("/") + PATH
        self._http = http.client.HTTPConnection(
            parts.hostname or "localhost", parts.port, timeout=_TIMEOUT_S
        )  # its sockets have TCP_NODELAY
        with suppress(OSError):
            self._http.connect()

    def ask(self, nth: int) -> bool:
        """Ask the nth question; an answer is a 200 with a decision that is true or false."""
        body = self._bodies[nth % len(self._bodies)]
        try:
            self._http.request("POST", self._path, body, {"Content-Type": "application/json"})
            answer = self._http.getresponse()
            told = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            self._http.close()
            return False
        said = told.get("decision") if isinstance(told, dict) else None
        return answer.status == http.client.OK and isinstance(said, bool)


def open_loop(connect: Callable[[], Ask], due: NDArray[np.float64], workers: int) -> Asked:
    """Ask questions when they are due, by as many workers.

    Parameters
    ----------
    connect
        Called once a worker; returns what asks.
    due
        Seconds from the start, ascending.
    workers
        As long as one is free, a question is sent when it is due; else as soon as one is.
    """
    count, clock = len(due), time.perf_counter_ns
    at = [round(one * 1e9) for one in due.tolist()]
    latency, late, good = (
        array("q", bytes(8 * count)),
        array("q", bytes(8 * count)),
        bytearray(count),
    )
    numbers = itertools.count()
    ready = threading.Barrier(workers + 1)
    begun = [0]

    def work() -> None:
        ask = connect()
        ready.wait()
        ready.wait()
        while (nth := next(numbers)) < count:
            wanted = begun[0] + at[nth]
            if (wait := wanted - clock()) > 0:
                time.sleep(wait / 1e9)
            late[nth] = clock() - wanted
            good[nth] = ask(nth)
            latency[nth] = clock() - wanted

    ended = _in_threads(work, workers, ready, begun)
    return Asked(np.array(latency), np.array(late), np.array(good, bool), ended)


def closed_loop(connect: Callable[[], Ask], seconds: float, workers: int) -> Asked:
    """Let each worker ask one question after the other for some seconds."""
    clock, numbers = time.perf_counter_ns, itertools.count()
    ready = threading.Barrier(workers + 1)
    begun, found = [0], list[tuple[int, bool]]()

    def work() -> None:
        ask, own = connect(), list[tuple[int, bool]]()
        ready.wait()
        ready.wait()
        end = begun[0] + round(seconds * 1e9)
        while (start := clock()) < end:
            good = ask(next(numbers))
            own.append((clock() - start, good))
        found.extend(own)

    ended = _in_threads(work, workers, ready, begun)
    latency, good = np.array(found, np.int64).reshape(-1, 2).T
    return Asked(latency, np.zeros_like(latency), good.astype(bool), ended)


def _in_threads(
    work: Callable[[], None], workers: int, ready: threading.Barrier, begun: list[int]
) -> float:
    """Start workers together; return the seconds until the last has ended."""
    threads = [threading.Thread(target=work, daemon=True) for _ in range(workers)]
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    for one in threads:
        one.start()
    ready.wait()  # all connected
    begun[0] = time.perf_counter_ns() + round(_LEAD_S * 1e9)
    ready.wait()
    for one in threads:
        one.join()
    sys.setswitchinterval(usual)
    return (time.perf_counter_ns() - begun[0]) / 1e9


def run(load: Load) -> Asked:
    """Put a load on a server from this process."""

    def connect() -> Ask:
        return Connection(load).ask

    if load.rate is None:
        return closed_loop(connect, load.seconds, load.workers)
    burst = None if load.burst is None else Burst(*load.burst)
    due = arrivals(load.rate, load.seconds, load.seed, burst)
    return open_loop(connect, due, load.workers)


def main() -> None:
    """Read what is asked for, do it, tell what was found."""
    found = run(Load(**json.load(sys.stdin))).summary()
    json.dump(found, sys.stdout, allow_nan=False)


if __name__ == "__main__":
    main()
