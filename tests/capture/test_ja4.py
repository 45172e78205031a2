"""JA4 against the published vector and against an implementation that reads hellos with scapy."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.tls.handshake import TLSClientHello

from analyzer.capture.ja4 import ja4
from craft import tls
from craft.direct import read
from craft.filler import noise
from craft.machine import machine_code
from craft.tcp import Conversation, Host

GREASE = [v << 8 | v for v in range(0x0A, 0x100, 0x10)]


def message(
    suites: list[int], extensions: list[tuple[int, bytes]], *, version: int = 0x0303
) -> bytes:
    """A ClientHello of exactly these suites and extensions."""
    body = struct.pack(">H", version) + noise(32, "random") + b"\x20" + noise(32, "id")
    body += struct.pack(f">H{len(suites)}H", 2 * len(suites), *suites) + b"\x01\0"
    packed = b"".join(struct.pack(">HH", k, len(v)) + v for k, v in extensions)
    body += struct.pack(">H", len(packed)) + packed
    return b"\x01" + len(body).to_bytes(3, "big") + body


def u16s(*values: int) -> bytes:
    return struct.pack(f">{len(values)}H", *values)


def listed(*values: int, width: int = 2) -> bytes:
    return (2 * len(values)).to_bytes(width, "big") + u16s(*values)


def alpn(*names: bytes) -> bytes:
    packed = b"".join(bytes((len(n),)) + n for n in names)
    return struct.pack(">H", len(packed)) + packed


def reference(hello: bytes, transport: str = "t") -> str:
    """JA4 of what scapy reads, after the published description."""
    parsed = TLSClientHello(hello)
    suites = [c for c in parsed.ciphers or [] if c not in GREASE]
    kinds, version, protocol, signatures, sni = [], parsed.version, b"", [], "i"
    for extension in parsed.ext or []:
        kind = extension.type
        raw = bytes(extension)[4:]
        if kind in GREASE:
            continue
        kinds.append(kind)
        if kind == 0:
            sni = "d"
        elif kind == 43:
            offered = [int.from_bytes(raw[k : k + 2], "big") for k in range(1, len(raw), 2)]
            version = max(v for v in offered if v not in GREASE)
        elif kind == 16:
            protocol = raw[3 : 3 + raw[2]]
        elif kind == 13:
            pairs = [int.from_bytes(raw[k : k + 2], "big") for k in range(2, len(raw), 2)]
            signatures = [p for p in pairs if p not in GREASE]
    ends = "00"
    if protocol:
        both = protocol[:1] + protocol[-1:]
        ends = both.decode() if both.isalnum() else protocol.hex()[:1] + protocol.hex()[-1:]
    text = {0x304: "13", 0x303: "12", 0x302: "11", 0x301: "10", 0x300: "s3"}.get(version, "00")
    a = f"{transport}{text}{sni}{min(len(suites), 99):02}{min(len(kinds), 99):02}{ends}"
    b = ",".join(sorted(f"{c:04x}" for c in suites))
    c = ",".join(sorted(f"{k:04x}" for k in kinds if k not in (0, 16)))
    if signatures:
        c += "_" + ",".join(f"{s:04x}" for s in signatures)

    def cut(value: str) -> str:
        return hashlib.sha256(value.encode()).hexdigest()[:12] if value else "0" * 12

    return f"{a}_{cut(b)}_{cut(c)}"


SUITES = [0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014,
          0x9C, 0x9D, 0x2F, 0x35]  # fmt: skip
EXTENSIONS = [
    (0x001B, b"\x02\0\x02"), (0x0000, b"\0\x06\0\0\x03a.b"), (0x0033, b"\0\0"),
    (0x0010, alpn(b"h2", b"http/1.1")), (0x4469, b"\0\x03\x02h2"), (0x0017, b""),
    (0x002D, b"\x01\x01"), (0x000D, listed(0x403, 0x804, 0x401, 0x503, 0x805, 0x501, 0x806, 0x601)),
    (0x0005, b"\x01\0\0\0\0"), (0x0023, b""), (0x0012, b""),
    (0x002B, listed(0x304, 0x303, width=1)),
    (0xFF01, b"\0"), (0x000B, b"\x01\0"), (0x000A, listed(0x1D, 0x17)), (0x0015, bytes(20)),
]  # fmt: skip
PUBLISHED = "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_the_published_vector() -> None:
    assert ja4(message(SUITES, EXTENSIONS), "t") == PUBLISHED
    assert ja4(message(SUITES, EXTENSIONS), "q") == "q" + PUBLISHED[1:]


def test_order_and_grease_do_not_count_but_the_order_of_signatures_does() -> None:
    greased = [(0x0A0A, b""), *reversed(EXTENSIONS), (0xFAFA, b"\0")]
    greased = [
        (k, listed(0x2A2A, 0x304, 0x303, width=1)) if k == 0x2B else (k, v) for k, v in greased
    ]
    assert ja4(message([0x5A5A, *reversed(SUITES)], greased), "t") == PUBLISHED
    swapped = [(k, listed(0x804, 0x403) if k == 13 else v) for k, v in EXTENSIONS]
    assert ja4(message(SUITES, swapped), "t") != PUBLISHED


@pytest.mark.parametrize(
    ("protocol", "ends"),
    [(b"h2", "h2"), (b"http/1.1", "h1"), (b"h", "hh"), (b"\xab", "ab"), (b"\xab\xcd", "ad"),
     (b"\x30\xab", "3b"), (b"0\x31\xab\xcd\x61", "0a"), (b"\0\x61", "01"), (b"", "00")],
)  # fmt: skip
def test_ends_of_the_protocol(protocol: bytes, ends: str) -> None:
    found = ja4(message(SUITES, [(16, alpn(protocol))]), "t")
    assert found is not None
    assert found[8:10] == ends


def test_nothing_offered() -> None:
    assert ja4(message([], [], version=0x0301), "t") == f"t10i000000_{'0' * 12}_{'0' * 12}"
    assert ja4(message(SUITES, [])[:-2], "t") is None
    many = [(k, b"") for k in range(200, 320)]
    found = ja4(message(list(range(0x200, 0x200 + 150)), many), "t")
    assert found is not None
    assert found.startswith("t12i999900_")


values = st.one_of(st.sampled_from([*GREASE, 0x0A1A, 0x1A0A, 0x304, 0x303]), st.integers(1, 65535))
bodies = st.one_of(
    st.tuples(st.just(13), st.lists(values, max_size=6).map(lambda v: listed(*v))),
    st.tuples(st.just(43), st.lists(st.integers(0x300, 0x304), min_size=1, max_size=6)
              .map(lambda v: listed(*v, width=1))),
    st.tuples(st.just(16), st.lists(st.binary(min_size=1, max_size=9), min_size=1, max_size=3)
              .map(lambda v: alpn(*v))),
    st.tuples(st.just(0), st.just(b"\0\x06\0\0\x03a.b")),
    st.tuples(st.integers(200, 65000), st.binary(max_size=8)),
)  # fmt: skip
extension_lists = st.lists(bodies, max_size=9, unique_by=lambda e: e[0])


def in_capture(hello: bytes) -> str | None:
    talk = Conversation(Host("10.0.0.5", 40000, 1), Host("10.0.0.9", 443, 9)).open()
    (row,) = read(talk.client(tls.handshake_records(hello)).packets())["tls"]
    fingerprint: str | None = row["ja4"]
    return fingerprint


@settings(max_examples=150, deadline=None)
@given(suites=st.lists(values, max_size=9), extensions=extension_lists)
def test_equals_the_reference(suites: list[int], extensions: list[tuple[int, bytes]]) -> None:
    hello = message(suites, extensions)
    expected = reference(hello)
    assert ja4(hello, "t") == expected
    assert in_capture(hello) == expected


def test_a_shape_seen_before_is_not_mixed_up_with_another() -> None:
    """One engine, many hellos that differ in one place each: the kernel's key tells them apart."""
    variants = [message(SUITES, EXTENSIONS), message(SUITES[:-1], EXTENSIONS)]
    variants.append(message([*SUITES[:-1], 0x36], EXTENSIONS))
    for place, (kind, body) in enumerate(EXTENSIONS):
        other = [*EXTENSIONS]
        other[place] = (kind ^ 0x4000, body)
        variants.append(message(SUITES, other))
        if kind in (13, 16, 43):
            other[place] = (kind, body[:-1] + bytes((body[-1] ^ 1,)))
            variants.append(message(SUITES, other))
    packets = []
    for number, hello in enumerate(variants):
        talk = Conversation(Host("10.0.0.5", 40000 + number, 1), Host("10.0.0.9", 443, 9)).open()
        packets += talk.client(tls.handshake_records(hello)).packets()
    packets.sort(key=lambda p: p.ts_ns)
    rows = read(packets)["tls"]
    assert sorted(r["ja4"] for r in rows) == sorted(reference(hello) for hello in variants)


