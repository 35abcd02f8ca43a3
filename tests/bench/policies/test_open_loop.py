"""A load that does not wait: when it comes, what it sees of a stall, what it counts as an error."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from tests.bench.literal import request
from tests.bench.policies.servers import scripted

from misusebench.errors import ComponentError
from misusebench.policy_bench.arrivals import Burst, arrivals
from misusebench.policy_bench.client import Connection, Load, run
from misusebench.policy_bench.open_loop import (
    NullServer,
    bodies_of,
    hidden_stall,
    highest_rate,
    in_process,
    put,
    render,
    render_stall,
)


def test_arrivals_are_those_of_their_seed_and_of_their_rate():
    """Equal seeds, equal times; gaps as random as they should be."""
    one = arrivals(500, 20, seed=3)
    assert np.array_equal(one, arrivals(500, 20, seed=3))
    assert not np.array_equal(one[:100], arrivals(500, 20, seed=4)[:100])
    assert (np.diff(one) >= 0).all()
    assert one[0] > 0
    assert one[-1] < 20
    assert len(one) == pytest.approx(10_000, abs=400)  # four standard deviations
    gaps = np.diff(one) * 500
    assert gaps.mean() == pytest.approx(1, abs=0.05)
    assert gaps.std() == pytest.approx(1, abs=0.07)  # of an exponential: its mean


def test_a_shift_change_brings_more_in_its_time_only():
    """Four times as many in a fifth of the run, as many as else before and after."""
    found = arrivals(1_000, 10, seed=1, burst=Burst(0.4, 0.6, 4.0))
    before, within, after = np.histogram(found, [0, 4, 6, 10])[0]
    assert before == pytest.approx(4_000, abs=260)
    assert within == pytest.approx(8_000, abs=360)
    assert after == pytest.approx(4_000, abs=260)


def test_the_open_loop_sees_a_stall_that_the_closed_loop_hides():
    """One stall of 200 ms: the 99th percentiles are at least ten times apart."""
    bodies = bodies_of([request()])
    tries = []
    for seed in range(3):  # another job may hold the machine up in the closed loop
        found = hidden_stall(bodies, rate=400, seconds=3, seed=seed)
        tries.append(found["ratio"])
        if found["ratio"] >= 10:
            break
    assert max(tries) >= 10, tries
    assert found["open"]["latency_ms"]["p99"] > 100
    assert found["closed"]["max_ms"] > 150  # it was there, in four answers of thousands
    assert found["open"]["errors"] == found["closed"]["errors"] == 0
    assert f"{found['ratio']:.0f} times that of the closed one" in render_stall(found)[-1]


def test_a_callable_is_timed_from_when_it_should_have_begun():
    """One worker that takes 20 ms a question, asked every 5 ms: the queue is in the latency."""
    found = in_process(lambda _: time.sleep(0.02), [request()], 200, seconds=0.5, workers=1)
    assert found["max_ms"] > 500
    assert found["latency_ms"]["p50"] > 100
    assert found["sent_late_ms"]["p50"] > 80
    assert found["errors"] == 0


def test_what_a_callable_raises_is_an_error():
    """Every second question."""
    count = iter(range(1_000))

    def decide(_):
        if next(count) % 2:
            raise ValueError

    found = in_process(decide, [request()], 400, seconds=0.5, workers=1)
    assert found["asked"] > 100
    assert found["error_share"] == pytest.approx(0.5, abs=0.01)


class _Odd(BaseHTTPRequestHandler):
    """Answers in turn: a decision, a word for one, no JSON, a status of failure."""

    protocol_version = "HTTP/1.1"
    turn = 0
    answers = ((200, b'{"decision": false}'), (200, b'{"decision": "yes"}'), (200, b"?"),
               (500, b'{"decision": true}'))  # fmt: skip

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        status, body = self.answers[_Odd.turn % 4]
        _Odd.turn += 1
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_only_a_decision_is_an_answer():
    """A deny is one; a text, no JSON and a failure are errors, as is nobody there."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Odd)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    found = run(Load(url, bodies_of([request()]), 0.5, 200, workers=1))
    server.shutdown()
    server.server_close()
    assert len(found.good) > 40
    assert found.good[:40].tolist() == [True, False, False, False] * 10
    nobody = run(Load(url, bodies_of([request()]), 0.2, 100, workers=2)).summary()
    assert nobody["error_share"] == 1


def test_the_highest_rate_is_found_by_doubling_and_halving():
    """A server that is good up to 3,300 a second, but fails too often from 2,600 on."""
    asked = []

    def measure(rate):
        asked.append(rate)
        p99 = 4.0 if rate <= 3_300 else 40.0
        return {"latency_ms": {"p99": p99}, "error_share": 0.002 if rate > 2_600 else 0.0}

    found = highest_rate(measure, low=200)
    assert found["rate"] == 2_600
    assert asked == [200, 400, 800, 1_600, 3_200, 3_200, 2_400, 2_800, 2_800, 2_600, 2_700, 2_700]
    assert [one["rate"] for one in found["tried"]] == sorted(asked)
    once = iter([{"latency_ms": {"p99": p99}, "error_share": 0.0} for p99 in (50.0, 5.0)])
    assert highest_rate(lambda _: next(once), low=200, most=300)["rate"] == 200
    bad = {"latency_ms": {"p99": None}, "error_share": 0.0}
    assert highest_rate(lambda _: bad)["rate"] == 0


def test_a_server_is_shown_beside_one_that_does_nothing():
    """Rows for both, and what both sustain."""
    with NullServer() as server:
        one = put(Load(server.url, bodies_of([request()]), 0.3, 200, workers=4))
    assert one["errors"] == 0
    assert one["asked"] > 30
    ways = dict.fromkeys(("steady", "shift_change", "closed"), one)
    null, own = ({**ways, "highest": {"rate": rate}} for rate in (3_000.0, 800.0))
    page = "\n".join(render({"rate": 200.0, "null": null, "server": own}))
    assert page.count("| null |") == page.count("\n| server |") - 1 == 3
    assert "3,000/s of the server that does nothing, 800/s of the server" in page


def test_a_client_that_cannot_begin_is_told():
    """An address that is none ends the client; its last words are in the error."""
    with pytest.raises(ComponentError, match="the client of nowhere ended"):
        put(Load("nowhere", ["{}"], seconds=0.1, rate=-1))


@pytest.mark.parametrize("body", [[], [{"decision": True}], "yes", {"decision": 1}, None])
def test_a_reply_that_is_no_decision_is_an_error(body):
    """A worker that is sent a list, or anything else, counts it and goes on."""
    for told, good in ((body, False), ({"decision": False}, True)):
        with scripted((told, 200)) as (url, _):
            one = Connection(Load(url, ["{}"]))
            assert one.ask(0) is good
            one._http.close()
