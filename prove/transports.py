"""What it costs to reach a detector: rows a second and single rows, by the way it is spoken to.

The detector is trivial (it scores zeros), so what is measured is the harness: a worker's frames,
lines of JSON, Arrow streams, HTTP.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from misusebench.hosting import hosted
from misusebench.isolated import IsolatedDetector, start
from misusebench.remote import serve
from misusebench.suite import ComponentSpec, parse_component

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(os.environ["PROOF_FOLDER"])
FIELDS, ROWS, BATCH, SINGLES = 20, 1_000_000, 65_536, 2_000
#: Least rows a second, and most milliseconds of a single row's median, that are asked.
LEAST: Final = {"lines of JSON": 40_000, "Arrow streams": 2_000_000}
MOST_HTTP_MS: Final = 0.3
ZEROS: Final = """
import json, sys
import pyarrow as pa
source, sink = sys.stdin.buffer, sys.stdout.buffer
while line := source.readline():
    asked = json.loads(line)
    n = asked.get("n", 0)
    if asked["type"] == "hello":
        sink.write(b'{"type":"info","name":"zeros","tiers":["T0"],"needs":[],"has":[]}\\n')
    elif asked["type"] == "score" and "bytes" in asked:
        pa.ipc.open_stream(source.read(asked["bytes"])).read_all()
        sink.write(bytes(8 * n))
    elif asked["type"] == "score":
        for _ in range(n):
            source.readline()
        sink.write(b"0\\n" * n)
    elif asked["type"] == "bye":
        break
    sink.flush()
"""


@contextmanager
def worker() -> Iterator[ComponentSpec]:
    """Give the detector in a worker, by frames."""
    yield parse_component("detector", "constant")


@contextmanager
def command(form: str) -> Iterator[ComponentSpec]:
    """Give the detector as a command."""
    script = FOLDER / "zeros.py"
    script.write_text(ZEROS)
    yield parse_component("detector", f"{form}:{sys.executable} {script}")


@contextmanager
def http() -> Iterator[ComponentSpec]:
    """Give the detector behind HTTP on this machine."""
    with serve(parse_component("detector", "constant")) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield parse_component("detector", f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


def measured(spec: ComponentSpec, table: pa.Table) -> tuple[float, float, float]:
    """Return rows a second in large batches, and the median and 99th percentile of one row, ms."""
    batches = table.to_batches(max_chunksize=BATCH)
    single = table.slice(0, 1).combine_chunks().to_batches()[0]
    with hosted(spec) as reached:
        detector = IsolatedDetector(reached, start(reached, spec))
        detector.score(batches[0], 0)
        begun = time.perf_counter()
        for batch in batches:
            detector.score(batch, 0)
        rate = len(table) / (time.perf_counter() - begun)
        took = np.empty(SINGLES)
        for nth in range(SINGLES):
            begun = time.perf_counter()
            detector.score(single, 0)
            took[nth] = time.perf_counter() - begun
        detector.close()
    return rate, *(float(ms) for ms in np.quantile(took, [0.5, 0.99]) * 1e3)


def main() -> None:
    """Print a line a way."""
    chance = np.random.default_rng(0)
    table = pa.table({f"c{n}": chance.integers(0, 1_000, ROWS) for n in range(FIELDS)})
    ways: dict[str, Any] = {
        "frames of a worker": worker(), "lines of JSON": command("cmd"),
        "Arrow streams": command("cmd+arrow"), "HTTP": http(),
    }  # fmt: skip
    found = {}
    for name, way in ways.items():
        with way as spec:
            found[name] = measured(spec, table)
    print(f"# Reaching a detector that scores zeros, {FIELDS} whole numbers a row\n")
    print(f"| way | rows/s in batches of {BATCH:,} | one row, median ms | 99th percentile ms |")
    print("|---|---|---|---|")
    for name, (rate, half, most) in found.items():
        print(f"| {name} | {rate:,.0f} | {half:.3f} | {most:.3f} |")
    print(
        "\nCommands are reached through a worker that shuts them in; its frames are in their times."
    )
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(found))
    slow = [name for name, least in LEAST.items() if found[name][0] < least]
    if slow or found["HTTP"][1] > MOST_HTTP_MS:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
