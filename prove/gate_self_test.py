"""The gate's false alarms and power on this machine, beside those of a gate on stored means.

Each family of speed verdicts has launches of its own: eight detectors as they are, and one of them
slowed by 5, 10 and 20 %. Around it, pytest-benchmark times the same calls twice, once before and
once after, and compares its stored means at 5 %. `PROOF_SHARE` (1.0) asks for less of all. What was
measured is kept in a file until the proof holds, so that it goes on where it was interrupted.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt

import misusebench
import misusesim
from misusebench.gate.planted_worlds import LOSS, accuracy_verdicts, found_loss
from misusebench.gate.progress import Eta
from misusebench.gate.selftest import (
    AT,
    FAMILY,
    SHARES,
    Counts,
    SelfTest,
    families,
    word,
)
from misusebench.gate.speed.prepare import tiers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from misusebench.gate.selftest import Family

FOLDER = Path(os.environ["PROOF_FOLDER"])
SHARE = float(os.environ.get("PROOF_SHARE", "1"))
PICTURE = Path(os.environ.get("PROOF_PICTURE", "results/gate_self_test.png"))
#: 60 families of eight are 480 verdicts on unchanged code; 60 slowdowns of each size, for 57 of
#: which must be found.
FAMILIES: Final = max(1, round(60 * SHARE))
WORLDS: Final = max(1, round(60 * SHARE))
#: What pytest-benchmark compares, how many rounds it has, and in which families: one in so many.
STORED_FAIL: Final = "mean:5%"
ROUNDS: Final = 60
STORED_EVERY: Final = 2
#: Of verdicts on unchanged code, at most such a share may say that the machine is too noisy.
MOST_UNSURE: Final = 0.1
TEST: Final = """
import json
import os
from pathlib import Path

import pytest

from misusebench.gate.speed.worker import Timed

TOLD = json.loads(Path(os.environ["TIMED"]).read_text())


@pytest.mark.parametrize("name", list(TOLD["components"]))
def test_score(benchmark, name):
    timed = Timed(TOLD["components"][name], Path(TOLD["folder"]), TOLD["tiers"])
    timed.size(TOLD["rows"][name])
    benchmark.pedantic(
        timed._call, setup=lambda: ((timed._next(),), {}), rounds=TOLD["rounds"], warmup_rounds=3
    )
