"""The speed measurements: that they measure, on the smallest scenario; never how fast it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.speed import measures, naive_simpy_faker, report, simpy_per_query
from tests.speed.__main__ import arguments, main
from tests.speed.child import watched
from tests.speed.facts import facts
from tests.speed.race import captured, race, written
from tests.speed.stopwatch import Timing, in_turns, paired

from misusesim.dataset import schema
from misusesim.dataset.reader import read_part
from misusesim.dataset.writer import check_schema
from misusesim.scenario.load import load_scenario

if TYPE_CHECKING:
    from types import ModuleType

#: They simulate worlds and start processes.
pytestmark = pytest.mark.slow

FIELDS = {"name", "absolute", "unit", "ratio", "means"}
PEERS = pytest.mark.parametrize("peer", [naive_simpy_faker, simpy_per_query])


@pytest.fixture(scope="module")
def raced() -> list[dict[str, Any]]:
    """Return the measures of one process, on one day of `tiny`."""
    return race(load_scenario("tiny", days=1), rounds=1, peer_rows=200)


@PEERS
def test_peer_makes_a_whole_log(peer: ModuleType, tmp_path: Path) -> None:
    """Every row asked for is in the file, with exactly the columns of the log."""
    assert peer.run(700, tmp_path) == 700

    log = read_part(next(tmp_path.rglob("*.parquet")))
    assert log.num_rows == 700
    check_schema(log, schema.LOG, "log")


@PEERS
def test_peer_rows_are_sensible(peer: ModuleType) -> None:
    """Ids are unique, time goes on, and a person has a name, a vehicle a plate."""
    rows = peer.make(1000).to_pylist()

    assert len({row["query_id"] for row in rows}) == 1000
    assert len({row["officer_id"] for row in rows}) > 1
    assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)
    for row in rows:
        assert row["received_at"] >= row["time"]
        person = row["subject_kind"] == "person"
        assert (row["subject_surname"] is not None) == person
        assert (row["subject_plate"] is None) == person
        assert (row["scope"] is not None) == (row["system"] == "ALPR")
        assert row["hit"] == (row["records_returned"] > 0)


@PEERS
def test_peer_goes_on_past_a_batch(peer: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are the same however many a batch holds, and change with the seed."""
    once = peer.make(300)
    assert once.num_rows == 300
    assert peer.make(300, seed=2)["query_id"] != once["query_id"]
    if peer is naive_simpy_faker:
        monkeypatch.setattr(peer, "BATCH", 7)
        assert peer.make(300).to_pylist() == once.to_pylist()


def test_race(raced: list[dict[str, Any]]) -> None:
    """One rate, two limits and both peers, each with an absolute value and a ratio."""
    assert [m["name"] for m in raced] == [
        "end_to_end", "write_limit", "log_write_limit", "naive_simpy_faker", "simpy_per_query",
    ]  # fmt: skip
    for m in raced:
        assert set(m) >= FIELDS
        assert m["absolute"] > 0
        assert m["per_wall"] > 0
        assert m["ratio"] is None or m["ratio"] > 0
    assert raced[0]["ratio"] is None
    assert raced[1]["ratio"] > 1, "writing is a part of the whole"


