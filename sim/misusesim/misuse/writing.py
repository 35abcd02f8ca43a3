"""What a campaign is made of, and how it becomes occasions, incidents and truth."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np
import pyarrow as pa

from misusesim import rng, splits
from misusesim.clock import NEVER
from misusesim.dataset import schema
from misusesim.misuse.rungs import INVENTED, Story
from misusesim.occasions import DEFAULT, MISUSE, NONE, Occasions
from misusesim.plan import Campaigns, Incidents
from misusesim.query.numbering import scenario_start_us
from misusesim.workload.numbers import invented_number, opaque_id
from misusesim.world.context import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from misusesim.clock import LocalClock
    from misusesim.misuse.reasons import Record
    from misusesim.plan import Cases
    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Agency, Officers, Shifts, Ties
    from misusesim.world.subjects import Population

#: Weeks before the scenario in which a campaign that still runs may have begun: as long as the
#: longest of the default length, or the first weeks would hold less misuse than the last ones.
LEAD_WEEKS: Final = 40
#: An occasion's serial is kind and week (from the kind's first one), 16 bits of officer, 8 of step.
#: The first kinds have 1,024 weeks each, the others 640: together they fit 14 bits. The permit
#: desk's only campaign is number 0 of its week and may run on into the bits of the officer.
_FIRST_KINDS, _FIRST_WEEKS, _WEEKS = 3, 1_024, 640
_OFFICER_BITS, _STEP_BITS = 16, 8
MOST_STEPS: Final = 1 << _STEP_BITS
#: Serials of incidents that a campaign causes lie above all honest ones.
_INCIDENT_BASE: Final = 1 << 36
#: Serials of applications behind prohibited checks lie above all lawful ones.
_APPLICATION_BIT: Final = 1 << 40
#: Most queries of one occasion; more would not fit a need's number.
_MOST_QUERIES: Final = 128


@dataclass(frozen=True)
class Scene:
    """What campaigns may look at: the world and the honest work, never changed by them."""

    scenario: Scenario
    agency: Agency
    officers: Officers
    ties: Ties
    shifts: Shifts
    incidents: Incidents
    cases: Cases
    clock: LocalClock
    population: Population
    on_file: bool = True  # False: incidents and cases were not made, only who and when is asked

    @cached_property
    def known_from(self) -> int:
        """Return when shifts, incidents and cases begin: the warm-up week."""
        return self.clock.week_bounds(-1)[0]

    @cached_property
    def known_until(self) -> int:
        """Return when they end: with the last week that the scenario touches."""
        return self.clock.week_bounds(self.clock.weeks - 1)[1]

    @cached_property
    def weeks(self) -> NDArray[np.int64]:
        """Return when the weeks begin in which a campaign may, from -LEAD_WEEKS on."""
        return self.clock.day_start(np.arange(-LEAD_WEEKS, self.clock.weeks) * 7)

    @cached_property
    def there(self) -> NDArray[np.bool_]:
        """Return who holds an account as each of these weeks begins, shape (weeks, officers)."""
        begins = self.weeks[:, None]
        return (self.officers.hired <= begins) & (self.officers.left > begins)

    def stream(self, name: str, *more: int) -> np.random.Generator:
        """Return the generator of one purpose of misuse in this agency."""
        return rng.stream(self.scenario.seed, f"misuse/{name}", self.agency.index, *more)


@dataclass(frozen=True, slots=True)
class Pretext:
    """An incident that a campaign causes: the stop or tow after the look-up."""

    kind: int  # code of schema.INCIDENT_KINDS
    topic: int
    time: int  # UTC microseconds
    minutes: int
    typed: bool  # its number is typed with the queries at it


@dataclass(frozen=True, slots=True)
class Step:
    """One sitting of a campaign."""

    officer: int
    time: int  # UTC microseconds
    queries: int
    template: int
    topic: int
    subject: int
    story: Story
    gap_s: int = 25
    pretext: Pretext | None = None
    action: int = DEFAULT  # code of schema.ACTIONS, or whatever one does with such an answer

    @property
    def begins(self) -> int:
        """Return when the incident it causes is opened, else the first query."""
        return self.time if self.pretext is None else self.pretext.time


class Application(NamedTuple):
    """A permit application behind a prohibited check."""

    subject: int
    filed: int  # UTC microseconds


@dataclass(frozen=True, slots=True)
class Campaign:
    """One intention of one officer or unit, planned to its end.

    Steps before `Scene.known_from` and from `Scene.known_until` on stand at the time they were
    wished for: nobody's shifts are known then. They count in the truth and never become rows.
    """

    key: tuple[int, int, int]  # code of the kind, week + LEAD_WEEKS, officer
    rung: int
    tie: int  # code of schema.TIE_KINDS, -1 none
    intent: int
    violation: int
    severity: int
    motive: str
    officers: tuple[int, ...]
    steps: tuple[Step, ...]
    wished: int  # steps wished for; some find no shift because the officer leaves
    unit: str | None = None
    applications: tuple[Application, ...] = ()  # one per step
    asks_for: int = NONE  # officer whom a colleague runs it for
    seat: int = NONE  # officer at whose terminal another's account is used

    @property
    def span(self) -> tuple[int, int]:
        """Return the times of the first and the last step."""
        times = [step.time for step in self.steps]
        return min(times), max(times)

    def told(self, start: int) -> Story:
        """Return the cover story of the first look-up from `start` on, else of the first stop."""
        steps = [s for s in self.steps if s.begins >= start]
        return min(steps, key=lambda s: (s.pretext is not None, s.time)).story


class Kind(Protocol):
    """How the campaigns of a kind come about."""

    def campaigns(self, scene: Scene, misuse: Any) -> Iterable[Campaign]:
        """Recruit and plan; `misuse` is the entry of the scenario."""


@dataclass(frozen=True, slots=True)
class MisusePlan:
    """All misuse of one agency."""

    campaigns: Campaigns
    occasions: Occasions
    incidents: Incidents
    caused_by: np.ndarray[tuple[int], np.dtype[np.int32]]  # campaign of each incident
    truth: pa.Table  # schema.TRUTH_CAMPAIGNS
    planned: tuple[Campaign, ...] = ()  # in the order of `campaigns`
    record: Record | None = None  # why they are misuse
    context: dict[str, pa.Table] = field(default_factory=dict)


def serial_of(campaign: Campaign, step: int) -> int:
    """Return the serial of a step's occasion: it depends on the campaign alone."""
    kind, week, officer = campaign.key
    more = kind - _FIRST_KINDS
    place = kind * _FIRST_WEEKS if more < 0 else _FIRST_KINDS * _FIRST_WEEKS + more * _WEEKS
    return ((place + week) << _OFFICER_BITS | officer) << _STEP_BITS | step


