"""A comparison as tables: one form for terminal, page and Markdown."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from misusebench.compare.campaign_tables import alone
from misusebench.compare.cells import DASH, Shown, between, chance, number
from misusebench.report.cells import counted, words
from misusebench.report.markup import Cell, heat

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from misusebench.compare.differences import Difference
    from misusebench.compare.families import Family
    from misusebench.compare.ranking import PairVerdict, Ranking
    from misusebench.compare.several import Several
    from misusebench.compare.whole import Comparison

#: Rows of pairs that are shown; the JSON has all.
MOST_PAIRS: Final = 200
#: Columns of configurations; more make a table that nobody reads.
MOST_COLUMNS: Final = 12


def tables(found: Comparison, most: int | None = None) -> list[Shown]:
    """Return all tables of a comparison in reading order.

    Parameters
    ----------
    found
        The comparison.
    most
        Columns of configurations where kinds and oddities are the rows; the best are kept. None:
        all configurations are told, as rows where there are many. Where two were asked for, a
        table with a limit is of them alone.
    """
    shown = [differences(found)] if compared(found) else []
    asked = _asked(found) if most is not None else set()
    order = [standing.name for ranking in found.rankings for standing in ranking.standings]
    for ranking in found.rankings:
        if not asked or asked & {standing.name for standing in ranking.standings}:
            shown += [standings(ranking, asked), pairs(ranking, asked)]
    shown += [over_worlds(one, asked) for one in found.several]
    shown += [
        family(one, order, most, asked) for one in found.families
        if not asked or asked & set(one.members[0].values)
    ]  # fmt: skip
    for apart in found.campaigns:
        shown += alone(apart)
    return [one for one in shown if one.rows]


def lead(found: Comparison) -> str:
    """Return what is compared with what, in a sentence."""
    if not found.alone:
        return f"Runs against {found.base}, and all of their configurations among each other."
    told = Counter(one.kind for one in found.configurations)
    names = (("detector", "detectors"), ("policy", "policies"))
    parts = " and ".join(counted(told[one], one, many) for one, many in names if told[one])
    read = budget(found)
    how = "" if read is None else f"; {counted(read, 'alert', 'alerts')} a day read"
    return f"The components of {found.base} among each other: {parts}{how}."


def budget(found: Comparison) -> int | None:
    """Return the review budget of all runs, None where they differ."""
    read = {run.run.get("review_budget") for one in found.configurations for run in one.runs}
    only = read.pop() if len(read) == 1 else None
    return only if isinstance(only, int) else None


def compared(found: Comparison) -> bool:
    """Tell whether changes against the first run are worth a table: not over many worlds."""
    return any(found.differences) and not (found.several and len(found.heads) > 1)


def _asked(found: Comparison) -> set[str]:
    return {name for pair in found.between for name in pair}


def changed(found: Comparison) -> list[tuple[str, Difference]]:
    """Return what changed and in which run; of two that were asked for theirs alone."""
    every = [(run, one) for run, some in zip(found.heads, found.differences, strict=True)
             for one in some]  # fmt: skip
    if not found.between:
        return every
    asked = _asked(found)
    theirs = {(one.component, run.folder) for one in found.configurations if one.name in asked
              for run in one.runs}  # fmt: skip
    return [(run, one) for run, one in every if (one.component, Path(run)) in theirs]


def corrected(found: Comparison) -> str:
    """Return for how many tests p of two that were asked for is corrected; "" without p."""
    shown = {one.metric for _, one in changed(found) if one.p is not None}
    if not found.between or not shown:
        return ""
    every = Counter(one.metric for some in found.differences for one in some if one.p is not None)
    fewest, most = (end(every[name] for name in shown) for end in (min, max))
    count = counted(most, "test", "tests") if fewest == most else f"{fewest} to {most} tests"
    return f"p corrected over all {count} of a metric"


def differences(found: Comparison) -> Shown:
    """Return what changed against the first run."""
    rows = [
        (one.component, (
            Cell(run, style="text path"), Cell(one.metric, style="text"),
            number(one.base, one.metric), number(one.head, one.metric),
            _changed(one.change, one.metric, better=one.better),
            Cell(between(one.low, one.high, one.metric, sign=True) or DASH), chance(one.p),
        ))
        for run, changed in zip(found.heads, found.differences, strict=True)
        for one in changed
    ]  # fmt: skip
    heads = ("component", "run", "metric", "base", "head", "change", "95 % interval", "p (Holm)")
    return Shown("Changes",
                 f"Against {found.base}: head less base, paired over officers; p by Holm over all "
                 "components and later runs, metric by metric.", heads,
                 tuple(rows))  # fmt: skip


def _changed(change: float | None, name: str, *, better: bool | None) -> Cell:
    cell = number(change, name, sign=True)
    style = "" if better is None else "good" if better else "bad"
    return Cell(cell.text, cell.value, "" if better is None else "better" if better else "worse",
                style)  # fmt: skip


def standings(ranking: Ranking, asked: AbstractSet[str] = frozenset()) -> Shown:
    """Return who stands where; of configurations that were asked for their places alone."""
    rows = [
        (one.name, (
            Cell(str(one.rank), one.rank), Cell(places(one.rank_low, one.rank_high)),
            number(one.value, ranking.metric),
            Cell(between(one.low, one.high, ranking.metric) or DASH),
        ))
        for one in ranking.standings if not asked or one.name in asked
    ]  # fmt: skip
    cut = f" {len(rows)} of {len(ranking.standings)}, as asked for." if asked else ""
    over = f", means over {ranking.worlds} worlds" if ranking.worlds > 1 else ""
    way = "least" if ranking.direction == "lower" else "most"
    caption = (
        f"By {words(ranking.metric)}, {way} first{over}. Places: where 95 % of "
        f"{f'{ranking.draws:,}' if ranking.draws else 'no'} draws of officers put it.{cut}"
    )
    heads = (ranking.kind, "rank", "places", words(ranking.metric), "95 % interval")
    return Shown(_by(ranking), caption, heads, tuple(rows))


def _by(ranking: Ranking | Several) -> str:
    return f"Ranking of {'detectors' if ranking.kind == 'detector' else 'policies'}"


def places(low: float | None, high: float | None) -> str:
    """Return places as text.

    Examples
    --------
    >>> places(2.0, 2.0), places(1.0, 3.5), places(None, None) == DASH
    ('2', '1 to 3.5', True)
    """
    if low is None or high is None:
        return DASH
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def pairs(ranking: Ranking, asked: AbstractSet[str] = frozenset()) -> Shown:
    """Return pairs with their verdict: neighbours first where there are too many for a page.

    Parameters
    ----------
    ranking
        Of a kind.
    asked
        Two configurations whose pair alone is told; all by default.
    """
    place = {one.name: nth for nth, one in enumerate(ranking.standings)}
    told = sorted(
        (one for one in ranking.pairs if not asked or {one.first, one.second} <= asked),
        key=lambda one: (place[one.second] - place[one.first], place[one.first]),
    )
    rows = [_pair(one, ranking.metric) for one in told[:MOST_PAIRS]]
    cut = "" if len(rows) == len(told) else (
        f" The {len(rows)} of {len(told)} pairs that stand closest; --json has all."
    )  # fmt: skip
    if asked:
        cut = f" The one of {len(ranking.pairs)} pairs that was asked for; --json has all."
    how = "corrected over all" if asked else "by Holm over"
    count = ranking.family or len(ranking.pairs)
    region = number(ranking.rope, ranking.metric).text
    caption = (
        f"Pairs, the one ahead first; equivalent: within {region} beyond chance (two one-sided "
        "tests); better: beyond chance ahead, and by more than that in the estimate; p "
        f"{how} {counted(count, 'test', 'tests')}, pairs that say the same counting once.{cut}"
    )
    heads = ("ahead", "behind", "difference", "95 % interval", "p (equal)", "p (not equivalent)",
             "verdict")  # fmt: skip
    return Shown(_by(ranking), caption, heads, tuple(rows))


def _pair(one: PairVerdict, name: str) -> tuple[str, tuple[Cell, ...]]:
    look = {"better": "good", "equivalent": "", "undecided": "faint"}[one.verdict]
    return one.first, (
        Cell(one.second, style="text"), number(one.difference, name, sign=True),
        Cell(between(one.low, one.high, name, sign=True) or DASH), chance(one.p),
        chance(one.p_equivalent), Cell(one.verdict, style=f"text {look}".rstrip()),
    )  # fmt: skip


def over_worlds(one: Several, asked: AbstractSet[str] = frozenset()) -> Shown:
    """Return pairs over worlds; of two that were asked for theirs alone."""
    told = [pair for pair in one.pairs if not asked or {pair.first, pair.second} <= asked]
    told = told[:MOST_PAIRS]
    rows = [
        (pair.first, (
            Cell(pair.second, style="text"), number(pair.difference, one.metric, sign=True),
            chance(pair.p), chance(pair.p_holm), *(Cell(f"{share:.2f}", share) for share in (
                pair.better, pair.equal, max(0.0, 1 - pair.better - pair.equal))),
        ))
        for pair in told
    ]  # fmt: skip
    region = number(one.rope, one.metric).text
    turned = " Signs are turned, so that more is better." if one.direction == "lower" else ""
    caption = (
        f"Over {one.worlds} worlds: median difference, Wilcoxon's signed ranks (that the "
        f"differences lie evenly about 0; Holm over {len(one.pairs)} pairs); and "
        "Bayesian signed ranks: in which share of draws of worlds a difference is likeliest above "
        f"the region of {region}, within it, or below it.{turned}"
    )
    heads = ("first", "second", "difference", "p", "p (Holm)", "better", "alike", "worse")
    return Shown(_by(one), caption, heads, tuple(rows))


def family(
    one: Family, order: Sequence[str], most: int | None = None,
    asked: AbstractSet[str] = frozenset(),
) -> Shown:  # fmt: skip
    """Return one row a kind or oddity, or one a configuration where there are many.

    Parameters
    ----------
    one
        Kinds or oddities.
    order
        Names of configurations, best first.
    most
        See :func:`tables`.
    asked
        Configurations that alone are told; all by default.
    """
    every = sorted(
        asked & set(one.members[0].values) or one.members[0].values,
        key=lambda n: order.index(n) if n in order else 1 << 30,
    )
    names = every[:most]
    cut = f" The first {len(names)} of {len(every)}." if len(names) < len(every) else ""
    if most is not None or len(names) <= MOST_COLUMNS:
        rows = [
            (words(member.name), (Cell(f"{member.n:,}", member.n),
                                  *(_share(member.values[name], one.about) for name in names)))
            for member in one.members
        ]  # fmt: skip
        heads: tuple[str, ...] = (one.about, "n", *names)
    else:
        rows = [
            (name, tuple(_share(member.values[name], one.about) for member in one.members))
            for name in names
        ]
        heads = ("configuration", *(f"{words(m.name)} ({m.n:,})" for m in one.members))
    way = "worse" if one.about == "oddity" else "better"
    what = f"A stronger shade is {way}." if most is None else f"More is {way}."  # no shade there
    units = "officer-days" if one.about == "oddity" else "how many there are"
    section = "Kind by kind" if one.about == "kind" else "Honest oddities"
    caption = f"{words(one.metric).capitalize()} by {one.about}. {what} n: {units}.{cut}"
    return Shown(section, caption, heads, tuple(rows))


def _share(value: float | None, about: str) -> Cell:
    if value is None:
        return Cell(DASH, float("nan"))
    digits = 1 if about == "oddity" else 0
    return heat(f"{100 * value:.{digits}f} %", value)
