"""What may give a label away: a column's value, rarity, absence, length, form and digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from misusebench.audit.labelled import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from misusebench.audit.labelled import Labelled

    Floats = NDArray[np.float64]

_MS_NS: Final = 1_000_000
_SECOND_NS: Final = 1_000 * _MS_NS
_HOUR_NS, _DAY_NS = 3_600 * _SECOND_NS, 86_400 * _SECOND_NS
#: Weekday of 1 January 1970, a Thursday.
_THURSDAY: Final = 3
_LAST_DIGITS: Final = 100


class Probe(NamedTuple):
    """A number per row that should not tell positive rows from the others."""

    column: str
    what: str  # value, rarity, absence, length, form, digits, order ...
    values: Floats

    @property
    def name(self) -> str:
        """Return what is shown."""
        return f"{self.what} of {self.column}" if self.column else self.what


def probes(table: Labelled) -> Iterator[Probe]:
    """Yield all probes of a table; one at a time, for they are as long as it is.

    Of a pool each table is probed by itself: rarity is that among its own rows.
    """
    if not table.sizes:
        yield from _probes(table, whole=False)
        return
    each = [_probes(table.part(rows), whole=True) for rows in table.parts]
    for same in zip(*each, strict=True):
        one = same[0]
        values = [p.values / len(p.values) if p.what == "row position" else p.values for p in same]
        yield one._replace(values=np.concatenate(values))


def _probes(table: Labelled, *, whole: bool) -> Iterator[Probe]:
    """Yield the probes of one table; `whole` yields absence where nothing is absent, too."""
    yield Probe("", "row position", np.arange(len(table), dtype=np.float64))
    for name in table.columns.column_names:
        if name != table.entity_column:
            yield from _of_column(name, plain(table.columns[name]), whole=whole)
    if table.time is not None:
        yield from _of_time(str(table.time_column), table.time)


def _of_column(name: str, column: pa.Array, *, whole: bool) -> Iterator[Probe]:
    absent = pc.is_null(column).to_numpy(zero_copy_only=False)
    if whole or absent.any():
        yield Probe(name, "absence", absent.astype(np.float64))
    yield Probe(name, "rarity", _rarity(column))
    if _numeric(column.type):
        value = column.cast(pa.float64(), safe=False)
        number = value.fill_null(np.nan).to_numpy(zero_copy_only=False)
        yield Probe(name, "value", np.nan_to_num(number, nan=-1.0))
        if pa.types.is_integer(column.type):
            size = np.abs(np.nan_to_num(number)).astype(np.uint64)
            yield Probe(name, "digits", (size % _LAST_DIGITS).astype(np.float64))
    elif pa.types.is_timestamp(column.type):
        ns = column.cast(pa.timestamp("ns", tz=column.type.tz), safe=False).cast(pa.int64())
        yield from _of_time(name, ns.fill_null(0).to_numpy(zero_copy_only=False))
    else:
        text = column.cast(pa.string())
        length = pc.utf8_length(text).fill_null(-1).to_numpy(zero_copy_only=False)
        yield Probe(name, "length", length.astype(np.float64))
        yield Probe(name, "form", _rarity(_form(text)))
        yield Probe(name, "case", _case(text))


def _of_time(name: str, ns: NDArray[np.int64]) -> Iterator[Probe]:
    for what, value in (
        ("milliseconds", ns // _MS_NS % 1_000), ("seconds", ns // _SECOND_NS % 60),
        ("hour", ns // _HOUR_NS % 24), ("weekday", (ns // _DAY_NS + _THURSDAY) % 7),
        ("value", ns), ("last digit of milliseconds", ns // _MS_NS % 10),
        ("whole seconds", ns % _SECOND_NS == 0),
    ):  # fmt: skip
        yield Probe(name, what, value.astype(np.float64))


def _numeric(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    )


def _rarity(column: pa.Array) -> Floats:
    """Return how often each row's value occurs."""
    encoded = pc.dictionary_encode(column, null_encoding="encode")
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    return np.asarray(np.bincount(codes, minlength=1)[codes], np.float64)


def _form(text: pa.Array) -> pa.Array:
    """Return the shape of texts: every digit a 9, every letter an a."""
    digits = pc.replace_substring_regex(text, r"[0-9]", "9")
    return pc.replace_substring_regex(digits, r"[A-Za-z]", "a")


def _case(text: pa.Array) -> Floats:
    """Return 0 for lower case, 1 for mixed, 2 for upper case, -1 for none."""
    lower = pc.equal(pc.utf8_lower(text), text).fill_null(False)
    upper = pc.equal(pc.utf8_upper(text), text).fill_null(False)
    low, up = (c.to_numpy(zero_copy_only=False) for c in (lower, upper))
    return np.where(low & up, -1.0, np.where(low, 0.0, np.where(up, 2.0, 1.0)))
