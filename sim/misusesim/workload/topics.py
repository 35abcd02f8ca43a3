"""What jobs are about: weights of topics, as tables of codes."""

from __future__ import annotations

from typing import Final

from misusesim.dice import table
from misusesim.occasions import TOPIC


def _mix(**weights: int) -> dict[int, int]:
    return {TOPIC[name]: weight for name, weight in weights.items()}


#: Calls for service (assumption, in the order of public call statistics).
CALLS: Final = table(_mix(
    disturbance=190, traffic=90, suspicious=150, welfare=120, domestic=60, larceny=90, burglary=55,
    hit_and_run=45, assault=55, vehicle_theft=40, fraud=25, missing=22, drugs=25, weapons=12,
    robbery=10, wanted=8, sex_offense=3,
))  # fmt: skip
TRAFFIC_STOPS: Final = table(
    _mix(traffic=880, suspicious=50, vehicle_theft=30, drugs=20, wanted=20)
)
PEDESTRIAN_STOPS: Final = table(_mix(
    suspicious=560, disturbance=120, drugs=110, larceny=80, wanted=50, burglary=40, weapons=20,
    assault=20,
))  # fmt: skip
PLATE_CHECKS: Final = table(_mix(patrol=420, traffic=380, vehicle_theft=110, suspicious=90))
#: Investigations and plate searches: the drop-down of seven agencies (domain note 8), rounded.
CASES: Final = table(_mix(
    vehicle_theft=177, larceny=123, burglary=111, drugs=107, wanted=51, assault=44, hit_and_run=43,
    domestic=50, robbery=34, fraud=60, weapons=30, missing=25, sex_offense=22, homicide=10,
))  # fmt: skip
#: What plate searches are about: picks of a drop-down with 46 values (domain note 8).
SEARCHES: Final = table(_mix(
    vehicle_theft=200, larceny=125, burglary=111, drugs=107, wanted=51, assault=44, hit_and_run=30,
    domestic=30, robbery=34, fraud=25, weapons=23, missing=20, sex_offense=18, homicide=6,
    traffic=45, disturbance=35,
))  # fmt: skip
BOOKINGS: Final = table(_mix(
    custody=500, wanted=170, drugs=90, domestic=70, assault=60, larceny=50, weapons=20, robbery=10,
))  # fmt: skip
#: Urgency by topic code: 1 urgent to 4; what is not named is 3.
_URGENT: Final = _mix(
    assault=1, robbery=1, weapons=1, domestic=1, homicide=1, burglary=2, missing=2, welfare=2,
    suspicious=2, disturbance=2, sex_offense=2, wanted=2,
)  # fmt: skip
PRIORITY: Final = tuple(_URGENT.get(code, 3) for code in TOPIC.values())
