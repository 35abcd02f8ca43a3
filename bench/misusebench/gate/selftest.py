"""The gate judged by itself: planted losses, none included; its false alarms and its power.

Speed: a family of components is timed in the same launches, as a gate does; some are left as they
are (any alarm is false), some are slowed by a known share. No launch serves two verdicts of one
component. Accuracy: each verdict has a world of its own; base and head are one detector under other
ids of queries, persons and officers, which breaks ties by ids, so their scores differ by chance.
(Another seed of a detector that draws at random is another detector: that is no unchanged code.)
Then scores are blended with noise so that average precision falls by a known amount.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from misusebench.gate.planted_worlds import LOSS, SCENARIO, accuracy_verdicts, found_loss
from misusebench.gate.progress import Eta
from misusebench.gate.speed.environments import Side
from misusebench.gate.speed.judge import SpeedGate
from misusebench.gate.speed.measure import Pairing, sizes, stage
from misusebench.gate.speed.plan import Speed
from misusebench.gate.speed.prepare import prepare
from misusebench.gate.verdict import FAILED, INCONCLUSIVE, REGRESSION
from misusebench.specs import parse_component
from misusebench.suite import Suite
from misusesim import shards
from misusesim.scenario.load import load_scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Say = Callable[[str], None]

#: What is promised: at most and at least such shares.
MOST_FALSE, LEAST_POWER, AT = 0.01, 0.95, 0.10
#: Timed in the same launches; of the registry, quick to learn.
FAMILY: Final = (
    "volume", "shift_window", "peer_z", "ngram", "fan_in", "anomaly_index", "loda", "explanation",
)  # fmt: skip
#: Shorter calls than usual, which are harder to tell apart, so that more verdicts can be had.
PLAN: Final = Speed(call_ms=1.0, instructions="never")
SHARES: Final = (0.05, 0.10, 0.20)
_WORKER: Final = "misusebench.gate.planted:Slowed"


@dataclass(slots=True)
class Counts:
    """Verdicts of one kind."""

    verdicts: int = 0
    failed: int = 0  # regressions: false alarms, or losses found
    inconclusive: int = 0

    def add(self, status: str) -> None:
        """Count a verdict."""
        self.verdicts += 1
        self.failed += status in (REGRESSION, FAILED)
        self.inconclusive += status == INCONCLUSIVE

    @property
    def share(self) -> float:
        """Share of verdicts that fail."""
        return self.failed / self.verdicts if self.verdicts else float("nan")


@dataclass(slots=True)
class SelfTest:
    """False alarms and power of the gate."""

    speed: dict[str, Counts] = field(default_factory=dict)  # planted share, "0%" -> counts
    accuracy: dict[str, Counts] = field(default_factory=dict)  # "0" and "0.03"

    @property
    def broken(self) -> list[str]:
        """Promises that it does not keep, in words."""
        none, ten = self.speed.get(word(0.0)), self.speed.get(word(AT))
        found = []
        if none and none.share > MOST_FALSE:
            found.append(f"speed: {none.failed} false alarms in {none.verdicts} verdicts")
        if ten and ten.share < LEAST_POWER:
            found.append(f"speed: {ten.failed} of {ten.verdicts} slowdowns of {AT:.0%} found")
        same, lost = self.accuracy.get("0"), self.accuracy.get(f"{LOSS:g}")
        if same and same.share > MOST_FALSE:
            found.append(f"accuracy: {same.failed} false alarms in {same.verdicts} verdicts")
        if lost and lost.share < LEAST_POWER:
            found.append(f"accuracy: {lost.failed} of {lost.verdicts} losses of {LOSS:g} found")
        return found

    def as_json(self) -> dict[str, Any]:
        """Return all counts as a JSON object."""
        sides = {"speed": self.speed, "accuracy": self.accuracy}
        return {
            "promise": {"most_false": MOST_FALSE, "least_power": LEAST_POWER, "at": AT},
            **{
                side: {
                    name: {"verdicts": one.verdicts, "failed": one.failed,
                           "inconclusive": one.inconclusive}
                    for name, one in counts.items()
                }
                for side, counts in sides.items()
            },
            "broken": self.broken,
        }  # fmt: skip

    def lines(self) -> list[str]:
        """Return it in words."""
        found = []
        for side, counts in (("speed", self.speed), ("accuracy", self.accuracy)):
            for name, one in counts.items():
                what = "false alarms" if name in (word(0.0), "0") else "found"
                more = f", {one.inconclusive} inconclusive" if one.inconclusive else ""
                found.append(f"{side}, planted {name}: {what} {one.failed} of {one.verdicts}{more}")
        return [*found, *(f"promise broken: {one}" for one in self.broken)]


def word(share: float) -> str:
    """Return a planted slowdown as results name it.

    Examples
    --------
    >>> word(0.0), word(0.05)
    ('0%', '+5%')
    """
    return f"{share:+.0%}" if share else "0%"


def self_test(rounds: int = 5, plan: Speed | None = None, say: Say = lambda _: None) -> SelfTest:
    """Return false alarms and power of the gate on this machine, now.

    Parameters
    ----------
    rounds
        Families of speed verdicts, and worlds of accuracy verdicts.
    plan
        Settings of the speed gate.
    say
        Called with lines of progress.
    """
    found = SelfTest()
    with tempfile.TemporaryDirectory(prefix="misusebench-self-test-") as where:
        folder = Path(where)
        eta = Eta("self-test, speed: family", rounds, say, rounds)
        family = families(folder / "speed", plan)
        for nth in range(rounds):
            for share, status in family.verdict(nth).values():
                found.speed.setdefault(word(share), Counts()).add(status)
            eta.done(nth + 1)
        eta = Eta("self-test, accuracy: world", rounds, say, rounds)
        for nth in range(rounds):
            same, lost = accuracy_verdicts(folder / "accuracy", nth)
            found.accuracy.setdefault("0", Counts()).add(same.status)
            found.accuracy.setdefault(f"{LOSS:g}", Counts()).add(found_loss(lost))
            eta.done(nth + 1)
    return found


@dataclass(frozen=True, slots=True)
class Family:
    """Components that are timed together, and how many rows each is given."""

    pairing: Pairing
    rows: dict[str, int]
    plan: Speed

    def verdict(self, nth: int) -> dict[str, tuple[float, str]]:
        """Return planted share and status of each component, from launches of their own.

        Parameters
        ----------
        nth
            Number of the verdict, the seed of its launches.
        """
        own = replace(self.plan, seed=nth, instructions="never")
        gate = SpeedGate(
            self.pairing, SCENARIO, own, None, lambda _: "misusebench gate --self-test"
        )
        checks = gate.judged(stage(self.pairing, self.rows, own), self.rows)
        told = self.pairing.of_head
        return {
            one.component: (float(told[one.component]["parameters"]["share"]), one.status)
            for one in checks
        }


def families(folder: Path, plan: Speed | None = None, names: Sequence[str] = FAMILY) -> Family:
    """Return a family on a small world, ready to be timed.

    Parameters
    ----------
    folder
        For the data, new.
    plan
        Settings of the speed gate.
    names
        Components that are timed.
    """
    pairing, plan = planted_pairing(folder, names), plan or PLAN
    rows, bad = sizes(pairing, plan)
    if bad:
        raise AssertionError(f"components of ours fail: {bad}")
    return Family(pairing, rows, plan)


def planted_pairing(folder: Path, family: Sequence[str] = FAMILY) -> Pairing:
    """Return the family as it is, and its second member slowed, on a small world."""
    data = folder / "data"
    shards.run(load_scenario(SCENARIO), data)
    suite = {"seed": 0, "history_share": Suite("", ()).history_share}
    prepare(data, folder / "timed", suite, facts=False)
    base, head = {}, {}
    slow = family[min(1, len(family) - 1)]
    planted = [(name, 0.0) for name in family] + [(slow, share) for share in SHARES]
    for name, share in planted:
        own = f"{name}{word(share) if share else ''}"
        base[own], head[own] = _slowed(own, name, 0.0), _slowed(own, name, share)
    # two objects: which of them failed is told by which it is
    sides = [Side(name, sys.executable, Path.cwd()) for name in ("base", "head")]
    return Pairing(sides[0], sides[1], base, head, folder / "timed")


def _slowed(name: str, of: str, share: float) -> dict[str, Any]:
    """Return a component as a timed process takes it."""
    target = parse_component("detector", of).target
    return {
        "kind": "detector", "name": name, "target": _WORKER, "tier": "T3", "search": [],
        "parameters": {"target": target, "share": share},
    }  # fmt: skip
