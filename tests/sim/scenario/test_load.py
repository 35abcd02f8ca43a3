"""From a name or a file to a scenario."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

import misusesim
from misusesim.errors import ScenarioError, UsageError
from misusesim.scenario import load
from misusesim.scenario.load import list_scenarios, load_scenario, scenario_folder

SMALL = """\
name = "small"
start = 2024-01-01
days = 7

[[agency]]
name = "town"
type = "police"
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


def fault(source: str | Path, sets: tuple[str, ...] = (), **override: object) -> list[str]:
    """Return the lines of the error that loading gives."""
    with pytest.raises(ScenarioError) as caught:
        load_scenario(source, sets, **override)
    return str(caught.value).splitlines()


def test_file(small: Path) -> None:
    """A file gives its values and the defaults of the rest."""
    scenario = load_scenario(small)

    assert scenario.name == "small"
    assert scenario.start == dt.date(2024, 1, 1)
    assert scenario.agency[0].type == "police"
    assert scenario.workload.queries_per_shift == 19.0
    assert scenario.misuse == ()
    assert load_scenario(str(small)) == scenario


def test_shipped() -> None:
    """Every shipped scenario loads and has the name of its file and a title."""
    assert list_scenarios() == [
        "clets_2023", "county", "no_misuse", "permit_desk", "permit_desk_miscoded", "state", "tiny",
    ]  # fmt: skip
    for name in list_scenarios():
        assert load_scenario(name).name == name
        assert load_scenario(name).title


def test_shipped_in_a_checkout() -> None:
    """In a checkout the scenarios are those beside the packages."""
    root = Path(__file__).parents[3]

    assert scenario_folder() == root / "scenarios"


def test_shipped_in_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package has its own folder of scenarios, which comes first."""
    package = tmp_path / "site-packages" / "misusesim"
    (package / "scenarios").mkdir(parents=True)
    (package / "scenarios" / "own.toml").write_text(SMALL)
    monkeypatch.setattr(misusesim, "__file__", str(package / "__init__.py"))

    assert list_scenarios() == ["own"]
    assert load_scenario("own").name == "small"


def test_permit_desks_differ_in_rungs_only() -> None:
    """The two permit desks are the same world, but for name, title and rungs."""
    plain, covered = load_scenario("permit_desk"), load_scenario("permit_desk_miscoded")
    rungs = [s.misuse[0].rungs.model_dump() for s in (plain, covered)]

    assert rungs == [
        {"declared": 1, "miscoded": 0, "plausible_case": 0, "own_case": 0},
        {"declared": 0, "miscoded": 1, "plausible_case": 0, "own_case": 0},
    ]
    same = {"name": "same", "title": ""}
    first = covered.misuse[0].model_copy(update={"rungs": plain.misuse[0].rungs})
    levelled = covered.model_copy(update={**same, "misuse": (first, *covered.misuse[1:])})
    assert levelled == plain.model_copy(update=same)


def test_permit_desk_has_the_published_number() -> None:
    """6,789 checks in the 365 days of 2023, by one unit of one sheriff's office."""
    scenario = load_scenario("permit_desk")

    assert (scenario.start, scenario.days) == (dt.date(2023, 1, 2), 365)
    assert scenario.misuse[0].model_dump(include={"kind", "per_year", "agency_group"}) == {
        "kind": "permit_checks", "per_year": 6789, "agency_group": "sheriff",
    }  # fmt: skip


def test_lawful_twin_checks_as_often() -> None:
    """The six clerks of the twin do 27.15 lawful checks a business day, the prohibited rate."""
    scenario = load_scenario("permit_desk")

    a_day = scenario.agency[1].licensing_unit * scenario.workload.permits_per_clerk_day
    assert round(a_day, 9) == scenario.misuse[0].per_business_day == 27.15


def test_tiny_has_everything() -> None:
    """The test world has all oddities and all misuse kinds."""
    scenario = load_scenario("tiny")

    assert len({oddity.kind for oddity in scenario.oddity}) == 26
    assert {misuse.kind for misuse in scenario.misuse} == {
        "permit_checks", "romantic_interest", "retaliation",
    }  # fmt: skip


