"""What the plain path takes from a server's hello, and how units begin, against the kernels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.capture import flight, scan
from analyzer.capture.layout import (
    KIND_ALERT,
    KIND_DNS,
    KIND_FLIGHT,
    KIND_HTTP,
    KIND_RESPONSE,
    KIND_TLS,
    KIND_UNKNOWN,
)
from analyzer.capture.plain import server, suites
from analyzer.capture.plain.heads import Kind, kind_of, unit_length
from craft import tls
from craft.certificates import issue
from craft.filler import noise

NUMBERS = {
    Kind.UNKNOWN: KIND_UNKNOWN, Kind.TLS: KIND_TLS, Kind.HTTP: KIND_HTTP, Kind.DNS: KIND_DNS,
    Kind.FLIGHT: KIND_FLIGHT, Kind.ALERT: KIND_ALERT, Kind.RESPONSE: KIND_RESPONSE, None: -1,
}  # fmt: skip
CHAIN = tls.certificate_message(issue("a.example", ["a.example"]), noise(300, "chain"))
TWELVE = tls.server_hello(tls.Choice(tls.TLS12, 0xC02F, alpn="h2", session_id=noise(32, "id")))
THIRTEEN = tls.server_hello(tls.Choice(tls.TLS13, 0x1301))
STARTS = (
    tls.handshake_records(tls.client_hello(tls.Hello("a.example"))),
    tls.handshake_records(TWELVE + CHAIN + tls.HELLO_DONE),
    tls.handshake_records(TWELVE + CHAIN, (3, 40, 200)),
    tls.handshake_records(THIRTEEN),
    tls.record(21, b"\x02\x28"),
    b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
    b"M-SEARCH   * HTTP/1.1\r\n\r\n",
    b"CONNECT a.example:443 HTTP/1.1\n\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"POST http://a.example/ HTTP/1.1\r\n\r\n",
)


def test_what_every_suite_adds() -> None:
    for version in (0x0300, 0x0301, 0x0302, 0x0303, 0x0304):
        differing = [
            cipher for cipher in range(0x10000)
            if suites.overhead(version, cipher) != flight.overhead(version, cipher)
        ]  # fmt: skip
        assert differing == []


@pytest.mark.parametrize(("version", "cipher", "added"), [
    (tls.TLS13, 0x1301, 17), (tls.TLS12, 0xC02F, 24), (tls.TLS12, 0xCCA8, 16),
    (tls.TLS12, 0xC014, 44), (0x0301, 0x0A, 24),
])  # fmt: skip
def test_what_a_hello_says_about_records(version: int, cipher: int, added: int) -> None:
    hello = tls.handshake_records(tls.server_hello(tls.Choice(version, cipher, session_id=b"id")))
    assert server.record_overhead(hello) == added


def test_the_smallest_hello_is_read() -> None:
    """No session id and no extensions: 47 bytes with the record header."""
    hello = tls.handshake_records(tls.server_hello(tls.Choice(tls.TLS12, 0xC02F)))
    assert len(hello) == 47
    assert server.chosen(hello) == (tls.TLS12, 0xC02F)
    b = np.frombuffer(hello, dtype=np.uint8).copy()
    assert flight.chosen(b, 0, len(hello)) == tls.TLS12 << 16 | 0xC02F
    assert flight.chosen(b, 0, len(hello) - 1) == 0


def _alike(data: bytes) -> None:
    b = np.frombuffer(data or b"\0", dtype=np.uint8).copy()
    kind = kind_of(data)
    assert NUMBERS[kind] == scan.kind_of(b, 0, len(data))
    if kind in (None, Kind.UNKNOWN):
        return
    assert unit_length(data, kind) == scan.unit_length(b, 0, len(data), NUMBERS[kind], 0)
    if kind is Kind.FLIGHT:
        choice = server.chosen(data)
        number = 0 if choice is None else choice[0] << 16 | choice[1]
        assert number == flight.chosen(b, 0, len(data))


@pytest.mark.parametrize("start", STARTS)
def test_units_begin_and_end_alike(start: bytes) -> None:
    for size in range(len(start) + 1):
        _alike(start[:size])


@settings(max_examples=400, deadline=None)
@given(
    start=st.sampled_from(STARTS), cut=st.integers(0, 1200), at=st.integers(0, 120),
    change=st.binary(max_size=4), behind=st.sampled_from([b"", b"\r\n\r\n", *STARTS]),
)  # fmt: skip
def test_spliced_units_begin_and_end_alike(
    start: bytes, cut: int, at: int, change: bytes, behind: bytes
) -> None:
    data = start[:cut]
    _alike(data[:at] + change + data[at + len(change) :] + behind)
