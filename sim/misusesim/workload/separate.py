"""From neighbouring agencies in one to each by itself: own rows, own officers, own serials."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from misusesim.plan import own_serials
from misusesim.workload.together import OFFICERS, SERIALS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusesim.workload.setting import Setting
    from misusesim.world.model import Officers


def own_settings(setting: Setting, officers: Sequence[Officers]) -> list[Setting]:
    """Return the setting of each agency by itself; `officers` are those of each."""
    duty = parts(setting, setting.shifts, setting.place[setting.shifts.officer])
    return [
        replace(
            setting,
            agencies=(agency,),
            sizes=(len(people),),
            officers=people,
            shifts=shifts,
            units=None,
        )
        for agency, people, shifts in zip(setting.agencies, officers, duty, strict=True)
    ]


def parts(setting: Setting, columns: Any, place: NDArray[np.integer]) -> list[Any]:
    """Return the rows of each agency, in the order they had.

    Parameters
    ----------
    setting
        The agencies in one.
    columns
        A dataclass of equally long columns.
    place
        Which of the agencies each row belongs to.
    """
    count = len(setting.agencies)
    if count == 1:  # a giant's columns are not copied
        return [columns]
    order = np.argsort(place, kind="stable")
    home = place[order]
    ends = np.searchsorted(home, np.arange(count + 1)).tolist()
    own = {
        f.name: _own(setting, f.name, getattr(columns, f.name)[order], home)
        for f in fields(columns)
    }
    return [
        type(columns)(**{name: column[begin:end] for name, column in own.items()})
        for begin, end in pairwise(ends)
    ]


def _own(
    setting: Setting, name: str, column: NDArray[Any], place: NDArray[np.integer]
) -> NDArray[Any]:
    """Return a column with references to the agency's own rows and things."""
    if name in {"serial", *SERIALS}:
        return np.where(column >= 0, own_serials(column), column)
    if name in OFFICERS:
        return np.where(column >= 0, column - setting.first[place], column).astype(column.dtype)
    return column
