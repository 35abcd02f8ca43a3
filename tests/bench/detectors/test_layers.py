"""Ensembles and the conformal layer: ranks, p-values and discoveries by hand."""

from __future__ import annotations

import numpy as np
import pytest
from tests.bench.dataset import small_world
from tests.bench.literal import batch

from misusebench.columns import DAY_US
from misusebench.detectors import REGISTRY
from misusebench.detectors.conformal import Conformal
from misusebench.detectors.ensemble import MEMBERS, Ensemble
from misusebench.detectors.inner import Inner
from misusebench.errors import SuiteError

LOG, CONTEXT, _ = small_world()


class Row:
    """Scores what the test says, in the order of rows."""

    tiers, needs = ("T0", "T1"), ("query_id",)

    def __init__(self, *scores):
        self.name, self._scores = "row", list(scores)

    def fit(self, history, context, share):
        rest = len(history) - int(len(history) * share)
        return np.array([self._scores.pop(0) for _ in range(rest)])

    def observe(self, table, rows):
        """Hear nothing."""

    def score(self, rows):
        return np.array([self._scores.pop(0) for _ in range(rows.num_rows)])


def test_ranks_are_of_the_calibration_rows():
    """Of 1, 2, 2, 3 a score of 2 is at a half, 0 at none, 9 above all; two members are averaged."""
    made = Ensemble(["constant"])
    made._members = [Row(1.0, 2, 2, 3, 2, 0, 9), Row(0.0, 0, 0, 1, 1, 1, 1)]
    made.fit(LOG.slice(0, 12), {})
    assert made.score(batch({}, {}, {})).tolist() == [
        (0.5 + 0.875) / 2, (0 + 0.875) / 2, (1 + 0.875) / 2
    ]  # fmt: skip


def test_members_learn_from_the_first_part_only():
    """The rest of the history is scored by what was learnt before it."""
    made = Inner("volume")
    rest = made.fit(LOG.slice(0, 90), CONTEXT, 2 / 3)
    assert len(rest) == 30


def test_an_ensemble_can_what_all_its_members_can():
    """Tiers in common, columns of any, and a name that is none is told."""
    made = Ensemble(["explanation", "volume"])
    assert made.tiers == ("T2", "T3")
    assert set(made.needs) == {"agency_id", "officer_id", "time", "received_at", "subject_key"}
    with pytest.raises(SuiteError, match="no detector none; there are"):
        Ensemble(["none"])


def day_rows(*officers, day=0):
    """Return a row of each of some officers on a day."""
    return [
        {"officer_id": name, "query_id": n, "received_at": day * DAY_US + n}
        for n, name in enumerate(officers)
    ]


def calibrated(known, *scores, q=0.1):
    """Return a layer with such days of calibration, over a detector of such scores."""
    made = Conformal("constant", q=q)
    made._inner, made._known = Row(*scores), np.sort(np.asarray(known, np.float64))
    return made


def test_p_values_by_hand():
    """Of nine days 1 to 9, a score of 9 has p 2/10, 10 has 1/10, 0 has 1."""
    made = calibrated(np.arange(1, 10), 9.0, 10, 0)
    assert made.score(batch(*day_rows("a", "b", "c"))) == pytest.approx(-np.log([0.2, 0.1, 1.0]))


def test_days_of_calibration_are_of_officers():
    """The largest score of each officer and day of the rest of the history, and no other."""
    made = Conformal("volume", share=0.5)
    made.fit(LOG, CONTEXT)
    rest = LOG.slice(len(LOG) // 2)
    days = {
        (who, when.date())
        for who, when in zip(
            rest["officer_id"].to_pylist(), rest["received_at"].to_pylist(), strict=True
        )
    }
    assert len(made._known) == len(days)


def test_discoveries_are_those_of_benjamini_and_hochberg():
    """P of .001, .02, .03 and 1 among four at q 0.1: three pass (.03 <= .1 x 3 / 4)."""
    known = np.arange(1.0, 1000.0)
    scores = [1000.0, 981.0, 971.0, 0.0, 0.0]  # p: 1, 20, 30 and 1,000 of 1,000
    made = calibrated(known, *scores)
    made.score(batch(*day_rows("a", "b", "c", "d")))
    assert made.alerts(DAY_US) == []  # a row of the next day says that this one is over
    made.score(batch(*day_rows("e", day=1)))
    found = made.alerts(2 * DAY_US)
    assert [(alert.key, round(float(np.exp(-alert.score)), 3)) for alert in found] == [
        ("a", 0.001), ("b", 0.02), ("c", 0.03),
    ]  # fmt: skip
    assert made.alerts(2 * DAY_US) == []


def test_few_days_of_calibration_raise_nothing():
    """With nine days no p is below 0.1, so of twenty officers none passes at q 0.1."""
    made = calibrated(np.arange(9), *[100.0] + [0.0] * 20)
    made.score(batch(*day_rows(*(f"o{n}" for n in range(20)))))
    made.score(batch(*day_rows("o0", day=1)))
    assert made.alerts(2 * DAY_US) == []


def test_a_day_is_one_however_it_is_cut_into_batches():
    """The same alerts from one batch, from two, and row by row, asked after each."""
    known, scores = np.arange(1.0, 1000.0), [1000.0, 981.0, 5.0, 1000.0, 0.0]
    rows, found = [*day_rows("a", "b", "c", "a"), *day_rows("z", day=1)], []
    for size in (5, 2, 1):
        made, told = calibrated(known, *scores), []
        for first in range(0, 5, size):
            made.score(batch(*rows[first : first + size]))
            told += made.alerts(2 * DAY_US)
        found.append(told)
    assert [alert.key for alert in found[0]] == ["a", "b"]
    assert found[0] == found[1] == found[2]


@pytest.mark.slow
def test_false_discoveries_are_controlled():
    """Among exchangeable days the share of false alerts is at most q, over 400 draws."""
    chance, q, share = np.random.default_rng(1), 0.2, []
    for _ in range(400):
        scores = np.r_[chance.normal(size=190), chance.normal(4.0, size=10), 0.0]
        made = calibrated(chance.normal(size=2_000), *scores.tolist(), q=q)
        made.score(batch(*day_rows(*(f"o{n:03d}" for n in range(200)))))
        made.score(batch(*day_rows("o000", day=1)))
        found = [int(alert.key[1:]) for alert in made.alerts(2 * DAY_US)]
        share.append(sum(n < 190 for n in found) / max(1, len(found)))
    error = float(np.std(share)) / len(share) ** 0.5
    assert np.mean(share) <= q + 2 * error
    assert np.mean(share) > 0.5 * q  # and not by raising nothing


def test_the_default_members_are_registered():
    """A name that is renamed must be renamed here too."""
    assert set(MEMBERS) <= set(REGISTRY)
