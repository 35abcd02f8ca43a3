"""Wanted persons: lists of investigators, checked again and again without any case number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from misusesim import rng
from misusesim.clock import DAY_US
from misusesim.dice import lane
from misusesim.occasions import TEMPLATE, TOPIC, Occasions
from misusesim.workload import durations
from misusesim.workload.counters import pace
from misusesim.workload.durations import drawn
from misusesim.workload.setting import work

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.workload.setting import Setting

    I64Array = NDArray[np.int64]

#: Checks per ten-hour shift of an investigator and of a patrol officer (assumption).
_WANTED_JOBS, _PATROL_WANTED_JOBS = 2.4, 0.15
#: Wanted persons on an investigator's list, which changes every six weeks (assumption).
LIST_LENGTH, _LIST_WEEKS = 6, 6


@dataclass(frozen=True, slots=True)
class Wanted:
    """Columns, one row per warrant on somebody's list."""

    owner: I64Array  # the investigator whose list it is on
    subject: I64Array
    since: I64Array  # UTC microseconds
    until: I64Array


def lists(setting: Setting) -> Wanted:
    """Return all warrants on the lists of investigators."""
    owners = np.flatnonzero(setting.has_role("detective"))
    epochs = np.arange(0, (setting.clock.weeks + 1) // _LIST_WEEKS + 1)
    owner, epoch, place = (
        axis.reshape(-1) for axis in np.meshgrid(owners, epochs, np.arange(LIST_LENGTH))
    )
    return warrants(setting, owner, epoch, place)


def warrants(setting: Setting, owner: I64Array, epoch: I64Array, place: I64Array) -> Wanted:
    """Return the warrants at some places of investigators' lists in six-week epochs."""
    bits = setting.officer_dice(owner, epoch << 6 | place, 18).bits("warrant")
    begin = setting.clock.day_start((epoch * _LIST_WEEKS - 1) * 7)
    return Wanted(
        owner=owner,
        subject=_listed(setting, owner, epoch, place),
        since=begin - (lane(bits, 0) * 30 >> 16) * DAY_US,
        until=begin + (_LIST_WEEKS * 7 + (lane(bits, 1) * 60 >> 16)) * DAY_US,
    )


def warrant_checks(setting: Setting) -> Occasions:
    """Return checks on wanted persons, again and again and without any case number."""
    detectives, patrol = setting.has_role("detective"), setting.has_role("patrol")
    rate = np.where(detectives, _WANTED_JOBS, _PATROL_WANTED_JOBS) * pace(setting)
    jobs = setting.paced("warrants", setting.shifts_of(detectives | patrol), rate)
    bits = jobs.dice.bits("whom")
    owners = np.flatnonzero(detectives)
    edges = np.searchsorted(setting.place[owners], np.arange(len(setting.agencies) + 1))
    home = setting.place[jobs.officer]
    first, count = edges[home], np.diff(edges)[home]
    theirs = np.append(owners, 0)[first + (lane(bits, 0) * count >> 16)]
    borrowed = np.where(count > 0, theirs, jobs.officer)
    owner = np.where(detectives[jobs.officer], jobs.officer, borrowed).astype(np.int64)
    place = np.minimum(lane(bits, 1), lane(bits, 2)) * LIST_LENGTH >> 16
    return work(
        len(jobs),
        officer=jobs.officer,
        start=jobs.time,
        n=drawn(durations.WANTED_QUERIES, bits, 3),
        gap_s=45,
        template=TEMPLATE["warrant_check"],
        topic=TOPIC["wanted"],
        subject=_listed(setting, owner, epoch_of(setting.clock.week_of(jobs.time)), place),
    )


def _listed(setting: Setting, owner: I64Array, epoch: I64Array, place: I64Array) -> I64Array:
    """Return the wanted person at a place of an officer's list in a six-week epoch."""
    dice = setting.officer_dice(owner, epoch << 6 | place, 18)
    return rng.below(dice.bits("wanted"), setting.scenario.population)


def epoch_of(week: I64Array) -> I64Array:
    """Return the epoch of lists that each week lies in."""
    return (week + 1) // _LIST_WEEKS
