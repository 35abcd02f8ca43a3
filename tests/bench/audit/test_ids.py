"""Ids, names of parts and the order of rows: clean ones pass, planted ones fail."""

from __future__ import annotations

import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from misusebench.audit import ids
from misusesim import simulate
from misusesim.dataset.reader import open_dataset
from misusesim.scenario.load import load_scenario
from misusesim.truth import open_truth


def drawn(seed=1, number=50_000):
    """Return ids as a keyed hash would give them, and those of 300 oddities and 60 of misuse."""
    every = np.random.default_rng(seed).integers(0, 2**63, number).astype(np.uint64)
    return every, [every[:300], every[300:360]]


def counted(every, misuse=()):
    """Return what is counted of ids that come in three parts."""
    found = ids.Counted(np.asarray(misuse, np.uint64))
    for part in np.array_split(every, 3):
        found.count(part)
    return found


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.long) for n in (2, 3))])
def test_hashed_ids_tell_nothing(seed):
    """No byte tells more of the cause than of shuffled causes, and no order."""
    every, marked = drawn(seed)
    found = counted(every, marked[1])
    assert ids.of_bytes(found.by_byte, marked).passed
    assert ids.of_bits(found.by_bit, marked).passed
    assert ids.of_order(found).passed


def test_a_byte_that_says_the_cause_is_found():
    """Misuse in whose ids one byte is always zero is beyond shuffled causes."""
    every, (odd, _) = drawn()
    every[300:360] &= ~np.uint64(0xFF << 24)
    found = ids.of_bytes(counted(every).by_byte, [odd, every[300:360]])
    assert (found.id, found.name, found.passed) == ("Q3", "id bytes against cause", False)


def test_a_bit_that_says_the_cause_is_found():
    """One bit that is never set in 60 ids of 50,000 tells 0.0008 nats; as a byte it is lost."""
    every, (odd, _) = drawn()
    every[300:360] &= ~np.uint64(1 << 24)
    found = ids.of_bits(counted(every).by_bit, [odd, every[300:360]])
    assert (round(found.value, 4), found.passed) == (0.0008, False)
    assert ids.of_bytes(counted(every).by_byte, [odd, every[300:360]]).passed


def test_ids_given_last_are_found():
    """Sixty ids of the upper half have their mean place 6.6 standard errors too high."""
    every, _ = drawn()
    last = np.sort(every)[25_000::417]
    found = ids.of_order(counted(every, last))
    assert (len(last), round(found.value, 1), found.passed) == (60, 6.6, False)


def test_a_part_named_after_a_cause_is_found():
    """A kind in a file's name is one part too many."""
    assert ids.of_names(["log/a00000-p000.parquet"]).passed
    found = ids.of_names(["log/a00000-p000.parquet", "log/favour-p000.parquet"])
    assert (found.value, found.passed) == (1, False)


def test_rows_out_of_order_are_found(tmp_path):
    """Misuse written behind the rest of its part breaks the order of time."""
    out = tmp_path / "tiny"
    simulate(load_scenario("tiny"), out)
    data = open_dataset(out)
    names = {check.name: check.passed for check in ids.checks_of_ids(data, open_truth(data))}
    assert names == dict.fromkeys(
        (
            "id bytes against cause",
            "id bits against cause",
            "id order against cause",
            "names of parts",
            "order of rows",
        ),
        True,
    )
    copy = tmp_path / "copy"
    shutil.copytree(out, copy)
    part = next(iter(sorted((copy / "log").rglob("*.parquet"))))
    log = pq.read_table(part)
    pq.write_table(log.take(pa.array([*range(1, len(log)), 0])), part)
    assert ids._of_rows(open_dataset(copy)).value == 1


def test_more_ids_than_can_be_drawn_from_are_halved():
    """Of two billion ids the same is asked of half as many."""
    every, marked = drawn()
    found = counted(every, marked[1])
    assert ids.of_bits(found.by_bit * 40_000, marked).passed
