"""HTTP/1 request heads (RFC 9112) as text: method, host, target, length, blob type.

Secrets in targets are redacted on reading: the value of ``sig`` and of other credentials in the
query never leaves this module (learn.microsoft.com/rest/api/storageservices/create-service-sas);
what proves a write (``comp``, ``sp``, ``sr``, ``sktid``) is kept.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

SECRET = re.compile(
    r"(?i)\b(sig|signature|x-amz-signature|x-amz-security-token|x-amz-credential|x-goog-signature"
    r"|access_token|id_token|refresh_token|token|code|password|passwd|secret|api[-_]?key|key)=[^&#\s]*"
)
MAX_TARGET = 2048


@dataclass(frozen=True, slots=True)
class Request:
    """One request head; ``target`` is redacted, ``host`` is lower-cased and has no port."""

    method: str
    host: str | None
    port: int | None
    target: str
    content_length: int | None
    blob_type: str | None


def printable(raw: bytes) -> str:
    """Bytes of the wire as printable ASCII, everything else as \\DDD."""
    return "".join(chr(c) if 32 <= c < 127 and c != 92 else f"\\{c:03d}" for c in raw)


def redact(target: str) -> str:
    """Replaces the values of credentials in a request target."""
    return SECRET.sub(lambda m: f"{m.group(1)}=REDACTED", target)[:MAX_TARGET]


def split_authority(text: str) -> tuple[str | None, int | None]:
    """Host without port, brackets, userinfo and trailing dot, and the port, of an authority."""
    text = text.rsplit("@", 1)[-1].strip()
    port: int | None = None
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        number = rest.removeprefix(":")
    else:
        host, _, number = text.partition(":") if text.count(":") == 1 else (text, "", "")
    if number.isascii() and number.isdigit() and len(number) <= 5:
        port = int(number)
    host = host.lower().removesuffix(".")
    return (host or None), port


def parse(head: bytes) -> Request | None:
    """Reads one head; None when its first line is no HTTP/1 request line."""
    lines = head.split(b"\n")
    words = lines[0].rstrip(b"\r").split(b" ")
    if len(words) < 3 or not words[-1].startswith(b"HTTP/1."):
        return None
    method = printable(words[0])
    target = printable(b" ".join(words[1:-1]))
    fields: dict[bytes, bytes] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            fields.setdefault(name.strip().lower(), value.strip())
    authority = printable(fields.get(b"host", b""))
    if method == "CONNECT":
        authority = target
    elif target[:7].lower() == "http://":
        with suppress(ValueError):  # a malformed IPv6 authority: the Host field still stands
            authority = urlsplit(target).netloc or authority
    host, port = split_authority(authority)
    length = fields.get(b"content-length", b"")
    blob = fields.get(b"x-ms-blob-type")
    return Request(
        method=method,
        host=host,
        port=port,
        target=redact(target),
        content_length=int(length) if length.isdigit() and len(length) < 16 else None,
        blob_type=printable(blob)[:64] if blob is not None else None,
    )
