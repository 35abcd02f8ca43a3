"""What access rules stop, what they cost, what comes back, and what only a detector finds.

Worlds: `PROOF_SEEDS` of S-HI-medium, the permit desk as it declares itself and as it miscodes, and
with `PROOF_CLETS=1` the year 2023 made small. `PROOF_WORLDS` names some of them, `PROOF_DAYS` is
how long they are (180; 0: as they are). Policies are asked in this process, detectors run shut in.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow.parquet as pq
from large_clets import small_california

from misusebench import metrics
from misusebench.policies.language import read_policy
from misusebench.policies.sets import GRADED
from misusebench.policy_bench import ablation, aftermath, pipelines, privileges, staleness
from misusebench.policy_bench.displacement import in_process
from misusebench.policy_bench.judged import World, reference
from misusebench.report.diagrams import write
from misusebench.report.stairs import Stair, stairs
from misusebench.run import run
from misusebench.suite import Suite, parse_component
from misusesim.dataset.reader import open_dataset
from misusesim.scenario.load import load_scenario
from misusesim.shards import run as simulate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario

FOLDER = Path(os.environ["PROOF_FOLDER"])
PICTURE = Path(os.environ.get("PROOF_PICTURE", "results/policy_effect.png"))
DAYS = int(os.environ.get("PROOF_DAYS", "180"))
#: The world of which one has few campaigns, and how many of it are judged.
FEW: Final = "S-HI-medium"
SEEDS = int(os.environ.get("PROOF_SEEDS", "6"))
CLETS: Final = "small clets_2023"
DECLARED: Final = "permit_desk"
MISCODED: Final = "permit_desk_miscoded"
USUAL: Final = [FEW, DECLARED, MISCODED]
WORLDS = os.environ.get("PROOF_WORLDS", "").split() or [
    *USUAL, *([CLETS] if os.environ.get("PROOF_CLETS") else []),
]  # fmt: skip
#: One of each family; each reads ten alerts a day.
DETECTORS: Final = ("volume", "peer_z", "fan_in", "explanation", "rules", "loda_stream", "denials")
#: Large campaigns are found by reading anything: who finds no more than this finds nothing.
CHANCE: Final = "random"
POLICIES: Final = (*GRADED, "break_glass", "case_challenge", "eleven_rules")
STRICT: Final = "warrant_lookback"
#: The set that stops a desk by the purpose it declares, and does not stop the one that miscodes.
BY_PURPOSE: Final = "purpose_only"
SHARE: Final = 0.4
DESK: Final = "permit_checks"

Told = dict[str, Any]


class Part(NamedTuple):
    """Campaigns of one world, and who stops how much of each."""

    kind: NDArray[np.int16]
    kinds: tuple[str, ...]
    stays: NDArray[np.float64]  # by the strictest graded set, less what comes back
    caught: dict[str, NDArray[np.float64]]  # by each detector


def scenario(name: str, nth: int = 0) -> Scenario:
    """Return a world's scenario, of its own seed or one further on, shortened if that is asked."""
    whole = small_california() if name == CLETS else load_scenario(name)
    change = {"seed": whole.seed + nth} | ({"days": min(DAYS, whole.days)} if DAYS else {})
    return whole.model_copy(update=change)


def detected(data: Path, world: World, name: str) -> dict[str, metrics.Tally]:
    """Return what detectors say of a world; `denials` runs after the eleven rules."""
    specs = [parse_component("detector", one) for one in DETECTORS[:-1]]
    after = parse_component("detector", DETECTORS[-1])
    after = type(after)(after.kind, after.name, after.target, after="eleven_rules")
    rules = parse_component("policy", "eleven_rules")
    every = (*specs, parse_component("detector", CHANCE), after, rules)
    suite = Suite("policy_effect", every, tier="T3", history_share=SHARE, single_rows=50)
    folder = FOLDER / f"{name}-run"
    done = run(data, suite, folder)
    if done.failed:
        raise SystemExit("; ".join(f"{r.name}: {r.reasons}" for r in done.failed))
    found = {}
    for one in (*DETECTORS, CHANCE):
        score = pq.read_table(folder / "scores" / f"{one}.parquet")["score"].to_numpy()
        found[one] = metrics.Tally(metrics.frame(world.answers, score), suite.review_budget)
    return found


def judged(name: str) -> Told:
    """Make a world, or several of other seeds, ask all policies and detectors; return figures."""
    count = SEEDS if name == FEW else 1
    told, parts = zip(*(one_world(name, nth) for nth in range(count)), strict=True)
    return {
        **told[0], "worlds": count, "rows": sum(one["rows"] for one in told),
        "policies": {
            policy: _pooled([one["policies"][policy] for one in told]) for policy in POLICIES
        },
        **_together(parts),
    }  # fmt: skip


