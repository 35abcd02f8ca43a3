"""Configurations side by side, kind by kind and oddity by oddity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from misusebench.compare.differences import value_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misusebench.compare.configurations import Configuration

#: Families whose members are shown, by what they are about.
FAMILIES: Final = {
    "detector": (("kind", "campaign_recall"), ("oddity", "alert_rate")),
    "policy": (("kind", "misuse_prevented"),),
}


class Member(NamedTuple):
    """One kind or oddity."""

    name: str
    n: int  # units over all worlds: campaigns, officer-days of an oddity, officers
    values: dict[str, float | None]  # by configuration; the mean over the worlds that have it


class Family(NamedTuple):
    """All kinds or oddities by one metric."""

    about: str  # kind or oddity
    metric: str
    members: tuple[Member, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the family as a JSON object."""
        return {**self._asdict(), "members": [one._asdict() for one in self.members]}


def families(found: Sequence[Configuration]) -> list[Family]:
    """Return recall by kind and alert rates by oddity of configurations of one kind."""
    if not found:
        return []
    made = []
    for about, metric in FAMILIES[found[0].kind]:
        names = sorted({
            name for one in found for result in one.results for name in result.metrics
            if name.startswith(f"{metric}/") and name.count("/") == 1
        })  # fmt: skip
        if names:
            made.append(Family(about, metric, tuple(_member(name, found) for name in names)))
    return made


def _member(name: str, found: Sequence[Configuration]) -> Member:
    values: dict[str, float | None] = {}
    for one in found:
        own = [v for result in one.results if (v := value_of(result, name)) is not None]
        values[one.name] = sum(own) / len(own) if own else None
    told = (result.metrics.get(name, {}).get("n") for result in found[0].results)
    return Member(name.partition("/")[2], int(sum(n or 0 for n in told)), values)
