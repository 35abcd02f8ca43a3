"""Who was at work on whom: claims of the record of misuse, held against all files of a block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

from misusesim import rng
from misusesim.dataset.schema import TRUTH_REASONS
from misusesim.misuse.reasons import Fact
from misusesim.plan import SERIAL_BITS
from misusesim.workload.numbers import hex_digits, opaque_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from misusesim.misuse import MisusePlan
    from misusesim.workload.context import Filed
    from misusesim.workload.setting import Setting

    I64Array = NDArray[np.int64]

#: Incidents and cases have serials of their own; this bit tells cases apart.
_CASE: Final = 1 << 62


class Plot(NamedTuple):
    """The misuse of one agency of a block."""

    place: int
    first: int  # its first officer among all accounts
    plan: MisusePlan


class _Work(NamedTuple):
    """Who is named in which files, and who works on those."""

    files: dict[int, set[int]]  # of a person
    spans: dict[tuple[int, int], list[tuple[int, int]]]  # of a file and an officer

    def links(self, officer: int, subject: int, time: int) -> bool:
        """Return whether an officer works on something that names a person."""
        return any(
            since <= time < until
            for file in self.files.get(subject, ())
            for since, until in self.spans.get((file, officer), ())
        )


def reasons_table(setting: Setting, filed: Filed, plots: Sequence[Plot]) -> pa.Table:
    """Return `truth.reasons` of some agencies.

    Parameters
    ----------
    setting
        The agencies with all accounts.
    filed
        What is on file there.
    plots
        Misuse of the agencies.
    """
    some = [plot for plot in plots if plot.plan.record is not None]
    if not some:
        return TRUTH_REASONS.empty_table()
    work = _work(filed, some)
    found = [(plot, fact) for plot in some for fact in _facts(setting, work, plot)]
    names = [str(plot.plan.campaigns.campaign_id[fact.campaign]) for plot, fact in found]
    columns = {
        "reason_id": _ids(setting.scenario.seed, names),
        "campaign_id": names,
        **{name: [getattr(fact, name) for _, fact in found] for name in Fact._fields[1:]},
    }
    arrays = [pa.array(columns[f.name], f.type) for f in TRUTH_REASONS]
    return pa.Table.from_arrays(arrays, schema=TRUTH_REASONS)


def _ids(seed: int, names: list[str]) -> list[str]:
    """Return ids that say nothing, from campaigns and the place of each reason in its own."""
    campaign = np.array([int(name, 16) for name in names], np.uint64)
    _, first, which = np.unique(campaign, return_index=True, return_inverse=True)
    nth = (np.arange(len(names)) - first[which]).astype(np.uint64)  # a campaign's stand together
    number = rng.draw(rng.mix(campaign) + nth, rng.salt(seed, "opaque/reason"))
    return [row.tobytes().decode() for row in hex_digits(number)]


def _facts(setting: Setting, work: _Work, plot: Plot) -> list[Fact]:
    """Return the facts of one agency, campaign by campaign."""
    assert plot.plan.record is not None, "asked for those with a record"
    claims = [*_unlinked(setting, work, plot), *_unnamed(setting, work, plot)]
    return sorted([*plot.plan.record.facts, *claims], key=lambda fact: fact.campaign)


def _unlinked(setting: Setting, work: _Work, plot: Plot) -> Iterator[Fact]:
    assert plot.plan.record is not None, "asked for those with a record"
    people = setting.officers.officer_id
    for one in plot.plan.record.unlinked:
        officer = one.officer + plot.first
        key = int(setting.population.person_key(np.array([one.subject]))[0])
        evidence = f"dispatch/assignments:{people[officer]}/{key}"
        if not work.links(officer, one.subject, one.time):
            yield Fact(one.campaign, one.rule, one.time, evidence, present=False)


def _unnamed(setting: Setting, work: _Work, plot: Plot) -> Iterator[Fact]:
    assert plot.plan.record is not None, "asked for those with a record"
    agency, scenario = setting.agencies[plot.place], setting.scenario
    for one in plot.plan.record.unnamed:
        ident = opaque_id(scenario, one.kind, agency, np.array([one.serial], np.int64))[0]
        key = int(setting.population.person_key(np.array([one.subject]))[0])
        file = one.serial | plot.place << SERIAL_BITS | _CASE * (one.kind == "case")
        evidence = f"dispatch/involved:{ident}/{key}"
        if file not in work.files.get(one.subject, ()):
            yield Fact(one.campaign, "false_case", one.time, evidence, present=False)


def _work(filed: Filed, plots: Sequence[Plot]) -> _Work:
    """Return the work that concerns the people of some campaigns."""
    records = [plot.plan.record for plot in plots if plot.plan.record is not None]
    asked = {one.subject for record in records for one in record.unlinked}
    asked |= {one.subject for record in records for one in record.unnamed}
    incidents, cases, links = filed.incidents, filed.cases, filed.links
    own = cases.serial | _CASE
    of_link = np.where(links.case >= 0, links.case | _CASE, links.incident)
    files: dict[int, set[int]] = {}
    wanted = np.array(sorted(asked), np.int64)
    for subject, file in (
        (incidents.subject, incidents.serial), (cases.subject, own), (cases.victim, own),
        (links.subject, of_link),
    ):  # fmt: skip
        rows = np.flatnonzero(np.isin(subject, wanted))
        for who, what in zip(subject[rows].tolist(), file[rows].tolist(), strict=True):
            files.setdefault(who, set()).add(what)
    about = np.array(sorted({file for some in files.values() for file in some}), np.int64)
    spans: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for file, officer, since, until in (
        (incidents.serial, incidents.officer, incidents.begun, incidents.closed),
        (incidents.serial, incidents.dispatcher, incidents.opened, incidents.closed),
        (own, cases.officer, cases.opened, cases.closed),
        (of_link, links.officer, links.since, links.until),
    ):
        rows = np.flatnonzero(np.isin(file, about) & (officer >= 0))
        columns = (column[rows].tolist() for column in (file, officer, since, until))
        for what, who, begin, end in zip(*columns, strict=True):
            spans.setdefault((what, who), []).append((begin, end))
    return _Work(files, spans)
