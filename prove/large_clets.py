"""Reference detectors on California's year of 2023 made small.

The unit of the permit checks is as it is, of the other agencies one in a hundred, and systems ask a
tenth of what they ask by themselves: some fourteen million queries a year.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from shared.large import tell

from misusesim.scenario.load import load_scenario
from misusesim.scenario.write import dump_toml

if TYPE_CHECKING:
    from misusesim.scenario.model import Scenario

ONE_IN: Final = 100
SYSTEMS: Final = 0.1
LARGEST: Final = 1_600  # accounts; agencies of more are left out


def small_california() -> Scenario:
    """Return `clets_2023` with few agencies besides the one whose unit checks permits."""
    whole = load_scenario("clets_2023")
    groups = []
    for group in whole.agency:
        if group.accounts_median > LARGEST:
            continue
        kept = group.name == "large sheriff"
        change: dict[str, Any] = {"count": 1 if kept else -(-group.count // ONE_IN)}
        change["interface_queries_per_day"] = group.interface_queries_per_day * SYSTEMS
        groups.append(group.model_copy(update=change))
    return whole.model_copy(
        update={"agency": tuple(groups), "population": whole.population // ONE_IN, "truth": "full"}
    )


if __name__ == "__main__":
    path = Path(os.environ["PROOF_FOLDER"]) / "clets_2023.toml"
    path.write_text(dump_toml(small_california()))
    tell("a small clets_2023", str(path))
