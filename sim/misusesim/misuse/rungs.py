"""How well a campaign is covered up: what is typed as purpose, reason and number on each rung."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim.clock import DAY_US
from misusesim.dataset.schema import COVERS, INCIDENT_KINDS, PURPOSES, ROLES, RUNGS
from misusesim.occasions import DEFAULT, DELICATE, NONE, TEMPLATE, TOPIC
from misusesim.query.purposes import default_purpose
from misusesim.scenario.levels import LEVELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.misuse.writing import Scene
    from misusesim.scenario.prevalence import RungMix

DECLARED, MISCODED, PLAUSIBLE, OWN = range(len(RUNGS))
INVENTED: Final = COVERS.index("invented_case")
BORROWED: Final = COVERS.index("borrowed_case")
COLLEAGUE: Final = COVERS.index("colleague_asked")
GENERIC: Final = COVERS.index("generic_reason")
NO_COVER: Final = COVERS.index("none")
_CRIMINAL: Final = PURPOSES.index("criminal")
#: What a miscoded query claims to be about: on the street what nobody wonders at, at the permit
#: desk crimes that a criminal history belongs to (assumption).
CLAIMED: Final = tuple(
    TOPIC[t] for t in ("suspicious", "vehicle_theft", "traffic", "drugs", "patrol")
)
CLAIMED_AT_DESK: Final = tuple(TOPIC[t] for t in ("weapons", "drugs", "assault", "fraud", "wanted"))
#: What is done at a desk, and what is said plainly by whoever hides nothing.
_AT_DESK: Final = tuple(TOPIC[t] for t in ("permit", "employment"))
_SAID: Final = (*_AT_DESK, *(TOPIC[t] for t in (*DELICATE, "test")))
#: What all work of some roles is about, by role: another purpose would give them away.
_HOME: Final = tuple(
    TOPIC[{"records_clerk": "records", "jail": "custody", "licensing_clerk": "employment"}[role]]
    if role in {"records_clerk", "jail", "licensing_clerk"} else NONE
    for role in ROLES
)  # fmt: skip
#: What those at a desk declare, whatever they ask, by role; others what their work has it.
_DESK_PURPOSE: Final = tuple(
    {"records_clerk": PURPOSES.index("court"), "jail": PURPOSES.index("criminal"),
     "licensing_clerk": PURPOSES.index("employment")}.get(role, DEFAULT)
    for role in ROLES
)  # fmt: skip
_INVENTED_SHARE: Final = 0.5  # of plausible cases; the others are a colleague's (assumption)
#: Whose numbers are those of incidents, not of cases.
_BY_INCIDENT: Final = ("patrol", "supervisor", "dispatcher", "records_clerk", "jail")
#: Whose incidents are unlike those of others.
_MAKES_STOPS: Final = ("patrol", "supervisor")
#: Whose work is on cases, whatever they ask.
_BY_CASE: Final = ("detective", "analyst")
#: What is done at an incident of each kind: its purpose is what a false story of it declares.
_AT: Final = tuple(
    TEMPLATE[{"traffic_stop": "traffic_stop", "tow": "traffic_stop", "booking": "booking"}.get(
        kind, "call_field"
    )]
    for kind in INCIDENT_KINDS
)  # fmt: skip
_STOP: Final = np.isin(INCIDENT_KINDS, ("traffic_stop", "tow"))
#: Plates asked at a stop for one asked at a call, about (`S-HI-medium`).
_STOPS_TO_CALLS: Final = 3
_LATEST: Final = 1 - 1e-9  # the last of some, in the order of their times
_RECENT_US: Final = 14 * DAY_US  # an own incident is still paperwork


class Story(NamedTuple):
    """What is typed: codes of schema.COVERS and schema.PURPOSES, a topic, serials or NONE."""

    cover: int
    purpose: int
    topic: int
    case: int = NONE
    incident: int = NONE


class Rung(NamedTuple):
    """A campaign's rung, and whether it invents the number of its plausible case."""

    code: int
    invents: bool


def drawn_rung(mix: RungMix, chance: np.random.Generator) -> Rung:
    """Return a rung by the scenario's weights."""
    weights = np.cumsum([mix.declared, mix.miscoded, mix.plausible_case, mix.own_case])
    code = int(np.searchsorted(weights, chance.random() * weights[-1], side="right"))
    return Rung(code, bool(chance.random() < _INVENTED_SHARE))


