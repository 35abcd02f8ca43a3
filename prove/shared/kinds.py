"""Who catches most campaigns of each kind: by family, and by what was joined to the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from misusebench.specs import TIERS
from shared.boards import FAMILIES, mean, over

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.boards import Judged


def _campaigns(found: Sequence[Judged], control: str) -> dict[str, int]:
    """Return how many campaigns there are of each kind in all worlds."""
    keys = sorted({
        key for one in found for key in one[control]
        if key.startswith("campaign_recall/") and key.count("/") == 1
    })  # fmt: skip
    return {
        key: int(sum(n for one in found if (n := one[control].get(key, {}).get("n"))))
        for key in keys
    }


def _caught(found: Sequence[Judged], names: Sequence[str], key: str) -> dict[str, float]:
    """Return the mean of those that have one, the largest first."""
    by = {n: float(np.nanmean(v)) for n in names if np.isfinite(v := over(found, n, key)).any()}
    return dict(sorted(by.items(), key=lambda told: -told[1]))


def by_family(found: Sequence[Judged], names: Sequence[str]) -> list[str]:
    """Return a table of who catches most campaigns of each kind, by family."""
    lines = ["| kind | campaigns | best | its family | caught | next family | caught | random |",
             "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for key, count in _campaigns(found, "random").items():
        by = _caught(found, names, key)
        if not by:
            lines.append(f"| {key.partition('/')[2]} | {count} |{' - |' * 6}")
            continue
        best = next(iter(by))
        second = next((n for n in by if FAMILIES[n] != FAMILIES[best]), best)
        lines.append(
            f"| {key.partition('/')[2]} | {count} | {best} | {FAMILIES[best]} | {by[best]:.0%} | "
            f"{FAMILIES[second]} ({second}) | {by[second]:.0%} | "
            f"{mean(over(found, 'random', key), '.0%')} |"
        )
    return lines


def by_tier(found: Sequence[Judged], names: Sequence[str], control: str) -> list[str]:
    """Return a table of the most that any catches of each kind at each tier.

    Parameters
    ----------
    found
        One entry a world.
    names
        Of components; those that ran at a tier are called `name-tier`.
    control
        A component that has metrics of every kind.
    """
    lines = [f"| kind | campaigns | {' | '.join(TIERS)} |", f"|---|---|{'---|' * len(TIERS)}"]
    for key, count in _campaigns(found, control).items():
        cells = []
        for tier in TIERS:
            by = _caught(found, [f"{name}-{tier}" for name in names], key)
            best = next(iter(by), "")
            who = f" ({best.rpartition('-')[0]})" if by.get(best) else ""
            cells.append(f"{by[best]:.0%}{who}" if best else "-")
        lines.append(f"| {key.partition('/')[2]} | {count} | {' | '.join(cells)} |")
    return lines
