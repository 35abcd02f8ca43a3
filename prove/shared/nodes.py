"""A Ray cluster of two simulated nodes, of which one is killed while it works.

Each node is a raylet of its own on this machine, with one core. They share this machine's folder,
so a shared file system between machines is not part of a proof.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, TypeVar

import psutil

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

from ray.cluster_utils import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable

Run = TypeVar("Run")


def with_a_lost_node(
    run: Callable[[str, Callable[[], int]], Run],
    ready: Callable[[], bool] = lambda: True,
    patience: float = 60.0,
) -> Run:
    """Run on a head without cores and two nodes; kill one of them, without warning.

    Parameters
    ----------
    run
        Gets the cluster's address, and what to call once it has started: that kills the second
        node as soon as it is at work, and returns how many tasks it was at.
    ready
        Tells whether the run is far enough for that.
    patience
        Seconds in which it must come to that.
    """
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    try:
        lost = [cluster.add_node(num_cpus=1) for _ in range(2)][1]

        def kill() -> int:
            raylet = psutil.Process(lost.all_processes["raylet"][0].process.pid)
            end = time.monotonic() + patience
            while not (ready() and (tasks := at_work(raylet))):
                if time.monotonic() > end:
                    raise SystemExit("the second node never got a task")
                time.sleep(0.005)
            cluster.remove_node(lost, allow_graceful=False)
            return tasks

        return run(cluster.address, kill)
    finally:
        cluster.shutdown()


def at_work(raylet: psutil.Process) -> int:
    """Return how many workers of a node are in a task: Ray writes it into their title."""
    titles = []
    for child in raylet.children():
        try:
            titles.append(" ".join(child.cmdline()))
        except psutil.Error:
            continue  # gone in between
    return sum("_perform" in title for title in titles)
