"""Cedar agrees with the Python reference on every request of `county`, reasons included."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

from misusebench.policies.cedar import Cedar
from misusebench.policies.eleven_rules import ElevenRules
from misusebench.policies.facts import build_facts, requests
from misusesim.dataset.reader import open_dataset
from misusesim.scenario.load import load_scenario
from misusesim.shards import run as simulate


def main() -> None:
    """Ask both engines everything, Cedar without its memory."""
    data = Path(os.environ["PROOF_FOLDER"]) / "county"
    simulate(load_scenario("county"), data, workers=os.cpu_count() or 1)
    dataset = open_dataset(data)
    asked = list(requests(build_facts(dataset.log(), dataset.context("T2"))))
    reference, cedar = ElevenRules(), Cedar(memory=False)
    for engine in (reference, cedar):
        engine.load(None, None)
    differ, fired = 0, Counter[str]()
    for at in range(0, len(asked), 10_000):
        part = asked[at : at + 10_000]
        for one, other in zip(reference.decide_batch(part), cedar.decide_batch(part), strict=True):
            differ += (one.outcome, one.reasons) != (other.outcome, other.reasons)
            fired.update(one.reasons)
    numbers = {"requests": len(asked), "differ": differ, "rules": dict(sorted(fired.items()))}
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(numbers, indent=1))
    print(f"# Cedar {cedar.version} against the reference\n")
    print(f"{len(asked):,} requests of `county`, decision and reasons: {differ} differ.\n")
    print(f"Rules that fired: {dict(sorted(fired.items()))}.")
    if differ:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
