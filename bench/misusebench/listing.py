"""What there is: scenarios, kinds, oddities, detectors, policies, metrics, each with one line."""

from __future__ import annotations

import inspect
import typing
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import RenderableType

Entries = list[dict[str, str]]


def scenarios() -> Entries:
    """Return the shipped scenarios with their titles."""
    from misusesim.scenario.family import members  # noqa: PLC0415 - only this list needs it
    from misusesim.scenario.load import list_scenarios, load_scenario  # noqa: PLC0415

    shipped = [_entry(name, load_scenario(name).title) for name in list_scenarios()]
    return shipped + [_entry(member.name, member.title) for member in members()]


def kinds() -> Entries:
    """Return the misuse kinds with the first line of their models."""
    from misusesim.scenario.misuse import Misuse  # noqa: PLC0415 - pydantic is not for --help

    union = typing.get_args(Misuse)[0]
    return [
        _entry(typing.get_args(model.model_fields["kind"].annotation)[0], _first_line(model))
        for model in typing.get_args(union)
    ]


def oddities() -> Entries:
    """Return the oddities; a data set also has those of the licensing desk."""
    from misusesim.scenario.oddities import ABOUT  # noqa: PLC0415 - only this list needs it

    return [_entry(kind, about) for kind, about in ABOUT.items()]


def detectors() -> Entries:
    """Return the registered detectors, and the control that only the scorer may run."""
    from misusebench.detectors import REGISTRY  # noqa: PLC0415 - only this list needs it

    oracles = [
        _entry("observable_oracle", "P(misuse | what the tier shows): the ceiling, by the scorer."),
        _entry("label_oracle", "Reads the truth: the upper end of every scale."),
    ]
    return [*_targets(REGISTRY.items()), *oracles]


def policies() -> Entries:
    """Return the registered policies."""
    from misusebench.policies import REGISTRY  # noqa: PLC0415 - only this list needs it

    return _targets(REGISTRY.items())


def rules() -> Entries:
    """Return the shipped policies as data: what engines can be given."""
    from misusebench.policies.language import read_policy, shipped  # noqa: PLC0415 - only this one

    return [_entry(name, read_policy(name).about) for name in shipped()]


def suites() -> Entries:
    """Return the shipped suites and how many components each runs."""
    from misusebench.suite import list_suites, load_suite  # noqa: PLC0415 - only this list needs it

    return [
        _entry(name, ", ".join(one.name for one in load_suite(name).components))
        for name in list_suites()
    ]


def facts() -> Entries:
    """Return the facts that a policy is given, by their place in the request."""
    from misusebench.policies.facts import FACTS  # noqa: PLC0415 - only this list needs it

    return [_entry(name, f"request.{name.replace('action.name', 'action')}") for name in FACTS]


def metrics() -> Entries:
    """Return the registered metrics: what they say, their unit, which way is better."""
    from misusebench.metrics.registry import REGISTRY  # noqa: PLC0415 - only this list needs it

    return [
        _entry(name, f"{metric.doc} [{metric.unit}, {_BETTER[metric.direction]}]")
        for name, metric in REGISTRY.items()
    ]


_BETTER: Final = {"higher": "higher is better", "lower": "lower is better", "none": "for reading"}

LISTS: Final[dict[str, Callable[[], Entries]]] = {
    "scenarios": scenarios,
    "kinds": kinds,
    "oddities": oddities,
    "detectors": detectors,
    "policies": policies,
    "rules": rules,
    "suites": suites,
    "facts": facts,
    "metrics": metrics,
}


def render(entries: Entries) -> RenderableType:
    """Return a list for a terminal."""
    from rich.table import Table  # noqa: PLC0415 - only terminals need it
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    for entry in entries:
        table.add_row(entry["name"], Text(entry["about"]))
    return table


def _entry(name: str, about: str) -> dict[str, str]:
    return {"name": name, "about": about}


def _targets(registry: Iterable[tuple[str, str]]) -> Entries:
    """Return name and first docstring line of ``module:Class`` entries."""
    found = []
    for name, target in registry:
        module, _, attribute = target.partition(":")
        try:
            about = _first_line(getattr(import_module(module), attribute))
        except ImportError as error:
            about = f"not installed: {error}"
        found.append(_entry(name, about))
    return found


def _first_line(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]
