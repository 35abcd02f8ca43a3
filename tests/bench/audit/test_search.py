"""Rules of one line by hand, and what moved labels do to the same search."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from misusebench.audit import audited
from misusebench.audit.distinct import Distinct
from misusebench.audit.labelled import Labelled
from misusebench.audit.permutation import Moved, ranks
from misusebench.audit.probes import probes
from misusebench.audit.search import Rules, average_precision, halves
from misusebench.audit.trees import Trees


def table(shift=0.0, entities=60, rows=50):
    """Return rows of 60 entities, 20 of them guilty of one row of ten, shifted by so much."""
    chance = np.random.default_rng(5)
    entity = np.repeat(np.arange(entities), rows)
    label = (entity % 3 == 0) & (np.arange(len(entity)) % 10 == 0)
    x = chance.random(len(entity)) + shift * label
    return Labelled(pa.table({"x": x}), label, entity, None)


def searched(of, rounds=20):
    """Return the rules of a table, tried under moved labels too."""
    moved = Moved(of.label, of.entity, of.parts, rounds, 0)
    rules = Rules(of, np.concatenate([np.flatnonzero(of.label)[None, :], moved.rows]))
    trees = Trees(of, np.concatenate([np.flatnonzero(of.label)[None, :], moved.rows]))
    for probe in probes(of):
        rules.add_probe(probe, Distinct(probe.values))
        trees.add_probe(probe)
    return rules, trees


def test_the_best_rule_is_that_of_a_plain_search():
    """Counting hits gives the same as holding each bound against each row."""
    of = table(shift=2.0)
    rules, _ = searched(of)
    tried = halves(of).tried
    found = rules.best()
    name, _, cut = found.rule.partition(" > ")
    assert name == "value of x"
    hit = of.columns["x"].to_numpy()[tried] > float(cut)
    label = of.label[tried]
    plain = average_precision(hit.sum(), (hit & label).sum(), label.sum(), len(label))
    assert abs(found.average_precision - float(plain)) < 1e-9
    assert found.recall == (hit & label).sum() / label.sum()
    assert rules.best_tried().average_precision >= found.average_precision
    assert found.false_alarms == (hit & ~label).sum() / (~label).sum()


def test_moved_labels_do_worse_than_a_leak_and_as_well_as_chance():
    """A shift of two is beyond all of 20 labellings; without one, the best rule is among them."""
    for shift, beyond in ((2.0, True), (0.0, False)):
        rules, trees = searched(table(shift))
        chance = max(one.average_precision for one in rules.by_chance())
        assert (rules.best().average_precision > chance) is beyond
        assert (trees.best().average_precision > max(trees.by_chance())) is beyond


def test_what_chance_does_too_is_no_leak():
    """Three guilty entities whose every row is positive: rules reach 0.1 as moved labels do."""
    entity = np.repeat(np.arange(40), 30)
    place = np.array([f"p{e // 4}" for e in entity.tolist()], object)
    label = np.isin(entity, [0, 17, 33, 38])
    of = Labelled(pa.table({"place": place}), label, entity, None)
    found = {check.name: check for check in audited(of, rounds=300).checks}
    rule = found["rules of one line"]
    assert rule.value > 0.1
    assert (rule.passed, "or chance" in rule.bound) == (True, True)


def test_counted_and_sorted_values_are_the_same():
    """Whole numbers are counted, others sorted: places, ranks and quantiles are those of numpy."""
    chance = np.random.default_rng(3)
    whole = chance.integers(-1, 50, 1_000).astype(float)
    shares = (0.001, 0.25, 0.5, 0.999)
    for values in (whole, whole / 2 - 7, chance.random(1_000)):
        of = Distinct(values)
        assert (of.values[of.places] == values).all()
        both = np.concatenate([ranks(values[:300]), ranks(values[300:])])
        assert (of.ranks([slice(0, 300), slice(300, 1_000)]) == both).all()
        assert np.allclose(of.quantiles(shares), np.unique(np.quantile(values, shares)))
