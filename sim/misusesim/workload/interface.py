"""Queries that no person asks: dispatch, records and plate-reader systems, by themselves.

Statewide networks count messages of such interfaces beside those of people. An occasion here is a
span of traffic of one account, a hundred queries or so about as many strangers, so that millions of
queries a day stay a few ten thousand rows of the plan.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim import rng
from misusesim.dataset.schema import ACTIONS, PURPOSES
from misusesim.occasions import AUTOMATIC, TEMPLATE, TOPIC, Occasions
from misusesim.plan import SERIAL_BITS
from misusesim.workload import durations
from misusesim.workload.arrivals import STREET, coming
from misusesim.workload.durations import drawn
from misusesim.workload.setting import work

if TYPE_CHECKING:
    from misusesim.workload.setting import Setting

#: Bit of a serial that no other work has: the engine numbers that without these.
_MACHINE_BIT: Final = 1 << 37
_MEAN_SPAN: Final = 96  # queries, of `durations.SPAN_QUERIES` (calc)
_DAYS_PER_WEEK: Final = 7
#: A span takes about half the time there is for it, at most 20 s a query, so that the hours of the
#: day keep their profile (assumption).
_HALF_A_DAY_S, _LONGEST_GAP_S = 43_200, 20
#: What the accounts of an agency are, one after the other (assumption).
_TEMPLATES: Final = np.array([TEMPLATE[name] for name in AUTOMATIC])


def interface_work(setting: Setting) -> Occasions:
    """Return the traffic of the agencies' interface accounts after the warm-up, numbered.

    Parameters
    ----------
    setting
        The agencies; each one's officers end with its accounts.

    Returns
    -------
    Occasions
        By agency and time; a serial has the place of the agency on top.
    """
    accounts = setting.of_group("interface_accounts")
    daily = setting.of_group("interface_queries_per_day")
    weekly = accounts * daily * _DAYS_PER_WEEK
    if not weekly.any():
        return Occasions.concat([])
    warm_up = np.zeros(len(weekly))  # nothing of it would be kept
    expected = [warm_up, *[weekly / _MEAN_SPAN] * setting.clock.weeks]
    start, serial = coming(setting, "interface", expected, STREET)
    serial |= _MACHINE_BIT
    dice, home = setting.dice(serial), serial >> SERIAL_BITS
    account = rng.below(dice.bits("interface account"), accounts[home]).astype(np.int64)
    gap = np.round(_HALF_A_DAY_S / np.where(weekly, daily, 1)).astype(np.int64)
    spans = work(
        len(start),
        officer=(setting.first[1:] - accounts)[home] + account,
        start=start,
        n=drawn(durations.SPAN_QUERIES, dice.bits("interface queries")),
        gap_s=np.clip(gap, 1, _LONGEST_GAP_S)[home],
        template=_TEMPLATES[account % len(_TEMPLATES)],
        topic=TOPIC["patrol"],
        says_purpose=PURPOSES.index("criminal"),
        action=ACTIONS.index("view"),
    )
    return replace(spans, serial=serial)
