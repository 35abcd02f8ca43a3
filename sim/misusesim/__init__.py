"""Makes worlds of police database queries: a log as a real system holds it, and its truth.

Three calls do most: :func:`load_scenario`, :func:`simulate` and :func:`open_dataset`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from misusesim.dataset.reader import Dataset, open_dataset
    from misusesim.scenario.load import load_scenario
    from misusesim.scenario.model import Scenario
    from misusesim.shards import Engine, Progress

__all__ = ["load_scenario", "open_dataset", "simulate"]

#: Where the public names live; they are imported when first asked for, as both are heavy.
_LAZY: Final = {
    "load_scenario": "misusesim.scenario.load",
    "open_dataset": "misusesim.dataset.reader",
}


def __getattr__(name: str) -> Any:
    """Return a public name, importing its module when it is first asked for."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def simulate(
    scenario: Scenario | str | Path,
    out: str | Path,
    *,
    workers: int = 1,
    progress: Callable[[Progress], None] | None = None,
    engine: Engine = "local",
    address: str | None = None,
    outcomes_only: bool = False,
) -> Dataset:
    """Make the data set of a scenario in a folder, or finish one that was begun there.

    Parameters
    ----------
    scenario
        A scenario, the name of a shipped one, or a TOML file.
    out
        A new or empty folder.
    workers
        Processes; the bytes are the same for any number.
    progress
        Called at the start and after every task.
    engine
        ``"local"``: processes of this machine; ``"ray"``: a Ray cluster (extra `dist`) whose nodes
        all see the folder.
    address
        Of a running cluster, ``HOST:PORT`` or ``auto``; None starts one on this machine.
    outcomes_only
        Make campaigns, outcomes and sanctions only, no query and no log: minutes for a state.

    Raises
    ------
    ScenarioError
        If the scenario is wrong.
    UsageError
        If the folder holds something else, the disk is full, or Ray is not there.
    """
    import pathlib  # noqa: PLC0415 - the public names load what they need when they are used

    from misusesim import shards  # noqa: PLC0415
    from misusesim.dataset.reader import open_dataset  # noqa: PLC0415
    from misusesim.scenario.load import load_scenario  # noqa: PLC0415
    from misusesim.scenario.model import Scenario  # noqa: PLC0415

    world = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    shards.run(world, pathlib.Path(out), workers=workers, progress=progress,
               engine=engine, address=address, outcomes_only=outcomes_only)  # fmt: skip
    return open_dataset(out)
