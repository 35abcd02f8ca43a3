"""Two days of a whole state, made in many ways: every file has the same bytes.

Ways: workers, Ray, a lost node of Ray, five kills, hash seed, time zone, CPU features. With
`PROOF_WORLD="tiny"` another world is made, `PROOF_RAY=0` leaves Ray out: for a quick look.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.machines import LESS_CPU, LESS_CPU_ENVIRONMENT

from misusesim.dataset.verify import verify
from misusesim.dataset.writer import sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(os.environ["PROOF_FOLDER"])
WORLD = os.environ.get("PROOF_WORLD", "state --days 2")
WITH_RAY = os.environ.get("PROOF_RAY", "1") == "1"
KILLS = 5
SEED = 20
#: When a run is killed, as shares of an undisturbed run's working time; five of the latest still
#: leave something to do, so that every kill hits a run at work.
KILLED_WITHIN = (0.02, 0.12)
#: In a large world the share counts from the first task that the run so started has finished (the
#: first agencies are the largest), so that there is always more to go on from than before.
LARGE = WORLD.startswith("state")
#: How many tasks are finished before the node of Ray is lost.
LOST_AFTER = 20 if LARGE else 0
ENVIRONMENTS = {
    "PYTHONHASHSEED=7": {"PYTHONHASHSEED": "7"},
    "TZ=Pacific/Auckland": {"TZ": "Pacific/Auckland"},
    LESS_CPU: LESS_CPU_ENVIRONMENT,
}
TWO = ("--workers", "2")


def say(text: str) -> None:
    """Tell on the terminal how far the proof is; standard output is the result."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def start(out: Path, *more: str, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start making the world, in a process group of its own."""
    command = [sys.executable, "-m", "misusebench", "simulate", *shlex.split(WORLD)]
    return subprocess.Popen(
        [*command, "-o", str(out), "-q", *more],
        env={**os.environ, **(env or {})},
        start_new_session=True,
    )


def made(
    way: str,
    *more: str,
    env: dict[str, str] | None = None,
    during: Callable[[], Any] | None = None,
) -> dict[str, Any]:
    """Make the world, or finish it; return its facts and remove it."""
    out, began = FOLDER / "data", time.monotonic()
    running = start(out, *more, env=env)
    try:
        seen = during() if during else None
    except BaseException:
        os.killpg(running.pid, signal.SIGKILL)
        raise
    if code := running.wait():
        raise SystemExit(f"{way}: exit {code}")
    seconds = round(time.monotonic() - began, 1)
    found = facts(out) | {"seconds": seconds, "during": seen}
    shutil.rmtree(out)
    say(f"{way}: {found['files_hash'][:16]} after {seconds} s")
    return found


def facts(out: Path) -> dict[str, Any]:
    """Return the hash of the manifest, one over all files there are, and how large it all is."""
    manifest = json.loads((out / "manifest.json").read_bytes())
    files = sorted(path for path in out.rglob("*") if path.is_file())
    lines = [f"{path.relative_to(out)} {sha256_of(path)}\n" for path in files]
    return {
        "dataset_hash": manifest["dataset_hash"],
        "files_hash": hashlib.sha256("".join(lines).encode()).hexdigest(),
        "files": len(files),
        "megabytes": round(sum(path.stat().st_size for path in files) / 1e6, 1),
        "rows": manifest["rows"]["written"],
        "faults": [str(fault) for fault in verify(out)],
    }


def switched_off(env: dict[str, str]) -> list[str]:
    """Return the CPU features that numpy has on this machine and loses by an environment."""
    code = "import json, numpy._core._multiarray_umath as m; print(json.dumps(m.__cpu_features__))"
    asked = [sys.executable, "-c", code]
    usual, less = (
        json.loads(subprocess.check_output(asked, env={**os.environ, **more})) for more in ({}, env)
    )
    return [name for name, there in usual.items() if there and not less[name]]


def finished_tasks() -> int:
    """Return how many lines the ledger of the present run has."""
    ledger = FOLDER / "data" / ".work" / "ledger.jsonl"
    return ledger.read_bytes().count(b"\n") if ledger.exists() else 0


def start_up() -> float:
    """Return the seconds until a run just started has claimed its folder."""
    began = time.monotonic()
    while not (FOLDER / "data" / ".work" / "run.json").exists():
        time.sleep(0.01)
    return time.monotonic() - began


