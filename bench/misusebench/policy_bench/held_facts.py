"""Officers and cases that are held by a store or an engine, and requests that carry their ids only.

All say the same of officer n and case n, so what must be decided is known without holding anything.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from misusebench.component import Request
from misusesim import rng

if TYPE_CHECKING:
    from collections.abc import Iterator

    Row = tuple[str, dict[str, Any]]

#: What is asked of held facts, small enough to be written by hand in an engine's own language.
POLICY: Final = {
    "name": "held",
    "text": """
[permit]
id = "ROLE"
when = "officer.role in ['patrol', 'detective', 'supervisor']"
[[rule]]
id = "ACTIVE"
when = "not officer.active"
[[rule]]
id = "TRAINING"
when = "officer.training_days_left < 0"
[[rule]]
id = "CASE"
when = "database.sensitivity > 1 and context.case_agency != officer.agency"
[[rule]]
id = "CASE_OPEN"
when = "database.sensitivity > 1 and context.case_exists and not context.case_open"
""",
}
_ROLES: Final = ("patrol", "patrol", "detective", "patrol", "supervisor", "records_clerk")
_AGENCIES: Final = 40
NO_CASE: Final = {"case_exists": False, "case_open": False, "case_agency": ""}


def officer_facts(nth: int) -> dict[str, Any]:
    """Return the facts of an officer."""
    return {
        "role": _ROLES[nth % 6], "agency": f"agency-{nth % _AGENCIES}", "active": nth % 20 != 0,
        "training_days_left": nth % 400 - 20,
    }  # fmt: skip


def case_facts(nth: int) -> dict[str, Any]:
    """Return the facts of a case."""
    return {
        "case_exists": True, "case_open": nth % 10 > 0, "case_agency": f"agency-{nth % _AGENCIES}",
    }  # fmt: skip


def officers(count: int) -> Iterator[Row]:
    """Yield officers and their facts."""
    return ((f"officer-{n}", officer_facts(n)) for n in range(count))


def cases(count: int) -> Iterator[Row]:
    """Yield cases and their facts."""
    return ((f"case-{n}", case_facts(n)) for n in range(count))


def asked_of(entities: int, requests: int, seed: int = 0) -> tuple[list[Request], list[Request]]:
    """Return requests that carry ids, and the same with all their facts.

    Four in five name a case of the own agency; one in twenty a case that nobody holds.
    """
    chance, bare = rng.stream(seed, "policy-entities"), []
    whole = []
    for nth in range(requests):
        officer, case = (int(one) for one in chance.integers(entities, size=2))
        if chance.random() < 0.8:  # noqa: PLR2004 - as said above
            case = case - case % _AGENCIES + officer % _AGENCIES
        number = f"case-{case}" if chance.random() < 0.95 else f"none-{case}"  # noqa: PLR2004
        known = case < entities and number.startswith("case")
        data = {"sensitivity": int(chance.integers(1, 4))}
        one = Request(f"officer-{officer}", {}, "query", f"e{nth}", data, {"case_number": number})
        bare.append(one)
        facts = case_facts(case) if known else NO_CASE
        whole.append(replace(one, officer=officer_facts(officer), context={**one.context, **facts}))
    return bare, whole
