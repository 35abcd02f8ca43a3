from __future__ import annotations

import os

import pytest

from misusebench.frames import PREFIX, pack, read_frame, unpack, write_frame


def test_a_frame_goes_through_a_pipe():
    """Header and payload come out as they went in; the end of the pipe is None."""
    source, sink = os.pipe()
    write_frame(sink, {"op": "score", "now": 3}, b"\x00\x01")
    write_frame(sink, {}, b"")
    os.close(sink)
    assert read_frame(source) == ({"op": "score", "now": 3}, b"\x00\x01")
    assert read_frame(source) == ({}, b"")
    assert read_frame(source) is None
    os.close(source)


def test_the_layout_is_fixed():
    """Four bytes of header length, eight of payload length, big endian."""
    first, payload = pack({"a": 1}, b"xyz")
    assert first == b"\x00\x00\x00\x07" + b"\x00\x00\x00\x00\x00\x00\x00\x03" + b'{"a":1}'
    assert payload == b"xyz"
    assert PREFIX.size == 12


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"a": NaN}', b'{"a": Infinity}', b"\xff"])
def test_a_header_is_strict_json(text):
    """Anything but a JSON object without NaN is refused."""
    with pytest.raises(ValueError):
        unpack(text)


def test_nan_is_not_written():
    """A header with NaN is refused before it is sent."""
    with pytest.raises(ValueError):
        pack({"a": float("nan")})
