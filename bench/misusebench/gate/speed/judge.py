"""The speed gate on one data set: checks of service time, peak memory and instructions."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from misusebench.gate.progress import Eta
from misusebench.gate.speed import rule
from misusebench.gate.speed.measure import sizes, stage
from misusebench.gate.speed.process import TimedFault
from misusebench.gate.speed.witness import instructions, peaks
from misusebench.gate.verdict import FAILED, INCONCLUSIVE, NEW, NOTED, PASS, REGRESSION, Check
from misusebench.gate.wording import placed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from misusebench.gate.places import Place
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
        Returns the command that judges a component again.
    say
        Called with lines of progress.
    where
        Returns where a component's fault lies, if that is known.
    """

    def __init__(
        self, pairing: Pairing, dataset: str, speed: Speed, memory: Memory | None,
        again: Callable[[str], str], say: Callable[[str], None] = lambda _: None,
        where: Callable[[str], Place | None] = lambda _: None,
    ) -> None:  # fmt: skip
        self.pairing, self.dataset, self.speed, self.memory = pairing, dataset, speed, memory
        self._again, self._say, self._where = again, say, where

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

    def not_shut_in(self) -> Check:
        """Return what a reader must know of the processes that time components."""
        who = "root" if os.geteuid() == 0 else "the account of the gate"
        message = (
            f"the timed processes run as {who} with an environment of their own and are not shut "
            "in, and their times are their own word: time only code that you trust on this machine"
        )
        return Check(self.dataset, "", "service_time", NOTED, message, side="speed")

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
        status = INCONCLUSIVE if self._short(stages) or status == rule.SUSPECT else status
        found = rule.ratio(stages)
        message = self._message(name, stages, status)
        counted = self._counted(name, status, rows)
        if counted is not None:
            message += f"; {_agrees(counted, status)}"
        low, high = (end - 1.0 for end in sure) if (sure := rule.bounds(stages)) else (None, None)
        check = self._ended(Check(
            self.dataset, name, "service_time", status, message, 1.0, found, found - 1.0,
            low, high, self.speed.margin, "speed", non_inferior=self._safe(stages, status, high),
        ))  # fmt: skip
        return [check, *([self._instructions(name, counted)] if counted is not None else [])]

    def _safe(
        self, stages: Sequence[rule.Stage], status: str, high: float | None
    ) -> bool | None:  # fmt: skip
        """Return whether a larger loss is ruled out; None where these times cannot tell."""
        if high is None or status not in (PASS, REGRESSION):
            return None
        if status == PASS and rule.restless(stages, self.speed.margin):
            return None  # equal code differs as much, so the interval says nothing of head
        return status == PASS and high <= self.speed.margin

    def _short(self, stages: Sequence[rule.Stage]) -> bool:
        return min(len(one.change) for one in stages) < self.speed.launches

    def _ended(self, check: Check) -> Check:
        """Return a check with its command; one that did not pass names command and place."""
        again = self._again(check.component)
        if check.status == PASS:
            return replace(check, reproduce=again)
        return placed(check, self._where(check.component), again)

    def _message(self, name: str, stages: Sequence[rule.Stage], status: str) -> str:
        """Return what, how much and where, in words."""
        low, high = rule.spread(stages)
        launches = sum(len(one.change) for one in stages)
        call = "a batch of decisions" if self._is_policy(name) else "a call of score"
        sure = rule.bounds(stages)
        between = (
            "" if sure is None else f", 90 % interval {sure[0] - 1:+.1%} to {sure[1] - 1:+.1%}"
        )
        text = (
            f"{name} on {self.dataset}: {call} takes {rule.ratio(stages) - 1:+.1%} time against "
            f"{self.pairing.base.name} (median of {launches} launches{between}, margin "
            f"{self.speed.margin:.0%}; single launches from {low - 1:+.1%} to {high - 1:+.1%}; "
            f"base against itself {rule.control_ratio(stages) - 1:+.1%})"
        )
        return text + self._why(stages, status)

    def _why(self, stages: Sequence[rule.Stage], status: str) -> str:
        """Return what of the rule decided, in words; nothing where it plainly passed."""
        if status == REGRESSION:
            return (
                f"; measured twice, as the rule asks: each time the median of {self.speed.launches}"
                " launches is above the margin and all of them but one at most are slower"
            )
        if status == PASS:
            return ", slower at first and not when measured again" if len(stages) > 1 else ""
        if self._short(stages):
            return ", and fewer launches ended than were planned, so nothing is decided"
        if rule.hides(stages):
            return ", and takes longer outside its timed calls, which it does not account for"
        why = rule.why_unsure(stages, self.speed.margin)
        return (
            f", too noisy here to say whether it is slower: {why}; an idle machine or more "
            "launches can tell"
        )

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
        return self._ended(Check(self.dataset, name, "service_time", status, message, side="speed"))

    def _failed(self, name: str, why: str) -> Check:
        message = f"{name} on {self.dataset}: it fails when it is timed: {why}"
        return self._said(name, FAILED, message)

    def _lost(self, name: str, why: str) -> Check:
        """Return what is said where base worked at first, and then did not."""
        message = (
            f"{name} on {self.dataset}: {self.pairing.base.name} could be timed at first and then "
            f"failed, so nothing can be said: {why}"
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
        message = (
            f"{name} on {self.dataset}: peak memory {max(base) / 1024:.1f} -> "
            f"{max(head) / 1024:.1f} MiB ({found - 1:+.1%}, largest of {len(base)} launches, "
            f"margin {margin:.0%})"
        )
        return self._ended(Check(
            self.dataset, name, "peak_memory", REGRESSION if beyond else PASS, message, 1.0, found,
            found - 1.0, margin=margin, side="memory",
        ))  # fmt: skip


def _agrees(counted: float, status: str) -> str:
    """Return whether the count of instructions says the same as the clock."""
    if status == REGRESSION:
        word = "agrees" if counted > 1 + _SAME else "sees no more work: waiting, caches or layout"
    else:
        word = "sees more work" if counted > 1 + _SAME else "sees no more work"
    return f"callgrind {word} ({counted - 1:+.2%} instructions)"
