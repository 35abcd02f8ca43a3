"""The verdict itself as JSON, after the published schema `schemas/verdict.schema.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from misusebench import schemas
from misusebench.gate.outputs.told import dumps

if TYPE_CHECKING:
    from misusebench.gate.verdict import Verdict


def render(verdict: Verdict) -> str:
    """Return the verdict as JSON; what is not finite is null."""
    return dumps(verdict.as_json())


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a verdict."""
    return schemas.schema("verdict")
