"""Places, pairs and their verdicts, by hand; worlds and names of configurations."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.bench.compare.made import configuration, loaded, near
from tests.bench.conftest import validator
from tests.bench.made_run import result

from misusebench import interval, terminal
from misusebench.compare.campaigns import Apart, Only
from misusebench.compare.configurations import configurations, worlds
from misusebench.compare.families import families
from misusebench.compare.ranking import over_worlds, rank
from misusebench.compare.several import several
from misusebench.compare.whole import Comparison
from misusebench.errors import SuiteError

RECALL = "campaign_recall"


def ranked(values, rope=0.02, metric=RECALL, spread=0.001, count=999):
    """Return the ranking of configurations by their values, and notes."""
    notes = []
    found = [
        configuration(name, metric, [value], [near(value, spread, seed, count)])
        for seed, (name, value) in enumerate(values.items())
    ]
    return rank(found, metric, rope, notes), notes


def test_three_configurations_by_hand():
    """One clearly ahead; two alike within the region; p is 2 of 1,000, times three pairs."""
    told, notes = ranked({"b": 0.5, "a": 0.9, "c": 0.499})
    assert [(s.name, s.rank, s.rank_low, s.rank_high) for s in told.standings] == [
        ("a", 1, 1.0, 1.0), ("b", 2, 2.0, 3.0), ("c", 3, 2.0, 3.0),
    ]  # fmt: skip
    verdicts = {(p.first, p.second): p.verdict for p in told.pairs}
    assert verdicts == {("a", "b"): "better", ("a", "c"): "better", ("b", "c"): "equivalent"}
    first = told.pairs[0]
    assert first.difference == pytest.approx(0.4)
    assert first.p == pytest.approx(3 * 2 / 1000)
    assert first.low < 0.4 < first.high
    assert notes == []
    assert told.draws == 999


def test_wide_draws_leave_a_pair_undecided():
    """A difference that may be chance is neither better nor equivalent."""
    told, _ = ranked({"a": 0.5, "b": 0.45}, spread=0.1)
    assert told.pairs[0].verdict == "undecided"
    assert told.pairs[0].p > 0.05


def test_a_sure_difference_within_the_region_is_equivalent():
    """Beyond chance and of no account: equivalent, not better; without a region better."""
    values = {"a": 0.505, "b": 0.5}
    assert ranked(values, rope=0.02)[0].pairs[0].verdict == "equivalent"
    told = ranked(values, rope=0.0)[0].pairs[0]
    assert (told.verdict, told.p_equivalent) == ("better", 1.0)


def test_the_region_is_the_tolerance_by_default():
    """Campaign recall tolerates 0.01, false accusations a fiftieth of the median."""
    assert ranked({"a": 0.5, "b": 0.4}, rope=None)[0].rope == 0.01
    told, _ = ranked({"a": 100.0, "b": 300.0}, rope=None, metric="false_accusations")
    assert told.rope == pytest.approx(4.0)


def test_less_is_better_where_the_metric_says_so():
    """Fewer false accusations stand first and are ahead."""
    told, _ = ranked({"a": 300.0, "b": 100.0}, metric="false_accusations")
    assert [one.name for one in told.standings] == ["b", "a"]
    assert (told.pairs[0].first, told.pairs[0].difference) == ("b", -200.0)
    assert told.pairs[0].verdict == "better"
    assert told.standings[0].rank_high == 1.0


def test_too_few_draws_for_the_family_use_the_standard_error():
    """Twenty draws cannot tell three pairs apart by counting; the note says what was done."""
    told, notes = ranked({"a": 0.9, "b": 0.5, "c": 0.1}, count=20)
    (note,) = notes
    assert note.startswith(
        "20 draws are too few for 3 pairs (Holm, 5 %): p comes from the standard"
    )
    assert {one.verdict for one in told.pairs} == {"better"}
    assert interval.least_draws(3) == 120


def test_who_has_no_value_or_no_draws():
    """The first is not ranked, the second leaves the ranking without intervals; both are told."""
    notes = []
    found = [
        configuration("a", RECALL, [0.5], [near(0.5)]), configuration("b", RECALL, [0.4]),
        configuration("c", RECALL, [None]),
    ]  # fmt: skip
    told = rank(found, RECALL, None, notes)
    assert [(s.name, s.low, s.rank_low) for s in told.standings] == [("a", None, None),
                                                                     ("b", None, None)]  # fmt: skip
    assert told.pairs[0].verdict == "undecided"
    assert notes == ["c has no campaign_recall and is not ranked",
                     "b: no draws of campaign_recall, so places have no interval"]  # fmt: skip
    assert rank(found[2:], RECALL, None, []) is None


def test_equal_values_share_the_better_place():
    """Two firsts, then a third."""
    told, _ = ranked({"a": 0.5, "b": 0.5, "c": 0.1}, spread=0.0)
    assert [one.rank for one in told.standings] == [1, 1, 3]
    assert [one.rank_low for one in told.standings] == [1.0, 1.0, 3.0]
    assert [one.rank_high for one in told.standings] == [2.0, 2.0, 3.0]


def test_draws_of_worlds_are_averaged_apart():
    """Draws of the second world are moved, so that equal streams do not add up."""
    one = np.arange(2000.0)
    mean = over_worlds([one, one], 2000)
    assert mean[1000] == pytest.approx((1000 + 3) / 2)
    assert over_worlds([one], 2000).tolist() == one.tolist()


def test_fewer_draws_of_one_do_not_break_the_pairs():
    """B is 0.06 ahead in every draw, on two worlds; it keeps 1,000 draws where A has 10,000."""
    chance = np.random.default_rng(3)
    draws = [0.4 + 0.2 * chance.normal(size=10_000) for _ in range(2)]
    found = [
        configuration("a", RECALL, [0.4, 0.4], draws),
        configuration("b", RECALL, [0.46, 0.46], [one[:1000] + 0.06 for one in draws]),
    ]
    (pair,) = rank(found, RECALL, 0.02, []).pairs
    assert (pair.first, pair.verdict) == ("b", "better")
    assert (pair.low, pair.high) == (pytest.approx(0.06), pytest.approx(0.06))


def test_without_an_interval_nothing_is_decided():
    """A metric that most draws leave undefined: no p, no verdict, and no part in the family."""
    drawn = np.where(np.arange(999) < 300, 0.1, np.nan)
    found = [
        configuration("a", RECALL, [0.9], [drawn + 0.8]), configuration("b", RECALL, [0.1], [drawn])
    ]  # fmt: skip
    told = rank(found, RECALL, 0.02, [])
    (pair,) = told.pairs
    assert (pair.low, pair.p, pair.p_equivalent, pair.verdict) == (None, None, None, "undecided")
    assert told.family == 0


def test_copies_do_not_swell_the_family():
    """Two, and nine copies of one of them: one test between them, and one of the copies."""
    values = {"a": 0.9, **{f"b{n}": 0.5 for n in range(9)}}
    found = [
        configuration(name, RECALL, [value], [near(value, 0.001, int(name == "a"))])
        for name, value in values.items()
    ]
    told = rank(found, RECALL, 0.02, [])
    assert (len(told.pairs), told.family) == (45, 2)
    assert told.pairs[0].p == pytest.approx(2 * 2 / 1000)
    assert {one.verdict for one in told.pairs if one.first != "a"} == {"equivalent"}


def test_a_last_digit_is_no_order():
    """0.1 + 0.2 and 0.3 are one value: both are first."""
    told, _ = ranked({"a": 0.3, "b": 0.1 + 0.2})
    assert [one.rank for one in told.standings] == [1, 1]


def test_six_worlds():
    """Better on all six: p = 2 / 64; mean ranks 1 and 2; no bar, for Holm has one pair."""
    found = [
        configuration("a", RECALL, [0.5 + n / 100 for n in range(6)]),
        configuration("b", RECALL, [0.3 + n / 90 for n in range(6)]),
    ]
    notes = []
    told = several(found, RECALL, 0.01, notes)
    assert told.pairs[0].p == pytest.approx(2 / 64)
    assert told.ranks == {"a": 1.0, "b": 2.0}
    assert told.bars == []
    assert notes == []
    few = [replace(one, results=one.results[:3], runs=one.runs[:3]) for one in found]
    assert several(few, RECALL, 0.01, notes).bars == [["a", "b"]]
    assert "3 worlds are too few for signed ranks: it takes 6" in notes[0]
    third = configuration("c", RECALL, [0.1 + n / 80 for n in range(6)])
    several([*found, third], RECALL, 0.01, notes)
    assert "6 worlds are too few for signed ranks: it takes 7 to tell any of 3" in notes[1]
    assert several([replace(o, results=o.results[:1], runs=o.runs[:1]) for o in found], RECALL,
                   0.01, notes) is None  # fmt: skip


@pytest.mark.parametrize(
    ("runs", "sizes", "note"),
    [([("a", "d", {}), ("b", "d", {})], [2], ""),
     ([("a", "d", {}), ("b", "e", {})], [1, 1], ""),
     ([("a", "d", {}), ("b", "d", {"seed": 7})], [], "differ in seed, budget or history"),
     ([("a", "d", {}), ("b", "e", {"review_budget": 9})], [], "other budgets"),
     ([("a", "d", {}), ("b", "d", {}), ("c", "e", {})], [], "different numbers of runs")],
)  # fmt: skip
def test_runs_by_world(runs, sizes, note):
    """Runs that can be paired share a world; what cannot be ranked together is told."""
    notes = []
    groups = worlds([loaded(folder, world, **more) for folder, world, more in runs], notes)
    assert [len(group) for group in groups] == sizes
    assert note in "".join(notes)
    assert bool(notes) == bool(note)


def test_names_apart():
    """A component of two runs is named by the run's folder, one of a single run by itself."""
    one, other = loaded("x/base"), loaded("x/head")
    one.results = [result("rules"), result("volume")]
    other.results = [result("rules"), result("broken", state="crash")]
    notes = []
    found = configurations([[one, other]], (), notes)
    assert [c.name for c in found] == ["rules @ base", "volume", "rules @ head"]
    assert [c.name for c in configurations([[one, other]], ("vol*",), notes)] == ["volume"]
    assert [c.name for c in configurations([[one, other]], ("rules @ h*",), [])] == ["rules @ head"]
    with pytest.raises(SuiteError, match=r"--component nobody\*: .* there are rules @ base, vol"):
        configurations([[one, other]], ("rules", "nobody*"), [])
    again = loaded("y/base")
    again.results = one.results
    assert [c.name for c in configurations([[one, again]], ("rules",), [])] == [
        "rules @ x/base", "rules @ y/base",
    ]  # fmt: skip


