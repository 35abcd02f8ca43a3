"""Errors a user can cause or mend; each class carries its exit code (DESIGN.md 4.5)."""

from __future__ import annotations


class SimulatorError(Exception):
    """An error with a message for the user: place, what was found, what is allowed, what to do."""

    exit_code = 70


class ScenarioError(SimulatorError):
    """A scenario, or the way it was asked for, is wrong. All faults at once, one a line."""

    exit_code = 2


class DatasetError(SimulatorError):
    """A data set on disk is not what it says: a changed byte, a missing or half-written file."""

    exit_code = 5


class UsageError(SimulatorError):
    """An argument is wrong: a folder that holds something else, an unknown format."""

    exit_code = 2
