"""Campaigns that one finds and the other misses, and whose are compared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.bench.compare.made import campaigns, configuration, loaded, near

from misusebench.compare.campaign_tables import alone
from misusebench.compare.campaigns import apart, wanted
from misusebench.compare.configurations import Configuration
from misusebench.compare.ranking import rank

if TYPE_CHECKING:
    from pathlib import Path


def pair(folder: Path) -> tuple[Configuration, Configuration]:
    """Return two detectors of one run: both, neither, and one each way."""
    campaigns(folder, {"a": [1.0, 0.0, 1.0, 0.49], "b": [1.0, 0.2, 0.0, 0.5]})
    run = loaded(folder)
    names = ("a", "b")
    one, other = (Configuration(n, n, 0, configuration(n, "lift", [1.0]).results, (run,))
                  for n in names)  # fmt: skip
    return one, other


def test_both_ways_by_hand(tmp_path: Path) -> None:
    """A chance of one half counts as found, less does not."""
    told = apart(*pair(tmp_path), notes := [])
    assert told is not None
    assert (told.both, told.neither) == (1, 1)
    (first,), (second,) = told.only_first, told.only_second
    assert (first.campaign_id, first.chance, first.after_days) == ("c2", (1.0, 0.0), 2)
    assert (second.campaign_id, second.chance) == ("c3", (0.49, 0.5))
    assert (first.kind, first.rung, first.queries, first.first_day) == (
        "retaliation", "declared", 3, 2.0,
    )  # fmt: skip
    assert notes == []
    shown = alone(told)
    assert [one.rows[0][0] for one in shown] == ["c2", "c3"]
    assert "Found by b, missed by a. Both find 1, neither finds 1" in shown[1].caption


def test_an_older_run_tells_none(tmp_path: Path) -> None:
    """Without the file nothing is compared, and the note says what makes it."""
    one, other = pair(tmp_path)
    (tmp_path / "campaigns.json").unlink()
    notes: list[str] = []
    assert apart(one, other, notes) is None
    assert f"misusebench rescore {tmp_path}" in notes[0]


def test_who_is_not_told_has_not_missed_all(tmp_path: Path) -> None:
    """A component that the file lacks is noted; it is not held against the other."""
    one, other = pair(tmp_path)
    told = json.loads((tmp_path / "campaigns.json").read_text())
    del told["detectors"]["b"]
    (tmp_path / "campaigns.json").write_text(json.dumps(told))
    notes: list[str] = []
    assert apart(one, other, notes) is None
    assert notes[0].startswith("b: campaigns.json does not tell which campaigns it finds")


def test_whose_campaigns_are_compared() -> None:
    """Those asked for; else a component's runs; else the two that stand first."""
    base, head, other = (
        configuration(name, "lift", [value], [near(value)])
        for name, value in (("x", 1.0), ("y", 3.0), ("z", 2.0))
    )
    every = [base, head, other]
    ranking = rank(every, "lift", 0.0, [])
    assert ranking is not None
    assert wanted(every, [ranking], [("x", "z")]) == [("x", "z")]
    assert wanted(every, [ranking], []) == [("y", "z")]
    same = [Configuration(f"x @ {n}", "x", n, base.results, base.runs) for n in (0, 1)]
    assert wanted([*same, other], [ranking], []) == [("x @ 0", "x @ 1")]
