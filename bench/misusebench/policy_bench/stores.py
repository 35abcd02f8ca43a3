"""Facts held by a store or by the engine itself: a request carries ids of officer and case only.

`load` gets ``{"entities": N}``: so many officers and cases of `held_facts.py`.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from misusebench.component import Decision
from misusebench.policies.reference import Reference
from misusebench.policy_bench.held_facts import (
    NO_CASE,
    case_facts,
    cases,
    officer_facts,
    officers,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from misusebench.component import Request
    from misusebench.policy_bench.held_facts import Row


class FactStore(Protocol):
    """Holds facts of officers and cases."""

    def fill(self, officers: Iterable[Row], cases: Iterable[Row]) -> None:
        """Take over all facts."""

    def officer(self, key: str) -> dict[str, Any]:
        """Return an officer's facts, none if nobody is called so."""

    def case(self, number: str) -> dict[str, Any]:
        """Return a case's facts; of one that is not held, that it does not exist."""


class Nowhere:
    """Holds nothing: what it takes to make the facts."""

    def fill(self, officers: Iterable[Row], cases: Iterable[Row]) -> None:
        """Make them and let them go; only how many there are is kept."""
        self._count = [sum(1 for _ in rows) for rows in (officers, cases)]

    def officer(self, key: str) -> dict[str, Any]:
        """Make an officer's facts."""
        nth = int(key.partition("-")[2])
        return officer_facts(nth) if nth < self._count[0] else {}

    def case(self, number: str) -> dict[str, Any]:
        """Make a case's facts."""
        word, _, nth = number.partition("-")
        return case_facts(int(nth)) if word == "case" and int(nth) < self._count[1] else NO_CASE


class InDict:
    """Holds facts in dictionaries."""

    def fill(self, officers: Iterable[Row], cases: Iterable[Row]) -> None:
        """Take over all facts."""
        self._officers, self._cases = dict(officers), dict(cases)

    def officer(self, key: str) -> dict[str, Any]:
        """Return an officer's facts."""
        return self._officers.get(key, {})

    def case(self, number: str) -> dict[str, Any]:
        """Return a case's facts."""
        return self._cases.get(number, NO_CASE)


class InSqlite:
    """Holds facts in an SQLite data base in memory."""

    def fill(self, officers: Iterable[Row], cases: Iterable[Row]) -> None:
        """Take over all facts."""
        self._base = sqlite3.connect(":memory:", check_same_thread=False)
        self._base.execute(
            "CREATE TABLE officers (id TEXT PRIMARY KEY, role TEXT, agency TEXT, active INTEGER, "
            "days INTEGER) WITHOUT ROWID"
        )
        self._base.execute(
            "CREATE TABLE cases (id TEXT PRIMARY KEY, open INTEGER, agency TEXT) WITHOUT ROWID"
        )
        self._base.executemany(
            "INSERT INTO officers VALUES (?, ?, ?, ?, ?)",
            ((key, *facts.values()) for key, facts in officers),
        )
        self._base.executemany(
            "INSERT INTO cases VALUES (?, ?, ?)",
            ((key, f["case_open"], f["case_agency"]) for key, f in cases),
        )
        self._base.commit()

    def officer(self, key: str) -> dict[str, Any]:
        """Return an officer's facts."""
        found = self._base.execute(
            "SELECT role, agency, active, days FROM officers WHERE id = ?", (key,)
        ).fetchone()
        if found is None:
            return {}
        role, agency, active, days = found
        return {"role": role, "agency": agency, "active": active == 1, "training_days_left": days}

    def case(self, number: str) -> dict[str, Any]:
        """Return a case's facts."""
        found = self._base.execute(
            "SELECT open, agency FROM cases WHERE id = ?", (number,)
        ).fetchone()
        if found is None:
            return NO_CASE
        return {"case_exists": True, "case_open": found[0] == 1, "case_agency": found[1]}


