"""What a scenario says of oversight: who looks, how often, how well, and what follows."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from misusesim.scenario.base import Model, Rate, Share
from misusesim.scenario.checks import some_weight


class OutcomeMix(Model):
    """What follows when misuse of one person is decided; weights, need not sum to one.

    The defaults are what followed 117 confirmed cases of 2016, per cent (RT 2017, EFF 2017/05;
    domain note 3): left the job 23, five of them convicted, counselled 24, nothing 21, other 18
    taken as retraining, the remainder 14 as suspensions.
    """

    no_action: Rate = 21.0
    """Nothing."""
    retrained: Rate = 18.0
    """Retrained."""
    counselled: Rate = 24.0
    """Counselled, warned or reprimanded."""
    suspended: Rate = 14.0
    """Suspended for a time."""
    resigned: Rate = 10.0
    """He resigns."""
    dismissed: Rate = 8.0
    """Dismissed."""
    charged: Rate = 5.0
    """Charged with a crime."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        some_weight(self.model_dump())
        return self


class Oversight(Model):
    """How misuse is found and what follows (`[oversight]`)."""

    audits_per_agency_year: Rate = 2.0
    """Random audits (CJIS triennial audit plus local ones; assumption)."""
    audit_sample_share: Share = 0.002
    """Share of a period's queries an audit reads (assumption)."""
    audit_miss_share: Share = 0.3
    """Share of misuse rows an auditor reads and lets pass (assumption)."""
    reviews_per_officer_year: Rate = 4.0
    """Times a supervisor looks through an officer's queries (quarterly; assumption)."""
    review_sample_share: Share = 0.01
    """Share of the queries since the last time that he reads (assumption)."""
    review_miss_share: Share = 0.8
    """Share of misuse rows he reads and lets pass: he knows the officer's work less than an auditor
    asks about it (assumption)."""
    analytics_agency_share: Share = 0.05
    """Share of agencies that let a program look for repeated look-ups of one person, every month
    (assumption)."""
    analytics_flag_share: Share = 0.2
    """Chance that three or more look-ups of a campaign in a month are flagged and followed up
    (assumption)."""
    complaint_share: Share = 0.15
    """Chance that somebody reports a personal campaign (assumption)."""
    access_request_share: Share = 0.15
    """Share of those reports that begin with the subject's request to see who looked (domain note
    5.2 has both ways; the share is an assumption)."""
    peer_report_share: Share = 0.15
    """Share of those reports that come from colleagues (domain note 5.2; assumption)."""
    unit_report_share: Share = 0.6
    """Chance that a unit's practice is reported within a year (assumption)."""
    accusations_per_officer_year: Share = 0.0004
    """Honest officers accused and cleared: 7 unfounded to 28 confirmed (Ohio LEADS 2012, domain
    note 4) of the 0.15 % of officers a year whom the defaults find."""
    other_sanctions_per_officer_year: Share = 0.01
    """Officers retrained, counselled or suspended for something that has nothing to do with
    queries, so that an entry of `roster/sanctions` alone tells nothing (assumption)."""
    delay_days: Rate = 45.0
    """Mean days from discovery to decision (assumption)."""
    cleared_share: Share = 0.05
    """Share of decisions about true misuse that call it unfounded (assumption)."""
    repeat_share: Share = 0.4
    """Chance that a campaign goes on after a decision without a notice: 90 of 225 untreated (JAMA
    Netw Open 2022; domain note 4)."""
    repeat_after_notice_share: Share = 0.02
    """The same after a notice: 4 of 219 (same source)."""
    outcomes: OutcomeMix = OutcomeMix()
    """Weights of what follows for a person; a unit is retrained, as most were in 2023."""
