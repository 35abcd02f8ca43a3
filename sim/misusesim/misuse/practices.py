"""Institutional kinds that spread in a unit: wrong codes, immigration, protest; and health."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.dataset.schema import INTENTS, MISUSE_KINDS, ROLES
from misusesim.misuse.rungs import drawn_rung
from misusesim.misuse.spells import (
    CourseCampaigns,
    Teller,
    Way,
    of_roles,
    sat,
    starts,
    violation,
    weeks_of,
    wishes,
)
from misusesim.misuse.targets import one_each, one_stranger, strangers
from misusesim.misuse.writing import Campaign, Scene, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from misusesim.scenario.prevalence import Practice

_WEEKS_PER_YEAR: Final = 365 / 7


class PracticeCampaigns:
    """Campaigns of a unit: some of its members, each in his own shifts, for one purpose."""

    def __init__(self, way: Way) -> None:
        self.way = way

    def campaigns(self, scene: Scene, misuse: Practice) -> Iterator[Campaign]:
        """Yield planned campaigns; an agency without such a unit has none."""
        able = of_roles(scene, self.way.sittings)
        if not able.any():
            return
        weekly = np.full(len(weeks_of(scene)), misuse.agencies_per_year / _WEEKS_PER_YEAR)
        for week, officer in starts(scene, self.way.kind, weekly, able):
            campaign = self._planned(scene, misuse, week, officer)
            if campaign is not None:
                yield campaign

    def _planned(self, scene: Scene, misuse: Practice, week: int, first: int) -> Campaign | None:
        way, chance = self.way, scene.stream(f"{self.way.kind} plan", week, first)
        rung = drawn_rung(misuse.rungs, chance)
        begin = int(weeks_of(scene)[week])
        when = wishes(misuse, begin, chance, scene.clock.horizon[0])
        if when is None:
            return None
        members = _members(scene, first, begin, misuse.members_share, chance)
        each = np.array(members)[chance.integers(0, len(members), len(when))]
        whom = way.whom(scene, first, begin, len(when), chance)
        if whom is None:
            return None
        steps, lived = list[Step](), rung.code
        for officer in members:
            mine = np.flatnonzero(each == officer).tolist()
            teller = Teller(scene, way, rung, officer)
            steps += sat(
                scene, way, officer, teller, [(when[n], whom.subjects[n]) for n in mine], chance
            )
            lived = min(lived, teller.rung)
        if not steps:
            return None
        steps.sort(key=lambda step: (step.time, step.officer))
        return Campaign(
            key=(MISUSE_KINDS.index(way.kind), week, first), rung=lived, tie=whom.tie,
            intent=INTENTS.index(way.intent), violation=violation(way, lived),
            severity=misuse.severity, motive=way.motive,
            officers=tuple(sorted({step.officer for step in steps})), steps=tuple(steps),
            wished=len(when), unit=ROLES[scene.officers.role[first]],
        )  # fmt: skip


def _members(
    scene: Scene, first: int, begin: int, share: float, chance: np.random.Generator
) -> list[int]:
    """Return who takes part: of the unit, as it was when the practice began."""
    people = scene.officers
    there = (people.hired <= begin) & (people.left > begin)
    unit = np.flatnonzero(there & (people.role == people.role[first]))
    joins = unit[chance.random(len(unit)) < share].tolist()
    return sorted({first, *joins})


#: Applicants are run as suspects: code C instead of J or F (domain note 5.1, kind 11). Twins: the
#: same checks under the right code, by the same units.
WRONG_CODE: Final = PracticeCampaigns(Way(
    "wrong_code", "applicants checked as suspects", "institutional",
    {"records_clerk": ("background_check",), "licensing_clerk": ("background_check",)},
    (1, 1, 2), one_each, topic="employment", purpose="criminal", violation="purpose", gap_s=45,
))  # fmt: skip
#: For immigration agencies, which the state's law forbids (kind 12). Twins: joint cases.
IMMIGRATION: Final = PracticeCampaigns(Way(
    "immigration", "for immigration agencies", "institutional",
    {"detective": ("name_check", "plate_check", "alpr_search"), "analyst": ("alpr_search",)},
    (1, 1, 2, 3), strangers, topic="immigration", purpose="criminal", violation="recipient",
    actions={"detective": (None, None, "share")}, gap_s=40,
))  # fmt: skip
#: Who came to a protest (kind 13). Twins: crimes at the event, mass events.
PROTEST: Final = PracticeCampaigns(Way(
    "protest", "who came to a protest", "institutional",
    {"analyst": ("alpr_search", "plate_check"), "detective": ("alpr_search", "plate_check")},
    (2, 4, 8, 15, 30), strangers, topic="protest", purpose="criminal", violation="purpose",
))  # fmt: skip
#: A medical matter, nationwide and far back (kind 14). Twins: deaths and welfare checks.
HEALTH: Final = CourseCampaigns(Way(
    "health", "a medical matter", "institutional",
    {"detective": ("alpr_wide",), "patrol": ("alpr_wide",)}, (1, 1, 2), one_stranger,
    topic="health", purpose="criminal", violation="scope",
))  # fmt: skip
