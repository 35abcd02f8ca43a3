"""What a change takes away from the gate itself: worlds, days, bounds, margins.

Whoever may change the code may change `gate.toml`, so head's file alone cannot decide. What base is
judged on must still be there, the stricter of both margins and bounds holds, and what was loosened
is told: as inconclusive, since a person has to want it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from misusebench import metrics
from misusebench.errors import SuiteError
from misusebench.gate.margins import Margins, load_margins
from misusebench.gate.verdict import INCONCLUSIVE, REGRESSION, Check
from misusesim.errors import SimulatorError
from misusesim.scenario.load import load_scenario, scenario_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from misusebench.gate.margins import Worlds
    from misusesim.scenario.model import Scenario

#: Settings of `speed` and `memory`, and which of two values is the stricter one.
_STRICTER: Final = {"margin": min, "launches": max, "pairs": max}


@dataclass(frozen=True, slots=True)
class Before:
    """What base's `gate.toml` says, None if base has none that can be read."""

    margins: Margins | None = None
    fault: str = ""  # why it cannot be read

    @property
    def worlds(self) -> Worlds | None:
        """Where base is judged."""
        return self.margins.worlds if self.margins else None


def read_before(path: Path) -> Before:
    """Read base's `gate.toml`; that it has none, or one of another version, is no error."""
    if not path.is_file():
        return Before()
    try:
        return Before(load_margins(path))
    except SuiteError as error:
        return Before(None, str(error).splitlines()[0])


def merged(head: Margins, before: Before) -> Margins:
    """Return margins and bounds of which each is the stricter one of base's and head's."""
    base = before.margins
    if base is None:
        return head
    return replace(
        head, before=base,
        floor=_bounds(head.floor, base.floor, max),
        ceiling=_bounds(head.ceiling, base.ceiling, min),
        speed=_settings(head.speed, base.speed), memory=_settings(head.memory, base.memory),
    )  # fmt: skip


def _bounds(
    head: Mapping[str, Mapping[str, float]],
    base: Mapping[str, Mapping[str, float]],
    stricter: Callable[[float, float], float],
) -> dict[str, dict[str, float]]:
    found = {name: dict(table) for name, table in head.items()}
    for name, table in base.items():
        own = found.setdefault(name, {})
        for metric, value in table.items():
            own[metric] = stricter(value, own.get(metric, value))
    return found


def _settings(head: Any, base: Any) -> Any:
    """Return settings of `speed` or `memory` of which each is the stricter one."""
    return replace(
        head,
        **{
            key: stricter(getattr(head, key), getattr(base, key))
            for key, stricter in _STRICTER.items() if hasattr(head, key)
        },
    )  # fmt: skip


def loosened_checks(head: Margins, before: Before, file: str, base: str) -> list[Check]:
    """Return one check for each margin and bound that head's file loosens.

    Parameters
    ----------
    head, before
        What the files of head and of base say.
    file
        Head's, as messages name it.
    base
        What messages call base.
    """
    if before.fault:
        message = (
            f"{file} of {base} cannot be read here ({before.fault}), so whether the change loosens "
            "a margin or a bound is unknown; a person has to look"
        )
        return [_told(message, file)]
    if before.margins is None:
        return []
    message = (
        "{}.{} of {} is loosened, {} -> {}; the stricter one was applied, a person has to agree"
    )
    return [
        _told(message.format(table, key, file, _number(old), _number(new)), file, key)
        for table, key, old, new in _loosened(head, before.margins)
    ]


def _told(message: str, file: str, metric: str = "") -> Check:
    family = metric if metric.partition("/")[0] in metrics.REGISTRY else ""
    return Check("", "", family, INCONCLUSIVE, message, file=file, line=1)


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"


def _loosened(
    head: Margins, base: Margins
) -> Iterator[tuple[str, str, float | None, float | None]]:
    """Yield (table, key, base, head) of what is looser in head; None is the usual, or no bound."""
    for key in dict.fromkeys((*base.margin, *head.margin)):
        usual = metrics.metric(key).tolerance.absolute
        old, new = base.margin.get(key), head.margin.get(key)
        if (usual if new is None else new) > (usual if old is None else old):
            yield "margin", key, old, new
    for word, sign in (("floor", 1), ("ceiling", -1)):
        ours = getattr(head, word)
        for name, table in getattr(base, word).items():
            for key, old in table.items():
                new = ours.get(name, {}).get(key)
                if new is None or sign * new < sign * old:
                    yield f"{word}.{name}", key, old, new
    yield from _loosened_settings(head, base)


def _loosened_settings(head: Margins, base: Margins) -> Iterator[tuple[str, str, float, float]]:
    for word in ("speed", "memory"):
        for key, stricter in _STRICTER.items():
            if not hasattr(getattr(base, word), key):
                continue
            old, new = (float(getattr(getattr(one, word), key)) for one in (base, head))
            if old != new and stricter(old, new) == old:
                yield word, key, old, new


def vanished_worlds(
    head: tuple[Worlds, Path], before: tuple[Worlds, Path], file: str, base: str
) -> list[Check]:
    """Return a check for each world that base is judged on and head is not, and for changed ones.

    Parameters
    ----------
    head, before
        What `[worlds]` says, and the folder in which scenarios are looked for.
    file
        Head's `gate.toml`, as messages name it.
    base
        What messages call base.
    """
    new, old = head[0], before[0]
    message = "{} has vanished from [worlds] of {}; {} is judged on it, so put it back"
    gone = [f"seed {one}" for one in old.seeds if one not in new.seeds]
    one, other = (_scenario(worlds, folder) for worlds, folder in (before, head))
    found = [Check(g, "", "", REGRESSION, message.format(g, file, base)) for g in gone]
    if other is None or (one is not None and scenario_hash(one) == scenario_hash(other)):
        return found
    if one is not None and other.days < one.days:
        told = (
            f"{other.name} has {other.days} days and had {one.days} at {base}: fewer days find "
            "fewer losses, so put them back"
        )
        return [*found, Check(other.name, "", "", REGRESSION, told)]
    if one is None or new.scenario != old.scenario:
        lost = f"scenario {old.scenario}"
        return [*found, Check(lost, "", "", REGRESSION, message.format(lost, file, base))]
    told = (
        f"{old.scenario} is not the one of {base} (scenario {scenario_hash(one)[:12]} -> "
        f"{scenario_hash(other)[:12]}): both were judged on the new one, which may be an easier "
        "one; change worlds in a commit of their own"
    )
    return [*found, Check(other.name, "", "", INCONCLUSIVE, told)]


def _scenario(worlds: Worlds, folder: Path) -> Scenario | None:
    """Return a scenario as a folder has it, with one seed for all; None if it cannot be read."""
    source = worlds.scenario
    path = str(folder / source) if source.endswith(".toml") else source
    try:
        return load_scenario(path, seed=0, days=worlds.days)
    except (SimulatorError, OSError):
        return None
