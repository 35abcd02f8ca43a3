"""Errors of the bench; each class carries its exit code (DESIGN.md 4.5)."""

from __future__ import annotations


class BenchError(Exception):
    """An error with a message for the user: place, what was found, what is allowed, what to do."""

    exit_code = 70


class SuiteError(BenchError):
    """A suite, a rules file, an argument or a pair of results to compare is wrong."""

    exit_code = 2


class ComponentError(BenchError):
    """A component raised, hung, ran out of memory or broke the contract."""

    exit_code = 4


class IsolationError(BenchError):
    """No isolation can be had for a component and `--unsafe` was not given."""

    exit_code = 2


class LeakError(BenchError):
    """Labels leak, or data and truth do not belong together."""

    exit_code = 5
