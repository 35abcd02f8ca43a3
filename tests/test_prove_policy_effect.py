"""The long proof `prove/policy_effect.py`: what it takes to hold, and that its page is whole."""

from __future__ import annotations

import json

import numpy as np
import pytest

FIGURES = {
    "misuse_prevented": [0.5, 0.4, 0.6], "prevented_adjusted": [0.25, 0.2, 0.3],
    "misuse_returned": [0.5, 0.4, 0.6], "misuse_prevented/permit_checks": [1.0, 1.0, 1.0],
}  # fmt: skip


@pytest.fixture
def effect(proof, monkeypatch, tmp_path):
    monkeypatch.setenv("PROOF_FOLDER", str(tmp_path))
    return proof("policy_effect")


MISCODED = {**FIGURES, "misuse_prevented/permit_checks": [0.4, 0.3, 0.5]}
WHOLE = "misuse_prevented/permit_checks"


def _good(effect):
    """Return three worlds that hold; the desk that miscodes is not stopped by its purpose."""
    found = {name: {"policies": dict.fromkeys(effect.POLICIES, FIGURES)} for name in effect.USUAL}
    found["permit_desk_miscoded"] = {"policies": dict.fromkeys(effect.POLICIES, MISCODED)}
    return json.loads(json.dumps(found))  # nothing shared


@pytest.mark.parametrize(
    ("world", "policy", "name", "value", "told"),
    [
        ("S-HI-medium", "case_valid", "misuse_prevented", 0.4, "a stricter set prevents less"),
        ("S-HI-medium", "warrant_lookback", "prevented_adjusted", 0.5, "nothing that warrant_loo"),
        ("S-HI-medium", "warrant_lookback", "prevented_adjusted", 0.6, "nothing that warrant_loo"),
        ("S-HI-medium", "break_glass", "prevented_adjusted", None, "break_glass: what is preve"),
        ("permit_desk", "purpose_only", WHOLE, 0.9, "stopped at 90.0%, not whole"),
        ("permit_desk", "purpose_only", WHOLE, None, "nothing is told of permit_checks"),
        ("permit_desk_miscoded", "purpose_only", WHOLE, 1.0, "that miscodes is stopped whole"),
    ],
)
def test_what_it_takes_to_hold(effect, world, policy, name, value, told):
    """Some comes back; stricter prevents more; a declared desk is stopped, a miscoded one not."""
    effect.hold(_good(effect))
    bad = _good(effect)
    bad[world]["policies"][policy][name][0] = value
    with pytest.raises(SystemExit, match=told):
        effect.hold(bad)


@pytest.mark.parametrize("desk", ["permit_desk", "permit_desk_miscoded"])
def test_a_desk_that_was_to_be_asked_must_be_there(effect, desk, monkeypatch):
    """With its kind; where PROOF_WORLDS leaves it out it is not asked of."""
    lacking = _good(effect)
    del lacking[desk]["policies"]["purpose_only"][WHOLE]
    with pytest.raises(SystemExit, match=f"{desk}: nothing is told"):
        effect.hold(lacking)
    del lacking[desk]
    with pytest.raises(SystemExit, match=f"{desk}: nothing is told"):
        effect.hold(lacking)
    monkeypatch.setattr(effect, "WORLDS", [name for name in effect.USUAL if name != desk])
    effect.hold(lacking)


def test_who_stops_which_kind_takes_the_best_detector_of_each(effect):
    """Over two worlds: of one kind the policy and `rules`, of the other `volume` alone."""

    def part(kind, stays, **caught):
        blank = {name: np.zeros(len(kind)) for name in (*effect.DETECTORS, "random")}
        told = {name: np.array(values) for name, values in caught.items()}
        return effect.Part(np.array(kind), ("a", "b"), np.array(stays), blank | told)

    found = effect._together([
        part([0, 1], [1.0, 0.0], rules=[1.0, 0.0], volume=[0.0, 0.5]),
        part([1], [0.0], volume=[1.0]),
    ])  # fmt: skip
    assert found["best_of_kind"] == {"a": "rules", "b": "volume"}
    assert found["verdict"] == {"a": "both", "b": "detector only"}
    assert found["matrix"]["b"]["detector_only"] == 0.75
    same = effect._together([part([0, 1], [1.0, 0.0], rules=[0.5, 1.0], random=[0.5, 0.2])])
    assert (same["best_of_kind"], same["chance"]) == ({"b": "rules"}, {"a": 0.5, "b": 0.2})
    assert same["verdict"] == {"a": "policy only", "b": "detector only"}


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
    assert "Late records: " in done.stdout
    assert ("| officer |" in done.stdout) == ("privileges" in told)
    assert (tmp_path / "p.png").read_bytes()[:4] == b"\x89PNG"
