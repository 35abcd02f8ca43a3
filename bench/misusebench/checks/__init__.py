"""Conformance: what every component must hold before its numbers mean anything.

Each check runs the component in isolation on a log without truth. A detector that uses later rows,
whose scores hang on batch sizes or on the process, or whose output is malformed fails; so does a
policy that permits on a missing fact or answers a batch otherwise than its parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from misusebench.checks.detectors import ALIKE, DetectorChecks
from misusebench.checks.policies import PolicyChecks
from misusebench.checks.report import CheckResult, Report
from misusebench.checks.sameness import TOLERANCE
from misusebench.confinement import Limits

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pyarrow as pa

    from misusebench.suite import ComponentSpec

__all__ = ["ALIKE", "TOLERANCE", "CheckResult", "Report", "check"]


def check(
    spec: ComponentSpec,
    log: pa.Table,
    context: Mapping[str, pa.Table],
    *,
    limits: Limits | None = None,
    unsafe: bool = False,
    only: Collection[str] | None = None,
) -> Report:
    """Check a component on a log.

    Parameters
    ----------
    spec
        The component.
    log
        In replay order; a few thousand rows of several days will do.
    context
        The tables of the tier it is granted.
    limits, unsafe
        As for a run.
    only
        Names of the checks wanted; all by default. `output` is a condition of the others.

    Raises
    ------
    IsolationError
        If the component cannot be shut in.
    """
    kind = DetectorChecks if spec.kind == "detector" else PolicyChecks
    checks = kind(spec, log, context, limits or Limits(), unsafe=unsafe)
    return checks.report(only)