def written(scene: Scene, planned: list[Campaign]) -> MisusePlan:
    """Return what the campaigns leave behind; those without a step in the horizon are left out."""
    start, end = scene.clock.horizon
    kept = [c for c in planned if any(start <= s.begins and s.time < end for s in c.steps)]
    if not kept:
        return replace(_nothing(), context={})
    kept.sort(key=lambda c: (c.key[1], c.key[2], c.key[0]))
    ids = opaque_id(
        scene.scenario,
        "campaign",
        scene.agency,
        np.array([serial_of(c, 0) for c in kept], np.int64),
    )
    parts = [_occasions(scene, c, row) for row, c in enumerate(kept)]
    return MisusePlan(
        campaigns=_columns(kept, ids, start),
        occasions=Occasions.concat(parts),
        incidents=_incidents(_pretexts(scene, kept), scene.population.area),
        caused_by=np.array(
            [row for row, c in enumerate(kept) for _, s in _on_record(scene, c) if s.pretext],
            np.int32,
        ),
        truth=_truth(scene, kept, ids),
        planned=tuple(kept),
        context=_applications(scene, kept),
    )


@cache
def _nothing() -> MisusePlan:
    """Return the plan of an agency without campaigns, which most are."""
    return MisusePlan(
        campaigns=_columns([], np.empty(0, object), 0),
        occasions=Occasions.concat([]),
        incidents=_incidents([], np.zeros_like),
        caused_by=np.empty(0, np.int32),
        truth=schema.TRUTH_CAMPAIGNS.empty_table(),
    )


