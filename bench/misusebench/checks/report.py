"""Named checks of one component, each in a worker of its own, and what they found."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from misusebench.component_faults import ComponentFault
from misusebench.hosting import Hosting, hosted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    import pyarrow as pa

    from misusebench.confinement import Limits
    from misusebench.suite import ComponentSpec


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The outcome of one check."""

    name: str
    passed: bool
    detail: str


@dataclass(slots=True)
class Report:
    """The outcome of all checks of one component."""

    component: str
    isolation: str = "none"
    results: list[CheckResult] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(result.passed for result in self.results)

    def as_json(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        rows = [{"name": r.name, "passed": r.passed, "detail": r.detail} for r in self.results]
        return {
            "schema_version": "1", "component": self.component, "isolation": self.isolation,
            "passed": self.passed, "checks": rows,
        }  # fmt: skip


class Checks(ABC):
    """Runs named checks; a component that fails in one still gets the others."""

    def __init__(
        self,
        spec: ComponentSpec,
        log: pa.Table,
        context: Mapping[str, pa.Table],
        limits: Limits,
        *,
        unsafe: bool,
    ) -> None:
        self.spec, self.log, self.context = spec, log, context
        self.limits, self.unsafe = limits, unsafe
        self.level = "none"

    @abstractmethod
    def names(self) -> dict[str, Callable[[], tuple[bool, str]]]:
        """Return the checks by name; the first is a condition of the others."""

    def report(self, only: Collection[str] | None) -> Report:
        """Run the checks wanted."""
        found = Report(self.spec.name)
        for name, run in self.names().items():
            if only is not None and name not in ("output", *only):
                continue
            try:
                passed, detail = run()
            except ComponentFault as fault:
                passed, detail = False, str(fault)
            found.results.append(CheckResult(name, passed, detail))
            if not found.results[0].passed:
                break  # nothing else can be said of a component that does not run
        found.isolation = self.level
        return found

    def worker(self) -> Hosting:
        """Return a fresh worker."""
        return hosted(self.spec, self.limits, unsafe=self.unsafe)
