from __future__ import annotations

from pathlib import Path

import pytest

from misusebench.detectors import AFTER, REGISTRY
from misusebench.errors import SuiteError
from misusebench.feedback import Rules
from misusebench.policies.language.policyfile import SETS, read_policy
from misusebench.policies.sets import SHIPPED
from misusebench.suite import (
    TIERS,
    ComponentSpec,
    list_suites,
    load_suite,
    named_apart,
    parse_component,
)

GOOD = """\
name = "own"
tier = "T2"
data = ["worlds/a"]
history_share = 0.5

[limits]
memory_mb = 512

[[detector]]
name = "volume"
tier = "T0"

[[detector]]
name = "mine"
component = "json.decoder:JSONDecoder"
parameters = {strict = true}

[[policy]]
name = "eleven_rules"
"""


def read(tmp_path, text: str):
    path = tmp_path / "s.toml"
    path.write_text(text, encoding="utf-8")
    return load_suite(path)


def faults(tmp_path, text: str) -> list[str]:
    """Return the messages of a wrong suite without the folder."""
    with pytest.raises(SuiteError) as caught:
        read(tmp_path, text)
    return [line.replace(f"{tmp_path}/", "") for line in str(caught.value).splitlines()]


def test_the_smoke_suite_has_nine_detectors_and_two_policies():
    """The demo's suite is shipped, whole and of these components."""
    suite = load_suite("smoke")
    assert [c.name for c in suite.components if c.kind == "detector"] == [
        "random", "constant", "volume", "label_oracle", "shift_window", "peer_z", "rules",
        "explanation", "iforest",
    ]  # fmt: skip
    assert [c.name for c in suite.components if c.kind == "policy"] == ["eleven_rules", "cedar"]
    assert list_suites() == ["full", "permit_desk", "smoke", "standard"]


def test_the_standard_suite_has_every_reference_detector():
    """Each of the registry once, the label oracle, and two of them in their other way."""
    suite = load_suite("standard")
    assert sorted(c.name for c in suite.components) == sorted(
        [*(set(REGISTRY) - set(AFTER)), "explanation_mined", "label_oracle", "sigma_tumbling"]
    )
    assert suite.feedback == Rules()


def test_the_full_suite_has_the_standard_one_and_every_main_detector_at_each_tier():
    """So that one run gives the table of what each tier gains; names are unique."""
    full, standard = load_suite("full"), load_suite("standard")
    assert full.components[: len(standard.components)] == standard.components
    assert (full.feedback, full.review_budget) == (standard.feedback, standard.review_budget)
    told = {one.name: one for one in full.components}
    assert len(told) == len(full.components)
    for base in ("peer_z", "rules", "iforest", "ecod", "hbos", "knn", "loda", "supervised"):
        for tier in TIERS:
            one = told[f"{base}-{tier}"]
            assert (one.tier, one.parameters) == (tier, {"tier": tier})
    assert {"knn-neighbours_5-sample_2000", "explanation-T2", "rules-memory_days_120"} <= set(told)


@pytest.mark.parametrize("text", ["README.md", "bench/README.md"])
def test_shipped_suites_are_in_the_readmes(text):
    """Each by its name."""
    said = (Path(__file__).parents[2] / text).read_text(encoding="utf-8")
    assert [name for name in list_suites() if f"`{name}`" not in said] == []


def test_the_oracles_name_is_taken(tmp_path, monkeypatch):
    """Nothing that is run may be called as the scorer's own control."""
    text = GOOD.replace('name = "mine"', 'name = "label_oracle"')
    (tmp_path / "own.py").write_text("class label_oracle:\n    pass\n")
    monkeypatch.chdir(tmp_path)
    assert any("label_oracle is the scorer's own" in line for line in faults(tmp_path, text))
    with pytest.raises(SuiteError, match="label_oracle is the scorer's own name"):
        parse_component("detector", "own:label_oracle")