def test_a_component_must_be_on_every_world():
    """What one world lacks is left out, and told."""
    one, other = loaded("1", "d"), loaded("2", "e")
    one.results, other.results = [result("rules"), result("volume")], [result("rules")]
    notes = []
    assert [c.name for c in configurations([[one], [other]], (), notes)] == ["rules"]
    assert notes == ["volume has no valid result on every world and is not ranked"]


def test_kinds_and_oddities_side_by_side():
    """Members of the families alone, means over the worlds that have them, counts added up."""
    values = {"campaign_recall": 0.5, "campaign_recall/a": 0.2, "campaign_recall/a/declared": 0.1,
              "alert_rate/overtime": 0.01}  # fmt: skip
    made = {name: {"value": value, "n": 5} for name, value in values.items()}
    one = configuration("x", RECALL, [0.5, 0.5])
    first, second = result("x", metrics=made), result("x", metrics={})
    told = families([replace(one, results=(first, second))])
    assert [(f.about, [(m.name, m.n, m.values) for m in f.members]) for f in told] == [
        ("kind", [("a", 5, {"x": 0.2})]), ("oddity", [("overtime", 5, {"x": 0.01})]),
    ]  # fmt: skip


def test_what_is_never_reached_ranks_last_and_is_no_number_in_json():
    """Infinite draws: the end of the interval is open, and JSON has null for it."""
    name = "time_to_detect_median"
    drawn = np.where(np.arange(100) < 60, 5.0, np.inf)
    found = [configuration("a", name, [5.0], [drawn]), configuration("b", name, [2.0], [near(2.0)])]
    told = rank(found, name, 0.1, [])
    assert [one.name for one in told.standings] == ["b", "a"]
    assert told.pairs[0].verdict == "better"
    assert told.standings[1].high == np.inf
    whole = Comparison("base", (), True, (), (), (told,))
    json.dumps(whole.as_json(), allow_nan=False)


