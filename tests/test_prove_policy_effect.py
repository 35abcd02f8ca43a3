"""The long proof `prove/policy_effect.py`: what it takes to hold, and that its page is whole."""

from __future__ import annotations

import json

import pytest

FIGURES = {
    "misuse_prevented": [0.5, 0.4, 0.6], "prevented_adjusted": [0.25, 0.2, 0.3],
    "misuse_returned": [0.5, 0.4, 0.6], "misuse_prevented/permit_checks": [1.0, 1.0, 1.0],
}  # fmt: skip


@pytest.fixture
def effect(proof, monkeypatch, tmp_path):
    monkeypatch.setenv("PROOF_FOLDER", str(tmp_path))
    return proof("policy_effect")


@pytest.mark.parametrize(
    ("policy", "name", "value", "told"),
    [
        ("case_valid", "prevented_adjusted", 0.6, "stays of 0.5 denied"),
        ("case_valid", "misuse_prevented", 0.4, "a stricter set prevents less"),
        ("warrant_lookback", "misuse_returned", 0.0, "nothing that warrant_lookback denies"),
        ("purpose_only", "misuse_prevented/permit_checks", 0.9, "stopped at 90.0%, not whole"),
    ],
)
def test_what_it_takes_to_hold(effect, policy, name, value, told):
    """What stays is at most what is denied; stricter prevents more; a declared desk is stopped."""
    good = {"permit_desk": {"policies": dict.fromkeys(effect.POLICIES, FIGURES)}}
    effect.hold(good)
    bad = json.loads(json.dumps(good))  # none shared
    bad["permit_desk"]["policies"][policy][name][0] = value
    with pytest.raises(SystemExit, match=told):
        effect.hold(bad)


@pytest.mark.slow
def test_on_a_tiny_world(proved, tmp_path):
    """The page has every policy and kind, the picture is drawn, what comes back is less."""
    done = proved("policy_effect", PROOF_WORLDS="tiny", PROOF_PICTURE=str(tmp_path / "p.png"))
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "numbers.json").read_text())["tiny"]
    strict = told["policies"]["warrant_lookback"]
    assert 0 < strict["prevented_adjusted"][0] < strict["misuse_prevented"][0]
    assert set(told["matrix"]) == {"permit_checks", "romantic_interest", "retaliation"}
    assert "| break_glass |" in done.stdout
    assert (tmp_path / "p.png").read_bytes()[:4] == b"\x89PNG"
