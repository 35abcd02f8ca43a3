"""The drill-down: who found which campaign, what is told of it, and honest cuts."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tests.bench.made_run import result

from misusebench import drilldown
from misusebench.errors import SuiteError
from misusebench.metrics import Tally, labelled
from misusebench.report import campaigns, evidence, markup, strips, top
from misusebench.report.view import View, load

RUN = {"dataset": {"name": "made", "rows": 9, "scored_rows": 9}, "review_budget": 2}


def campaign(name: str, **given: Any) -> dict[str, Any]:
    """Return what a run tells of a campaign."""
    return {
        "campaign_id": name, "kind": "retaliation", "rung": "own_case", "severity": 2.0,
        "officers": 1, "queries": 3, "first_day": 4.0, "days": [[4, 2], [6, 1]], **given,
    }  # fmt: skip


def view(found: dict[str, list[float]], facts: list[dict[str, Any]] | None = None) -> View:
    """Return a view of detectors and the chances that they find each campaign."""
    size = len(next(iter(found.values())))
    told = {
        "campaigns": facts or [campaign(f"c{n}") for n in range(size)], "policies": {},
        "detectors": {n: {"chance": c, "after_days": [2.5 if s else None for s in c]}
                      for n, c in found.items()},
    }  # fmt: skip
    return View(RUN, [result(name) for name in found], {}, None, None, campaigns=told)


def test_facts_and_finders_by_hand() -> None:
    """Queries by day; found at the end of the day whose alert is read; missed has no day."""
    who = np.array([0, 0, 1])
    scored = labelled(
        np.array([0.1, 0.9, 0.0]), np.ones(3, bool), day=np.array([0, 2, 2]), officer=who,
        campaign=who,
    )  # fmt: skip
    told = drilldown.facts(scored, ["a", "b"])
    assert [one["days"] for one in told] == [[[0, 1], [2, 1]], [[2, 1]]]
    assert [one["first_day"] for one in told] == [0.0, 2.0]
    found = drilldown.found_by(Tally(scored, budget=1, pause_days=0))
    assert found == {"chance": [1.0, 0.0], "after_days": [1.0, None]}
    missed = drilldown.found_by(Tally(labelled(
        np.array([0.5, 0.5]), np.array([True, False]), campaign=np.array([0, -1]),
        officer=np.array([0, 1])), budget=1))  # fmt: skip
    assert missed["chance"] == [0.5]


def test_days_are_a_mean_where_equal_scores_leave_the_day_to_chance() -> None:
    """Half the time read on the first day, else on the second: a day and a half."""
    who = np.array([0, 1, 0])
    scored = labelled(
        np.array([0.5, 0.5, 0.9]), np.array([True, False, True]), day=np.array([0, 0, 1]),
        officer=who, campaign=np.array([0, -1, 0]),
    )  # fmt: skip
    found = drilldown.found_by(Tally(scored, budget=1, pause_days=0))
    assert found["chance"] == [1.0]
    assert found["after_days"][0] == pytest.approx(1.5, abs=0.1)


def test_the_most_disputed_come_first() -> None:
    """One of two finds c1; both or neither find the others; controls have no say."""
    found = view({"a": [1, 1, 0], "b": [1, 0, 0], "random": [0, 0, 1]})
    told = campaigns.chosen(campaigns.told(found))
    assert [one.facts["campaign_id"] for one in told] == ["c1", "c0", "c2"]
    assert [(len(one.found), one.missed) for one in told] == [(1, ["b"]), (2, []), (0, ["a", "b"])]
    assert campaigns.data(found) == {
        "detectors": ["a", "b"],
        "campaigns": [{"kind": "retaliation", "rung": "own case", "found": own}
                      for own in ([0], [0, 1], [])],
    }  # fmt: skip


def test_a_campaign_in_words() -> None:
    """Kind, rung, size, first query, who found it first; and how many found none, some, all."""
    told = campaigns.campaigns(view({"a": [1, 1, 0], "b": [1, 0, 0]}))
    assert (
        "<summary>retaliation, own case <small>3 queries from day 4; found by 1 of 2, first by a "
        "after 2.5 days</small></summary>"
    ) in told
    assert "misusebench compare RUN --explain c1" in told
    assert '>3</td><td data-value="1">1</td><td data-value="1">1</td>' in told
    assert told.count('<details class="campaign"') == 3


def test_too_many_campaigns_are_cut_and_counted() -> None:
    """With 100 detectors 60 campaigns are told; the lead says of how many."""
    found = view({f"d{n}": [1.0] * 500 for n in range(100)})
    told = campaigns.campaigns(found)
    assert told.count('<details class="campaign">') == 60
    assert "Shown are 60 of 500" in told
    assert len(campaigns.campaigns(view({"a": [1.0] * 500}))) < 400_000


def test_a_run_without_campaigns_says_what_to_do() -> None:
    """An older run names the command; a world without misuse says so."""
    found = view({"a": []}, [])
    assert "No campaign has a query" in campaigns.campaigns(found)
    old = View(RUN, [result("a")], {}, None, None)
    assert "misusebench rescore RUN" in campaigns.campaigns(old)
    assert campaigns.data(old) is None


WHOLE = {
    "schema_version": drilldown.SCHEMA_VERSION, "policies": {}, "campaigns": [campaign("c")],
    "detectors": {"a": {"chance": [1.0], "after_days": [2]}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "fault"),
    [("{", "not JSON"), ([], "must be a JSON object"),
     ({"schema_version": "9"}, "schema_version is '9'"), ({"campaigns": {}}, "must be a list"),
     ({"campaigns": [{}]}, r"campaigns\[0\].campaign_id"),
     ({"campaigns": [campaign("c", days=[3])]}, "days must be pairs"),
     ({"detectors": []}, "detectors must be an object"),
     ({"detectors": {"a": {"chance": [1.0, 0.0], "after_days": [2]}}}, "detectors.a.chance"),
     ({"detectors": {"a": {"chance": [1.0], "after_days": ["x"]}}}, "detectors.a.after_days"),
     ({"policies": {"p": None}}, "policies.p.denied")],
)  # fmt: skip
def test_a_damaged_file_is_refused(tmp_path, change: Any, fault: str) -> None:
    """The file and what is wrong are named; the whole one is read."""
    path = tmp_path / "campaigns.json"
    path.write_text(json.dumps(WHOLE))
    assert drilldown.load(tmp_path) == WHOLE
    told = {**WHOLE, **change} if isinstance(change, dict) else change
    path.write_text(told if isinstance(told, str) else json.dumps(told))
    with pytest.raises(SuiteError, match=f"campaigns.json .*{fault}"):
        drilldown.load(tmp_path)


def test_an_older_file_tells_nothing(tmp_path) -> None:
    """Its times are too fine to be shown; `rescore` writes it anew."""
    (tmp_path / "campaigns.json").write_text('{"schema_version": "1"}')
    assert drilldown.load(tmp_path) is None


def test_no_time_of_day_is_told() -> None:
    """Where in its day a campaign begins changes nothing: nobody finds the query in the log."""
    told = []
    for first in (0, 1, 12 * 3_600_000_000, drilldown.DAY_US - 1):
        who = np.array([0, 0, 1])
        scored = labelled(
            np.array([0.9, 0.5, 0.1]), np.array([True, True, False]), officer=who,
            campaign=np.array([0, 0, -1]), day=np.array([1, 2, 0]),
            time_us=np.array([drilldown.DAY_US + first, 2 * drilldown.DAY_US + 7, 0]),
        )  # fmt: skip
        tally = Tally(scored, budget=1, pause_days=0)
        told.append((drilldown.facts(scored, ["c"]), drilldown.found_by(tally)))
    assert all(one == told[0] for one in told)
    assert told[0][0][0]["first_day"] == 1
    assert told[0][1]["after_days"] == [1.0]


def test_an_island_cannot_be_left() -> None:
    """Nothing in the data can end the element or a line of a script; it reads back the same."""
    hostile = {"a": ["</script><!--", "\u2028\u2029&"]}
    told = markup.island(hostile)
    body = told.removeprefix('<script type="application/json" id="page-data">')
    body = body.removesuffix("</script>\n")
    assert not set("<>&\u2028\u2029") & set(body)
    assert json.loads(body) == hostile


def test_a_strip_says_when() -> None:
    """A bar a day with its height, a dot a find, a cut name without markup."""
    lanes = [strips.Lane("queries", [(0, 4), (10, 1)], "line"),
             strips.Lane("<b>" + "x" * 40, [(10.0, 1)], "found")]  # fmt: skip
    svg = strips.strip(lanes)
    assert svg.count("<rect") == 2
    assert 'height="12.0"' in svg
    assert svg.count("<circle") == 1
    assert "&lt;b&gt;" in svg
    assert "x" * 30 not in svg
    assert "day 10" in svg


def test_what_failed_on_which_side() -> None:
    """Checks are counted by side, and commands that show the faults again stand below."""
    checks = [{"status": "pass", "message": "m", "side": "speed"},
              {"status": "regression", "message": "slow", "side": "speed", "reproduce": "again"},
              {"status": "pass", "message": "m"}]  # fmt: skip
    told = top.top(View(RUN, [], {}, {"status": "regression", "checks": checks}, None))
    assert "Checks passed: accuracy 1 of 1, speed 1 of 2." in told
    assert "<pre>again</pre>" in told


def test_realism_and_audit_beside_the_run(tmp_path) -> None:
    """What the commands print as JSON is shown; what is missing is named with its command."""
    bare = View(RUN, [], {}, None, None)
    told = evidence.evidence(bare)
    for command in ("realism", "audit"):
        assert f"misusebench {command} DATA --json &gt; RUN/{command}.json" in told
    statistic = {"title": "Hours", "verdict": "fail", "value": 0.25, "target": "0.3 to 0.4",
                 "source": "a log", "reason": None}  # fmt: skip
    check = {"id": "A1", "name": "ids", "verdict": "pass", "value": 0.5, "bound": "below 0.6",
             "detail": "chance"}  # fmt: skip
    run = {**RUN, "components": [], "schema_version": "1"}
    (tmp_path / "run.json").write_text(json.dumps(run))
    for name, data in (("realism", {"statistics": [statistic]}), ("audit", {"checks": [check]})):
        said = {"schema_version": "1", "command": name, "data": data}
        (tmp_path / f"{name}.json").write_text(json.dumps(said))
    told = evidence.evidence(load(tmp_path))
    assert 'class="text bad">fail</td><td data-value="0.25">0.25</td>' in told
    assert "1 fail." in told
    assert "A1 ids" in told
    assert "RUN/realism.json" not in told
