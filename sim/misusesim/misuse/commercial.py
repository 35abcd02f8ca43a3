"""Commercial kinds: what is looked up is sold, or serves a trade of one's own."""

from __future__ import annotations

from typing import Final

from misusesim.misuse.spells import CourseCampaigns, Way
from misusesim.misuse.targets import one_each, strangers

#: A trickle of unrelated people for years, some printed (domain note 5.1, kind 8). Twins:
#: the counter that serves lawful requests all day.
SELLING: Final = CourseCampaigns(Way(
    "selling", "addresses for a buyer", "malicious",
    {"records_clerk": ("records_request",), "dispatcher": ("call_dispatch",)},
    (1, 1, 2, 2, 3), one_each, purpose=None,
    actions={"records_clerk": (None, None, "print")}, gap_s=40,
))  # fmt: skip
#: Plates of cars for sale, some at a time (kind 9). Twins: impounds and salvage yards under a case.
PERSONAL_BUSINESS: Final = CourseCampaigns(Way(
    "personal_business", "a trade in vehicles", "malicious",
    dict.fromkeys(("patrol", "supervisor", "detective"), ("plate_check",)),
    (1, 1, 2, 4, 8, 15, 22), strangers, topic="vehicle_theft", purpose=None, gap_s=22,
))  # fmt: skip
