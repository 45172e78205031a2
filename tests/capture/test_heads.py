"""Heads that span segments: hellos in any order, torn headers, pipelines, CONNECT, the pool."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craft import http, tls
from craft.direct import Tables, read
from craft.tcp import EPOCH_NS, Conversation, Host

if TYPE_CHECKING:
    from craft.tcp import Segment

NAME = "registry-1.example"
LONG = tls.Hello(NAME, key_share_bytes=1216, ech="grease")
HELLO = tls.handshake_records(tls.client_hello(LONG))


def opened(number: int = 0, port: int = 443, **options: Any) -> Conversation:
    return Conversation(
        Host("10.0.0.5", 40000 + number, 4_294_967_000), Host("20.60.1.4", port, 900), **options
    ).open()


def reorder(segments: list[Segment], chosen: list[int], order: tuple[int, ...]) -> list[Segment]:
    """The segments at ``chosen`` change places in time."""
    times = [segments[k].ts_ns for k in chosen]
    out = list(segments)
    for place, source in enumerate(order):
        out[chosen[source]] = replace(segments[chosen[source]], ts_ns=times[place])
    return out


def names(tables: Tables) -> list[str | None]:
    return [row["sni"] for row in tables["tls"]]


# -- ClientHello ----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_a_hello_in_four_segments_in_every_order(order: tuple[int, ...]) -> None:
    talk = opened().client(HELLO, sizes=[3, 400, 500])
    chosen = [k for k, s in enumerate(talk.segments) if s.payload]
    assert len(chosen) == 4
    tables = read(talk.packets(reorder(talk.segments, chosen, order)))
    (row,) = tables["tls"]
    assert (row["sni"], row["alpn"], row["version"]) == (NAME, "h2,http/1.1", 772)
    assert row["ech"] is True
    assert row["truncated"] is False
    assert tables.flow["app"] == "tls"


@settings(max_examples=60, deadline=None)
@given(
    records=st.lists(st.integers(1, 600), max_size=8),
    segments=st.lists(st.integers(1, 700), max_size=12),
    data=st.data(),
)
def test_a_hello_over_any_records_and_segments_in_any_order(
    records: list[int], segments: list[int], data: st.DataObject
) -> None:
    talk = opened().client(tls.handshake_records(tls.client_hello(LONG), records), sizes=segments)
    chosen = [k for k, s in enumerate(talk.segments) if s.payload]
    order = tuple(data.draw(st.permutations(range(len(chosen)))))
    if len(chosen) > 8:
        order = tuple(range(len(chosen)))  # more holes than are kept are another test's subject
    tables = read(talk.packets(reorder(talk.segments, chosen, order)))
    assert names(tables) == [NAME]
    assert tables["tls"][0]["truncated"] is False


def test_a_hello_in_segments_of_one_byte() -> None:
    tables = read(opened().client(HELLO, sizes=[1] * len(HELLO)).packets())
    assert names(tables) == [NAME]
    assert tables.flow["orig_bytes"] == len(HELLO)


@pytest.mark.parametrize("sizes", [[1], [1, 1], [1, 1, 1], [2, 3], [3, 1, 40], [1] * 60])
def test_a_handshake_header_torn_over_records(sizes: list[int]) -> None:
    talk = opened().client(tls.handshake_records(tls.client_hello(LONG), sizes))
    assert names(read(talk.packets())) == [NAME]


def test_retransmitted_segments_do_not_repeat_the_hello() -> None:
    talk = opened().client(HELLO, sizes=[500])
    twice = [*talk.segments, *(replace(s, ts_ns=s.ts_ns + 10**9) for s in talk.segments[3:])]
    assert names(read(talk.packets(twice))) == [NAME]


def test_a_hello_that_never_ends_is_read_as_far_as_it_goes() -> None:
    talk = opened().client(HELLO[:300])
    (row,) = read(talk.packets())["tls"]
    assert row["truncated"] is True
    assert row["sni"] == NAME


def test_a_hello_cut_by_the_snaplen_is_marked() -> None:
    talk = opened().client(HELLO).server(tls.server_flight(3000))
    tables = read([p.snapped(220) for p in talk.packets()])
    (row,) = tables["tls"]
    assert row["truncated"] is True
    assert row["sni"] == NAME


def test_a_hello_longer_than_a_slot_is_read_from_its_beginning() -> None:
    message = tls.client_hello(replace(LONG, padding=20_000))
    tables = read(opened().client(tls.handshake_records(message, [8000, 8000])).packets())
    (row,) = tables["tls"]
    assert (row["sni"], row["truncated"]) == (NAME, True)
    assert tables.codes == {"head-cap": 1}


def test_a_hello_in_mid_stream_as_after_starttls() -> None:
    talk = opened(port=25)
    talk.server(b"220 mail ready\r\n").client(b"EHLO agent\r\n").server(b"250 STARTTLS\r\n")
    talk.client(b"STARTTLS\r\n").server(b"220 go ahead\r\n").client(HELLO)
    talk.server(tls.server_flight(3000)).client(tls.client_finished())
    talk.client(tls.application(50_000)).server(tls.application(100)).close()
    tables = read(talk.packets())
    assert names(tables) == [NAME]
    assert tables.flow["app"] == "tls"
    assert tables.flow["upload_turns"] == 1
    assert abs(tables.flow["upload_app_bytes"] - 49_600) < 100


def test_a_hello_that_was_joined_late_still_names_the_flow() -> None:
    """Without SYN and from the server's side first: the hello says who the originator is."""
    talk = opened().server(b"\0" * 50).client(HELLO)
    flow = read(talk.packets(talk.segments[3:])).flow
    assert (flow["orig_ip"], flow["resp_port"], flow["orientation"]) == ("10.0.0.5", 443, "hello")


