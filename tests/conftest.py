"""What all tests share: one small data set, made once per run."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from pathlib import Path

# the same examples in every run, and no judgement of the machine's speed
settings.register_profile(
    "seeded", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("seeded")


@pytest.fixture(scope="session")
def tiny_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the `tiny` scenario's data set; read only.

    The first process of a parallel run makes it, the others wait and find it finished.
    """
    from misusesim import shards  # noqa: PLC0415 - most tests need no data
    from misusesim.scenario.load import load_scenario  # noqa: PLC0415

    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # of this run, shared by its processes
    with (base / "tiny.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shards.run(load_scenario("tiny"), base / "tiny")
    return base / "tiny"
