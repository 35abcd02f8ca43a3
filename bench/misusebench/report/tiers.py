"""What each tier gains, as a Markdown table: one row a detector, one column a tier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from misusebench.specs import TIERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from misusebench.worlds import Pair


def tier_table(
    means: Mapping[str, Mapping[str, float]], gains: Sequence[Pair], level: float = 0.05
) -> list[str]:
    """Return the lines of the table; a gain or loss beyond chance is marked.

    Parameters
    ----------
    means
        Detector -> tier -> mean of the metric over worlds (:func:`misusebench.worlds.by_tier`).
    gains
        Each tier against the one before (:func:`misusebench.worlds.gains`).
    level
        Of Holm's p below which a cell is marked.
    """
    marks = {
        one.first: "↑" if one.difference > 0 else "↓" for one in gains if one.p_holm < level
    }  # fmt: skip
    lines = [f"| detector | {' | '.join(TIERS)} |", f"|---|{'---:|' * len(TIERS)}"]
    for base, told in sorted(means.items(), key=lambda item: -max(item[1].values())):
        cells = [
            f"{told[tier]:.4g} {marks.get(f'{base}-{tier}', '')}".strip() if tier in told else "-"
            for tier in TIERS
        ]
        lines.append(f"| {base} | {' | '.join(cells)} |")
    return [*lines, "", "An arrow: up or down from the tier before, signed ranks, Holm, 5 %."]
