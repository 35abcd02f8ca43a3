"""For how many queries each stands whose author the truth asked what follows a denial.

Truth asks everybody whose query is misuse or an oddity. Of plain work it asks those whom a policy
may well deny for what the log shows, and one in `SAMPLE` of the others (the simulator's
`query/reactions.py`): the latter stand for `SAMPLE` of their like, or rates among all denied
queries would be rates of the first. Where truth is sparse nobody is asked about plain work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from misusebench.columns import distinct
from misusesim.dataset.schema import SYSTEMS
from misusesim.query.reactions import SAMPLE
from misusesim.query.transactions import SENSITIVE, SYSTEM

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from misusebench.answers import Answers

#: Systems that want a case number where an agency's screen has a field for it.
_WANTING: Final = frozenset(SYSTEMS[code] for code in SYSTEM[SENSITIVE].tolist())


def stands_for(log: pa.Table, directory: pa.Table, answers: Answers) -> NDArray[np.float64]:
    """Return for how many queries each stands if its author was asked; where truth is full.

    Parameters
    ----------
    log
        The judged rows, as they are in the data set.
    directory
        Context table `directory/agencies`.
    answers
        Truth of the same rows.
    """
    plain = ~answers.positive & (answers.kind < 0) & (answers.oddity < 0)
    return np.where(plain & ~deniable(log, directory), float(SAMPLE), 1.0)


def deniable(log: pa.Table, directory: pa.Table) -> NDArray[np.bool_]:
    """Return which rows a policy may deny for what the log shows: all of them are asked.

    No purpose, or "other", where the agency's screen asks for one; no case number in a system that
    wants one, where the screen has a field for it.
    """
    ids = directory["agency_id"].to_pylist()
    asks = dict(zip(ids, directory["asks_purpose"].to_pylist(), strict=True))
    field = dict(zip(ids, directory["case_field"].to_pylist(), strict=True))
    agency, agencies = distinct(log["agency_id"])
    asked = np.array([bool(asks.get(one)) for one in agencies], np.bool_)[agency]
    has_field = np.array([field.get(one, "absent") != "absent" for one in agencies], np.bool_)
    system, systems = distinct(log["system"])
    wants = np.array([one in _WANTING for one in systems], np.bool_)[system] & has_field[agency]
    said, words = distinct(log["declared_purpose"])
    vague = np.array([*(word == "other" for word in words), True])[said]
    no_case = log["case_number"].is_null().to_numpy()
    return np.asarray((asked & vague) | (wants & no_case), np.bool_)
