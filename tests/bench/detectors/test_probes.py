"""Leak probes: each finds the leak that it is for, and is at chance where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from tests.bench.literal import batch

from misusebench.detectors.probes import (
    FormatProbe,
    FractionProbe,
    IdProbe,
    MissingProbe,
    OfficerProbe,
    OrderProbe,
)


def area(probe, rows, label):
    """Return the area under the ROC curve of a probe's scores."""
    return roc_auc_score(label, probe.score(batch(*rows)))


LABEL = np.arange(40) % 2 == 0


@pytest.mark.parametrize(
    ("probe", "leaky"),
    [
        (IdProbe, lambda n, bad: {"query_id": 2**63 + n if bad else n}),
        (FractionProbe, lambda n, bad: {"time": n * 1_000_000 + 9 * bad}),
        (MissingProbe, lambda n, bad: {"reason_text": None if bad else "stop", "case_number": "1"}),
        (FormatProbe, lambda n, bad: {"reason_text": "STOP" if bad else "stop"}),
        (OfficerProbe, lambda n, bad: {"officer_id": f"zz{n:04d}" if bad else f"aa{n:04d}"}),
    ],
)
def test_a_planted_leak_is_found(probe, leaky):
    """What marks misuse by its form alone gives an area of 1."""
    rows = [leaky(n, bool(bad)) for n, bad in enumerate(LABEL)]
    assert area(probe(), rows, LABEL) == 1.0


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