def test_a_suite_says_how_labels_come(tmp_path):
    """Delays and errors of the audit process; without the table there are no labels."""
    text = GOOD + "\n[feedback]\nmiss_share = 0.2\ndelay_days = {review = 3}\n"
    assert read(tmp_path, text).feedback == Rules(delay_days={"review": 3}, miss_share=0.2)
    assert read(tmp_path, GOOD).feedback is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("miss_share = 2", "feedback: miss_share must be in 0 .. 1, got 2"),
        ("mis_share = 0.2", "no key feedback.mis_share; did you mean miss_share?"),
        ('miss_share = "x"', "feedback.miss_share must be a number, got 'x'"),
        ("delay_days = {reviews = 3}", "no key feedback.reviews; did you mean review?"),
        ("delay_days = 3", "feedback.delay_days must be a table of numbers, got 3"),
        ("delay_days = {review = 900}", "feedback: the delay of a review must be in 0 .. 200"),
    ],
)
def test_faults_of_the_audit_process_are_told(tmp_path, text, said):
    """Each with what is allowed."""
    found = faults(tmp_path, GOOD + "\n[feedback]\n" + text + "\n")
    assert any(said in line for line in found), found


def test_a_suite_is_read(tmp_path):
    """Every key of a suite arrives where it belongs; what is absent has its default."""
    suite = read(tmp_path, GOOD)
    assert (suite.name, suite.tier, suite.history_share) == ("own", "T2", 0.5)
    assert suite.data == (str(tmp_path / "worlds/a"),)
    assert suite.limits.memory_mb == 512.0
    assert suite.limits.fit_s == 300.0
    assert [(c.kind, c.name, c.tier) for c in suite.components] == [
        ("detector", "volume", "T0"), ("detector", "mine", None), ("policy", "eleven_rules", None),
    ]  # fmt: skip
    assert suite.components[1].target == "json.decoder:JSONDecoder"
    assert suite.components[1].parameters == {"strict": True}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("read", [load_suite, read_policy])
def test_what_is_no_toml_is_refused(tmp_path, read):
    """It has no lines to be looked up, and whoever looked would look for ever."""
    (tmp_path / "odd.toml").write_text('[detector\nname = "x"\n')
    with pytest.raises(SuiteError, match=r"odd\.toml:1: not TOML"):
        read(tmp_path / "odd.toml")


def test_all_faults_at_once_with_lines(tmp_path):
    """Every fault is told with its line and the likely intention."""
    text = GOOD.replace("history_share = 0.5", "history_shar = 0.5")
    text = text.replace('tier = "T0"', 'tier = "T9"').replace("512", "-1")
    text = text.replace('"eleven_rules"', '"eleven_rule"')
    assert faults(tmp_path, text) == [
        "s.toml:4: no key history_shar; did you mean history_share?",
        "s.toml:7: limits.memory_mb must be a number above 0, got -1",
        "s.toml:11: detector.tier must be one of T0, T1, T2, T3, got 'T9'",
        "s.toml:19: no policy eleven_rule; did you mean eleven_rules?; or give module:Class",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed = true\n", "s.toml:1: seed must be a whole number, got True"),
        ("seed = -1\n", "s.toml:1: seed must be from 0 to 9.22337e+18, got -1"),
        ('data = "x"\n', "s.toml:1: data must be a list, got 'x'"),
        ("data = [1]\n", "s.toml:1: data must be a list of folders, got [1]"),
        ("[[detector]]\n", "s.toml:1: detector needs a name: a registry name or module:Class"),
        ("detector = [1]\n", "s.toml:1: write [[detector]] and then name = ..."),
        ('name = "x"\n', "s.toml:1: names no component: add [[detector]] or [[policy]]"),
        ("name = \n", "s.toml:1: not TOML: Invalid value (at line 1, column 8)"),
        (
            "[limits\n",
            (
                "s.toml:1: not TOML: Expected ']' at the end of a table declaration "
                "(at line 1, column 8)"
            ),
        ),
        (
            '[[detector]]\nname = "../x"\ncomponent = "volume"\n',
            "s.toml:2: detector.name must be letters, digits, _ and -, got '../x'",
        ),
        (
            '[[detector]]\nname = "volume"\nparameters = 3\n',
            "s.toml:3: detector.parameters must be a table, got 3",
        ),
    ],
)
def test_a_fault_has_its_message(tmp_path, text, message):
    """Each wrong value has a message that says place, what was found and what is allowed."""
    assert faults(tmp_path, text) == [message]


