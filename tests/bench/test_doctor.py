"""Is the machine ready."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from misusebench import doctor
from misusebench.__main__ import main

if TYPE_CHECKING:
    import pytest


def states() -> dict[str, str]:
    return {finding["name"]: finding["state"] for finding in doctor.examine()}


def test_this_machine_is_ready() -> None:
    """Where the tests run, everything needed is there."""
    found = states()

    assert {found[name] for name in ("python", "numpy", "pyarrow", "duckdb", "cores")} == {"ready"}
    assert {"extra ml", "extra cedar", "Landlock", "Chromium", "memory", "disk"} <= set(found)


def test_missing_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A package that is needed and missing exits 2; an extra that lacks one is only absent."""
    versions = {"numpy": "", "cedarpy": ""}
    monkeypatch.setattr(doctor, "_version", lambda name: versions.get(name, "1.0"))

    assert main(["doctor", "--json"]) == 2

    found = {f["name"]: f for f in json.loads(capsys.readouterr().out)["data"]}
    assert found["numpy"] == {"name": "numpy", "state": "missing", "about": "not installed"}
    assert found["extra cedar"]["state"] == "absent"
    assert found["extra cedar"]["about"] == "cedarpy"
    assert found["extra ml"]["about"] == "complete"


def test_little_memory_is_only_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small machines are warned, not refused."""
    monkeypatch.setattr(doctor, "LEAST_MEMORY", 2**60)
    monkeypatch.setattr(doctor, "LEAST_DISK", 2**60)

    assert states()["memory"] == states()["disk"] == "absent"


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    """The findings are readable."""
    assert main(["doctor"]) == 0

    assert "ready" in capsys.readouterr().out
