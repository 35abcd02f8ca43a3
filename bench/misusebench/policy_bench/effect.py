"""What policies do on one data set: prevented, what stays so, friction, each rule's worth."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from misusebench import metrics
from misusebench.policies.language import read_policy
from misusebench.policy_bench import ablation, aftermath, staleness
from misusebench.policy_bench.displacement import in_process
from misusebench.policy_bench.figures import table
from misusebench.policy_bench.judged import World, reference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from misusesim.dataset.reader import Dataset

#: Metric -> how a value is shown.
SHOWN: Final = {
    "misuse_prevented": ".1%", "prevented_adjusted": ".1%", "misuse_returned": ".1%",
    "honest_blocked": ".2%", "honest_blocked_per_100_shifts": ".1f",
    "urgent_blocked_per_100_shifts": ".2f", "honest_challenged": ".2%", "honest_recovered": ".1%",
    "honest_delay": ".0f", "break_glass_rate": ".2%", "break_glass_abuse": ".1%",
}  # fmt: skip
_HEADS: Final = (
    "policy", "misuse denied", "stays denied", "came back", "honest blocked", "per 100 shifts",
    "urgent", "challenged", "recovered", "late, s", "glass broken", "abused",
)  # fmt: skip


def effect(
    dataset: Dataset,
    policies: Sequence[str],
    history_share: float = 0.4,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Return what policies as data do on a data set, decided by the reference.

    Parameters
    ----------
    dataset
        Opened.
    policies
        Names of shipped ones, or TOML files.
    history_share
        Share of the days at the beginning that is not judged, as detectors have it.
    progress
        Called with a line per policy.

    Raises
    ------
    SuiteError
        If there is no such policy.
    """
    read = [read_policy(one) for one in policies]  # faults before anything runs
    world = World(dataset, history_share)
    found: dict[str, Any] = {"rows": world.log.num_rows, "policies": {}}
    for name, policy in zip(policies, read, strict=True):
        engine = reference(policy)
        said = world.decide(engine)
        decided = world.judged(said, engine)
        late = staleness.staleness(world.log, world.context, in_process(engine))
        found["policies"][name] = {
            "metrics": {n: asdict(v) for n, v in metrics.compute_policy(decided).items()},
            "rules": [one._asdict() for one in ablation.ablation(policy, said, decided)],
            "coverage": [one._asdict() for one in ablation.coverage(policy, world.facts)],
            "aftermath": aftermath.aftermath(decided),
            "late_records": late._asdict(),
        }
        progress(f"{name}: asked {world.log.num_rows:,} queries and what came of its denials")
    return found


def render(found: Mapping[str, Any]) -> list[str]:
    """Return it as lines of Markdown."""
    lines = [
        f"{found['rows']:,} queries judged; intervals are in the JSON.", "",
        *table(_HEADS, [_row(name, one) for name, one in found["policies"].items()]),
    ]  # fmt: skip
    for name, one in found["policies"].items():
        lines += ["", f"## {name}", "", "What each rule is worth:", ""]
        lines += ablation.render(
            [ablation.Worth(**rule) for rule in one["rules"]],
            [ablation.Coverage(**rule) for rule in one["coverage"]],
        )
        lines += ["", "What became of its denials:", "", *aftermath.render(one["aftermath"])]
        lines += ["", "What late records change:", ""]
        lines += staleness.render(staleness.Stale(**one["late_records"]))
    return lines


def _row(name: str, one: Mapping[str, Any]) -> list[str]:
    values = [(one["metrics"].get(key, {}).get("value"), shape) for key, shape in SHOWN.items()]
    return [name, *("-" if value is None else format(value, shape) for value, shape in values)]
