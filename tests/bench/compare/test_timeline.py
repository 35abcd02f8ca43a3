"""One campaign as a timeline, held against scores and truth; the command around it."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from misusebench import report
from misusebench.__main__ import main
from misusebench.compare import Wanted, campaign_tables, compare, page
from misusebench.errors import SuiteError
from misusebench.run import run
from misusebench.suite import Suite, parse_component
from misusesim.truth import open_truth

#: They stand on a whole run.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tiny_dataset, tmp_path_factory):
    """Return a run of two detectors and a policy, and its longest campaign."""
    folder = tmp_path_factory.mktemp("timeline") / "run"
    parts = [parse_component("detector", name) for name in ("volume", "label_oracle")]
    suite = Suite("own", (*parts, parse_component("policy", "eleven_rules")), review_budget=3)
    run(tiny_dataset, suite, folder)
    told = json.loads((folder / "campaigns.json").read_text())
    return folder, max(told["campaigns"], key=lambda one: one["queries"])


@pytest.fixture(scope="module")
def told(made):
    """Return the whole comparison with that campaign explained."""
    return compare([made[0]], None, Wanted(explain=made[1]["campaign_id"]))


def test_the_queries_are_those_of_the_truth(made, told, tiny_dataset):
    """All positive rows of the campaign in order of arrival; the scored ones are as many."""
    rows = open_truth(tiny_dataset).queries.to_pylist()
    own = {
        row["query_id"]
        for row in rows
        if row["campaign_id"] == made[1]["campaign_id"] and row["label"] == "positive"
    }
    found = told.explained["queries"]
    assert {one["query_id"] for one in found} == own
    assert sum(one["scored"] for one in found) == made[1]["queries"]
    assert told.explained["campaign"]["kind"] == made[1]["kind"]


def test_ranks_are_those_of_the_stored_scores(made, told):
    """One more than the scores above it; the oracle has all misuse at rank 1."""
    scores = pq.read_table(made[0] / "scores" / "volume.parquet")
    by = dict(zip(scores["query_id"].to_pylist(), scores["score"].to_pylist(), strict=True))
    every = np.array(list(by.values()))
    seen = told.explained["configurations"]["volume"]["queries"]
    for query, one in zip(told.explained["queries"], seen, strict=True):
        if query["scored"]:
            assert one["rank"] == 1 + int((every > by[query["query_id"]]).sum())
            assert one["of"] == len(every)
        else:
            assert one is None
    oracle = told.explained["configurations"]["label_oracle"]
    assert {one["rank"] for one in oracle["queries"] if one} == {1}


def test_what_caught_it_agrees_with_the_run(made, told):
    """Chance and days are those of campaigns.json; a policy's denials those of its decisions."""
    kept = json.loads((made[0] / "campaigns.json").read_text())
    place = [c["campaign_id"] for c in kept["campaigns"]].index(made[1]["campaign_id"])
    for name in ("volume", "label_oracle"):
        one = told.explained["configurations"][name]
        assert one["chance"] == pytest.approx(kept["detectors"][name]["chance"][place], abs=1e-4)
    denied = told.explained["configurations"]["eleven_rules"]
    share = kept["policies"]["eleven_rules"]["denied"][place]
    assert denied["denied"] / denied["of"] == pytest.approx(share, abs=1e-4)


def test_how_is_said_in_words():
    """The alert that was read, the line that was missed, the pause, and no alert at all."""
    alert = {"day": "2024-01-05", "place": 7, "alerts": 90, "score": 0.5, "line": 0.75,
             "paused_since": None}  # fmt: skip
    one = {"kind": "detector", "chance": 0.0, "alert": alert}
    told = {"review_budget": 3}
    assert campaign_tables.how(one, told) == (
        "closest: alert of 2024-01-05, place 7 of 90, 3 are read; score 0.5, line 0.75"
    )
    paused = {**one, "alert": {**alert, "paused_since": "2024-01-01"}}
    assert "was read on 2024-01-01 and is not listed again" in campaign_tables.how(paused, told)
    assert campaign_tables.how({**one, "alert": None}, told).startswith("no alert shows")
    caught = {**one, "chance": 1.0, "found_at": "2024-01-06T00:00:00Z", "after_days": 1.25,
              "after_queries": 4}  # fmt: skip
    assert campaign_tables.how(caught, told).endswith("1.2 days and 4 queries after it began")


def test_an_unknown_campaign_is_refused(made):
    """With the nearest id, if one is near."""
    with pytest.raises(SuiteError, match=f"did you mean {made[1]['campaign_id']}"):
        compare([made[0]], None, Wanted(explain=made[1]["campaign_id"] + "x"))


def test_a_page_has_no_rows_of_the_log(made, told, tiny_dataset):
    """Neither officers nor persons nor query ids nor reasons stand in page or Markdown."""
    from misusesim.dataset.reader import open_dataset  # noqa: PLC0415

    log = open_dataset(tiny_dataset).log(["query_id", "officer_id", "subject_key", "reason_text"])
    own = {one["query_id"] for one in told.explained["queries"]}
    for text in (page.page(told), page.markdown(told), report.render(made[0])):
        assert made[1]["campaign_id"] in text.replace("\\", "")
        for row in log.to_pylist():
            if row["query_id"] in own:
                assert str(row["query_id"]) not in text
                assert str(row["officer_id"]) not in text
                assert str(row["subject_key"]) not in text


def test_the_command(made, tmp_path, capsys):
    """Text, JSON and page; wrong endings and names are refused."""
    folder, campaign = str(made[0]), made[1]["campaign_id"]
    out = tmp_path / "page.html"
    assert main(["compare", folder, "--explain", campaign, "--json", "-o", str(out)]) == 0
    data = json.loads(capsys.readouterr().out)["data"]
    assert data["explained"]["campaign"]["campaign_id"] == campaign
    assert data["rankings"][0]["standings"][0]["name"] == "label_oracle"
    assert "One campaign" in out.read_text()
    assert main(["compare", folder, "--explain", campaign]) == 0
    assert "what was asked" in capsys.readouterr().out
    for wrong in (["--out", "x.pdf"], ["--plot", "x.pdf"], ["--between", "volume", "none"]):
        assert main(["compare", folder, *wrong]) == 2