def test_unknown_suite():
    """An unknown suite is told with those there are; a missing file with why."""
    with pytest.raises(SuiteError, match="no suite smok; did you mean smoke"):
        load_suite("smok")
    with pytest.raises(SuiteError, match="No such file"):
        load_suite("absent.toml")


def test_components_by_name_and_by_class(tmp_path, monkeypatch):
    """A name comes from the registry; module:Class from the working folder or the packages."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_detector.py").write_text("class D: ...\n", encoding="utf-8")
    assert parse_component("detector", "volume").target.startswith("misusebench.detectors.")
    own = parse_component("detector", "own_detector:D", {"a": 1}, "T1")
    assert own == ComponentSpec("detector", "D", "own_detector:D", {"a": 1}, "T1", (str(tmp_path),))
    assert parse_component("detector", "label_oracle").target == ""


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("class Repeat: ...\n", "own has no class Nope; there are Repeat"),
        ("class Nop: ...\n", r"own has no class Nope; did you mean Nop\?"),
        ("def Nope(): ...\n", None), ("from x import A as Nope\n", None),
        ("from x import *\n", None), ("Nope = type('Nope', (), {})\n", None),
        ("this is no Python\n", None),
    ],
)  # fmt: skip
def test_a_class_that_its_module_lacks(source, message, tmp_path, monkeypatch):
    """The module is read and not run: what it may bind in any way is left to the worker."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(source, encoding="utf-8")
    if message is None:
        assert parse_component("detector", "own:Nope").module == "own"
    else:
        with pytest.raises(SuiteError, match=message):
            parse_component("detector", "own:Nope")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no_such_module_x:D", "no module no_such_module_x in"),
        ("cmd:nosuchprogram detector.js", "there is no program nosuchprogram"),
        ("volum", "did you mean volume"),
        ("xyz", "there are anomaly_index"),
        ("a b:C", "or give module:Class"),
    ],
)
def test_wrong_components(text, message):
    """What is not a component is told with what is."""
    with pytest.raises(SuiteError, match=message):
        parse_component("detector", text)


def test_every_shipped_policy_file_can_be_named():
    """A policy that is data is asked of the reference engine; the list of them is whole."""
    files = {path.stem for path in SETS.glob("*.toml")}
    assert files == {*SHIPPED, "eleven_rules"}
    spec = parse_component("policy", "officer_assigned")
    assert spec.target == "misusebench.policies.reference:Reference"
    assert (spec.name, spec.parameters) == ("officer_assigned", {"policy": "officer_assigned"})


def test_the_label_oracle_is_no_policy():
    """Only the scorer plays the label oracle, and only as a detector."""
    with pytest.raises(SuiteError, match="no policy label_oracle"):
        parse_component("policy", "label_oracle")


def test_repeated_names_are_told_apart():
    """Two components of one name get results of two names."""
    spec = parse_component("detector", "volume")
    assert [c.name for c in named_apart([spec, spec, spec])] == ["volume", "volume-2", "volume-3"]


def test_a_part_of_a_suite(tmp_path: Path) -> None:
    """Some components by name, with the policy that they run after; the rest stays as it is."""
    path = tmp_path / "suite.toml"
    path.write_text(
        'tier = "T1"\n[[detector]]\nname = "denials"\nafter = "eleven_rules"\n'
        '[[detector]]\nname = "volume"\n[[policy]]\nname = "eleven_rules"\n'
    )
    suite = load_suite(path)
    part = suite.only(["denials"])
    assert [one.name for one in part.components] == ["denials", "eleven_rules"]
    assert (part.tier, part.source) == ("T1", str(path.resolve()))
    assert load_suite("smoke").source == load_suite("smoke").given == "smoke"
    with pytest.raises(SuiteError, match="no component volum in suite; did you mean volume"):
        suite.only(["volum"])
