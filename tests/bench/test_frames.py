from __future__ import annotations

import os
import threading

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


@pytest.mark.parametrize("size", [(1 << 20) - 1, 1 << 20, 5_000_001])
def test_a_long_payload_comes_whole(size):
    """Whatever pieces the pipe makes of it, and however its buffer grows."""
    source, sink = os.pipe()
    sent = os.urandom(size)
    writer = threading.Thread(target=write_frame, args=(sink, {"n": size}, sent))
    writer.start()
    header, payload = read_frame(source)
    writer.join()
    assert header == {"n": size}
    assert payload == sent
    os.close(sink)
    os.close(source)


def test_an_absurd_length_takes_no_memory():
    """What is no frame may promise anything: it ends where the pipe does."""
    source, sink = os.pipe()
    os.write(sink, PREFIX.pack(2, 1 << 62) + b"{}" + b"rest")
    os.close(sink)
    assert read_frame(source) == ({}, b"rest")
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
