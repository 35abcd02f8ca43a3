"""Chance is named, keyed, and the same everywhere."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import misusesim
from misusesim import rng

U = np.uint64
SOURCES = sorted(Path(misusesim.__file__).parent.rglob("*.py"))
STREAMS = {"stream", "_stream", "streams", "_streams"}
MAKERS = {"rng.py", "seeding.py"}


def word(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=4).digest()


def spoken(node: ast.expr) -> str | None:
    """Return a stream name as written; what an f-string fills in becomes a brace pair."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(p.value if isinstance(p, ast.Constant) else "{}" for p in node.values)
    return None


def stream_names(source: Path) -> list[str]:
    """Return the texts handed to a function called stream in one file."""
    names = []
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in STREAMS:
                names += [name for arg in node.args if (name := spoken(arg)) is not None]
    return names


def test_stream_repeats():
    """Equal seed, name and ids give equal numbers."""
    first = rng.stream(1, "leave", 2, 3).integers(0, 100, 5)
    assert first.tolist() == rng.stream(1, "leave", 2, 3).integers(0, 100, 5).tolist()


@pytest.mark.parametrize("other", [(2, "leave", 2), (1, "court", 2), (1, "leave", 3)])
def test_stream_differs(other):
    """Another seed, name or id gives another stream."""
    same = rng.stream(*other).integers(0, 2**63, 4) == rng.stream(1, "leave", 2).integers(
        0, 2**63, 4
    )
    assert not same.any()


def test_stream_is_pinned():
    """The first numbers of a stream are written down, so a new numpy cannot move them unseen."""
    assert rng.stream(7, "agency", 0).integers(0, 1000, 4).tolist() == [625, 974, 332, 713]


@pytest.mark.parametrize("bad", [2**32, -1])
def test_stream_refuses_wide_ids(bad):
    """An id of more than 32 bits would be the stream of two other ids."""
    with pytest.raises(ValueError, match="stream leave: ids must fit 32 bits"):
        rng.stream(1, "leave", 0, bad)


def test_widest_id_is_taken():
    """The largest 32-bit id is a stream of its own."""
    assert rng.stream(1, "leave", 2**32 - 1).random() != rng.stream(1, "leave", 0).random()


@given(st.integers(0, 2**63 - 1), st.lists(st.integers(0, 2**32 - 1), max_size=3))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_stream_is_seeded_as_numpy_does(seed, entity):
    """The state of a generator is that of numpy's own seed sequence of seed, word and ids."""
    key = np.random.SeedSequence(seed, spawn_key=(int.from_bytes(word("leave"), "big"), *entity))
    expected = np.random.PCG64DXSM(key).state
    assert rng.stream(seed, "leave", *entity).bit_generator.state == expected


def test_streams_of_many_are_those_of_each():
    """Generators made for columns of ids are the generators of the rows."""
    columns = np.array([0, 3, 2**32 - 1]), np.array([5, 0, 7], U)
    many = [one.bit_generator.state for one in rng.streams(1, "leave", *columns)]
    each = [
        rng.stream(1, "leave", *ids) for ids in zip(*(c.tolist() for c in columns), strict=True)
    ]
    assert many == [one.bit_generator.state for one in each]


def test_streams_of_nobody():
    """No rows, no generators."""
    assert not list(rng.streams(1, "leave", np.empty(0, np.int64)))


@pytest.mark.parametrize("bad", [2**32, -1])
def test_streams_refuse_wide_ids(bad):
    """Columns are held to the same bounds as single ids."""
    with pytest.raises(ValueError, match="stream leave: ids must fit 32 bits"):
        rng.streams(1, "leave", np.array([0, bad]))


def test_stream_names_have_different_words():
    """All stream names in the source, f-strings with their blanks, hash to different 32 bits."""
    names = {name for source in SOURCES for name in stream_names(source)}
    assert {"agency", "tenure", "ties/{}", "misuse/{}"} <= names
    assert len({word(name) for name in names}) == len(names)


def test_one_file_makes_generators():
    """No file but rng.py and what seeds for it calls numpy's or Python's own makers of chance."""
    makers = ("default_rng(", "np.random.seed", "RandomState(", "import random", "SeedSequence(")
    guilty = [
        source.name
        for source in SOURCES
        if source.name not in MAKERS and any(maker in source.read_text() for maker in makers)
    ]
    assert guilty == []


def test_mix_is_splitmix64():
    """The finaliser gives splitmix64's published first output for seed 0."""
    assert int(rng.mix(np.array([0x9E3779B97F4A7C15], U))[0]) == 0xE220A8397B1DCDAF


def test_mix_has_no_collisions():
    """A bijection maps a hundred thousand numbers to as many."""
    assert np.unique(rng.mix(np.arange(100_000, dtype=U))).size == 100_000


def test_salt_depends_on_seed_and_name():
    """Salts are pinned, 64 bits wide, and differ by seed and by name."""
    salts = {rng.salt(seed, name) for seed in range(3) for name in ("a", "b")}
    assert len(salts) == 6
    assert all(0 <= salt < 2**64 for salt in salts)


def test_draw_does_not_know_the_row():
    """A need draws the same bits wherever it stands in the array."""
    need, salt = np.arange(1000, dtype=U), rng.salt(1, "column")
    turned = rng.draw(need[::-1].copy(), salt)[::-1]
    assert (rng.draw(need, salt) == turned).all()


