"""Occasions made by hand, and the rows that they become."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from tests.sim import synthetic_plan

from misusesim.clock import LocalClock
from misusesim.occasions import MISUSE, TEMPLATE, TOPIC, WORK, Occasions
from misusesim.query import expand
from misusesim.scenario.model import Noise

QUIET = Noise(skew_seconds=0, late_share=0, lost_share=0, duplicate_share=0, typo_share=0)
MINUTE_US = 60_000_000
PATROL, DETECTIVE, DISPATCHER = 5, 95, 112


def world(noise=QUIET, **changes):
    """Return a scenario without noise, unless some is asked for."""
    return synthetic_plan.scenario(noise=noise, **changes)


@lru_cache(maxsize=16)
def plan(scenario):
    """Return a plan with incidents (serials 0, 3, 6 ...) and cases (50 to 89), no occasions."""
    return synthetic_plan.plan(scenario, 50, misuse=0, odd=0)


def made(template, topic="patrol", count=200, **columns):
    """Return occasions of one template and topic, a minute apart."""
    start = LocalClock(synthetic_plan.scenario()).horizon[0]
    plain = {
        "source": WORK, "serial": np.arange(count), "officer": DETECTIVE,
        "start": start + np.arange(count) * MINUTE_US, "template": TEMPLATE[template],
        "topic": TOPIC[topic],
    }  # fmt: skip
    return Occasions.build(count, **{**plain, **columns})


def dishonest(campaign, template="name_check", topic="patrol", count=200, **columns):
    """Return steps of one of the four campaigns of the synthetic plan."""
    return made(template, topic, count, source=MISUSE, campaign=campaign, subject=5000, **columns)


def shard(occasions, scenario=None, **files):
    """Return the expanded shard of hand-made occasions."""
    scenario = scenario or world()
    return expand(scenario, replace(plan(scenario), occasions=occasions, **files), 0)


def rows(occasions, scenario=None, **files):
    """Return the rows of the log, truth joined on, as dicts."""
    one = shard(occasions, scenario, **files)
    truth = {row["query_id"]: row for row in one.truth.to_pylist()}
    return [{**row, **truth.get(row["query_id"], {})} for row in one.log.to_pylist()]


def share(found, test):
    """Return the share of rows for which the test holds."""
    return sum(map(test, found)) / len(found)