@pytest.mark.parametrize("kind", [20, 21, 23, 0, 128])
def test_other_first_bytes_are_no_hello(kind: int) -> None:
    data = bytes([kind]) + HELLO[1:]
    assert names(read(opened().client(data).packets())) == []


def test_a_server_hello_is_none() -> None:
    assert names(read(opened().server(tls.server_flight(3000)).packets())) == []


# -- HTTP -----------------------------------------------------------------------------------------


def requests(tables: Tables) -> list[tuple[Any, ...]]:
    return [(r["method"], r["host"], r["target"], r["content_length"]) for r in tables["http"]]


PIPELINE = (
    http.request("GET", "/a", "A.example")
    + http.request(
        "PUT", "/b", "b.example", {"X-Ms-Blob-Type": "BlockBlob"}, b"PUT /no HTTP/1.1" * 90
    )
    + http.request("GET", "/c", "c.example")
)
EXPECTED = [
    ("GET", "a.example", "/a", None),
    ("PUT", "b.example", "/b", 1440),
    ("GET", "c.example", "/c", None),
]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(1, 400), max_size=30))
def test_pipelined_requests_over_any_segments(sizes: list[int]) -> None:
    tables = read(opened(port=80).client(PIPELINE, sizes=sizes).packets())
    assert requests(tables) == EXPECTED
    assert tables["http"][1]["blob_type"] == "BlockBlob"
    assert tables.flow["app"] == "http"


def test_requests_one_after_the_other() -> None:
    talk = opened(port=80)
    for k in range(5):
        talk.client(http.request("PUT", f"/{k}", "h.example", body=b"x" * 2000))
        talk.server(http.response(201))
    assert [r["target"] for r in read(talk.packets())["http"]] == [f"/{k}" for k in range(5)]


def test_a_head_in_segments_of_one_byte_in_front_of_a_long_body() -> None:
    data = http.put_blob("s.blob.example", "/c/x", b"y" * 30_000)
    head = len(data) - 30_000
    tables = read(
        opened(port=80).client(data, sizes=[1] * head).server(http.response(201)).packets()
    )
    assert requests(tables) == [("PUT", "s.blob.example", "/c/x", 30_000)]
    assert tables["http"][0]["head_bytes"] == head
    assert tables.flow["upload_turns"] == 1


def test_bare_line_feeds_end_lines_too() -> None:
    talk = opened(port=80).client(b"GET /x HTTP/1.1\nHost: lf.example\n\nrest")
    assert requests(read(talk.packets())) == [("GET", "lf.example", "/x", None)]


