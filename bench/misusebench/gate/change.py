"""The whole gate on a change: base against the working tree, on the same data sets.

Data sets are made once, with the scenario and the seeds of `gate.toml`. Base's suite runs with
base's code in base's environment, head's with the working tree's; then accuracy, speed and memory
are judged together. Whatever was made for it is removed at the end, also when it is interrupted.
"""

from __future__ import annotations

import shlex
import sys
import tempfile
import threading
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from misusebench.errors import SuiteError
from misusebench.gate import accuracy
from misusebench.gate.asked import full_name
from misusebench.gate.baselines import write_baseline
from misusebench.gate.changed import Since
from misusebench.gate.loosened import loosened_checks, merged, read_before, vanished_worlds
from misusebench.gate.margins import Margins, Worlds, load_margins, need_worlds
from misusebench.gate.places import place
from misusebench.gate.processes import ended, ended_cleanly
from misusebench.gate.speed.environments import Side, base_side, head_side
from misusebench.gate.speed.judge import SpeedGate
from misusebench.gate.speed.measure import Pairing
from misusebench.gate.speed.origins import refuse_mixed
from misusebench.gate.speed.prepare import prepare
from misusebench.gate.speed.process import Process, TimedFault
from misusebench.gate.speed.wheels import lay_out
from misusebench.gate.verdict import REGRESSION, WORST, Check, Verdict
from misusebench.gate.wording import located, shown
from misusesim import shards
from misusesim.scenario.load import load_scenario, scenario_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from misusebench.gate.asked import Asked
    from misusebench.gate.places import Place

    #: A side's suite as its own code reads it, components by name.
    Told = dict[str, Any]

#: Exit codes of a bench that has written its run.
_RAN: Final = (0, 4)
_INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True)
class World:
    """One data set on which a change is judged."""

    name: str
    path: Path
    out: str  # the folder into which a reader of the verdict makes it again
    made: str  # the command that does so


def judge_change(asked: Asked, say: Callable[[str], None] = lambda _: None) -> Verdict:
    """Judge the working tree against a base.

    Parameters
    ----------
    asked
        What against what.
    say
        Called with lines of progress.

    Raises
    ------
    SuiteError
        If `gate.toml`, its suite or the base is wrong, or base and head cannot be compared.
    """
    if not (asked.accuracy or asked.speed):
        raise SuiteError("--no-accuracy and --no-speed together leave nothing to judge")
    margins = load_margins(asked.config)
    worlds = need_worlds(margins, asked.config)  # before anything is made
    with ExitStack() as stack:
        if threading.current_thread() is threading.main_thread():
            stack.enter_context(ended_cleanly())
        folder = asked.config.resolve().parent
        base = stack.enter_context(base_side(asked.base, folder))
        if asked.base.endswith(".whl"):
            lay_out(worlds.suite, folder, base.folder)
        say(f"base {base.name}: {base.how}; head {head_side(folder).how}")
        temporary = tempfile.TemporaryDirectory(prefix="misusebench-gate-")
        where = Path(stack.enter_context(temporary))
        where.chmod(0o755)  # components that are shut in under another account read below it
        change = _Change(asked, margins, worlds, (base, head_side(folder)), where, say)
        checks = change.checks()
    judged = [one.status for one in checks if one.status in WORST]
    if not judged:
        raise SuiteError(f"nothing of {worlds.suite} could be judged against {asked.base}")
    placed = tuple(located(checks, asked.config))
    return Verdict(max(judged, key=WORST.index), placed, asked.strict, asked.only)


