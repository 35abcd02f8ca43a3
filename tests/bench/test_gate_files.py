"""Wrong files given to the gate end in a message, not in a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from misusebench.compare import Difference, _corrected
from misusebench.errors import SuiteError
from misusebench.gate.baselines import load_baselines
from misusebench.gate.margins import load_margins

BASELINE = Path(__file__).parents[2] / "results" / "baseline" / "county.json"


@pytest.mark.parametrize("side", ["floor", "ceiling"])
def test_a_limit_without_a_component_is_explained(tmp_path, side):
    """`floor = 1` names no component."""
    path = tmp_path / "gate.toml"
    path.write_text(f"{side} = 1\n")
    with pytest.raises(SuiteError, match=rf"{side} must hold tables, {side}\.COMPONENT, got 1"):
        load_margins(path)


@pytest.mark.parametrize("key", ["seed", "review_budget", "history_share", "components", "dataset"])
def test_a_baseline_that_lacks_a_key_is_none(tmp_path, key):
    """What a comparison needs must be there."""
    told = json.loads(BASELINE.read_text())
    del told[key]
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps(told))
    with pytest.raises(SuiteError, match=f"is not a baseline: KeyError.*{key}"):
        load_baselines(path)


def test_an_empty_folder_says_how_to_make_a_baseline(tmp_path):
    """The message holds the command."""
    with pytest.raises(SuiteError, match="misusebench gate RUN --write-baseline"):
        load_baselines(tmp_path)


def test_a_metric_without_direction_is_never_better_or_worse():
    """A count of fired rules has no good side."""
    one = Difference("one", "rule_count/a/misuse", 1, 2, 1, None, None, 0.001, None)
    assert _corrected([one])[0].better is None
