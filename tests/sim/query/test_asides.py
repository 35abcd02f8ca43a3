"""What reasons say besides: more charges, private data, alerts, numbers mistyped."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
from tests.sim.query.shard import made, rows, world

from misusesim.query.asides import _with_slip
from misusesim.scenario.model import Noise

SIGNS = re.compile(r", |; |,|/")
ALERT = re.compile(r"Hotlist Alert (\S{7}) (\d\d/\d\d/\d{4} \d\d:\d\d)")
BORN = re.compile(r"(\S+) (\d\d)/(\d\d)/(\d{4})")
ZONE = ZoneInfo("America/Los_Angeles")


@pytest.fixture(scope="module")
def searches():
    """Return plate searches of many officers, each of a car of its own."""
    count = 30_000
    every = made("alpr_search", "burglary", count, officer=[n % 90 for n in range(count)])
    return rows(every)


@pytest.fixture(scope="module")
def checks():
    """Return checks on people's names by many officers."""
    count = 30_000
    return rows(made("name_check", "burglary", count, officer=[n % 90 for n in range(count)]))


def test_some_codes_come_in_twos(searches):
    """About one in 25 of those who write a code writes another charge behind it."""
    texts = [row["reason_text"] or "" for row in searches]
    coded = [text for text in texts if re.match(r"^(pc|cvc|vc)?[ -]?\d{3,5}", text.lower())]
    double = [text for text in coded if SIGNS.search(text)]
    assert len(coded) > 2_000
    assert 0.015 < len(double) / len(coded) < 0.06
    for text in double:
        one, two = SIGNS.split(text, maxsplit=1)
        assert one.lower() != two.lower()


def test_alerts_name_the_plate_and_when_it_was_seen(searches):
    """The plate is the one searched for, seen a minute to half an hour before, by local time."""
    told = [
        (row, found) for row in searches if (found := ALERT.fullmatch(row["reason_text"] or ""))
    ]
    assert len(told) > 3
    for row, found in told:
        assert found[1] == row["subject_plate"]
        seen = dt.datetime.strptime(found[2], "%m/%d/%Y %H:%M").replace(tzinfo=ZONE)
        assert dt.timedelta(0) < row["time"] - seen < dt.timedelta(minutes=32)


def test_some_reasons_name_the_plate(searches):
    """Less than one in a hundred, and it is the plate searched for, as typed."""
    named = [row for row in searches if row["subject_plate"] in (row["reason_text"] or "")
             and not ALERT.fullmatch(row["reason_text"])]  # fmt: skip
    assert 10 < len(named) < len(searches) / 100


def test_some_reasons_name_the_person(checks):
    """Name and birth date are those of whom the query is about; no alert is on a name."""
    assert not any("Alert" in (row["reason_text"] or "") for row in checks)
    named = [(row, found) for row in checks if (found := BORN.search(row["reason_text"] or ""))]
    assert len(named) > 5
    for row, (surname, month, day, year) in ((row, found.groups()) for row, found in named):
        if row["subject_surname"] is not None:
            assert surname.lower() == row["subject_surname"].lower()
        if row["subject_birth_year"] is not None:
            assert int(year) == row["subject_birth_year"]
        assert dt.date(int(year), int(month), int(day)) < row["time"].date()


def numbers(noise):
    count = 20_000
    every = made("case_session", "burglary", count, officer=[n % 90 for n in range(count)],
                 case=[50 + n % 40 for n in range(count)])  # fmt: skip
    here = world(noise, group={"reason_style": "numbers"})
    return {row["reason_text"] for row in rows(every, here)
            if re.fullmatch(r"[\d-]+", row["reason_text"] or "")}  # fmt: skip


def test_numbers_are_mistyped_by_noise_alone():
    """Without typing errors only true numbers and their tails are there; with them, others too."""
    right = numbers(Noise(skew_seconds=0, late_share=0, lost_share=0, duplicate_share=0,
                          typo_share=0))  # fmt: skip
    wrong = numbers(Noise(skew_seconds=0, late_share=0, lost_share=0, duplicate_share=0,
                          typo_share=0.1))  # fmt: skip
    assert len(right) > 40
    assert right <= wrong
    assert len(wrong) > 2 * len(right)


@pytest.mark.parametrize(
    ("which", "how", "typed"),
    [
        (0, 0, "inc 35-678"), (0, 1, "inc 45-678"), (65_535, 0, "inc 25-679"),
        (0, 30_000, "inc 225-678"), (65_535, 30_000, "inc 25-6788"), (0, 65_535, "inc 5-678"),
    ],
)  # fmt: skip
def test_a_slip(which, how, typed):
    """One digit is another, twice there, or missing; the rest stays."""
    assert _with_slip("inc 25-678", which, how) == typed


def test_no_slip_leaves_nothing():
    """A text with less than two digits stays as it is."""
    assert _with_slip("inc 2", 0, 0) is None
