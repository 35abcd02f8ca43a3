"""Data sets pooled for what needs many campaigns: other seeds, or an enriched sibling."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from misusebench.audit.dataset import labelled_dataset
from misusebench.audit.labelled import Labelled, pooled
from misusebench.audit.sample import campaigns_in, rows_of, sampled
from misusebench.errors import SuiteError
from misusesim.dataset.reader import open_dataset
from misusesim.scenario.family import RATES, SIZES, member_of
from misusesim.truth import open_truth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa

    from misusesim.dataset.reader import Dataset
    from misusesim.scenario.model import Scenario

#: Campaigns without which columns, rules and times say little.
LEAST_CAMPAIGNS: Final = 100
#: A set with fewer campaigns than that and more rows than these is left out of the pool, if there
#: are others in it: it would cost all their time and add next to nothing.
_MOST_ROWS: Final = 2_000_000


@dataclass(frozen=True)
class Pool:
    """A data set with those that are asked along with it."""

    data: tuple[Dataset, ...]  # the audited one first
    campaigns: tuple[pa.Table, ...]  # truth of each

    @property
    def number(self) -> int:
        """Return how many campaigns are in the rows of all sets that are asked."""
        pairs = zip(self.asked, self._asked(self.campaigns), strict=True)
        return sum(campaigns_in(data, campaigns) for data, campaigns in pairs)

    def few(self, least: int) -> str:
        """Return why there are too few campaigns; "" if there are not."""
        if self.number >= max(least, 1):
            return ""
        there = sum(campaigns.num_rows for campaigns in self._asked(self.campaigns))
        of = "" if there == self.number else f" of {there:,}, in the rows looked at"
        return (
            f"{self.number} campaigns{of}; at least {max(least, 1)} are asked: "
            f"add --with {_advice(self.data[0].scenario)}"
        )

    @cached_property
    def asked(self) -> Sequence[Dataset]:
        """Return the data sets, or rows of them, that are asked for what needs many campaigns."""
        asked = self._asked(self.data)
        together = sum(map(rows_of, asked))
        return [sampled(data, together) for data in asked]

    def labelled(self) -> Labelled:
        """Return the logs in one."""
        return pooled([labelled_dataset(data) for data in self.asked])

    @cached_property
    def left_out(self) -> bool:
        """Return whether the audited set itself is too large, and too sparse, to be asked."""
        first, *others = self.data
        few = campaigns_in(sampled(first), self.campaigns[0]) < LEAST_CAMPAIGNS
        return bool(others) and few and rows_of(first) > _MOST_ROWS

    def _asked(self, each: Sequence[Any]) -> Sequence[Any]:
        return each[1:] if self.left_out else each


def pool(path: Path, others: Sequence[Path]) -> Pool:
    """Return a data set with others of the same level and mix of misuse.

    Raises
    ------
    SuiteError
        If one is of another level or mix, or there twice.
    UsageError, DatasetError
        If one is no data set, or not whole.
    """
    data = tuple(open_dataset(one) for one in (path, *others))
    seen: dict[str, Path] = {}
    for one in data:
        name = one.manifest["scenario_hash"]
        if name in seen:
            raise SuiteError(f"{one.path} is the same data set as {seen[name]}; pool other seeds")
        seen[name] = one.path
        if odd := _unlike(data[0].scenario, one.scenario):
            raise SuiteError(
                f"{one.path} has another {odd} than {path}; pooled sets are of one level and mix, "
                "such as S-HI-hard for M-NAT-hard"
            )
    return Pool(data, tuple(open_truth(one).campaigns for one in data))


def _unlike(one: Scenario, other: Scenario) -> str:
    """Return in what two scenarios differ that may not be pooled, "" if in nothing."""
    if one.level != other.level:
        return "level"
    return "" if _mix(one) == _mix(other) else "mix of misuse"


def _mix(scenario: Scenario) -> list[dict[str, Any]]:
    """Return all misuse, its rates relative to each other's."""
    kinds = [misuse.model_dump() for misuse in scenario.misuse]
    scale = next((kind[rate] for kind in kinds for rate in RATES if kind.get(rate)), 1.0)
    for kind in kinds:
        kind |= {rate: round(kind[rate] / scale, 6) for rate in RATES if rate in kind}
    return kinds


def _advice(scenario: Scenario) -> str:
    """Return which data sets would do."""
    member = member_of(scenario.name)
    if member is None or member.prevalence == "HI":
        return "other seeds"
    return f"its enriched sibling, e.g. {next(iter(SIZES))}-HI-{member.level}"
