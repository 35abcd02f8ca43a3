"""Messages between the bench and a worker: a JSON header and a payload of raw bytes."""

from __future__ import annotations

import json
import os
import struct
from typing import Any, Final, NoReturn, TypeAlias

#: What a frame carries besides its header.
Payload: TypeAlias = bytes | bytearray
#: Lengths of header and payload, big endian.
PREFIX: Final = struct.Struct(">IQ")
_PIECE: Final = 1 << 20


def pack(header: dict[str, Any], payload: bytes | memoryview = b"") -> list[bytes | memoryview]:
    """Return the pieces of a frame, to be written one after the other."""
    text = json.dumps(header, allow_nan=False, separators=(",", ":")).encode()
    return [PREFIX.pack(len(text), len(payload)) + text, payload]


def unpack(text: Payload) -> dict[str, Any]:
    """Return a header; anything but a JSON object raises ValueError."""
    try:
        header = json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(header, dict):
        raise ValueError("a header must be a JSON object")  # noqa: TRY004 - one class for callers
    return header


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def read_frame(source: int) -> tuple[dict[str, Any], Payload] | None:
    """Return the next frame of a blocking descriptor, None at its end."""
    prefix = _read(source, PREFIX.size)
    if len(prefix) < PREFIX.size:
        return None
    header, payload = PREFIX.unpack(prefix)
    return unpack(_read(source, header)), _read(source, payload)


def write_frame(sink: int, header: dict[str, Any], payload: bytes) -> None:
    """Write a frame to a blocking descriptor."""
    for piece in pack(header, payload):
        view = memoryview(piece)
        while view:
            view = view[os.write(sink, view) :]


def _read(source: int, size: int) -> bytearray:
    """Return so many bytes, or fewer at the end; memory is taken as they come, and held once."""
    buffer, have = bytearray(min(size, _PIECE)), 0
    while have < size:
        if have == len(buffer):
            buffer += bytes(min(size - have, have))
        with memoryview(buffer) as view:
            got = os.readv(source, [view[have:]])
        if not got:
            break
        have += got
    del buffer[have:]
    return buffer
