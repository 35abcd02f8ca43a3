"""Runs side by side: what changed, who ranks where, what one finds and another misses.

In reading order: `configurations.py` (who is compared), `naming.py` (who is meant), `drawing.py`
(draws of officers), `differences.py` (against the first run), `ranking.py` (places and pairs),
`several.py` (many worlds), `families.py` (by kind and oddity), `campaigns.py` (found by one alone),
`timeline.py` (one campaign), `whole.py` (all of it), `shown.py`, `page.py` and `figures.py` (for
people).
"""

from misusebench.compare.differences import Difference, _corrected, value_of
from misusebench.compare.drawing import DRAWS
from misusebench.compare.shown import table
from misusebench.compare.whole import Comparison, Wanted, compare

__all__ = [
    "DRAWS", "Comparison", "Difference", "Wanted", "_corrected", "compare", "table", "value_of",
]  # fmt: skip