def one_world(name: str, nth: int) -> tuple[Told, Part]:
    """Make one world, ask all policies and detectors, and return the figures."""
    data = FOLDER / f"{name.replace(' ', '_')}-{nth}"
    simulate(scenario(name, nth), data, workers=os.cpu_count() or 1)
    world = World(open_dataset(data), SHARE)
    tallies = detected(data, world, data.name)
    told: Told = {"rows": world.log.num_rows, "policies": {}}
    best = max(DETECTORS[:-1], key=lambda n: (tallies[n].caught.sum(), n))
    told["one"] = best
    for policy in POLICIES:
        engine = reference(policy)
        said = world.decide(engine)
        decided = world.judged(said, engine)
        told["policies"][policy] = _figures(decided)
        if policy == STRICT:
            part = Part(
                decided.scored.campaigns.kind, decided.scored.kinds, metrics.remains(decided),
                {n: one.caught for n, one in tallies.items()},
            )  # fmt: skip
        if policy == "eleven_rules":
            rules = read_policy(policy)
            told["ablation"] = ablation.render(
                ablation.ablation(rules, said, decided), ablation.coverage(rules, world.facts)
            )
            told["aftermath"] = aftermath.render(aftermath.aftermath(decided))
            late = staleness.staleness(world.log, world.context, in_process(engine))
            told["late_records"] = staleness.render(late)[0]
            ways = pipelines.pipelines(decided, tallies[best])
            sees = pipelines.pipelines(decided, tallies[best], tallies["denials"])[2]
            ways.insert(3, sees._replace(name="policy, then denials"))
            told["ways"] = pipelines.render(ways)
    if name == FEW and not nth:
        levels = [privileges.measured(world, level) for level in privileges.LEVELS]
        told["privileges"] = privileges.render_least(levels)
    shutil.rmtree(data)
    return told, part


def _pooled(figures: list[Told]) -> Told:
    """Return one world's figures, or the means of several with their least and largest."""
    if len(figures) == 1:
        return figures[0]
    found = {}
    for name in dict.fromkeys(key for one in figures for key in one):
        values = [one[name][0] for one in figures if name in one and one[name][0] is not None]
        known = [float(np.mean(values)), min(values), max(values)] if values else [None] * 3
        found[name] = known
    return found


def _figures(decided: metrics.Decided) -> Told:
    values = metrics.compute_policy(decided)
    names = ("misuse_prevented", "prevented_adjusted", "misuse_returned", "honest_blocked",
             "honest_blocked_per_100_shifts", "urgent_blocked_per_100_shifts", "honest_challenged",
             "honest_recovered", "honest_delay", "break_glass_rate", "break_glass_abuse",
             f"misuse_prevented/{DESK}", f"prevented_adjusted/{DESK}")  # fmt: skip
    return {
        name: [values[name].value, values[name].low, values[name].high]
        for name in names
        if name in values
    }


def _together(parts: Sequence[Part]) -> Told:
    """Return who stops what kind: the strictest graded set and the best detector of each kind."""
    kinds = parts[0].kinds
    kind = np.concatenate([part.kind for part in parts])
    stays = np.concatenate([part.stays for part in parts])
    caught = {n: np.concatenate([part.caught[n] for part in parts]) for n in parts[0].caught}
    chance = caught.pop(CHANCE)
    best, names, lucky = np.zeros(len(kind)), {}, {}
    for code in np.unique(kind):
        own = kind == code
        first = max(caught, key=lambda n, own=own: (caught[n][own].mean(), n))
        lucky[kinds[code]] = float(chance[own].mean())
        if caught[first][own].mean() > lucky[kinds[code]]:
            names[kinds[code]], best[own] = first, caught[first][own]
    matrices = pipelines.by_kind(kind, kinds, best, stays)
    return {
        "campaigns": len(kind), "best_of_kind": names, "chance": lucky, "matrix": matrices,
        "verdict": {name: pipelines.verdict(cells) for name, cells in matrices.items()},
    }  # fmt: skip


def _cell(value: Any, shape: str = ".1%") -> str:
    return "–" if value is None else format(value, shape)  # noqa: RUF001


