"""Personal kinds: one officer, one person he has a tie with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import simpy

from misusesim import rng
from misusesim.clock import DAY_US, HOUR_US, MINUTE_US, WEEK_US
from misusesim.dataset.schema import (
    INCIDENT_KINDS,
    INTENTS,
    MISUSE_KINDS,
    PURPOSES,
    ROLES,
    TIE_KINDS,
    VIOLATIONS,
)
from misusesim.dice import Dice
from misusesim.misuse.moments import in_shifts, moment, own_shifts
from misusesim.misuse.rungs import (
    COLLEAGUE,
    INVENTED,
    Cover,
    Rung,
    Story,
    at_work,
    drawn_rung,
    home_topic,
)
from misusesim.misuse.spells import MEAN_ZEAL, STRETCH, ZEAL, who_does
from misusesim.misuse.writing import LEAD_WEEKS, MOST_STEPS, Campaign, Pretext, Scene, Step
from misusesim.occasions import DEFAULT, NONE, TEMPLATE, TOPIC
from misusesim.scenario.levels import LEVELS
from misusesim.workload import durations, topics
from misusesim.workload.reasons import habits

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from numpy.typing import NDArray

    from misusesim.scenario.misuse import Retaliation, RomanticInterest
    from misusesim.scenario.prevalence import ByOfficer

    Ints = NDArray[np.int64]

#: What a sitting is made of, the same as honest look-ups of one person by the same role and only in
#: systems the role is granted.
_AFIELD: Final = ("name_check", "name_check", "plate_check", "plate_check", "warrant_check",
                  "alpr_search", "alpr_search")  # fmt: skip
_SITTINGS: Final = {
    "patrol": _AFIELD, "detective": _AFIELD, "supervisor": _AFIELD,
    "analyst": ("name_check", "plate_check", "alpr_search"),
    "dispatcher": ("call_dispatch",), "records_clerk": ("records_request",),
    "jail": ("jail_check",), "licensing_clerk": ("records_request",),
}  # fmt: skip
QUERIES: Final = (1, 1, 1, 1, 2, 2, 3)
MEAN_QUERIES: Final = sum(QUERIES) / len(QUERIES)
#: Campaigns that look at the target's partner too, and how often then (assumptions).
_PARTNER_CAMPAIGNS, _PARTNER_STEPS = 0.3, 0.25
#: Romantic interest in somebody met at an incident in the two weeks before (assumption).
_MET_SHARE: Final = 0.15
_MET_US: Final = 14 * DAY_US
_ADULT_YEARS: Final = 18
_STREET: Final = ("patrol", "supervisor")
#: From the look-up to the stop (documented "hours to days", domain note 5.1; assumption).
DELAYS: Final = (10 * MINUTE_US, 40 * MINUTE_US, 3 * HOUR_US, 20 * HOUR_US, 30 * HOUR_US,
                  3 * DAY_US)  # fmt: skip
_TOW_SHARE: Final = 0.25
_ON_FOOT: Final = 2  # of five stops by those who hide, which cars alone would tell (assumption)
#: As with honest stops: numbers that a mandatory field gets (query/wording.py).
_MANDATORY_TYPED: Final = 0.985
_OTHER: Final = PURPOSES.index("other")
_MALICIOUS: Final = INTENTS.index("malicious")
#: By rung: no cover, a wrong purpose, somebody else's or an unrelated case.
_VIOLATION: Final = tuple(
    VIOLATIONS.index(v) for v in ("no_need_to_know", "purpose", "false_case", "false_case")
)


class Recruit(NamedTuple):
    """An officer who begins a campaign."""

    week: int  # from -LEAD_WEEKS, counted from 0
    officer: int
    target: int  # the other person
    tie: int  # code of TIE_KINDS, NONE: met at work


class _Personal:
    """Recruits officers by a weekly hazard."""

    kind: str
    ties: dict[str, int]  # weight of one tie of each kind
    roles: tuple[str, ...]
    met_share = 0.0

    def recruit(self, scene: Scene, misuse: ByOfficer) -> Iterator[Recruit]:
        """Yield who begins a campaign, week by week and in order of rows.

        The rate is of all officers present; who cannot do it leaves his part to the others. Neither
        a longer horizon nor another kind of misuse changes an answer.
        """
        able = np.flatnonzero(self._able(scene))
        some = scene.there[:, able]
        hazard = misuse.officers_per_year * 7 / 365
        chance = hazard * scene.there.sum(axis=1) / np.maximum(1, some.sum(axis=1))
        dice = self._dice(scene, np.arange(len(some))[:, None], able)
        begun = some & dice.chance(f"misuse/{self.kind} start", chance[:, None])
        if not begun.any():  # mostly, in a short scenario
            return
        week, officer = (axis.astype(np.int64) for axis in np.nonzero(begun))
        officer = able[officer]
        # whom is asked of those only who begin: hardly anybody
        which = rng.unit(self._dice(scene, week, officer).bits(f"misuse/{self.kind} whom"))
        for recruit in zip(week.tolist(), officer.tolist(), which.tolist(), strict=True):
            whom = self._whom(scene, recruit[1], int(scene.weeks[recruit[0]]), recruit[2])
            if whom is not None:
                yield Recruit(*recruit[:2], *whom)

    def _dice(self, scene: Scene, week: Ints, officer: Ints) -> Dice:
        """Return the dice of weeks and officers, which broadcast."""
        entity = week.astype(np.uint64) | officer.astype(np.uint64) << np.uint64(16)
        return Dice(scene.scenario.seed, entity | np.uint64(scene.agency.index << 48))

    def _able(self, scene: Scene) -> NDArray[np.bool_]:
        able = np.zeros(len(ROLES), np.bool_)
        able[[ROLES.index(role) for role in self.roles]] = True
        return able[scene.officers.role]

    def _whom(self, scene: Scene, officer: int, begin: int, which: float) -> tuple[int, int] | None:
        """Return person and tie that the officer turns to, None if he knows nobody."""
        at_work = which < self.met_share
        which = (
            which / self.met_share if at_work else (which - self.met_share) / (1 - self.met_share)
        )
        if at_work and not scene.on_file and begin > scene.known_from:
            return 0, NONE  # somebody, or a tie that is older: there is a campaign either way
        if at_work and len(met := _met(scene, officer, begin)):
            return int(met[int(which * len(met))]), NONE
        weight = np.array([self.ties.get(name, 0) for name in TIE_KINDS])
        mine = np.flatnonzero((scene.ties.officer == officer) & (scene.ties.since <= begin))
        passed = np.cumsum(weight[scene.ties.kind[mine]])
        if not len(mine) or not passed[-1]:
            return None
        row = mine[int(np.searchsorted(passed, which * passed[-1], side="right"))]
        return int(scene.ties.subject[row]), int(scene.ties.kind[row])

    def _campaign(
        self, misuse: ByOfficer, recruit: Recruit, rung: Rung, motive: str, steps: list[Step],
        wished: int,
    ) -> Campaign:  # fmt: skip
        return Campaign(
            key=(MISUSE_KINDS.index(self.kind), recruit.week, recruit.officer),
            rung=rung.code,
            tie=recruit.tie,
            intent=_MALICIOUS,
            violation=_VIOLATION[rung.code],
            severity=misuse.severity,
            motive=motive,
            officers=(recruit.officer,),
            steps=tuple(steps[:MOST_STEPS]),
            wished=wished,
        )


def _met(scene: Scene, officer: int, begin: int) -> Ints:
    """Return adults whom the officer met at incidents shortly before."""
    incidents = scene.incidents
    recent = (incidents.known < begin) & (incidents.known >= begin - _MET_US)
    people = incidents.subject[recent & (incidents.officer == officer)]
    born = scene.population.birth_year(people)
    grown = born <= scene.scenario.start.year - _ADULT_YEARS
    return np.asarray(people[grown & (people != scene.officers.subject[officer])])


def _begun(scene: Scene, recruit: Recruit) -> int:
    return scene.clock.week_bounds(recruit.week - LEAD_WEEKS)[0]


def _motive(what: str, recruit: Recruit) -> str:
    if recruit.tie == NONE:
        return f"{what} somebody met at work"
    return f"{what} {TIE_KINDS[recruit.tie].replace('_', ' ')}"


class RomanticInterestCampaigns(_Personal):
    """Follows a partner, a former partner, a neighbour or somebody met at work for weeks to months.

    Twins: victim protection under an assigned case, a warrant unit's repeats, a hot-listed plate.
    """

    kind = "romantic_interest"
    ties = {"ex": 6, "spouse": 3, "neighbour": 1, "colleague": 1}  # noqa: RUF012 - a constant
    roles = tuple(_SITTINGS)
    met_share = _MET_SHARE

    def campaigns(self, scene: Scene, misuse: RomanticInterest) -> Iterator[Campaign]:
        """Yield planned campaigns."""
        for recruit in self.recruit(scene, misuse):
            chance = scene.stream(f"{self.kind} plan", recruit.week, recruit.officer)
            rung = drawn_rung(misuse.rungs, chance)
            cover = Cover(scene, rung, recruit.officer, _OTHER, TOPIC["patrol"])
            wishes = self._wishes(misuse, _begun(scene, recruit), chance)
            whom = self._targets(scene, recruit, len(wishes), chance)
            steps: list[Step] = []
            env = simpy.Environment(initial_time=wishes[0][0])
            does = who_does(scene, self.kind, misuse, rung, *recruit[:2], _begun(scene, recruit))
            env.process(self._follow(env, scene, does, cover, wishes, whom, steps, chance))
            env.run()
            if steps:
                motive = _motive("interest in", recruit)
                planned = self._campaign(misuse, recruit, cover.rung, motive, steps, len(wishes))
                yield planned if does == recruit.officer else _asked(scene, planned, does)

    @staticmethod
    def _wishes(
        misuse: RomanticInterest, begin: int, chance: np.random.Generator
    ) -> list[tuple[int, float]]:
        """Return when he would like to look, each with a draw for duty; at least once."""
        stretch = STRETCH[int(chance.integers(len(STRETCH)))]
        weeks = max(1, round(misuse.weeks_median * stretch / 10))
        zeal = ZEAL[int(chance.integers(len(ZEAL)))] / 10 / MEAN_ZEAL
        counts = chance.poisson(misuse.queries_per_week * zeal / MEAN_QUERIES, weeks)
        counts[0] = max(1, counts[0])
        offset = chance.integers(0, WEEK_US // 1_000_000, int(counts.sum())) * 1_000_000
        at = np.sort(begin + np.repeat(np.arange(weeks), counts) * WEEK_US + offset)
        return list(zip(at.tolist(), chance.random(len(at)).tolist(), strict=True))

    @staticmethod
    def _targets(
        scene: Scene, recruit: Recruit, count: int, chance: np.random.Generator
    ) -> list[int]:
        """Return whom each look-up is about: now and then the target's partner."""
        jealous = chance.random() < _PARTNER_CAMPAIGNS
        draws = chance.random(count)
        if not jealous:
            return [recruit.target] * count
        other = int(scene.population.partner(np.array([recruit.target]))[0])
        if other == scene.officers.subject[recruit.officer]:
            return [recruit.target] * count
        return [other if d < _PARTNER_STEPS else recruit.target for d in draws.tolist()]

    @staticmethod
    def _follow(
        env: simpy.Environment,
        scene: Scene,
        officer: int,
        cover: Cover,
        wishes: list[tuple[int, float]],
        whom: list[int],
        steps: list[Step],
        chance: np.random.Generator,
    ) -> Generator[simpy.Event, Any, None]:
        """Wait for each wish, then for a chance to act on it."""
        sittings = _SITTINGS[ROLES[scene.officers.role[officer]]]
        mine = own_shifts(scene, officer)
        for (wish, duty), target in zip(wishes, whom, strict=True):
            yield env.timeout(max(0, wish - env.now))
            template = sittings[int(chance.integers(len(sittings)))]
            queries = QUERIES[int(chance.integers(len(QUERIES)))]
            time = moment(scene, mine, in_shifts(scene, mine, wish), duty, chance.random())
            told = cover.told(time or wish, chance, plate=template == "plate_check")
            if time is None:
                continue
            steps.append(
                Step(officer, time, queries, TEMPLATE[template], TOPIC["patrol"], target, told)
            )


