"""Kinds of access: an account is used by another than its holder, or after he left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.clock import DAY_US, WEEK_US
from misusesim.dataset.schema import INTENTS, MISUSE_KINDS, PURPOSES, ROLES
from misusesim.misuse.curiosity import LOOKS
from misusesim.misuse.rungs import Cover, drawn_rung
from misusesim.misuse.spells import (
    LEAD,
    Teller,
    Way,
    of_roles,
    present,
    sat,
    starts,
    violation,
    weeks_of,
    wishes,
)
from misusesim.misuse.targets import Tied, strangers
from misusesim.misuse.writing import Campaign, Scene, Step
from misusesim.occasions import TEMPLATE, TOPIC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from misusesim.scenario.misuse import CredentialSharing, GhostAccount

_WEEKS_PER_YEAR: Final = 365 / 7
#: What one does under another's account is the work of one's own role.
SHARED: Final = Way(
    "credential_sharing", "under a colleague's account", "negligent",
    {"patrol": ("plate_check", "name_check"), "dispatcher": ("call_dispatch",),
     "records_clerk": ("records_request",), "jail": ("jail_check",)},
    (1, 1, 2, 3), strangers, violation="account",
)  # fmt: skip
GHOST: Final = Way(
    "ghost_account", "an account that was left open", "malicious", LOOKS, (1, 1, 2),
    Tied({"ex": 4, "dispute": 3, "neighbour": 2, "family": 1, "spouse": 1}), violation="account",
)  # fmt: skip
DORMANT_DAYS: Final = (1, 120)  # from leaving to the first use (assumption)


class CredentialSharingCampaigns:
    """Somebody works under a colleague's account, at a terminal of his own.

    Twins: consoles that stay logged in by design. The sittings fall into the user's shifts, so the
    account is at two terminals at once whenever the holder works too.
    """

    def campaigns(self, scene: Scene, misuse: CredentialSharing) -> Iterator[Campaign]:
        """Yield planned campaigns; the rate is of all officers, as users."""
        rate = misuse.officers_per_year / _WEEKS_PER_YEAR
        able = of_roles(scene, SHARED.sittings)
        for week, user in starts(scene, SHARED.kind, rate * present(scene), able):
            chance = scene.stream(f"{SHARED.kind} plan", week, user)
            rung = drawn_rung(misuse.rungs, chance)
            begin = int(weeks_of(scene)[week])
            holder = _holder(scene, user, begin, chance.random())
            when = wishes(misuse, begin, chance, scene.clock.horizon[0])
            if when is None or holder is None:
                continue
            teller = Teller(scene, SHARED, rung, user)
            whom = strangers(scene, user, begin, len(when), chance)
            done = sat(scene, SHARED, user, teller, list(zip(when, whom.subjects, strict=True)),
                       chance)  # fmt: skip
            open_ = int(scene.officers.left[holder])
            steps = [replace(s, officer=holder) for s in done if s.time < open_]
            if steps:
                yield Campaign(
                    key=(MISUSE_KINDS.index(SHARED.kind), week, user), rung=teller.rung, tie=-1,
                    intent=INTENTS.index(SHARED.intent), violation=violation(SHARED, rung.code),
                    severity=misuse.severity, motive=SHARED.motive, officers=(holder, user),
                    steps=tuple(steps), wished=len(when), seat=user,
                )  # fmt: skip


def _holder(scene: Scene, user: int, begin: int, which: float) -> int | None:
    """Return a colleague of the same role whose account it is, None if there is none."""
    people = scene.officers
    same = (people.role == people.role[user]) & (people.hired <= begin) & (people.left > begin)
    some = np.flatnonzero(same)
    some = some[some != user]
    return int(some[int(which * len(some))]) if len(some) else None


class GhostAccountCampaigns:
    """An account goes on working when its holder has left.

    Twins: leavers who are entered late or come back for a day. Nobody knows the shifts of who has
    none, so a sitting happens when it is wished for.
    """

    def campaigns(self, scene: Scene, misuse: GhostAccount) -> Iterator[Campaign]:
        """Yield planned campaigns: a share of those who left."""
        people, first = scene.officers, int(weeks_of(scene)[0])
        gone = (people.left >= first) & (people.left < scene.clock.horizon[1])
        for officer in np.flatnonzero(gone & of_roles(scene, LOOKS)).tolist():
            chance = scene.stream(f"{GHOST.kind} plan", officer)
            if chance.random() >= misuse.leavers_share:
                continue
            campaign = self._planned(scene, misuse, officer, chance)
            if campaign is not None:
                yield campaign

    @staticmethod
    def _planned(
        scene: Scene, misuse: GhostAccount, officer: int, chance: np.random.Generator
    ) -> Campaign | None:
        rung = drawn_rung(misuse.rungs, chance)
        begin = int(scene.officers.left[officer]) + int(chance.integers(*DORMANT_DAYS)) * DAY_US
        when = wishes(misuse, begin, chance, scene.clock.horizon[0])
        if when is None:
            return None
        whom = GHOST.whom(scene, officer, begin, len(when), chance)
        if whom is None:
            return None
        cover = Cover(scene, rung, officer, PURPOSES.index("other"), TOPIC["patrol"])
        templates, steps = LOOKS[ROLES[scene.officers.role[officer]]], list[Step]()
        for (time, _, _), subject in zip(when, whom.subjects, strict=True):
            template = templates[int(chance.integers(len(templates)))]
            queries = GHOST.queries[int(chance.integers(len(GHOST.queries)))]
            steps.append(
                Step(officer, time, queries, TEMPLATE[template], TOPIC["patrol"], subject,
                     cover.told(time, chance))
            )  # fmt: skip
        week = int((begin - int(weeks_of(scene)[0])) // WEEK_US)
        return Campaign(
            key=(MISUSE_KINDS.index(GHOST.kind), min(max(week, 0), LEAD + 523), officer),
            rung=cover.rung.code, tie=whom.tie, intent=INTENTS.index(GHOST.intent),
            violation=violation(GHOST, cover.rung.code), severity=misuse.severity,
            motive=GHOST.motive, officers=(officer,), steps=tuple(steps), wished=len(when),
        )  # fmt: skip
