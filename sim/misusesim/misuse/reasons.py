"""Why a campaign is misuse: facts that a reader of the context can look up, rule by rule.

Evidence is a table and a key, and holds as of a time:

| evidence | a row that holds means |
|---|---|
| `ties/relationships:OFFICER/PERSONKEY` | they have a tie |
| `dispatch/assignments:OFFICER/PERSONKEY` | he works on an incident or case that names the person |
| `dispatch/involved:ID/PERSONKEY` | the incident or case that was typed names the person |
| `dispatch/cases:ID`, `dispatch/incidents:ID` | it is on file |
| `dispatch/cases:AGENCY/NUMBER` | the agency has a case of that number |
| `dispatch/applications:ID`, `dispatch/news:PERSONKEY` | it was filed; the person is in the news |
| `roster/officers:OFFICER`, `roster/officers:OFFICER/left` | he was hired; he has left |
| `roster/shifts:OFFICER` | he is on a shift |

A rule that is broken needs some of them to hold and others not to (`present` says which).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from misusesim.dataset.schema import MISUSE_KINDS, VIOLATIONS
from misusesim.misuse.rungs import INVENTED
from misusesim.misuse.writing import application_ids
from misusesim.occasions import NONE
from misusesim.query.numbering import scenario_start_us
from misusesim.workload.event_work import NEWS_US, news_times
from misusesim.workload.numbers import invented_number, number_texts, opaque_id
from misusesim.world.accountstates import entered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from misusesim.misuse.writing import Campaign, Scene, Step
    from misusesim.plan import Cases, Incidents

NEED: Final = "no_need_to_know"
#: The rule that a kind breaks by its nature, whatever is typed; the others are no need to know.
OWN_RULE: Final = {
    "permit_checks": "purpose", "wrong_code": "purpose", "immigration": "recipient",
    "protest": "purpose", "health": "scope", "credential_sharing": "account",
    "ghost_account": "account", "live_testing": "purpose", "scope_excess": "lookback",
}  # fmt: skip
#: Kinds whose people come to the unit by the work it does, or whose work it truly is.
_BY_WORK: Final = ("permit_checks", "wrong_code", "credential_sharing", "scope_excess")


class Fact(NamedTuple):
    """One fact of a campaign."""

    campaign: int  # row of the plan's campaigns
    rule: str
    time: int  # UTC microseconds
    evidence: str
    present: bool = True


class Unlinked(NamedTuple):
    """A claim: no work of an officer at a time names a person; where it is so, it is a reason."""

    campaign: int
    rule: str
    officer: int  # row in the agency
    subject: int
    time: int


class Unnamed(NamedTuple):
    """A claim: an incident or a case does not name a person; where it is so, it is a reason."""

    campaign: int
    kind: str  # incident | case
    serial: int  # in the agency
    subject: int
    time: int


class Record(NamedTuple):
    """All that is known of the campaigns of one agency."""

    facts: tuple[Fact, ...] = ()
    unlinked: tuple[Unlinked, ...] = ()
    unnamed: tuple[Unnamed, ...] = ()


def record(scene: Scene, planned: Sequence[Campaign], names: Sequence[str]) -> Record:
    """Return why the campaigns of an agency are misuse; `names` are their ids."""
    if not scene.on_file:
        return Record()
    facts, unlinked, unnamed = list[Fact](), list[Unlinked](), list[Unnamed]()
    for row, (campaign, name) in enumerate(zip(planned, names, strict=True)):
        one = _Told(scene, campaign, row, name)
        facts += one.facts()
        unlinked += one.unlinked()
        unnamed += one.unnamed()
    return Record(tuple(facts), tuple(unlinked), tuple(unnamed))


def asked_at(step: Step) -> int:
    """Return when a sitting begins; of a stop, just before there is an incident."""
    return step.time if step.pretext is None else step.pretext.time - 1


class _Told:
    """What is told of one campaign."""

    def __init__(self, scene: Scene, campaign: Campaign, row: int, name: str) -> None:
        start, end = scene.clock.horizon
        self._scene, self._campaign, self._row, self._name = scene, campaign, row, name
        self._kind = MISUSE_KINDS[campaign.key[0]]
        self._main = VIOLATIONS[campaign.violation]
        self._nature = OWN_RULE.get(self._kind, NEED)
        #: Sittings within the horizon, look-ups before stops.
        self._steps = sorted(
            (step for step in campaign.steps if start <= step.begins and step.time < end),
            key=lambda step: (step.pretext is not None, step.time),
        )
        self._first = self._steps[0]
        self._time = asked_at(self._first)
        self._story = self._first.story
        self._invents = campaign.told(start).cover == INVENTED

    def facts(self) -> Iterator[Fact]:
        """Yield all facts but those about links; every rule that is broken has one."""
        main, nature = self._main, self._nature
        evidence, since = self._motive() or (self._officer(self._campaign.officers[-1]), 0)
        yield Fact(self._row, nature, max(self._time, since), evidence)
        if nature == "account":
            yield from self._account()
        numbers = list(self._number())
        yield from numbers
        if main == "false_case" and not numbers:  # of a campaign's look-ups none is on record
            yield Fact(self._row, main, self._time, self._officer(self._first.officer))
        if main not in {nature, "false_case"} and self._first.subject == NONE:
            yield Fact(self._row, main, self._time, self._officer(self._first.officer))

    def unlinked(self) -> Iterator[Unlinked]:
        """Yield who had no work that names the person: each officer at his first sitting.

        So had whoever let a colleague run it.
        """
        if self._kind in _BY_WORK:
            return
        seen = {NONE}
        for step in self._steps:
            for officer in (step.officer, self._campaign.asks_for):
                if officer not in seen and step.subject != NONE:
                    seen.add(officer)
                    yield Unlinked(self._row, NEED, officer, step.subject, asked_at(step))
        if self._main == "purpose" != self._nature and self._first.subject != NONE:
            officer, subject = self._first.officer, self._first.subject
            yield Unlinked(self._row, "purpose", officer, subject, self._time)

    def unnamed(self) -> Iterator[Unnamed]:
        """Yield that the person is not named in what is typed."""
        for kind, serial in (("case", self._story.case), ("incident", self._story.incident)):
            if serial >= 0 and self._first.subject != NONE and not self._invents:
                yield Unnamed(self._row, kind, serial, self._first.subject, self._time)

    def _officer(self, officer: int) -> str:
        return f"roster/officers:{self._scene.officers.officer_id[officer]}"

    def _key(self, subject: int) -> int:
        return int(self._scene.population.person_key(np.array([subject]))[0])

    def _motive(self) -> tuple[str, int] | None:
        """Return what tells the motive, with the time from which it does."""
        if self._campaign.tie != NONE:
            return self._tie()
        if self._campaign.applications:
            nth = next(n for n, s in enumerate(self._campaign.steps) if s is self._first)
            filed = application_ids(self._scene, [(self._campaign, nth)])[0]
            return f"dispatch/applications:{filed}", 0
        match self._kind:
            case "celebrity":
                return self._news()
            case "romantic_interest":
                return self._meeting()
            case "scope_excess":
                return self._matter()
        return None

    def _tie(self) -> tuple[str, int] | None:
        """Return the tie of whoever wants to know."""
        ties, who = self._scene.ties, self._campaign.officers[0]
        people = [step.subject for step in self._campaign.steps]
        mine = (ties.officer == who) & (ties.kind == self._campaign.tie)
        rows = np.flatnonzero(mine & np.isin(ties.subject, people))
        if not len(rows):
            return None
        name, key = self._scene.officers.officer_id[who], self._key(int(ties.subject[rows[0]]))
        return f"ties/relationships:{name}/{key}", 0

    def _news(self) -> tuple[str, int] | None:
        """Return the news, if anybody looks after they came out."""
        asked = [asked_at(step) for step in self._steps]
        since = news_times(self._scene.scenario, self._first.subject)
        some = since[(since <= max(asked)) & (since > min(asked) - NEWS_US)]
        return (
            (f"dispatch/news:{self._key(self._first.subject)}", int(some[0])) if len(some) else None
        )

    def _meeting(self) -> tuple[str, int] | None:
        """Return the incident at which the officer met the person, the last before it began."""
        files, campaign = self._scene.incidents, self._campaign
        people = [step.subject for step in campaign.steps]
        met = (files.officer == campaign.officers[0]) & (files.known < campaign.span[0])
        rows = np.flatnonzero(met & np.isin(files.subject, people))
        if not len(rows):
            return None
        last = rows[int(np.argmax(files.known[rows]))]
        return self._file("incident", int(files.serial[last])), 0

    def _matter(self) -> tuple[str, int] | None:
        """Return the incident or case of the officer that the search began with."""
        found, latest = None, -1
        for kind in ("case", "incident"):
            files = self._files(kind)
            mine = (files.officer == self._first.officer) & (files.opened <= self._first.time)
            rows = np.flatnonzero(mine & (files.subject == self._first.subject))
            if len(rows) and int(files.opened[rows].max()) > latest:
                at = rows[int(np.argmax(files.opened[rows]))]
                found, latest = (kind, int(files.serial[at])), int(files.opened[at])
        return None if found is None or not self._known(*found) else (self._file(*found), 0)

    def _account(self) -> Iterator[Fact]:
        """Yield that an account's holder had left: by the roster, and that he has no shift."""
        people, holder = self._scene.officers, self._campaign.officers[0]
        if people.left[holder] > self._time:
            return
        name = people.officer_id[holder]
        yield Fact(self._row, "account", self._time, f"roster/shifts:{name}", present=False)
        if entered(self._scene.scenario, people)[holder] < self._scene.clock.horizon[1]:
            yield Fact(self._row, "account", self._time, f"roster/officers:{name}/left")

    def _number(self) -> Iterator[Fact]:
        """Yield what is false about the number that is typed: made up, or of something else."""
        kind = "case" if self._story.case >= 0 else "incident"
        serial = self._story.case if self._story.case >= 0 else self._story.incident
        if self._invents:
            scenario, agency = self._scene.scenario, self._scene.agency
            before = scenario_start_us(scenario)
            text = invented_number(scenario, agency, "case", self._name, before)
            kind, serial = "case", _numbered(self._scene, text)  # it may exist by chance
            if serial == NONE:
                made_up = f"dispatch/cases:{agency.agency_id}/{text}"
                yield Fact(self._row, "false_case", self._time, made_up, present=False)
        if serial >= 0 and self._known(kind, serial):
            yield Fact(self._row, "false_case", self._time, self._file(kind, serial))

    def _files(self, kind: str) -> Cases | Incidents:
        return self._scene.cases if kind == "case" else self._scene.incidents

    def _known(self, kind: str, serial: int) -> bool:
        """Return whether it is on file before the scenario ends."""
        files = self._scene.incidents
        known = files.known if kind == "incident" else self._scene.cases.opened
        return bool(known[self._files(kind).serial == serial][0] < self._scene.clock.horizon[1])

    def _file(self, kind: str, serial: int) -> str:
        scenario, agency = self._scene.scenario, self._scene.agency
        ident = opaque_id(scenario, kind, agency, np.array([serial], np.int64))[0]
        return f"dispatch/{kind}s:{ident}"


def _numbered(scene: Scene, text: str) -> int:
    """Return the case whose number somebody hit upon, NONE mostly."""
    cases = scene.cases
    numbers = number_texts(scene.scenario, scene.agency, "case", cases.serial, cases.opened)
    rows = np.flatnonzero(numbers == text)
    return int(cases.serial[rows[0]]) if len(rows) else NONE
