"""HTTP/1 messages one after the other: bodies of every framing, answers, gaps, any segments."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craft import http, tls
from craft.direct import Tables, read
from craft.tcp import Conversation, Host

if TYPE_CHECKING:
    from collections.abc import Sequence

    from craft.tcp import Segment

CHUNKED = {"Transfer-Encoding": "chunked"}


def opened(port: int = 80, **options: Any) -> Conversation:
    return Conversation(
        Host("10.0.0.5", 40000, 4_294_967_000), Host("20.60.1.4", port, 900), **options
    ).open()


def rows(tables: Tables, *columns: str) -> list[tuple[Any, ...]]:
    chosen = columns or ("method", "target", "framing", "body_bytes", "status")
    return sorted(tuple(row[c] for c in chosen) for row in tables["http"])


def exchange(*, request: bytes, response: bytes) -> Tables:
    return read(opened().client(request).server(response).close().packets())


# -- any segments, any order ----------------------------------------------------------------------

REQUESTS = (
    http.request("PUT", "/a", "a.example", {"Content-Length": "0"})
    + http.request("POST", "/b", "a.example", CHUNKED)
    + http.chunked(b"GET /no HTTP/1.1\r\n\r\n" * 3, b"z" * 700, b"\r\n")
    + http.request("HEAD", "/c", "b.example")
    + http.request("PUT", "/d", "b.example", body=b"GET /no HTTP/1.1\r\n\r\n" * 40)
    + b"\r\n"
    + http.request("M-SEARCH", "/e", "b.example")
)
ANSWERS = (
    b"HTTP/1.1 100 Continue\r\n\r\n"
    + http.response(201)
    + b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nServer: s/1\r\n\r\n"
    + http.chunked(b"HTTP/1.1 500 no\r\n\r\n" * 9, b"y")
    + b"HTTP/1.1 206 OK\r\nContent-Length: 5000\r\n\r\n"
    + b"HTTP/1.1 307 Go\r\nLocation: https://X.blob.example:443/c?sig=s3cr3t\r\n"
    + b"Content-Type: text/plain\r\nContent-Length: 300\r\n\r\n"
    + b"HTTP/1.1 500 no\r\n\r\n".ljust(300, b"x")
    + http.response(404, "Not Found", b"none")
)
EXPECTED = [
    ("HEAD", "/c", "none", 0, 206),
    ("M-SEARCH", "/e", "none", 0, 404),
    ("POST", "/b", "chunked", 762, 200),
    ("PUT", "/a", "length", 0, 201),
    ("PUT", "/d", "length", 800, 307),
]


def shuffled(segments: list[Segment], orders: Sequence[list[int]]) -> list[Segment]:
    """The data segments of each side change places in time among themselves."""
    out = list(segments)
    for from_client, order in zip((True, False), orders, strict=True):
        places = [k for k, s in enumerate(segments) if s.payload and s.from_client == from_client]
        for place, source in zip(places, order, strict=True):
            out[place] = replace(segments[places[source]], ts_ns=segments[place].ts_ns)
    return out


@settings(max_examples=150, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 700), max_size=20),
    others=st.lists(st.integers(1, 700), max_size=20),
    data=st.data(),
)
def test_any_segments_in_any_order_give_the_same_rows(
    sizes: list[int], others: list[int], data: st.DataObject
) -> None:
    talk = opened().client(REQUESTS, sizes=sizes).server(ANSWERS, sizes=others).close()
    orders = []
    for side in (True, False):
        count = sum(1 for s in talk.segments if s.payload and s.from_client == side)
        order = list(range(count))
        for at in data.draw(st.lists(st.integers(0, max(count - 2, 0)), max_size=6)):
            order[at : at + 3] = order[at : at + 3][::-1]  # displaced by up to two places
        orders.append(order)
    # no acknowledgements: a byte that was acknowledged before it came is one the capture lacks
    kept = [s for s in shuffled(talk.segments, orders) if s.payload or s.flags & 3]
    tables = read(talk.packets(kept))
    assert rows(tables) == EXPECTED
    assert tables.codes == {}


def test_what_an_answer_says() -> None:
    tables = read(opened().client(REQUESTS).server(ANSWERS).close().packets())
    columns = ("target", "location_host", "response_type", "response_length", "server")
    assert rows(tables, *columns)[1::2] == [
        ("/b", None, None, None, "s/1"),
        ("/d", "x.blob.example", "text/plain", 300, None),
    ]
    assert "s3cr3t" not in repr(tables.rows)


def test_requests_that_wait_for_their_answer() -> None:
    talk = opened()
    for k in range(40):
        talk.client(http.request("PUT", f"/{k:02}", "h.example", body=b"x" * k))
        talk.server(http.response(200 + k))
    found = rows(read(talk.packets()), "target", "body_bytes", "status")
    assert found == [(f"/{k:02}", k, 200 + k) for k in range(40)]


# -- bodies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "framing"),
    [
        ("Content-Length: 4", "length"),
        ("Content-Length: 4\r\ncontent-length:4 ", "length"),
        ("Content-Length: 4\r\nContent-Length: 9", "ambiguous"),
        ("Content-Length: +4", "ambiguous"),
        ("Content-Length: 4, 4", "ambiguous"),
        ("Content-Length : 4", "ambiguous"),
        ("Transfer-Encoding: chunked", "chunked"),
        ("TRANSFER-ENCODING:gzip, Chunked\t", "chunked"),
        ("Content-Length: 4\r\nTransfer-Encoding: chunked", "ambiguous"),
        ("Transfer-Encoding: xchunked", "ambiguous"),
        ("Transfer-Encoding : chunked", "ambiguous"),
        ("Transfer-Encoding:\r\n chunked", "ambiguous"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: cow", "ambiguous"),
        ("Transfer-Encoding: identity", "ambiguous"),
        ("X: a\rTransfer-Encoding: chunked", "ambiguous"),
        ("X-Content-Length: 4", "none"),
        ("X: y", "none"),
    ],
)
def test_how_a_body_is_framed(fields: str, framing: str) -> None:
    head = f"POST /x HTTP/1.1\r\nHost: h.example\r\n{fields}\r\n\r\n".encode()
    assert rows(read(opened().client(head).packets()), "target", "framing") == [("/x", framing)]


@pytest.mark.parametrize(
    ("first", "body", "targets"),
    [
        # chunks win over a length: what follows the last chunk is a request of its own
        (
            "Content-Length: 4\r\nTransfer-Encoding: chunked",
            b"0\r\n\r\nGET /in HTTP/1.1\r\n\r\n",
            3,
        ),
        ("Transfer-Encoding: xchunked\r\nContent-Length: 3", b"0\r\n\r\n", 2),
        ("Content-Length: 6\r\nContent-Length: 0", b"GET /a", 2),
        ("Transfer-Encoding: chunked", b"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n", 2),
        ("Transfer-Encoding: chunked", b"5\nhello\r\n0\n\n", 2),
        ("Transfer-Encoding: chunked", b"zz\r\nno chunk", 2),
    ],
)
def test_the_next_request_is_found_behind_any_body(first: str, body: bytes, targets: int) -> None:
    head = f"POST /one HTTP/1.1\r\nHost: h.example\r\n{first}\r\n\r\n".encode()
    talk = opened().client(head + body).client(http.request("GET", "/two", "h.example"))
    found = {row["target"] for row in read(talk.packets())["http"]}
    assert {"/one", "/two"} <= found
    assert len(found) == targets


def test_a_chunk_that_never_ends_counts_what_was_sent() -> None:
    head = http.request("POST", "/x", "h.example", CHUNKED)
    sent = b"f" * 30 + b"\r\n" + b"x" * 5000
    tables = read(opened().client(head + sent).close().packets())
    assert rows(tables) == [("POST", "/x", "chunked", 5000, None)]


def test_a_body_cut_short_counts_what_was_sent() -> None:
    head = b"PUT /x HTTP/1.1\r\nHost: h.example\r\nContent-Length: 9000000000\r\n\r\n"
    tables = read(opened().client(head + b"x" * 70_000).close().packets())
    assert rows(tables) == [("PUT", "/x", "length", 70_000, None)]


def test_a_body_of_many_gibibytes_hides_no_request_and_invents_none() -> None:
    """Jumps of sequence numbers stand for what the capture dropped."""
    head = b"PUT /x HTTP/1.1\r\nHost: h.example\r\nContent-Length: 3221225472\r\n\r\n"
    talk = opened().client(head)
    for _ in range(60):
        talk.next[True] += 53_687_091 - 19
        talk.client(b"GET /no HTTP/1.1\r\n\r\n"[:19])
    talk.next[True] += 3221225472 - 60 * 53_687_091
    talk.client(http.request("GET", "/two", "h.example"))
    assert [r["target"] for r in read(talk.packets())["http"]] == ["/x", "/two"]


@pytest.mark.parametrize("sent", [True, False])
def test_expect_100_continue(sent: bool) -> None:
    head = http.request(
        "PUT", "/x", "h.example", {"Expect": "100-continue", "Content-Length": "900"}
    )
    talk = opened().client(head)
    talk.server(b"HTTP/1.1 100 Continue\r\n\r\n" if sent else http.response(403))
    if sent:
        talk.client(b"GET /no HTTP/1.1\r\n\r\n".ljust(900, b"x")).server(http.response(201))
    talk.client(http.request("GET", "/y", "h.example")).server(http.response(200)).close()
    assert rows(read(talk.packets())) == [
        ("GET", "/y", "none", 0, 200),
        ("PUT", "/x", "length", 900 if sent else 0, 201 if sent else 403),
    ]


# -- answers that cannot be placed ----------------------------------------------------------------


def three() -> Conversation:
    talk = opened()
    for k in range(3):
        talk.client(http.request("GET", f"/{k}", "h.example"))
        talk.server(http.response(200 + k, body=b"x" * 100))
    return talk.close()


@pytest.mark.parametrize(
    ("without", "statuses"),
    [
        (None, [200, 201, 202]),
        (("server", 0), [None, None, None]),  # which of two the next one answers cannot be told
        (("client", 1), [200, None]),
        (("server", 2), [200, 201, None]),
    ],
)
def test_a_missing_head_gives_no_wrong_status(
    without: tuple[str, int] | None, statuses: list[int | None]
) -> None:
    talk = three()
    data = [s for s in talk.segments if s.payload]
    lost = None
    if without is not None:
        side = [s for s in data if s.from_client == (without[0] == "client")]
        lost = side[without[1]]
    found = read(talk.packets([s for s in talk.segments if s is not lost]))["http"]
    told = [r["status"] for r in sorted(found, key=lambda r: r["ts_ns"])]
    right = dict(zip(("/0", "/1", "/2"), (200, 201, 202), strict=True))
    assert all(r["status"] in (None, right[r["target"]]) for r in found)
    assert len(told) == len(statuses)
    if without is None:
        assert told == statuses


@pytest.mark.parametrize("client", [True, False])
def test_one_side_alone_has_no_status(client: bool) -> None:
    talk = three()
    tables = read(talk.packets([s for s in talk.segments if s.from_client == client]))
    assert [r["status"] for r in tables["http"]] == ([None] * 3 if client else [])
    assert tables.flow["app"] == "http"


def test_an_answer_before_its_request_is_not_given_to_the_next_one() -> None:
    """Two capture points whose clocks differ show the answer first."""
    talk = three()
    data = [s for s in talk.segments if s.payload]
    early = replace(data[1], ts_ns=data[0].ts_ns - 1)
    order = [early if s is data[1] else s for s in talk.segments]
    assert {r["status"] for r in read(talk.packets(order))["http"]} == {None}


def test_an_answer_to_what_went_before_the_capture() -> None:
    talk = three()
    first = next(k for k, s in enumerate(talk.segments) if s.payload and not s.from_client)
    found = read(talk.packets(talk.segments[first:]))
    assert rows(found, "target", "status") == [("/1", 201), ("/2", 202)]
    assert found.flow["orig_ip"] == "10.0.0.5"


# -- what follows on the connection ---------------------------------------------------------------


def test_a_web_socket_is_noted_and_not_read() -> None:
    ask = http.request("GET", "/chat", "h.example", {"Upgrade": "websocket"})
    answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n\r\n"
    talk = opened().client(ask).server(answer)
    talk.client(b"GET /no HTTP/1.1\r\n\r\n").server(b"HTTP/1.1 500 no\r\n\r\n").close()
    found = rows(read(talk.packets()), "target", "status", "upgrade")
    assert found == [("/chat", 101, "websocket")]


def test_connect_that_is_refused_and_then_granted() -> None:
    ask = b"CONNECT up.example:443 HTTP/1.1\r\nHost: up.example:443\r\n\r\n"
    hello = tls.handshake_records(tls.client_hello(tls.Hello("in.example")))
    talk = opened(3128).client(ask).server(http.response(407, body=b"who?"))
    talk.client(ask).server(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
    talk.client(hello).server(tls.server_flight(3000)).close()
    tables = read(talk.packets())
    assert rows(tables, "method", "status") == [("CONNECT", 200), ("CONNECT", 407)]
    assert [r["sni"] for r in tables["tls"]] == ["in.example"]


@settings(max_examples=150, deadline=None)
@given(
    cut=st.integers(0, len(REQUESTS)),
    back=st.integers(0, len(ANSWERS)),
    junk=st.binary(max_size=200),
    sizes=st.lists(st.integers(1, 500), max_size=12),
    skip=st.sets(st.integers(0, 30), max_size=4),
)
def test_spliced_messages_never_raise(
    cut: int, back: int, junk: bytes, sizes: list[int], skip: set[int]
) -> None:
    talk = opened().client(REQUESTS[:cut] + junk + REQUESTS[cut:], sizes=sizes)
    talk.server(ANSWERS[:back] + junk + ANSWERS[back:], sizes=sizes[::-1]).close()
    tables = read(talk.packets([s for k, s in enumerate(talk.segments) if k not in skip]))
    assert "kernel-fault" not in tables.codes
    for row in tables["http"]:
        assert row["body_bytes"] is None or row["body_bytes"] >= 0
