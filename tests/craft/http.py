"""HTTP/1.1 heads and messages (RFC 9112)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def request(
    method: str,
    target: str,
    host: str | None,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    *,
    length: bool = True,
) -> bytes:
    """A request; Content-Length is added when there is a body and length is left on."""
    lines = [f"{method} {target} HTTP/1.1"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines.extend(f"{name}: {value}" for name, value in (headers or {}).items())
    if body and length:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def response(status: int = 200, reason: str = "OK", body: bytes = b"") -> bytes:
    """A response with Content-Length."""
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode("latin-1") + body


def chunked(*pieces: bytes) -> bytes:
    """A body in the chunked coding (RFC 9112 section 7.1)."""
    out = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces)
    return out + b"0\r\n\r\n"


def put_blob(host: str, path: str, body: bytes) -> bytes:
    """Put Blob of the Azure Blob service, as a client without the SDK sends it."""
    headers = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-08-06"}
    return request("PUT", path, host, headers, body)
