"""What would follow if a misuse query were denied: the steps its author would take next."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from misusesim import rng
from misusesim.dataset.schema import PURPOSES, REACTIONS, TRUTH_REACTIONS
from misusesim.dice import Dice, exponential, lane
from misusesim.plan import SERIAL_BITS, own_serials
from misusesim.query.columns import numbers, texts, words
from misusesim.query.labels import is_misuse
from misusesim.query.rows import another
from misusesim.workload.numbers import number_texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from misusesim.query.rows import Rows

_GIVE_UP, _RECODE, _BORROW, _COLLEAGUE, _GLASS, _RESUBMIT = range(len(REACTIONS))
#: First and second step after a denial (assumption); the third is always giving up.
_STEPS: Final = (rng.guide([40, 26, 16, 10, 3, 5]), rng.guide([60, 12, 14, 12, 2, 0]))
_DELAY_S: Final = 90  # mean seconds to the next try (assumption)
_CODES: Final = (PURPOSES.index("criminal"), PURPOSES.index("officer_safety"))
_GLASS_TEXT: Final = {"break_glass": True, "justification_length": 32}


def reactions_table(rows: Rows) -> pa.Table:
    """Return `truth.reactions` of the misuse rows; a second entry has none of its own."""
    first = rows.needs.original == rows.needs.query_id
    left = np.flatnonzero(rows.spread(is_misuse(rows)) & first)
    parts = []
    for step in range(len(_STEPS) + 1):
        if not left.size:
            break
        dice = Dice(rows.scenario.seed, rows.needs.need[left])
        bits = dice.bits(f"reaction {step}")
        reaction = np.full(len(left), _GIVE_UP, np.int16)
        if step < len(_STEPS):
            reaction = rng.pick(_STEPS[step], bits)
        parts.append(_part(rows, left, step, reaction, dice))
        left = left[reaction != _GIVE_UP]
    return pa.concat_tables(parts or [TRUTH_REACTIONS.empty_table()]).unify_dictionaries()


def _part(
    rows: Rows, row: NDArray[np.int64], step: int, reaction: NDArray[np.int16], dice: Dice
) -> pa.Table:
    choice = dice.bits(f"reaction {step} choice")
    delay = 5 + exponential(dice.bits(f"reaction {step} delay"), _DELAY_S)
    code, values = _replacements(rows, row, reaction, lane(choice, 0))
    return pa.table(
        [
            numbers(rows.needs.query_id[row], pa.uint64()),
            numbers(np.full(len(row), step), pa.int8()),
            words(reaction, REACTIONS),
            numbers(delay, pa.int32()),
            texts(code, values),
        ],
        schema=TRUTH_REACTIONS,
    )


def _replacements(
    rows: Rows, row: NDArray[np.int64], reaction: NDArray[np.int16], choice: NDArray[np.int64]
) -> tuple[NDArray[np.int64], list[str]]:
    """Return the JSON of the log fields that change, as codes and distinct texts."""
    plan = rows.plan
    values = [json.dumps({}), json.dumps(_GLASS_TEXT, separators=(",", ":"))]
    code = np.where(reaction == _GLASS, 1, 0).astype(np.int64)
    recoded = reaction == _RECODE
    code[recoded] = len(values) + choice[recoded] % len(_CODES)
    values += [_json("declared_purpose", PURPOSES[p]) for p in _CODES]
    own_cases = plan.cases.serial >> SERIAL_BITS
    agency = rows.place[rows.occasion[row]]
    for which in np.unique(agency[reaction == _BORROW]).tolist():
        borrowed = np.flatnonzero((reaction == _BORROW) & (agency == which))
        cases = np.flatnonzero(own_cases == which)
        if not cases.size:
            continue
        chosen, place = np.unique(choice[borrowed] % cases.size, return_inverse=True)
        names = number_texts(
            rows.scenario, plan.agencies[which], "case", own_serials(plan.cases.serial[cases]),
            plan.cases.opened[cases],
        )  # fmt: skip
        code[borrowed] = len(values) + place
        values += [_json("case_number", names[c]) for c in chosen.tolist()]
    asked = np.flatnonzero(reaction == _COLLEAGUE)
    officer = rows.occasions.officer[rows.occasion[row[asked]]]
    other = another(plan, officer, choice[asked])
    chosen, place = np.unique(other, return_inverse=True)
    code[asked] = len(values) + place
    values += [_json("officer_id", plan.officers.officer_id[o]) for o in chosen.tolist()]
    return code, values


def _json(field: str, value: str) -> str:
    return json.dumps({field: str(value)}, separators=(",", ":"))