def story(
    scene: Scene, rung: Rung, officer: int, time: int, honest_purpose: int,
    honest_topic: int, chance: np.random.Generator, *, plate: bool = False,
) -> Story:  # fmt: skip
    """Return what is typed at a time; all draws are made whatever the rung.

    Who has no case of his own, and no recent incident, borrows or invents one.

    Parameters
    ----------
    scene
        Cases and incidents to hide behind.
    rung
        The campaign's.
    officer, time
        Who, and when (UTC microseconds).
    honest_purpose, honest_topic
        What an officer would type who hides nothing.
    chance
        The campaign's own generator.
    plate
        Whether a plate is asked: mostly that is done at stops.
    """
    as_usual = LEVELS[scene.scenario.level].as_usual
    at_desk = honest_topic in _AT_DESK
    claims = CLAIMED_AT_DESK if at_desk else CLAIMED
    topic = claims[int(chance.integers(len(claims)))]
    which = chance.random()
    said = honest_topic in _SAID
    home = NONE if said else _HOME[scene.officers.role[officer]]
    desk = DEFAULT
    if as_usual and (at_desk or not said):  # an applicant can only be run as a suspect
        desk = _CRIMINAL if at_desk else int(_DESK_PURPOSE[scene.officers.role[officer]])
    if rung.code == DECLARED:
        spoken = honest_topic if home == NONE else home
        return Story(NO_COVER if said else GENERIC, honest_purpose, spoken)
    if rung.code == MISCODED:
        return Story(NO_COVER, _CRIMINAL if at_desk else DEFAULT, topic if home == NONE else home)
    if rung.code == OWN:
        own = _own(scene, officer, time, which)
        if own is not None:
            return _at_home(own, home, desk)
    if as_usual and ROLES[scene.officers.role[officer]] in _BY_INCIDENT:
        theirs = _incident(scene, time, which, _of_colleagues(scene, officer), plate=plate)
        if theirs is not None:
            return _at_home(theirs._replace(cover=BORROWED), home, desk)
    case = _borrowed(scene, officer, time, which)
    if case != NONE and (not rung.invents or as_usual):  # whoever hides invents a likely case
        topic = _topic_of(scene, case)
    case = NONE if rung.invents else case
    cover = INVENTED if case == NONE else BORROWED
    return _at_home(Story(cover, _for(scene, officer, topic), topic, case), home, desk)


def _for(scene: Scene, officer: int, topic: int) -> int:
    """Return the purpose declared with a case: by whoever hides that of his role's case work."""
    if not LEVELS[scene.scenario.level].as_usual:
        return _CRIMINAL
    by_case = ROLES[scene.officers.role[officer]] in _BY_CASE
    return int(default_purpose()[TEMPLATE["case_session"], topic]) if by_case else DEFAULT


def _at_home(told: Story, home: int, purpose: int) -> Story:
    """Return a story as those at a desk tell it: of what their desk is always about."""
    if home == NONE:
        return told if purpose == DEFAULT else told._replace(purpose=purpose)
    return told._replace(purpose=purpose, topic=home)


def home_topic(scene: Scene, officer: int) -> int:
    """Return what an account's work is always about: of a desk its own, else patrol."""
    home = int(_HOME[scene.officers.role[officer]])
    return TOPIC["patrol"] if home == NONE else home


def at_work(scene: Scene, officer: int, time: int, usual: Story) -> Story:
    """Return a story with the last incident at hand, which whoever hides behind work names.

    No draw is made: of those that are known the latest is at hand.
    """
    if not LEVELS[scene.scenario.level].as_usual:
        return usual
    own = _incident(scene, time, _LATEST, _handled(scene, officer))
    found = own or _incident(scene, time, _LATEST, np.ones(len(scene.incidents.serial), np.bool_))
    if found is None:
        return usual
    role = scene.officers.role[officer]
    return _at_home(found, int(_HOME[role]), int(_DESK_PURPOSE[role]))._replace(cover=usual.cover)


