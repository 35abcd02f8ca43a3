"""What is written and picked at many agencies, and the street's hours and days, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from misusesim.realism import reasons, street
from misusesim.realism.material import Incidents, Material, Searches
from misusesim.realism.profile import DAY_US, HOUR_US
from misusesim.realism.references import counted
from misusesim.realism.verdict import judge

AGENCIES, EACH = 40, 1_000


def told(texts, uses, category=None, categories=()):
    """Judge the reasons of 40 agencies that each write the texts so often per thousand."""
    agency = np.repeat(np.arange(AGENCIES), EACH)
    none = np.full(len(agency), -1)
    searches = Searches(
        agency, none, np.arange(len(agency)), none, np.tile(np.repeat(np.arange(len(texts)), uses),
        AGENCIES), texts, none, none, category, categories,
    )  # fmt: skip
    found = judge(Material("by hand", 60, AGENCIES, searches), reasons.STATISTICS)
    return {one.statistic.id: one for one in found}


def test_known_texts():
    """250 of 1,000 are blank; of 750 written ones 300 and 150 are on the published list."""
    found = told(("", "Investigation", "gta", "zzyzx road"), [250, 300, 150, 300])
    assert found["reason_known"].value == pytest.approx(0.6)
    assert found["reason_top10"].value == 1.0
    assert found["reason_blank_p50"].value == 0.25
    assert found["reason_generic_p90"].value == pytest.approx(0.3)


def test_screens():
    """Of all searches, not of those with a reason: that is how Eugene's 4.2 % were counted."""
    found = told(("", "Daytime search for best result", "x y"), [500, 42, 458])
    assert found["reason_screen"].value == pytest.approx(0.042)
    assert found["reason_screen"].word == "pass"


def test_dropdown():
    """Picks in the published shares are at no distance; one value for all is far."""
    share = counted("offense_dropdown_counts", "offense")
    names = tuple(share)
    picks = np.resize(np.repeat(np.arange(len(names)), list(share.values())), AGENCIES * EACH)
    near = told(("inv",), [EACH], picks, names)["dropdown"]
    assert near.value == pytest.approx(0, abs=0.02)
    assert near.n == AGENCIES * EACH
    far = told(("inv",), [EACH], np.zeros(AGENCIES * EACH, np.int64), names)["dropdown"]
    assert far.word == "fail"


def test_few_picks_say_nothing():
    """All at one agency is that agency's habit."""
    picks = np.full(AGENCIES * EACH, -1)
    picks[:EACH] = 0
    found = told(("inv",), [EACH], picks, ("Robbery",))["dropdown"]
    assert found.reason == "1,000 picks at 1 agencies, 2,000 at 5 needed"


def test_what_was_published_of_drop_downs():
    """44 single values with 7,884 picks; the two values that we assumed are left out."""
    share = counted("offense_dropdown_counts", "offense")
    assert (len(share), sum(share.values())) == (44, 7_884)


def test_the_streets_hours_and_days():
    """Three calls at 19:00 for one in every other hour: 3 in the peak; Sundays have a seventh."""
    day = np.repeat(np.arange(364), 26)
    hour = np.tile([*range(24), 19, 19], 364)
    time = day * DAY_US + hour * HOUR_US
    none = np.zeros(len(time), np.int64)
    incidents = Incidents(none, time, np.zeros(len(time), bool), none - 1)
    empty = Searches(none[:0], none[:0], none[:0], none[:0], none[:0], (), none[:0], none[:0])
    found = {
        one.statistic.id: one
        for one in judge(Material("street", 364, 1, empty, incidents=incidents), street.STATISTICS)
    }
    assert found["street_peak"].value == 3.0
    assert found["street_sunday"].value == pytest.approx(1 / 7)
