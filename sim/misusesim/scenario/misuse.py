"""What a scenario says of misuse, kind by kind (domain note 5.1 has their documented cases).

A default without another source is an assumption.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from misusesim.scenario.base import Rate, Share  # noqa: TC001 - pydantic reads them
from misusesim.scenario.prevalence import (
    AskingColleagues,
    ByOfficer,
    Course,
    Grave,
    MisuseBase,
    Pace,
    Practice,
    Spell,
    Weeks,
)


class PermitChecks(MisuseBase):
    """A unit checks permit applicants in systems that the rules forbid for it."""

    kind: Literal["permit_checks"]
    agency_group: str
    """Name of the agency group whose first agency does it."""
    per_business_day: float = Field(default=27.15, gt=0, le=10_000)
    """Checks of the whole unit; 6,789 in 250 business days of 2023 (EFF 2025-01-28)."""
    per_year: int | None = Field(default=None, ge=1)
    """Exact number over 365 days from `start`; overrides `per_business_day`."""
    decided_within_days: int | None = Field(default=None, ge=14, le=3660)
    """The practice comes to light and is decided within so many days of `start`, by one way or
    another, as that of 2023 did; by default it may never be."""
    severity: Grave = 2
    """0 none to 3 grave (domain note 5.2)."""


class RomanticInterest(AskingColleagues):
    """An officer follows a partner, an ex or an acquaintance for weeks to months."""

    kind: Literal["romantic_interest"]
    weeks_median: float = Field(default=8.0, gt=0, le=104)
    """Median length; documented 14-471 days (domain note 5.1)."""
    queries_per_week: float = Field(default=1.2, gt=0, le=50)
    """Mean; documented 3-16 queries per subject, 69-164 in severe cases."""


class Retaliation(ByOfficer):
    """An officer looks up an opponent, then stops or tows him: the query precedes the incident."""

    kind: Literal["retaliation"]
    steps_median: float = Field(default=3.0, gt=0, le=50)
    """Median number of query-then-stop rounds; more than 12 documented (domain note 5.1)."""
    days_between: float = Field(default=6.0, gt=0, le=365)
    """Mean days between rounds (assumption)."""


class DatingScreening(Course):
    """An officer looks up strangers who please him, one after the other.

    9 % of Minnesota's officers were skewed to one sex, most of them honest.
    """

    kind: Literal["dating_screening"]
    officers_per_year: Share = 0.0008
    """Share of officers who begin in a year (assumption)."""
    weeks_median: Weeks = 12.0
    """Median weeks of a campaign (assumption)."""
    sittings_per_week: Pace = 0.8
    """Mean sittings a week (assumption)."""
    severity: Grave = 2
    """0 none to 3 grave (domain note 5.2)."""


class NameHunting(Course):
    """An officer hunts for somebody of whose name he knows a part; 19 names in one sitting."""

    kind: Literal["name_hunting"]
    officers_per_year: Share = 0.0003
    """Share of officers who begin in a year (assumption)."""
    weeks_median: Weeks = 1.0
    """Median weeks of a campaign (assumption)."""
    sittings_per_week: Pace = 0.5
    """Mean sittings a week (assumption)."""
    severity: Grave = 2
    """0 none to 3 grave (domain note 5.2)."""


class Favour(Course):
    """An officer or clerk looks somebody up for a relative or friend; 1-5 queries."""

    kind: Literal["favour"]
    officers_per_year: Share = 0.001
    """Share of officers who begin in a year (assumption)."""
    weeks_median: Weeks = 1.0
    """Median weeks of a campaign (assumption)."""
    sittings_per_week: Pace = 0.6
    """Mean sittings a week (assumption)."""
    severity: Grave = 1
    """0 none to 3 grave (domain note 5.2)."""


class SelfLookup(Course):
    """An officer asks for his own data where the rules forbid it.

    More than a third of Minnesota's did within a year, mostly harmless: the oddity `self_query`.
    """

    kind: Literal["self_lookup"]
    officers_per_year: Share = 0.001
    """Share of officers who begin in a year (assumption)."""
    weeks_median: Weeks = 1.0
    """Median weeks of a campaign (assumption)."""
    sittings_per_week: Pace = 0.5
    """Mean sittings a week (assumption)."""
    severity: Grave = 1
    """0 none to 3 grave (domain note 5.2)."""


class Celebrity(MisuseBase):
    """Officers of many agencies look up a public figure who is in the news.

    110 officers of 59 agencies asked for one victim within a month (Minnesota). The events are
    those of the oddity `public_figure_case`, which is this kind's twin.
    """

    kind: Literal["celebrity"]
    officers_per_event: Share = 0.003
    """Share of an agency's officers who look when news break (110 of 11,000 are 1 %; assumption for
    an ordinary event)."""
    severity: Grave = 1
    """0 none to 3 grave (domain note 5.2)."""


class Selling(Course):
    """A clerk or dispatcher sells addresses to a few buyers (documented: 844 in 12 months)."""

    kind: Literal["selling"]
    officers_per_year: Share = 0.0002
    """Share of officers who begin in a year (assumption)."""
    weeks_median: Weeks = 70.0
    """Median weeks of a campaign (assumption)."""
    sittings_per_week: Pace = 1.5
    """Mean sittings a week (assumption)."""
    severity: Grave = 3
    """0 none to 3 grave (domain note 5.2)."""


class PersonalBusiness(Course):
    """An officer runs plates for a trade of his own in vehicles."""

    kind: Literal["personal_business"]
    officers_per_year: Share = 0.0004
    """Share of officers who begin in a year (assumption)."""
    weeks_median: Weeks = 16.0
    """Median weeks of a campaign (assumption)."""
    sittings_per_week: Pace = 0.5
    """Mean sittings a week (assumption)."""
    severity: Grave = 2
    """0 none to 3 grave (domain note 5.2)."""


class WrongCode(Practice):
    """A records unit checks applicants for jobs and ride-alongs as if they were suspects.

    Code C instead of J or F; common in audits (unverified).
    """

    kind: Literal["wrong_code"]
    agencies_per_year: Rate = 0.05
    """Practices that begin per year and agency with such a unit (assumption)."""
    weeks_median: Weeks = 20.0
    """Median weeks of a campaign (assumption)."""
    sittings_per_week: Pace = 3.0
    """Mean sittings a week (assumption)."""
    severity: Grave = 1
    """0 none to 3 grave (domain note 5.2)."""


class Immigration(Practice):
    """A unit runs people for immigration agencies against the state's law.

    2,083 of 1.8 million rows in one city's audit name them.
    """

    kind: Literal["immigration"]
    agencies_per_year: Rate = 0.03
    """Practices that begin per year and agency with such a unit (assumption)."""
    weeks_median: Weeks = 10.0
    """Median weeks of a campaign (assumption)."""
    sittings_per_week: Pace = 2.0
    """Mean sittings a week (assumption)."""
    severity: Grave = 2
    """0 none to 3 grave (domain note 5.2)."""


class Protest(Practice):
    """Analysts and detectives look up who came to a protest; 1e-5 to 1e-4 of rows (EFF)."""

    kind: Literal["protest"]
    agencies_per_year: Rate = 0.02
    """Practices that begin per year and agency with such a unit (assumption)."""
    weeks_median: Weeks = 1.0
    """Median weeks of a campaign (assumption)."""
    sittings_per_week: Pace = 6.0
    """Mean sittings a week (assumption)."""
    severity: Grave = 2
    """0 none to 3 grave (domain note 5.2)."""


class Health(Course):
    """A detective follows somebody for a medical matter, nationwide and far back (EFF 2025)."""

    kind: Literal["health"]
    officers_per_year: Share = 0.0001
    """Share of officers who begin in a year (assumption)."""
    weeks_median: Weeks = 1.0
    """Median weeks of a campaign (assumption)."""
    sittings_per_week: Pace = 1.0
    """Mean sittings a week (assumption)."""
    severity: Grave = 3
    """0 none to 3 grave (domain note 5.2)."""


class Descriptor(Course):
    """An officer runs people for what they look like; about 1e-5 of rows (EFF Dec 2025)."""

    kind: Literal["descriptor"]
    officers_per_year: Share = 0.0004
    """Share of officers who begin in a year (assumption)."""
    weeks_median: Weeks = 8.0
    """Median weeks of a campaign (assumption)."""
    sittings_per_week: Pace = 0.4
    """Mean sittings a week (assumption)."""
    severity: Grave = 2
    """0 none to 3 grave (domain note 5.2)."""


class CredentialSharing(Spell, ByOfficer):
    """An account is used by a colleague, at another terminal than its holder's."""

    kind: Literal["credential_sharing"]
    officers_per_year: Share = 0.002
    """Share of officers who begin in a year (assumption)."""
    weeks_median: Weeks = 4.0
    """Median weeks of a campaign (assumption)."""
    sittings_per_week: Pace = 1.5
    """Mean sittings a week (assumption)."""
    severity: Grave = 1
    """0 none to 3 grave (domain note 5.2)."""


