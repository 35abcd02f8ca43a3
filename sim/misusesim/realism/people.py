"""Statistics of whole accounts and agencies: volume, hits, and what honest officers do at times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusesim.realism.measures import chance_of_so_many, z_of_share
from misusesim.realism.profile import gini, shift_window_share
from misusesim.realism.targets import Measured, NotApplicableError, Share, Statistic, Within

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from misusesim.realism.material import Material, People, Tally

_YEAR: Final = 350
_OFFICERS: Final = 60
_AGENCIES: Final = 100
_PLATE_READERS: Final = "ALPR"
#: Beyond these an officer's own surname, or one sex, is more than chance.
_SURNAME_CHANCE, _SEX_Z = 0.05, 3.0


def _whole(of: Material) -> tuple[People, Tally]:
    if of.people is None or of.tally is None:
        raise NotApplicableError("a search log has no roster and no other queries")
    return of.people, of.tally


def _hit_rate(of: Material) -> Measured:
    _, tally = _whole(of)
    names = [s for s in tally.by_system if s in ("DMV", "NCIC", "WPS", "SVS", "NLETS", "MUPS")]
    asked = sum(tally.by_system[s] for s in names)
    if asked < 10_000:  # noqa: PLR2004 - 190 hits
        raise NotApplicableError(f"{asked:,} queries about persons and vehicles, 10,000 needed")
    return Measured(sum(tally.hits[s] for s in names) / asked, asked)


def _reader_hit_rate(of: Material) -> Measured:
    _, tally = _whole(of)
    asked = tally.by_system[_PLATE_READERS]
    if asked < 10_000:  # noqa: PLR2004 - 73 hits
        raise NotApplicableError(f"{asked:,} plate searches, 10,000 needed")
    return Measured(tally.hits[_PLATE_READERS] / asked, asked)


def _per_shift(of: Material) -> Measured:
    people, tally = _whole(of)
    patrol = people.role == "patrol"
    shifts = int(people.shifts[patrol].sum())
    if shifts < 1_000:  # noqa: PLR2004
        raise NotApplicableError(f"{shifts:,} shifts of patrol, 1,000 needed")
    return Measured(float(tally.queries[patrol].sum() / shifts), shifts)


def _active(of: Material) -> tuple[People, Tally, NDArray[np.bool_]]:
    """Return who made queries at all."""
    people, tally = _whole(of)
    active = tally.queries > 0
    if active.sum() < _OFFICERS:
        raise NotApplicableError(f"{int(active.sum())} officers with queries, {_OFFICERS} needed")
    return people, tally, active


def _self_query(of: Material) -> Measured:
    _, tally, active = _active(of)
    return Measured(float(tally.itself[active].mean()), int(active.sum()))


def _surname(of: Material) -> Measured:
    """Return the share of officers who asked for their own surname more than chance would have."""
    people, tally, active = _active(of)
    total = max(1, sum(tally.surnames.values()))
    common = {name.casefold(): count / total for name, count in tally.surnames.items()}
    rows = np.flatnonzero(active)
    excess = [
        chance_of_so_many(
            int(tally.namesakes[k]),
            tally.persons[k] * common.get(people.surname[k].casefold(), 0.5 / total),
        ) < _SURNAME_CHANCE
        for k in rows.tolist()
    ]  # fmt: skip
    return Measured(float(np.mean(excess)), len(rows))


def _one_sex(of: Material) -> Measured:
    """Return the share of officers whose subjects are of one sex far more than others' are."""
    _, tally, active = _active(of)
    rows = np.flatnonzero(active & (tally.sexed >= 50))  # noqa: PLR2004 - else z means little
    usual = float(tally.women.sum() / max(1, tally.sexed.sum()))
    far = [abs(z_of_share(int(tally.women[k]), int(tally.sexed[k]), usual)) > _SEX_Z
           for k in rows.tolist()]  # fmt: skip
    if not far:
        raise NotApplicableError("no officer with 50 queries about persons")
    return Measured(float(np.mean(far)), len(far))


def _outside(of: Material) -> Measured:
    _, tally, _ = _active(of)
    who, when = np.concatenate(tally.who), np.concatenate(tally.when)
    order = np.argsort(when, kind="stable")
    found = shift_window_share(who[order], when[order])
    if found.officers < _OFFICERS:
        raise NotApplicableError(f"{found.officers} officers with 30 queries, {_OFFICERS} needed")
    return Measured(found.share, found.officers)


