"""The examples in the gate's docstrings."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = ("gate.losses", "gate.margins", "gate.missed", "gate.places", "gate.outputs.told",
           "gate.outputs.step_summary", "found")  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_hold(name: str) -> None:
    """There are some, and they print what they say."""
    found = doctest.testmod(importlib.import_module(f"misusebench.{name}"))
    assert found.attempted
    assert not found.failed
