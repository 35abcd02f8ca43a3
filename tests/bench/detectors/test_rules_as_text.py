"""Files of rules are read on our side: a detector that is shut in reaches none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from misusebench.detectors import RULE_READERS
from misusebench.detectors.rules import load_rules
from misusebench.detectors.sigma import SHIPPED, load_sigma
from misusebench.errors import SuiteError
from misusebench.isolated import start
from misusebench.specs import ComponentSpec

if TYPE_CHECKING:
    from pathlib import Path

TEXT = '[[rule]]\nid = "a"\nreason = "r"\nweight = 0.5\ntier = "T0"\nsql = "SELECT 1"\n'


def told(target: str, rules: str) -> Any:
    """Return the parameters that a component's process is told."""
    asked: list[dict[str, Any]] = []

    def ask(question: dict[str, Any]) -> tuple[dict[str, Any], None]:
        asked.append(question)
        return {"name": "n", "version": "", "tiers": [], "needs": [], "has": ["score"]}, None

    worker = SimpleNamespace(ask=ask, search=(), copies={}, stderr="")
    start(worker, ComponentSpec("detector", "n", target, {"rules": rules}))  # type: ignore[arg-type]
    return asked[0]["parameters"]["rules"]


def test_a_file_of_rules_arrives_as_text(tmp_path: Path) -> None:
    """Of those that read rules; others get what their suite says."""
    path = tmp_path / "mine.toml"
    path.write_text(TEXT)
    for target in RULE_READERS:
        assert told(target, str(path)) == TEXT
        assert told(target, TEXT) == TEXT
    assert told("mine:Mine", str(path)) == str(path)
    with pytest.raises(SuiteError, match=r"gone.toml cannot be read"):
        told(RULE_READERS[0], str(tmp_path / "gone.toml"))


def test_the_text_means_what_the_file_means(tmp_path: Path) -> None:
    """Same rules, same faults."""
    path = tmp_path / "mine.toml"
    path.write_text(TEXT)
    assert load_rules(TEXT) == load_rules(path)
    assert [rule.id for rule in load_rules(TEXT)] == ["a"]
    with pytest.raises(SuiteError, match="weight must be"):
        load_rules(TEXT.replace("0.5", "5"))
    assert load_sigma(SHIPPED, SHIPPED.read_text()) == load_sigma()
