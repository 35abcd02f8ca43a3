"""Measure the simulator and write speed.json, speed.md and speed.png: ``python3 dev.py bench``."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
BIG: Final = 100_000_000


def arguments(given: list[str]) -> argparse.Namespace:
    """Return the options; what is not given depends on --quick."""
    parser = argparse.ArgumentParser(prog="dev.py bench", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="within three minutes: few rounds, small sizes")
    add("--scenario", default="county", help="name of a shipped scenario, or a TOML file")
    add("--days", type=int, help="days of the scenario in the rounds (default: 60, quick: 28)")
    add("--rounds", type=int, help="rounds of every comparison (default: 7, quick: 3)")
    add("--rows", type=int, nargs="+", help="sizes (default: 1 and 10 million, quick: less)")
    add("--big", action="store_true", help="also 100 million rows")
    add("--peer-rows", type=int, help="rows of each peer (default: 100,000, quick: 20,000)")
    add("--workers", type=int, default=os.cpu_count() or 1, help="processes for the sizes")
    add("--out", type=Path, default=ROOT / "results", help="folder (default: results/)")
    options = parser.parse_args(given)
    quick = options.quick
    for name, small, full in (("days", 28, 60), ("rounds", 3, 7), ("peer_rows", 20_000, 100_000)):
        if getattr(options, name) is None:
            setattr(options, name, small if quick else full)
    sizes = options.rows or ([200_000, 600_000] if quick else [1_000_000, 10_000_000])
    options.rows = [*sizes, BIG] if options.big else sizes
    if min(options.days, options.rounds, options.peer_rows, options.workers, *options.rows) < 1:
        parser.error("numbers must be at least 1")
    return options


def measured(options: argparse.Namespace, folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Return all measures, and notes on what was left out."""
    from tests.speed import measures  # noqa: PLC0415
    from tests.speed.stopwatch import say  # noqa: PLC0415

    from misusesim.scenario.load import load_scenario  # noqa: PLC0415 - workers need none of it

    name, days, rounds = options.scenario, options.days, options.rounds
    scenario = load_scenario(name, days=days)
    few = max(1, rounds // 2)
    say(f"1/5 {name}, {scenario.days} days, against the write limit and its peers")
    found = measures.race(scenario, rounds, options.peer_rows)
    say("2/5 one worker and two")
    found += measures.workers_efficiency(name, days, few, folder)
    say("3/5 the local pool and Ray")
    more, notes = measures.engines(name, days, options.workers, few, folder)
    say("4/5 sizes")
    per_day = found[0]["rows"] / scenario.days
    sized, left_out = measures.sizes(name, options.rows, per_day, options.workers, folder)
    say("5/5 questions to the largest data set, in DuckDB")
    asked = measures.questions(folder / "largest", options.workers, few)
    return found + more + sized + asked, notes + left_out


def main(given: list[str]) -> int:
    """Measure, and write the files."""
    from tests.speed import report  # noqa: PLC0415
    from tests.speed.facts import facts  # noqa: PLC0415
    from tests.speed.stopwatch import say  # noqa: PLC0415

    from misusesim.errors import ScenarioError  # noqa: PLC0415 - workers need none of it

    options = arguments(given)
    about = facts(shlex.join(["python3", "dev.py", "bench", *given]))
    start = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as folder:
            found, notes = measured(options, Path(folder))
    except ScenarioError as error:
        say(str(error))
        return 2
    told = {
        **about,
        "seconds": round(time.perf_counter() - start, 1),
        "scenario": options.scenario,
        "days": options.days,
        "quick": options.quick,
        "measures": found,
        "notes": notes,
    }
    report.write(options.out, told)
    print("\n".join([*report.table(found), "", *notes]))  # noqa: T201 - the answer
    say(f"{told['seconds']:.0f} s; written to {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
