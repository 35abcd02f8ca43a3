"""Whether every kind of misuse has honest twins enough, and is hidden among them (Q7)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from misusebench.audit.dataset import POLICY_VISIBLE
from misusebench.audit.labelled import plain
from misusebench.audit.sample import pieces
from misusebench.audit.twins import BY_CAMPAIGN, Separation, pairs, pooled, separations
from misusebench.audit.verdict import Check
from misusesim.scenario.family import PREVALENCES, member_of
from misusesim.truth import open_truth

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from misusesim.dataset.reader import Dataset

#: Largest area under the curve without context, at level hard (note on data-set quality, Q7).
MOST: Final = 0.6
#: Largest share of misuse queries that are like no honest one (assumption).
MOST_ALONE: Final = 0.02
#: Least area from the tier on that tells a kind apart (assumption: three in four pairs).
LEAST: Final = 0.7
#: Twin queries of each misuse query at the natural base rate; of kinds in bulk, of each campaign.
LEAST_TWINS: Final = 10
#: From which tier on a kind can be told from its twins, as the world is made; None: nothing on
#: file tells it apart. After domain note 5.2, but for two kinds that were set after they had been
#: measured: `name_hunting` (T2 there) and `self_lookup` (T2 or T3 there). What a written rule sees
#: is not listed.
TOLD_APART_AT: Final = {
    "romantic_interest": "T2", "retaliation": "T3", "dating_screening": "T2",
    "name_hunting": None, "favour": "T2", "self_lookup": "T1", "celebrity": "T2", "selling": "T2",
    "personal_business": "T2", "credential_sharing": "T1", "ghost_account": "T1",
    "bulk_harvest": "T2",
}  # fmt: skip


def checks_of_twins(some: Sequence[Dataset], level: str, *, rounds: int = 1_000) -> list[Check]:
    """Return the checks of one data set, or of some pooled.

    Parameters
    ----------
    some
        Data sets of one scenario, or of the same level and mix.
    level
        Bounds hold at ``hard``; at the others areas are told.
    rounds
        Of the permutations of labels among officers.
    """
    parts = [piece for data in some for piece in pieces(data)]
    found = pooled([pairs(part, open_truth(part)) for part in parts])
    told = separations(found, rounds) if found.misuse.any() else []
    return [_enough(some), *checks_of(told, level)]


def checks_of(told: Sequence[Separation], level: str) -> list[Check]:
    """Return two checks per kind: hidden without context, told apart with it."""
    tried = [one for one in told if one.areas]
    out = [check for one in tried for check in (_hidden(one, level), _apart(one, level))]
    rest = ", ".join(one.kind for one in told if not one.areas)
    if rest or not told:
        why = f"too few officers misuse: {rest}" if rest else "no misuse"
        out.append(Check("Q7", "twins not tried", None, "ten officers of each kind", None, why))
    return out


def _hidden(one: Separation, level: str) -> Check:
    area = one.areas["T0"]
    where = f"{one.campaigns:,} campaigns, {one.misuse:,} queries, {one.alone:,} like no other"
    name = f"{one.kind} among its twins"
    if one.kind in POLICY_VISIBLE or level != "hard":
        why = "a written rule sees it by design" if one.kind in POLICY_VISIBLE else f"level {level}"
        return Check("Q7", name, area, "told only", None, f"{why}; {where}")
    passed = not (area > MOST and area > one.chance) and one.alone <= MOST_ALONE * one.misuse
    return Check("Q7", name, area, f"≤ {MOST:g}, or chance {one.chance:.3f}", passed, where)


def _apart(one: Separation, level: str) -> Check:
    name = f"{one.kind} told apart with context"
    areas = ", ".join(f"{tier} {area:.3f}" for tier, area in one.areas.items())
    tier = TOLD_APART_AT.get(one.kind)
    if tier is None or level != "hard":
        return Check("Q7", name, one.areas["T3"], "told only", None, areas)
    area = one.areas[tier]
    return Check("Q7", name, area, f"≥ {LEAST:g} at {tier}", area >= LEAST, areas)


def _enough(some: Sequence[Dataset]) -> Check:
    """Count twins of each kind at the natural base rate."""
    name, bound = "twins of each misuse query", f"≥ {LEAST_TWINS}"
    member = member_of(some[0].scenario.name)
    if member is None:
        return Check("Q7", name, None, bound, None, "no member of the family: no natural rate")
    times = PREVALENCES[member.prevalence].times
    misuse: Counter[str] = Counter()
    twins: Counter[str] = Counter()
    for data in some:
        counted = _counted(data)
        misuse += counted[0]
        twins += counted[1]
    each = {kind: twins[kind] * times / n for kind, n in misuse.items()}
    if not each:
        return Check("Q7", name, None, bound, None, "no misuse")
    worst = min(each, key=lambda kind: each[kind])
    few = ", ".join(f"{kind} {n:.0f}" for kind, n in sorted(each.items(), key=lambda e: e[1])[:3])
    what = f"fewest: {few}; misuse scaled to the natural rate ({times:g} times rarer)"
    return Check("Q7", name, each[worst], bound, each[worst] >= LEAST_TWINS, what)


def _counted(data: Dataset) -> tuple[Counter[str], Counter[str]]:
    """Return misuse queries (campaigns of kinds in bulk) and twin queries, by misuse kind."""
    truth = open_truth(data)
    odd = truth.oddities.group_by(["kind", "twin_of"]).aggregate([])
    twin_of = dict(zip(odd["kind"].to_pylist(), odd["twin_of"].to_pylist(), strict=True))
    queries, campaigns = _by_kind(truth.misuse), _by_kind(truth.campaigns)
    misuse = Counter({
        kind: (campaigns if kind in BY_CAMPAIGN else queries)[kind] for kind in campaigns
    })  # fmt: skip
    like: Counter[str] = Counter()
    for kind, n in _by_kind(truth.of_cause("oddity", ["kind"])).items():
        if (twin := twin_of.get(kind)) is not None:
            like[twin] += n
    return +misuse, like


def _by_kind(rows: pa.Table) -> Counter[str]:
    """Return how many rows there are of each kind."""
    counted = plain(rows["kind"]).value_counts().to_pylist()
    return Counter({row["values"]: row["counts"] for row in counted})
