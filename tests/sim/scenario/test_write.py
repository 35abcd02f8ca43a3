"""A scenario written down and read again."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
import tomllib
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from misusesim.scenario.load import (
    dump_toml,
    json_schema,
    list_scenarios,
    load_scenario,
    scenario_folder,
    scenario_hash,
)
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
from misusesim.scenario.overseeing import OutcomeMix
from misusesim.scenario.prevalence import RungMix

SHARE = st.floats(0, 1)
RATE = st.floats(0, 1e12)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
RUNGS = st.builds(RungMix, declared=st.floats(0.1, 9), miscoded=RATE, own_case=SHARE)
AGENCIES = st.lists(
    st.builds(
        AgencyGroup,
        name=TEXT.filter(bool),
        type=st.sampled_from(["police", "sheriff", "bureau"]),
        count=st.integers(1, 9),
        accounts_median=st.floats(1e-5, 50_000),
        licensing_unit=st.integers(1, 500),
        street=st.booleans(),
        case_field=st.sampled_from(["mandatory", "optional", "absent"]),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda group: group.name,
)
PERSONAL = st.tuples(
    st.builds(
        RomanticInterest, kind=st.just("romantic_interest"), rungs=RUNGS, officers_per_year=SHARE
    ),
    st.builds(Retaliation, kind=st.just("retaliation"), severity=st.integers(0, 3)),
)
ODDITIES = st.lists(
    st.builds(
        Oddity,
        kind=st.sampled_from(["self_query", "overtime", "plate_before_stop"]),
        share=SHARE,
        rate_per_officer_year=RATE,
    ),
    max_size=3,
    unique_by=lambda oddity: oddity.kind,
)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Return a scenario in which any field may hold any value."""
    agency = tuple(draw(AGENCIES))
    permits = PermitChecks(
        kind="permit_checks",
        agency_group=agency[0].name,
        per_year=draw(st.none() | st.integers(1, 10**6)),
        rungs=draw(RUNGS),
    )
    return Scenario(
        name=draw(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)),
        title=draw(TEXT),
        seed=draw(st.integers(0, 2**63 - 1)),
        start=dt.date(2024, 1, 1) + dt.timedelta(weeks=draw(st.integers(-500, 500))),
        days=draw(st.integers(1, 3660)),
        population=10 * draw(st.integers(1_000, 60_000_000)),
        truth=draw(st.sampled_from(["full", "sparse"])),
        agency=agency,
        staffing=draw(st.builds(Staffing, overtime_share=SHARE, leave_days_per_year=RATE)),
        workload=draw(st.builds(Workload, hit_rate=SHARE)),
        oddity=tuple(draw(ODDITIES)),
        misuse=draw(st.sampled_from([(), (permits,)])) + draw(PERSONAL),
        oversight=draw(st.builds(Oversight, delay_days=RATE)),
        noise=draw(st.builds(Noise, typo_share=SHARE)),
    )


@pytest.mark.slow
@given(scenarios())
def test_round_trip(scenario: Scenario) -> None:
    """Any scenario comes back equal, with the same hash, from the TOML it is written to."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "w.toml"
        path.write_text(dump_toml(scenario), encoding="utf-8", newline="")
        back = load_scenario(path)

    assert back == scenario
    assert scenario_hash(back) == scenario_hash(scenario)


def test_dump() -> None:
    """Plain keys come first, then a table or list of tables each; rungs are inline."""
    scenario = Scenario(
        name="w",
        title='say "hi"\n\x7f',
        start=dt.date(2024, 1, 1),
        days=7,
        agency=(AgencyGroup(name="town", type="police"),),
        misuse=(Retaliation(kind="retaliation"),),
    )

    lines = dump_toml(scenario).splitlines()

    assert lines[:5] == [
        'name = "w"', "version = 1", r'title = "say \"hi\"\n\u007f"', "seed = 1",
        "start = 2024-01-01",
    ]  # fmt: skip
    assert [line for line in lines if line.startswith("[")] == [
        "[[agency]]", "[staffing]", "[workload]", "[[misuse]]", "[oversight]", "[noise]",
    ]  # fmt: skip
    assert "rungs = {declared = 1.0, miscoded = 1.0, plausible_case = 1.0, own_case = 1.0}" in lines
    assert "street = true" in lines


def test_hash_sees_every_change() -> None:
    """The hash is the same for the same scenario and another for another seed."""
    tiny = load_scenario("tiny")

    assert scenario_hash(tiny) == scenario_hash(load_scenario("tiny"))
    assert scenario_hash(tiny) != scenario_hash(load_scenario("tiny", seed=12))
    assert len(scenario_hash(tiny)) == 64


def test_hash_is_of_values_not_of_spelling() -> None:
    """A default that is written out, or 1 for 1.0, changes nothing."""
    spelled = load_scenario("tiny", ["noise.lost_share=0.0005", "misuse.0.rungs.declared=1"])

    assert scenario_hash(spelled) == scenario_hash(load_scenario("tiny"))


@pytest.mark.parametrize("name", list_scenarios())
def test_schema_accepts(name: str) -> None:
    """The JSON Schema accepts every shipped scenario."""
    text = (scenario_folder() / f"{name}.toml").read_text(encoding="utf-8")
    data = json.loads(json.dumps(tomllib.loads(text), default=str))

    jsonschema.Draft202012Validator(json_schema()).validate(data)


@pytest.mark.parametrize(
    ("key", "value"),
    [("days", 0), ("sed", 3), ("misuse", [{"kind": "retaliation", "severity": 9}]), ("agency", 1)],
)
def test_schema_refuses(key: str, value: object) -> None:
    """It refuses unknown keys, wrong types and values out of bounds."""
    world = {"name": "w", "start": "2024-01-01", "days": 7, "agency": []}
    validator = jsonschema.Draft202012Validator(json_schema())

    assert list(validator.iter_errors(world)) == []
    assert list(validator.iter_errors({**world, key: value})) != []


def test_schema_describes_every_key() -> None:
    """Every key but rungs, kinds and outcomes, which explain themselves, has a description."""
    schema = json_schema()
    plain = {"rungs", "kind", *RungMix.model_fields, *Scenario.model_fields, "severity"}
    plain |= {*OutcomeMix.model_fields}
    silent = [
        f"{name}.{key}"
        for name, table in schema["$defs"].items()
        for key, about in table["properties"].items()
        if "description" not in about and key not in plain
    ]

    assert silent == []
