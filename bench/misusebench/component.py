"""The contract between the bench and the things it judges (DESIGN.md 4.3).

Nobody has to import this module: the protocols are structural. A detector needs `name`, `tiers`,
`needs` and `score`; everything else is optional and looked up by name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

Level = Literal["query", "officer", "unit", "subject"]
Outcome = Literal["permit", "deny", "challenge"]
#: By their codes in tables.
OUTCOMES: Final = ("permit", "deny", "challenge")


class Alert(NamedTuple):
    """An item for a reviewer."""

    level: Level
    key: str  # query id, officer id, "agency/unit" or subject key, as text
    time_us: int  # UTC microseconds: when it is raised
    score: float
    evidence: tuple[int, ...]  # query ids, may be older than the alert
    reason: str
    rule: str = ""


@runtime_checkable
class Detector(Protocol):
    """Scores queries after the fact.

    Optional methods: ``fit(history, context)`` with an unlabelled table and the tier's tables as
    known at its end; ``observe(table, rows)`` with context rows as they become known;
    ``alerts(now_us) -> list[Alert]`` after each batch; ``feedback(outcomes)``.
    """

    name: str
    tiers: Sequence[str]  # tiers it can use, lowest first
    needs: Sequence[str]  # log columns without which it is not applicable

    def score(self, batch: pa.RecordBatch) -> NDArray[np.float64]:
        """Return one finite number a row, higher is more suspicious; uses no later row."""


@dataclass(frozen=True, slots=True)
class Request:
    """A question to a policy, with facts resolved beforehand; AuthZEN 1.0 shaped."""

    officer_id: str
    officer: Mapping[str, Any]  # subject.properties in AuthZEN
    action: str  # query | share
    query_id: str  # resource.id: unique per query, never the database's name
    database: Mapping[str, Any]  # resource.properties
    context: Mapping[str, Any]
    action_properties: Mapping[str, Any] = field(default_factory=dict)

    def authzen(self) -> dict[str, Any]:
        """Return the AuthZEN 1.0 body of an access evaluation."""
        action: dict[str, Any] = {"name": self.action}
        if self.action_properties:
            action["properties"] = dict(self.action_properties)
        return {
            "subject": {"type": "officer", "id": self.officer_id, "properties": dict(self.officer)},
            "action": action,
            "resource": {
                "type": "query", "id": self.query_id, "properties": dict(self.database),
            },
            "context": dict(self.context),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decision:
    """A policy's answer; anything in `errors` makes it a deny, and is counted."""

    outcome: Outcome
    reasons: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    obligations: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Policy(Protocol):
    """Permits, denies or challenges a query before it runs."""

    name: str
    version: str

    def load(self, policy: Any, facts: Any) -> None:
        """Parse the policy once; never inside `decide`."""

    def decide(self, request: Request) -> Decision:
        """Return the answer to one request."""

    def decide_batch(self, requests: Sequence[Request]) -> list[Decision]:
        """Return one answer per request, in order."""

    def close(self) -> None:
        """Release what `load` took."""
