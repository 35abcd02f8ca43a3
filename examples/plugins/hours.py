"""How rare the hour is for the officer: a detector that reads Arrow, in Python without our package.

Run it: misusebench bench DATA --detector "cmd+arrow:python examples/plugins/hours.py" -o RUN
"""

import json
import sys

import numpy as np
import pyarrow as pa

INFO = {
    "type": "info", "name": "hours_arrow", "version": "1", "tiers": ["T0", "T1", "T2", "T3"],
    "needs": ["officer_id", "time"], "has": ["fit"],
}  # fmt: skip
HOUR_US = 3_600_000_000
counts: dict[str, np.ndarray] = {}


def surprises(table: pa.Table) -> np.ndarray:
    """Return how rare each row's hour (UTC) is for its officer as of the rows before it."""
    hours = table["time"].cast(pa.int64()).to_numpy() // HOUR_US % 24
    found = np.empty(len(table))
    officers = table["officer_id"].to_pylist()
    for place, (officer, hour) in enumerate(zip(officers, hours, strict=True)):
        own = counts.setdefault(officer, np.full(24, 0.5))
        found[place] = -np.log(own[hour] / own.sum())
        own[hour] += 1
    return found


def main() -> None:
    """Answer questions until there are none."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while line := source.readline():
        question = json.loads(line)
        body = source.read(question.get("bytes", 0))
        table = pa.ipc.open_stream(body).read_all() if body else None
        match question["type"]:
            case "hello":
                sink.write(json.dumps(INFO).encode() + b"\n")
            case "fit":
                surprises(table)
                sink.write(b'{"type":"ok"}\n')
            case "score":
                sink.write(surprises(table).astype("<f8").tobytes())
            case "context":
                sink.write(b'{"type":"ok"}\n')
            case "bye":
                return
        sink.flush()


if __name__ == "__main__":
    main()
