"""Requests and look-ups from tshark's flat fields, as several packets and streams mix them."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.capture.engines.tshark_dns import messages
from analyzer.capture.engines.tshark_http import MAX_STREAMS, Http2, requests
from analyzer.capture.engines.tshark_packet import FIELDS, Fields, TsharkPacket, decode


def fields(**values: list[Any]) -> Fields:
    return Fields({name: [str(v) for v in listed] for name, listed in values.items()})


def packet(source: str, found: Fields) -> TsharkPacket:
    ends = [ip_address("10.0.0.1").packed, ip_address("192.0.2.9").packed]
    src, dst = ends if source == "client" else ends[::-1]
    sport, dport = (4000, 443) if source == "client" else (443, 4000)
    return TsharkPacket(0, 1, 1, 0, src, dst, 6, sport, dport, 10, b"", fields=found)


def head(stream: int, *headers: tuple[str, str], end: int = 0) -> Fields:
    return fields(
        http2_type=[1], http2_length=[40], http2_streamid=[stream], http2_flags_end_stream=[end],
        http2_header_name=[name for name, _ in headers],
        http2_header_value=[value for _, value in headers],
    )  # fmt: skip


def data(*frames: tuple[int, int, int]) -> Fields:
    return fields(
        http2_type=[0] * len(frames), http2_streamid=[s for s, _, _ in frames],
        http2_length=[n for _, n, _ in frames], http2_flags_end_stream=[e for _, _, e in frames],
    )  # fmt: skip


PUT = ((":method", "PUT"), (":path", "/c/b"), (":authority", "a.test"), ("x-ms-blob-type", "B"))


def test_a_body_is_counted_over_its_frames() -> None:
    streams = Http2()
    assert streams.take(packet("client", head(1, *PUT)), 5) == []
    assert streams.take(packet("client", head(3, *PUT)), 5) == []
    assert streams.take(packet("client", data((1, 100, 0), (3, 7, 0), (1, 50, 0))), 5) == []
    assert streams.take(packet("server", data((1, 9999, 1))), 5) == []
    ((at, done),) = streams.take(packet("client", data((1, 1, 1))), 5)
    assert (done.method, done.target, done.authority) == (b"PUT", b"/c/b", b"a.test")
    assert (done.body_bytes, done.content_length, done.blob_type) == (151, None, b"B")
    assert at.sport == 4000
    ((_, flow_id, left),) = streams.rest()
    assert (flow_id, left.body_bytes) == (5, 7)


def test_open_streams_are_bounded() -> None:
    streams = Http2()
    written = 0
    for stream in range(MAX_STREAMS + 10):
        written += len(streams.take(packet("client", head(stream, *PUT)), 1))
    assert written == 10


def test_two_header_lists_in_one_packet() -> None:
    both = Fields(head(1, *PUT, (":method", "GET"), (":path", "/x")))
    both.update(
        http2_type=["1", "1"], http2_streamid=["1", "3"], http2_length=["9", "9"],
        http2_flags_end_stream=["1", "1"],
    )  # fmt: skip
    done = [seen for _, seen in Http2().take(packet("client", both), 1)]
    assert [seen.method for seen in done] == [b"PUT", b"GET"]


def test_a_request_of_http_1() -> None:
    (seen,) = requests(fields(
        http_request_method=["POST"], http_request_uri=["/a?sig=x"], http_host=["h.test"],
        http_request_version=["HTTP/1.1"],
        http_request_line=["Host: h.test\r\n", "Content-Length: 12\r\n"],
    ))  # fmt: skip
    assert (seen.content_length, seen.body_bytes) == (12, 12)
    assert seen.head_bytes == len(
        "POST /a?sig=x HTTP/1.1\r\nHost: h.test\r\nContent-Length: 12\r\n\r\n"
    )


def test_a_chunked_body_is_its_chunks() -> None:
    (seen,) = requests(fields(
        http_request_method=["PUT"], http_request_uri=["/"], http_chunk_size=[100, 23, 0]
    ))  # fmt: skip
    assert (seen.content_length, seen.body_bytes) == (None, 123)


def test_two_messages_share_a_packet() -> None:
    first, second = messages(fields(
        dns_id=["0x1", "0x2"], dns_flags=["0x8180", "0x8180"], dns_count_queries=[1, 1],
        dns_count_answers=[2, 1], dns_count_auth_rr=[0, 0], dns_count_add_rr=[1, 0],
        dns_qry_name=["a.test", "B.test"], dns_qry_type=[1, 28],
        dns_resp_name=["a.test", "e.test", "<Root>", "b.test"], dns_resp_type=[5, 1, 41, 28],
        dns_resp_ttl=[60, 30, 20], dns_cname=["e.test"], dns_a=["192.0.2.1"],
        dns_aaaa=["2001:db8::1"],
    ))  # fmt: skip
    assert [(b.name, b.address, b.ttl, b.chain) for b in first.bindings] == [
        ("a.test", "192.0.2.1", 30, "e.test")
    ]
    assert [(b.name, b.address, b.ttl) for b in second.bindings] == [("b.test", "2001:db8::1", 20)]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(
    st.sampled_from([name.replace(".", "_") for name in FIELDS]),
    st.lists(
        st.one_of(st.text("0x1f:.aé\n", max_size=8), st.integers(-9, 1 << 40).map(str)), max_size=5
    ),
))  # fmt: skip
def test_any_fields_are_read_without_an_error(values: dict[str, list[Any]]) -> None:
    found = Fields(values)
    found["frame_protocols"] = ["eth:ip:tcp:ip:udp"]
    decode(found, 0, 1)
    list(messages(Fields({**values, "dns_count_queries": [], "dns_count_answers": ["3"]})))
    list(requests(found))
    Http2().take(packet("client", found), 1)