def test_captured_tables_are_the_whole_data_set(tiny_dataset: Path, tmp_path: Path) -> None:
    """Written again, the tables of a run are the Parquet files of the data set, byte for byte."""
    rows = written(captured(load_scenario("tiny")), tmp_path)

    of = {p.relative_to(tiny_dataset): p.read_bytes() for p in tiny_dataset.rglob("*.parquet")}
    assert {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*.parquet")} == of
    assert rows == json.loads((tiny_dataset / "manifest.json").read_text())["rows"]["written"]


def test_a_size_left_out_is_told(tmp_path: Path) -> None:
    """Sizes come by days; one that needs more days than a scenario may have is left out."""
    found, notes = measures.sizes("tiny", [300, 10**9], 300.0, 1, tmp_path)

    assert [m["days"] for m in found] == [1, 1]
    assert [m["ratio"] for m in found] == [1.0, 1.0]
    assert found[1]["absolute"] > 20, "MB: more than a bare Python"
    assert found[1]["largest_process"] <= found[1]["absolute"]
    assert found[0]["rows"] > 100
    assert (tmp_path / "largest" / "manifest.json").is_file()
    (note,) = notes
    assert note.startswith("1,000,000,000 rows left out: tiny makes 1,098,000 in 3660 days, ")


def test_sizes_compare_with_the_smallest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A larger size is put beside a run of the smallest right before it."""
    asked = []

    def told(job: str, *, days: int, **_: Any) -> dict[str, Any]:
        asked.append(days)
        return {"wall": 2.0 + days, "cpu": 1.0, "rows": 10 * days, "bytes": 400, "days": days,
                "peak": 100 + days, "largest": 50}  # fmt: skip

    monkeypatch.setattr(measures, "watched", told)
    found, _ = measures.sizes("tiny", [40, 10, 20], 10.0, 2, tmp_path)

    assert asked == [1, 1, 2, 1, 4]
    assert [m["name"] for m in found[::2]] == ["time_10", "time_20", "time_40"]
    assert found[4]["ratio"] == (6.0 / 40) / (3.0 / 10)
    assert found[5]["ratio"] == 104 / 101


def test_workers_and_engines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Efficiency is the time of one worker over twice that of two; no Ray is told."""
    monkeypatch.setattr(measures, "watched", lambda job, *, workers, **_: {
        "wall": 12.0 / workers**0.5, "cpu": 3.0, "rows": 60, "peak": 1, "largest": 1,
    })  # fmt: skip

    (two,) = measures.workers_efficiency("tiny", 1, 2, tmp_path)
    assert two["ratio"] == pytest.approx(2**0.5 / 2)
    assert two["one_worker"] == 5.0
    found, notes = measures.engines("tiny", 1, 2, 1, tmp_path)
    assert bool(found) != bool(notes)


def test_questions(tiny_dataset: Path) -> None:
    """DuckDB counts what the log says."""
    told = watched("ask", data=str(tiny_dataset), question="first_times", threads=1, rounds=1)

    pairs = set()
    for path in (tiny_dataset / "log").iterdir():
        log = read_part(path, ["officer_id", "subject_key"])
        pairs |= {tuple(row.values()) for row in log.to_pylist()}
    assert told["found"] == len(pairs)
    assert told["seconds"] > 0
    assert told["ratio"] > 0
    assert told["peak"] >= told["largest"] > 20e6


@pytest.mark.parametrize("question", ["officer_days", "as_of_join"])
def test_other_questions(tiny_dataset: Path, question: str) -> None:
    """The other questions are answered too; the join finds at most every query."""
    from tests.speed.questions import ask  # noqa: PLC0415

    told = ask(str(tiny_dataset), question, 1, 1)

    rows = json.loads((tiny_dataset / "manifest.json").read_text())["rows"]["written"]
    assert 0 < told["found"] <= rows


def test_a_child_that_fails_is_an_error(tmp_path: Path) -> None:
    """What a job in its own process cannot do is not taken for a measurement."""
    with pytest.raises(RuntimeError, match="ended with 1"):
        watched("ask", data=str(tmp_path), question="first_times", threads=1, rounds=1)


def test_in_turns() -> None:
    """Jobs alternate, and ratios are those within rounds."""
    order: list[str] = []

    def job(name: str, wall: float) -> Timing:
        order.append(name)
        return Timing(wall * len(order), wall, 10)

    found = in_turns({"a": lambda: job("a", 1.0), "b": lambda: job("b", 2.0)}, 2)

    assert order == ["a", "b", "a", "b"]
    assert [t.wall for t in found["b"]] == [4.0, 8.0]
    assert found["a"][0].per_core == 10.0
    assert paired([1, 9, 4], [2, 3, 4]) == 1.0


def test_report(raced: list[dict[str, Any]], tmp_path: Path) -> None:
    """Three files: numbers, a page with the write limit and a line a measure, a picture."""
    told = {**facts("python3 dev.py bench --quick"), "seconds": 1.0, "scenario": "tiny", "days": 1,
            "quick": True, "measures": raced, "notes": ["no Ray"]}  # fmt: skip

    report.write(tmp_path, told)

    assert json.loads((tmp_path / "speed.json").read_text()) == told
    page = (tmp_path / "speed.md").read_text()
    assert f"**Write limit: {raced[1]['absolute']:,.0f} queries/s/core.**" in page
    assert all(f"\n| {m['name']} | " in page for m in raced)
    assert "A quick run" in page
    assert "- no Ray" in page
    assert (tmp_path / "speed.png").read_bytes().startswith(b"\x89PNG")


def test_options() -> None:
    """A quick run is smaller in everything; what is given counts; 100 million only when asked."""
    full, quick = arguments([]), arguments(["--quick"])

    assert full.rows == [1_000_000, 10_000_000]
    assert full.scenario == "county"
    assert quick.rounds < full.rounds
    assert quick.peer_rows < full.peer_rows
    assert max(quick.rows) < min(full.rows)
    assert arguments(["--big"]).rows[-1] == 100_000_000
    given = arguments(["--quick", "--scenario", "tiny", "--days", "3", "--rows", "5", "6"])
    assert (given.scenario, given.days, given.rows) == ("tiny", 3, [5, 6])


@pytest.mark.parametrize("given", [["--days", "0"], ["--rows", "-5"], ["--rounds", "few"]])
def test_options_refused(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers below 1, and what is no number, end with a message."""
    with pytest.raises(SystemExit, match="2"):
        arguments(given)

    assert "dev.py bench: error: " in capsys.readouterr().err


def test_unknown_scenario(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A scenario that is not there is the user's mistake; nothing is written."""
    assert main(["--quick", "--scenario", "contry", "--out", str(tmp_path)]) == 2

    assert "no scenario contry" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_not_part_of_a_normal_run(pytestconfig: pytest.Config) -> None:
    """Collecting all tests does not go into the folder of the measurements."""
    assert "speed" in pytestconfig.getini("norecursedirs")
    assert not any(Path(arg).name == "speed" for arg in pytestconfig.getini("testpaths"))
