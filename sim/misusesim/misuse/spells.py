"""Kinds that go on for some weeks, sitting by sitting: who begins, how long, how often, on whom.

What sets such kinds apart is a `Way`, one per kind, in the file of its family. Everything here is
drawn from streams named by kind, agency and campaign, so no kind and no horizon moves another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from misusesim.clock import WEEK_US
from misusesim.dataset.schema import ACTIONS, INTENTS, MISUSE_KINDS, PURPOSES, ROLES, VIOLATIONS
from misusesim.misuse.moments import in_shifts, moment, on_duty_share, own_shifts
from misusesim.misuse.rungs import (
    COLLEAGUE,
    PLAUSIBLE,
    Cover,
    Rung,
    Story,
    at_work,
    drawn_rung,
    home_topic,
)
from misusesim.misuse.writing import MOST_STEPS, Campaign, Scene, Step
from misusesim.occasions import DEFAULT, NONE, TEMPLATE, TOPIC
from misusesim.scenario.levels import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from misusesim.scenario.prevalence import AskingColleagues, Course, Spell

    Ints = NDArray[np.int64]

#: Weeks before the scenario in which such a campaign may have begun, and the longest one there is;
#: with the 524 weeks of the longest scenario they fit a serial (writing.py).
LEAD: Final = 116
#: Tenths of the median length, and of the mean number of sittings; equal weights (assumptions; as
#: the documented lengths of 14-471 days spread, domain note 5.1).
STRETCH: Final = (2, 3, 5, 6, 8, 9, 11, 12, 15, 18, 25, 45)
ZEAL: Final = (2, 4, 6, 8, 9, 10, 11, 13, 17, 30)
MEAN_ZEAL: Final = 1.1
_ANY: Final = (None,)
_SECOND_US: Final = 1_000_000
_WEEKS_PER_YEAR: Final = 365 / 7
#: Who can be asked to run somebody, as he is asked over the radio or at the counter every day.
ASKED: Final = {"dispatcher": ("call_dispatch",), "records_clerk": ("records_request",)}
#: By rung: no cover, a wrong purpose, somebody else's or an unrelated case.
BY_RUNG: Final = tuple(
    VIOLATIONS.index(v) for v in ("no_need_to_know", "purpose", "false_case", "false_case")
)


class Targets(NamedTuple):
    """Whom the sittings of a campaign are about."""

    subjects: list[int]  # of each sitting; NONE: strangers, drawn with the rows
    tie: int = NONE  # code of TIE_KINDS


@dataclass(frozen=True, slots=True)
class Way:
    """How a kind goes about it."""

    kind: str
    motive: str
    intent: str
    sittings: Mapping[str, tuple[str, ...]]  # role -> templates, each as likely
    queries: tuple[int, ...]  # of a sitting, each as likely
    whom: Callable[[Scene, int, int, int, np.random.Generator], Targets | None]
    topic: str = "patrol"  # what it is about, and what is said on the rung "declared"
    purpose: str | None = "other"  # declared on that rung; None: as the template has it
    violation: str | None = None  # else by rung
    #: Role -> what is done with the answers, each as likely; None: whatever one always does.
    actions: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    at_work: bool = True  # False: at level hard, too, some sittings follow a shift
    gap_s: int = 25
    matter: Callable[[Scene, int, int], int] | None = None  # whom it is about at its time instead


def weeks_of(scene: Scene) -> Ints:
    """Return when the weeks begin in which a campaign may, from -LEAD on."""
    return scene.clock.day_start(np.arange(-LEAD, scene.clock.weeks) * 7)


def starts(
    scene: Scene, kind: str, per_week: NDArray[np.floating[Any]], able: NDArray[np.bool_]
) -> Iterator[tuple[int, int]]:
    """Yield week (from -LEAD, counted from 0) and officer of each campaign that begins.

    Parameters
    ----------
    scene
        The agency.
    kind
        Names the streams.
    per_week
        Mean number of campaigns that begin, per week.
    able
        Who may be the one, per officer; he must hold an account when the week begins.
    """
    counts = scene.stream(f"{kind} starts").poisson(per_week)
    begins = weeks_of(scene)
    for week in np.flatnonzero(counts).tolist():
        here = (scene.officers.hired <= begins[week]) & (scene.officers.left > begins[week])
        some = np.flatnonzero(able & here)
        chance = scene.stream(f"{kind} who", week)
        number = min(int(counts[week]), len(some))
        for officer in sorted(chance.choice(some, number, replace=False).tolist()):
            yield week, officer


def present(scene: Scene) -> Ints:
    """Return how many hold an account as each week begins, from -LEAD on."""
    begins, people = weeks_of(scene), scene.officers
    come = np.searchsorted(np.sort(people.hired), begins, side="right")
    return np.asarray(come - np.searchsorted(np.sort(people.left), begins, side="right"))


def of_roles(scene: Scene, roles: Mapping[str, object]) -> NDArray[np.bool_]:
    """Return who has one of some roles."""
    return np.isin(scene.officers.role, [ROLES.index(role) for role in roles])


def wishes(
    misuse: Spell, begin: int, chance: np.random.Generator, until: int
) -> list[tuple[int, float, float]] | None:
    """Return when somebody would like to look, with draws for duty and place; at least once.

    Parameters
    ----------
    misuse
        Length and pace.
    begin, until
        Begin of the campaign; None is returned if it is over by `until`.
    chance
        The campaign's own.
    """
    stretch = STRETCH[int(chance.integers(len(STRETCH)))]
    weeks = min(LEAD, max(1, round(misuse.weeks_median * stretch / 10)))
    if begin + weeks * WEEK_US < until:
        return None
    zeal = ZEAL[int(chance.integers(len(ZEAL)))] / 10 / MEAN_ZEAL
    counts = chance.poisson(misuse.sittings_per_week * zeal, weeks)
    counts[0] = max(1, counts[0])
    offset = chance.integers(0, WEEK_US // _SECOND_US, int(counts.sum())) * _SECOND_US
    at = np.sort(begin + np.repeat(np.arange(weeks), counts) * WEEK_US + offset)
    if len(at) > MOST_STEPS:  # thinned evenly: no part of the campaign is cut off
        at = at[np.arange(MOST_STEPS) * len(at) // MOST_STEPS]
    draws = chance.random((2, len(at)))
    return list(zip(at.tolist(), *draws.tolist(), strict=True))


class CourseCampaigns:
    """Campaigns of one officer each, who goes about it in one way."""

    def __init__(self, way: Way) -> None:
        self.way = way

    def campaigns(self, scene: Scene, misuse: Course) -> Iterator[Campaign]:
        """Yield planned campaigns; the rate is of all officers, whoever of them can do it."""
        rate = misuse.officers_per_year / _WEEKS_PER_YEAR
        able = of_roles(scene, self.way.sittings)
        if not able.any():
            return
        for week, officer in starts(scene, self.way.kind, rate * present(scene), able):
            campaign = self._planned(scene, misuse, week, officer)
            if campaign is not None:
                yield campaign

    def _planned(self, scene: Scene, misuse: Course, week: int, officer: int) -> Campaign | None:
        chance = scene.stream(f"{self.way.kind} plan", week, officer)
        rung = drawn_rung(misuse.rungs, chance)
        begin = int(weeks_of(scene)[week])
        when = wishes(misuse, begin, chance, scene.clock.horizon[0])
        if when is None:
            return None
        whom = self.way.whom(scene, officer, begin, len(when), chance)
        if whom is None:
            return None
        does = who_does(scene, self.way.kind, misuse, rung, week, officer, begin)
        told = Teller(scene, self.way, rung, officer, does if does != officer else None)
        steps = sat(
            scene, self.way, does, told, list(zip(when, whom.subjects, strict=True)), chance
        )
        if not steps:
            return None
        return Campaign(
            key=(MISUSE_KINDS.index(self.way.kind), week, officer),
            rung=told.rung, tie=whom.tie, intent=INTENTS.index(self.way.intent),
            violation=violation(self.way, told.rung, asked=does != officer),
            severity=misuse.severity, motive=self.way.motive,
            officers=tuple(dict.fromkeys((officer, does))), steps=tuple(steps), wished=len(when),
            asks_for=officer if does != officer else NONE,
        )  # fmt: skip


class Teller:
    """What is typed at each sitting of a campaign."""

    def __init__(
        self, scene: Scene, way: Way, rung: Rung, officer: int, asked: int | None = None
    ) -> None:
        purpose = DEFAULT if way.purpose is None else PURPOSES.index(way.purpose)
        self._asked, self._scene = asked, scene
        self._usual = NONE if asked is None else home_topic(scene, asked)
        self._cover = Cover(scene, rung, officer, purpose, TOPIC[way.topic])

    @property
    def rung(self) -> int:
        """Return the rung that is lived."""
        return self._cover.rung.code

    def told(self, time: int, chance: np.random.Generator, *, plate: bool = False) -> Story:
        """Return what is typed at a time: a colleague who is asked types what he always does."""
        story = self._cover.told(time, chance, plate=plate)
        if self._asked is None:
            return story
        usual = Story(COLLEAGUE, DEFAULT, self._usual)
        return at_work(self._scene, self._asked, time, usual)


_LEAVES_A_TRACE: Final = ("print", "export")


def sat(
    scene: Scene, way: Way, officer: int, teller: Teller,
    planned: list[tuple[tuple[int, float, float], int]], chance: np.random.Generator,
) -> list[Step]:  # fmt: skip
    """Return the sittings of one account holder: each wish waits for a chance to act on it."""
    role = ROLES[scene.officers.role[officer]]
    templates = way.sittings.get(role) or ASKED[role]
    mine, steps = own_shifts(scene, officer), list[Step]()
    bound = LEVELS[scene.scenario.level].bound
    for (week, duty, place), subject in planned:
        wish = in_shifts(scene, mine, week)
        template = templates[int(chance.integers(len(templates)))]
        queries = way.queries[int(chance.integers(len(way.queries)))]
        acts = _actions(scene, way, role)
        action = acts[int(chance.integers(len(acts)))]
        on_duty = (way.at_work and bound) or duty < on_duty_share(scene)
        time = moment(scene, mine, wish, 0.0 if on_duty else duty, place)
        told = teller.told(time or wish, chance, plate=template == "plate_check")
        if time is not None:
            if way.matter is not None:
                subject = way.matter(scene, officer, time)  # noqa: PLW2901 - known only now
            steps.append(
                Step(officer, time, queries, TEMPLATE[template], TOPIC[way.topic], subject, told,
                     gap_s=way.gap_s, action=DEFAULT if action is None else ACTIONS.index(action))
            )  # fmt: skip
    return steps


def _actions(scene: Scene, way: Way, role: str) -> tuple[str | None, ...]:
    """Return what may be done with an answer; whoever hides copies by hand instead of printing."""
    acts = way.actions.get(role, _ANY)
    if LEVELS[scene.scenario.level].as_usual:
        acts = tuple(None if action in _LEAVES_A_TRACE else action for action in acts)
    return acts


def who_does(
    scene: Scene, kind: str, misuse: AskingColleagues, rung: Rung, week: int, officer: int,
    begin: int,
) -> int:  # fmt: skip
    """Return who runs a campaign: a dispatcher or clerk where one is asked, mostly the officer."""
    people, chance = scene.officers, scene.stream(f"{kind} colleague", week, officer)
    if rung.code != PLAUSIBLE or chance.random() >= misuse.asks_colleague:
        return officer
    here = (people.hired <= begin) & (people.left > begin) & of_roles(scene, ASKED)
    some = np.flatnonzero(here)
    which = chance.random()
    some = some[some != officer]
    return int(some[int(which * len(some))]) if len(some) else officer


def violation(way: Way, rung: int, *, asked: bool = False) -> int:
    """Return which written rule a campaign breaks: the kind's own, else what the rung says."""
    if way.violation is not None:
        return VIOLATIONS.index(way.violation)
    return BY_RUNG[0] if asked else BY_RUNG[rung]