"""


def say(line: str) -> None:
    """Tell how far it is."""
    print(line, file=sys.stderr, flush=True)


class Kept:
    """Lines of what was measured, in a file of this code's own, until the proof holds."""

    def __init__(self) -> None:
        whole = hashlib.sha256(str(SHARE).encode())
        for package in (misusebench, misusesim):
            for path in sorted(Path(package.__file__ or "").parent.rglob("*.py")):
                whole.update(path.read_bytes())
        whole.update(Path(__file__).read_bytes())
        name = f"misusebench-gate-self-test-{whole.hexdigest()[:16]}.jsonl"
        self.path = Path(tempfile.gettempdir()) / name
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        self.lines: list[dict[str, Any]] = [json.loads(line) for line in lines]

    def add(self, **told: Any) -> None:
        """Keep one more."""
        self.lines.append(told)
        with self.path.open("a") as file:
            file.write(json.dumps(told) + "\n")

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return what was kept of a kind."""
        return [one for one in self.lines if one["kind"] == kind]


class Stored:
    """The same calls timed by pytest-benchmark, in a process of its own each time."""

    def __init__(self, family: Family) -> None:
        self._family, self._test = family, FOLDER / "test_stored.py"
        self._test.write_text(TEST)

    def run(self, of: Mapping[str, Any], store: Path, *words: str) -> str:
        """Time components; return what pytest says."""
        told = FOLDER / "told.json"
        told.write_text(json.dumps({
            "components": dict(of), "folder": str(self._family.pairing.folder), "tiers": tiers(),
            "rows": self._family.rows, "rounds": ROUNDS,
        }))  # fmt: skip
        one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", str(self._test), "-q", "-p", "no:randomly",
             "-p", "no:cacheprovider", "--rootdir", str(FOLDER), "--benchmark-only",
             "--benchmark-storage", str(store), *words],
            env={**os.environ, **one_thread, "TIMED": str(told)}, cwd=FOLDER,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        regressed = "Performance has regressed" in done.stdout + done.stderr
        if done.returncode and not regressed:
            raise SystemExit(f"pytest-benchmark: {done.stdout}\n{done.stderr}")
        return done.stdout + done.stderr

    def failed(self, of: Mapping[str, Any], store: Path) -> list[str]:
        """Return the components that are said to have regressed against the stored run."""
        text = self.run(
            of, store, "--benchmark-compare=0001", f"--benchmark-compare-fail={STORED_FAIL}"
        )
        return re.findall(r"test_score\[([^\]]+)\][^\n]*RegressionCheck", text)


def speed(kept: Kept) -> None:
    """Measure the families that were not yet."""
    done = len(kept.of("speed"))
    if done >= FAMILIES:
        return
    family = families(FOLDER / "speed")
    stored = Stored(family)
    eta = Eta("speed: family", FAMILIES - done, say, FAMILIES)
    for nth in range(done, FAMILIES):
        start, store = time.monotonic(), FOLDER / f"store-{nth}"
        beside, failed = nth % STORED_EVERY == 0, None
        if beside:
            stored.run(family.pairing.of_base, store, "--benchmark-save=base")
        middle = time.monotonic()
        statuses = family.verdict(nth)
        ours = time.monotonic() - middle
        if beside:
            failed = stored.failed(family.pairing.of_head, store)
        kept.add(kind="speed", statuses=statuses, stored=failed, seconds=ours,
                 stored_seconds=time.monotonic() - start - ours)  # fmt: skip
        eta.done(nth + 1 - done)


def accuracy(kept: Kept) -> None:
    """Judge the worlds that were not yet."""
    done = len(kept.of("accuracy"))
    eta = Eta("accuracy: world", WORLDS - done, say, 20)
    for nth in range(done, WORLDS):
        same, lost = accuracy_verdicts(FOLDER / "accuracy", nth)
        kept.add(kind="accuracy", same=same.status, lost=found_loss(lost))
        eta.done(nth + 1 - done)


def counted(kept: Kept) -> tuple[SelfTest, dict[str, Counts]]:
    """Return the counts of our gate, and of the stored means."""
    ours, stored = SelfTest(), {}
    for one in kept.of("speed"):
        for name, (share, status) in one["statuses"].items():
            ours.speed.setdefault(word(share), Counts()).add(status)
            if one["stored"] is not None:
                regressed = "regression" if name in one["stored"] else "pass"
                stored.setdefault(word(share), Counts()).add(regressed)
    for one in kept.of("accuracy"):
        ours.accuracy.setdefault("0", Counts()).add(one["same"])
        ours.accuracy.setdefault(f"{LOSS:g}", Counts()).add(one["lost"])
    return ours, stored


def least(count: Counts) -> float:
    """Return the lower end of a one-sided 95 % interval of the share that fails (Clopper-Pearson).

    Found by halving the range of shares on the binomial tail.
    """
    return _bound(count.failed, count.verdicts) if count.failed else 0.0


def most(count: Counts) -> float:
    """Return the upper end of that interval."""
    return 1 - _bound(count.verdicts - count.failed, count.verdicts)


def _bound(found: int, n: int) -> float:
    from scipy.stats import beta  # noqa: PLC0415 - a test dependency

    return float(beta.ppf(0.05, found, n - found + 1)) if found else 0.0


def table(ours: SelfTest, stored: Mapping[str, Counts]) -> list[str]:
    """Return the lines of the speed table."""
    lines = [
        "| planted | ours: verdicts | fail | inconclusive | 95 % bound | stored: verdicts | fail |",
        "|---|---:|---:|---:|---|---:|---:|",
    ]
    for name, one in ours.speed.items():
        bound = f"at most {most(one):.1%}" if name == word(0.0) else f"at least {least(one):.1%}"
        other = stored[name]
        lines.append(
            f"| {name} | {one.verdicts} | {one.failed} ({one.share:.1%}) | "
            f"{one.inconclusive} | {bound} | {other.verdicts} | "
            f"{other.failed} ({other.share:.1%}) |"
        )
    return lines


def picture(ours: SelfTest, stored: Mapping[str, Counts]) -> None:
    """Draw the share of verdicts that fail, by planted slowdown."""
    mpl.rcParams["svg.hashsalt"] = "gate"
    names, figure = list(ours.speed), plt.figure(figsize=(6.4, 3.6), layout="constrained")
    axes, at = figure.add_subplot(), np.arange(len(names))
    for shift, told, label in (
        (-0.2, ours.speed, "paired, relaunched, two stages"),
        (0.2, stored, f"pytest-benchmark, stored {STORED_FAIL}"),
    ):
        values = [100 * told[name].share for name in names]
        bars = axes.bar(at + shift, values, 0.38, label=label)
        axes.bar_label(bars, fmt="%.1f", fontsize=8)
    axes.set_xticks(at, ["no change", *names[1:]])
    axes.set_ylabel("verdicts that fail, %")
    axes.set_xlabel("planted slowdown")
    axes.set_ylim(0, 112)
    axes.legend(loc="upper left", fontsize=8)
    figure.savefig(PICTURE, dpi=120, metadata={"Software": None})


def page(kept: Kept, ours: SelfTest, stored: Mapping[str, Counts]) -> None:
    """Print what was found."""
    seconds = np.array([[one["seconds"], one["stored_seconds"]] for one in kept.of("speed")])
    own, theirs = seconds[::STORED_EVERY].mean(axis=0)
    print("# The gate judged by itself\n")
    print(f"Speed: {FAMILIES} families of {len(FAMILY)} detectors ({', '.join(FAMILY)}) as they")
    print(f"are, and {FAMILY[1]} slowed by {', '.join(map(word, SHARES))}; each family has its own")
    print(f"launches. A family took {own:.0f} s, pytest-benchmark's two runs of it {theirs:.0f} s.")
    print(f"Stored mean: `pytest-benchmark --benchmark-compare-fail={STORED_FAIL}` on the same")
    print(f"calls in one family of {STORED_EVERY}, base stored before our launches and head run")
    print("after them: minutes apart, as a stored number is at best.\n")
    print("\n".join(table(ours, stored)))
    late = [
        f"{nth} ({status})" for nth, one in enumerate(kept.of("speed"), 1)
        for share, status in one["statuses"].values()
        if word(share) == word(AT) and status != "regression"
    ]  # fmt: skip
    print(f"\nFamilies, in the order in which they ran, in which {word(AT)} was not found: "
          f"{', '.join(late) or 'none'}.")  # fmt: skip
    print("\n![Verdicts that fail by planted slowdown](gate_self_test.png)\n")
    print(f"Accuracy: {WORLDS} worlds, one a verdict. Without a loss base and head are one")
    print("detector with other ids of queries, persons and officers, by which it breaks ties; the")
    print(
        "loss is planted in scores of average precision about a half, and found where that metric"
    )
    print("fails.\n")
    print("| planted loss of average precision | verdicts | fail | inconclusive |")
    print("|---|---:|---:|---:|")
    for name, one in ours.accuracy.items():
        print(f"| {name} | {one.verdicts} | {one.failed} | {one.inconclusive} |")
    wrong = missed(ours)
    print("\n" + ("Promise broken: " + "; ".join(wrong) if wrong else "Promise kept."))


def missed(ours: SelfTest) -> list[str]:
    """Return what a proof asks beyond the promise: no false alarm of speed, every loss found."""
    found, none = list(ours.broken), ours.speed[word(0.0)]
    if none.failed:
        found.append(f"speed: {none.failed} false alarms where none may be")
    if none.inconclusive > MOST_UNSURE * none.verdicts:
        found.append(f"speed: {none.inconclusive} of {none.verdicts} verdicts are inconclusive")
    lost = ours.accuracy[f"{LOSS:g}"]
    if lost.failed < lost.verdicts:
        found.append(f"accuracy: {lost.failed} of {lost.verdicts} losses found, not each")
    return found


def main() -> None:
    """Measure, print, draw."""
    kept = Kept()
    speed(kept)
    accuracy(kept)
    ours, stored = counted(kept)
    page(kept, ours, stored)
    numbers = {"ours": ours.as_json(), "families": kept.of("speed"),
               "worlds": kept.of("accuracy"),
               "stored": {n: {"verdicts": one.verdicts, "failed": one.failed}
                          for n, one in stored.items()}}  # fmt: skip
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(numbers))
    if missed(ours):
        raise SystemExit(1)
    picture(ours, stored)
    kept.path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
