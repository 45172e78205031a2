"""SOCKS and PROXY in front of a conversation, and the TLS or HTTP behind them."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.capture.preamble_text import proxied_client
from craft import http, tls
from craft.direct import Tables, read
from craft.tcp import Conversation, Host

if TYPE_CHECKING:
    from collections.abc import Sequence

HELLO = tls.handshake_records(tls.client_hello(tls.Hello("in.example")))
V2 = b"\r\n\r\n\0\r\nQUIT\n"
FOUR = (
    ip_address("198.51.100.9").packed + ip_address("10.0.0.1").packed + struct.pack(">HH", 5, 443)
)
SIX = ip_address("2001:db8::9").packed + ip_address("::1").packed + struct.pack(">HH", 5, 443)

SOCKS = {
    "5 name": ([b"\5\1\0", b"\5\1\0\3\x0aUp.Example\x01\xbb"], "up.example"),
    "5 user": ([b"\5\2\0\2", b"\1\3bob\6s3cr3t", b"\5\1\0\1\xcb\0\x71\x09\x01\xbb"], "203.0.113.9"),
    "5 v6": ([b"\5\1\0", b"\5\1\0\4" + SIX[:16] + b"\x01\xbb"], "2001:db8::9"),
    "4": ([b"\4\1\x01\xbb\xcb\0\x71\x09s3cr3t\0"], "203.0.113.9"),
    "4a": ([b"\4\1\x01\xbb\0\0\0\1s3cr3t\0Up.Example.\0"], "up.example"),
}
PROXY = {
    "1": (b"PROXY TCP4 198.51.100.9 10.0.0.1 5 443\r\n", "198.51.100.9"),
    "1 v6": (b"PROXY TCP6 2001:DB8::9 ::1 5 443\r\n", "2001:db8::9"),
    "1 unknown": (b"PROXY UNKNOWN\r\n", None),
    "1 wrong": (b"PROXY TCP4 no 10.0.0.1 5 443\r\n", None),
    "2": (V2 + b"\x21\x11" + struct.pack(">H", 12) + FOUR, "198.51.100.9"),
    "2 tlv": (V2 + b"\x21\x21" + struct.pack(">H", 40) + SIX + b"\4\0\1\0", "2001:db8::9"),
    "2 local": (V2 + b"\x20\0\0\0", None),
}


def opened(port: int = 1080) -> Conversation:
    return Conversation(Host("10.0.0.5", 40000, 1000), Host("20.60.1.4", port, 900)).open()


def told(tables: Tables) -> list[tuple[Any, ...]]:
    return [(r["kind"], r["name"], r["addr"]) for r in tables["names"]]


@pytest.mark.parametrize("inside", ["tls", "http"])
@pytest.mark.parametrize("kind", SOCKS)
def test_socks(kind: str, inside: str) -> None:
    steps, target = SOCKS[kind]
    talk = opened()
    for step in steps:
        talk.client(step).server(b"\5\0\0\1\0\0\0\0\0\0")
    talk.client(HELLO if inside == "tls" else http.request("PUT", "/x", "in.example", body=b"abc"))
    tables = read(talk.close().packets())
    assert ("socks", target, None) in told(tables)
    assert sorted(name for _, name, _ in told(tables)) == sorted([target, "in.example"])
    assert tables.flow["app"] == inside
    assert "s3cr3t" not in repr(tables.rows)


@pytest.mark.parametrize("inside", ["tls", "http"])
@pytest.mark.parametrize("kind", PROXY)
def test_proxy(kind: str, inside: str) -> None:
    header, client = PROXY[kind]
    data = HELLO if inside == "tls" else http.request("PUT", "/x", "in.example", body=b"abc")
    tables = read(opened(443).client(header + data).close().packets())
    expected = [] if client is None else [("proxy_client", client, None)]
    assert [t for t in told(tables) if t[0] == "proxy_client"] == expected
    assert "in.example" in {name for _, name, _ in told(tables)}
    assert tables.flow["app"] == inside


@settings(max_examples=80, deadline=None)
@given(
    which=st.sampled_from([*SOCKS.values(), *(([v[0]], v[1]) for v in PROXY.values())]),
    sizes=st.lists(st.integers(1, 9), max_size=30),
)
def test_any_segments_give_the_same_names(
    which: tuple[list[bytes], str | None], sizes: Sequence[int]
) -> None:
    steps, target = which
    tables = read(opened().client(b"".join(steps) + HELLO, sizes=sizes).close().packets())
    assert {name for _, name, _ in told(tables)} == {"in.example", *([target] if target else [])}


@pytest.mark.parametrize(
    "first",
    [
        b"\5\0\x0b\3\x10\0\0\0",  # DCE/RPC
        b"\4\3\0\0\0\0\0\0\0\0\0",
        b"\5\1\x20" + bytes(40),
        b"\5\1\0\5\1\0\7" + bytes(40),
        b"PROXY" + b"x" * 200,
        b"PROXY " + b"x" * 200,
        V2 + b"\x11\x11" + bytes(40),
        b"\4\1\x01\xbb\xcb\0\x71\x09" + b"u" * 400,
    ],
)
def test_other_protocols_are_none(first: bytes) -> None:
    tables = read(opened().client(first).close().packets())
    assert tables["names"] == []
    assert tables.codes == {}


def test_a_preamble_stands_at_the_beginning_only() -> None:
    talk = opened().client(b"hello").server(b"hello").client(SOCKS["4"][0][0]).close()
    assert told(read(talk.packets())) == []


@settings(max_examples=100, deadline=None)
@given(
    start=st.sampled_from(
        [b"\4\1", b"\5\1\0", b"\5\2\0\2\1", b"PROXY ", V2, V2 + b"\x21\x11", b""]
    ),
    junk=st.binary(max_size=300),
    sizes=st.lists(st.integers(1, 40), max_size=9),
)
def test_any_bytes_never_raise(start: bytes, junk: bytes, sizes: Sequence[int]) -> None:
    tables = read(opened().client(start + junk + b"\n", sizes=sizes).close().packets())
    assert "kernel-fault" not in tables.codes


@given(st.binary(max_size=60))
def test_any_header_is_read_or_refused(raw: bytes) -> None:
    for header in (V2 + raw.ljust(4, b"\0"), b"PROXY " + raw):
        client = proxied_client(header)
        assert client is None or ip_address(client)