def _asked(scene: Scene, planned: Campaign, does: int) -> Campaign:
    """Return a campaign that a colleague runs: he types what he always does."""
    told = Story(COLLEAGUE, DEFAULT, home_topic(scene, does))
    return replace(
        planned,
        steps=tuple(
            replace(step, story=at_work(scene, does, step.time, told)) for step in planned.steps
        ),
        officers=(planned.officers[0], does), asks_for=planned.officers[0],
        violation=_VIOLATION[0],
    )  # fmt: skip


class RetaliationCampaigns(_Personal):
    """Looks an opponent up, then stops or tows him within days: the query precedes the incident.

    Twins: plate-first stops, known offenders of the beat, a colleague's case on the neighbour.
    """

    kind = "retaliation"
    ties = {"dispute": 6, "ex": 3, "neighbour": 1}  # noqa: RUF012 - a constant
    roles = _STREET

    def _able(self, scene: Scene) -> NDArray[np.bool_]:
        """Return who makes stops: nobody where there is no patrol."""
        patrols = bool((scene.officers.role == ROLES.index("patrol")).any())
        return super()._able(scene) & patrols

    def campaigns(self, scene: Scene, misuse: Retaliation) -> Iterator[Campaign]:
        """Yield planned campaigns."""
        recruits = list(self.recruit(scene, misuse))
        typed = typed_share(scene) if recruits else 0.0
        for recruit in recruits:
            chance = scene.stream(f"{self.kind} plan", recruit.week, recruit.officer)
            rung = drawn_rung(misuse.rungs, chance)
            cover = Cover(scene, rung, recruit.officer, _OTHER, TOPIC["traffic"])
            stretch = STRETCH[int(chance.integers(len(STRETCH)))]
            rounds = max(1, round(misuse.steps_median * stretch / 10))
            steps: list[Step] = []
            seconds = int(chance.integers(0, WEEK_US // 1_000_000))
            env = simpy.Environment(initial_time=_begun(scene, recruit) + seconds * 1_000_000)
            env.process(
                self._pursue(env, scene, misuse, recruit, cover, rounds, typed, steps, chance)
            )
            env.run()
            if steps:
                motive = _motive("quarrel with", recruit)
                yield self._campaign(misuse, recruit, cover.rung, motive, steps, 2 * rounds)

    @staticmethod
    def _pursue(
        env: simpy.Environment,
        scene: Scene,
        misuse: Retaliation,
        recruit: Recruit,
        cover: Cover,
        rounds: int,
        typed: float,
        steps: list[Step],
        chance: np.random.Generator,
    ) -> Generator[simpy.Event, Any, None]:
        """Go through the rounds: a shift, a look-up, an occasion, a stop."""
        mine = own_shifts(scene, recruit.officer)
        hides = LEVELS[scene.scenario.level].as_usual
        for _ in range(rounds):
            template = TEMPLATE[("plate_check", "name_check")[int(chance.integers(2))]]
            delay = DELAYS[int(chance.integers(len(DELAYS)))] // 100 * int(chance.integers(50, 150))
            places, drawn = chance.random(2), _Stop.draw(chance)
            pause = int(chance.integers(1, max(2, 2 * round(misuse.days_between * 24)))) * HOUR_US
            look = moment(scene, mine, int(env.now), 0.0, float(places[0]))
            told = cover.told(look or int(env.now), chance)
            if look is None:
                return
            steps.append(
                Step(recruit.officer, look, 1, template, TOPIC["traffic"], recruit.target, told)
            )
            wish = look + MINUTE_US + delay // 1_000_000 * 1_000_000
            stop = moment(scene, mine, wish, 0.0, float(places[1]))
            if stop is None:
                return
            steps.append(drawn.step(recruit, stop, typed, told, hides=hides))
            yield env.timeout(stop - int(env.now) + pause)


class _Stop(NamedTuple):
    """A stop or tow like any other, drawn from the tables of honest ones."""

    tow: bool
    minutes: int
    topic: int
    queries: int
    seconds: int  # from its record to the first query
    typing: float
    on_foot: int | None  # what it is about if he stops a pedestrian, for those who hide

    @staticmethod
    def draw(chance: np.random.Generator) -> _Stop:
        """Return the chances of one stop."""
        bits = chance.integers(0, 65_536, 4)
        return _Stop(
            tow=chance.random() < _TOW_SHARE,
            minutes=int(durations.STOP_MINUTES[bits[0]]),
            topic=int(topics.TRAFFIC_STOPS[bits[1]]),
            queries=int(durations.STOP_QUERIES[bits[2]]),
            seconds=10 + int(bits[3]) * 80 // 65_536,
            typing=chance.random(),
            on_foot=None if bits[3] % 5 >= _ON_FOOT else int(topics.PEDESTRIAN_STOPS[bits[1]]),
        )

    def step(self, recruit: Recruit, time: int, typed: float, told: Story, *, hides: bool) -> Step:
        """Return the queries at the stop; its own number is as good a cover as any."""
        kind, template, topic = "tow" if self.tow else "traffic_stop", "traffic_stop", self.topic
        if hides and not self.tow and self.on_foot is not None:
            kind, template, topic = "pedestrian_stop", "pedestrian_stop", self.on_foot
        typed_here = told.cover == INVENTED or self.typing < typed
        return Step(
            recruit.officer, time + self.seconds * 1_000_000, self.queries, TEMPLATE[template],
            topic, recruit.target, Story(told.cover, DEFAULT, DEFAULT), gap_s=50,
            pretext=Pretext(INCIDENT_KINDS.index(kind), topic, time, self.minutes, typed_here),
        )  # fmt: skip


def typed_share(scene: Scene) -> float:
    """Return how often the agency's officers type the number of an ordinary stop."""
    rule = scene.agency.group.case_field
    if rule == "absent":
        return 0.0
    habit = float(habits(scene.scenario, scene.agency, scene.officers).fill_share[0])
    return _MANDATORY_TYPED if rule == "mandatory" else habit
