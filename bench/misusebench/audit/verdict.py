"""A check with its value, its bound and its verdict, and all checks of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple


class Check(NamedTuple):
    """One check; `passed` is None where it is not applicable."""

    id: str
    name: str
    value: float | None
    bound: str
    passed: bool | None
    detail: str = ""

    @property
    def verdict(self) -> str:
        """Return the verdict in words."""
        return {True: "pass", False: "fail", None: "not applicable"}[self.passed]

    def as_dict(self) -> dict[str, Any]:
        """Return what a machine reads."""
        return {**self._asdict(), "verdict": self.verdict}


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found."""

    rows: int
    positives: int
    level: str
    checks: tuple[Check, ...]

    @property
    def failed(self) -> list[Check]:
        """Return the checks that failed."""
        return [check for check in self.checks if check.passed is False]

    def as_dict(self) -> dict[str, Any]:
        """Return what a machine reads."""
        return {
            "rows": self.rows, "positives": self.positives, "level": self.level,
            "base_rate": self.positives / self.rows, "failed": [c.name for c in self.failed],
            "checks": [check.as_dict() for check in self.checks],
        }  # fmt: skip
