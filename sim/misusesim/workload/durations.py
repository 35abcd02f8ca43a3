"""Integer tables that durations and numbers of queries are drawn from, by 16 bits of a draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from misusesim.dice import lane, table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Minutes a unit spends on a call: quantiles of a lognormal, median 29, mean about 43 (assumption).
SERVICE_MINUTES: Final = table({
    6: 1, 9: 1, 12: 1, 14: 1, 17: 1, 20: 1, 23: 1, 27: 1, 31: 1, 36: 1, 42: 1, 50: 1, 60: 1, 75: 1,
    100: 1, 160: 1,
})  # fmt: skip
#: Minutes of a stop (assumption).
STOP_MINUTES: Final = table({4: 2, 6: 3, 8: 4, 10: 4, 13: 3, 17: 2, 24: 1, 40: 1})
#: Queries at a stop: 2-4 (domain note 7.2).
STOP_QUERIES: Final = table({2: 32, 3: 38, 4: 30})
#: Queries of a unit at a call, by how query-minded the officer is (assumption).
CALL_QUERIES: Final = (
    table({0: 84, 1: 11, 2: 4, 3: 1}),
    table({0: 40, 1: 26, 2: 18, 3: 10, 4: 4, 6: 2}),
    table({0: 4, 1: 14, 2: 20, 3: 20, 4: 18, 6: 14, 9: 10}),
)
#: Queries of a unit at a domestic call: 5-10 (domain note 7.2).
DOMESTIC_QUERIES: Final = table({5: 28, 6: 24, 7: 18, 8: 14, 9: 9, 10: 7})
#: Queries of a dispatcher on a call; 0 where the unit asks for nothing (assumption).
DISPATCH_QUERIES: Final = table({0: 40, 1: 32, 2: 17, 3: 7, 4: 4})
#: Queries of one booking: 6-12 (domain note 7.2).
BOOKING_QUERIES: Final = table({6: 20, 7: 20, 8: 18, 9: 15, 10: 12, 11: 8, 12: 7})
#: Queries of one sitting on a case: 3-20, heavy-tailed (domain note 7.2).
SITTING_QUERIES: Final = table({
    1: 6, 2: 8, 3: 24, 4: 18, 5: 13, 6: 9, 7: 6, 8: 4, 9: 3, 10: 3, 12: 2, 15: 2, 18: 1, 20: 1,
})  # fmt: skip
#: Plate searches of one occasion, so that sittings, which join those within half an hour and those
#: of case work, come to a mean of 1.17 (Eugene, domain note 7.4).
SEARCH_QUERIES: Final = table({1: 965, 2: 25, 3: 7, 4: 3})
#: Searches of one thread, so that case numbers as typed are searched once in 59 %, twice in 19 %
#: and at most 171 times (78 agencies, domain note 7.4): some come to nothing or have no number.
THREAD_SEARCHES: Final = table({
    1: 5000, 2: 2100, 3: 1000, 4: 620, 5: 430, 6: 270, 7: 200, 8: 160, 9: 130, 10: 115, 12: 145,
    15: 125, 19: 100, 23: 85, 32: 62, 48: 36, 90: 20, 171: 6,
})  # fmt: skip
#: Minutes between searches of a thread: median about 77 (domain note 7.4); or some whole days.
THREAD_GAP_MINUTES: Final = table({
    7: 2, 12: 2, 18: 2, 25: 2, 31: 2, 37: 2, 43: 2, 50: 2, 58: 2, 68: 2, 80: 2, 100: 2, 140: 2,
    220: 2, 360: 1, 1440: 1, 2880: 1, 11520: 1,
})  # fmt: skip
#: Sittings on one case: once 59 %, twice 19 %, three times 7 %, mean 2.6, p90 5, p95 8, p99 23,
#: at most 171, exponent 1.83 (repeats per case number, 78 agencies, domain note 7.4).
SITTINGS: Final = table({
    1: 5900, 2: 1900, 3: 700, 4: 420, 5: 270, 6: 150, 7: 110, 8: 90, 9: 70, 10: 60, 12: 80, 15: 70,
    19: 60, 23: 50, 32: 35, 48: 20, 90: 12, 171: 3,
})  # fmt: skip
#: Minutes between sittings on one case: median about 80 (domain note 7.4).
SITTING_GAP_MINUTES: Final = table({
    12: 1, 20: 1, 30: 1, 38: 1, 48: 1, 58: 1, 68: 1, 77: 1, 95: 1, 130: 1, 200: 1, 420: 1,
    1440: 1, 2900: 1, 7200: 1, 20160: 1,
})  # fmt: skip
#: Queries at a records counter, of a check in jail, of a background check (assumption).
COUNTER_QUERIES: Final = table({1: 28, 2: 30, 3: 20, 4: 12, 5: 6, 8: 4})
JAIL_QUERIES: Final = table({1: 38, 2: 30, 3: 18, 4: 9, 6: 5})
BACKGROUND_QUERIES: Final = table({3: 25, 4: 30, 5: 25, 6: 20})
WANTED_QUERIES: Final = table({1: 34, 2: 34, 3: 20, 4: 12})
#: Queries in a span of traffic of one interface account: at most 128, beyond which a row has no
#: room for the mark of a second entry (assumption).
SPAN_QUERIES: Final = table({64: 20, 80: 20, 96: 20, 112: 20, 128: 20})


def drawn(values: NDArray[np.int32], bits: NDArray[np.uint64], k: int = 0) -> NDArray[np.int64]:
    """Return one value of a table per 64 random bits, by their k-th 16 bits."""
    return values[lane(bits, k)].astype("int64")