def killed_often(undisturbed: dict[str, Any]) -> dict[str, Any]:
    """Start the run, kill its whole process group, again and again; then let it finish."""
    begins, moments = undisturbed["during"], random.Random(SEED)  # noqa: S311 - not a secret
    kills = []
    for _ in range(KILLS):
        share, before = moments.uniform(*KILLED_WITHIN), finished_tasks()
        running = start(FOLDER / "data", *TWO)
        time.sleep(begins)
        while LARGE and finished_tasks() == before and running.poll() is None:
            time.sleep(0.01)
        time.sleep(share * (undisturbed["seconds"] - begins))
        at_work = running.poll() is None and not (FOLDER / "data" / "manifest.json").exists()
        if at_work:
            os.killpg(running.pid, signal.SIGKILL)
        hit = running.wait() == -signal.SIGKILL and at_work
        kills.append({"share": round(share, 3), "hit": hit, "finished": finished_tasks()})
        say(f"killed: {kills[-1]}")
    return made("killed five times", *TWO) | {"kills": kills}


def node_lost(patience: float) -> dict[str, Any]:
    """Make the world on two nodes of Ray, one of which is killed in mid-run."""
    from shared.nodes import with_a_lost_node  # noqa: PLC0415 - needs Ray, the rest does not

    def run(address: str, kill: Callable[[], int]) -> dict[str, Any]:
        return made("node lost", "--engine", "ray", "--address", address, during=kill)

    return with_a_lost_node(run, lambda: finished_tasks() >= LOST_AFTER, patience)


def all_ways() -> dict[str, dict[str, Any]]:
    """Make the world in every way."""
    two = made("2 workers", *TWO, during=start_up)
    ways = {"2 workers": two, f"killed {KILLS} times, 2 workers": killed_often(two)}
    ways |= {way: made(way, "--workers", way[0]) for way in ("1 worker", "3 workers")}
    ways |= {way: made(way, *TWO, env=env) for way, env in ENVIRONMENTS.items()}
    ways[LESS_CPU]["numpy_lost"] = switched_off(ENVIRONMENTS[LESS_CPU])
    if WITH_RAY:
        ways["Ray, 2 workers"] = made("Ray", "--engine", "ray", *TWO)
        ways["Ray, 2 nodes, 1 killed"] = node_lost(60 + two["seconds"])
    return ways


def page(ways: dict[str, dict[str, Any]]) -> str:
    """Return what is to be read."""
    one = ways["2 workers"]
    lines = [
        f"# The same bytes of `{WORLD}`",
        "",
        f"{one['rows']:,} rows in {one['files']:,} files, {one['megabytes']:,} MB.",
        f"The hash is over all files; the manifest's own is {one['dataset_hash'][:16]}.",
        "",
        "| way | all files | seconds |",
        "|---|---|---|",
    ]
    lines += [f"| {way} | {f['files_hash'][:16]} | {f['seconds']} |" for way, f in ways.items()]
    kills = next(found["kills"] for found in ways.values() if "kills" in found)
    told = ", ".join(f"{kill['finished']:,}" for kill in kills)
    hits = sum(kill["hit"] for kill in kills)
    lines += ["", f"Kills that hit a run at work: {hits}; tasks finished by then: {told}."]
    lines += ["The killed run's seconds are those of its last start."]
    lost = ", ".join(ways[LESS_CPU]["numpy_lost"]) or "none, so that way says nothing of numpy"
    lines += [f"CPU features that numpy had and lost: {lost}."]
    if WITH_RAY:
        tasks = ways["Ray, 2 nodes, 1 killed"]["during"]
        lines += [f"Tasks on the killed node of Ray: {tasks}; both nodes are simulated here."]
    return "\n".join([*lines, "", f"One data set: {holds(ways)}."])


def holds(ways: dict[str, dict[str, Any]]) -> bool:
    """Tell whether all ways made the same whole data set, and every kill hit."""
    hashes = {(found["files_hash"], found["dataset_hash"]) for found in ways.values()}
    kills = [kill["hit"] for found in ways.values() for kill in found.get("kills", [])]
    return len(hashes) == 1 and not any(f["faults"] for f in ways.values()) and sum(kills) >= KILLS


def main() -> None:
    """Print one line a way of running."""
    ways = all_ways()
    print(page(ways))
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps({"world": WORLD, "ways": ways}))
    if not holds(ways):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
