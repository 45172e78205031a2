"""Timestamps, file headers and blocks, at the kernels' own entry points."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.capture.framing import USUAL_HEAD, header, next_record, to_ns
from analyzer.capture.layout import (
    BAD,
    I_SIZE,
    ISSUE_CODES,
    MAX_INTERFACES,
    NEED_MORE,
    OK,
    R_BIG,
    R_END,
    R_HEAD,
    R_LINK,
    R_POS,
    R_SIZE,
    R_SKIP,
    R_TICK,
    SKIP,
    X_CAP,
    X_NEXT,
    X_SIZE,
    X_TS,
    X_WIRE,
)


def state() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Reader state, interfaces, issue counters, packet registers."""
    return (
        np.zeros(R_SIZE, dtype=np.int64),
        np.zeros((MAX_INTERFACES, I_SIZE), dtype=np.int64),
        np.zeros((len(ISSUE_CODES), 3), dtype=np.int64),
        np.zeros(X_SIZE, dtype=np.int64),
    )


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("magic", "tick"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1)])
def test_pcap_headers(order: str, magic: int, tick: int) -> None:
    r, *_ = state()
    assert header(struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, 0x10000071), r) is None
    assert (r[R_BIG], r[R_TICK], r[R_LINK]) == (order == ">", tick, 113)


@pytest.mark.parametrize("raw", [b"", b"\xd4\xc3\xb2", b"GIF89a", b"\xd4\xc3\xb2\xa1" + b"\0" * 19])
def test_no_header(raw: bytes) -> None:
    assert header(raw, state()[0])


@pytest.mark.parametrize(
    ("ticks", "resol", "offset", "expected"),
    [
        (1_700_000_000_123_456, 6, 0, 1_700_000_000_123_456_000),
        (1_700_000_000_123_456_789, 9, 0, 1_700_000_000_123_456_789),
        (1_700_000_000, 0, 0, 1_700_000_000_000_000_000),
        (170_000_000_012, 2, -3600, 1_699_996_400_120_000_000),
        (1_700_000_000 << 20 | 1 << 19, 0x80 | 20, 0, 1_700_000_000_500_000_000),
        (1_700 << 40 | 1 << 39, 0x80 | 40, 0, 1_700_500_000_000),
        (17 * 10**15 + 5 * 10**12, 15, 0, 17_005_000_000),
    ],
)
def test_timestamps(ticks: int, resol: int, offset: int, expected: int) -> None:
    assert to_ns(ticks >> 32, ticks & 0xFFFFFFFF, resol, offset) == expected


@given(
    st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 255),
    st.integers(-(2**32), 2**32),
)  # fmt: skip
def test_any_timestamp_is_a_date_or_zero(high: int, low: int, resol: int, offset: int) -> None:
    assert 0 <= to_ns(high, low, resol, offset) < 1 << 62


def step(raw: bytes, position: int = 0) -> tuple[int, np.ndarray, np.ndarray, dict[str, int]]:
    r, ifs, q, x = state()
    r[0] = 2 if raw[:4] == b"\x0a\x0d\x0d\x0a" else 1
    r[R_TICK] = 1000
    r[R_HEAD] = USUAL_HEAD
    r[R_POS] = position
    r[R_END] = len(raw)
    data = np.frombuffer(bytearray(raw), dtype=np.uint8)
    status = next_record(data, r, ifs, q, x)
    while status == SKIP:
        r[R_POS] = x[X_NEXT]
        status = next_record(data, r, ifs, q, x)
    counts = {c: int(n) for c, n in zip(ISSUE_CODES, q[:, 0], strict=True) if n}
    return status, r, x, counts


def test_a_pcap_record_and_its_limits() -> None:
    record = struct.pack("<IIII", 5, 7, 4, 60) + b"abcd"
    status, _, x, _ = step(record)
    assert (status, x[X_TS], x[X_CAP], x[X_WIRE]) == (OK, 5_000_007_000, 4, 60)
    assert step(record[:-1])[0] == NEED_MORE
    status, _, _, counts = step(struct.pack("<IIII", 5, 7, 262145, 60) + b"abcd")
    assert (status, counts) == (BAD, {"record-length": 1})


SHB = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
IDB = struct.pack("<IIHHII", 1, 20, 1, 0, 0, 20)


def block(kind: int, body: bytes) -> bytes:
    body += b"\0" * (-len(body) % 4)
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def test_enhanced_obsolete_and_simple_packets() -> None:
    tail = struct.pack("<IIII", 0, 5_000_007, 4, 60) + b"abcd"
    for kind, body in ((6, struct.pack("<I", 0) + tail), (2, struct.pack("<HH", 0, 0) + tail)):
        status, _, x, counts = step(SHB + IDB + block(kind, body))
        assert (status, x[X_TS], x[X_CAP], x[X_WIRE]) == (OK, 5_000_007_000, 4, 60)
        assert counts == {}
    status, _, x, counts = step(SHB + IDB + block(3, struct.pack("<I", 60) + b"abcd"))
    assert (status, x[X_CAP], x[X_WIRE], counts) == (OK, 4, 60, {"no-timestamp": 1})


def test_what_a_block_may_not_say() -> None:
    packet = struct.pack("<IIIII", 3, 0, 0, 4, 60) + b"abcd"
    assert step(SHB + IDB + block(6, packet))[3] == {"unknown-interface": 1}
    packet = struct.pack("<IIIII", 0, 0, 0, 400, 60) + b"abcd"
    assert step(SHB + IDB + block(6, packet))[3] == {"packet-beyond-block": 1}
    assert step(SHB + struct.pack("<III", 6, 8, 0))[0] == BAD
    trailer = SHB + IDB[:-4] + struct.pack("<I", 24) + struct.pack("<III", 5, 12, 12)
    assert step(trailer)[3] == {"block-trailer": 1}


def test_an_unknown_block_is_skipped_however_long() -> None:
    status, r, _, counts = step(SHB + struct.pack("<II", 0xBAD, 1 << 30) + b"x" * 40)
    assert (status, counts) == (NEED_MORE, {})
    assert r[R_SKIP] == (1 << 30) - 48
