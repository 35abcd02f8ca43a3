"""Statistics of who is asked about: people stopped again and again, and what a stop makes one ask.

Dispatch names the subjects of a stop, so neither needs the truth. Samples of subjects and of stops
are enough: a state has millions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusesim.dataset.reader import read_part
from misusesim.realism.targets import Measured, NotApplicableError, Statistic, Within

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from misusesim.dataset.reader import Dataset
    from misusesim.realism.material import Material

    I64Array = NDArray[np.int64]

_INVOLVED: Final = "context/dispatch/involved"
#: Involvements read for repeats, and stops whose queries are counted; more are thinned evenly.
_MOST_INVOLVED, _MOST_STOPS = 3_000_000, 20_000
#: What an officer asks around the opening of a stop belongs to it (assumption): he runs the plate
#: up to a few minutes before he calls the stop in.
_BEFORE_US, _AFTER_US = 5 * 60_000_000, 30 * 60_000_000


@dataclass(slots=True)
class Stopped:
    """Subjects of stops: how often each was stopped, and what was asked at some of the stops."""

    sizes: I64Array  # stops of each subject of the sample
    stops: int = 0  # whose queries are counted
    queries: int = 0  # of the officer who made the stop, about its subjects, around it
    key: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))  # ascending
    time: I64Array = field(default_factory=lambda: np.zeros(0, np.int64))
    officer: I64Array = field(default_factory=lambda: np.zeros(0, np.int64))

    def count(self, key: NDArray[np.uint64], time: I64Array, officer: I64Array) -> None:
        """Add the queries of a part of the log that belong to a stop of the sample."""
        if not len(self.key):
            return
        place = np.searchsorted(self.key, key).clip(max=len(self.key) - 1)
        rows = np.flatnonzero(self.key[place] == key)
        place = place[rows]
        since = time[rows] - self.time[place]
        own = officer[rows] == self.officer[place]
        self.queries += int((own & (since >= -_BEFORE_US) & (since <= _AFTER_US)).sum())


def stopped(dataset: Dataset, stops: pa.Array, time: I64Array, officer: I64Array) -> Stopped:
    """Return the subjects of stops.

    Parameters
    ----------
    dataset
        Read part by part.
    stops
        Ids of all stops.
    time, officer
        When each was opened (local microseconds) and who made it (-1 unknown).
    """
    sizes = [f["rows"] for f in dataset.manifest["files"] if f["path"].startswith(_INVOLVED + "/")]
    every = max(1, -(-sum(sizes) // _MOST_INVOLVED))
    known = np.flatnonzero(officer >= 0)
    sample = known[:: max(1, -(-len(known) // _MOST_STOPS))]
    chosen = stops.take(pa.array(sample))
    thinned, keys, places = [], [], []
    for path in dataset.parts(_INVOLVED):
        part = read_part(dataset.path / path, ("subject_key", "incident_id"))
        part = part.filter(part["incident_id"].is_valid())
        key = part["subject_key"].to_numpy()
        thinned.append(part.filter(pa.array(key % np.uint64(every) == 0)))
        place = pc.index_in(part["incident_id"], value_set=chosen).fill_null(-1).to_numpy()
        keys.append(key[place >= 0])
        places.append(place[place >= 0])
    if not thinned:
        return Stopped(np.zeros(0, np.int64))
    rows = pa.concat_tables(thinned)
    rows = rows.filter(pc.is_in(rows["incident_id"], value_set=stops))
    times = np.unique(rows["subject_key"].to_numpy(), return_counts=True)[1]
    found, first = np.unique(np.concatenate(keys), return_index=True)
    at = sample[np.concatenate(places)[first]]
    return Stopped(times, len(sample), 0, found, time[at], officer[at])


def _repeats(one: Callable[[I64Array], float]) -> Callable[[Material], Measured]:
    def measure(of: Material) -> Measured:
        if of.stopped is None:
            raise NotApplicableError("a search log has no stops")
        sizes = of.stopped.sizes
        if len(sizes) < 5_000:  # noqa: PLR2004 - some hundreds are stopped again
            raise NotApplicableError(f"{len(sizes):,} subjects stopped, 5,000 needed")
        return Measured(one(sizes), len(sizes))

    return measure


def _per_stop(of: Material) -> Measured:
    if of.stopped is None:
        raise NotApplicableError("a search log has no stops")
    if of.stopped.stops < 1_000:  # noqa: PLR2004
        raise NotApplicableError(f"{of.stopped.stops:,} stops, 1,000 needed")
    return Measured(of.stopped.queries / of.stopped.stops, of.stopped.stops)


#: Seattle's stops span 924 days. Repeats pile up with the span, so a year's part of them, at an
#: even rate, is the least that is asked of a year (0.23 x 365 / 924 = 0.09), and all of them the
#: most. "Once" is of stops, not of subjects: 75 % of subjects would need a mean of 1.25 at least.
_SEATTLE = "Seattle 1.23 and 75 % in 2.5 years, domain note 7.4"
STATISTICS: Final = (
    Statistic("stop_repeats", "stops per person or vehicle stopped", "stops",
              _repeats(lambda n: float(n.mean())), Within(1.08, 1.26), _SEATTLE, 350),
    Statistic("stop_once", "stops of somebody not stopped again", "stops",
              _repeats(lambda n: float((n == 1).sum() / n.sum())), Within(0.72, 0.92), _SEATTLE,
              350, ".1%"),
    Statistic("per_stop", "queries of the officer about whom he stops", "queries", _per_stop,
              Within(2, 4), "assumption: nobody published queries per stop (domain note 7.2)", 7,
              ".1f", counted=False),
)  # fmt: skip
