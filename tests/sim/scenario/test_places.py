"""From a file to a scenario and back: where faults are said to be; writing loses nothing."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misusesim.dataset.schema import MISUSE_KINDS
from misusesim.errors import ScenarioError
from misusesim.scenario.lines import key_lines, line_of
from misusesim.scenario.load import dump_toml, list_scenarios, load_scenario, scenario_hash
from misusesim.scenario.sets import apply_sets

KINDS = ", ".join(f'"{kind}"' for kind in MISUSE_KINDS)

TEXT = """\
name = "town"
start = 2024-01-01
days = 7

[noise]
late_hours = 3

[[agency]]
name = "a"
type = "police"
licensing_unit = 2

[[agency]]
name = "b"
type = "court"

[[misuse]]
kind = "permit_checks"
agency_group = "a"
"""


@pytest.fixture
def town(tmp_path, monkeypatch):
    """Return a way to write the scenario with some texts replaced, and its name in messages."""
    monkeypatch.chdir(tmp_path)

    def write(*changes):
        text = TEXT
        for old, new in changes:
            assert text.count(old) == 1
            text = text.replace(old, new)
        Path("town.toml").write_text(text, encoding="utf-8")
        return "town.toml"

    return write


def said(source, sets=(), **override):
    """Return the faults of a scenario, line by line."""
    with pytest.raises(ScenarioError) as caught:
        load_scenario(source, sets, **override)
    return str(caught.value).split("\n")


@pytest.mark.parametrize(
    ("change", "line", "what"),
    [
        (("days = 7", "days = 0"), 3, "days must be ≥ 1, got 0"),
        (("days = 7\n", ""), 1, "days must be given"),
        (("late_hours = 3", "late_hours = -1"), 6, "noise.late_hours must be ≥ 0, got -1"),
        (("late_hours", "lateness"), 6, ("noise.lateness must be a known key: lost_share, "
         "duplicate_share, late_share, late_hours, skew_seconds, typo_share")),
        (('name = "b"', 'licensing_unit = 1\nname = "a"'), 15,
         'agency.1.name must be there once, got "a" again'),
        (('name = "b"\n', ""), 13, "agency.1.name must be given"),
        (('agency_group = "a"', 'agency_group = "b"'), 19, ("misuse.0.agency_group must name a "
         'group whose licensing_unit is at least 1, got "b" with 0')),
        (('agency_group = "a"\n', ""), 17, "misuse.0.agency_group must be given"),
        (('kind = "permit_checks"\n', ""), 17, f"misuse.0.kind must be given, one of {KINDS}"),
        (("[noise]", "[noize]"), 5, "noize must be a known key; did you mean noise?"),
    ],
)  # fmt: skip
def test_a_fault_has_the_line_of_its_key(town, change, line, what):
    """A key stands on its line; one that is missing, at the header of its table."""
    assert said(town(change)) == [f"town.toml:{line}: {what}"]


def test_faults_are_told_from_top_to_bottom(town):
    """All faults come at once, in the order of lines, not in that of the model."""
    source = town(("days = 7", 'days = "x"'), ("late_hours = 3", "late_hours = true"),
                  ('type = "court"', 'type = "curt"'), ('"town"', '"To wn"'))  # fmt: skip
    assert [line.partition(": ")[0] for line in said(source)] == [
        "town.toml:1", "town.toml:3", "town.toml:6", "town.toml:15",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sets", "override", "faults"),
    [
        (["days=0"], {}, ["--set days=0: days must be ≥ 1, got 0"]),
        ([], {"days": 0}, ["--days 0: days must be ≥ 1, got 0"]),
        (["days=9"], {"days": 0}, ["--days 0: days must be ≥ 1, got 0"]),
        (["noise.late_hours=-2"], {}, [("--set noise.late_hours=-2: noise.late_hours must be ≥ 0, "
                                       "got -2")]),
        (["noise={late_hours = -2}"], {}, [("--set noise={late_hours = -2}: noise.late_hours must "
                                           "be ≥ 0, got -2")]),
        (["x"], {}, ["--set x: must be key=value such as agency.0.count=2"]),
        (["agency.2.name='c'"], {}, [("--set agency.2.name='c': agency needs a place (0 to 1), "
                                     "got 2")]),
        (["misuse=[]", "agency.1.name='a'"], {}, [("--set agency.1.name='a': agency.1.name must "
                                                  'be there once, got "a" again')]),
    ],
)  # fmt: skip
def test_a_fault_of_the_command_line_has_its_text(town, sets, override, faults):
    """What was set on the command line is named as it was typed there."""
    assert said(town(), sets, **override) == faults


def test_command_line_first_then_the_file(town):
    """A fault set from outside comes before those of the file."""
    assert said(town(("late_hours = 3", "late_hours = -1")), ["days=0"]) == [
        "--set days=0: days must be ≥ 1, got 0",
        "town.toml:6: noise.late_hours must be ≥ 0, got -1",
    ]


def test_an_override_that_is_none_leaves_the_file(town):
    """Options that were not given change nothing."""
    assert load_scenario(town(), seed=None, days=None) == load_scenario(town())


def test_overrides_and_sets(town):
    """Both reach the scenario; an override wins over a set of the same key."""
    found = load_scenario(town(), ["seed=5", "days=9", "agency.1.count=3"], days=11)
    assert (found.seed, found.days, found.agency[1].count) == (5, 11, 3)


@pytest.mark.parametrize(
    ("change", "start"),
    [
        (("days = 7", "days = "), "town.toml:3: not TOML: "),
        (("[noise]", "[noise"), "town.toml:5: not TOML: "),
        (("days = 7", "days = 7\ndays = 8"), "town.toml:4: not TOML: Cannot overwrite a value"),
        (('"court"', '"court'), "town.toml:15: not TOML: "),
    ],
)
def test_text_that_is_no_toml(town, change, start):
    """The line of a slip in the text itself is told before anything else."""
    (line,) = said(town(change))
    assert line.startswith(start)


@pytest.mark.parametrize("name", list_scenarios())
def test_shipped_scenarios_survive_writing(name, tmp_path):
    """Written out with all defaults, each loads back to an equal one of the same hash."""
    scenario = load_scenario(name)
    path = tmp_path / "again.toml"
    path.write_text(dump_toml(scenario), encoding="utf-8")
    again = load_scenario(path)
    assert again == scenario
    assert scenario_hash(again) == scenario_hash(scenario)
    assert dump_toml(again) == dump_toml(scenario)


@settings(max_examples=40)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_any_title_survives_writing(title):
    """Quotes, line breaks and controls are written so that TOML reads them back."""
    scenario = load_scenario("tiny").model_copy(update={"title": title})
    assert tomllib.loads(dump_toml(scenario))["title"] == title


@pytest.mark.parametrize("name", list_scenarios())
def test_every_key_of_a_written_scenario_has_a_line(name):
    """The scanner finds each key of a full file on the line that begins with it."""
    text = dump_toml(load_scenario(name))
    lines = text.splitlines()
    found = key_lines(text)
    for path, line in found.items():
        written = lines[line - 1]
        assert written.startswith(("[", f"{path[-1]} = ")) or f"{path[-1]} = " in written
    assert [line for line, text in enumerate(lines, 1) if " = " in text] == sorted(
        {line for path, line in found.items() if isinstance(path[-1], str)
         and " = " in lines[line - 1]}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "line"),
    [((), 1), (("name",), 1), (("noise",), 5), (("noise", "typo_share"), 5), (("agency",), 8),
     (("agency", 1), 13), (("agency", 1, "count"), 13), (("agency", 7), 8), (("misuse", 0), 17),
     (("misuse", 0, "rungs", "declared"), 17), (("workload", "hit_rate"), 1)],
)  # fmt: skip
def test_lines_of_keys_that_are_not_there(path, line):
    """The nearest thing around a missing key is where one would write it."""
    assert line_of(key_lines(TEXT), path) == line


@pytest.mark.parametrize(
    ("sets", "data"),
    [
        (["a=1", "a=2"], {"a": 2}),
        (["a.b=1", "a.c=2"], {"a": {"b": 1, "c": 2}}),
        (["a={b = 1}", "a.b=3"], {"a": {"b": 3}}),
        (["a=[1, 2]", "a.1=5"], {"a": [1, 5]}),
        (["a=[{b = 1}]", "a.0.b=2", "a.0.c=3"], {"a": [{"b": 2, "c": 3}]}),
        (["a=1", "a.b=2"], {"a": 1}),
        (["a=''", 'b="="'], {"a": "", "b": "="}),
        (["a=1 # why"], {"a": 1}),
    ],
)
def test_sets_build_on_each_other(sets, data):
    """Each is done on what those before it left."""
    found: dict = {}
    apply_sets(found, sets)
    assert found == data


@settings(max_examples=40)
@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,3}", fullmatch=True), st.integers() | st.booleans(), max_size=5
    )
)
def test_sets_of_plain_keys_are_a_dictionary(values):
    """Setting keys one by one gives the table of them, in any spelling of TOML."""
    found: dict = {}
    sets = [f"{key}={str(value).lower()}" for key, value in values.items()]
    assert apply_sets(found, sets)[1] == []
    assert found == values
