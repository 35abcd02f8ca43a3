"""Kinds of excess: too much at once, too far back, too wide; and trying it out on real people."""

from __future__ import annotations

from typing import Final

from misusesim.misuse.spells import CourseCampaigns, Way
from misusesim.misuse.targets import last_matter, one_each, strangers

_SEARCHERS: Final = ("patrol", "detective")

#: 60 to 128 plates at a sitting, half a minute apart (domain note 5.1, kind 18). Twins: validation
#: of the agency's own records, plate by plate.
BULK_HARVEST: Final = CourseCampaigns(Way(
    "bulk_harvest", "a list of whoever there is", "malicious",
    dict.fromkeys(("analyst", "dispatcher", "records_clerk"), ("plate_check",)),
    (60, 80, 100, 128), strangers, topic="vehicle_theft", purpose=None, at_work=False,
    gap_s=30,
))  # fmt: skip
#: Own matters, searched over a year and the whole network (kind 21). Twins: cold cases.
SCOPE_EXCESS: Final = CourseCampaigns(Way(
    "scope_excess", "all there may be", "negligent", dict.fromkeys(_SEARCHERS, ("alpr_wide",)),
    (1, 1, 2), strangers, topic="suspicious", purpose="criminal", violation="lookback",
    matter=last_matter,
))  # fmt: skip
#: Reason "test", on people who exist (kind 20). Twins: directed tests of one's own data.
LIVE_TESTING: Final = CourseCampaigns(Way(
    "live_testing", "to show or to try how it works", "negligent",
    dict.fromkeys(("patrol", "supervisor", "dispatcher", "records_clerk", "jail"),
                  ("system_test",)),
    (1, 2, 3), one_each, topic="test", purpose="other", violation="purpose",
))  # fmt: skip
