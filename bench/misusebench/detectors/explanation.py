"""Explanation-based auditing: the rarity of the best reason on file for asking for this person.

After the idea of explaining accesses to hospital records by templates over the organisation's own
tables (Fabbri and LeFevre, PVLDB 2011); the templates are written or mined (`templates.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from misusebench.detectors.files import Files
from misusebench.detectors.templates import Mined, Written
from misusebench.errors import SuiteError
from misusebench.streaming import Counts, combine

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    from misusebench.detectors.files import Asked
    from misusebench.detectors.templates import Templates

_TEMPLATES: Final[dict[str, type[Templates]]] = {"written": Written, "mined": Mined}
PAIR_STEP: Final = 0.75  # weight of each earlier unexplained query of the same person


class Explanation:
    """Rarity of the best explanation, plus what this officer already failed to explain.

    The rarity of an explanation is -ln of the share of the history that is explained no better, so
    that a worse one is never the commoner; with nothing on file that is how rare nothing is.

    Parameters
    ----------
    templates
        `written`, six levels in an order that is held to be right; or `mined`, those of about fifty
        paths that explain enough of the history, ordered by how much oftener they hold there than
        for officers, persons and times put together by chance.

    Known weakness: a real case of one's own explains everything; late records look like misuse; a
    habit that all share is mined as a reason.
    """

    name = "explanation"
    tiers = ("T2", "T3")
    needs = ("agency_id", "officer_id", "time", "received_at", "subject_key")

    def __init__(self, templates: Literal["written", "mined"] = "written") -> None:
        if templates not in _TEMPLATES:
            raise SuiteError(f"templates must be {' or '.join(_TEMPLATES)}, got {templates!r}")
        self._files, self._pairs = Files(), Counts()
        self.templates = _TEMPLATES[templates](self._files)
        self._rarity = np.arange(len(self.templates.names), dtype=np.float64)

    def fit(self, history: pa.Table, context: Mapping[str, pa.Table]) -> None:
        """Learn how common each explanation is."""
        for table, rows in context.items():
            self.observe(table, rows)
        asked = self._files.asked(history)
        level = self.templates.learn(asked)
        count = np.bincount(level, minlength=len(self.templates.names)) + 1.0
        self._rarity = -np.log(np.cumsum(count[::-1])[::-1] / count.sum())
        self._unexplained(asked, level)

    def observe(self, table: str, rows: pa.Table) -> None:
        """Take over context rows as they become known."""
        self._files.learn(table, rows)

    def score(self, batch: pa.RecordBatch) -> NDArray[np.float64]:
        """Return rarity of the best explanation + 0.75 ln(1 + earlier unexplained of the pair)."""
        asked = self._files.asked(batch)
        level = self.templates.levels(asked)
        earlier = self._unexplained(asked, level)
        return self._rarity[level] + PAIR_STEP * np.log1p(earlier)

    def _unexplained(self, asked: Asked, level: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how often the pair was unexplained before, 0 where it is explained now."""
        bare = ~self.templates.naming[level]
        earlier = self._pairs.before(combine(asked.officer, asked.subject), bare.astype(np.int64))
        return np.where(bare, earlier, 0)
