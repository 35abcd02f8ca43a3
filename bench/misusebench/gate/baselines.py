"""Baselines: what of a run is committed, so that the gate can judge later runs by it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from misusebench import metrics
from misusebench import result as results
from misusebench.compare import value_of
from misusebench.errors import SuiteError
from misusebench.found import of_policy
from misusebench.stored import kept_draws

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMA_VERSION: Final = "1"
#: Draws of each metric that a baseline keeps: enough for a 95 % interval, small enough to commit.
BASELINE_DRAWS: Final = 200


def baseline_of(run: str | Path) -> dict[str, Any]:
    """Return what of a run is committed as a baseline: no wall clock, no path, no scores."""
    told, found = results.load_run(run)
    drawn = kept_draws(Path(run))
    components = {}
    for one in found:
        gated = [n for n in one.metrics if _gates(n) and n.count("/") <= 1]
        components[one.name] = {
            "component": {k: one.component.get(k) for k in ("kind", "target", "version")},
            "parameters": one.component.get("parameters", {}),
            "source_sha256": one.component.get("source_sha256"),
            "state": one.state,
            **({"reasons": list(one.reasons)} if one.reasons and one.state != "ok" else {}),
            "tier": one.tier,
            "metrics": {name: {"value": value_of(one, name)} for name in gated},
            "draws": {
                name: [
                    None if math.isnan(v) else v
                    for v in drawn[one.name, name][:BASELINE_DRAWS].tolist()
                ]
                for name in gated
                if (one.name, name) in drawn
            },
            "found": one.diagnostics.get("found", {}),
            "rules": one.diagnostics.get("rules") or of_policy(one.metrics),
        }
    keys = ("suite", "tier", "seed", "review_budget", "history_share", "dataset", "scenario_hash")
    return {
        "schema_version": SCHEMA_VERSION, **{k: told.get(k) for k in keys},
        "scenario_seed": found[0].seeds.get("scenario") if found else None,
        "components": components,
    }  # fmt: skip


def _gates(name: str) -> bool:
    """Tell whether a loss of a metric is judged; one that only another version knows is kept."""
    one = metrics.REGISTRY.get(name.partition("/")[0])
    return one is None or one.gates


def write_baseline(run: str | Path, path: str | Path) -> Path:
    """Write a run's baseline, below a folder as ``DATASET.json``; return its path.

    A second seed of a scenario is written as ``DATASET-SEED.json``.
    """
    baseline, target = baseline_of(run), Path(path)
    if target.suffix != ".json":
        target = _file_below(target, baseline)
    text = json.dumps(results.clean(baseline), sort_keys=True, allow_nan=False, indent=0)
    results.write_atomically(target, (text.replace(",\n", ",") + "\n").encode())
    return target


def _file_below(folder: Path, baseline: dict[str, Any]) -> Path:
    name, seed = baseline["dataset"]["name"], baseline["scenario_seed"]
    plain, own = folder / f"{name}.json", folder / f"{name}-{seed}.json"
    if own.exists():
        return own
    taken = plain.exists() and _load_baseline(plain).get("scenario_seed") not in (None, seed)
    return own if taken else plain


def load_baselines(source: str | Path | Sequence[str | Path]) -> list[dict[str, Any]]:
    """Read baselines: a file, a folder of them, a run folder, or several of these.

    Raises
    ------
    SuiteError
        If there is none, or one is damaged.
    """
    if not isinstance(source, (str, Path)):
        return [one for part in source for one in load_baselines(part)]
    path = Path(source)
    if (path / "run.json").exists():
        return [baseline_of(path)]
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise SuiteError(
            f"{path} holds no baseline; make one with `misusebench gate RUN --write-baseline`"
        )
    return [_load_baseline(file) for file in files]


def _load_baseline(path: Path) -> dict[str, Any]:
    try:
        baseline = json.loads(path.read_text(encoding="utf-8"))
        version = baseline["schema_version"]
        _ = baseline["components"], baseline["dataset"]["hash"], baseline["dataset"]["name"]
        if version == SCHEMA_VERSION:  # another version may need other keys
            _ = baseline["seed"], baseline["review_budget"], baseline["history_share"]
            for name, one in baseline["components"].items():
                _check_component(name, one)
    except OSError as error:
        raise SuiteError(f"baseline {path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SuiteError(f"{path} is not a baseline: {error!r}; write it again with "
                         "--write-baseline") from error  # fmt: skip
    if version != SCHEMA_VERSION:
        raise SuiteError(
            f"{path} has schema version {version!r}, this package reads {SCHEMA_VERSION!r}"
        )
    return baseline  # type: ignore[no-any-return]


def _check_component(name: str, one: Any) -> None:
    """Raise ValueError if a component of a baseline is not as `baseline_of` writes it."""
    if not isinstance(one, dict) or not isinstance(one.get("metrics"), dict):
        raise ValueError(f"components.{name} has no metrics")  # noqa: TRY004 - one kind of fault
    if not isinstance(one.get("component"), dict) or not isinstance(one.get("state"), str):
        raise ValueError(f"components.{name} has no component or state")  # noqa: TRY004
    for metric, told in one["metrics"].items():
        if not isinstance(told, dict) or not results.is_number(told.get("value")):
            raise ValueError(f"components.{name}.metrics.{metric} is no number: {told!r:.40}")