class _Change:
    """One change while it is judged."""

    def __init__(
        self, asked: Asked, margins: Margins, worlds: Worlds, sides: tuple[Side, Side],
        where: Path, say: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._asked, self._worlds, self._say = asked, worlds, say
        self._base, self._head = sides
        self._where = where
        self._before = read_before(self._base.folder / asked.config.name)
        self._own, self._margins = margins, merged(margins, self._before)
        head, commit = self._head, full_name(asked.base, self._head.folder)
        search = (str(head.folder), *head.paths)
        self._since = None if asked.base.endswith(".whl") else Since(commit, head.folder, search)

    def checks(self) -> list[Check]:
        """Make data, run what there is to run, and return all checks."""
        found = self._taken_away()
        told = [{**one, "components": self._asked.chosen(one["components"], side.name)}
                for side in (self._base, self._head) for one in [self._told(side)]]  # fmt: skip
        of_base, of_head = (one["components"] for one in told)
        refuse_mixed(self._base, self._head, of_base, of_head)
        made = self._data()
        if self._asked.accuracy:
            found += self._accuracy(made)
        if self._asked.speed:
            found += self._speed(made[0], *told)
        return found

    def _taken_away(self) -> list[Check]:
        """Return what the change takes away from the gate itself."""
        file, base = shown(self._asked.config), self._base.name
        found = loosened_checks(self._own, self._before, file, base)
        if self._before.worlds is None:
            return found
        head = self._worlds, self._head.folder
        return [
            *vanished_worlds(head, (self._before.worlds, self._base.folder), file, base), *found,
        ]  # fmt: skip

    def _suite(self, side: Side) -> str:
        """Return the suite that a side is judged with: its own, also where head names another."""
        own = self._before.worlds if side is self._base else None
        return self._source((own or self._worlds).suite, side)

    def _whose(self, side: Side) -> str:
        """Return a side's suite in words: one that base lacks is the working tree's."""
        name = self._suite(side)
        if not name.endswith(".toml"):
            return f"{side.name}: its suite {name}"
        if Path(name).is_relative_to(side.folder):
            return f"{side.name}: its suite {Path(name).relative_to(side.folder)}"
        return f"{self._head.name}: its suite {shown(name)}, which {side.name} does not have,"

    def _source(self, name: str, side: Side) -> str:
        """Return a scenario or a suite as a side has it: a file beside its gate.toml, or a name."""
        if not name.endswith(".toml"):
            return name
        path = side.folder / name
        return str(path if path.is_file() else self._head.folder / name)

    def _data(self) -> list[World]:
        """Make the data sets that are not there yet; base and head get the same."""
        worlds, found = self._worlds, []
        seeds = worlds.seeds if self._asked.accuracy else worlds.seeds[:1]  # speed needs one
        source = self._source(worlds.scenario, self._head)
        for nth, seed in enumerate(seeds):
            scenario = load_scenario(source, seed=seed, days=worlds.days)
            name = f"{scenario.name}-{seed}"
            folder = (self._asked.data or self._where / "data").resolve()
            path = folder / f"{name}-{scenario_hash(scenario)[:12]}"
            self._say(f"data: {nth + 1} of {len(seeds)}, {name}")
            shards.run(scenario, path, None)
            told = shown(source) if source.endswith(".toml") else source
            words = ["misusebench", "simulate", told, "--seed", str(seed)]
            words += ["--days", str(worlds.days)] if worlds.days else []
            out = f"data-{name}"
            found.append(World(name, path, out, shlex.join([*words, "-o", out])))
        return found

    def _accuracy(self, made: Sequence[World]) -> list[Check]:
        """Run both suites on all data sets and hand the runs to the accuracy gate."""
        heads, bases = [], self._where / "base"
        for nth, world in enumerate(made):
            for side, out in ((self._base, bases), (self._head, self._where / "head")):
                self._say(f"accuracy: {side.name} on {world.name}, {nth + 1} of {len(made)}")
                self._bench(side, world, out / world.name)
            self._baseline(bases / world.name, bases / f"{world.name}.json")
            heads.append(self._where / "head" / world.name)
        only = self._asked.only
        verdict = accuracy.gate(heads, bases, self._margins, since=self._since, whole=not only)
        judged = [one for one in verdict.checks if not only or one.component in only]
        return [self._reproducible(check, made) for check in judged]

    def _baseline(self, run: Path, file: Path) -> None:
        """Write what is kept of base's run; where base has code of ours, as its metrics gate."""
        if self._base.python != sys.executable:
            words = [self._base.python, "-P", "-m", "misusebench", "gate", str(run), "--baseline",
                     str(file), "--write-baseline", "--quiet"]  # fmt: skip
            ended(words, self._base)
        if not file.is_file():  # a base from before there were baselines
            write_baseline(run, file)

    def _bench(self, side: Side, world: World, out: Path) -> None:
        """Run a side's suite on a data set, with its own code.

        Raises
        ------
        SuiteError
            If that cannot be: what the bench said.
        """
        suite = self._suite(side)
        words = [side.python, "-P", "-m", "misusebench", "bench", str(world.path), "--suite", suite,
                 "-o", str(out), "--quiet"]  # fmt: skip
        words += [word for name in self._asked.only for word in ("--only", name)]
        words += ["--unsafe"] if self._asked.unsafe else []
        code, said = ended(words, side)
        if code == _INTERRUPTED:
            raise KeyboardInterrupt
        if code not in _RAN or not (out / "run.json").is_file():
            raise SuiteError(f"{self._whose(side)} cannot be run: {said.strip()[-2000:]}")

    def _reproducible(self, check: Check, made: Sequence[World]) -> Check:
        """Return a check whose command makes its data set first: that of the gate is removed."""
        message, again = check.message, check.reproduce
        if again and check.message.startswith(f"{check.component} has vanished"):
            whole = self._asked.again("--no-speed")  # head has nothing that could be run
            return replace(check, message=message.replace(again, whole), reproduce=whole)
        for world in made:
            old = f"misusebench bench {shlex.quote(str(world.path))}"
            fresh = f"{world.made} && misusebench bench {shlex.quote(world.out)}"
            message = message.replace(old, fresh)
            again = again.replace(old, fresh) if again else again
        return replace(check, message=message, reproduce=again)

    def _speed(self, world: World, base: Told, head: Told) -> list[Check]:
        """Time the components that both sides have, on one data set."""
        both = [name for name in base["components"] if name in head["components"]]
        timed = [name for name in both if not self._why_not(base, head, name)]
        of_base, of_head = ({n: one["components"][n] for n in timed} for one in (base, head))
        facts = any(one["kind"] == "policy" for one in of_head.values())
        folder = self._where / "timed"
        name = prepare(world.path, folder, head, facts=facts) if timed else world.name
        pairing = Pairing(self._base, self._head, of_base, of_head, folder)
        gate = SpeedGate(pairing, name, self._margins.speed, self._margins.memory,
                         self._asked.speed_again, self._say,
                         lambda name: self._place(head["components"][name]))  # fmt: skip
        gone = [one for one in base["components"] if one not in head["components"]]
        found = [] if self._asked.accuracy else [
            Check(name, one, "service_time", REGRESSION, f"{one} has vanished from the suite",
                  side="speed") for one in gone
        ]  # fmt: skip
        rest = [gate.untimed(n, self._why_not(base, head, n)) if base["components"][n]["why_not"]
                else gate.no_longer(n, self._why_not(base, head, n))
                for n in both if n not in timed]  # fmt: skip
        return found + ([*gate.checks(), gate.not_shut_in()] if timed else []) + rest

    def _place(self, told: Mapping[str, Any]) -> Place | None:
        """Return where a fault of a component lies of which only the time is known."""
        given = {**told["parameters"], "policy": told.get("policy_name")}
        return place(({}, {}), {"target": told["target"], "parameters": given}, self._since)

    @staticmethod
    def _why_not(base: Told, head: Told, name: str) -> str:
        return str(head["components"][name]["why_not"] or base["components"][name]["why_not"])

    def _told(self, side: Side) -> Told:
        """Return a side's suite as its own code reads it, components by name."""
        with Process(side, 0) as process:
            try:
                told = process.ask("suite", source=self._suite(side))
            except TimedFault as fault:
                raise SuiteError(f"{self._whose(side)} cannot be read: {fault}") from fault
        return {**told, "components": {one["name"]: one for one in told["components"]}}
