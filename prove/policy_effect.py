"""What access rules stop, what they cost, what comes back, and what only a detector finds.

Worlds: S-HI-medium, the permit desk as it declares itself and as it miscodes, and with
`PROOF_CLETS=1` the year 2023 made small. `PROOF_WORLDS` names some of them, `PROOF_DAYS` shortens
them (0: as they are). Policies are asked in this process, detectors run shut in.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow.parquet as pq
from large_clets import small_california

from misusebench import metrics
from misusebench.policies.language import read_policy
from misusebench.policies.sets import GRADED
from misusebench.policy_bench import ablation, aftermath, pipelines
from misusebench.policy_bench.judged import World, reference
from misusebench.report.diagrams import write
from misusebench.report.stairs import Stair, stairs
from misusebench.run import run
from misusebench.suite import Suite, parse_component
from misusesim.dataset.reader import open_dataset
from misusesim.scenario.load import load_scenario
from misusesim.shards import run as simulate

if TYPE_CHECKING:
    from misusesim.scenario.model import Scenario

FOLDER = Path(os.environ["PROOF_FOLDER"])
PICTURE = Path(os.environ.get("PROOF_PICTURE", "results/policy_effect.png"))
DAYS = int(os.environ.get("PROOF_DAYS", "0"))
CLETS: Final = "small clets_2023"
USUAL: Final = ["S-HI-medium", "permit_desk", "permit_desk_miscoded"]
WORLDS = os.environ.get("PROOF_WORLDS", "").split() or [
    *USUAL, *([CLETS] if os.environ.get("PROOF_CLETS") else []),
]  # fmt: skip
#: One of each family; each reads ten alerts a day.
DETECTORS: Final = ("volume", "peer_z", "fan_in", "explanation", "rules", "loda_stream", "denials")
POLICIES: Final = (*GRADED, "break_glass", "case_challenge", "eleven_rules")
STRICT: Final = "warrant_lookback"
SHARE: Final = 0.4
DESK: Final = "permit_checks"

Told = dict[str, Any]


def scenario(name: str) -> Scenario:
    """Return a world's scenario, shortened if that is asked for."""
    whole = small_california() if name == CLETS else load_scenario(name)
    return whole.model_copy(update={"days": min(DAYS, whole.days)}) if DAYS else whole


def detected(data: Path, world: World, name: str) -> dict[str, metrics.Tally]:
    """Return what detectors say of a world; `denials` runs after the eleven rules."""
    specs = [parse_component("detector", one) for one in DETECTORS[:-1]]
    after = parse_component("detector", DETECTORS[-1])
    after = type(after)(after.kind, after.name, after.target, after="eleven_rules")
    suite = Suite("policy_effect", (*specs, after, parse_component("policy", "eleven_rules")),
                  tier="T3", history_share=SHARE, single_rows=50)  # fmt: skip
    folder = FOLDER / f"{name}-run"
    done = run(data, suite, folder)
    if done.failed:
        raise SystemExit("; ".join(f"{r.name}: {r.reasons}" for r in done.failed))
    found = {}
    for one in DETECTORS:
        score = pq.read_table(folder / "scores" / f"{one}.parquet")["score"].to_numpy()
        found[one] = metrics.Tally(metrics.frame(world.answers, score), suite.review_budget)
    return found


def judged(name: str) -> Told:
    """Make a world, ask all policies and detectors, and return the figures."""
    data = FOLDER / name.replace(" ", "_")
    simulate(scenario(name), data, workers=os.cpu_count() or 1)
    world = World(open_dataset(data), SHARE)
    tallies = detected(data, world, data.name)
    told: Told = {"rows": world.log.num_rows, "policies": {}, "campaigns": 0}
    for policy in POLICIES:
        engine = reference(policy)
        said = world.decide(engine)
        decided = world.judged(said, engine)
        told["policies"][policy] = _figures(decided)
        if policy == STRICT:
            told |= _together(decided, tallies)
        if policy == "eleven_rules":
            one = read_policy(policy)
            told["ablation"] = ablation.render(
                ablation.ablation(one, said, decided), ablation.coverage(one, world.facts)
            )
            told["aftermath"] = aftermath.render(aftermath.aftermath(decided))
            ways = pipelines.pipelines(decided, tallies[told["best"]])
            sees = pipelines.pipelines(decided, tallies[told["best"]], tallies["denials"])[2]
            ways.insert(3, sees._replace(name="policy, then denials"))
            told["ways"] = pipelines.render(ways)
    return told


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


def _together(decided: metrics.Decided, tallies: dict[str, metrics.Tally]) -> Told:
    """Return who stops what kind: the strictest graded set and the best detector of each kind."""
    stays, kind = pipelines.remains(decided), decided.scored.campaigns.kind
    best = max((n for n in DETECTORS[:-1]), key=lambda n: (tallies[n].caught.mean(), n))
    caught, names = tallies[best].caught.copy(), {}
    for code in np.unique(kind):
        own = kind == code
        first = max(tallies, key=lambda n, own=own: (tallies[n].caught[own].mean(), n))
        names[decided.scored.kinds[code]] = first
        caught[own] = tallies[first].caught[own]
    told = pipelines.by_kind(decided.scored, caught, stays)
    return {
        "best": best, "campaigns": len(kind), "best_of_kind": names, "matrix": told,
        "verdict": {name: pipelines.verdict(cells) for name, cells in told.items()},
    }  # fmt: skip


def _cell(value: Any, shape: str = ".1%") -> str:
    return "–" if value is None else format(value, shape)  # noqa: RUF001


def page(name: str, told: Told) -> list[str]:
    """Return what is to be read of one world."""
    heads = ("policy", "misuse denied", "does not come back", "came back", "honest blocked",
             "per 100 shifts", "urgent", "challenged", "recovered", "late",
             "glass broken, abused")  # fmt: skip
    lines = [
        f"## {name}", "",
        f"{told['rows']:,} queries judged, {told['campaigns']} campaigns.", "",
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
              f"### eleven_rules and one detector ({told['best']}) at equal budget", "",
              *told["ways"], "", "### What each of the eleven rules is worth", "",
              *told["ablation"], "", "### What became of the denials of eleven_rules", "",
              *told["aftermath"], ""]  # fmt: skip
    return lines


def hold(worlds: dict[str, Told]) -> None:
    """Fail unless what comes back lowers what is prevented and a declared desk is stopped whole."""
    for name, told in worlds.items():
        for policy, figures in told["policies"].items():
            denied, stays = figures["misuse_prevented"][0], figures["prevented_adjusted"][0]
            if denied is not None and stays > denied:
                raise SystemExit(f"{name}, {policy}: {stays} stays of {denied} denied")
        graded = [told["policies"][one]["misuse_prevented"][0] or 0.0 for one in GRADED]
        if graded != sorted(graded):
            raise SystemExit(f"{name}: a stricter set prevents less: {graded}")
        strict = told["policies"][STRICT]
        if strict["misuse_returned"][0] == 0.0 and strict["misuse_prevented"][0]:
            raise SystemExit(f"{name}: nothing that {STRICT} denies comes back")
    desk = worlds.get("permit_desk", {}).get("policies", {}).get("purpose_only", {})
    found = desk.get(f"misuse_prevented/{DESK}", [None])[0]
    if found is not None and found < 1.0:
        raise SystemExit(f"the declared permit desk is stopped at {found:.1%}, not whole")


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
          "intervals over officers.\n")  # fmt: skip
    for name, told in worlds.items():
        print("\n".join(page(name, told)))
    hold(worlds)


if __name__ == "__main__":
    main()
