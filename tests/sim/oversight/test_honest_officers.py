"""Honest officers who are accused, other sanctions, and what the roster says of both."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import numpy as np
import pytest

from misusesim.clock import DAY_US, NEVER, LocalClock
from misusesim.dataset import schema
from misusesim.oversight.aftermath import merged
from misusesim.oversight.honest import accused, accused_table, by_agency, other_sanctions
from misusesim.oversight.sanctions import Sanctions, sanctions_context
from misusesim.plan import Suspensions
from misusesim.scenario.model import AgencyGroup, Scenario
from misusesim.scenario.overseeing import Oversight
from misusesim.world.accountstates import account_states
from misusesim.world.agencies import agencies
from misusesim.world.model import Staff
from misusesim.world.officers import block_officers


def world(days=365, **settings):
    """Return three agencies of 2,000 accounts, nobody of whom leaves."""
    return Scenario(
        name="honest", start=dt.date(2024, 1, 1), days=days, population=1_000_000,
        agency=(AgencyGroup(name="town", type="police", count=3, accounts_median=2000,
                            accounts_sigma=0),),
        staffing={"turnover_per_year": 0.0}, oversight=Oversight(**settings),
    )  # fmt: skip


@lru_cache(maxsize=4)
def staff(scenario, which=(0, 1, 2)):
    """Return the people of some of the agencies."""
    some = [agencies(scenario)[n] for n in which]
    return Staff.of(some, block_officers(scenario, some))


def struck(scenario, which=(0, 1, 2), guilty=None):
    """Return the accused of some of the agencies."""
    people = staff(scenario, which)
    never = np.full(len(people), NEVER) if guilty is None else guilty
    return people, accused(scenario, people, LocalClock(scenario), never)


def test_accusations_have_their_rate():
    """One officer in ten a year: 600 of 6,000, within 4 standard errors."""
    _, found = struck(world(accusations_per_officer_year=0.1))
    assert abs(len(found.officer) - 600) < 4 * (600 * 0.9) ** 0.5


def test_the_default_is_seven_to_twenty_eight_of_what_defaults_find():
    """0.0004 a year, a quarter of 0.15 % (1 % of officers, 15 % of them found), rounded."""
    assert Oversight().accusations_per_officer_year == 0.0004
    assert Oversight().complaint_share * 0.01 * 7 / 28 == pytest.approx(0.0004, abs=0.00005)


def test_accusations_are_spread_over_the_year():
    """A quarter in each quarter."""
    scenario = world(accusations_per_officer_year=0.3)
    _, found = struck(scenario)
    day = (found.found - LocalClock(scenario).horizon[0]) // DAY_US
    share = np.histogram(day, [0, 91, 182, 273, 365])[0] / len(day)
    assert np.abs(share - 0.25).max() < 0.05


@pytest.mark.parametrize(
    ("by", "percent"),
    [("complaint", 60), ("access_request", 10), ("peer_report", 10), ("audit", 8),
     ("supervisor_review", 6), ("analytics", 6)],
)  # fmt: skip
def test_ways_of_being_accused(by, percent):
    """Most accusations are complaints; within 4 standard errors of about 3,000."""
    _, found = struck(world(accusations_per_officer_year=0.5))
    share = np.mean(found.by == schema.FOUND_BY.index(by))
    width = 4 * (percent * (100 - percent) / len(found.by)) ** 0.5
    assert abs(100 * share - percent) < width


def test_the_accused_are_cleared_after_an_investigation():
    """Unfounded, a day or more later, 20 on average here; the last ones are still open."""
    people, found = struck(world(accusations_per_officer_year=0.5, delay_days=20))
    rows = accused_table(people, found).to_pylist()
    decided = [row for row in rows if row["decided_at"]]
    days = [(row["decided_at"] - row["found_at"]).days for row in decided]
    assert {row["outcome"] for row in decided} == {"unfounded"}
    assert {(row["outcome"], row["campaign_id"], row["n_queries"]) for row in rows} == {
        ("unfounded", None, 0), (None, None, 0),
    }  # fmt: skip
    assert min(days) >= 1
    assert abs(np.mean(days) - 19.7) < 2.5


def test_an_accused_table_has_the_contract_schema():
    """Empty or not."""
    for rate in (0.0, 0.2):
        people, found = struck(world(accusations_per_officer_year=rate))
        table = accused_table(people, found)
        assert table.schema.equals(schema.TRUTH_OUTCOMES, check_metadata=True)
        assert (table.num_rows > 0) == (rate > 0)


def test_a_longer_horizon_accuses_nobody_earlier():
    """Thirty days are the first thirty of two years."""
    people, long = struck(world(730, accusations_per_officer_year=0.5))
    _, short = struck(world(30, accusations_per_officer_year=0.5))
    end = LocalClock(world(30)).horizon[1]
    early = long.found < end
    name = people.officers.officer_id
    assert early.any()
    assert sorted(zip(name[long.officer[early]], long.found[early], strict=True)) == sorted(
        zip(staff(world(30, accusations_per_officer_year=0.5)).officers.officer_id[short.officer],
            short.found, strict=True)
    )  # fmt: skip


def test_an_agency_alone_accuses_the_same():
    """Neighbours make no difference."""
    scenario = world(accusations_per_officer_year=0.2)
    people, together = struck(scenario)
    rows = by_agency(people, together)
    for n in range(3):
        own, alone = struck(scenario, (n,))
        part = accused_table(people, together).slice(rows[n].start, rows[n].stop - rows[n].start)
        assert accused_table(own, alone).to_pylist() == part.to_pylist()


def test_who_misused_it_before_is_not_falsely_accused():
    """An accusation after the first misuse would be true; one before it is not."""
    scenario = world(accusations_per_officer_year=0.5)
    middle = LocalClock(scenario).horizon[0] + 180 * DAY_US
    people, every = struck(scenario)
    _, left = struck(scenario, guilty=np.full(len(people), middle))
    assert left.found.tolist() == every.found[every.found < middle].tolist()


def test_other_sanctions_have_their_rate():
    """One in twenty a year: half are trained, a third is counselled, the others suspended."""
    scenario = world(other_sanctions_per_officer_year=0.05)
    found = other_sanctions(scenario, staff(scenario), LocalClock(scenario))
    kinds = [schema.OUTCOME_KINDS[code] for code in found.kind.tolist()]
    assert abs(len(kinds) - 300) < 4 * 300**0.5
    assert set(kinds) == {"retrained", "counselled", "suspended"}
    assert abs(kinds.count("retrained") / len(kinds) - 0.5) < 0.12
    assert abs(kinds.count("suspended") / len(kinds) - 0.15) < 0.09
    away = [(end - since) // DAY_US if kind == "suspended" else end
            for kind, since, end in zip(kinds, found.start, found.end, strict=True)]  # fmt: skip
    assert set(away) == {30, NEVER}


def suspended(*rows):
    """Return suspensions from rows of officer, first and last day."""
    columns = np.array(rows, np.int64).reshape(-1, 3)
    return Suspensions(columns[:, 0].astype(np.int32), columns[:, 1], columns[:, 2])


def test_overlapping_suspensions_are_one():
    """Those of one officer, from whatever cause; who is removed stays so."""
    found = merged([
        suspended((7, 5, 35), (9, 1, 31)), suspended((7, 20, 50), (7, 60, 90), (9, 40, NEVER)),
    ])  # fmt: skip
    assert list(zip(found.officer.tolist(), found.start.tolist(), found.end.tolist(),
                    strict=True)) == [
        (7, 5, 50), (7, 60, 90), (9, 1, 31), (9, 40, NEVER),
    ]  # fmt: skip


def test_of_nobody_suspended_nothing_is_left():
    """Without any suspension there is an empty table."""
    assert len(merged([suspended()]).officer) == 0


def test_the_roster_tells_a_sanction_from_its_decision_on():
    """By agency and time; the end of a suspension is known from the start."""
    scenario = world()
    people, kinds = staff(scenario), schema.OUTCOME_KINDS
    start = LocalClock(scenario).horizon[0]
    every = Sanctions(
        np.array([2500, 7, 8], np.int32),
        np.array([kinds.index(k) for k in ("dismissed", "suspended", "retrained")], np.int8),
        start + np.array([3, 9, 5]) * DAY_US, np.array([NEVER, start + 39 * DAY_US, NEVER]),
    )  # fmt: skip
    table = sanctions_context(people, every)
    assert table.schema.equals(schema.CONTEXT["roster"]["sanctions"], check_metadata=True)
    rows = table.to_pylist()
    assert [row["kind"] for row in rows] == ["retrained", "suspended", "dismissed"]
    assert [row["valid_to"] is None for row in rows] == [True, False, True]
    assert all(row["known_at"] == row["valid_from"] for row in rows)
    ids = people.officers.officer_id
    assert [row["officer_id"] for row in rows] == [ids[8], ids[7], ids[2500]]


def test_accounts_of_suspended_officers_are_closed_meanwhile():
    """Closed at the decision and open again after it; of who is removed, closed for good."""
    scenario = world()
    people, (start, _) = staff(scenario), LocalClock(scenario).horizon
    away = Suspensions(
        np.array([7, 9], np.int32), start + np.array([5, 6]) * DAY_US,
        np.array([start + 35 * DAY_US, NEVER]),
    )  # fmt: skip
    plain, found = account_states(scenario, people, None), account_states(scenario, people, away)

    def told(states):
        return {
            (int(o), int(since - start) // DAY_US, bool(a), int(left))
            for o, a, since, left in zip(states.officer, states.active, states.start, states.left,
                                         strict=True)
            if since > start
        }  # fmt: skip

    assert sorted(told(found) - told(plain)) == [
        (7, 5, False, NEVER), (7, 35, True, NEVER), (9, 6, False, start + 6 * DAY_US),
    ]  # fmt: skip
    assert len(found.officer) == len(plain.officer) + 3
    assert (found.known >= found.start).all()


def test_nobody_is_removed_twice():
    """Only the first removal closes an account, and no suspension follows it."""
    scenario = world()
    people, (start, _) = staff(scenario), LocalClock(scenario).horizon
    away = Suspensions(
        np.array([7, 7, 7], np.int32), start + np.array([5, 9, 10]) * DAY_US,
        np.array([NEVER, NEVER, start + 40 * DAY_US]),
    )  # fmt: skip
    found = account_states(scenario, people, away)
    assert ((found.officer == 7) & ~found.active).sum() == 1
