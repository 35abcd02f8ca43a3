"""Who is asked about, by hand: subjects stopped again, and queries that belong to a stop."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from misusesim.dataset.reader import open_dataset
from misusesim.dataset.schema import CONTEXT
from misusesim.realism.material import Material, Searches, material
from misusesim.realism.subjects import STATISTICS, Stopped
from misusesim.realism.verdict import judge

MINUTE = 60_000_000
NONE = np.zeros(0, np.int64)
NO_SEARCHES = Searches(NONE, NONE, NONE, NONE, NONE, (), NONE, NONE)


def of(stopped, days=365):
    return Material("by hand", days, 1, NO_SEARCHES, stopped=stopped)


def told(stopped):
    return {one.statistic.id: one for one in judge(of(stopped), STATISTICS)}


def test_repeats():
    """4,500 are stopped once and 500 thrice; 4,500 of 6,000 stops are of the former."""
    sizes = np.repeat([1, 3], [4_500, 500])
    found = told(Stopped(sizes))
    assert found["stop_repeats"].value == pytest.approx(1.2)
    assert found["stop_once"].value == pytest.approx(0.75)
    assert {found[name].word for name in ("stop_repeats", "stop_once")} == {"pass"}


def test_nobody_is_stopped_again():
    """A world where everybody is new fails both."""
    found = told(Stopped(np.ones(6_000, np.int64)))
    assert {found[name].word for name in ("stop_repeats", "stop_once")} == {"fail"}


def test_what_a_search_log_cannot_say():
    """No stops, no verdict; nor with too few."""
    assert {one.word for one in judge(of(None), STATISTICS)} == {"not applicable"}
    assert told(Stopped(np.ones(10, np.int64)))["stop_once"].reason == (
        "10 subjects stopped, 5,000 needed"
    )


def test_queries_of_a_stop():
    """Of its officer, about its subjects, from five minutes before to half an hour after."""
    stop = Stopped(
        NONE, stops=1, key=np.array([7, 9], np.uint64), time=np.array([0, 0]),
        officer=np.array([2, 2]),
    )  # fmt: skip
    key = np.array([7, 9, 9, 7, 8, 7, 11], np.uint64)
    minutes = np.array([-5, 30, 31, -6, 0, 0, 0])
    officer = np.array([2, 2, 2, 2, 2, 3, 2])
    stop.count(key, minutes * MINUTE, officer)
    assert stop.queries == 2


def test_no_stop_takes_no_query():
    """Without stops nothing is counted."""
    stop = Stopped(NONE)
    stop.count(np.array([7], np.uint64), np.array([0]), np.array([0]))
    assert stop.queries == 0


def test_stops_of_a_data_set(tiny_dataset):
    """Every stop that dispatch wrote down is there, and some were asked about."""
    dataset = open_dataset(tiny_dataset)
    found = material(dataset).stopped
    kinds = dataset.table("context/dispatch/incidents", CONTEXT["dispatch"]["incidents"])
    kinds = kinds.filter(pa.compute.is_null(kinds["valid_to"]))["kind"].cast(pa.string())
    stops = sum(kind in ("traffic_stop", "pedestrian_stop", "tow") for kind in kinds.to_pylist())
    assert 0 < found.stops <= stops
    assert found.sizes.sum() >= found.stops
    assert found.queries > found.stops
    assert (np.diff(found.key.astype(np.float64)) > 0).all()
