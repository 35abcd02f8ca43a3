"""How far each number of a scenario may go: its bounds, and what is said beyond them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pydantic import ValidationError

from misusesim.scenario.faults import faults_of
from misusesim.scenario.misuse import PermitChecks, Retaliation, RomanticInterest
from misusesim.scenario.model import (
    AgencyGroup,
    Noise,
    Oddity,
    Oversight,
    Scenario,
    Staffing,
    Workload,
)
from misusesim.scenario.prevalence import RungMix


def world(**change: Any) -> dict[str, Any]:
    """Return the least that makes a scenario, with some keys changed."""
    return {
        "name": "w",
        "start": dt.date(2024, 1, 1),
        "days": 7,
        "agency": [{"name": "town", "type": "police", "licensing_unit": 1}],
        **change,
    }


def place(table: str, key: str, value: object) -> dict[str, Any]:
    """Return a world in which one key of one table has a value."""
    if not table:
        return world(**{key: value})
    if table == "agency":
        return world(agency=[{"name": "town", "type": "police", key: value}])
    if table in {"staffing", "workload", "oversight", "noise"}:
        return world(**{table: {key: value}})
    if table == "oddity":
        return world(oddity=[{"kind": "self_query", key: value}])
    extra = {"agency_group": "town"} if table == "permit_checks" else {}
    return world(misuse=[{"kind": table, **extra, key: value}])


def prefix(table: str) -> str:
    """Return the dotted path of what `place` makes."""
    return {"": "", "agency": "agency.0.", "oddity": "oddity.0."}.get(
        table,
        f"{table}." if table in {"staffing", "workload", "oversight", "noise"} else "misuse.0.",
    )


#: Table, key, smallest and largest value that are accepted.
CLOSED = [
    ("", "version", 1, None),
    ("", "seed", 0, 2**63 - 1),
    ("", "days", 1, 3660),
    ("", "population", 10_000, 600_000_000),
    ("", "shard_weeks", 1, 52),
    ("agency", "count", 1, 20_000),
    ("agency", "accounts_sigma", 0, 3),
    ("agency", "accounts_max", 1, 50_000),
    ("agency", "licensing_unit", 0, 500),
    ("staffing", "leave_days_per_year", 0, None),
    ("staffing", "overtime_share", 0, 1),
    ("staffing", "swap_share", 0, 1),
    ("staffing", "court_share", 0, 1),
    ("staffing", "rotation_weeks", 1, 520),
    ("staffing", "turnover_per_year", 0, 1),
    ("staffing", "lapsed_training_share", 0, 1),
    ("workload", "calls_share", 0, 1),
    ("workload", "activity_sigma", 0, 3),
    ("workload", "cases_per_detective_week", 0, None),
    ("workload", "dispersion", 0, 20),
    ("workload", "daily_dispersion", 0, 20),
    ("workload", "permits_per_clerk_day", 0, None),
    ("workload", "hit_rate", 0, 1),
    ("oddity", "rate_per_officer_year", 0, None),
    ("oddity", "share", 0, 1),
    ("permit_checks", "complaint_share", 0, 1),
    ("permit_checks", "per_year", 1, None),
    ("permit_checks", "severity", 0, 3),
    ("romantic_interest", "severity", 0, 3),
    ("retaliation", "officers_per_year", 0, 1),
    ("oversight", "audits_per_agency_year", 0, None),
    ("oversight", "audit_sample_share", 0, 1),
    ("oversight", "complaint_share", 0, 1),
    ("oversight", "unit_report_share", 0, 1),
    ("oversight", "delay_days", 0, None),
    ("oversight", "audit_miss_share", 0, 1),
    ("noise", "lost_share", 0, 1),
    ("noise", "duplicate_share", 0, 1),
    ("noise", "late_share", 0, 1),
    ("noise", "late_hours", 0, None),
    ("noise", "skew_seconds", 0, None),
    ("noise", "typo_share", 0, 1),
]
#: Table, key and largest value of those that must be above 0.
ABOVE_ZERO = [
    ("agency", "accounts_median", 50_000),
    ("staffing", "duty_days_per_week", 7),
    ("workload", "queries_per_shift", 200),
    ("permit_checks", "per_business_day", 10_000),
    ("romantic_interest", "weeks_median", 104),
    ("romantic_interest", "queries_per_week", 50),
    ("retaliation", "steps_median", 50),
    ("retaliation", "days_between", 365),
]


def faults(data: dict[str, Any]) -> list[str]:
    """Return the faults of data that is no scenario."""
    with pytest.raises(ValidationError) as caught:
        Scenario.model_validate(data)
    return [str(fault) for fault in faults_of(caught.value, data)]


@pytest.mark.parametrize(("table", "key", "low", "high"), CLOSED)
def test_both_ends_are_inside(table, key, low, high):
    """The smallest and the largest value are accepted."""
    Scenario.model_validate(place(table, key, low))
    if high is not None:
        Scenario.model_validate(place(table, key, high))


@pytest.mark.parametrize(("table", "key", "low", "high"), CLOSED)
def test_below_the_smallest(table, key, low, high):
    """One less than the smallest value is refused, with the bound and the value."""
    said = f"{prefix(table)}{key} must be ≥ {low}, got {low - 1}"
    assert faults(place(table, key, low - 1)) == [said]


@pytest.mark.parametrize(
    ("table", "key", "high"),
    [(t, k, h) for t, k, _, h in CLOSED if h not in {None, 1, 2**63 - 1}] + ABOVE_ZERO,
)
def test_above_the_largest(table, key, high):
    """One more than the largest value is refused, with the bound and the value."""
    said = f"{prefix(table)}{key} must be ≤ {high:.12g}, got {high + 1}"
    assert faults(place(table, key, high + 1)) == [said]


@pytest.mark.parametrize(("table", "key", "high"), ABOVE_ZERO)
def test_zero_is_outside_where_it_would_mean_nothing(table, key, high):
    """Medians and rates of something that is wanted are above 0, up to and with their end."""
    assert faults(place(table, key, 0)) == [f"{prefix(table)}{key} must be > 0, got 0"]
    Scenario.model_validate(place(table, key, 0.001))
    Scenario.model_validate(place(table, key, high))


@pytest.mark.parametrize(("table", "key"), [(t, k) for t, k, _, high in CLOSED if high == 1])
@pytest.mark.parametrize(("percent", "share"), [(5, "0.05"), (100, "1"), (1.5, "0.015")])
def test_a_percentage_suggests_its_share(table, key, percent, share):
    """A share above 1 and up to 100 was perhaps meant in percent."""
    said = f"{prefix(table)}{key} must be ≤ 1, got {percent}; did you mean {share}?"
    assert faults(place(table, key, percent)) == [said]


def test_more_than_a_hundred_percent_suggests_nothing():
    """101 is no percentage of a whole."""
    assert faults(place("noise", "typo_share", 101)) == ["noise.typo_share must be ≤ 1, got 101"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize(("table", "key"), [("noise", "late_hours"), ("workload", "hit_rate")])
def test_only_finite_numbers(table, key, value):
    """TOML knows nan and inf, a scenario does not."""
    (said,) = faults(place(table, key, value))
    assert said == f"{table}.{key} must be a finite number, got {value}"


@pytest.mark.parametrize(
    ("text", "fits"),
    [("CA", True), ("WY", True), ("ca", False), ("C", False), ("CAL", False), ("", False),
     ("C4", False)],
)  # fmt: skip
def test_a_state_is_two_capitals(text, fits):
    """The home state is written as the post does."""
    if fits:
        assert Scenario.model_validate(world(state=text)).state == text
    else:
        (said,) = faults(world(state=text))
        assert said.startswith(f'state must match ^[A-Z]{{2}}$, got "{text}"')


@pytest.mark.parametrize(
    ("name", "meant"),
    [("Big City", "big_city"), ("a.b", "a_b"), ("__x__", "x"), ("9x", None), ("…", None)],
)  # fmt: skip
def test_a_name_is_a_slug(name, meant):
    """Blanks and marks suggest the name they would make; others suggest nothing."""
    hint = f'; did you mean "{meant}"?' if meant else ""
    said = f'name must match ^[A-Za-z][A-Za-z0-9_-]*$, got "{name}"{hint}'
    assert faults(world(name=name)) == [said]


@pytest.mark.parametrize(
    "model", [AgencyGroup(name="a", type="court"), Noise(), Oversight(), RungMix(), Staffing(),
              Workload(), Oddity(kind="self_query"),
              PermitChecks(kind="permit_checks", agency_group="a"),
              Retaliation(kind="retaliation"), RomanticInterest(kind="romantic_interest")],
)  # fmt: skip
def test_models_are_frozen_and_closed(model):
    """No key can be changed after the fact, and no unknown one be given."""
    key = next(iter(type(model).model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(model, key, getattr(model, key))
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        type(model).model_validate({**model.model_dump(), "surprise": 1})


@pytest.mark.parametrize("rung", ["declared", "miscoded", "plausible_case", "own_case"])
def test_one_weight_is_enough_for_a_mix(rung):
    """Three weights of 0 are fine as long as the fourth is above it."""
    zeros = dict.fromkeys(RungMix.model_fields, 0.0)
    assert getattr(RungMix.model_validate({**zeros, rung: 0.1}), rung) == 0.1
    with pytest.raises(ValidationError, match="must have a weight above 0, got only zeros"):
        RungMix.model_validate(zeros)


def test_defaults_of_the_kinds_of_misuse():
    """Spying on a partner is graver than an unlawful permit check, unless the file says else."""
    permit = PermitChecks(kind="permit_checks", agency_group="x")
    assert (permit.severity, permit.per_business_day, permit.per_year) == (2, 27.15, None)
    romantic = RomanticInterest(kind="romantic_interest")
    assert (romantic.severity, romantic.weeks_median, romantic.queries_per_week) == (3, 8.0, 1.2)
    revenge = Retaliation(kind="retaliation")
    assert (revenge.severity, revenge.steps_median, revenge.days_between) == (3, 3.0, 6.0)
