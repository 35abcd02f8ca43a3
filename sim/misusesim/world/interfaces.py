"""Accounts that are nobody: the dispatch system, the records system, plate readers.

They are put behind all people once everything about people is settled, so that switching them on
moves nobody: no tie, shift, leave, oddity, misuse or sanction ever sees them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from misusesim.clock import DAY_US, NEVER, LocalClock
from misusesim.dataset.schema import INTERFACE, TERMINAL_KINDS
from misusesim.occasions import NONE
from misusesim.world.officers import ROW_BITS, opaque_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.scenario.model import Scenario
    from misusesim.world.model import Agency, Officers, Terminals

#: Unit that keeps the systems running.
_UNIT: Final = "systems"
#: Set up two years before the first day, with a certificate that never ends (assumption).
_SINCE_DAYS, _CERTIFICATE_DAYS = 730, 4_700


def with_interfaces(
    scenario: Scenario, agency: Agency, people: Officers, places: Terminals
) -> tuple[Officers, Terminals]:
    """Return people and terminals with the agency's interface accounts and their servers behind.

    Parameters
    ----------
    scenario, agency
        The world and one of its agencies.
    people, places
        All who hold an account, and the terminals they use.
    """
    n = agency.group.interface_accounts
    if not n:
        return people, places
    start, number = LocalClock(scenario).horizon[0], _numbers(n)
    server = len(places.kind) + np.arange(n)
    unit = len(people.units)
    account = {
        "officer_id": opaque_ids(scenario, agency, "officer", number), "role": INTERFACE,
        "unit": unit, "watch": -1, "subject": NONE, "area": 0,
        "hired": start - _SINCE_DAYS * DAY_US, "left": NEVER,
        "training_until": start + _CERTIFICATE_DAYS * DAY_US, "activity": 1.0,
        "car_terminal": server, "desk_terminal": server,
    }  # fmt: skip
    place = {
        "terminal_id": opaque_ids(scenario, agency, "terminal", number),
        "kind": TERMINAL_KINDS.index("desk"), "unit": unit,
    }  # fmt: skip
    units = (*people.units, _UNIT)
    return (
        replace(people, units=units, **_behind(people, account, n)),
        replace(places, **_behind(places, place, n)),
    )


def _numbers(n: int) -> NDArray[np.int64]:
    """Return rows for the ids of accounts: from the top of the agency's, where no successor is."""
    return (1 << ROW_BITS) - 1 - np.arange(n)


def _behind(columns: Officers | Terminals, added: dict[str, Any], n: int) -> dict[str, Any]:
    """Return columns with `n` more rows; a scalar is the same in all of them."""
    joined = {}
    for name, value in added.items():
        column = getattr(columns, name)
        more = np.broadcast_to(np.asarray(value), n).astype(column.dtype)
        joined[name] = np.concatenate([column, more])
    return joined
