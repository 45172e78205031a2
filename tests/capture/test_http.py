"""Request heads as text, and no secret in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.capture.http import parse, redact, split_authority


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


@pytest.mark.parametrize("name", ["sig", "SIG", "X-Amz-Signature", "access_token", "password"])
def test_secrets_are_redacted(name: str) -> None:
    assert "s3cr3t" not in redact(f"/p?a=1&{name}=s3cr3t&sp=r")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(head: bytes) -> None:
    found = parse(head)
    assert found is None or found.target.isascii()


@given(st.text(max_size=80))
def test_any_authority_is_split(text: str) -> None:
    host, port = split_authority(text)
    assert host is None or host == host.lower()
    assert port is None or 0 <= port <= 99999
