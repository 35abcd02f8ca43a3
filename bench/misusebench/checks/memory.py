"""Whether a detector's memory is bounded: it may grow with what it saw, not with how often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.checks.along import Along
from misusebench.columns import micros
from misusebench.processes import use_of
from misusebench.replay import replay
from misusebench.variations import lengthened

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from misusebench.isolated import IsolatedDetector
    from misusebench.isolation import Worker

#: What may be added after the first third: a row takes about 300 bytes as it comes, so 4 KiB hold
#: it, what is counted of it and a good deal besides; the rest is room for caches and allocators.
KIB_A_ROW: Final = 4.0
ROOM_MB: Final = 24.0
#: Rows of a third, and of a batch: with few rows in many batches, what a batch costs shows.
_ROWS: Final = 800
_BATCH: Final = 8
_TIMES: Final = 3


def grown(
    worker: Worker, detector: IsolatedDetector, log: pa.Table, context: Mapping[str, pa.Table],
    end_us: int,
) -> tuple[bool, str]:  # fmt: skip
    """Replay a part of the log three times in a row, and compare memory after one and three.

    The first time fills caches and loads what is loaded late; only what comes later counts.
    """
    first = int(np.searchsorted(micros(log["received_at"]), end_us))
    rows = min(_ROWS, log.num_rows - first)
    held: list[tuple[int, float]] = []

    def weigh(_: IsolatedDetector, scored: int) -> None:
        if scored >= rows:
            held.append((scored, use_of(worker.pid)[0]))

    longer = lengthened(log, first, rows, _TIMES)
    replay(Along(detector, weigh), longer, context, end_us=end_us, batch_rows=_BATCH)
    more = held[-1][1] - held[0][1]
    most = ROOM_MB + (held[-1][0] - held[0][0]) * KIB_A_ROW / 1024
    return more <= most, (
        f"{max(0.0, more):.0f} MiB more after {held[-1][0] - held[0][0]} further rows in "
        f"{len(held) - 1} batches (at most {most:.0f})"
    )
