"""Checks that a type and a bound cannot express; each message goes on after the key's name."""

from __future__ import annotations

import datetime as dt
import difflib
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from misusesim.scenario.lines import Path

#: An agency's place in the state is 16 bits of every need number.
MOST_AGENCIES: Final = 65_536
#: Of the first day: careers and births reach back from it, certificates forward.
FIRST_YEAR, LAST_YEAR = 1990, 2100


class CrossFault(NamedTuple):
    """What does not fit together, and where."""

    path: Path
    what: str


class ContradictionError(ValueError):
    """Some keys contradict each other."""

    def __init__(self, faults: Sequence[CrossFault]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, f.path))} {f.what}" for f in faults))
        self.faults = tuple(faults)


def guess(word: str, allowed: Iterable[str], quote: str = "") -> str:
    """Return ``; did you mean …?`` for the nearest allowed word, "" if none is near."""
    letters, words = sorted(word.lower()), list(allowed)
    near = [other for other in words if sorted(other) == letters]  # swapped letters come first
    near += difflib.get_close_matches(word.lower(), words, 1)
    return f"; did you mean {quote}{near[0]}{quote}?" if near else ""


def a_monday(start: dt.date) -> dt.date:
    """Return the date; everything is generated in weeks from Monday, officers are hired before."""
    if not FIRST_YEAR <= start.year <= LAST_YEAR:
        raise ValueError(
            f"must be in the years {FIRST_YEAR} to {LAST_YEAR}, got {start.isoformat()}"
        )
    if start.weekday():
        monday = start - dt.timedelta(days=start.weekday())
        raise ValueError(
            f"must be a Monday, got {start:%A} {start.isoformat()}; did you mean {monday}?"
        )
    return start


def a_zone(name: str) -> str:
    """Return the name of an IANA time zone."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        by_case = {zone.lower(): zone for zone in available_timezones()}
        near = difflib.get_close_matches(name.lower(), by_case, 1)
        hint = f'; did you mean "{by_case[near[0]]}"?' if near else ""
        raise ValueError(f'must be an IANA time zone, got "{name}"{hint}') from None
    return name


def multiple_of_ten(population: int) -> int:
    """Return the population; subjects live in blocks of ten."""
    if population % 10:
        raise ValueError(
            f"must be a multiple of ten, got {population}; "
            f"did you mean {population // 10 * 10 + 10}?"
        )
    return population


def some_weight(weights: Mapping[str, float]) -> None:
    """Raise unless one of the weights is above 0."""
    if not any(weights.values()):
        raise ValueError("must have a weight above 0, got only zeros")


def cross_faults(data: Mapping[str, Any]) -> list[CrossFault]:
    """Return what does not fit together; values that are wrong by themselves are passed over."""
    groups, oddities = _tables(data, "agency"), _tables(data, "oddity")
    misuse = _tables(data, "misuse")
    return [
        *_twice("agency", groups, lambda group: group.get("name"), "name"),
        *_twice("oddity", oddities, lambda oddity: oddity.get("kind"), "kind"),
        *_twice("misuse", misuse, _who_does, "kind"),
        *_too_many(groups),
        *_strangers(groups, misuse),
    ]


def _tables(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = data.get(key, ())
    if not isinstance(found, (list, tuple)):
        return []
    return [item if isinstance(item, dict) else {} for item in found]


def _who_does(misuse: Mapping[str, Any]) -> str | None:
    """Return what may occur only once: a kind, or a kind in an agency group."""
    kind, group = misuse.get("kind"), misuse.get("agency_group")
    if not isinstance(kind, str):
        return None
    return f"{kind} of {group}" if kind == "permit_checks" else kind


def _twice(
    key: str,
    tables: list[Mapping[str, Any]],
    name_of: Callable[[Mapping[str, Any]], Any],
    field: str,
) -> Iterator[CrossFault]:
    seen: set[str] = set()
    for place, table in enumerate(tables):
        name = name_of(table)
        if isinstance(name, str) and name in seen:
            yield CrossFault((key, place, field), f'must be there once, got "{name}" again')
        elif isinstance(name, str):
            seen.add(name)


def _too_many(groups: list[Mapping[str, Any]]) -> Iterator[CrossFault]:
    counts = [group.get("count", 1) for group in groups]
    total = sum(count for count in counts if isinstance(count, int) and count > 0)
    if total > MOST_AGENCIES:
        yield CrossFault(
            ("agency",), f"must be at most {MOST_AGENCIES:,} agencies together, got {total:,}"
        )


def _strangers(
    groups: list[Mapping[str, Any]], misuse: list[Mapping[str, Any]]
) -> Iterator[CrossFault]:
    """Yield permit checks of a group that is not there, or has no unit to do them."""
    # of groups with one name the first counts: that the name is there twice is said elsewhere
    clerks = {str(g["name"]): g.get("licensing_unit", 0) for g in reversed(groups) if "name" in g}
    for place, table in enumerate(misuse):
        name = table.get("agency_group")
        if not isinstance(name, str):
            continue
        path = ("misuse", place, "agency_group")
        if name not in clerks:
            named = ", ".join(f'"{group}"' for group in clerks) or "there is none"
            hint = guess(name, clerks, '"')
            yield CrossFault(path, f'must name an agency group ({named}), got "{name}"{hint}')
        elif clerks[name] == 0:
            yield CrossFault(
                path, f'must name a group whose licensing_unit is at least 1, got "{name}" with 0'
            )
