"""Request heads as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.capture.http import by_proxy, parse, parse_response, split_authority


def test_a_put_blob() -> None:
    found = parse(
        b"PUT /c/b?comp=block&sig=abc%2Fdef&sp=cw&sktid=1 HTTP/1.1\r\n"
        b"Host: Acct.blob.core.windows.net:80\r\n"
        b"x-ms-blob-type: BlockBlob\r\nContent-Length: 50\r\n\r\n"
    )
    assert found is not None
    assert (found.method, found.host, found.port) == ("PUT", "acct.blob.core.windows.net", 80)
    assert found.target == "/c/b?comp=block&sig=REDACTED&sp=cw&sktid=1"
    assert (found.content_length, found.blob_type) == (50, "BlockBlob")


@pytest.mark.parametrize(
    ("head", "host"),
    [
        (b"CONNECT h.example:443 HTTP/1.1\r\nHost: other\r\n\r\n", "h.example"),
        (b"GET http://u:p@h.example:8080/x HTTP/1.0\r\nHost: other\r\n\r\n", "h.example"),
        (b"GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", "2001:db8::1"),
        (b"GET / HTTP/1.1\r\n\r\n", None),
    ],
)
def test_where_the_host_stands(head: bytes, host: str | None) -> None:
    found = parse(head)
    assert found is not None
    assert found.host == host


@pytest.mark.parametrize("head", [b"", b"GET /\r\n\r\n", b"EHLO x\r\n", b"PUT / SIP/2.0\r\n\r\n"])
def test_what_is_no_http_1(head: bytes) -> None:
    assert parse(head) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(head: bytes) -> None:
    found = parse(head)
    assert found is None or found.target.isascii()


@given(st.text(max_size=80))
def test_any_authority_is_split(text: str) -> None:
    host, port = split_authority(text)
    assert host is None or host == host.lower()
    assert port is None or 0 <= port <= 99999


@pytest.mark.parametrize(
    ("head", "method", "target", "host", "version"),
    [
        (b"GET /HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/HTTP/1.1", "a", "1.0"),
        (b"POST  /  HTTP/1.0\r\n\r\n", "POST", "/", None, "1.0"),
        (b"CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT", "/", "a", "1.1"),
        (b"CONNECT h:25 / HTTP/1.0\r\n\r\n", "CONNECT", "h:25 /", "h", "1.0"),
        (b"GET / HTTP/1.1\r\nhost:\r\n a\r\n\r\n", "GET", "/", "a", "1.1"),
    ],
)
def test_lenient_request_lines(
    head: bytes, method: str, target: str, host: str | None, version: str
) -> None:
    found = parse(head)
    assert found is not None
    assert (found.method, found.target, found.host, found.version) == (
        method,
        target,
        host,
        version,
    )


@given(st.binary(max_size=300))
def test_any_response_is_read_or_refused(rest: bytes) -> None:
    assert parse_response(b"HTTP/1.1 " + rest) is None or rest[:3].isdigit()


@pytest.mark.parametrize(
    ("location", "host"),
    [
        (b"https://u:p@Acct.blob.example:443/c?sig=x", "acct.blob.example"),
        (b"/v2/", None),
        (b"http://[::1", None),
        (b"//h.example/x", "h.example"),
    ],
)
def test_the_host_of_a_location(location: bytes, host: str | None) -> None:
    found = parse_response(b"HTTP/1.1 307 Go\r\nLocation: " + location + b"\r\n\r\n")
    assert found is not None
    assert found.location_host == host


@pytest.mark.parametrize(("method", "target", "proxied"), [
    ("GET", "/x", False), ("GET", "/x?u=http://h", False), ("OPTIONS", "*", False),
    ("GET", "http://h.example/x", True), ("GET", "HTTPS://h.example/x", True),
    ("CONNECT", "h.example:443", True),
])  # fmt: skip
def test_which_requests_go_by_a_proxy(method: str, target: str, proxied: bool) -> None:
    """Their destination address is the proxy's, so their host is no name of it."""
    assert by_proxy(method, target) is proxied
