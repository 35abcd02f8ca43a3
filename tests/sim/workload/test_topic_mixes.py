"""What jobs are about: the mixes of topics and how urgent each is."""

from __future__ import annotations

import numpy as np
import pytest

from misusesim.occasions import TOPIC, TOPICS
from misusesim.workload import topics

LANES = 65_536
#: mix, topic, share worked out from the weights by hand
SHARES = [
    ("CALLS", "disturbance", 190 / 1000),
    ("CALLS", "domestic", 60 / 1000),
    ("CALLS", "sex_offense", 3 / 1000),
    ("TRAFFIC_STOPS", "traffic", 0.88),
    ("TRAFFIC_STOPS", "suspicious", 0.05),
    ("TRAFFIC_STOPS", "wanted", 0.02),
    ("PEDESTRIAN_STOPS", "suspicious", 0.56),
    ("PEDESTRIAN_STOPS", "assault", 0.02),
    ("PLATE_CHECKS", "patrol", 0.42),
    ("PLATE_CHECKS", "traffic", 0.38),
    ("PLATE_CHECKS", "vehicle_theft", 0.11),
    ("PLATE_CHECKS", "suspicious", 0.09),
    ("CASES", "vehicle_theft", 177 / 887),
    ("CASES", "larceny", 123 / 887),
    ("CASES", "homicide", 10 / 887),
    ("BOOKINGS", "custody", 500 / 970),
    ("BOOKINGS", "robbery", 10 / 970),
]
MEMBERS = {
    "TRAFFIC_STOPS": {"traffic", "suspicious", "vehicle_theft", "drugs", "wanted"},
    "PEDESTRIAN_STOPS": {
        "suspicious", "disturbance", "drugs", "larceny", "wanted", "burglary", "weapons", "assault",
    },
    "PLATE_CHECKS": {"patrol", "traffic", "vehicle_theft", "suspicious"},
    "BOOKINGS": {
        "custody", "wanted", "drugs", "domestic", "assault", "larceny", "weapons", "robbery",
    },
}  # fmt: skip
NAMES = ["CALLS", "TRAFFIC_STOPS", "PEDESTRIAN_STOPS", "PLATE_CHECKS", "CASES", "BOOKINGS"]
URGENT = {"assault", "robbery", "weapons", "domestic", "homicide"}
SOON = {
    "burglary", "missing", "welfare", "suspicious", "disturbance", "sex_offense", "wanted",
}  # fmt: skip


def names_in(table):
    return {TOPICS[code] for code in np.unique(table).tolist()}


@pytest.mark.parametrize(("mix", "topic", "share"), SHARES)
def test_shares(mix, topic, share):
    """A topic is drawn in proportion to its weight, to a lane of 65,536."""
    table = getattr(topics, mix)
    assert (table == TOPIC[topic]).mean() == pytest.approx(share, abs=2 / LANES)


@pytest.mark.parametrize("mix", NAMES)
def test_a_mix_answers_every_lane(mix):
    """Every 16 bits name a topic that there is."""
    table = getattr(topics, mix)
    assert table.shape == (LANES,)
    assert 0 <= table.min() <= table.max() < len(TOPICS)


@pytest.mark.parametrize("mix", sorted(MEMBERS))
def test_topics_of_a_mix(mix):
    """A mix holds exactly the topics that it names."""
    assert names_in(getattr(topics, mix)) == MEMBERS[mix]


@pytest.mark.parametrize("mix", ["CALLS", "TRAFFIC_STOPS", "PEDESTRIAN_STOPS", "CASES"])
@pytest.mark.parametrize("topic", ["permit", "employment", "records", "court", "test"])
def test_paper_work_is_no_call_and_no_case(mix, topic):
    """What comes over a counter is never the topic of a call, a stop or an investigation."""
    assert topic not in names_in(getattr(topics, mix))


def test_nobody_calls_about_a_homicide_case():
    """Homicide is investigated and never dispatched in this world."""
    assert "homicide" in names_in(topics.CASES)
    assert "homicide" not in names_in(topics.CALLS)


@pytest.mark.parametrize("topic", TOPICS)
def test_urgency_of_each_topic(topic):
    """Violence is urgent (1), what may turn bad is 2, and everything else 3."""
    expected = 1 if topic in URGENT else 2 if topic in SOON else 3
    assert topics.PRIORITY[TOPIC[topic]] == expected


def test_every_topic_has_an_urgency():
    """The urgencies are as many as the topics and none is the routine 4 of bookings."""
    assert len(topics.PRIORITY) == len(TOPICS) == 29
    assert set(topics.PRIORITY) == {1, 2, 3}


def test_traffic_leads_the_stops_of_cars_only():
    """Traffic is the commonest reason to stop a car and never one to stop a walker."""
    commonest = np.bincount(topics.TRAFFIC_STOPS).argmax()
    assert TOPICS[commonest] == "traffic"
    assert "traffic" not in names_in(topics.PEDESTRIAN_STOPS)


@pytest.mark.parametrize(
    ("mix", "first", "second"),
    [
        ("CALLS", "disturbance", "suspicious"),
        ("PEDESTRIAN_STOPS", "suspicious", "disturbance"),
        ("PLATE_CHECKS", "patrol", "traffic"),
        ("CASES", "vehicle_theft", "larceny"),
        ("BOOKINGS", "custody", "wanted"),
    ],
)
def test_the_two_commonest(mix, first, second):
    """The two commonest topics of a mix come in the order of its weights."""
    count = np.bincount(getattr(topics, mix), minlength=len(TOPICS))
    top = np.argsort(-count)[:2].tolist()
    assert [TOPICS[code] for code in top] == [first, second]
