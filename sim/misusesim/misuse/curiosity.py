"""Personal kinds besides those that follow one person for long: curiosity, favours, oneself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.clock import HOUR_US
from misusesim.dataset.schema import INTENTS, MISUSE_KINDS, PURPOSES, ROLES
from misusesim.misuse.moments import moment, own_shifts
from misusesim.misuse.rungs import Cover, drawn_rung
from misusesim.misuse.spells import BY_RUNG, LEAD, CourseCampaigns, Way
from misusesim.misuse.targets import Tied, himself, one_stranger, strangers, young_strangers
from misusesim.misuse.writing import MOST_STEPS, Campaign, Scene, Step
from misusesim.occasions import TEMPLATE, TOPIC
from misusesim.workload.events import SORTS, Events, statewide

if TYPE_CHECKING:
    from collections.abc import Iterator

    from misusesim.scenario.misuse import Celebrity

_STREET: Final = ("plate_check", "plate_check", "name_check")
#: What somebody of each role asks when he looks a single person up: what his role always asks.
LOOKS: Final = {
    "patrol": ("name_check", "plate_check"), "supervisor": ("name_check", "plate_check"),
    "detective": ("name_check", "plate_check"), "analyst": ("name_check", "plate_check"),
    "dispatcher": ("call_dispatch",), "records_clerk": ("records_request",),
    "jail": ("jail_check",), "licensing_clerk": ("records_request",),
}  # fmt: skip

DATING_SCREENING: Final = CourseCampaigns(Way(
    "dating_screening", "people who please him", "malicious",
    {"patrol": _STREET, "supervisor": _STREET}, (1, 1, 1, 2), young_strangers,
))  # fmt: skip
NAME_HUNTING: Final = CourseCampaigns(Way(
    "name_hunting", "somebody whose first name he heard", "malicious",
    dict.fromkeys(("detective", "dispatcher"), ("nickname_search",)),
    (5, 7, 10, 14, 19), one_stranger, at_work=False, gap_s=22,
))  # fmt: skip
FAVOUR: Final = CourseCampaigns(Way(
    "favour", "a favour for family or friends", "negligent", LOOKS, (1, 1, 2, 3, 5),
    Tied({"family": 6, "neighbour": 2, "colleague": 2}),
))  # fmt: skip
SELF_LOOKUP: Final = CourseCampaigns(Way(
    "self_lookup", "what is on file about oneself", "negligent",
    dict.fromkeys(LOOKS, ("self_check",)), (1, 1, 2), himself,
))  # fmt: skip
DESCRIPTOR: Final = CourseCampaigns(Way(
    "descriptor", "what somebody looks like", "malicious",
    {"patrol": ("plate_check", "name_check"), "supervisor": ("plate_check",)}, (1, 1, 2),
    strangers, topic="descriptor", purpose="criminal", violation="no_need_to_know",
))  # fmt: skip

#: How long people go on looking after the news, and how much sooner than late they do: the least of
#: so many draws (assumption: "within hours to days").
CURIOUS_US: Final = 96 * HOUR_US
EAGER: Final = 2
QUERIES: Final = (1, 1, 1, 2)
FAMOUS: Final = tuple(n for n, sort in enumerate(SORTS) if sort.kind == "public_figure_case")


class CelebrityCampaigns:
    """Many officers of one agency look one public figure up, each once, when news break.

    Twins: the officers who really work on the incident that the news are about.
    """

    kind = "celebrity"

    def campaigns(self, scene: Scene, misuse: Celebrity) -> Iterator[Campaign]:
        """Yield a campaign for each event that makes somebody here curious."""
        events = statewide(scene.scenario)
        for row in np.flatnonzero(np.isin(events.sort, FAMOUS)).tolist():
            campaign = self._planned(scene, misuse, events, row)
            if campaign is not None:
                yield campaign

    def _planned(
        self, scene: Scene, misuse: Celebrity, events: Events, row: int
    ) -> Campaign | None:
        number, begun = int(events.number[row]), int(events.begin[row])
        chance, people = scene.stream(f"{self.kind} plan", number), scene.officers
        here = (people.hired <= begun) & (people.left > begun)
        curious = np.flatnonzero(here & np.isin(people.role, [ROLES.index(r) for r in LOOKS]))
        count = int(chance.poisson(misuse.officers_per_event * int(here.sum())))
        rung = drawn_rung(misuse.rungs, chance)
        count = min(count, len(curious), MOST_STEPS)
        who = np.sort(chance.choice(curious, count, replace=False)).tolist() if count else []
        steps, subject, lived = list[Step](), int(events.subject[row]), rung.code
        for officer in who:
            cover = Cover(scene, rung, officer, PURPOSES.index("other"), TOPIC["patrol"])
            wish = begun + int(CURIOUS_US * chance.random(EAGER).min())
            place = float(chance.random())
            time = moment(scene, own_shifts(scene, officer), wish, 0.0, place)
            told = cover.told(time or wish, chance)
            templates = LOOKS[ROLES[people.role[officer]]]
            template = templates[int(chance.integers(len(templates)))]
            queries = QUERIES[int(chance.integers(len(QUERIES)))]
            if time is not None and subject != people.subject[officer]:
                steps.append(
                    Step(officer, time, queries, TEMPLATE[template], TOPIC["patrol"], subject, told)
                )
                lived = min(lived, cover.rung.code)
        if not steps:
            return None
        week = int(scene.clock.week_of(np.array([begun]))[0]) + LEAD
        return Campaign(
            key=(MISUSE_KINDS.index(self.kind), week, number % 64), rung=lived, tie=-1,
            intent=INTENTS.index("malicious"), violation=BY_RUNG[lived],
            severity=misuse.severity, motive="a public figure in the news",
            officers=tuple(sorted({s.officer for s in steps})), steps=tuple(steps),
            wished=len(steps),
        )  # fmt: skip