class Held:
    """The reference, with facts from a store."""

    name = "held"
    version = "1"
    store: type[FactStore]

    def load(self, policy: Any, facts: Any) -> None:
        """Load the policy and fill the store."""
        self._engine, self._store = Reference(), self.store()
        self._engine.load(policy, None)
        self._store.fill(officers(facts["entities"]), cases(facts["entities"]))

    def decide(self, request: Request) -> Decision:
        """Look up facts, then decide."""
        known = self._store.case(request.context["case_number"])
        return self._engine.decide(
            replace(request, officer=self._store.officer(request.officer_id),
                    context={**request.context, **known})
        )  # fmt: skip

    def decide_batch(self, requests: Sequence[Request]) -> list[Decision]:
        """Return one decision per request, in order."""
        return [self.decide(one) for one in requests]

    def close(self) -> None:
        """Nothing to release."""


class HeldNowhere(Held):
    """Facts made when they are asked for."""

    store = Nowhere


class HeldInDict(Held):
    """Facts in dictionaries."""

    store = InDict


class HeldInSqlite(Held):
    """Facts in SQLite."""

    store = InSqlite


#: The policy of `held_facts.py` in Cedar's language, on attributes of entities.
_CEDAR: Final = """
@id("MAY") permit (principal, action, resource)
when { ["patrol", "detective", "supervisor"].contains(principal.role) };
@id("ROLE") forbid (principal, action, resource)
when { !["patrol", "detective", "supervisor"].contains(principal.role) };
@id("ACTIVE") forbid (principal, action, resource) when { !principal.active };
@id("TRAINING") forbid (principal, action, resource) when { principal.training_days_left < 0 };
@id("CASE") forbid (principal, action, resource) when { context.sensitivity > 1 &&
!(context.case has case_agency && context.case.case_agency == principal.agency) };
@id("CASE_OPEN") forbid (principal, action, resource) when { context.sensitivity > 1 &&
context.case has case_open && !context.case.case_open };
"""
_ORDER: Final = ("ROLE", "ACTIVE", "TRAINING", "CASE", "CASE_OPEN")


class HeldByCedar:
    """Cedar with officers and cases as entities, parsed once (extra `cedar`)."""

    name = "held_by_cedar"
    version = "1"

    def load(self, policy: Any, facts: Any) -> None:
        """Parse policies and entities; the policy is the one written here."""
        import cedarpy  # noqa: PLC0415 - extra `cedar`

        del policy
        self._cedar, count = cedarpy, facts["entities"]
        self._policies = cedarpy.PolicySet.from_str(_CEDAR)
        self._entities = cedarpy.Entities.from_json_str(json.dumps([
            {"uid": {"type": kind, "id": key}, "attrs": held, "parents": []}
            for kind, rows in (("Officer", officers(count)), ("Case", cases(count)))
            for key, held in rows
        ]))  # fmt: skip

    def decide(self, request: Request) -> Decision:
        """Return the engine's decision; its errors make it a deny."""
        case = {"__entity": {"type": "Case", "id": request.context["case_number"]}}
        asked = {
            "principal": {"type": "Officer", "id": request.officer_id},
            "action": {"type": "Action", "id": request.action},
            "resource": {"type": "Query", "id": request.query_id},
            "context": {"sensitivity": request.database["sensitivity"], "case": case},
        }
        found = self._cedar.is_authorized(asked, self._policies, self._entities)
        named = set(found.diagnostics.id_annotations_by_reason.values())
        errors = tuple(str(error) for error in found.diagnostics.errors)
        permitted = found.allowed is True and not errors
        reasons = tuple(rule for rule in _ORDER if rule in named)
        return Decision("permit" if permitted else "deny", reasons, errors)

    def decide_batch(self, requests: Sequence[Request]) -> list[Decision]:
        """Return one decision per request, in order."""
        return [self.decide(one) for one in requests]

    def close(self) -> None:
        """Nothing to release."""


#: By name, the first of which makes the facts and holds nothing.
STORES: Final = {
    "none": "misusebench.policy_bench.stores:HeldNowhere",
    "dict": "misusebench.policy_bench.stores:HeldInDict",
    "sqlite": "misusebench.policy_bench.stores:HeldInSqlite",
    "cedar": "misusebench.policy_bench.stores:HeldByCedar",
}
