"""A policy that does nothing: what is timed of it is the harness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from misusebench.component import Decision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.component import Request

_PERMIT: Final = Decision("permit")


class Null:
    """Permits everything, without looking."""

    name = "null"
    version = "1"

    def load(self, policy: Any, facts: Any) -> None:
        """Nothing to parse."""

    def decide(self, request: Request) -> Decision:  # noqa: ARG002 - the contract
        """Permit."""
        return _PERMIT

    def decide_batch(self, requests: Sequence[Request]) -> list[Decision]:
        """Permit all."""
        return [_PERMIT] * len(requests)

    def close(self) -> None:
        """Nothing to release."""
