"""What would follow if a query were denied: the steps its author would take next.

Who misuses the system does what his kind does (`misusesim.misuse.denied`).

Everybody whose query is misuse or an oddity is asked. Of plain work, where the truth is full, those
are asked whose query a policy may well deny for what the log shows (no purpose, no case number in a
system that wants one), and one in `SAMPLE` of the others. Systems that query by themselves are not
asked: nobody is there to answer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusesim import rng
from misusesim.dataset.schema import MISUSE_KINDS, PURPOSES, REACTIONS, TRUTH_REACTIONS
from misusesim.dice import Dice, exponential, lane, raw_lane
from misusesim.misuse import denied
from misusesim.plan import SERIAL_BITS, own_serials
from misusesim.query.columns import numbers, texts, words
from misusesim.query.labels import is_misuse, is_odd
from misusesim.query.purposes import true_purposes
from misusesim.query.rows import another
from misusesim.query.transactions import SENSITIVE
from misusesim.workload.numbers import number_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from misusesim.query.rows import Rows

#: One of so many rows of plain work that no policy has reason to deny is asked all the same.
SAMPLE: Final = 64
_GIVE_UP, _RECODE, _BORROW, _COLLEAGUE, _GLASS, _RESUBMIT, _SUPERVISOR = range(len(REACTIONS))
_JUSTIFIED, _BARE, _GUILTY = range(3)  # honest with a number to give, and without one; misuse
#: First and second step of honest officers after a denial, in the order of REACTIONS; the third is
#: always giving up (assumptions). They neither recode nor borrow.
_HONEST: Final = (
    ([15, 0, 0, 0, 3, 70, 12], [40, 0, 0, 0, 5, 25, 30]),
    ([45, 0, 0, 0, 10, 5, 40], [60, 0, 0, 0, 8, 2, 30]),
)
_DENIALS: Final = len(_HONEST)


def _bounds(rows: Sequence[Sequence[int]]) -> NDArray[np.uint32]:
    """Return up to where, of 65,536, each weight of a row reaches; the last reaches the end."""
    counts = [np.bincount(rng.guide(row), minlength=len(REACTIONS)) for row in rows]
    return np.cumsum(counts, axis=1, dtype=np.uint32)


#: After one denial and after two: a row for `_JUSTIFIED`, `_BARE`, and from `_GUILTY` on one for
#: each row of `denied.chances`.
_STEPS: Final = tuple(
    _bounds([*honest, *denied.chances(step)]) for step, honest in enumerate(_HONEST)
)
_SHARED: Final = MISUSE_KINDS.index("credential_sharing")
_LAST_CASES: Final = 12  # of an agency that somebody who needs one comes by (assumption)
_DELAY_S: Final = 90  # mean seconds to the next try (assumption)
_CODES: Final = (PURPOSES.index("criminal"), PURPOSES.index("officer_safety"))
_GLASS_TEXT: Final = {"break_glass": True, "justification_length": 32}


@dataclass(frozen=True, slots=True)
class _Denied:
    """Rows whose authors are asked."""

    row: NDArray[np.int64]
    who: NDArray[np.int16]  # row of `_STEPS`
    said: NDArray[np.int8]  # declared purpose, -1 none

    def take(self, at: NDArray[np.bool_]) -> _Denied:
        return _Denied(self.row[at], self.who[at], self.said[at])


def reactions_table(rows: Rows, log: pa.Table) -> pa.Table:
    """Return `truth.reactions`; a second entry of a query has none of its own.

    Parameters
    ----------
    rows
        Of one shard.
    log
        The same rows as they were logged.
    """
    left = _asked(rows, log)
    parts = []
    for step in range(_DENIALS + 1):
        if not left.row.size:
            break
        dice = Dice(rows.scenario.seed, rows.needs.need[left.row])
        bits = dice.bits(f"reaction {step}")
        reaction = np.full(len(left.row), _GIVE_UP, np.int16)
        if step < _DENIALS:
            reaction = _picked(_STEPS[step], left.who, bits)
        parts.append(_part(rows, left, step, reaction, dice))
        left = left.take(reaction != _GIVE_UP)
    return pa.concat_tables(parts or [TRUTH_REACTIONS.empty_table()]).unify_dictionaries()


def _picked(
    bounds: NDArray[np.uint32], who: NDArray[np.int16], bits: NDArray[np.uint64]
) -> NDArray[np.int16]:
    """Return a reaction each: the first whose bound is above the upper 16 bits."""
    drawn, reaction = raw_lane(bits, 0), np.zeros(len(who), np.int16)
    for bound in bounds.T[:-1]:
        reaction += bound[who] <= drawn
    return reaction


def _asked(rows: Rows, log: pa.Table) -> _Denied:
    """Return whose author is asked."""
    guilty, said = is_misuse(rows), _said(log)
    asked = rows.spread(guilty | is_odd(rows))
    if rows.scenario.truth == "full":
        asked |= ~rows.machine & (_deniable(rows, log, said) | _sampled(rows))
    asked &= rows.needs.original == rows.needs.query_id
    row = np.flatnonzero(asked)
    justified = np.where(rows.numbering.code >= 0, _JUSTIFIED, _BARE)
    who = np.where(guilty, _GUILTY + _guilt(rows), justified).astype(np.int16)
    return _Denied(row, who[rows.occasion[row]], said[row])


def _guilt(rows: Rows) -> NDArray[np.int64]:
    """Return the row of `denied.chances` of each occasion's campaign; of others it says nothing."""
    campaigns = rows.plan.campaigns
    columns = campaigns.kind, campaigns.rung, campaigns.asks_for >= 0
    row = denied.place(*(column.astype(np.int64) for column in columns))
    return np.append(row, 0)[rows.occasions.campaign]


