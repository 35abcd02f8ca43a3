"""The file of each campaign, and the office that investigates and decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import simpy

from misusesim import rng
from misusesim.clock import DAY_US, NEVER
from misusesim.dataset.schema import MISUSE_KINDS

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from numpy.typing import NDArray

    from misusesim.clock import LocalClock
    from misusesim.misuse import MisusePlan
    from misusesim.scenario.misuse import PermitChecks
    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Agency

LEAVES: Final = frozenset({"resigned", "dismissed", "charged"})
#: What tells nobody that he was found out.
_NO_NOTICE: Final = frozenset({"no_action", "unfounded"})
#: Days of a suspension (assumption).
SUSPENSION_DAYS: Final = 30
_PERMIT: Final = MISUSE_KINDS.index("permit_checks")


@dataclass(slots=True)
class File:
    """What is known of one campaign."""

    row: int
    times: NDArray[np.int64]  # its queries on record, ascending
    unit: bool  # a unit's practice
    exact: bool  # runs its course whatever is decided
    officers: tuple[int, ...] = ()  # who made them
    latest: int = NEVER  # decided before this time
    found_by: str = "never"
    found_at: int = NEVER
    outcome: str | None = None
    decided_at: int = NEVER
    goes_on: bool = False

    @property
    def away(self) -> tuple[int, int] | None:
        """Return from when to when its officers may not work because of the decision."""
        if self.outcome == "suspended":
            return self.decided_at, self.decided_at + SUSPENSION_DAYS * DAY_US
        if self.outcome in LEAVES:
            return self.decided_at, NEVER
        return None


@dataclass(slots=True)
class Office:
    """Who investigates at one agency."""

    scenario: Scenario
    agency: Agency
    plan: MisusePlan
    clock: LocalClock
    env: simpy.Environment = field(init=False)
    files: list[File] = field(init=False)

    def __post_init__(self) -> None:
        """Open a file for each campaign, from the warm-up on."""
        self.env = simpy.Environment(initial_time=self.clock.week_bounds(-1)[0])
        self.files = [self._file(row) for row in range(len(self.plan.campaigns.campaign_id))]

    def _file(self, row: int) -> File:
        steps = self.plan.occasions
        mine = steps.campaign == row
        times = np.sort(np.repeat(steps.start[mine], steps.n[mine]))
        officers = tuple(np.unique(steps.officer[mine]).tolist())
        if int(self.plan.campaigns.kind[row]) != _PERMIT:
            unit = self.plan.planned[row].unit is not None
            return File(row, times, unit=unit, exact=False, officers=officers)
        rule = _permits(self.scenario, self.agency)
        exact = rule is not None and rule.per_year is not None
        file = File(row, times, unit=True, exact=exact, officers=officers)
        if rule is not None and rule.decided_within_days is not None:
            file.latest = self.clock.horizon[0] + rule.decided_within_days * DAY_US
        return file

    def stream(self, file: File, name: str) -> np.random.Generator:
        """Return the generator of one purpose of one campaign's fate."""
        # the opaque id is a property of the campaign alone, its row is not
        key = int(self.plan.campaigns.campaign_id[file.row][-8:], 16)
        return rng.stream(self.scenario.seed, f"oversight/{name}", self.agency.index, key)

    def found(
        self, file: File, chance: np.random.Generator, by: str
    ) -> Generator[simpy.Event, Any, None]:
        """Investigate and decide; only the first discovery counts."""
        if file.found_at < NEVER:
            return
        settings, now = self.scenario.oversight, int(self.env.now)
        file.found_by, file.found_at = by, now
        days = 1 + int(chance.standard_exponential() * settings.delay_days)
        drawn, again, cleared = chance.random(3)
        # a day is left between a decision and the time before which it must fall
        until = min(now + days * DAY_US, max(now + DAY_US, file.latest - DAY_US))
        yield self.env.timeout(until - now)
        file.outcome, file.decided_at = "retrained", int(self.env.now)
        if not file.unit:
            weights = settings.outcomes.model_dump()
            file.outcome = picked(weights, drawn)
            if cleared < settings.cleared_share:
                file.outcome = "unfounded"
        repeats = settings.repeat_after_notice_share
        if file.outcome in _NO_NOTICE:
            repeats = settings.repeat_share
        file.goes_on = file.exact or (file.outcome not in LEAVES and again < repeats)
        self._keep_away(file)

    def away(self, file: File, time: int) -> bool:
        """Tell whether a decision kept the officers of a campaign from work at a time."""
        spans = [
            other.away for other in self.files if set(other.officers) & set(file.officers)
        ]  # fmt: skip
        return any(span is not None and span[0] <= time < span[1] for span in spans)

    def _keep_away(self, file: File) -> None:
        """Take what somebody does no more out of his other campaigns."""
        if (away := file.away) is None:
            return
        for other in self.files:
            if not other.unit and set(other.officers) & set(file.officers):
                out = (other.times >= away[0]) & (other.times < away[1])
                other.times = other.times[~out]


def _permits(scenario: Scenario, agency: Agency) -> PermitChecks | None:
    """Return what the scenario says of permit checks by agencies of this group."""
    for rule in scenario.misuse:
        if rule.kind == "permit_checks" and rule.agency_group == agency.group.name:
            return rule
    return None


def picked(weights: dict[str, float], part: float) -> str:
    """Return the name at a part, [0, 1), of all the weights."""
    passed = np.cumsum(list(weights.values()))
    at = int(np.searchsorted(passed, part * passed[-1], side="right"))
    return list(weights)[min(at, len(weights) - 1)]


def kept(
    time: NDArray[np.int64],
    officer: NDArray[np.int32],
    campaign: NDArray[np.int32],
    files: Sequence[File],
) -> NDArray[np.bool_]:
    """Return which steps still happen.

    After a notice hardly anybody goes on, and who is away does nothing at all.
    """
    stop = np.array(
        [f.decided_at if f.outcome is not None and not f.goes_on else NEVER for f in files],
        np.int64,
    )
    still = np.asarray(time < np.append(stop, NEVER)[campaign])
    for file in files:
        if (away := file.away) is not None:
            out = np.isin(officer, file.officers) & (time >= away[0]) & (time < away[1])
            still &= ~out
    return still