@pytest.mark.parametrize(
    ("change", "fault"),
    [(lambda d: d.pop("rankings"), "'rankings' is a required property"),
     (lambda d: d["rankings"][0].pop("family"), "'family' is a required property"),
     (lambda d: d["rankings"][0]["standings"][0].pop("rank"), "'rank' is a required property"),
     (lambda d: d["rankings"][0]["pairs"][0].update(verdict="worse"), "'worse' is not one of"),
     (lambda d: d["rankings"][0]["pairs"][0].pop("p_equivalent"), "'p_equivalent' is a required"),
     (lambda d: d["families"][0]["members"][0].update(n=None), "None is not of type 'integer'"),
     (lambda d: d["worlds"][0]["pairs"][0].pop("p_holm"), "'p_holm' is a required property"),
     (lambda d: d["campaigns"][0]["only_first"][0].update(first_day=0.5), "not of type 'integer'"),
     (lambda d: d["configurations"][0].pop("runs"), "'runs' is a required property"),
     (lambda d: d.update(explained={}), "not valid under any of the given schemas")],
)  # fmt: skip
def test_the_schema_knows_what_a_comparison_says(change, fault):
    """A whole one passes; each key that goes or changes its kind is told."""
    found = [
        configuration(n, RECALL, [v] * 2, [near(v, 0.01)] * 2) for n, v in (("a", 0.9), ("b", 0.5))
    ]
    with_kinds = {f"{RECALL}/retaliation": {"value": 0.5, "n": 4}}
    found = [replace(one, results=tuple(replace(r, metrics={**r.metrics, **with_kinds})
                                        for r in one.results)) for one in found]  # fmt: skip
    notes = []
    alone = Only("c", "w", "retaliation", None, 3, 4, 2, (1.0, 0.0))
    whole = Comparison(
        "base", (), True, (), (), (rank(found, RECALL, None, notes),),
        (several(found, RECALL, 0.01, notes),), tuple(families(found)),
        (Apart("a", "b", 1, 0, (alone,), ()),), tuple(found),
    )  # fmt: skip
    told = json.loads(terminal.envelope("compare", whole.as_json()))
    change(told["data"])
    assert fault in "; ".join(one.message for one in validator("compare").iter_errors(told))