def _on_record(scene: Scene, campaign: Campaign) -> list[tuple[int, Step]]:
    """Return the steps that can become rows, with their numbers."""
    start, end = scene.clock.horizon[0], scene.known_until
    return [(n, s) for n, s in enumerate(campaign.steps) if start <= s.begins and s.time < end]


def _columns(
    kept: list[Campaign], ids: np.ndarray[tuple[int], np.dtype[np.object_]], start: int
) -> Campaigns:
    def column(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int8]]:
        return np.array(values, np.int8)

    return Campaigns(
        campaign_id=ids,
        kind=column([c.key[0] for c in kept]),
        rung=column([c.rung for c in kept]),
        cover=column([c.told(start).cover for c in kept]),
        intent=column([c.intent for c in kept]),
        violation=column([c.violation for c in kept]),
        tie=column([c.tie for c in kept]),
        severity=column([c.severity for c in kept]),
        asks_for=np.array([c.asks_for for c in kept], np.int32),
        seat=np.array([c.seat for c in kept], np.int32),
    )


def _occasions(scene: Scene, campaign: Campaign, row: int) -> Occasions:
    steps = _on_record(scene, campaign)

    def column(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array(values, np.int64)

    return Occasions.build(
        len(steps),
        source=MISUSE,
        serial=column([serial_of(campaign, n) for n, _ in steps]),
        officer=column([s.officer for _, s in steps]),
        start=column([s.time for _, s in steps]),
        n=column([min(s.queries, _MOST_QUERIES) for _, s in steps]),
        gap_s=column([s.gap_s for _, s in steps]),
        template=column([s.template for _, s in steps]),
        topic=column([s.topic for _, s in steps]),
        subject=column([s.subject for _, s in steps]),
        says_purpose=column([s.story.purpose for _, s in steps]),
        says_topic=column([s.story.topic for _, s in steps]),
        says_case=column([s.story.case for _, s in steps]),
        says_incident=column([
            caused_incident(campaign, n) if s.pretext and s.pretext.typed else s.story.incident
            for n, s in steps
        ]),
        campaign=row,
        action=column([s.action for _, s in steps]),
    )  # fmt: skip


def caused_incident(campaign: Campaign, step: int) -> int:
    """Return the serial of the incident that a step causes."""
    return _INCIDENT_BASE + serial_of(campaign, step)


def _pretexts(scene: Scene, kept: list[Campaign]) -> list[tuple[int, Step, Pretext]]:
    """Return the stops and tows that campaigns cause, with their serials and steps."""
    return [
        (caused_incident(c, n), s, s.pretext)
        for c in kept
        for n, s in _on_record(scene, c)
        if s.pretext is not None
    ]


def _incidents(
    rows: list[tuple[int, Step, Pretext]], area: Callable[[NDArray[np.int64]], NDArray[Any]]
) -> Incidents:
    """Return the records of stops and tows, like any other; `area` says where people live."""
    subject = np.array([s.subject for _, s, _ in rows], np.int64)
    begun = np.array([p.time for _, _, p in rows], np.int64)
    length = np.array([p.minutes * 60_000_000 for _, _, p in rows], np.int64)
    return Incidents(
        serial=np.array([serial for serial, _, _ in rows], np.int64),
        kind=np.array([p.kind for _, _, p in rows], np.int8),
        priority=np.full(len(rows), 3, np.int8),
        topic=np.array([p.topic for _, _, p in rows], np.int16),
        self_initiated=np.ones(len(rows), bool),
        opened=begun,
        begun=begun,
        closed=begun + length,
        known=begun,
        officer=np.array([s.officer for _, s, _ in rows], np.int32),
        dispatcher=np.full(len(rows), -1, np.int32),
        subject=subject,
        area=area(subject).astype(np.int16),
    )


def _truth(
    scene: Scene, kept: list[Campaign], ids: np.ndarray[tuple[int], np.dtype[np.object_]]
) -> pa.Table:
    rows, on_file = [], scene.on_file
    sides, home = _sides(scene, kept)
    for campaign, name, side in zip(kept, ids.tolist(), sides, strict=True):
        first, last = campaign.span
        story = campaign.told(scene.clock.horizon[0])
        rows.append({
            "campaign_id": name,
            "kind": schema.MISUSE_KINDS[campaign.key[0]],
            "rung": schema.RUNGS[campaign.rung],
            "cover": schema.COVERS[story.cover] if on_file else None,
            "agency_id": scene.agency.agency_id,
            "officer_ids": scene.officers.officer_id[list(campaign.officers)].tolist(),
            "unit": campaign.unit,
            "subject_keys": _targets(scene, campaign) if on_file else [],
            "tie": schema.TIE_KINDS[campaign.tie] if on_file and campaign.tie != NONE else None,
            "motive": campaign.motive if on_file else "",
            "start": first,
            "end": last,
            "n_queries": sum(step.queries for step in campaign.steps),
            "severity": campaign.severity,
            "false_case": _false_case(scene, story, name) if on_file else None,
            "split_time": None,  # known when oversight has had its way
            "split_officer": schema.SIDES[side],
            "split_agency": schema.SIDES[home],
            "split_kind": schema.SIDES[splits.by_kind(schema.MISUSE_KINDS[campaign.key[0]])],
        })  # fmt: skip
    columns = [pa.array([r[f.name] for r in rows], f.type) for f in schema.TRUTH_CAMPAIGNS]
    return pa.Table.from_arrays(columns, schema=schema.TRUTH_CAMPAIGNS)


def _sides(scene: Scene, kept: list[Campaign]) -> tuple[list[int], int]:
    """Return the side of each campaign's officers, and that of the agency."""
    seed, index = scene.scenario.seed, scene.agency.index
    group = splits.groups(len(scene.officers), [campaign.officers for campaign in kept])
    whose = group[[campaign.officers[0] for campaign in kept]]
    officers = splits.by_officer(seed, np.full(len(kept), index), whose)
    return officers.tolist(), int(splits.by_agency(seed, np.array([index]))[0])


def _targets(scene: Scene, campaign: Campaign) -> list[int]:
    """Return the keys, as person and as plate, of those who are looked up."""
    people = np.unique([step.subject for step in campaign.steps if step.subject != NONE])
    if not len(people):  # strangers, drawn with the rows
        return []
    keys = np.stack([scene.population.person_key(people), scene.population.plate_key(people)], 1)
    return [int(key) for key in keys.ravel()]


def _false_case(scene: Scene, story: Story, name: str) -> str | None:
    """Return what the typed number names: an invented text, or the id of a case or an incident."""
    if story.cover == INVENTED:
        before = scenario_start_us(scene.scenario)
        return str(invented_number(scene.scenario, scene.agency, "case", name, before))
    for kind, serial in (("case", story.case), ("incident", story.incident)):
        if serial >= 0:
            one = np.array([serial], np.int64)
            return str(opaque_id(scene.scenario, kind, scene.agency, one)[0])
    return None


def application_ids(
    scene: Scene, steps: list[tuple[Campaign, int]]
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Return the ids of the applications behind steps of campaigns."""
    serial = np.array([serial_of(campaign, nth) for campaign, nth in steps], np.int64)
    return opaque_id(scene.scenario, "application", scene.agency, serial | _APPLICATION_BIT)


def _applications(scene: Scene, kept: list[Campaign]) -> dict[str, pa.Table]:
    """Return the permit applications behind prohibited checks: they are as lawful as any."""
    rows = [(c, n, a) for c in kept for n, a in enumerate(c.applications)]
    if not rows:
        return {}
    subject, filed = np.array([a for _, _, a in rows], np.int64).T
    rows_of = table(
        schema.CONTEXT["dispatch"]["applications"],
        len(rows),
        application_id=application_ids(scene, [(c, n) for c, n, _ in rows]),
        agency_id=np.repeat(np.array([scene.agency.agency_id], object), len(rows)),
        kind=np.repeat(np.array(["ccw"], object), len(rows)),
        subject_key=scene.population.person_key(subject),
        valid_from=filed,
        valid_to=NEVER,  # as with lawful ones, decisions are not on file
        known_at=filed,
    )
    return {"dispatch/applications": rows_of}
