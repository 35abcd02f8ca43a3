"""A real log in: ranked officers and queries with reasons, and the published window figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from misusebench.errors import SuiteError
from misusebench.score import as_log, score_log
from misusebench.suite import parse_component
from misusesim.dataset import schema
from misusesim.errors import UsageError
from misusesim.portal import read_portal_csv

SAMPLE = Path(__file__).parents[1] / "data" / "eugene_searches.csv"


def test_the_sample_becomes_a_log_of_contract_columns():
    """Columns a portal does not have are absent, not invented."""
    log, context = as_log(read_portal_csv(SAMPLE))
    assert log.num_rows == 4294
    assert set(log.column_names) <= set(schema.LOG.names)
    assert "subject_key" not in log.column_names
    assert context["directory/agencies"].schema.equals(schema.CONTEXT["directory"]["agencies"])


def test_shift_window_ranks_officers_and_queries_with_reasons():
    """The most suspicious query is hours outside its officer's window, and says so."""
    found = score_log(SAMPLE, parse_component("detector", "shift_window"), top=5)
    assert (found.rows, len(found.officers), len(found.queries)) == (4294, 5, 5)
    scores = [query["score"] for query in found.queries]
    assert scores == sorted(scores, reverse=True)
    assert 0 < scores[0] <= 7
    assert "10-hour window" in found.queries[0]["why"]
    assert found.officers[0]["mean_top_5"] >= found.officers[-1]["mean_top_5"]
    assert found.isolation != "none"


def test_a_share_of_honest_searches_falls_outside_the_window():
    """Real honest officers leave their learned window: the rule's false-alarm floor."""
    log, context = as_log(read_portal_csv(SAMPLE))
    from misusebench.detectors.shift_window import ShiftWindow  # noqa: PLC0415
    from misusebench.replay import InProcess, replay  # noqa: PLC0415

    found = replay(InProcess(ShiftWindow()), log, context)
    assert 0.05 < np.mean(found.score > 0) < 0.25


@pytest.mark.slow
def test_a_detector_without_its_columns_is_refused():
    """What is missing is named, and what there is."""
    with pytest.raises(SuiteError, match=r"iforest needs subject_key.*it has query_id"):
        score_log(SAMPLE, parse_component("detector", "iforest"))


def test_wrong_files_and_formats_are_explained(tmp_path):
    """File and line of the first fault, or the formats there are."""
    spec = parse_component("detector", "volume")
    with pytest.raises(SuiteError, match="there is portal-csv"):
        score_log(SAMPLE, spec, log_format="xml")
    bad = tmp_path / "bad.csv"
    bad.write_text("t_local,user,cameras,reason\nyesterday,u1,3,x\n")
    with pytest.raises(UsageError, match=r"bad\.csv:2"):
        score_log(bad, spec)