def _volumes(of: Material) -> NDArray[np.int64]:
    """Return searches per agency in thirty days, of agencies with any."""
    counts = np.bincount(of.searches.agency)
    if (counts > 0).sum() < _AGENCIES:
        raise NotApplicableError(f"{int((counts > 0).sum())} agencies search, {_AGENCIES} needed")
    return np.maximum(1, np.round(counts[counts > 0] * 30 / of.days)).astype(np.int64)


def _of_volumes(one: Callable[[NDArray[np.int64]], float]) -> Callable[[Material], Measured]:
    def measure(of: Material) -> Measured:
        volumes = _volumes(of)
        return Measured(one(volumes), len(volumes))

    return measure


def _per_day(of: Material) -> Measured:
    _, tally = _whole(of)
    if of.agencies < 1_000:  # noqa: PLR2004 - CLETS has 1,200
        raise NotApplicableError(f"{of.agencies} agencies, 1,000 needed")
    return Measured(tally.rows / of.days / 1e6, tally.rows)


def _top_agencies(of: Material) -> Measured:
    volumes = np.sort(_volumes(of))[::-1]
    return Measured(float(volumes[:10].sum() / volumes.sum()), len(volumes))


def _about_vehicles(of: Material) -> Measured:
    _, tally = _whole(of)
    asked = sum(tally.about.values())
    if asked < 10_000:  # noqa: PLR2004
        raise NotApplicableError(f"{asked:,} queries of people, 10,000 needed")
    return Measured(tally.about["vehicle"] / asked, asked)


def _histories(of: Material) -> Measured:
    _, tally = _whole(of)
    asked = sum(tally.by_system.values())
    if asked < 10_000:  # noqa: PLR2004
        raise NotApplicableError(f"{asked:,} queries, 10,000 needed")
    return Measured(tally.by_system["III"] / asked, asked)


_MIX = "assumption: no breakdown was ever published (domain note 7.2)"
_MN = "Minnesota Legislative Auditor 2013, domain note 4"
_PORTALS = "175 agencies, domain note 7.1"
STATISTICS: Final = (
    Statistic("hit_rate", "hits of queries about persons and vehicles", "queries", _hit_rate,
              Within(0.014, 0.024), "805 of 41,816, OJP NCJ 171533, domain note 7.2", 7, ".2%"),
    Statistic("reader_hit_rate", "hits of plate searches", "searches", _reader_hit_rate,
              Within(0.004, 0.012), "assumption: 0.73 % is of camera reads (domain note 7.2), "
              "nobody published it of searches", 14, ".2%", counted=False),
    Statistic("per_shift", "queries of patrol a shift", "queries", _per_shift, Within(15, 24),
              "1,130 in 60 shifts, OJP NCJ 171533, domain note 7.2", 14, ".1f"),
    Statistic("outside_window_all", "later queries outside the officer's own window", "queries",
              _outside, Within(0.12, 0.22), "Eugene 17 % (searches), domain note 6", 120, ".1%"),
    Statistic("self_query", "officers who ask for themselves within a year", "people", _self_query,
              Share(0.33, 0.40), "33-40 %, " + _MN, _YEAR, ".1%"),
    Statistic("surname_excess", "officers who ask for their surname beyond chance", "people",
              _surname, Share(0.20, 0.30), "25 %, " + _MN, _YEAR, ".1%"),
    Statistic("one_sex", "officers whose subjects are of one sex beyond chance", "people", _one_sex,
              Share(0.05, 0.13), "9 %, " + _MN, _YEAR, ".1%"),
    Statistic("agency_gini", "Gini of searches per agency", "agencies", _of_volumes(gini),
              Within(0.58, 0.78), _PORTALS, 28),
    Statistic("agency_sigma", "sd of ln searches per agency", "agencies",
              _of_volumes(lambda n: float(np.log(n).std())), Within(1.2, 1.9), _PORTALS, 28),
    Statistic("agency_top10", "the ten agencies that search most", "agencies", _top_agencies,
              Within(0.2, 0.55), "29 % of 5,363 agencies, domain note 7.1; here a fifth as many",
              28, ".1%", counted=False),
    Statistic("network_volume", "queries a day, million", "agencies", _per_day, Within(2.5, 3.1),
              "CLETS 2.8 M in 2018, domain note 2.3", 7),
    Statistic("mix_vehicles", "queries about vehicles, plate searches left out", "queries",
              _about_vehicles, Within(0.45, 0.55), _MIX, 7, ".1%", counted=False),
    Statistic("mix_histories", "queries for criminal histories", "queries", _histories,
              Within(0.03, 0.06), _MIX, 7, ".1%", counted=False),
)  # fmt: skip