def _said(log: pa.Table) -> NDArray[np.int8]:
    """Return the code of each row's declared purpose, -1 for none."""
    codes = log["declared_purpose"].combine_chunks().indices.fill_null(-1)
    return np.asarray(codes.to_numpy(zero_copy_only=False))


def _deniable(rows: Rows, log: pa.Table, purpose: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Return which rows a policy may deny for what the log shows."""
    asks = rows.spread(rows.plan.of_group("asks_purpose")[rows.place])
    has_field = rows.spread((rows.plan.of_group("case_field") != "absent")[rows.place])
    vague = asks & ((purpose < 0) | (purpose == PURPOSES.index("other")))
    no_case = pc.is_null(log["case_number"].combine_chunks()).to_numpy(zero_copy_only=False)
    wants = SENSITIVE.take(rows.transaction) & has_field
    return np.asarray(vague | (wants & no_case))


def _sampled(rows: Rows) -> NDArray[np.bool_]:
    return rows.dice.chance("reaction sample", 1 / SAMPLE)


def _part(
    rows: Rows, left: _Denied, step: int, reaction: NDArray[np.int16], dice: Dice
) -> pa.Table:
    choice = dice.bits(f"reaction {step} choice")
    delay = 5 + exponential(dice.bits(f"reaction {step} delay"), _DELAY_S)
    code, values = _replacements(rows, left, reaction, lane(choice, 0))
    return pa.table(
        [
            numbers(rows.needs.query_id[left.row], pa.uint64()),
            numbers(np.full(len(left.row), step), pa.int8()),
            words(reaction, REACTIONS),
            numbers(delay, pa.int32()),
            texts(code, values),
        ],
        schema=TRUTH_REACTIONS,
    )


def _replacements(
    rows: Rows, left: _Denied, reaction: NDArray[np.int16], choice: NDArray[np.int64]
) -> tuple[NDArray[np.int64], list[str]]:
    """Return the JSON of the log fields that change, as codes and distinct texts."""
    row = left.row
    values = [json.dumps({}), json.dumps(_GLASS_TEXT, separators=(",", ":"))]
    code = np.where(reaction == _GLASS, 1, 0).astype(np.int64)
    recoded = reaction == _RECODE
    code[recoded] = len(values) + _other_purpose(left.said[recoded], choice[recoded])
    values += [_json(declared_purpose=PURPOSES[p]) for p in _CODES]
    agency = rows.place[rows.occasion[row]]
    for which in np.unique(agency[reaction == _BORROW]).tolist():
        borrowed = np.flatnonzero((reaction == _BORROW) & (agency == which))
        at, told = _borrowed(rows, which, row[borrowed], choice[borrowed])
        code[borrowed[at >= 0]] = len(values) + at[at >= 0]
        values += told
    asked = np.flatnonzero(reaction == _COLLEAGUE)
    place, told = _colleague(rows, row[asked], choice[asked])
    code[asked] = len(values) + place
    values += told
    again = np.flatnonzero((reaction == _RESUBMIT) & (left.who < _GUILTY))
    place, told = _told(rows, row[again])
    code[again] = len(values) + place
    return code, values + told


def _borrowed(
    rows: Rows, agency: int, row: NDArray[np.int64], choice: NDArray[np.int64]
) -> tuple[NDArray[np.int64], list[str]]:
    """Return which case each borrows, of the last that his agency had opened by then; -1 none."""
    cases = rows.plan.cases
    own = np.flatnonzero(cases.serial >> SERIAL_BITS == agency)
    by_age = own[np.argsort(cases.opened[own], kind="stable")]
    there = np.searchsorted(
        cases.opened[by_age], rows.occasions.start[rows.occasion[row]], side="right"
    )
    which = there - 1 - choice % np.maximum(np.minimum(there, _LAST_CASES), 1)
    chosen, place = np.unique(which[there > 0], return_inverse=True)
    out = np.full(len(row), -1, np.int64)
    out[there > 0] = place
    if not len(chosen):
        return out, []
    names = number_texts(
        rows.scenario, rows.plan.agencies[agency], "case",
        own_serials(cases.serial[own]), cases.opened[own],
    )  # fmt: skip
    at = np.searchsorted(own, by_age[chosen])
    return out, [_json(case_number=names[n]) for n in at.tolist()]


def _other_purpose(said: NDArray[np.int8], choice: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return which of `_CODES` is declared next: not the one that was denied."""
    which = choice % len(_CODES)
    return np.where(np.array(_CODES)[which] == said, (which + 1) % len(_CODES), which)


def _colleague(
    rows: Rows, row: NDArray[np.int64], choice: NDArray[np.int64]
) -> tuple[NDArray[np.int64], list[str]]:
    """Return who does it instead: anybody; of a shared account its holder, at his own terminal."""
    plan, occasion = rows.plan, rows.occasion[row]
    officer = rows.occasions.officer[occasion].astype(np.int64)
    kind = np.append(plan.campaigns.kind, -1)[rows.occasions.campaign[occasion]]
    shared = kind == _SHARED
    other = np.where(shared, officer, another(plan, rows.occasions.officer[occasion], choice))
    pairs, place = np.unique(other << 1 | shared, return_inverse=True)
    told = []
    for who, at_home in (divmod(pair, 2) for pair in pairs.tolist()):
        fields = {"officer_id": plan.officers.officer_id[who]}
        if at_home:
            fields["terminal_id"] = plan.terminals.terminal_id[plan.officers.desk_terminal[who]]
        told.append(_json(**fields))
    return place, told


def _told(rows: Rows, row: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[str]]:
    """Return what honest officers add when they ask again: the true purpose and the number."""
    occasion = rows.occasion[row]
    number = rows.numbering.code[occasion].astype(np.int64)
    number[(rows.plan.of_group("case_field") == "absent")[rows.place[occasion]]] = -1
    purpose = true_purposes(rows.occasions.take(occasion)).astype(np.int64)
    purpose[~rows.plan.of_group("asks_purpose")[rows.place[occasion]]] = len(PURPOSES)
    pairs, place = np.unique((number + 1) * (len(PURPOSES) + 1) + purpose, return_inverse=True)
    names = rows.numbering.texts
    told = []
    for numbered, said in (divmod(pair, len(PURPOSES) + 1) for pair in pairs.tolist()):
        fields = {"case_number": names[numbered - 1].as_py()} if numbered else {}
        if said < len(PURPOSES):
            fields["declared_purpose"] = PURPOSES[said]
        told.append(_json(**fields))
    return place, told


def _json(**fields: object) -> str:
    return json.dumps({name: str(text) for name, text in fields.items()}, separators=(",", ":"))
