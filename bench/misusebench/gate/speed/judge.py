"""The speed gate on one data set: checks of service time, peak memory and instructions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.gate.progress import Eta
from misusebench.gate.speed import rule
from misusebench.gate.speed.measure import sizes, stage
from misusebench.gate.speed.process import TimedFault
from misusebench.gate.speed.witness import instructions, peaks
from misusebench.gate.verdict import FAILED, INCONCLUSIVE, NEW, PASS, REGRESSION, Check

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from misusebench.gate.speed.measure import Found, Pairing
    from misusebench.gate.speed.plan import Memory, Speed

#: Below such a share the instructions are said to be the same.
_SAME: Final = 0.01


class SpeedGate:
    """Judges a pairing of base and head.

    Parameters
    ----------
    pairing
        What is timed.
    dataset
        Its data set's name, for messages.
    speed, memory
        Settings.
    again
        The command that reproduces it, with a place ``{component}`` if it takes one.
    say
        Called with lines of progress.
    """

    def __init__(
        self, pairing: Pairing, dataset: str, speed: Speed, memory: Memory | None, again: str,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self.pairing, self.dataset, self.speed, self.memory = pairing, dataset, speed, memory
        self._again, self._say = again, say

    def checks(self) -> list[Check]:
        """Measure, and return one check a component and side."""
        self._say(f"speed: sizing batches of {', '.join(self.pairing.of_base)}")
        rows, untimed = sizes(self.pairing, self.speed)
        first = stage(self.pairing, rows, self.speed, 0, self._progress("speed"))
        checks = self.judged(first, rows)
        checks += self._memory({n: r for n, r in rows.items() if n in first.stages})
        of = f"it fails in {self.pairing.base.name}: "
        return checks + [self.untimed(name, of + why) for name, why in untimed.items()]

    def untimed(self, name: str, why: str) -> Check:
        """Return what is told of a component that is not timed."""
        message = f"{name} on {self.dataset} is not timed: {why}"
        return Check(self.dataset, name, "service_time", NEW, message, side="speed")

    def judged(self, first: Found, rows: dict[str, int]) -> list[Check]:
        """Return the checks of service time; suspects are measured again."""
        stages = {name: [one] for name, one in first.stages.items()}
        margin = self.speed.margin
        suspects = [n for n, one in stages.items() if rule.decide(one, margin) == rule.SUSPECT]
        second = None
        if suspects:
            self._say(f"speed: measuring again with fresh launches: {', '.join(suspects)}")
            again = {name: rows[name] for name in suspects}
            second = stage(self.pairing.only(suspects), again, self.speed, 1,
                           self._progress("speed, again"))  # fmt: skip
            for name, one in second.stages.items():
                stages[name].append(one)
        found = [check for name, one in stages.items() for check in self._of(name, one, rows[name])]
        faults, untimed = first.faults, first.untimed
        if second:
            faults, untimed = faults | second.faults, untimed | second.untimed
            bad = [*second.faults, *second.untimed]
            found = [one for one in found if one.component not in bad]
        found += [self._failed(name, why) for name, why in faults.items()]
        return found + [self._lost(name, why) for name, why in untimed.items()]

    def _progress(self, what: str) -> Callable[[int], None]:
        eta = Eta(f"{what}: launch", self.speed.launches, self._say)
        return eta.done

    def _of(self, name: str, stages: Sequence[rule.Stage], rows: int) -> list[Check]:
        """Return the check of a component's service time, and of its instructions if counted."""
        status = rule.decide(stages, self.speed.margin)
        short = min(len(one.change) for one in stages) < self.speed.launches
        status = INCONCLUSIVE if short or status == rule.SUSPECT else status
        found = rule.ratio(stages)
        message = self._message(name, stages, status)
        counted = self._counted(name, status, rows)
        if counted is not None:
            message += f"; {_agrees(counted, status)}"
        message += f"; reproduce: {self._again}" if status != PASS else ""
        low, high = rule.spread(stages)
        check = Check(
            self.dataset, name, "service_time", status, message, 1.0, found, found - 1.0,
            low - 1.0, high - 1.0, self.speed.margin, "speed", self._again,
        )  # fmt: skip
        return [check, *([self._instructions(name, counted)] if counted is not None else [])]

    def _message(self, name: str, stages: Sequence[rule.Stage], status: str) -> str:
        """Return what, how much and where, in words."""
        low, high = rule.spread(stages)
        launches = sum(len(one.change) for one in stages)
        change = np.exp(np.median(np.concatenate([one.change for one in stages]))) - 1
        call = "a batch of decisions" if self._is_policy(name) else "a call of score"
        text = (
            f"{name} on {self.dataset}: {call} takes {change:+.1%} time against "
            f"{self.pairing.base.name} ({launches} launches from {low - 1:+.1%} to "
            f"{high - 1:+.1%}, margin {self.speed.margin:.0%}; base against itself "
            f"{rule.control_ratio(stages) - 1:+.1%})"
        )
        if status == INCONCLUSIVE and rule.hides(stages):
            text += ", and takes longer outside its timed calls, which it does not account for"
        elif status == INCONCLUSIVE:
            text += ", too noisy here to say whether it is slower"
        elif status == PASS and len(stages) > 1:
            text += ", slower at first and not when measured again"
        return text

    def _is_policy(self, name: str) -> bool:
        return bool(self.pairing.of_head[name].get("kind") == "policy")

    def _counted(self, name: str, status: str, rows: int) -> float | None:
        wanted = self.speed.instructions
        if wanted == "never" or (wanted == "suspects" and status == PASS):
            return None
        self._say(f"speed: counting instructions of {name}, if valgrind is here")
        return instructions(self.pairing, name, rows)

    def _instructions(self, name: str, counted: float) -> Check:
        """Return what callgrind says: told beside, never judged alone."""
        message = (
            f"{name} on {self.dataset}: {counted - 1:+.2%} instructions against "
            f"{self.pairing.base.name} (told, not judged)"
        )
        return Check(
            self.dataset, name, "instructions", PASS, message, 1.0, counted, counted - 1.0,
            margin=self.speed.margin, side="instructions",
        )  # fmt: skip

    def _said(self, name: str, status: str, message: str) -> Check:
        """Return a check of time without a time."""
        return Check(self.dataset, name, "service_time", status, message, side="speed",
                     reproduce=self._again)  # fmt: skip

    def _failed(self, name: str, why: str) -> Check:
        message = (
            f"{name} on {self.dataset}: it fails when it is timed: {why}; reproduce: {self._again}"
        )
        return self._said(name, FAILED, message)

    def _lost(self, name: str, why: str) -> Check:
        """Return what is said where base worked at first, and then did not."""
        message = (
            f"{name} on {self.dataset}: {self.pairing.base.name} could be timed at first and then "
            f"failed, so nothing can be said: {why}; reproduce: {self._again}"
        )
        return self._said(name, INCONCLUSIVE, message)

    def no_longer(self, name: str, why: str) -> Check:
        """Return what is told of a component that can be timed in base and not in head."""
        message = (
            f"{name} on {self.dataset} can be timed in {self.pairing.base.name} and no longer in "
            f"{self.pairing.head.name}: {why}; take it out of the suite if that is meant, and give "
            "the other a name of its own"
        )
        return self._said(name, REGRESSION, message)

    def _memory(self, rows: dict[str, int]) -> list[Check]:
        if self.memory is None:
            return []
        found = []
        for name, count in rows.items():
            self._say(f"memory: {name}")
            try:
                told = peaks(self.pairing, name, count, self.memory.launches)
            except TimedFault as fault:
                found.append(replace(self._failed(name, str(fault)), metric="peak_memory",
                                     side="memory"))  # fmt: skip
                continue
            found.append(self._peak(name, told.base, told.head, self.memory.margin))
        return found

    def _peak(self, name: str, base: list[int], head: list[int], margin: float) -> Check:
        found, beyond = rule.larger(base, head, margin)
        status = REGRESSION if beyond else PASS
        message = (
            f"{name} on {self.dataset}: peak memory {max(base) / 1024:.1f} -> "
            f"{max(head) / 1024:.1f} MiB ({found - 1:+.1%}, largest of {len(base)} launches, "
            f"margin {margin:.0%})"
        ) + (f"; reproduce: {self._again}" if beyond else "")
        return Check(
            self.dataset, name, "peak_memory", status, message, 1.0, found, found - 1.0,
            margin=margin, side="memory", reproduce=self._again,
        )  # fmt: skip


def _agrees(counted: float, status: str) -> str:
    """Return whether the count of instructions says the same as the clock."""
    if status == REGRESSION:
        word = "agrees" if counted > 1 + _SAME else "sees no more work: waiting, caches or layout"
    else:
        word = "sees more work" if counted > 1 + _SAME else "sees no more work"
    return f"callgrind {word} ({counted - 1:+.2%} instructions)"