class GhostAccount(Spell):
    """An account is used after its holder left; found in every audit read."""

    kind: Literal["ghost_account"]
    leavers_share: Share = 0.02
    """Share of those who leave whose account is used afterwards (assumption)."""
    weeks_median: Weeks = 6.0
    """Median weeks of a campaign (assumption)."""
    sittings_per_week: Pace = 0.6
    """Mean sittings a week (assumption)."""
    severity: Grave = 2
    """0 none to 3 grave (domain note 5.2)."""


class BulkHarvest(Course):
    """An insider takes plates in bulk; 1,500 a year where peers do 300-400."""

    kind: Literal["bulk_harvest"]
    officers_per_year: Share = 0.0002
    """Share of officers who begin in a year (assumption)."""
    weeks_median: Weeks = 6.0
    """Median weeks of a campaign (assumption)."""
    sittings_per_week: Pace = 0.5
    """Mean sittings a week (assumption)."""
    severity: Grave = 3
    """0 none to 3 grave (domain note 5.2)."""


class LiveTesting(Course):
    """A trainer or a new hire tries the system on real people; 'test' is 0.18 % of portal rows."""

    kind: Literal["live_testing"]
    officers_per_year: Share = 0.001
    """Share of officers who begin in a year (assumption)."""
    weeks_median: Weeks = 2.0
    """Median weeks of a campaign (assumption)."""
    sittings_per_week: Pace = 1.0
    """Mean sittings a week (assumption)."""
    severity: Grave = 1
    """0 none to 3 grave (domain note 5.2)."""


class ScopeExcess(Course):
    """An officer searches farther back and wider than the matter allows.

    463 of 7,273 searches of one office looked back over a year.
    """

    kind: Literal["scope_excess"]
    officers_per_year: Share = 0.001
    """Share of officers who begin in a year (assumption)."""
    weeks_median: Weeks = 16.0
    """Median weeks of a campaign (assumption)."""
    sittings_per_week: Pace = 0.5
    """Mean sittings a week (assumption)."""
    severity: Grave = 1
    """0 none to 3 grave (domain note 5.2)."""


Misuse = Annotated[
    PermitChecks
    | RomanticInterest
    | Retaliation
    | DatingScreening
    | NameHunting
    | Favour
    | SelfLookup
    | Celebrity
    | Selling
    | PersonalBusiness
    | WrongCode
    | Immigration
    | Protest
    | Health
    | Descriptor
    | CredentialSharing
    | GhostAccount
    | BulkHarvest
    | LiveTesting
    | ScopeExcess,
    Field(discriminator="kind"),
]
