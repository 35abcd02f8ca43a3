"""Conformance of one engine or one server, all that can be asked of it, in one answer."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from misusebench.errors import SuiteError
from misusebench.policies.authzen import Authzen
from misusebench.policies.compile import TEXTS
from misusebench.policies.engine import USUAL
from misusebench.policies.language import read_policy
from misusebench.policies.language.cases import random_requests
from misusebench.policy_bench import agreement, batches, fail_open, fixture, protocol
from misusebench.specs import guess, parse_component

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: Requests that a server is asked one by one and in batches, and the batches' sizes.
_ASKED: Final = 60
_SIZES: Final = (1, 2, 20)
_BATCHES: Final = ("Requests of the eleven rules, in batches beside one by one:", "")
EXAMPLE: Final = (
    "Decisions of the specification's example, right only if the server has its policy:"
)


def examined(
    engine: str,
    policy: str,
    requests: int = 10_000,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Return whether an engine of the registry, or an AuthZEN server, keeps what is asked of it.

    Parameters
    ----------
    engine
        A name, or ``http://HOST:PORT``: servers are held against the specification.
    policy
        Name of a shipped policy, or a TOML file.
    requests
        Random ones, besides those for both sides of each comparison.
    progress
        Called with a line per part.

    Raises
    ------
    SuiteError
        If there is no such engine, or it takes no policy as data.
    """
    if engine.startswith(("http://", "https://")):
        return _server(engine)
    inside = list(TEXTS)
    if engine not in inside:
        raise SuiteError(
            f"no engine {engine}{guess(engine, inside)}; engines are {', '.join(inside)}, "
            "and a server is http://HOST:PORT"
        )
    rules = read_policy(policy)
    asked = agreement.engines([engine])
    (row,) = agreement.examine(rules, asked, requests=requests, progress=progress)
    if not row.applicable:
        return {
            "engine": engine, "policy": rules.name, "conforms": False, "applicable": False,
            "agreement": asdict(row), "lines": [row.lacking],
        }  # fmt: skip
    (opened,) = fail_open.measure(rules, asked)
    told = fixture.of_component(parse_component("policy", engine))
    right = all(one.right for one in told)
    shut = opened.total.total() > 0 and not opened.rate  # who was asked nothing showed nothing
    return {
        "engine": engine,
        "policy": rules.name,
        "conforms": row.conforms and shut and right,
        "applicable": True,
        "agreement": asdict(row),
        "fail_open": {
            "rate": opened.rate, "probes": opened.total.total(), "opens_on": opened.opens_on,
            "lacking": opened.lacking,
        },
        "fixture": [asdict(one) for one in told],
        "lines": [
            *agreement.render([row]), "",
            f"Missing facts: {opened.rate:.0%} of {opened.total.total():,} probes permitted"
            + (f", on {', '.join(opened.opens_on)}." if opened.rate else "."), "",
            "Decisions that AuthZEN demands:", "", *fixture.render(told),
        ],
    }  # fmt: skip


def _server(url: str) -> dict[str, Any]:
    found = protocol.check(url)
    told = fixture.of_url(url)
    tried = _batches(url) if _offers_batches(found) else []
    return {
        "engine": url,
        "conforms": all(one.passed for one in found) and not any(one.apart for one in tried),
        "applicable": True,
        "levels": protocol.levels(found),
        "protocol": [asdict(one) for one in found],
        "fixture": [asdict(one) for one in told],
        "batches": [asdict(one) for one in tried],
        "lines": [
            *protocol.render(found),
            "",
            *([*_BATCHES, *batches.render(tried), ""] if tried else []),
            EXAMPLE,
            "",
            *fixture.render(told),
        ],
    }


def _offers_batches(found: Sequence[protocol.Checked]) -> bool:
    """Return whether a server answers at all, and several requests at once."""
    return found[0].passed and any(one.level == "Batch" for one in found)


def _batches(url: str) -> list[batches.Difference]:
    """Return how requests of the eleven rules are decided in batches, beside one by one."""
    server = Authzen(url, batch=max(_SIZES))
    try:
        return batches.compare(server, random_requests(read_policy(USUAL), _ASKED), _SIZES)
    finally:
        server.close()


def render(found: Mapping[str, Any]) -> list[str]:
    """Return it as lines of Markdown."""
    verdict = "conforms" if found["conforms"] else "does not conform"
    verdict = verdict if found["applicable"] else f"is not applicable to {found['policy']}"
    return [f"{found['engine']} {verdict}", "", *found["lines"]]
