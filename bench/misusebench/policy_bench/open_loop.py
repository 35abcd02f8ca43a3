"""How long a policy server lets one wait, under a load that does not wait for it.

The client is a process of its own (`client.py`), and what it costs by itself is measured first, on
a server that does nothing (`null_server.py`).
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final, Self

from misusebench.errors import ComponentError
from misusebench.policy_bench import client
from misusebench.policy_bench.arrivals import SHIFT_CHANGE, Burst, arrivals
from misusebench.policy_bench.client import Load
from misusebench.policy_bench.figures import table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from misusebench.component import Request

#: What a rate must keep to be sustained: milliseconds, share of errors.
MOST_P99_MS, MOST_ERRORS = 10.0, 0.001
#: Rates that are tried between the last good and the first bad one.
_HALVINGS: Final = 4
_TRIES: Final = 2  # of each rate
#: Arrivals at the lowest rate: enough for a 99th percentile.
_ENOUGH: Final = 1_300
#: Seconds beyond a run until a client is given up.
_PATIENCE_S: Final = 60.0
_CLOSED_WORKERS: Final = 4


class NullServer:
    """A server that permits everything, in a process of its own; a context manager.

    Parameters
    ----------
    stall_at_s
        Seconds after the first question at which it stands still, for `stall_s`.
    stall_s
        0: never.
    """

    def __init__(self, stall_at_s: float = 0.0, stall_s: float = 0.0) -> None:
        self._words = [str(stall_at_s), str(stall_s)]
        self.url = ""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "misusebench.policy_bench.null_server", *self._words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stdout is not None
        port = json.loads(self._process.stdout.readline())["port"]
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def bodies_of(requests: Sequence[Request]) -> list[str]:
    """Return requests as bodies of AuthZEN evaluations."""
    return [json.dumps(one.authzen(), allow_nan=False) for one in requests]


def put(load: Load) -> dict[str, Any]:
    """Put a load on a server from a process of its own.

    Returns
    -------
    dict
        Number asked, errors and their share, rate, percentiles of the latency and of how late
        questions were sent, in milliseconds.

    Raises
    ------
    ComponentError
        If the client did not come to an end.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", "misusebench.policy_bench.client"], check=False,
            input=json.dumps(asdict(load)), capture_output=True, text=True,
            timeout=load.seconds + _PATIENCE_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ComponentError(
            f"{load.url} had not answered {_PATIENCE_S:g} s after the end"
        ) from error
    if done.returncode:
        raise ComponentError(f"the client of {load.url} ended: {done.stderr[-300:]}")
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def in_process(
    decide: Callable[[Request], object], requests: Sequence[Request], rate: float,
    seconds: float = 10.0, workers: int = 4, seed: int = 0, burst: Burst | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Put a load on a callable of this process; what it raises is an error."""

    def ask(nth: int) -> bool:
        try:
            decide(requests[nth % len(requests)])
        except Exception:  # noqa: BLE001 - counted
            return False
        return True

    return client.open_loop(lambda: ask, arrivals(rate, seconds, seed, burst), workers).summary()


def sustained(found: Mapping[str, Any]) -> bool:
    """Tell whether a run was fast enough, with few enough errors."""
    p99 = found["latency_ms"]["p99"]
    return p99 is not None and p99 < MOST_P99_MS and found["error_share"] < MOST_ERRORS


def highest_rate(
    measure: Callable[[float], Mapping[str, Any]], low: float = 200.0, most: float = 20_000.0
) -> dict[str, Any]:
    """Return the highest rate that is sustained, and all that was tried.

    Rates are doubled until one is too high, then the gap is halved a few times. A rate that was not
    sustained is tried once more: other work of the machine can hold up any single run. A run needs
    a thousand arrivals for its 99th percentile, so the lowest rate must bring them.

    Parameters
    ----------
    measure
        Puts a load of a rate, and returns its summary.
    low, most
        The first rate that is tried, and the last.
    """
    tried: list[dict[str, Any]] = []

    def good(rate: float) -> bool:
        for _ in range(_TRIES):
            found = measure(rate)
            tried.append({"rate": rate, "sustained": sustained(found), **found})
            if tried[-1]["sustained"]:
                return True
        return False

    best, rate = 0.0, low
    while rate <= most and good(rate):
        best, rate = rate, 2 * rate
    if best > 0 and rate <= most:
        worst = rate
        for _ in range(_HALVINGS):
            middle = (best + worst) / 2
            best, worst = (middle, worst) if good(middle) else (best, middle)
    return {"rate": best, "tried": sorted(tried, key=lambda one: one["rate"])}


def hidden_stall(
    bodies: Sequence[str], rate: float = 500.0, seconds: float = 10.0, stall_s: float = 0.2,
    seed: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """Return what an open and a closed loop tell of one server that stands still once.

    Returns
    -------
    dict
        Summaries `open` and `closed`, and the `ratio` of their 99th percentiles.
    """
    found: dict[str, Any] = {}
    for name, given, workers in (("open", rate, 16), ("closed", None, _CLOSED_WORKERS)):
        with NullServer(seconds / 2, stall_s) as server:
            found[name] = put(Load(server.url, bodies, seconds, given, workers, seed))
    p99 = [found[name]["latency_ms"]["p99"] for name in ("open", "closed")]
    return {**found, "ratio": p99[0] / p99[1] if all(p99) else None, "stall_s": stall_s}


def measured(
    url: str, bodies: Sequence[str], rate: float = 500.0, seconds: float = 10.0, seed: int = 0
) -> dict[str, Any]:
    """Return latencies of a server and of one that does nothing: steady, in a burst, closed.

    Returns
    -------
    dict
        ``null`` and ``server``, each with the summaries `steady`, `shift_change` and `closed` and
        the `highest` rate that it sustains.
    """
    with NullServer() as server:
        null = _all_ways(Load(server.url, bodies, seconds, rate, seed=seed))
    return {
        "rate": rate,
        "null": null,
        "server": _all_ways(Load(url, bodies, seconds, rate, seed=seed)),
    }


def _all_ways(load: Load) -> dict[str, Any]:
    return {
        "steady": put(load),
        "shift_change": put(replace(load, burst=SHIFT_CHANGE)),
        "closed": put(replace(load, rate=None, workers=_CLOSED_WORKERS)),
        "highest": highest_rate(
            lambda rate: put(replace(load, rate=rate)), max(200.0, _ENOUGH / load.seconds)
        ),
    }


def render(found: Mapping[str, Any]) -> list[str]:
    """Return what :func:`measured` found as lines of Markdown."""
    head = ("server", "load", "asked/s", "p50 ms", "p99 ms", "p99.9 ms", "most ms", "errors")
    rows = [
        (name, way.replace("_", " "), *_row(found[name][way]))
        for name in ("null", "server")
        for way in ("steady", "shift_change", "closed")
    ]
    best = (found[name]["highest"]["rate"] for name in ("null", "server"))
    return [
        f"Arrivals at random, {found['rate']:g} a second ({SHIFT_CHANGE.times:g} times as many in",
        "the shift change); latency from when each question was due. In the closed loop each of",
        f"{_CLOSED_WORKERS} connections waits for its answer before it asks again. `null` is a",
        "server that does nothing: what the client costs.",
        "",
        *table(head, rows),
        "",
        f"Highest rate with p99 below {MOST_P99_MS:g} ms and errors below {MOST_ERRORS:.1%}:",
        "{:,.0f}/s of the server that does nothing, {:,.0f}/s of the server.".format(*best),
    ]


def render_stall(found: Mapping[str, Any]) -> list[str]:
    """Return what :func:`hidden_stall` found as lines of Markdown."""
    head = ("loop", "asked/s", "p50 ms", "p99 ms", "p99.9 ms", "most ms", "errors")
    ratio = "-" if found["ratio"] is None else f"{found['ratio']:.0f}"
    return [
        *table(head, [(name, *_row(found[name])) for name in ("open", "closed")]),
        "",
        f"One server that stands still once, for {found['stall_s'] * 1e3:g} ms: the 99th",
        f"percentile of the open loop is {ratio} times that of the closed one.",
    ]


def _row(found: Mapping[str, Any]) -> tuple[str, ...]:
    latency = found["latency_ms"]
    told = [*(latency[key] for key in ("p50", "p99", "p99.9")), found["max_ms"]]
    return (
        f"{found['per_s']:,.0f}", *("-" if one is None else f"{one:.3g}" for one in told),
        f"{found['errors']:,}",
    )  # fmt: skip
