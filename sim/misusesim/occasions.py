"""Occasions: what makes an officer sit down and query; each is later expanded to its needs.

An occasion is one handling of a cause: an officer at a stop, a dispatcher on a call, a sitting of a
detective on a case, a step of a campaign. Honest and dishonest occasions have the same columns and
are expanded by the same code (`query.py`); a campaign only fills in who, whom, when and what is
said.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: What kind of work the occasion is made of; decides systems, keys, subjects and durations.
TEMPLATES: Final = (
    "traffic_stop", "pedestrian_stop", "call_field", "call_dispatch", "plate_check",
    "alpr_search", "case_session", "warrant_check", "booking", "jail_check", "records_request",
    "background_check", "permit_desk", "hotlist_repeat", "victim_protection", "system_test",
    "self_check", "name_check", "cad_interface", "records_interface", "alpr_interface",
    "nickname_search", "alpr_widening", "alpr_wide",
)  # fmt: skip
#: Templates that no person types: what accounts of the role interface ask by themselves.
AUTOMATIC: Final = ("cad_interface", "records_interface", "alpr_interface")
TEMPLATE: Final = {name: code for code, name in enumerate(TEMPLATES)}

#: What the job is about; reason texts, drop-down categories and purposes follow from it.
ORDINARY: Final = (
    "traffic", "vehicle_theft", "larceny", "burglary", "drugs", "wanted", "assault",
    "domestic", "robbery", "hit_and_run", "fraud", "weapons", "missing", "sex_offense",
    "homicide", "welfare", "disturbance", "suspicious", "permit", "employment", "records",
    "custody", "court", "test", "patrol",
)  # fmt: skip
#: What only a few jobs are about, and what nobody picks by mistake.
DELICATE: Final = ("immigration", "protest", "health", "descriptor")
TOPICS: Final = (*ORDINARY, *DELICATE)
TOPIC: Final = {name: code for code, name in enumerate(TOPICS)}

WORK, ODDITY, MISUSE = 0, 1, 2  # sources, as in `schema.CAUSES`
NONE: Final = -1  # "nothing" in an index column
DEFAULT: Final = -2  # "as the template and the officer's habit say"


@dataclass(frozen=True, slots=True)
class Occasions:
    """Columns, one row per occasion of one agency.

    `source` and `serial` together are unique in the agency; a serial is below 2**38 and depends on
    nothing but the cause itself (week and place in the week, or campaign and step).
    """

    source: NDArray[np.uint8]  # WORK, ODDITY, MISUSE
    serial: NDArray[np.int64]
    officer: NDArray[np.int32]  # index into Officers
    start: NDArray[np.int64]  # UTC microseconds since the epoch of the first query
    n: NDArray[np.int16]  # queries, 1..255
    gap_s: NDArray[np.int32]  # mean seconds between its queries
    template: NDArray[np.int16]  # code of TEMPLATES
    topic: NDArray[np.int16]  # code of TOPICS: what the job is truly about
    subject: NDArray[np.int64]  # person concerned, or NONE: strangers, drawn at expansion
    incident: NDArray[np.int64]  # serial of the justifying incident of this agency, or NONE
    case: NDArray[np.int64]  # serial of the justifying case of this agency, or NONE
    says_purpose: NDArray[np.int8]  # code of PURPOSES declared, NONE: empty, or DEFAULT
    says_topic: NDArray[np.int16]  # topic the reason text speaks of, or DEFAULT: the true topic
    says_case: NDArray[np.int64]  # case serial typed as number, NONE: none, or DEFAULT
    says_incident: NDArray[np.int64]  # incident serial typed, NONE: none, or DEFAULT
    campaign: NDArray[np.int32]  # index into the agency's campaigns, or NONE
    oddity: NDArray[np.int8]  # code of ODDITY_KINDS, or NONE
    action: NDArray[np.int8]  # code of ACTIONS, or DEFAULT

    def __len__(self) -> int:
        """Return the number of occasions."""
        return len(self.source)

    def take(self, index: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Occasions:
        """Return the occasions at `index`."""
        return Occasions(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    @staticmethod
    def build(n: int, /, **columns: NDArray[np.generic] | int) -> Occasions:
        """Return `n` occasions; a scalar is repeated, an absent column takes its default.

        Raises
        ------
        TypeError
            If a required column (source, serial, officer, start, template) is missing.
        """
        defaults = {
            "n": 1, "gap_s": 20, "topic": TOPIC["patrol"], "subject": NONE, "incident": NONE,
            "case": NONE, "says_purpose": DEFAULT, "says_topic": DEFAULT, "says_case": DEFAULT,
            "says_incident": DEFAULT, "campaign": NONE, "oddity": NONE, "action": DEFAULT,
        }  # fmt: skip
        filled = {**defaults, **columns}
        built: dict[str, NDArray[Any]] = {}
        for name, kind in _KINDS.items():
            if name not in filled:
                raise TypeError(f"occasions need the column {name}")
            value = np.asarray(filled[name], dtype=kind)
            built[name] = np.full(n, value) if value.ndim == 0 else _of_length(value, n)
        return Occasions(**built)

    @staticmethod
    def concat(parts: Sequence[Occasions]) -> Occasions:
        """Return all parts in one, in the order given."""
        return Occasions(
            **{
                name: np.concatenate([getattr(p, name) for p in parts] or [np.empty(0, kind)])
                for name, kind in _KINDS.items()
            }
        )


def gathered(parts: Sequence[Occasions], order: NDArray[np.int64], /, **known: Any) -> Occasions:
    """Return the rows at `order` of all parts in one; a column at a time, to save memory.

    Parameters
    ----------
    parts
        Some occasions.
    order
        Rows of all of them, one part below the other.
    known
        Columns that are there already, in the new order.
    """
    return Occasions(**{
        name: known[name] if name in known else column_of(parts, name)[order] for name in _KINDS
    })  # fmt: skip


def column_of(parts: Sequence[Occasions], name: str) -> NDArray[Any]:
    """Return a column of all parts in one."""
    if len(parts) == 1:
        return np.asarray(getattr(parts[0], name))
    return np.concatenate([getattr(part, name) for part in parts])


def _of_length(column: NDArray[Any], n: int) -> NDArray[Any]:
    """Return a copy of a column that must have `n` rows, or one that is repeated."""
    return column.copy() if len(column) == n else np.broadcast_to(column, n).copy()


_KINDS: Final = {
    "source": np.uint8, "serial": np.int64, "officer": np.int32, "start": np.int64,
    "n": np.int16, "gap_s": np.int32, "template": np.int16, "topic": np.int16,
    "subject": np.int64, "incident": np.int64, "case": np.int64, "says_purpose": np.int8,
    "says_topic": np.int16, "says_case": np.int64, "says_incident": np.int64,
    "campaign": np.int32, "oddity": np.int8, "action": np.int8,
}  # fmt: skip