def test_draw_is_even():
    """A thousandth more or less than half of all bits are ones."""
    bits = rng.draw(np.arange(100_000, dtype=U), rng.salt(1, "column"))
    assert np.bitwise_count(bits).mean() == pytest.approx(32, abs=0.05)


@pytest.mark.parametrize("count", [0, 1, 100, 40_000])
def test_top_is_the_upper_lane_of_a_draw(count):
    """What is drawn sooner is what a full draw has on top."""
    need = np.arange(count, dtype=U) << U(8)
    assert rng.top(need, 7).tolist() == (rng.draw(need, 7) >> U(48)).tolist()


@given(least=st.integers(0, 2**64), row=st.integers(0, 40_000), more=st.integers(0, 1))
def test_under_is_what_a_draw_is_below(least, row, more):
    """Not one bit is lost, not even where the threshold is the number drawn or the next."""
    need = np.arange(40_001, dtype=U)
    bits = rng.draw(need, 7)
    for threshold in (least, int(bits[row]) + more):
        assert (rng.under(need, 7, threshold) == (bits < threshold)).all()


def test_unit_spans_zero_to_one():
    """The smallest and the largest bits stay inside [0, 1)."""
    got = rng.unit(np.array([0, 2**63, 2**64 - 1], U))
    assert got.tolist() == [0.0, 0.5, 1 - 2.0**-53]


def test_below_spans_its_bound():
    """The smallest and the largest bits give the first and the last integer."""
    bits = np.array([0, 2**63, 2**64 - 1], U)
    assert rng.below(bits, 10).tolist() == [0, 5, 9]
    assert rng.below(bits, np.array([2**31, 2, 1])).tolist() == [0, 1, 0]


def test_guide_has_exact_shares():
    """Three to one are three quarters and a quarter of 65,536 entries."""
    assert np.bincount(rng.guide([3, 1])).tolist() == [49152, 16384]


def test_guide_is_always_full():
    """Largest remainders fill the table when the weights do not divide it."""
    counts = np.bincount(rng.guide([1, 1, 1]))
    assert counts.tolist() == [21846, 21845, 21845]


def test_guide_drops_what_is_too_rare():
    """A weight far below one entry gets none."""
    assert np.bincount(rng.guide([10**9, 1]), minlength=2).tolist() == [65536, 0]


def test_pick_reads_the_upper_bits():
    """The lower 48 bits do not matter to a pick."""
    table = rng.guide([1, 1])
    assert rng.pick(table, np.array([2**48 - 1, 2**63], U)).tolist() == [0, 1]


@given(st.integers(1, 32), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_unfeistel_undoes_feistel(half, key, value):
    """Encrypting and decrypting any number of any width gives it back."""
    x = np.array([value % 4**half], U)
    assert rng.unfeistel(rng.feistel(x, key, half), key, half).tolist() == x.tolist()


@pytest.mark.parametrize("half", [1, 4, 7])
def test_feistel_permutes(half):
    """All numbers of 2*half bits come out once."""
    out = rng.feistel(np.arange(4**half, dtype=U), 12345, half)
    assert np.sort(out).tolist() == list(range(4**half))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 10, 63, 64, 65, 1000, 4099])
def test_permute_permutes(size):
    """Every number of a range comes out once, whatever its size."""
    out = rng.permute(np.arange(size, dtype=U), 99, size)
    assert np.sort(out).tolist() == list(range(size))


@given(size=st.integers(1, 2**32), key=st.integers(0, 2**64 - 1), data=st.data())
def test_unpermute_undoes_permute(size, key, data):
    """The inverse leads back, and every value stays in the range."""
    values = data.draw(st.lists(st.integers(0, size - 1), max_size=20))
    out = rng.permute(np.array(values, U), key, size)
    assert all(int(v) < size for v in out)
    assert rng.unpermute(out, key, size).tolist() == values


def test_permute_scrambles():
    """Hardly any of a thousand numbers stays where it was, and neighbours do not stay close."""
    x = np.arange(1000, dtype=U)
    out = rng.permute(x, 5, 1000)
    assert (out == x).sum() < 10
    apart = np.abs(np.diff(out.astype(np.int64)))
    assert 300 < apart.mean() < 367  # a third of the range, as of any two numbers
    assert abs(np.corrcoef(x, out)[0, 1]) < 0.1


def test_another_key_is_another_permutation():
    """Two keys agree in about one place, as two shuffles do."""
    x = np.arange(5000, dtype=U)
    assert (rng.permute(x, 1, 5000) == rng.permute(x, 2, 5000)).sum() < 10


def test_permute_refuses_strangers():
    """A number outside the range could be permuted for ever and is refused instead."""
    with pytest.raises(ValueError, match="permute: values must be below 10, got 10"):
        rng.permute(np.array([3, 10], U), 1, 10)


def test_permute_of_nothing():
    """No numbers become no numbers."""
    assert rng.permute(np.empty(0, U), 1, 10).size == 0


def test_many_numbers_are_mixed_as_few_are():
    """Work done part by part gives what each part gives alone."""
    many = np.arange(100_000, dtype=np.uint64) * np.uint64(977)
    for work in (
        lambda x: rng.draw(x, 5),
        lambda x: rng.top(x, 5),
        lambda x: rng.under(x, 5, 2**61),
        rng.mix,
        lambda x: rng.feistel(x, 5, 32),
        lambda x: rng.permute(x, 5, 10**9),
        lambda x: rng.unpermute(x, 5, 10**9),
    ):
        whole, parts = work(many), [work(part) for part in np.array_split(many, 7)]
        assert (whole == np.concatenate(parts)).all()
