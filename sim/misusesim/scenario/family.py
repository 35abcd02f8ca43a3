"""The family of data sets: size, prevalence and level, made from one world.

A name is ``{S,M,L,XL}-{NAT,LOW,HI}-{easy,medium,hard}``. Members of one size differ in how many
campaigns there are, with the same mix of kinds, and in how openly they are gone about.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from misusesim.scenario.levels import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable


class Size(NamedTuple):
    """A size of the world."""

    agencies: int  # as many times each group of the base; 0: those of `state`
    queries: str  # in a year, in words
    changes: dict[str, Any]  # top-level keys


class Prevalence(NamedTuple):
    """How common misuse is."""

    times: float  # the campaigns of NAT
    officers: float  # share of officers who misuse in a year
    queries: float  # share of queries that are misuse, at most about
    words: str


#: Where there are many agencies they are unlike each other: in bursts and nights as 52 of
#: California (domain note 7.3), each with a mix of reasons of its own (`realism` of M-NAT-hard).
_MANY: Final = {"burst_sigma": 1.0, "night_sigma": 0.5}
_OF_MANY: Final = {
    "reason_style": "mixed", "burstiness": "ordinary", "accounts_sigma": 0.5,
    "searches": {"rate": 1.2, "dispersion": 0.35, "daily_dispersion": 0.05},
}  # fmt: skip
SIZES: Final = {
    "S": Size(1, "a million queries", {}),
    "M": Size(10, "ten million queries", {"workload": _MANY}),
    "L": Size(
        100,
        "a hundred million queries",
        {"workload": _MANY, "truth": "sparse", "block_account_weeks": 20_000},
    ),
    "XL": Size(0, "a billion queries", {}),
}
PREVALENCES: Final = {
    "NAT": Prevalence(1, 0.01, 2e-5, "misuse as common as reported"),
    "LOW": Prevalence(5, 0.05, 1e-4, "five times the misuse reported"),
    "HI": Prevalence(20, 0.20, 4e-4, "twenty times the misuse reported"),
}
#: Fields that say how often campaigns of a kind begin.
RATES: Final = ("officers_per_year", "officers_per_event", "agencies_per_year", "leavers_share")
_NAME: Final = re.compile(rf"({'|'.join(SIZES)})-({'|'.join(PREVALENCES)})-({'|'.join(LEVELS)})")
_GOOD_FOR: Final = {
    ("S", "NAT"): "false alarms and audits, not average precision: it has about ten misuse queries",
    ("S", "LOW"): "smoke tests in CI; intervals are wide",
    ("S", "HI"): "development, and with some seeds pooled average precision and recall by kind",
    ("M", "NAT"): "alerts and false accusations at the natural rate; some twenty campaigns",
    ("M", "LOW"): "comparing detectors; about a hundred campaigns",
    ("M", "HI"): "recall by kind and rung; hundreds of campaigns",
}
_LARGE: Final = {
    "NAT": "average precision at the natural rate itself",
    "LOW": "rare kinds",
    "HI": "training, and unseen kinds",
}


class Member(NamedTuple):
    """A member of the family by the parts of its name."""

    size: str
    prevalence: str
    level: str

    @property
    def name(self) -> str:
        """The name."""
        return "-".join(self)

    @property
    def title(self) -> str:
        """One line for people."""
        place = "A state" if self.size == "XL" else "Some counties"
        place = "A county" if self.size == "S" else place
        what = f"about {SIZES[self.size].queries}; {PREVALENCES[self.prevalence].words}"
        return f"{place} for a year, {what}, level {self.level}"

    @property
    def good_for(self) -> str:
        """What it is good for."""
        return _GOOD_FOR.get((self.size, self.prevalence)) or _LARGE[self.prevalence]


def member_of(name: str) -> Member | None:
    """Return the member of a name, None if it is none of the family.

    Examples
    --------
    >>> member_of("M-NAT-hard").level
    'hard'
    """
    found = _NAME.fullmatch(name)
    return Member(*found.groups()) if found else None


def members() -> list[Member]:
    """Return all members, small to large."""
    return [Member(*parts) for parts in itertools.product(SIZES, PREVALENCES, LEVELS)]


def grown(member: Member, base: dict[str, Any], state: Callable[[], dict[str, Any]]) -> None:
    """Change the base into a member, in place.

    Parameters
    ----------
    member
        Which.
    base
        The decoded base file.
    state
        Returns the decoded file of `state`; asked for by size XL only.
    """
    size, times = SIZES[member.size], PREVALENCES[member.prevalence].times
    if not size.agencies:
        base |= {name: what for name, what in state().items() if name not in {"oddity", "misuse"}}
    for group in base["agency"] if size.agencies else ():
        group["count"] = group.get("count", 1) * size.agencies
    if size.agencies > 1:
        base["population"] = min(40_000_000, base["population"] * size.agencies)
        base["agency"] = [group | _OF_MANY for group in base["agency"]]
    for kind in base["misuse"]:
        kind |= {rate: kind[rate] * times for rate in RATES if rate in kind}
    base |= {"name": member.name, "title": member.title, "level": member.level, **size.changes}
