"""Engines agree with the reference on every request of `county`; what they do on missing facts.

The eleven rules written as code are held against it too, on `county` alone.

PROOF_DAYS shortens the world, PROOF_ENGINES names some of the engines, with commas.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

from misusebench.policies.facts import build_facts, requests
from misusebench.policies.language import Policyfile, read_policy
from misusebench.policy_bench import agreement, fail_open
from misusesim.dataset.reader import open_dataset
from misusesim.scenario.load import load_scenario
from misusesim.shards import run as simulate

#: Requests in one process's question.
STEP = 20_000
#: Random requests besides those for each comparison.
RANDOM = 20_000


def county(
    policy: Policyfile, names: list[str]
) -> tuple[list[agreement.Conformance], Counter[str]]:
    """Return how each engine decides the requests of `county`, and how often rules hold."""
    data = Path(os.environ["PROOF_FOLDER"]) / "county"
    scenario = load_scenario("county", days=int(os.environ.get("PROOF_DAYS", "0")) or None)
    simulate(scenario, data, workers=os.cpu_count() or 1)
    dataset = open_dataset(data)
    asked = list(requests(build_facts(dataset.log(), dataset.context("T2"))))
    held = Counter(r for one in agreement.decided(policy, asked) for r in one.reasons)
    rows = []
    for engine in agreement.engines(["eleven_rules", *names]):
        parts = [asked[at : at + STEP] for at in range(0, len(asked), STEP)]
        rows.append(agreement.summed([agreement.agreement(policy, p, engine) for p in parts]))
    return rows, held


def main() -> None:
    """Ask all engines everything."""
    policy = read_policy("eleven_rules")
    names = os.environ.get("PROOF_ENGINES", ",".join(agreement.COMPILED)).split(",")
    rows, held = county(policy, names)
    tried = agreement.examine(policy, agreement.engines(names), requests=RANDOM)
    opened = fail_open.measure(policy, [*fail_open.raw(), *fail_open.guarded()], per_fact=40)
    numbers = {
        "county": [vars(row) for row in rows],
        "random": [vars(row) for row in tried],
        "rules": dict(sorted(held.items())),
        "fail_open": [
            {"engine": o.engine, "version": o.version, "lacking": o.lacking, "by_rule": o.by_rule}
            for o in opened
        ],
    }
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(numbers, indent=1))
    lines = [
        "# Policy engines against the reference\n",
        "## Every request of `county`\n", *agreement.render(rows),
        f"\nRules that held: {dict(sorted(held.items()))}.\n",
        f"## {RANDOM:,} random requests, and both sides of each comparison\n",
        *agreement.render(tried),
        "\n## The fact on which a denial turns taken away\n", *fail_open.render(opened),
    ]  # fmt: skip
    print("\n".join(lines))
    shut = all(row.rate == 0 for row in opened[len(fail_open.raw()) :])
    if not (shut and all(row.conforms for row in (*rows, *tried))):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
