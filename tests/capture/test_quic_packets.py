"""Keys and packets against the published samples; CRYPTO frames that lie."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.capture.quic_frames import MAX_HELLO, Pieces, crypto_frames
from analyzer.capture.quic_keys import initial_keys, salts
from analyzer.capture.quic_packets import initials, unprotect, varint
from analyzer.capture.quic_wire import long_headers, recognise
from analyzer.capture.quic_wire import varint as kernel_varint
from craft import quic, quic_vectors
from craft.direct import read


def as_array(raw: bytes):
    import numpy as np

    return np.frombuffer(bytearray(raw), dtype=np.uint8)


@pytest.mark.parametrize(
    ("raw", "frames", "version", "side"),
    [
        (quic_vectors.V1_CLIENT, quic_vectors.CLIENT_FRAMES, quic.V1, b"client in"),
        (quic_vectors.V1_SERVER, quic_vectors.SERVER_FRAMES, quic.V1, b"server in"),
        (quic_vectors.V2_CLIENT, quic_vectors.CLIENT_FRAMES, quic.V2, b"client in"),
        (quic_vectors.V2_SERVER, quic_vectors.SERVER_FRAMES, quic.V2, b"server in"),
    ],
    ids=["RFC 9001 A.2", "RFC 9001 A.3", "RFC 9369 A.2", "RFC 9369 A.3"],
)
def test_published_packets(raw: bytes, frames: bytes, version: int, side: bytes) -> None:
    """https://www.rfc-editor.org/rfc/rfc9001.html#appendix-A.2 and following,
    https://www.rfc-editor.org/rfc/rfc9369.html#appendix-A.2 and following."""
    (packet,) = initials(raw)
    assert packet.version == version
    (salt,) = salts(version)
    keys = initial_keys(version, salt, quic_vectors.DCID, side)
    assert unprotect(raw, packet, keys) == frames
    other = initial_keys(version, salt, b"anotherid", side)
    assert unprotect(raw, packet, other) is None


def test_the_builder_makes_the_published_packets() -> None:
    """The encoder of the other tests is not merely the decoder's twin."""
    for version, raw in ((quic.V1, quic_vectors.V1_CLIENT), (quic.V2, quic_vectors.V2_CLIENT)):
        packet = quic.Initial(
            quic_vectors.CLIENT_FRAMES, version=version, number=2, scid=b"", size=1200
        )
        assert quic.initial(packet) == raw


def test_a_published_packet_through_the_engine() -> None:
    tables = read(quic.datagrams([(0, quic_vectors.V2_CLIENT), (1, quic_vectors.V2_SERVER)]))
    assert [(row["sni"], row["alpn"]) for row in tables["tls"]] == [("example.com", "alpn")]


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("c2197c5eff14e88c", 151288809941952652),
        ("9d7f3e7d", 494878333),
        ("7bbd", 15293),
        ("25", 37),
    ],
)
def test_published_integers(raw: str, value: int) -> None:
    """https://www.rfc-editor.org/rfc/rfc9000.html#appendix-A.1"""
    data = bytes.fromhex(raw)
    assert varint(data, 0) == (value, len(data))
    assert kernel_varint(as_array(data), 0, len(data)) == value
    assert varint(data[:-1], 0)[0] == -1
    assert kernel_varint(as_array(data), 0, len(data) - 1) == -1


@given(st.integers(0, (1 << 62) - 1))
def test_integers_both_ways(value: int) -> None:
    data = quic.varint(value)
    assert varint(data, 0)[0] == value == kernel_varint(as_array(data), 0, len(data))


@given(st.binary(max_size=200), st.integers(0, 2000))
def test_headers_of_any_bytes(raw: bytes, more: int) -> None:
    """Both readers of headers survive, and agree on whether there is an Initial to open."""
    raw = b"\xc0\0\0\0\1" + raw
    seen = long_headers(as_array(raw), 0, len(raw), len(raw) + more)
    assert 0 <= seen >> 1 <= len(raw) + more
    if any(initials(raw)):
        assert seen & 1
    recognise(as_array(raw), 0, len(raw))


@given(st.lists(st.tuples(st.integers(0, 60), st.binary(max_size=30)), max_size=20))
def test_pieces_keep_what_was_there_first(pieces: list[tuple[int, bytes]]) -> None:
    held = Pieces()
    expected: dict[int, int] = {}
    for offset, piece in pieces:
        held.add(offset, piece)
        for k, byte in enumerate(piece):
            expected.setdefault(offset + k, byte)
    ready = 0
    while ready in expected:
        ready += 1
    assert held.ready() == ready
    assert bytes(held.data[:ready]) == bytes(expected[k] for k in range(ready))


def test_a_piece_beyond_the_bound_is_cut_there() -> None:
    held = Pieces()
    held.add(MAX_HELLO - 2, b"abcdef")
    held.add(MAX_HELLO + 5, b"z")
    assert len(held.data) == MAX_HELLO


@pytest.mark.parametrize(
    "payload",
    [
        quic.ack(9, [(1, 2), (3, 4)]),
        b"\x03" + quic.ack(9)[1:] + bytes(3),
        b"\x01\x01",
        bytes(50),
    ],
    ids=["ack", "ack with ecn", "ping", "padding"],
)
def test_frames_before_the_hello(payload: bytes) -> None:
    assert list(crypto_frames(payload + quic.crypto(7, b"data"))) == [(7, b"data")]


@pytest.mark.parametrize(
    "payload",
    [
        b"\x08\0abc",
        b"\x02\xff",
        b"\x02\0\0\xc0\0\0\xff\xff\xff\xff\xff",
        b"\x06\0\x40",
        b"\x06\0\x09abc",
    ],
)
def test_frames_that_lie(payload: bytes) -> None:
    assert list(crypto_frames(payload)) == []
