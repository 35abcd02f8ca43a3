"""What a fault suggests: the nearest key, the value in the right type, the right header."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from misusesim.dataset.schema import MISUSE_KINDS
from misusesim.scenario.checks import MOST_AGENCIES, ContradictionError, cross_faults, guess
from misusesim.scenario.faults import faults_of, toml_value
from misusesim.scenario.model import Scenario

KINDS = ", ".join(f'"{kind}"' for kind in MISUSE_KINDS)
TOWN = {"name": "town", "type": "police"}


def found(**change: Any) -> list[str]:
    """Return the faults of a small world with some keys changed, `None` takes one away."""
    whole = {"name": "w", "start": dt.date(2024, 1, 1), "days": 7, "agency": [TOWN], **change}
    data = {key: value for key, value in whole.items() if value is not None}
    with pytest.raises(ValidationError) as caught:
        Scenario.model_validate(data)
    return [str(fault) for fault in faults_of(caught.value, data)]


@pytest.mark.parametrize("key", ["name", "start", "days", "agency"])
def test_what_must_be_given(key):
    """Name, start, days and agencies have no default."""
    assert found(**{key: None}) == [f"{key} must be given"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dyas": 7}, "dyas must be a known key; did you mean days?"),
        ({"Seed": 7}, "Seed must be a known key; did you mean seed?"),
        ({"time_zone": "UTC"}, "time_zone must be a known key; did you mean timezone?"),
        ({"agencies": []}, "agencies must be a known key; did you mean agency?"),
        (
            {"noise": {"lost": 0.1}},
            ("noise.lost must be a known key: lost_share, duplicate_share, late_share, late_hours, "
            "skew_seconds, typo_share"),
        ),
        ({"noise": {"lost_shar": 0.1}}, ("noise.lost_shar must be a known key; "
                                        "did you mean lost_share?")),
        ({"staffing": {"rotation_week": 3}}, ("staffing.rotation_week must be a known key; "
                                             "did you mean rotation_weeks?")),
        ({"agency": [{**TOWN, "cuont": 1}]}, ("agency.0.cuont must be a known key; "
                                             "did you mean count?")),
        ({"oddity": [{"kind": "self_query", "shaer": 1}]},
         "oddity.0.shaer must be a known key; did you mean share?"),
        ({"misuse": [{"kind": "retaliation", "step_median": 1}]},
         "misuse.0.step_median must be a known key; did you mean steps_median?"),
        ({"misuse": [{"kind": "romantic_interest", "week_median": 1}]},
         "misuse.0.week_median must be a known key; did you mean weeks_median?"),
        ({"misuse": [{"kind": "retaliation", "rungs": {"declare": 1}}]},
         "misuse.0.rungs.declare must be a known key; did you mean declared?"),
    ],
)  # fmt: skip
def test_unknown_keys(change, message):
    """A key that its table does not have names the nearest, or all of that table."""
    assert found(**change) == [message]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"misuse": [{}]}, ("misuse.0.kind must be given, one of "
         f"{KINDS}")),
        ({"misuse": [{"kind": "revenge"}]}, ("misuse.0.kind must be one of "
         f'{KINDS}, got "revenge"')),
        ({"misuse": [{"kind": "retalliation"}]}, ("misuse.0.kind must be one of "
         f'{KINDS}, got "retalliation"; '
         'did you mean "retaliation"?')),
        ({"misuse": [{"kind": "permit_checks"}]}, "misuse.0.agency_group must be given"),
        ({"truth": "spares"}, ('truth must be one of "full" or "sparse", got "spares"; '
         'did you mean "sparse"?')),
        ({"truth": "none"}, 'truth must be one of "full" or "sparse", got "none"'),
        ({"agency": [{**TOWN, "burstiness": "Bursty"}]}, ("agency.0.burstiness must be one of "
         '"ordinary" or "bursty", got "Bursty"; did you mean "bursty"?')),
        ({"agency": [{**TOWN, "case_field": "mandatroy"}]}, ("agency.0.case_field must be one of "
         '"mandatory", "optional" or "absent", got "mandatroy"; did you mean "mandatory"?')),
        ({"agency": [{**TOWN, "name": ""}]}, 'agency.0.name must not be empty, got ""'),
        ({"agency": []}, "agency must have at least one group, got none"),
    ],
)  # fmt: skip
def test_words_out_of_a_list(change, message):
    """A word that is not allowed is told with those that are, and the nearest of them."""
    assert found(**change) == [message]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"days": "7"}, 'days must be a whole number, got "7"; did you mean 7?'),
        ({"days": dt.date(2024, 1, 1)}, "days must be a whole number, got 2024-01-01"),
        ({"seed": 1e3}, "seed must be a whole number, got 1000.0; did you mean 1000?"),
        ({"seed": "0x10"}, 'seed must be a whole number, got "0x10"; did you mean 16?'),
        ({"start": "2024-01-01"},
         'start must be a date such as 2024-01-01, got "2024-01-01"; did you mean 2024-01-01?'),
        ({"start": "tomorrow"}, 'start must be a date such as 2024-01-01, got "tomorrow"'),
        ({"start": dt.datetime(2024, 1, 1, 5, tzinfo=dt.UTC)},
         ("start must be a date such as 2024-01-01, got 2024-01-01T05:00:00+00:00; "
         "did you mean 2024-01-01?")),
        ({"start": dt.date(2024, 1, 3)},
         "start must be a Monday, got Wednesday 2024-01-03; did you mean 2024-01-01?"),
        ({"noise": {"late_hours": "3.5"}},
         'noise.late_hours must be a number, got "3.5"; did you mean 3.5?'),
        ({"noise": {"late_hours": "3 hours"}}, 'noise.late_hours must be a number, got "3 hours"'),
        ({"noise": {"late_hours": True}}, "noise.late_hours must be a number, got true"),
        ({"noise": {"late_hours": [3]}}, "noise.late_hours must be a number, got a list"),
        ({"title": ["x"]}, "title must be text, got a list"),
        ({"agency": {"name": "x"}}, "agency must be a list, got a table; did you mean [[agency]]?"),
        ({"misuse": {}}, "misuse must be a list, got a table; did you mean [[misuse]]?"),
        ({"staffing": 3}, "staffing must be a table, got 3; did you mean [staffing]?"),
        ({"workload": "x"}, 'workload must be a table, got "x"; did you mean [workload]?'),
        ({"agency": ["town"]}, 'agency.0 must be a table, got "town"'),
        ({"population": 10_001},
         "population must be a multiple of ten, got 10001; did you mean 10010?"),
        ({"timezone": "America/Los_Angles"},
         ('timezone must be an IANA time zone, got "America/Los_Angles"; '
         'did you mean "America/Los_Angeles"?')),
    ],
)  # fmt: skip
def test_types(change, message):
    """A value of another type is told as the file writes it, with the one that was meant."""
    assert found(**change) == [message]


@pytest.mark.parametrize(
    ("text", "meant"),
    [("yes", "true"), ("On", "true"), ("TRUE", "true"), ("no", "false"), ("off", "false"),
     ("False", "false")],
)  # fmt: skip
def test_switches_in_quotes(text, meant):
    """A switch is true or false without quotes."""
    said = f'agency.0.street must be true or false, got "{text}"; did you mean {meant}?'
    assert found(agency=[{**TOWN, "street": text}]) == [said]


@pytest.mark.parametrize("value", [0, 1])
def test_a_switch_is_no_number(value):
    """0 and 1 are not taken for a switch."""
    said = f"agency.0.street must be true or false, got {value}"
    assert found(agency=[{**TOWN, "street": value}]) == [said]


@pytest.mark.parametrize(
    ("agency", "misuse", "message"),
    [
        ([TOWN, TOWN], [], 'agency.1.name must be there once, got "town" again'),
        ([{**TOWN, "count": 20_000, "name": n} for n in "abcd"], [],
         "agency must be at most 65,536 agencies together, got 80,000"),
        ([TOWN], [{"kind": "retaliation"}, {"kind": "retaliation"}],
         'misuse.1.kind must be there once, got "retaliation" again'),
        ([TOWN], [{"kind": "permit_checks", "agency_group": "twon"}],
         ('misuse.0.agency_group must name an agency group ("town"), got "twon"; '
         'did you mean "town"?')),
        ([TOWN, {**TOWN, "name": "bay"}], [{"kind": "permit_checks", "agency_group": "zz"}],
         'misuse.0.agency_group must name an agency group ("bay", "town"), got "zz"'),
        ([TOWN], [{"kind": "permit_checks", "agency_group": "town"}],
         ("misuse.0.agency_group must name a group whose licensing_unit is at least 1, "
         'got "town" with 0')),
    ],
)  # fmt: skip
def test_what_does_not_fit_together(agency, misuse, message):
    """Keys that contradict each other are told where the second of them stands."""
    assert found(agency=agency, misuse=misuse) == [message]


def test_just_enough_agencies():
    """65,536 agencies fit into the number of a need, one more does not."""
    assert MOST_AGENCIES == 2**16
    assert cross_faults({"agency": [{"count": 65_000}, {"count": 536}]}) == []
    (fault,) = cross_faults({"agency": [{"count": 65_000}, {"count": 537}]})
    assert fault.what == "must be at most 65,536 agencies together, got 65,537"


def test_every_repetition_is_told():
    """Three of a name are two faults, in the order of the file, oddities and misuse after."""
    twice = {
        "agency": [{"name": "a"}, {"name": "a"}, {"name": "a"}],
        "misuse": [{"kind": "retaliation"}] * 2,
        "oddity": [{"kind": "self_query"}] * 2,
    }
    assert [fault.path for fault in cross_faults(twice)] == [
        ("agency", 1, "name"), ("agency", 2, "name"), ("oddity", 1, "kind"), ("misuse", 1, "kind"),
    ]  # fmt: skip


def test_contradictions_in_one_line():
    """A scenario built in Python tells all its contradictions, divided by semicolons."""
    faults = cross_faults({"agency": [{"name": "a"}] * 2, "oddity": [{"kind": "b"}] * 2})
    assert str(ContradictionError(faults)) == (
        'agency.1.name must be there once, got "a" again; '
        'oddity.1.kind must be there once, got "b" again'
    )


@given(st.text(max_size=59))
def test_text_as_toml_reads_back(text):
    """A short text is shown so that it could be copied into the file, or is cut visibly."""
    import tomllib  # noqa: PLC0415

    shown = toml_value(text)
    assert len(shown) <= 61
    if not shown.endswith("…") and "\x7f" not in text and shown.isprintable():
        assert tomllib.loads(f"v = {shown}")["v"] == text


@given(st.text("abcdefgh", min_size=1), st.lists(st.text("abcdefgh", min_size=1), max_size=5))
def test_a_guess_is_one_of_the_allowed_words(word, allowed):
    """Nothing is suggested that would be refused as well, and the word itself is always found."""
    hint = guess(word, allowed)
    assert hint == "" or hint.removeprefix("; did you mean ").removesuffix("?") in allowed
    assert guess(word, [*allowed, word]) != ""


def test_swapped_letters_come_before_likeness():
    """A word of the same letters is meant, even where another is more alike."""
    assert guess("count", ["counts", "tounc"]) == "; did you mean tounc?"
