"""Files beside a run that are broken: the file and the fault are named, nothing is a bug."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from misusebench.errors import SuiteError
from misusebench.report.view import load

if TYPE_CHECKING:
    from pathlib import Path

RUN = {"schema_version": "1", "dataset": {"name": "d"}, "components": [], "review_budget": 2}


@pytest.mark.parametrize(
    ("name", "told", "fault"),
    [("verdict", [], "holds no JSON object"), ("verdict", {"checks": []}, "status must be a text"),
     ("verdict", {"status": "pass"}, "checks must be a list of objects"),
     ("verdict", {"status": "pass", "checks": [{"status": "pass"}]}, r"checks\[0\].message"),
     ("verdict", {"command": "gate", "data": None}, "holds no JSON object"),
     ("realism", {"statistics": [1]}, "statistics must be a list"),
     ("realism", {"profiles": {"a": 1}}, "profiles must be a list"),
     ("audit", {"checks": {}}, "checks must be a list"), ("audit", {}, "checks must be a list"),
     ("run", {**RUN, "schema_version": "7"}, "schema_version is '7', this package reads '1'"),
     ("run", {**RUN, "dataset": 3}, "dataset must be an object"),
     ("run", {**RUN, "components": {}}, "components must be a list"), ("run", [], "not a run")],
)  # fmt: skip
def test_a_broken_file_is_named(tmp_path: Path, name: str, told: Any, fault: str) -> None:
    """With what is wrong in it."""
    (tmp_path / "run.json").write_text(json.dumps(RUN))
    (tmp_path / f"{name}.json").write_text(json.dumps(told))
    with pytest.raises(SuiteError, match=f"{name}.json.*{fault}"):
        load(tmp_path)