@settings(max_examples=300, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, 330), st.integers(0, 255)), max_size=5),
    cut=st.integers(0, 400),
)
def test_hostile_hellos(flips: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(message(SUITES, EXTENSIONS))
    for place, value in flips:
        if place < len(data):
            data[place] = value
    found = ja4(bytes(data[:cut]), "t")
    assert found is None or (len(found) == 36 and found.isascii())


def fields(hello: tls.Hello) -> dict[str, Any]:
    talk = Conversation(Host("10.0.0.5", 40000, 1), Host("10.0.0.9", 443, 9)).open()
    talk.client(tls.handshake_records(tls.client_hello(hello)))
    (row,) = read(talk.packets())["tls"]
    return row


def test_what_else_a_hello_says() -> None:
    row = fields(tls.Hello("a.example", ech="real"))
    assert (row["versions"], row["ciphers"], row["version"]) == ("772,771", 3, 772)
    assert (row["ech"], row["ech_type"], row["ech_config"]) == (True, "outer", 0x42)
    assert row["session_id"] == noise(32, "session").hex()
    assert (row["ticket"], row["psk"], row["early_data"]) == (False, False, False)
    plain = fields(replace(tls.Hello("a.example"), versions=(), session_id=0))
    assert (plain["versions"], plain["session_id"], plain["version"]) == (None, None, 771)
    assert (plain["ech_type"], plain["ech_config"]) == (None, None)


@pytest.mark.parametrize(
    ("kind", "body", "column"),
    [(35, b"t" * 40, "ticket"), (41, bytes(40), "psk"), (42, b"", "early_data")],
)
def test_resumption_that_is_offered(kind: int, body: bytes, column: str) -> None:
    talk = Conversation(Host("10.0.0.5", 40000, 1), Host("10.0.0.9", 443, 9)).open()
    talk.client(tls.handshake_records(message(SUITES, [*EXTENSIONS[:4], (kind, body)])))
    (row,) = read(talk.packets())["tls"]
    assert [k for k in ("ticket", "psk", "early_data") if row[k]] == [column]


def test_kernels_read_no_byte_behind_the_hello() -> None:
    from analyzer.capture import tls as kernels
    from analyzer.capture.intern import Names

    client_hello = machine_code(kernels.client_hello)
    hello = message(SUITES, EXTENSIONS)
    for end in range(len(hello) + 1):
        b = np.frombuffer(bytearray(hello[:end]), dtype=np.uint8)
        names, out = Names(1), np.zeros((1, kernels.O_SIZE), dtype=np.int64)
        text = np.zeros(1 << 16, dtype=np.uint8)
        client_hello(b, end, out, 0, text, names.state, names.store, names.ends, names.table)
        assert bool(out[0, kernels.O_SHAPE]) is (end == len(hello))
