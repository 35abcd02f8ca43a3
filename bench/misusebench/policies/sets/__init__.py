"""Shipped policies as data, and which of them are steps of one stair."""

from __future__ import annotations

from typing import Final

#: From the mildest to the strictest; each has all rules of the one before.
GRADED: Final = (
    "purpose_only", "shift_training", "case_present", "case_valid", "officer_assigned",
    "warrant_lookback",
)  # fmt: skip
#: All that may be named as a policy by themselves; the eleven rules are in the registry as code.
SHIPPED: Final = (*GRADED, "break_glass", "case_challenge")
