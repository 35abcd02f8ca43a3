"""A server that permits whatever it is asked, and may stand still once: what the client costs.

``python -m misusebench.policy_bench.null_server [STALL_AT STALL]`` prints its port and serves until
its stdin ends. Seconds count from the first question; while it stalls nobody is answered.
"""

from __future__ import annotations

import json
import re
import socket
import socketserver
import sys
import threading
import time
from typing import Final

_BODY: Final = b'{"decision":true}'
_ANSWER: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
    % (len(_BODY), _BODY)
)
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class _Stall:
    """When all stand still."""

    def __init__(self, at: float, seconds: float) -> None:
        self._at, self._seconds = at, seconds
        self._first: float | None = None

    def wait(self) -> None:
        """Wait for the end of the stall, if it is on."""
        now = time.monotonic()
        if self._first is None:
            self._first = now
        begun = self._first + self._at
        if begun <= now < begun + self._seconds:
            time.sleep(begun + self._seconds - now)


class _Handler(socketserver.BaseRequestHandler):
    """One connection, kept open."""

    stall: _Stall

    def handle(self) -> None:
        """Answer questions until the other side closes."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        held = b""
        while True:
            while (end := held.find(b"\r\n\r\n")) < 0:
                if not (piece := self.request.recv(1 << 16)):
                    return
                held += piece
            length = _LENGTH.search(held, 0, end + 2)
            whole = end + 4 + (int(length[1]) if length else 0)
            while len(held) < whole:
                if not (piece := self.request.recv(1 << 16)):
                    return
                held += piece
            held = held[whole:]
            self.stall.wait()
            self.request.sendall(_ANSWER)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    """Serve on a free port of this machine."""
    given = [float(word) for word in sys.argv[1:]]
    _Handler.stall = _Stall(*(given or (0.0, 0.0)))
    sys.setswitchinterval(0.0005)
    with _Server(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdout.write(json.dumps({"port": server.server_address[1]}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
