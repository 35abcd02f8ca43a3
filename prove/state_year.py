"""The whole year of `state`, once: time, room, memory as it goes on, and what can be read back.

About a billion queries: half an hour and 60 GB on the disk of the folder for temporary files
(`TMPDIR`). `PROOF_WORLD="county --days 14"` makes another world, for a quick look.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import duckdb
from shared.memory import resident

from misusesim import room
from misusesim.dataset.verify import verify
from misusesim.scenario.load import load_scenario
from misusesim.shards import blocks, tasks

FOLDER = Path(os.environ["PROOF_FOLDER"])
WORLD = shlex.split(os.environ.get("PROOF_WORLD", "state"))
OUT = FOLDER / "data"
WORKERS: Final = 2
EVERY: Final = 0.25  # seconds between two looks at the memory
TENTHS: Final = 10
GB: Final = 1e9


def main() -> None:
    """Make the year, look at it, print what it took."""
    check_room()
    told = watched()
    told |= sizes(json.loads((OUT / "manifest.json").read_bytes()))
    told["faults"], told["verify_s"] = timed(lambda: [str(fault) for fault in verify(OUT)])
    told["read"], told["read_s"] = timed(read_back)
    print(page(told))
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps({"world": WORLD, **told}))
    if not holds(told):
        raise SystemExit(1)


def check_room() -> None:
    """Stop at once where the disk cannot take the data set."""
    days = int(WORLD[WORLD.index("--days") + 1]) if "--days" in WORLD else None
    world = load_scenario(WORLD[0], days=days)
    needed = room.still_needed(world, blocks(world), tasks(world), {})
    if (free := shutil.disk_usage(FOLDER).free) < needed:
        raise SystemExit(
            f"{FOLDER} has {free / GB:.0f} GB free, about {needed / GB:.0f} GB are needed; "
            "set TMPDIR to a folder on a larger disk"
        )


def timed(job: Any) -> tuple[Any, float]:
    """Return what a job returns, and its seconds."""
    began = time.monotonic()
    return job(), round(time.monotonic() - began, 1)


def watched() -> dict[str, Any]:
    """Make the data set and look at it meanwhile."""
    command = [sys.executable, "-m", "misusebench", "simulate", *WORLD, "-o", str(OUT), "-q"]
    began, seen = time.monotonic(), []
    with subprocess.Popen([*command, "--workers", str(WORKERS)]) as running:
        while running.poll() is None:
            memory = resident(running.pid)
            seen.append((time.monotonic() - began, rows_so_far(), sum(memory), max(memory)))
            time.sleep(EVERY)
    if running.returncode:
        raise SystemExit(f"simulate ended with {running.returncode}")
    return {"seconds": round(time.monotonic() - began, 1), "tenths": tenths(seen)}


class Ledger:
    """Reads what has been added to the ledger since the last look."""

    def __init__(self) -> None:
        self.rows, self._read, self._seen = 0, 0, set[str]()

    def look(self) -> int:
        """Return the rows of all finished shards."""
        try:
            with (OUT / ".work" / "ledger.jsonl").open("rb") as file:
                file.seek(self._read)
                lines = file.read().splitlines(keepends=True)
        except FileNotFoundError:  # not begun, or finished
            return self.rows
        for line in lines:
            if not line.endswith(b"\n"):
                break
            self._read += len(line)
            entry = json.loads(line)
            logs = [f["rows"] for f in entry["files"] if f["path"].startswith("log/")]
            if logs and entry["task"] not in self._seen:
                self.rows += sum(logs)
                self._seen.add(entry["task"])
        return self.rows


rows_so_far = Ledger().look


def tenths(seen: list[tuple[float, int, int, int]]) -> list[dict[str, float]]:
    """Return, for each tenth of the rows, its end in seconds and the most memory in it."""
    most = max(rows for _, rows, *_ in seen)
    found = []
    for tenth in range(TENTHS):
        part = [look for look in seen if int(TENTHS * look[1] / max(most + 1, 1)) == tenth]
        if part:
            found.append({
                "tenth": tenth + 1,
                "until_s": round(part[-1][0], 1),
                "rows": part[-1][1],
                "all_mb": round(max(look[2] for look in part) / 1e6),
                "largest_mb": round(max(look[3] for look in part) / 1e6),
            })  # fmt: skip
    return found


def sizes(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return rows and bytes of the data set."""
    size, longest = Counter[str](), 0
    for entry in manifest["files"]:
        size[entry["path"].split("/")[0]] += entry["bytes"]
        if entry["path"].startswith("log/"):
            longest = max(longest, entry["rows"])
    return {
        "dataset_hash": manifest["dataset_hash"],
        "rows": manifest["rows"],
        "files": len(manifest["files"]),
        "bytes": {name: size[name] for name in ("log", "context", "truth")},
        "longest_part": longest,
    }


def read_back() -> dict[str, Any]:
    """Return what DuckDB counts in the log."""
    with duckdb.connect() as db:
        db.execute("set memory_limit = '4GB'; set TimeZone = 'UTC'")
        log = db.read_parquet(f"{OUT}/log/*.parquet")
        rows, officers, days = log.aggregate(
            "count(*), count(distinct officer_id), count(distinct time::date)"
        ).fetchall()[0]
    return {"rows": rows, "officers": officers, "days": days}


def holds(told: dict[str, Any]) -> bool:
    """Tell whether all that was generated is there, whole, and in parts as promised."""
    rows = told["rows"]
    balanced = rows["generated"] + rows["duplicates"] == rows["written"] + rows["lost"]
    whole = told["read"]["rows"] == rows["written"] and not told["faults"]
    return balanced and whole and told["longest_part"] <= 2_000_000  # noqa: PLR2004 - periods.py


def page(told: dict[str, Any]) -> str:
    """Return what is to be read."""
    rows, size, seconds = told["rows"]["written"], told["bytes"], told["seconds"]
    whole = sum(size.values())
    rate, each = rows / seconds, [f"{n} {b / GB:.1f} GB ({b / rows:.1f} B a query)"
                                  for n, b in size.items()]  # fmt: skip
    made = f"**{rows:,} queries in {seconds / 60:.1f} minutes: {rate:,.0f} a second, "
    read = f"Read again for its hashes in {told['verify_s']:,.0f} s, faults: {len(told['faults'])}."
    counted = (
        f"DuckDB counts {told['read']['rows']:,} rows of {told['read']['officers']:,} accounts on "
        f"{told['read']['days']} days (UTC) in {told['read_s']:,.0f} s."
    )
    lines = [
        f"# `{' '.join(WORLD)}` on {WORKERS} workers",
        "",
        made + f"{rate / WORKERS:,.0f} a worker.**",
        "",
        f"{told['files']:,} files, {whole / GB:.1f} GB: {', '.join(each)}.",
        f"The longest part of the log has {told['longest_part']:,} rows.",
        f"The manifest's hash is {told['dataset_hash'][:16]}.",
        "",
        "| tenth of the rows | until, s | most memory, all processes, MB | largest process, MB |",
        "|---:|---:|---:|---:|",
    ]  # fmt: skip
    lines += [
        f"| {t['tenth']} | {t['until_s']:,.0f} | {t['all_mb']:,} | {t['largest_mb']:,} |"
        for t in told["tenths"]
    ]
    lines += [
        "",
        "Memory counts pages of a plan's file that a process has mapped, in each that maps it.",
        "",
        read,
        counted,
        f"All rows accounted for, in parts of at most two million: {holds(told)}.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
