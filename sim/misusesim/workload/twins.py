"""The truth about oddities: which misuse each looks like, and what in the files justifies it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from misusesim.dataset.schema import MISUSE_KINDS, ODDITY_KINDS, TRUTH_ODDITIES, coded
from misusesim.occasions import NONE
from misusesim.workload.numbers import opaque_id
from misusesim.workload.setting import SECOND_US

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.occasions import Occasions
    from misusesim.workload.licensing import Applications
    from misusesim.workload.setting import Setting

    I64Array = NDArray[np.int64]

#: The misuse kind that each oddity looks like; the others look like no kind there is yet.
TWIN_OF: Final = {
    "hotlist_repeat": "romantic_interest", "victim_protection": "romantic_interest",
    "same_surname": "romantic_interest", "plate_before_stop": "retaliation",
    "lawful_licensing": "permit_checks",
}  # fmt: skip
_AT_ONCE: Final = 8
_BY_SHIFT: Final = ("overtime", "shift_swap")


def oddity_table(setting: Setting, occasions: Occasions, applications: Applications) -> pa.Table:
    """Return `truth.oddities`: one row per odd occasion.

    Parameters
    ----------
    setting
        The agency.
    occasions
        All of the agency, numbered.
    applications
        What lawful permit checks serve.
    """
    odd = np.flatnonzero(occasions.oddity >= 0)
    some = occasions.take(odd)
    twins = np.array(
        [MISUSE_KINDS.index(TWIN_OF[k]) if k in TWIN_OF else NONE for k in ODDITY_KINDS], np.int8
    )[some.oddity]
    serial = some.serial | some.source.astype(np.int64) << 40
    columns = {
        "oddity_id": pa.array(opaque_id(setting.scenario, "oddity", setting.agency, serial)),
        "kind": coded(pa.array(some.oddity, pa.int8()), ODDITY_KINDS),
        "agency_id": pa.repeat(pa.scalar(setting.agency.agency_id), len(odd)),
        "officer_id": pa.array(setting.officers.officer_id[some.officer], pa.string()),
        "time": pa.array(some.start, pa.int64()),
        "twin_of": coded(pa.array(twins, pa.int8(), mask=twins < 0), MISUSE_KINDS),
        "justification": pa.array(
            _justifications(setting, some, _served(some, applications)), pa.string()
        ),
    }
    arrays = [columns[f.name].cast(f.type) for f in TRUTH_ODDITIES]
    return pa.Table.from_arrays(arrays, schema=TRUTH_ODDITIES)


def _served(odd: Occasions, applications: Applications) -> I64Array:
    """Return the serial of the application that each lawful permit check serves, else -1."""
    order = np.lexsort((applications.clerk, applications.checked))
    when, clerk = applications.checked[order], applications.clerk[order]
    out = np.full(len(odd), NONE, np.int64)
    lawful = np.flatnonzero(odd.oddity == ODDITY_KINDS.index("lawful_licensing"))
    start = odd.start[lawful] // SECOND_US * SECOND_US  # the desk is planned in whole seconds
    at = np.searchsorted(when, start)
    for step in range(_AT_ONCE):  # clerks who begin in the same second
        near = np.minimum(at + step, len(when) - 1)
        same = (when[near] == start) & (clerk[near] == odd.officer[lawful])
        out[lawful[same]] = applications.serial[order[near[same]]]
    return out


def _justifications(setting: Setting, odd: Occasions, application: I64Array) -> NDArray[np.object_]:
    """Return table and key of the context row behind each odd occasion: the closest there is."""
    names = np.array(ODDITY_KINDS)[odd.oddity]
    officer = setting.officers.officer_id[odd.officer]
    out = np.char.add("roster/officers:", officer.astype(str)).astype(object)
    on_shift = np.isin(names, _BY_SHIFT)
    out[on_shift] = np.char.add("roster/shifts:", officer[on_shift].astype(str))
    scenario, agency = setting.scenario, setting.agency
    for table, kind, serial in (
        ("dispatch/incidents", "incident", odd.incident),
        ("dispatch/cases", "case", odd.case),
        ("dispatch/applications", "application", application),
    ):
        some = (serial >= 0) & ~on_shift
        ids = opaque_id(scenario, kind, agency, serial[some]).astype(str)
        out[some] = np.char.add(f"{table}:", ids)
    return out
