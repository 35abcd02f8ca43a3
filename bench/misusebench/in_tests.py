"""What the pytest fixtures do: data sets by the hash of their scenario, one component on one."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misusebench.asserted import BenchResult, fail
from misusebench.errors import SuiteError
from misusebench.result import load_run
from misusebench.run import run
from misusebench.specs import guess
from misusebench.suite import Suite, load_suite, parse_component
from misusesim import shards
from misusesim.dataset.reader import open_dataset
from misusesim.errors import SimulatorError
from misusesim.scenario.load import load_scenario
from misusesim.scenario.write import scenario_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from misusebench.suite import ComponentSpec


class DatasetMaker:
    """Makes data sets below a folder, each once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(
        self,
        scenario: str | Path,
        *,
        seed: int | None = None,
        days: int | None = None,
        sets: Sequence[str] = (),
    ) -> Path:
        """Return the folder of a scenario's data set.

        Parameters
        ----------
        scenario
            A name, or a TOML file.
        seed, days
            Instead of the scenario's.
        sets
            Changes as ``key=value``.
        """
        world = load_scenario(scenario, sets, seed=seed, days=days)
        key = scenario_hash(world)
        version = metadata.version("misusebench")  # another one may make other bytes
        out = self._folder / f"{world.name}-{key[:16]}-{version}"
        if _is_whole(out, key):
            return out
        self._folder.mkdir(parents=True, exist_ok=True)
        # made aside and moved, so that processes that test in parallel never see half of one
        aside = Path(tempfile.mkdtemp(dir=self._folder, prefix=f".{world.name}-"))
        try:
            shards.run(world, aside / "data")
            if out.exists() and not _is_whole(out, key):
                shutil.rmtree(out, ignore_errors=True)
            if not out.exists():
                _move(aside / "data", out)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return out


def _is_whole(folder: Path, key: str) -> bool:
    """Tell whether a folder holds the data set of a scenario."""
    try:
        manifest = open_dataset(folder).manifest
    except (SimulatorError, OSError):
        return False
    return bool(manifest.get("scenario_hash") == key)


def _move(made: Path, out: Path) -> None:
    try:
        made.rename(out)
    except OSError:
        if not out.exists():  # otherwise another process was first
            raise


def bench(
    data: str | Path,
    out: Path,
    *,
    detector: str | None = None,
    policy: str | None = None,
    suite: str | Path | None = None,
    component: str | None = None,
    tier: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    must_be_valid: bool = True,
    unsafe: bool = False,
) -> BenchResult:
    """Judge one component on a data set.

    Parameters
    ----------
    data
        A data set's folder.
    out
        Of the run.
    detector, policy
        A registry name, ``module:Class`` or whatever else a suite may name; one of both, or none.
    suite
        A shipped suite or a TOML file: tier, budget, limits, and the components if none is named.
    component
        Which of a suite's components, by its name.
    tier
        Instead of the suite's.
    parameters
        Of the detector or policy.
    must_be_valid
        Whether a component that fails, or cannot be applied, fails the test.
    unsafe
        Go on where no isolation can be had.

    Raises
    ------
    SuiteError
        If it is not said which component is meant, or there is no such thing.
    """
    chosen = _suite(suite, detector, policy, component, tier, parameters or {})
    run(data, chosen, out, jobs=1, unsafe=unsafe)
    told, found = load_run(out)
    result = BenchResult(out, told, found[0])
    if must_be_valid and not result.valid:
        fail(result.told_invalid())
    return result


def _suite(
    source: str | Path | None,
    detector: str | None,
    policy: str | None,
    component: str | None,
    tier: str | None,
    parameters: Mapping[str, Any],
) -> Suite:
    suite = Suite("test", ()) if source is None else load_suite(source)
    if tier is not None:
        suite = replace(suite, tier=tier)
    if detector is not None and policy is not None:
        raise SuiteError("misuse_bench: give a detector or a policy, not both")
    if detector is not None:
        one = parse_component("detector", detector, parameters)
    elif policy is not None:
        one = parse_component("policy", policy, parameters)
    else:
        one = _named(suite, component)
        one = replace(one, parameters={**one.parameters, **parameters})
    return replace(suite, components=(one,))


def _named(suite: Suite, component: str | None) -> ComponentSpec:
    names = [one.name for one in suite.components]
    if component is None and len(names) == 1:
        return suite.components[0]
    if component is None:
        which = f"component= one of {', '.join(names)}" if names else "detector= or policy="
        raise SuiteError(f"misuse_bench: say what is judged: {which}")
    if component not in names:
        raise SuiteError(f"misuse_bench: no component {component}{guess(component, names)}")
    return suite.components[names.index(component)]
