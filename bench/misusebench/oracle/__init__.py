"""The observable oracle: P(misuse | what a tier lets one see), what detectors are held against.

It reads the scenario's parameters, makes other worlds of it, and learns from their truth; of the
judged data set it sees what a component of the tier sees, and never a label. The scorer runs it,
when all components have ended.
"""

from __future__ import annotations

import tempfile
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from misusebench.columns import HOUR_US
from misusebench.errors import SuiteError
from misusebench.oracle.posterior import NoMisuseError, Posterior
from misusebench.oracle.siblings import family_of, seeds, seen, siblings
from misusebench.replay import Replayed
from misusesim.errors import SimulatorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from misusebench.outcomes import Bench, Outcome
    from misusebench.suite import ComponentSpec, Suite
    from misusesim.scenario.model import Scenario

__all__ = ["FITTED", "MOST_ROWS", "WORLDS", "fitted", "rate", "worlds_of"]

#: Sibling worlds, unless the suite says otherwise.
WORLDS: Final = 6
_LEAST_WORLDS: Final = 2
#: Larger logs are not rated: what is counted per pair of officer and person takes 25 GB at 10 M.
MOST_ROWS: Final = 3_000_000
#: Fitted posteriors of this process: worlds of one scenario share them, whatever their seeds.
FITTED: dict[tuple[Any, ...], Posterior] = {}


def rate(
    bench: Bench, outcome: Outcome, jobs: int = 2, progress: Callable[[str], None] = lambda _: None
) -> None:
    """Put the oracle's scores into its outcome, or why it has none.

    Parameters
    ----------
    bench
        Log and context as components see them.
    outcome
        Of the oracle; its tier is what it may see.
    jobs
        Sibling worlds made at a time.
    progress
        Told a line for each of them.

    Raises
    ------
    SuiteError
        If its parameters are wrong.
    """
    worlds = worlds_of(outcome.spec)
    if bench.log.num_rows > MOST_ROWS:
        outcome.state = "not_applicable"
        outcome.reasons = [f"the log has over {MOST_ROWS:,} rows, too many for the oracle's memory"]
        return
    try:
        posterior = fitted(
            bench.dataset.scenario, bench.suite, outcome.tier, worlds, jobs, progress
        )
    except (SimulatorError, ImportError, NoMisuseError) as error:
        outcome.state, outcome.reasons = "not_applicable", [str(error)]
        return
    except (OSError, MemoryError, BrokenProcessPool) as error:  # the others' results are kept
        outcome.state, outcome.reasons = "crash", [f"{type(error).__name__}: {error}"]
        return
    close_us = bench.suite.close_hours * HOUR_US
    found = seen(outcome.tier, bench.shown, bench.context(outcome.tier), bench.end_us, close_us)
    ids = bench.log["query_id"].slice(bench.first).to_numpy()
    outcome.replayed = Replayed(bench.first, ids, posterior.of(found.rows(), found.keys()))
    outcome.diagnostics = {"fit": posterior.fit._asdict() | {"worlds": worlds}}


def worlds_of(spec: ComponentSpec) -> int:
    """Return how many sibling worlds an oracle asks for.

    Raises
    ------
    SuiteError
        If its parameters are wrong.
    """
    parameters = spec.parameters
    unknown = [name for name in parameters if name != "worlds"]
    worlds = parameters.get("worlds", WORLDS)
    if unknown:
        raise SuiteError(f"observable_oracle has no parameter {unknown[0]}; it has worlds")
    if not isinstance(worlds, int) or isinstance(worlds, bool) or worlds < _LEAST_WORLDS:
        raise SuiteError(
            f"observable_oracle: worlds must be a whole number of {_LEAST_WORLDS} or more, "
            f"got {worlds!r}"
        )
    return worlds


def fitted(
    scenario: Scenario, suite: Suite, tier: str, worlds: int = WORLDS, jobs: int = 2,
    progress: Callable[[str], None] = lambda _: None,
) -> Posterior:  # fmt: skip
    """Return the posterior of a scenario at a tier; fitted once in a process.

    Parameters
    ----------
    scenario
        Its seed does not matter.
    suite
        Of the judged run: its history share and closing hours count.
    tier
        T0 to T3.
    worlds
        Sibling worlds.
    jobs, progress
        See :func:`rate`.

    Raises
    ------
    NoMisuseError
        If there is no misuse in half of the sibling worlds.
    """
    close_us = suite.close_hours * HOUR_US
    of = (family_of(scenario), *seeds(scenario, worlds))
    key = (*of, tier, suite.history_share, close_us)
    if key not in FITTED:
        with tempfile.TemporaryDirectory(prefix="oracle-") as folder:
            found = siblings(
                scenario, tier, worlds, suite.history_share, close_us, Path(folder), jobs, progress
            )
            FITTED[key] = Posterior(found, categories(tier))
    return FITTED[key]


def categories(tier: str) -> list[int]:
    """Return the places of the columns that are categories, among those seen at a tier."""
    from misusebench.oracle.observed import Observed  # noqa: PLC0415 - makes detectors

    return Observed(tier).categories