def test_an_endless_head_is_read_from_its_beginning() -> None:
    data = b"GET /x HTTP/1.1\r\nHost: h.example\r\n" + b"X-A: b\r\n" * 4000
    tables = read(opened(port=80).client(data).packets())
    assert requests(tables) == [("GET", "h.example", "/x", None)]
    assert tables.codes == {"head-cap": 1}


@pytest.mark.parametrize(
    "first", [b"EHLO mail.example\r\n", b"NICK x\r\n", b"GETX", b"get / HTTP/1.1\r\n\r\n"]
)
def test_other_protocols_are_no_http(first: bytes) -> None:
    tables = read(opened(port=25).client(first + b"\r\n\r\n").packets())
    assert tables["http"] == []
    assert tables.flow["app"] is None


def test_connect_and_the_tls_inside_it() -> None:
    talk = opened(port=3128)
    talk.client(b"CONNECT Up.Example:8443 HTTP/1.1\r\nHost: other.example\r\n\r\n")
    talk.server(http.response(200)).client(HELLO).server(tls.server_flight(3500))
    talk.client(tls.client_finished()).client(tls.application(40_000))
    talk.server(tls.application(100)).close()
    tables = read(talk.packets())
    assert names(tables) == [NAME]
    kinds = [(r["kind"], r["name"], r["addr"]) for r in tables["names"]]
    assert sorted(kinds) == [("connect", "up.example", None), ("sni", NAME, "20.60.1.4")]
    flow = tables.flow
    assert (flow["app"], flow["upload_turns"]) == ("tls", 1)
    assert abs(flow["upload_app_bytes"] - 39_600) < 100


# -- the pool -------------------------------------------------------------------------------------


def halves(count: int) -> list[Segment | Any]:
    """Connections whose hello arrives in two halves, all first halves before all second ones."""
    packets = []
    for k in range(count):
        talk = opened(k, start_ns=EPOCH_NS + k * 1000, step_ns=10_000_000).client(
            HELLO, sizes=[700]
        )
        packets += talk.packets()
    return sorted(packets, key=lambda p: p.ts_ns)


def test_the_pool_gives_up_the_slot_unused_for_longest() -> None:
    tables = read(halves(5), slots=2)
    assert tables.codes["head-evicted"] >= 3
    assert names(tables).count(NAME) == 2
    whole = read(halves(5), slots=5)
    assert "head-evicted" not in whole.codes
    assert names(whole) == [NAME] * 5


def test_an_evicted_head_costs_no_byte() -> None:
    for row in read(halves(5), slots=1)["flows"]:
        assert row["orig_bytes"] == len(HELLO)


# -- hostile bytes --------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(
    first=st.sampled_from([HELLO, PIPELINE, tls.application(900), b""]),
    cut=st.integers(0, 1400),
    junk=st.binary(max_size=300),
    sizes=st.lists(st.integers(1, 500), max_size=12),
    both=st.booleans(),
)
def test_spliced_bytes_never_raise(
    first: bytes, cut: int, junk: bytes, sizes: list[int], both: bool
) -> None:
    data = first[:cut] + junk + first[cut:]
    talk = opened()
    if data:
        talk.client(data, sizes=sizes)
    if both and data:
        talk.server(data, sizes=sizes[::-1])
    tables = read(talk.close().packets())
    assert "kernel-fault" not in tables.codes
    assert tables.flow["orig_bytes"] == len(data)
    assert tables.flow["resp_bytes"] == (len(data) if both else 0)


@settings(max_examples=150, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, len(HELLO) - 1), st.integers(0, 255)), max_size=6),
    sizes=st.lists(st.integers(1, 700), max_size=6),
)
def test_a_hello_with_wrong_bytes_never_raises(
    flips: list[tuple[int, int]], sizes: list[int]
) -> None:
    data = bytearray(HELLO)
    for place, value in flips:
        data[place] = value
    tables = read(opened().client(bytes(data), sizes=sizes).packets())
    assert "kernel-fault" not in tables.codes
    assert len(tables["tls"]) <= 2
    for row in tables["tls"]:
        assert row["sni"] is None or row["sni"].isascii()
