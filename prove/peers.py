"""Public generators of labelled data under the same audit as ours.

Runs each generator twice by its own documentation, audits what it publishes, and puts the findings
beside those of `county` and `S-HI-hard`. It needs git, a JDK and pip's index; the generators'
repositories are taken from the folder that PROOF_PEERS names, a git clone of each in a sub-folder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb
import pyarrow.parquet as pq
from shared.checkouts import missing
from shared.generators import BALANCES, PEERS, Peer, Place, python
from shared.peer_table import Column, rules, table

from misusebench.audit import audited, read_labelled
from misusebench.audit.again import checks_made_again
from misusebench.audit.dataset import checks_of_truth, labelled_dataset
from misusesim import shards
from misusesim.scenario.load import load_scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = Path(os.environ["PROOF_FOLDER"])
CLONES = os.environ.get("PROOF_PEERS")
NAMES = os.environ.get("PROOF_NAMES", " ".join(peer.name for peer in PEERS)).split()
WORLDS = os.environ.get("PROOF_WORLDS", "county S-HI-hard").split()
_LEAD: Final = """\
Each column is one table: public generators of fraud and money laundering, run by their own
documentation, then `county` and `S-HI-hard`. All go through `misusebench audit` at level hard with
their label, time and actor. A value in bold is beyond its bound; "-" is a check that the table does
not allow. Bounds: Q1 0.65, or what chance does where that is more; Q2 an average precision of 0.10,
or three times the base rate where that is more, and no rule with a precision of 0.9; Q5 0.8; Q6 and
the days of Q4 what chance does.

Ours stand twice. Without more words: misuse of the kinds that a written rule sees by design, which
the data set's card names, counts as honest, and days of accounts that nobody works with need not be
mixed; so our audit judges. Under "all kinds" nothing is exempt, as nothing is for the others: that
is the column to compare. Checks of truth and of a world without misuse need more than a table, so
only ours have them. Base rates differ: the line "times chance" divides by them.

The audit asks whether a label is given away, not whether a world is realistic; and a generator is
judged on one seed and, where said below, not on the sizes of its authors.
"""
_NOT_MADE: Final = "select count(*) from (from read_parquet(?) except all from read_parquet(?))"


def chosen() -> list[Peer]:
    """Return the peers that are to be run."""
    return [peer for peer in PEERS if peer.name in NAMES]


def ready(peers: Sequence[Peer], clones: Path | None) -> str:
    """Return what is missing on this machine, "" if nothing is."""
    wanted = dict.fromkeys(one for peer in peers for one in peer.checkouts)
    lines = [f"  {line}" for line in missing(wanted, clones)]
    if lines:
        where = "is not set" if clones is None else f"is {clones}"
        lines.insert(0, f"PROOF_PEERS {where}: it must name a folder with these git clones in it")
    tools = [name for name in ("git", "java", "javac") if not shutil.which(name)]
    return "\n".join([*lines, *(f"{name} is not installed" for name in tools)])


def of_peer(peer: Peer, clones: Path) -> list[Column]:
    """Make a peer's table two times and audit it."""
    environments = FOLDER / "environments"
    if peer.packages:
        python(peer, environments)
    files = [FOLDER / f"{peer.name}-{number}.parquet" for number in (1, 2)]
    for file in files:
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            pq.write_table(peer.make(Place(clones, environments, Path(folder))), file)
    differ = not_made(files[1], files[0])
    told = [column(peer, files[0], differ, peer.name)]
    if peer.name == "PaySim":
        told.append(column(peer, files[0], differ, "PaySim without balances", BALANCES))
    return told


def column(peer: Peer, file: Path, differ: int, name: str, ignore: tuple[str, ...] = ()) -> Column:
    """Audit a peer's table."""
    found = read_labelled(
        file, peer.label, time=peer.time, entity=peer.entity, ignore=(*peer.dropped, *ignore)
    )
    return Column(name, audited(found), differ)


def not_made(second: Path, first: Path) -> int:
    """Return how many rows of a table another one lacks, counted as often as they occur."""
    with duckdb.connect() as db:
        row = db.execute(_NOT_MADE, [str(second), str(first)]).fetchone()
    return 0 if row is None else int(row[0])


def of_world(name: str) -> list[Column]:
    """Make a world of ours and audit it: without what rules see by design, and all of it."""
    out = FOLDER / name
    shards.run(load_scenario(name), out, workers=1)
    ours = labelled_dataset(out)
    hidden, foreign = ours.unseen(), replace(ours, by_design=None, exempt=None)
    own = (*checks_of_truth(out), *checks_made_again(out))
    differ = sum(int(check.value or 0) for check in own if check.id == "Q11")  # files
    found = audited(hidden)
    more = tuple(check for check in own if check.id != "Q11")
    return [
        Column(name, replace(found, checks=(*found.checks, *more)), differ),
        Column(f"{name}, all kinds", audited(foreign), differ),
    ]


def columns(peers: Sequence[Peer], clones: Path) -> list[Column]:
    """Return all audited tables, in two processes."""
    with ProcessPoolExecutor(2) as pool:
        ours = [pool.submit(of_world, name) for name in reversed(WORLDS)]  # what takes longest
        made = [pool.submit(of_peer, peer, clones) for peer in peers]
        return [one for part in (*made, *reversed(ours)) for one in part.result()]


def main() -> None:
    """Print the table, the rules, and how each generator was run."""
    peers = chosen()
    clones = None if CLONES is None else Path(CLONES)
    if lacking := ready(peers, clones):
        sys.exit(lacking)
    assert clones is not None  # else its clones were missing
    found = columns(peers, clones)
    print("# Public generators under the same audit\n")
    print(_LEAD)
    print("\n".join(table(found)))
    print("\n## What gives the label away\n")
    print("\n".join(rules(found)))
    print("\n## How each was run\n")
    print("\n".join(runs(peers)))
    numbers = {one.name: one.as_dict() for one in found}
    origins = {peer.name: str(peer.origin) for peer in peers}
    also = {str(one) for peer in peers for one in peer.also}
    told = {"tables": numbers, "origins": origins, "built_with": sorted(also), "java": java()}
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(told, indent=1))


def runs(peers: Sequence[Peer]) -> list[str]:
    """Return a table of commands, seeds, columns and what is to be known."""
    heads = ("table", "origin", "command", "seed", "label, time, actor", "left out", "note")
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for peer in peers:
        origin = "; built with ".join(
            [str(peer.origin), *([", ".join(map(str, peer.also))] if peer.also else [])]
        )
        roles = f"`{peer.label}`, `{peer.time}`, `{peer.entity}`"
        out = ", ".join(f"`{name}`" for name in peer.dropped) or "-"
        cells = (peer.name, origin, peer.command, peer.seed, roles, out, peer.note)
        lines.append(f"| {' | '.join(cells)} |")
    for name in WORLDS:
        ours = f"`misusebench simulate {name}`", str(load_scenario(name).seed)
        cells = (name, "this repository", *ours, "`cause`, `time`, `officer_id`", "-", "")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def java() -> str:
    """Return the version of Java."""
    done = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True)  # noqa: S607
    return done.stderr.splitlines()[0]


if __name__ == "__main__":
    main()
