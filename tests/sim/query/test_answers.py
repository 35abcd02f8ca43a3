"""What comes back and what is done with it: outcome, records, hits, latency, scope, recipients."""

from __future__ import annotations

import numpy as np
import pytest
from tests.sim.query import shard

from misusesim.dataset.schema import ACTIONS, SCOPES
from misusesim.query.answers import _LOOKBACK, _OUTCOMES, _RECORDS, _STRETCH
from misusesim.scenario.model import AgencyGroup
from misusesim.world.agencies import agencies

EXACT_RECORDS = {0, 1, 2, 3, 4, 6, 10}
MEDIAN_MS = {"DMV": 420, "NCIC": 180, "ALPR": 1100, "III": 650, "RMS": 240, "LICENSING": 380}


@pytest.fixture(scope="module")
def stops():
    """Return the rows of 3,000 stops of one query."""
    return shard.rows(shard.made("traffic_stop", "traffic", 3000, officer=shard.PATROL))


@pytest.fixture(scope="module")
def plates():
    """Return the rows of 2,000 plate-reader searches of one query."""
    return shard.rows(shard.made("hotlist_repeat", count=2000, subject=9))


@pytest.fixture(scope="module")
def desk():
    """Return the rows of 3,000 sittings at a desk."""
    return shard.rows(shard.made("records_request", "records", 3000))


def hit_rate(rate):
    """Return a world with this rate of hits."""
    quiet = shard.world()
    return shard.world(workload=quiet.workload.model_copy(update={"hit_rate": rate}))


@pytest.mark.parametrize(
    ("name", "share"), [("ok", 0.95), ("no_record", 0.04), ("error", 0.007), ("timeout", 0.003)]
)
def test_outcomes_have_their_shares(stops, name, share):
    """Of 1,000 exact queries 950 are answered, 40 find nothing, 7 fail and 3 time out."""
    found = shard.share(stops, lambda row: row["outcome"] == name)
    assert found == pytest.approx(share, abs=4 * (share * (1 - share) / 3000) ** 0.5)


def test_what_was_not_answered_has_no_records_and_no_hit(stops, plates, desk):
    """Neither an error nor a timeout nor an empty answer brings anything."""
    for row in (*stops, *plates, *desk):
        if row["outcome"] != "ok":
            assert (row["records_returned"], row["hit"]) == (0, False)
        else:
            assert row["records_returned"] >= 1


def test_records_of_an_exact_query_are_few(stops):
    """An exact query brings 1, 2, 3, 4, 6 or 10 records."""
    exact = [row for row in stops if row["match"] == "exact"]
    assert {row["records_returned"] for row in exact} == EXACT_RECORDS


def test_a_vague_query_brings_six_times_as_many():
    """Without a birth date there are six namesakes for one."""
    found = shard.rows(shard.made("victim_protection", "domestic", 3000, subject=4))
    vague = {row["records_returned"] for row in found if row["match"] != "exact"}
    assert vague <= {6 * n for n in EXACT_RECORDS}
    assert {0, 6, 12} <= vague


@pytest.mark.parametrize(("rate", "low", "high"), [(0.0, 0, 0), (1.0, 1, 1), (0.2, 0.17, 0.23)])
def test_hits_follow_the_scenario(rate, low, high):
    """Of the answered queries outside plate readers the scenario's share hits."""
    found = shard.rows(shard.made("traffic_stop", "traffic", 2000), hit_rate(rate))
    answered = [row for row in found if row["outcome"] == "ok"]
    assert low <= shard.share(answered, lambda row: row["hit"]) <= high


def test_plate_readers_do_not_know_the_rate_of_the_scenario():
    """Plate readers hit as rarely as hot lists do, whatever other systems do."""
    found = shard.rows(shard.made("hotlist_repeat", count=2000, subject=9), hit_rate(1.0))
    assert 0 < shard.share(found, lambda row: row["hit"]) < 0.02


def test_a_mistyped_query_mostly_finds_nothing():
    """Six in ten mistyped queries have no record at all (40,000 of 65,536)."""
    noise = shard.QUIET.model_copy(update={"typo_share": 1.0})
    found = shard.rows(shard.made("hotlist_repeat", count=2000, subject=9), shard.world(noise))
    exact = [row for row in found if row["match"] == "exact"]
    missed = shard.share(exact, lambda row: row["outcome"] == "no_record")
    assert missed == pytest.approx(0.04 + 0.95 * 40_000 / 65_536, abs=0.045)


def test_scope_and_look_back_are_the_plate_readers(stops, plates):
    """Only a plate reader is asked how far and how far back."""
    for row in (*stops, *plates):
        assert (row["scope"] is not None) == (row["system"] == "ALPR")
        assert (row["lookback_hours"] is not None) == (row["system"] == "ALPR")


@pytest.mark.parametrize(
    ("scope", "share"), [("own", 0.22), ("region", 0.22), ("state", 0.46), ("national", 0.10)]
)
def test_scopes_have_their_shares(plates, scope, share):
    """A fifth asks its own cameras only, more than half more than a hundred networks."""
    assert scope in SCOPES
    found = shard.share(plates, lambda row: row["scope"] == scope)
    assert found == pytest.approx(share, abs=0.05)


def test_one_sitting_keeps_its_scope():
    """Scope and look-back are chosen once an occasion."""
    found = shard.rows(shard.made("hotlist_repeat", count=1, n=40, subject=9))
    assert len({(row["scope"], row["lookback_hours"]) for row in found}) == 1


