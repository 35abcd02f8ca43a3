"""What a reason says besides: charges in a row, private data, an alert's own words, slips.

Domain note 8 names all of them; none is counted there but the screen's own texts, so the shares are
assumptions. An aside is drawn by occasion, whatever the occasion's cause.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

from misusesim.clock import LocalClock
from misusesim.dice import lane, of_65536, raw_lane
from misusesim.query.people import EXACT, PERSON, VEHICLE, plates
from misusesim.query.transactions import PLATE_READER
from misusesim.workload.reasons import CRIMES
from misusesim.workload.setting import SECOND_US
from misusesim.workload.vocabulary import CLASS, vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from misusesim.query.people import Typed
    from misusesim.query.rows import Rows
    from misusesim.workload.reasons import ReasonCodes

    I64Array = NDArray[np.int64]

#: Of penal codes: another charge beside it. Of words: the name, birth date or plate asked about. Of
#: what screens write: the page of an alert (assumptions).
_CHARGES, _PRIVATE, _ALERTS = 0.04, 0.006, 0.12
_BETWEEN: Final = (", ", "; ", ",", "/")
_BEFORE_S: Final = (60, 1_740)  # an alert comes so long before the search: least, and more
_EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - local time of the agencies


def asides(
    rows: Rows, who: Typed, said: ReasonCodes, code: NDArray[np.int32], texts: pa.StringArray
) -> tuple[I64Array, pa.StringArray]:
    """Return which rows typed by hand say something besides, and what they say then.

    Parameters
    ----------
    rows, who
        The shard, and whom each of its rows is about.
    said, code
        Of each row typed by hand: what the reason is made of, and which of the texts it is.
    texts
        What reasons say without asides.
    """
    bits = rows.occasion_dice.bits("aside").take(rows.occasion.take(rows.hand))
    die = raw_lane(bits, 0)
    worded, slip = (CLASS["free"], CLASS["qualifier"]), rows.scenario.noise.typo_share
    makers: tuple[tuple[Sequence[int], float, Callable[[_Some], list[str | None]]], ...] = (
        ((CLASS["code"],), _CHARGES, _charged),
        (worded, _PRIVATE, _identified),
        ((CLASS["screen"],), _ALERTS, _alerted),
        ((CLASS["number"], CLASS["number_words"]), slip, _mistyped),
    )
    at, said_so = [np.empty(0, np.int64)], []
    for kinds, share, maker in makers:
        some = np.flatnonzero((die < of_65536(share)) & np.isin(said.kind, kinds) & (code >= 0))
        usual = texts.take(pa.array(code[some])).to_pylist()
        more = maker(_Some(rows, who, rows.hand.take(some), bits[some], usual))
        kept = [k for k, text in enumerate(more) if text is not None]
        at.append(some[kept])
        said_so += [more[k] for k in kept]
    return np.concatenate(at), pa.array(said_so, pa.string())


class _Some(NamedTuple):
    """Rows with an aside."""

    rows: Rows  # the shard
    who: Typed  # whom each of its rows is about
    row: I64Array  # which of them
    bits: NDArray[np.uint64]
    usual: list[str]  # what each would say without

    def plates(self) -> list[str]:
        """Return the plate of whom each is about, as typed."""
        return [bytes(one).decode("ascii") for one in plates(self.rows, self.who, self.row)]


def _charged(some: _Some) -> list[str | None]:
    """Return codes with a second charge behind each."""
    words = vocabulary()
    topic = CRIMES[lane(some.bits, 1) * len(CRIMES) >> 16]
    base = words.form[CLASS["code"], topic, lane(some.bits, 2) >> 7]
    other = [words.texts[k] for k in words.styled[base, 0, 0].tolist()]
    between = [_BETWEEN[k] for k in (lane(some.bits, 3) >> 14).tolist()]
    return [
        one + sign + (two.upper() if one.isupper() else two) if one.lower() != two else None
        for one, sign, two in zip(some.usual, between, other, strict=True)
    ]


def _identified(some: _Some) -> list[str | None]:
    """Return words with the plate, or the name and mostly the birth date, of whom they ask for."""
    kind, exact = some.who.kind.take(some.row), some.who.match.take(some.row) == EXACT
    ids, people = some.who.people.ids.take(some.row), some.rows.population
    name, born = people.surname(ids), people.birth_date(ids).astype("datetime64[D]").astype(object)
    plate, usual = some.plates(), some.usual
    dated = (lane(some.bits, 1) < 40_000).tolist()  # noqa: PLR2004 - of 65,536
    out: list[str | None] = [None] * len(usual)
    for k in np.flatnonzero((kind == VEHICLE) | ((kind == PERSON) & exact)).tolist():
        more = plate[k]
        if kind[k] == PERSON:
            more = f"{name[k]} {born[k]:%m/%d/%Y}" if dated[k] else str(name[k])
            more = more.lower() if usual[k].islower() else more
        out[k] = f"{usual[k]} {more}"
    return out


def _alerted(some: _Some) -> list[str | None]:
    """Return the heads of alerts from which searches were begun: they name plate and time."""
    rows, (least, more) = some.rows, _BEFORE_S
    ago = (least + (lane(some.bits, 1) * more >> 16)) * SECOND_US
    start = rows.occasions.start.take(rows.occasion.take(some.row)) - ago
    local = LocalClock(rows.scenario).local(start) // SECOND_US
    searched = PLATE_READER.take(rows.transaction.take(some.row)).tolist()
    return [
        f"Hotlist Alert {text} {_EPOCH + dt.timedelta(seconds=second):%m/%d/%Y %H:%M}"
        if car else None
        for text, second, car in zip(some.plates(), local.tolist(), searched, strict=True)
    ]  # fmt: skip


def _mistyped(some: _Some) -> list[str | None]:
    """Return numbers with a digit wrong, twice or missing."""
    return [
        _with_slip(text, which, how)
        for text, which, how in zip(some.usual, lane(some.bits, 1), lane(some.bits, 2), strict=True)
    ]


def _with_slip(text: str, which: int, how: int) -> str | None:
    """Return a text with one of its digits mistyped; `which` and `how` are below 65,536."""
    digits = [k for k, letter in enumerate(text) if letter.isdigit()]
    if len(digits) < 2:  # noqa: PLR2004 - nothing would be left of it
        return None
    at = digits[which * len(digits) >> 16]
    other = (int(text[at]) + 1 + (how & 7)) % 10
    typed = (str(other), text[at] * 2, "")[how * 3 >> 16]
    return text[:at] + typed + text[at + 1 :]
