"""A result for assertions: values with intervals, at any review budget.

Faults of the user and of components end a test with their message and no traceback of ours.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

import pytest

from misusebench import metrics
from misusebench.errors import BenchError
from misusebench.metrics import Tally
from misusebench.result import load_run, metrics_json
from misusebench.specs import guess
from misusebench.stored import judged_again
from misusesim.errors import SimulatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from misusebench.result import Result

_P = ParamSpec("_P")
_T = TypeVar("_T")


def told_plainly(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Return a function whose expected faults fail a test with their message alone."""

    def plain(*args: _P.args, **options: _P.kwargs) -> _T:
        try:
            return function(*args, **options)
        except (BenchError, SimulatorError) as error:
            why = str(error)
        fail(why)  # out here, for else pytest shows what was caught as well

    return plain


def fail(message: str) -> NoReturn:
    """End a test with a message, without the lines of this package."""
    pytest.fail(message, pytrace=False)


@dataclass(frozen=True, slots=True)
class Value:
    """A metric's value with its 95 % interval; asking for what is undefined fails the test."""

    name: str
    of: str
    told: Mapping[str, Any]

    @property
    def value(self) -> float:
        """The metric on the whole data set."""
        return self._number("value")

    @property
    def lower(self) -> float:
        """Lower end of its interval."""
        return self._number("low")

    @property
    def upper(self) -> float:
        """Upper end of its interval."""
        return self._number("high")

    def _number(self, part: str) -> float:
        number = self.told.get(part)
        if number is None:
            why = self.told.get("reason") or "there are too few draws for an interval"
            fail(f"{self.name} of {self.of} is undefined: {why}")
        return float(number)

    def __repr__(self) -> str:
        ends = [self.told.get(part) for part in ("value", "low", "high")]
        value, low, high = ("-" if end is None else f"{end:.4f}" for end in ends)
        return f"<{self.name} of {self.of}: {value}, 95 % {low} to {high}>"


@dataclass(frozen=True, slots=True)
class BenchResult:
    """What one component was worth on one data set."""

    folder: Path  # of the run, for `misusebench report` and `compare`
    run: Mapping[str, Any]
    result: Result

    def __repr__(self) -> str:
        return f"<{self.name} on {self.run['dataset']['name']}: {self.result.state}>"

    @property
    def name(self) -> str:
        """The component's."""
        return self.result.name

    @property
    def valid(self) -> bool:
        """Whether it worked and could be judged."""
        return self.result.valid

    @property
    def reasons(self) -> list[str]:
        """Why it is not valid."""
        return self.result.reasons

    @property
    def metrics(self) -> Mapping[str, Mapping[str, Any]]:
        """Value, interval, unit and direction by name, at the suite's review budget."""
        return self.result.metrics

    def metric(self, name: str) -> Value:
        """Return a metric; ``name@N`` is at a review budget of N alerts a day."""
        if not self.valid:
            fail(self.told_invalid())
        plain, at, budget = name.partition("@")
        of = f"{self.name} on {self.run['dataset']['name']}"
        told = self.metrics
        if at:
            told = self._at(name, budget)
        if plain not in told:
            fail(f"{of} has no metric {plain}{guess(plain, list(told))}")
        return Value(name, of, told[plain])

    def _at(self, name: str, budget: str) -> Mapping[str, Mapping[str, Any]]:
        if not budget.isascii() or not budget.isdecimal() or not int(budget):
            fail(f"{name}: after @ comes a number of alerts a day, as in campaign_recall@20")
        if self.result.component["kind"] != "detector":
            fail(f"{name}: a policy has no review budget; leave out @{budget}")
        if int(budget) == self.run["review_budget"]:
            return self.metrics
        try:
            return _at_budget(self.folder, self.name, int(budget))
        except (BenchError, OSError, ValueError, LookupError) as error:
            why = str(error)
        fail(f"{name} cannot be worked out from the stored scores: {why}")

    def told_invalid(self) -> str:
        """Return in words why it is not valid."""
        one = self.result
        why = "; ".join(one.reasons) or "no reason given"
        return f"{one.name} is INVALID: {one.state}: {why}"


@functools.cache
def _at_budget(folder: Path, component: str, budget: int) -> dict[str, dict[str, Any]]:
    """Return a detector's metrics at another review budget, from its stored scores."""
    draws = int(load_run(folder)[0]["draws"])
    for name, judged in judged_again(folder, draws):
        if name == component and isinstance(judged, Tally):
            return metrics_json(metrics.compute(replace(judged, budget=budget, drawn={})))
    raise LookupError(f"{folder} holds no scores of {component}")
