"""Whatever a command prints with `--json` in these tests is held against its schema."""

from __future__ import annotations

import functools
import json
from typing import Any

import jsonschema
import pytest

from misusebench import terminal
from misusebench.schemas import schema

#: They print things that no command does.
OWN_DATA = ("tests.bench.test_terminal",)


@functools.cache
def validator(name: str) -> Any:
    """Return what holds something against a schema of ours."""
    return jsonschema.Draft202012Validator(schema(name))


@pytest.fixture(autouse=True)
def _valid_json(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Validate what is printed, where it is printed."""
    envelope = terminal.envelope

    def checked(command: str, data: Any) -> str:
        text = envelope(command, data)
        fault = jsonschema.exceptions.best_match(validator(command).iter_errors(json.loads(text)))
        assert fault is None, f"{command}: {fault.json_path}: {fault.message:.300}"
        return text

    if request.module.__name__ not in OWN_DATA:
        monkeypatch.setattr(terminal, "envelope", checked)
