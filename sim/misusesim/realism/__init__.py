"""How real a log looks: its profile, named statistics with published targets, and a verdict.

In reading order: `profile` (what a log looks like in numbers), `material` (the rows that statistics
are about), `measures` (small formulas), `targets` (what a value is held against), `times`,
`searches`, `agencies`, `reasons`, `street`, `subjects` and `people` (the statistics), `verdict`,
`table` and `shapes` (what is drawn).
"""

from misusesim.realism.profile import (
    DAY_US,
    ENOUGH,
    HOUR_US,
    SLICES,
    WindowShare,
    gini,
    profile,
    shift_window_share,
    take,
)

__all__ = [
    "DAY_US",
    "ENOUGH",
    "HOUR_US",
    "SLICES",
    "WindowShare",
    "gini",
    "profile",
    "shift_window_share",
    "take",
]