def page(name: str, told: Told) -> list[str]:
    """Return what is to be read of one world."""
    heads = ("policy", "misuse denied", "does not come back", "came back", "honest blocked",
             "per 100 shifts", "urgent", "challenged", "recovered", "late",
             "glass broken, abused")  # fmt: skip
    many = "world" if told["worlds"] == 1 else "worlds"
    size = f"{told['campaigns']} campaigns in {told['worlds']} {many}"
    lines = [
        f"## {name}", "", f"{told['rows']:,} queries judged, {size}.", "",
        "| " + " | ".join(heads) + " |", "|" + "---|" * len(heads),
    ]  # fmt: skip
    for policy in POLICIES:
        v = {key: value[0] for key, value in told["policies"][policy].items()}
        low, high = told["policies"][policy]["prevented_adjusted"][1:]
        between = f" ({_cell(low)} to {_cell(high)})"
        lines.append(
            f"| {policy} | {_cell(v['misuse_prevented'])} | {_cell(v['prevented_adjusted'])}"
            f"{between} | {_cell(v['misuse_returned'])} | {_cell(v['honest_blocked'], '.2%')} | "
            f"{_cell(v['honest_blocked_per_100_shifts'], '.1f')} | "
            f"{_cell(v['urgent_blocked_per_100_shifts'], '.2f')} | "
            f"{_cell(v['honest_challenged'], '.2%')} | {_cell(v['honest_recovered'])} | "
            f"{_cell(v['honest_delay'], '.0f')} s | {_cell(v['break_glass_rate'], '.2%')}, "
            f"{_cell(v['break_glass_abuse'])} |"
        )
    lines += ["", f"### Who stops which kind: {STRICT} and the best detector of each kind", "",
              *pipelines.render_kinds(told["matrix"]), "",
              "Best detector of each kind: "
              + "; ".join(f"{k} {d}" for k, d in sorted(told["best_of_kind"].items())) + ".", "",
              "Random scores find, and where no detector finds more none is counted: "
              + "; ".join(f"{k} {v:.0%}" for k, v in sorted(told["chance"].items())) + ".", "",
              f"### eleven_rules and one detector ({told['one']}) at equal budget", "",
              *told["ways"], "", "### What each of the eleven rules is worth", "",
              *told["ablation"], "", "### What became of the denials of eleven_rules", "",
              *told["aftermath"], "", f"Late records: {told['late_records']}", ""]  # fmt: skip
    if "privileges" in told:
        lines += ["### Least privilege: what history used, granted from then on", "",
                  *told["privileges"], ""]  # fmt: skip
    return lines


def hold(worlds: dict[str, Told]) -> None:
    """Fail unless what comes back lowers what is prevented and purpose alone stops what it should.

    The declared desk is stopped whole by its purpose, the one that miscodes it is not. A world that
    `PROOF_WORLDS` leaves out is not asked of.
    """
    for name, told in worlds.items():
        for policy, figures in told["policies"].items():
            if None in (_first(figures, "misuse_prevented"), _first(figures, "prevented_adjusted")):
                raise SystemExit(f"{name}, {policy}: what is prevented has no value")
        graded = [told["policies"][one]["misuse_prevented"][0] for one in GRADED]
        if graded != sorted(graded):
            raise SystemExit(f"{name}: a stricter set prevents less: {graded}")
        strict = told["policies"][STRICT]
        denied, stays = strict["misuse_prevented"][0], strict["prevented_adjusted"][0]
        if denied and not stays < denied:
            raise SystemExit(f"{name}: nothing that {STRICT} denies comes back")
    for desk in (DECLARED, MISCODED):
        if desk in WORLDS:
            _hold_desk(desk, _first(
                worlds.get(desk, {}).get("policies", {}).get(BY_PURPOSE, {}),
                f"misuse_prevented/{DESK}",
            ))  # fmt: skip


def _hold_desk(desk: str, found: float | None) -> None:
    if found is None:
        raise SystemExit(f"{desk}: nothing is told of {DESK} under {BY_PURPOSE}")
    if desk == DECLARED and found < 1.0:
        raise SystemExit(f"the declared permit desk is stopped at {found:.1%}, not whole")
    if desk == MISCODED and found >= 1.0:
        raise SystemExit("the permit desk that miscodes is stopped whole by the purpose it hides")


def _first(figures: Told, name: str) -> float | None:
    """Return a figure's value, None where there is none."""
    value: float | None = figures.get(name, [None])[0]
    return value


def main() -> None:
    """Print all worlds, draw the curve."""
    worlds = {name: judged(name) for name in WORLDS}
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(worlds, indent=1))
    steps = {
        name: [
            Stair(one, *(told["policies"][one][key][0] or 0.0 for key in (
                "honest_blocked_per_100_shifts", "misuse_prevented", "prevented_adjusted",
            )))
            for one in GRADED
        ]
        for name, told in worlds.items()
    }  # fmt: skip
    write(stairs(steps), PICTURE)
    print("# What access rules stop, what they cost, what comes back\n")
    print(f"![Friction against prevention](policy_effect.png)\n\nSteps 1 to {len(GRADED)}: "
          f"{', '.join(GRADED)}. Judged: the last {1 - SHARE:.0%} of days; in brackets 95 % "
          "intervals over officers, or the least and largest of several worlds.\n")  # fmt: skip
    for name, told in worlds.items():
        print("\n".join(page(name, told)))
    hold(worlds)


if __name__ == "__main__":
    main()
