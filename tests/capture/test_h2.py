"""HTTP/2 in clear: prior knowledge and upgrade, any segments, damage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craft import h2, http
from craft.direct import Tables, read
from craft.tcp import Conversation, Host

if TYPE_CHECKING:
    from collections.abc import Sequence

PUT = [
    (":method", "PUT"),
    (":scheme", "http"),
    (":authority", "Store.blob.example:80"),
    (":path", "/c/b?comp=block&sig=s3cr3t"),
    ("x-ms-blob-type", "BlockBlob"),
    ("authorization", "Bearer s3cr3t"),
]
GET = [(":method", "GET"), (":authority", "a.example"), (":path", "/v2/")]


def opened(port: int = 80) -> Conversation:
    return Conversation(Host("10.0.0.5", 40000, 1000), Host("20.60.1.4", port, 900)).open()


def spoken() -> tuple[bytes, bytes]:
    """Client's and server's side of three streams."""
    up, down = h2.Side(), h2.Side()
    client = h2.PREFACE + h2.settings(header_table=8192)
    client += up.headers(1, PUT, pieces=3) + h2.data(1, b"x" * 900) + h2.frame(6, 0, 0, bytes(8))
    client += up.headers(3, GET, end=True, priority=True) + h2.data(1, b"y" * 100, end=True)
    client += up.headers(5, PUT, padding=9) + h2.data(5, b"z" * 16000)
    server = h2.settings(header_table=0) + h2.frame(4, 1, 0, b"")
    server += down.headers(3, [(":status", "200"), ("server", "s"), ("content-type", "a/b")])
    server += h2.data(3, b"HTTP/1.1 500 no\r\n\r\n" * 40, end=True)
    server += down.headers(1, [(":status", "100")])
    server += down.headers(1, [(":status", "307"), ("location", "https://b.example/x")], end=True)
    return client, server


EXPECTED = [
    ("GET", "a.example", "/v2/", 0, 200, None),
    ("PUT", "store.blob.example", "/c/b?comp=block&sig=REDACTED", 1000, 307, "b.example"),
    ("PUT", "store.blob.example", "/c/b?comp=block&sig=REDACTED", 16000, None, None),
]


def rows(tables: Tables) -> list[tuple[Any, ...]]:
    columns = ("method", "host", "target", "body_bytes", "status", "location_host")
    found = [tuple(r[c] for c in columns) for r in tables["http"] if r["version"] == "2"]
    return sorted(found, key=lambda row: (row[0], row[3]))


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 900), max_size=20),
    others=st.lists(st.integers(1, 900), max_size=20),
)
def test_prior_knowledge_over_any_segments(sizes: Sequence[int], others: Sequence[int]) -> None:
    client, server = spoken()
    talk = opened().client(client, sizes=sizes).server(server, sizes=others).close()
    tables = read(talk.packets())
    assert rows(tables) == EXPECTED
    assert tables.codes == {}
    assert tables.flow["app"] == "http"
    assert tables["http"][0]["framing"] == "frames"
    assert {r["blob_type"] for r in tables["http"]} == {"BlockBlob", None}
    assert {(r["kind"], r["name"]) for r in tables["names"]} == {
        ("http_host", "store.blob.example"),
        ("http_host", "a.example"),
    }
    assert "s3cr3t" not in repr(tables.rows)


def test_a_server_that_speaks_first() -> None:
    client, server = spoken()
    first = h2.settings(header_table=0)
    talk = opened().server(first).client(client).server(server[len(first) :]).close()
    assert rows(read(talk.packets())) == EXPECTED


def test_an_upgrade() -> None:
    client, server = spoken()
    ask = http.request(
        "GET", "/", "h.example", {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"}
    )
    talk = opened().client(ask)
    talk.server(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n" + server[:9])
    talk.client(client).server(server[9:]).close()
    tables = read(talk.packets())
    assert rows(tables) == EXPECTED
    assert [
        (r["target"], r["status"], r["upgrade"]) for r in tables["http"] if r["version"] == "1.1"
    ] == [("/", 101, "h2c")]


def test_a_data_frame_cut_short_counts_what_was_sent() -> None:
    side = h2.Side()
    client = h2.PREFACE + h2.settings() + side.headers(1, PUT) + h2.data(1, b"x" * 9000)
    talk = opened().client(client[:-4000]).close()
    assert [r["body_bytes"] for r in read(talk.packets())["http"]] == [5000]


@pytest.mark.parametrize(
    "wrong",
    [
        h2.frame(1, 4, 1, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),  # no header block
        h2.frame(9, 4, 1, b""),  # a continuation of nothing
        h2.frame(1, 0, 1, b"\x82") + h2.data(1, b"x"),  # a frame inside a header block
        h2.frame(1, 12, 1, b"\xff"),  # more padding than frame
    ],
)
def test_what_cannot_be_followed_is_counted(wrong: bytes) -> None:
    side = h2.Side()
    client = h2.PREFACE + h2.settings() + side.headers(7, PUT) + wrong + side.headers(9, GET)
    tables = read(opened().client(client).close().packets())
    assert [r["method"] for r in tables["http"]] == ["PUT"]
    assert tables.codes == {"http2-state": 1}


def test_streams_that_are_never_answered_are_bounded() -> None:
    side = h2.Side()
    client = h2.PREFACE + b"".join(side.headers(2 * k + 1, GET) for k in range(400))
    tables = read(opened().client(client).close().packets())
    assert len(tables["http"]) == 400
    assert tables.codes == {"http-open-cap": 144}


@settings(max_examples=100, deadline=None)
@given(
    cut=st.integers(0, 2000),
    junk=st.binary(max_size=60),
    sizes=st.lists(st.integers(1, 900), max_size=9),
    skip=st.sets(st.integers(3, 30), max_size=3),
)
def test_spliced_frames_never_raise(
    cut: int, junk: bytes, sizes: list[int], skip: set[int]
) -> None:
    client, server = spoken()
    talk = opened().client(client[:cut] + junk + client[cut:], sizes=sizes)
    talk.server(server[:cut] + junk + server[cut:], sizes=sizes).close()
    tables = read(talk.packets([s for k, s in enumerate(talk.segments) if k not in skip]))
    assert "kernel-fault" not in tables.codes
    assert all(r["body_bytes"] is None or r["body_bytes"] >= 0 for r in tables["http"])
