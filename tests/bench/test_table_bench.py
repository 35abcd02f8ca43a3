"""Any labelled table through the harness: published figures, other implementations, bad input."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from misusebench.__main__ import main
from misusebench.detectors.knn import Knn
from misusebench.errors import SuiteError
from misusebench.table_bench import bench_table, precision_at_n, read_columns

#: AUROC and precision at n of PyOD's benchmark on ODDS Shuttle (docs/tables/roc.csv and prc.csv of
#: yzhao062/pyod): ten random splits, 60 % for training.
PUBLISHED = {"hbos": (0.9859, 0.9529), "iforest": (0.9967, 0.9520)}
PUBLISHED_KNN = 0.6519


def shuttle():
    """Return the file of the Shuttle set that river ships."""
    river = pytest.importorskip("river.datasets")
    return Path(river.__file__).parent / "shuttle.csv.gz"


@pytest.mark.slow
def test_shuttle_has_the_published_figures(tmp_path):
    """HBOS and isolation forest within a hundredth of AUROC and four of P@n; controls at chance."""
    found = bench_table(
        shuttle(), "anomaly", tmp_path, detectors=["hbos", "iforest", "random", "constant"],
        seeds=(0, 1),
    )  # fmt: skip
    assert (found.rows, found.positives, found.features) == (49_097, 3_511, 9)
    for name, (area, precision) in PUBLISHED.items():
        assert found.found[name]["auroc"] == pytest.approx(area, abs=0.01)
        assert found.found[name]["p_at_n"] == pytest.approx(precision, abs=0.04)
    base = found.test_positives / found.test_rows
    assert found.found["constant"]["ap"] == pytest.approx(base)
    assert found.found["constant"]["auroc"] == 0.5
    assert found.found["random"]["auroc"] == pytest.approx(0.5, abs=0.03)


@pytest.mark.slow
def test_neighbours_of_all_rows_have_the_published_figure():
    """With five neighbours among all rows of training, as PyOD has them."""
    columns = read_columns(shuttle(), "anomaly")
    value = np.column_stack([c.to_numpy() for c in columns.values.columns])
    chance = np.random.default_rng(0).random(len(value)) < 0.4
    made = Knn(neighbours=5, sample=10**9)
    made.learn(value[~chance])
    area = roc_auc_score(columns.label[chance], made.rate(value[chance]))
    assert area == pytest.approx(PUBLISHED_KNN, abs=0.03)


def table(tmp_path, rows=300, name="t.csv"):
    """Write a table in which the positives are far away."""
    chance = np.random.default_rng(2)
    bad = np.arange(rows) % 20 == 0
    values = pa.table({
        "a": chance.normal(size=rows) + 6 * bad, "b": chance.integers(0, 5, rows),
        "word": [("red", "green")[n % 2] for n in range(rows)],
        "who": [f"u{n}" for n in range(rows)], "bad": bad.astype(np.int64),
        "part": ["test" if n % 3 == 0 else "train" for n in range(rows)],
    })  # fmt: skip
    path = tmp_path / name
    (pq.write_table if name.endswith("parquet") else pa_csv.write_csv)(values, path)
    return path


@pytest.mark.slow
def test_metrics_are_those_of_scikit_learn(tmp_path):
    """From the scores on disk, another implementation has the same areas."""
    path = table(tmp_path)
    found = bench_table(
        path, "bad", tmp_path / "run", detectors=["ecod"], split="part", ignore=["who"]
    )
    scores = pq.read_table(tmp_path / "run" / "scores" / "ecod.parquet")
    label = np.array([row % 20 == 0 for row in scores["query_id"].to_pylist()])
    score = scores["score"].to_numpy()
    assert len(score) == found.test_rows == 100
    assert found.found["ecod"]["ap"] == pytest.approx(average_precision_score(label, score))
    assert found.found["ecod"]["auroc"] == pytest.approx(roc_auc_score(label, score))
    assert found.found["ecod"]["auroc"] > 0.95
    told = json.loads((tmp_path / "run" / "table.json").read_text())
    assert told["detectors"]["ecod"]["state"] == "ok"
    assert told["seeds"] == []


def test_columns_become_numbers(tmp_path):
    """Words by the alphabet, what is missing by the median; label, split and ignored go."""
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({
        "n": [1.0, None, 3.0, 4.0], "w": ["b", "a", None, "c"], "f": [True, False, True, None],
        "y": ["no", "yes", "no", "no"], "id": [1, 2, 3, 4],
    }), path)  # fmt: skip
    found = read_columns(path, "y", ignore=["id"])
    assert found.values.to_pydict() == {
        "n": [1, 3, 3, 4], "w": [1, 0, 1, 2], "f": [1, 0, 1, 1]
    }  # fmt: skip
    assert found.label.tolist() == [False, True, False, False]
    assert found.test is None


def test_arrays_are_a_table(tmp_path):
    """X and y of an NPZ file, as benchmarks ship them."""
    path = tmp_path / "t.npz"
    np.savez(path, X=np.arange(6.0).reshape(3, 2), y=np.array([0, 1, 0]))
    found = read_columns(path, "y")
    assert found.values.to_pydict() == {"x0": [0, 2, 4], "x1": [1, 3, 5]}
    assert found.label.tolist() == [False, True, False]


def test_decimals_dates_and_large_numbers_are_numbers(tmp_path):
    """By their value, not as words; a number that a float cannot hold is rounded."""
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({
        "d": pa.array([decimal.Decimal("9.1"), decimal.Decimal("10.5")]),
        "big": pa.array([2**60 + 1, 2], pa.int64()),
        "when": pa.array([1_704_067_200_000_000_000, 0], pa.timestamp("ns")),
        "clock": pa.array([dt.time(1), dt.time(0)], pa.time64("us")),
        "day": pa.array([dt.date(1970, 1, 3), dt.date(1970, 1, 1)]), "y": [1, 0],
    }), path)  # fmt: skip
    found = read_columns(path, "y").values.to_pydict()
    assert found["d"] == [9.1, 10.5]
    assert found["big"] == [2.0**60, 2.0]
    assert found["day"] == [2.0, 0.0]
    assert (found["when"][1], found["clock"]) == (0.0, [3.6e9, 0.0])


def test_arrays_cannot_be_split_by_a_column(tmp_path):
    """A split that would be passed over is refused."""
    path = tmp_path / "t.npz"
    np.savez(path, X=np.arange(6.0).reshape(3, 2), y=np.array([0, 1, 0]))
    for asked in ({"split": "part"}, {"ignore": ["x0"]}):
        with pytest.raises(SuiteError, match="arrays have no columns"):
            read_columns(path, "y", **asked)


def test_ties_count_in_part():
    """By enumeration of all orders of the tied rows."""
    score, bad = np.array([2.0, 1, 1, 1, 0]), np.array([False, True, True, False, True])
    # three positives: the top row is none, two of three tied ones are taken, two thirds are bad
    assert precision_at_n(score, bad) == pytest.approx((0 + 2 * 2 / 3) / 3)
    assert precision_at_n(np.zeros(10), np.arange(10) < 3) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--label", "nope"], "has no column nope"),
        (["--label", "word"], "no positive row"),
        (["--label", "bad", "--split", "word"], "must say test for some rows"),
        (["--label", "bad", "--detector", "rules"], "rules does not work on tables"),
        ([], "needs --label COL"),
    ],
)
def test_bad_asking_is_told(tmp_path, capsys, words, said):
    """Exit 2, in words."""
    path = table(tmp_path)
    assert main(["bench", "--table", str(path), "-o", str(tmp_path / "run"), *words]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("arrays", "said"),
    [({"X": np.zeros((2, 2))}, "X (rows, features) and y"),
     ({"X": np.zeros(3), "y": np.zeros(3)}, "X has shape (3,)"),
     ({"X": np.zeros((3, 2)), "y": np.zeros(2)}, "their rows must be equal")],
)  # fmt: skip
def test_bad_arrays_are_told(tmp_path, arrays, said):
    """What the file has, and what is wanted."""
    path = tmp_path / "t.npz"
    np.savez(path, **arrays)
    with pytest.raises(SuiteError) as caught:
        read_columns(path, "y")
    assert said in str(caught.value)


def test_a_file_that_is_no_npz_is_told(tmp_path):
    """No traceback of zipfile."""
    path = tmp_path / "t.npz"
    path.write_text("no")
    with pytest.raises(SuiteError, match="no NPZ file"):
        read_columns(path, "y")


def test_data_or_table(tmp_path, capsys):
    """Neither, and both, are refused."""
    for words in ([], ["x", "--table", "y.csv", "--label", "z"]):
        assert main(["bench", *words, "-o", str(tmp_path / "run")]) == 2
        assert "a data set, or --table FILE" in " ".join(capsys.readouterr().err.split())
