"""The ways in which a campaign comes to light; each is a process of its own (SimPy)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from misusesim import rng
from misusesim.clock import DAY_US, NEVER
from misusesim.dataset.schema import MISUSE_KINDS
from misusesim.oversight.files import picked

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy as np
    import simpy

    from misusesim.oversight.files import File, Office

#: Who tells of a unit's practice (assumption).
UNIT_REPORTED_BY: Final = {"self_report": 60.0, "peer_report": 40.0}
#: Kinds of which something else is documented than complaints (domain note 5.2): subjects who ask
#: who looked, informants, colleagues, one's own report.
_REPORTED_BY: Final = {
    "celebrity": {"access_request": 70.0, "complaint": 30.0},
    "selling": {"peer_report": 70.0, "complaint": 30.0},
    "favour": {"self_report": 50.0, "complaint": 50.0},
    "credential_sharing": {"peer_report": 100.0},
    "ghost_account": {"peer_report": 100.0},
    "bulk_harvest": {"peer_report": 100.0},
}
_COMPLAINT_DAYS: Final = 14  # at most, from the look-up somebody learns of to the complaint
_YEAR_DAYS: Final = 365
#: A program looks back over a month for so many look-ups (assumption).
_MONTH_DAYS: Final = 30
_SUSPICIOUS: Final = 3
#: More queries of one campaign make no difference to the chance that one of them is noticed.
_MOST_READ: Final = 10_000


def watch(office: Office, file: File) -> None:
    """Let everything happen that may bring a campaign to light."""
    processes = [reports, audits] if file.unit else [reports, audits, reviews, analytics]
    for process in processes:
        office.env.process(process(office, file))


def reports(office: Office, file: File) -> Generator[simpy.Event, Any, None]:
    """Wait for a complaint (personal kinds) or a report of the unit's practice."""
    campaign, chance = office.plan.planned[file.row], office.stream(file, "reports")
    share = _report_share(office, file)
    happens, when, late, by = chance.random() < share, *chance.random(3)
    if file.unit:
        happens |= file.latest < NEVER
        learnt, at = int(file.times[0]), _unit_reported(file, float(when))
    else:
        nth = int(when * campaign.wished)  # of all steps, so that no horizon moves it
        if nth >= len(campaign.steps):
            return
        learnt = campaign.steps[nth].time
        at = learnt + (1 + int(late * _COMPLAINT_DAYS)) * DAY_US
    if not happens or at < office.clock.horizon[0]:
        return  # it came to nothing: the campaign still runs
    yield office.env.timeout(at - int(office.env.now))
    if office.away(file, learnt):
        return  # he could not do what somebody would have learnt of
    yield from office.found(file, chance, picked(_ways(office, file), float(by)))


def _unit_reported(file: File, when: float) -> int:
    """Return when a unit is reported: within a year, or early enough to be decided in time."""
    first = int(file.times[0])
    days = min(_YEAR_DAYS, (file.latest - first) // DAY_US * 3 // 4)
    return first + max(0, int(when * days)) * DAY_US


def _report_share(office: Office, file: File) -> float:
    """Return the chance that a campaign is reported: the kind's own, else as oversight says."""
    settings, kind = office.scenario.oversight, _kind(office, file)
    own = next((m.complaint_share for m in office.scenario.misuse if m.kind == kind), None)
    if own is not None:
        return own
    return settings.unit_report_share if file.unit else settings.complaint_share


def _kind(office: Office, file: File) -> str:
    return MISUSE_KINDS[int(office.plan.campaigns.kind[file.row])]


def _ways(office: Office, file: File) -> dict[str, float]:
    """Return how a report comes, by weight."""
    if file.unit:
        return UNIT_REPORTED_BY
    if (known := _REPORTED_BY.get(_kind(office, file))) is not None:
        return known
    settings = office.scenario.oversight
    asked, peers = settings.access_request_share, settings.peer_report_share
    return {
        "complaint": max(0.0, 1 - asked - peers), "access_request": asked, "peer_report": peers,
    }  # fmt: skip


def audits(office: Office, file: File) -> Generator[simpy.Event, Any, None]:
    """Wait for each audit of the agency: it looks at the same days whatever there is to find."""
    settings = office.scenario.oversight
    days = rng.stream(office.scenario.seed, "oversight/audit days", office.agency.index)
    caught = settings.audit_sample_share * (1 - settings.audit_miss_share)
    yield from _read(office, file, "audit", settings.audits_per_agency_year, days, caught)


def reviews(office: Office, file: File) -> Generator[simpy.Event, Any, None]:
    """Wait for each time that a supervisor looks through the officer's queries."""
    settings = office.scenario.oversight
    numbers = office.agency.index, file.officers[0]
    days = rng.stream(office.scenario.seed, "oversight/review days", *numbers)
    caught = settings.review_sample_share * (1 - settings.review_miss_share)
    yield from _read(
        office, file, "supervisor_review", settings.reviews_per_officer_year, days, caught
    )


def _read(
    office: Office, file: File, by: str, per_year: float, days: np.random.Generator, caught: float
) -> Generator[simpy.Event, Any, None]:
    """Read a sample of what came since the last time, again and again.

    Parameters
    ----------
    office, file
        Whose campaign.
    by
        How it is found.
    per_year, days
        How often, and the generator of the days.
    caught
        Chance that one query of the campaign is read and noticed.
    """
    if not per_year:
        return
    chance, last = office.stream(file, f"{by}s"), office.clock.horizon[0]
    while file.found_at == NEVER:
        wait = 1 + int(days.standard_exponential() * _YEAR_DAYS / per_year)
        yield office.env.timeout(max(0, last + wait * DAY_US - int(office.env.now)))
        now = int(office.env.now)
        there = int(((file.times >= last) & (file.times < now)).sum())
        last, missed = now, 1.0
        for _ in range(min(there, _MOST_READ)):  # no power: its last bit depends on the machine
            missed *= 1 - caught
        if chance.random() < 1 - missed:
            yield from office.found(file, chance, by)


def analytics(office: Office, file: File) -> Generator[simpy.Event, Any, None]:
    """Wait for each month's list of people looked up again and again, where there is one."""
    settings, env = office.scenario.oversight, office.env
    has = rng.stream(office.scenario.seed, "oversight/analytics", office.agency.index)
    if has.random() >= settings.analytics_agency_share:
        return
    chance, end = office.stream(file, "analytics"), office.clock.horizon[0]
    while file.found_at == NEVER:
        begin, end = end, end + _MONTH_DAYS * DAY_US
        yield env.timeout(end - int(env.now))
        there = int(((file.times >= begin) & (file.times < end)).sum())
        flagged = chance.random() < settings.analytics_flag_share
        if flagged and there >= _SUSPICIOUS:
            yield from office.found(file, chance, "analytics")