@pytest.mark.parametrize(
    ("hours", "percent"), [(24, 31), (168, 14), (12, 12), (48, 10), (2, 9), (8640, 1)]
)
def test_look_back_in_hours(hours, percent):
    """A day is the commonest span, a week the next, and a year the rarest."""
    assert (hours == _LOOKBACK).mean() == pytest.approx(percent / 100, abs=1e-4)


def test_the_tables_of_answers_are_full():
    """Each table answers every lane."""
    assert [len(t) for t in (_LOOKBACK, _OUTCOMES, _RECORDS, _STRETCH)] == [65_536] * 4


@pytest.mark.parametrize(
    ("place", "thousandths"),
    [
        (0, 250), (8192, 520), (16_384, 680), (24_576, 830), (32_768, 1000), (40_960, 1210),
        (49_152, 1500), (57_344, 2050), (61_440, 2800), (64_512, 5200), (4096, 385),
        (65_535, 11_993),
    ],
)  # fmt: skip
def test_answer_times_at_written_quantiles(place, thousandths):
    """Half of the answers take less than the median; one in 64 takes five times as long."""
    assert _STRETCH[place] == thousandths


def test_answer_times_never_fall():
    """A higher lane never means a faster answer."""
    assert (np.diff(_STRETCH) >= 0).all()


@pytest.mark.parametrize(
    ("system", "template"),
    [("DMV", "plate_check"), ("NCIC", "warrant_check"), ("ALPR", "hotlist_repeat"),
     ("RMS", "records_request"), ("LICENSING", "permit_desk"), ("III", "background_check")],
)  # fmt: skip
def test_median_answer_times_by_system(system, template):
    """Each system has a median of its own, and no answer is faster than a quarter of it."""
    found = shard.rows(shard.made(template, count=1500))
    times = [r["latency_ms"] for r in found if r["system"] == system and r["outcome"] != "timeout"]
    assert np.median(times) == pytest.approx(MEDIAN_MS[system], rel=0.12)
    assert MEDIAN_MS[system] // 4 <= min(times)
    assert max(times) <= 12 * MEDIAN_MS[system]


def test_a_timeout_takes_half_a_minute(stops, desk):
    """Who got no answer waited 30 seconds for it, and nobody else did."""
    late = [row for row in (*stops, *desk) if row["outcome"] == "timeout"]
    assert late
    assert {row["latency_ms"] for row in late} == {30_000}


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_that_is_told_is_taken_on_every_row(action):
    """What an occasion says itself is what is done."""
    found = shard.rows(shard.made("traffic_stop", count=50, n=2, action=ACTIONS.index(action)))
    assert {row["action"] for row in found} == {action}


def test_desks_print_more_than_cars(stops, desk):
    """A tenth of what a desk finds is printed, next to nothing in the field."""
    printed = [shard.share(rows, lambda r: r["action"] == "print") for rows in (desk, stops)]
    assert printed[0] == pytest.approx(0.10, abs=0.025)
    assert printed[1] < 0.01


@pytest.mark.parametrize(
    ("level", "officer", "low", "high"),
    [
        ("hard", shard.DETECTIVE, 0.07, 0.13), ("hard", shard.PATROL, 0, 0.01),
        ("medium", shard.DETECTIVE, 0, 0.01),
    ],
)  # fmt: skip
def test_at_hard_misuse_at_a_desk_prints_as_desks_do(level, officer, low, high):
    """A false check is printed as often as the desk's work, where misuse does as others do."""
    steps = shard.dishonest(0, "plate_check", count=3000, officer=officer)
    found = shard.rows(steps, shard.world(level=level))
    assert low <= shard.share(found, lambda row: row["action"] == "print") <= high


def test_honest_plate_checks_are_field_work_at_every_level():
    """What hides changes nothing of what an honest detective's plate check does."""
    checks = shard.made("plate_check", count=3000)
    easy, hard = (shard.rows(checks, shard.world(level=level)) for level in ("easy", "hard"))
    assert easy == hard
    assert shard.share(hard, lambda row: row["action"] == "print") < 0.01


def test_nothing_is_shared_where_there_is_nobody_else():
    """The only agency of a state has no recipient even if it shares."""
    found = shard.rows(shard.made("traffic_stop", count=50, action=ACTIONS.index("share")))
    assert {row["recipient_agency_id"] for row in found} == {None}


def test_a_recipient_is_another_agency_of_the_state():
    """Who shares names one of the others, never himself, and sooner or later each of them."""
    groups = (AgencyGroup(name="city", type="police", count=4),)
    world = shard.world().model_copy(update={"agency": groups})
    own, *others = (agency.agency_id for agency in agencies(world))
    made = shard.made("traffic_stop", count=300, action=ACTIONS.index("share"))
    found = {row["recipient_agency_id"] for row in shard.rows(made, world)}
    assert len(others) == 3
    assert found == set(others)
    assert own not in found


def test_what_is_not_shared_has_no_recipient(stops, desk):
    """A recipient stands on shared rows only."""
    for row in (*stops, *desk):
        assert row["recipient_agency_id"] is None or row["action"] == "share"


def test_a_broken_glass_has_a_justification(stops, desk, plates):
    """The length of the text is given if and only if the glass was broken: 4 to 103 letters."""
    for row in (*stops, *desk, *plates):
        length = row["justification_length"]
        assert (length is not None) == row["break_glass"]
        assert length is None or 4 <= length <= 103
    assert shard.share([*stops, *desk], lambda row: row["break_glass"]) < 0.003
