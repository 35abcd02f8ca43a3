"""What all tests share: one small data set, made once per run."""

from __future__ import annotations

import fcntl
import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

PROOFS = Path(__file__).parents[1] / "prove"

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


@pytest.fixture
def proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Return what imports a proof by its name: it reads the environment as it comes in."""

    def imported(name: str) -> ModuleType:
        monkeypatch.setenv("PROOF_FOLDER", str(tmp_path))
        monkeypatch.syspath_prepend(str(PROOFS))
        monkeypatch.delitem(sys.modules, name, raising=False)
        return importlib.import_module(name)

    return imported


@pytest.fixture
def proved(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return what runs a proof on `tiny`, with other settings and after some lines of code."""

    def run(name: str, code: str = "pass", **settings: str) -> subprocess.CompletedProcess[str]:
        start = f"import sys; sys.path.insert(0, {str(PROOFS)!r}); import {name} as e"
        folder = {"PROOF_FOLDER": str(tmp_path), "PROOF_NUMBERS": str(tmp_path / "numbers.json")}
        return subprocess.run(
            [sys.executable, "-c", f"{start}; {code}; e.main()"],
            env={**os.environ, "PROOF_WORLD": "tiny", **folder, **settings},
            capture_output=True,
            text=True,
            check=False,
        )

    return run
