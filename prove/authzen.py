"""AuthZEN: our server and Cerbos against the protocol, agreement, batches, a planted fault.

`PROOF_REQUESTS` asks for more or fewer requests. Cerbos is fetched from npm's registry; where that
cannot be had, the proof fails.
"""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from shared import cerbos

from misusebench.authzen_server import component, serve
from misusebench.policies.authzen import Authzen
from misusebench.policies.cerbos_text import cerbos_text
from misusebench.policies.language import read_policy
from misusebench.policies.language.cases import clauses, random_requests
from misusebench.policy_bench import batches, fixture, protocol
from misusebench.reading import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from misusebench.component import Policy, Request

FOLDER = Path(os.environ["PROOF_FOLDER"])
COUNT = int(os.environ.get("PROOF_REQUESTS", "2000"))
POLICY: Final = read_policy("eleven_rules")
FIXTURE: Final = {"name": "authzen", "text": read_text(fixture.POLICY)}
SIZES: Final = (2, 50, 100)


@contextmanager
def served(policy: Policy) -> Iterator[str]:
    """Serve a policy on this machine."""
    with serve(policy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def agreed(url: str, requests: Sequence[Request], **options: Any) -> tuple[int, int, float]:
    """Return how many decisions are the reference's, how many have errors, and the rate."""
    asking, wanted = Authzen(url, **options), component("reference").decide_batch(requests)
    begun = time.perf_counter()
    found = [asking.decide(one) for one in requests]
    rate = len(found) / (time.perf_counter() - begun)
    asking.close()
    same = sum(x.outcome == y.outcome for x, y in zip(found, wanted, strict=True))
    return same, sum(bool(one.errors) for one in found), rate


def batched(url: str, requests: Sequence[Request], **options: Any) -> list[batches.Difference]:
    """Return what batches come to."""
    asking = Authzen(url, batch=max(SIZES), timeout_s=10.0, **options)
    found = batches.compare(asking, requests, SIZES)
    asking.close()
    return found


def judged(name: str, url: str, requests: Sequence[Request], **options: Any) -> dict[str, Any]:
    """Print what a server is worth, and return it as numbers."""
    checks = protocol.check(url)
    same, failed, rate = agreed(url, requests, **options)
    print(f"\n## {name}\n")
    print(f"{same} of {len(requests)} decisions as the reference's, {failed} with an error; "
          f"{rate:,.0f} decisions/s, one by one over one connection.\n")  # fmt: skip
    print("\n".join(protocol.render(checks)), "\n")
    found = batched(url, requests[:500], **options)
    print("\n".join(batches.render(found)))
    return {
        "levels": protocol.levels(checks), "agree": same, "errors": failed, "asked": len(requests),
        "per_s": rate, "batches": [asdict(one) for one in found],
        "verdict": batches.verdict(found),
    }  # fmt: skip


def main() -> None:
    """Judge our server, Cerbos and the planted one."""
    requests = random_requests(POLICY, COUNT) + [one.request for one in clauses(POLICY)[0]]
    requests = [one for one in requests if one.action]  # Cerbos refuses an action without a name
    print("# AuthZEN 1.0 servers with the eleven rules")
    with served(component("reference", FIXTURE)) as url:
        demanded = fixture.of_url(url)
    print("\nThe decisions that the certification scenario demands, of our server:\n")
    print("\n".join(fixture.render(demanded)))
    numbers: dict[str, Any] = {"fixture_right": sum(one.right for one in demanded)}
    with served(component("reference")) as url:
        numbers["ours"] = judged("Our server", url, requests)
    program = cerbos.fetched(FOLDER)
    if program is None:
        raise SystemExit("npm or its registry cannot be had: Cerbos was not judged")
    with cerbos.served(program, FOLDER / "run", {"query.json": cerbos_text(POLICY)}) as url:
        numbers["cerbos"] = judged(
            f"Cerbos {cerbos.VERSION}", url, requests, context_in_resource=True
        )
    with served(batches.FirstDecides(component("reference"))) as url:
        numbers["planted"] = judged("A planted fault: the first item decides", url, requests)
    Path(os.environ["PROOF_NUMBERS"]).write_text(json.dumps(numbers))
    if not shown(numbers):
        raise SystemExit(1)


def shown(numbers: dict[str, Any]) -> bool:
    """Tell whether all agree one by one, and the planted fault is seen where ids repeat only."""
    servers = [numbers[name] for name in ("ours", "cerbos", "planted")]
    agree = all(one["agree"] == one["asked"] and not one["errors"] for one in servers)
    seen = "repeat, not otherwise" in numbers["planted"]["verdict"]
    whole = numbers["fixture_right"] == 2 * len(fixture.CASES)
    ours = numbers["ours"]["verdict"].startswith("a batch is decided as")
    return agree and seen and whole and ours


if __name__ == "__main__":
    main()
