"""How engines grow: with the number of rules, and with the officers and cases that are held.

Each size of each engine is a process of its own. An engine that takes too long at a size is cut off
there, with what it took, and not tried at larger ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from misusebench.policies.language import read_policy
from misusebench.policy_bench.adapter import Adapter, AdapterFault, Candidate, candidates
from misusebench.policy_bench.agreeing import batch_differs, disagreement, mixed, policy_of
from misusebench.policy_bench.agreement import decided
from misusebench.policy_bench.figures import split_us, table
from misusebench.policy_bench.held_facts import POLICY, asked_of
from misusebench.policy_bench.stores import STORES
from misusebench.policy_bench.tables import stream_of, table_of
from misusebench.timing import machine
from misusesim import rng

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from misusebench.component import Decision, Request

    #: A size -> the policy, the facts, what is asked, the decisions that are right.
    Case = tuple[Any, Any, list[Request], list[Decision]]

RULES: Final = (10, 100, 1_000, 10_000)
ENTITIES: Final = (1_000, 10_000, 100_000)
#: Days of plate readings that an added rule lets its agency ask for: from 10 on.
_LIMITS: Final = 50
_PATIENCE_S: Final = 60.0  # for anything but loading, at least
_FEW: Final = 20  # decisions that are compared at least
_TIMES: Final = 5  # that a table holds what is asked
_WAYS: Final = 4  # how often each of them is made


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """How much is asked at each size, and how long one waits."""

    requests: int = 4_000
    checked: int = 200  # decisions that must be right, fewer if they take long
    load_s: float = 60.0
    decide_s: float = 30.0
    seed: int = 0


def grown(base: str, count: int) -> dict[str, str]:
    """Return a policy with as many more rules, each of which concerns one agency only.

    Rule n denies agency n plate readings older than its own limit of days.

    Parameters
    ----------
    base
        Name of a shipped policy.
    count
        How many rules are added.

    Returns
    -------
    dict
        `name` and `text`, as `load` gets them.
    """
    more = "".join(
        f'\n[[rule]]\nid = "LIMIT_{n}"\n'
        f"when = \"officer.agency == 'agency-{n}' and context.lookback_days > {limit(n)}\"\n"
        for n in range(count)
    )
    return {"name": f"{base}_and_{count}", "text": read_policy(base).text + more}


def limit(nth: int) -> int:
    """Return the days of plate readings that an added rule lets its agency ask for.

    Examples
    --------
    >>> [limit(0), limit(49), limit(50)]
    [10, 59, 10]
    """
    return 10 + nth % _LIMITS


def of_agencies(requests: Sequence[Request], count: int, seed: int = 0) -> list[Request]:
    """Return requests of which every second comes from an agency that an added rule concerns.

    Whatever named the old agency names the new one, so what was permitted stays so, but for that
    rule.
    """
    chance = rng.stream(seed, "policy-sweep")
    picked = chance.integers(count, size=len(requests))
    return [
        _moved(one, f"agency-{picked[nth]}") if nth % 2 else one for nth, one in enumerate(requests)
    ]


def _moved(one: Request, agency: str) -> Request:
    old = one.officer["agency"]

    def put(value: Any) -> Any:
        if isinstance(value, list):
            return [put(each) for each in value]
        return agency if value == old else value

    data, said = dict(one.database), dict(one.context)
    data |= {key: put(data[key]) for key in ("owner_agency", "shared_with") if key in data}
    said |= {key: put(said[key]) for key in ("case_agency",) if key in said}
    return replace(one, officer={**one.officer, "agency": agency}, database=data, context=said)


def rule_sweep(
    engines: Sequence[Candidate] | None = None, counts: Sequence[int] = RULES,
    plan: SweepPlan | None = None, base: str = "eleven_rules",
) -> dict[str, Any]:  # fmt: skip
    """Return service times, load time and memory by number of added rules.

    Parameters
    ----------
    engines
        By default all that need no more than a policy.
    counts
        How many rules are added, ascending.
    plan
        How much is asked.
    base
        Name of the shipped policy that rules are added to.
    """
    plan = plan or SweepPlan()
    usual = mixed(None if base == "eleven_rules" else grown(base, 0), plan.requests, plan.seed)

    def case(count: int) -> Case:
        policy = grown(base, count)
        asked = of_agencies(usual, count, plan.seed)
        return policy, None, asked, decided(policy_of(policy), asked)

    engines = engines or candidates(policy=grown(base, counts[-1]))
    return _swept("rules", engines, counts, case, plan)


def entity_sweep(counts: Sequence[int] = ENTITIES, plan: SweepPlan | None = None) -> dict[str, Any]:
    """Return service times, load time and memory by number of officers, and of cases, held.

    `none` makes facts when they are asked for: its load time is what making them all takes, and its
    memory what the process takes without any; both are in those of the others too.
    """
    plan = plan or SweepPlan()

    def case(count: int) -> Case:
        bare, whole = asked_of(count, plan.requests, plan.seed)
        return POLICY, {"entities": count}, bare, decided(policy_of(POLICY), whole)

    engines = [Candidate(name, target) for name, target in STORES.items()]
    return _swept("entities", engines, counts, case, plan)


def _swept(
    what: str, engines: Sequence[Candidate], counts: Sequence[int], case: Callable[[int], Case],
    plan: SweepPlan,
) -> dict[str, Any]:  # fmt: skip
    """Return what each engine took at each size, in another order of engines at each."""
    found: dict[str, dict[str, Any]] = {one.name: {} for one in engines}
    chance = rng.stream(plan.seed, "policy-sweep-order")
    going = list(engines)
    for count in counts:
        given = case(count)
        for nth in chance.permutation(len(going)):
            found[going[nth].name][str(count)] = _one(going[nth], given, plan)
        going = [one for one in going if not found[one.name][str(count)]["cut"]]
    return {
        "what": what, "counts": list(counts), "machine": machine(), "engines": found,
        "requests": plan.requests, "load_s": plan.load_s, "decide_s": plan.decide_s,
    }  # fmt: skip


def _one(engine: Candidate, given: Case, plan: SweepPlan) -> dict[str, Any]:
    """Return what one engine took at one size."""
    policy, facts, asked, wanted = given
    told: dict[str, Any] = {"cut": "", "valid": True, "why": ""}
    with Adapter(engine, max(_PATIENCE_S, 4 * plan.decide_s)) as adapter:
        doing = "starting"
        try:
            empty = adapter.ready()
            about = adapter.start()
            doing = "loading"
            told["load_ms"] = adapter.load(policy, facts, plan.load_s) / 1e6
            told["memory_mib"] = adapter.resident_mib() - empty
            doing = "deciding"
            adapter.keep("asked", asked)
            each_s = (
                _table_s(adapter, asked, told)
                if not about["single"]
                else _singles_s(adapter, asked, told, plan.decide_s)
            )
            few = max(_FEW, min(plan.checked, int(plan.decide_s / _WAYS / each_s)))
            doing = "being checked"
            adapter.keep("checked", asked[:few])
            tells = about["tells_reasons"]
            told["why"] = disagreement(adapter, "checked", asked[:few], wanted[:few], reasons=tells)
            told["why"] = told["why"] or batch_differs(adapter, "checked")
        except AdapterFault as fault:
            what = "not applicable" if fault.refused else doing
            told |= {"cut": f"{what}: {fault}", "absent": fault.absent}
    return told | {"valid": not told["why"]}


def _singles_s(
    adapter: Adapter, asked: Sequence[Request], told: dict[str, Any], most_s: float
) -> float:
    """Note what single decisions take; return the seconds of one."""
    singles = adapter.singles("asked", most_s)
    told["single_us"] = split_us([singles])
    if len(singles.ns) < len(asked):
        told["cut"] = f"{len(singles.ns)} decisions of {len(asked)} in {most_s:g} s"
    return singles.loop_ns / 1e9 / len(singles.ns)


def _table_s(adapter: Adapter, asked: Sequence[Request], told: dict[str, Any]) -> float:
    """Note what a row takes an engine for tables; return the seconds of a single decision."""
    rows = table_of(list(asked) * _TIMES)
    found, _ = adapter.ask({"op": "table"}, stream_of(rows))
    told["table_us_a_row"] = found["ns"] / found["n"] / 1e3
    adapter.keep("few", asked[:_FEW])
    return 1 / adapter.per_s("few", 0)


def render(found: Mapping[str, Any]) -> list[str]:
    """Return what a sweep found as lines of Markdown."""
    counts = [str(one) for one in found["counts"]]
    head = ("engine", *(f"{int(one):,}" for one in counts))
    lines = [f"p50 / p99 in µs of permits, then of denies, by number of {found['what']}:", ""]
    rows: list[tuple[str, ...]] = []
    for name, sizes in found["engines"].items():
        if any("table_us_a_row" in at for at in sizes.values()):
            continue
        for key, more in (("permit", ""), ("deny", ", denied")):
            cells = [_cell(sizes.get(one), partial(_pair, key)) for one in counts]
            rows.append((name + more, *cells))
    lines += table(head, rows)
    lines += ["", "Load time in ms, and memory in MiB:", ""]
    lines += table(head, [
        (name, *(_cell(sizes.get(one), _load) for one in counts))
        for name, sizes in found["engines"].items()
    ])  # fmt: skip
    tables = [
        (name, *(_cell(sizes.get(one), _row_us) for one in counts))
        for name, sizes in found["engines"].items()
        if any("table_us_a_row" in at for at in sizes.values())
    ]
    if tables:
        lines += ["", "Of engines that take whole tables, µs a row of one:", ""]
        lines += table(head, tables)
    notes = [
        f"- `{name}` at {int(count):,}: {'cut off, ' + at['cut'] if at['cut'] else ''}"
        + (f"INVALID: {at['why']}" if not at["valid"] else "")
        for name, sizes in found["engines"].items()
        for count, at in sizes.items()
        if at["cut"] or not at["valid"]
    ]
    return [*lines, "", *notes]


def p99_ms(found: Mapping[str, Any]) -> dict[str, list[tuple[int, float]]]:
    """Return (size, p99 in ms) of each engine, sizes without one or INVALID ones left out."""
    return {
        name: [
            (int(count), at["single_us"]["all"]["p99"] / 1e3)
            for count, at in sizes.items()
            if at["valid"] and at.get("single_us", {}).get("all", {}).get("p99") is not None
        ]
        for name, sizes in found["engines"].items()
    }


def _cell(at: Mapping[str, Any] | None, told: Callable[[Mapping[str, Any]], str]) -> str:
    return "not tried" if at is None else told(at) + ("" if at["valid"] else " (INVALID)")


def _pair(key: str, at: Mapping[str, Any]) -> str:
    part = at.get("single_us", {}).get(key)
    if not part:
        return "cut off" if at["cut"] else "-"
    return " / ".join("-" if part[p] is None else f"{part[p]:.3g}" for p in ("p50", "p99"))


def _row_us(at: Mapping[str, Any]) -> str:
    return f"{at['table_us_a_row']:.3g}" if "table_us_a_row" in at else "cut off"


def _load(at: Mapping[str, Any]) -> str:
    if "load_ms" not in at:
        return "cut off"
    return f"{at['load_ms']:,.3g} ms, {max(0.0, at['memory_mib']):,.0f} MiB"
