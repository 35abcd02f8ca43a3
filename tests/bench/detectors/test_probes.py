"""Leak probes: each finds the leak that it is for, and is at chance where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from tests.bench.literal import batch, log

from misusebench.detectors.probes import (
    FormatProbe,
    FractionProbe,
    IdProbe,
    MissingProbe,
    OfficerProbe,
    OrderProbe,
    Ranks,
)
from misusesim import rng


def area(probe, rows, label):
    """Return the area under the ROC curve of a probe's scores."""
    return roc_auc_score(label, probe.score(batch(*rows)))


LABEL = np.arange(40) % 2 == 0


@pytest.mark.parametrize(
    ("probe", "leaky"),
    [
        (IdProbe, lambda n, bad: {"query_id": 2**63 + n if bad else n}),
        (FractionProbe, lambda n, bad: {"time": n * 1_000_000 + 9 * bad}),
        (OfficerProbe, lambda n, bad: {"officer_id": f"zz{n:04d}" if bad else f"aa{n:04d}"}),
    ],
)
def test_a_planted_leak_is_found(probe, leaky):
    """What marks misuse by its form alone gives an area of 1."""
    rows = [leaky(n, bool(bad)) for n, bad in enumerate(LABEL)]
    assert area(probe(), rows, LABEL) == 1.0


@pytest.mark.parametrize(
    ("probe", "leaky"),
    [
        (MissingProbe, lambda bad: {"reason_text": None if bad else "stop", "case_number": "1"}),
        (FormatProbe, lambda bad: {"reason_text": "STOP" if bad else "stop"}),
    ],
)
def test_a_planted_leak_of_form_is_found(probe, leaky):
    """Misuse is rare, and its form is seen nowhere else at that screen: it ranks highest."""
    made = probe()
    made.fit(log(*({"query_id": n, **leaky(False)} for n in range(500))), {})
    rows = [{"query_id": 500 + n, **leaky(n % 50 == 0)} for n in range(500)]
    assert area(made, rows, np.arange(500) % 50 == 0) > 0.98


@pytest.mark.parametrize("probe", [MissingProbe, FormatProbe])
def test_a_screen_that_misuse_prefers_is_no_leak(probe):
    """Half of all misuse at a screen with other fields and other words: still at chance."""
    chance = np.random.default_rng(3)
    bad = chance.random(4_000) < 0.1
    other = chance.random(4_000) < np.where(bad, 0.5, 0.05)
    rows = [
        {"query_id": n, "system": "ALPR", "reason_text": ["TOW", None][n % 2]} if there
        else {"query_id": n, "subject_surname": "Vega", "reason_text": ["stop", "Tow "][n % 2]}
        for n, there in enumerate(other)
    ]  # fmt: skip
    made = probe()
    found = np.concatenate([made.score(batch(*rows[at : at + 701])) for at in range(0, 4_000, 701)])
    assert abs(roc_auc_score(bad, found) - 0.5) < 0.05
    assert np.array_equal(found, probe().score(batch(*rows)))


def test_ranks_by_hand():
    """Among none anywhere; then below, at and above what came before in the same stratum."""
    made, tie = Ranks("test", 9), np.arange(5, dtype=np.uint64)
    luck = rng.unit(rng.draw(tie, rng.salt(0, "test")))
    found = made.of(np.array([1, 1, 1, 2, 1], np.uint64), np.array([5, 3, 9, 0, 5]), tie)
    assert found == pytest.approx(
        [luck[0], luck[1] / 2, (2 + luck[2]) / 3, luck[3], (1 + 2 * luck[4]) / 4]
    )


def test_the_order_goes_on_over_batches():
    """The place of a row counts from the first batch."""
    probe = OrderProbe()
    one, two = batch({}, {}), batch({}, {}, {})
    assert probe.score(one).tolist() + probe.score(two).tolist() == [0, 1, 2, 3, 4]


def test_a_log_without_leaks_tells_nothing():
    """Ids, fractions and texts drawn alike for both give areas near one half."""
    chance = np.random.default_rng(0)
    label = chance.random(2_000) < 0.5
    rows = [
        {"query_id": int(chance.integers(2**63)), "reason_text": ["stop", "Tow "][n % 2]}
        for n in range(2_000)
    ]
    for probe in (IdProbe(), FormatProbe(), MissingProbe(), OfficerProbe()):
        assert abs(area(probe, rows, label) - 0.5) < 0.05
