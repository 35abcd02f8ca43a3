"""Bootstrap draws of a run's metrics: from raw scores where they and the data are at hand."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench import metrics
from misusebench.stored import judged_again, kept_draws

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    #: (component, metric) -> draws.
    Drawn = dict[tuple[str, str], Floats]

#: A p is at least 2 / (draws + 1); corrected over 250 components it can still be below 5 %.
DRAWS: Final = 10_000


def draws_of(
    folder: Path, names: set[str], notes: list[str], seen: dict[bytes, dict[str, Floats]]
) -> dict[tuple[str, str], Floats]:
    """Return the draws of some metrics of every component of a run, by (component, metric).

    What said the same in a run before (`seen`) has the same draws.
    """
    found: dict[tuple[str, str], Floats] = {}
    try:
        for component, one in judged_again(folder, DRAWS):
            key = _said(one)
            if key not in seen:
                seen[key] = metrics.bootstrap(one, names)
            found |= {(component, name): drawn for name, drawn in seen[key].items()}
    except (OSError, ValueError, LookupError) as error:
        notes.append(f"{folder}: kept draws instead of raw scores ({error})")
        return kept_draws(folder)
    return found


def _said(one: metrics.Tally | metrics.Decided) -> bytes:
    """Return a hash of what a component said."""
    parts = (
        [one.scored.score] if isinstance(one, metrics.Tally)
        else [one.outcome, one.why, np.frombuffer(repr(one.explanations).encode(), np.uint8)]
    )  # fmt: skip
    digest = hashlib.sha256(type(one).__name__.encode())
    for part in parts:
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.digest()