class Cover:
    """The cover of one officer's campaign: found at the first look-up on record, then kept.

    A borrowed or own case is kept while it is open; an invented number for good.
    """

    def __init__(self, scene: Scene, rung: Rung, officer: int, purpose: int, topic: int) -> None:
        self._scene, self._officer = scene, officer
        self._purpose, self._topic = purpose, topic
        self._kept: Story | None = None
        self.rung = rung

    def told(self, time: int, chance: np.random.Generator, *, plate: bool = False) -> Story:
        """Return what is typed at a time (UTC microseconds) with a plate or a name."""
        new = story(
            self._scene, self.rung, self._officer, time, self._purpose, self._topic, chance,
            plate=plate,
        )  # fmt: skip
        if time < self._scene.clock.horizon[0]:
            return new  # before the log: nobody will see it, and few cases are known
        looked = self._kept is None and self._scene.on_file
        if looked and self.rung.code == OWN and new.cover != NO_COVER:
            self.rung = self.rung._replace(code=PLAUSIBLE, invents=new.cover == INVENTED)
        if self._kept is None or not self._holds(self._kept, new, time):
            self._kept = new
        return self._kept

    def _holds(self, kept: Story, new: Story, time: int) -> bool:
        """Return whether the last story is told again rather than the new one."""
        if self.rung.code in {DECLARED, MISCODED}:
            return False
        if new.cover != kept.cover:
            return True
        row = np.flatnonzero(_open(self._scene, time) & (self._scene.cases.serial == kept.case))
        return kept.cover == INVENTED or len(row) > 0


def _open(scene: Scene, time: int) -> NDArray[np.bool_]:
    return np.asarray((scene.cases.opened <= time) & (scene.cases.closed > time))


def _own(scene: Scene, officer: int, time: int, which: float) -> Story | None:
    """Return an own open case, else a recent own incident."""
    mine = np.flatnonzero(_open(scene, time) & (scene.cases.officer == officer))
    if len(mine):
        row = mine[int(which * len(mine))]
        topic, serial = int(scene.cases.topic[row]), int(scene.cases.serial[row])
        return Story(NO_COVER, _for(scene, officer, topic), topic, serial)
    return _incident(scene, time, which, _handled(scene, officer))


def _handled(scene: Scene, officer: int) -> NDArray[np.bool_]:
    """Return which incidents an officer had."""
    incidents = scene.incidents
    return np.asarray((incidents.officer == officer) | (incidents.dispatcher == officer))


def _of_colleagues(scene: Scene, officer: int) -> NDArray[np.bool_]:
    """Return which incidents others had: of who makes stops those of others of the same role."""
    role, incidents = scene.officers.role, scene.incidents
    others = ~_handled(scene, officer)
    if ROLES[role[officer]] not in _MAKES_STOPS:
        return others
    alike = np.append(role == role[officer], False)[incidents.officer]  # -1: nobody's
    return others & alike if (others & alike).any() else others


def _incident(
    scene: Scene, time: int, which: float, some: NDArray[np.bool_], *, plate: bool = False
) -> Story | None:
    """Return a recent one of some incidents."""
    known = scene.incidents.known
    rows = np.flatnonzero((known <= time) & (known > time - _RECENT_US) & some)
    if not len(rows):
        return None
    often = np.where(_STOP[scene.incidents.kind[rows]] & plate, _STOPS_TO_CALLS, 1)
    passed = np.cumsum(often)
    row = rows[int(np.searchsorted(passed, int(which * passed[-1]), side="right"))]
    topic, serial = int(scene.incidents.topic[row]), int(scene.incidents.serial[row])
    purpose = DEFAULT
    if LEVELS[scene.scenario.level].as_usual:
        purpose = int(default_purpose()[_AT[scene.incidents.kind[row]], topic])
    return Story(NO_COVER, purpose, topic, NONE, serial)


def _borrowed(scene: Scene, officer: int, time: int, which: float) -> int:
    """Return a colleague's open case, NONE if the agency has none."""
    others = np.flatnonzero(_open(scene, time) & (scene.cases.officer != officer))
    return int(scene.cases.serial[others[int(which * len(others))]]) if len(others) else NONE


def _topic_of(scene: Scene, case: int) -> int:
    return int(scene.cases.topic[np.flatnonzero(scene.cases.serial == case)[0]])