def test_no_misuse_has_none() -> None:
    """The honest world has oddities and no misuse."""
    scenario = load_scenario("no_misuse")

    assert scenario.misuse == ()
    assert len(scenario.oddity) == 26


def test_state_is_a_whole_state() -> None:
    """The state has 1,200 agencies, each misuse kind, two thirds of its volume by machines."""
    scenario = load_scenario("state")
    machines = sum(g.count * g.interface_accounts for g in scenario.agency)
    sent = sum(
        g.count * g.interface_accounts * g.interface_queries_per_day for g in scenario.agency
    )

    assert sum(group.count for group in scenario.agency) == 1_200
    assert (scenario.days, scenario.truth) == (365, "sparse")
    assert len(scenario.misuse) == 3
    assert len(scenario.oddity) == 26
    assert machines == 1_657
    assert 1.7e6 < sent < 2.0e6


def test_override(small: Path) -> None:
    """Keyword values take the place of the file's, None leaves them."""
    scenario = load_scenario(small, seed=5, days=None)

    assert (scenario.seed, scenario.days) == (5, 7)


def test_wrong_override(small: Path) -> None:
    """A wrong one is told by the name of the option."""
    assert fault(small, days=0, seed=-1) == [
        "--days 0: days must be ≥ 1, got 0",
        "--seed -1: seed must be ≥ 0, got -1",
    ]


def test_sets(small: Path) -> None:
    """Changes reach into lists and into tables that the file does not have."""
    scenario = load_scenario(
        small,
        ["agency.0.count=3", "noise.lost_share = 0.25", 'timezone="Europe/Berlin"', "days=14"],
    )

    assert scenario.agency[0].count == 3
    assert scenario.noise.lost_share == 0.25
    assert scenario.timezone == "Europe/Berlin"
    assert scenario.days == 14


def test_wrong_sets_are_told_with_faults_of_the_file(small: Path) -> None:
    """Faults of changes come first, then those of the file, all at once."""
    small.write_text(SMALL.replace("days = 7", "days = 0"))

    assert fault(small, ("agency.3.count=1", "noise.lost_share=2", "noise.losts=1")) == [
        "--set agency.3.count=1: agency needs a place (0 to 0), got 3",
        "--set noise.lost_share=2: noise.lost_share must be ≤ 1, got 2; did you mean 0.02?",
        "--set noise.losts=1: noise.losts must be a known key; did you mean lost_share?",
        f"{small}:3: days must be ≥ 1, got 0",
    ]


def test_a_set_mends_the_file(small: Path) -> None:
    """A change is made before anything is checked."""
    small.write_text(SMALL.replace("days = 7", "days = 0"))

    assert load_scenario(small, ["days=7"]).days == 7


def test_last_set_wins(small: Path) -> None:
    """Of two changes of one key the last counts, also in messages."""
    assert load_scenario(small, ["days=7", "days=21"]).days == 21
    assert fault(small, ("days=-7", "days=-21")) == ["--set days=-21: days must be ≥ 1, got -21"]


def test_public_names() -> None:
    """The package offers three calls and says so of a fourth."""
    assert misusesim.load_scenario is load.load_scenario
    assert sorted(misusesim.__all__) == ["load_scenario", "open_dataset", "simulate"]
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        misusesim.simulat  # noqa: B018


@pytest.mark.slow
def test_simulate(tmp_path: Path) -> None:
    """One call makes a data set that can be read at once."""
    scenario = load_scenario("tiny", days=2)

    dataset = misusesim.simulate(scenario, tmp_path / "data")

    assert dataset.manifest["scenario"] == "tiny"
    assert dataset.log().num_rows == dataset.manifest["rows"]["written"] > 100


def test_simulate_tells_what_is_wrong_with_the_engine(tmp_path: Path) -> None:
    """Engine and address are passed on: an address that nobody can have is refused at once."""
    scenario = load_scenario("tiny", days=1)
    with pytest.raises(UsageError, match="address"):
        misusesim.simulate(scenario, tmp_path / "data", engine="ray", address="nowhere")
    with pytest.raises(UsageError, match="address"):
        misusesim.simulate(scenario, tmp_path / "data", address="127.0.0.1:1")
    assert not (tmp_path / "data").exists()
