"""HTTP/1 heads (RFC 9112) as text: what a request asks for and what a response says of itself.

Secrets in targets are redacted on reading (`analyzer.redact`). Authorization and Cookie are not
read at all.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from analyzer.redact import redact

MAX_WORD = 64


@dataclass(frozen=True, slots=True)
class Request:
    """One request head; ``target`` is redacted, ``host`` is lower-cased and has no port."""

    method: str
    host: str | None
    port: int | None
    target: str
    content_length: int | None
    blob_type: str | None
    version: str = "1.1"


@dataclass(frozen=True, slots=True)
class Response:
    """One response head; ``location_host`` is the host that a Location names."""

    status: int
    content_length: int | None
    server: str | None
    location_host: str | None
    content_type: str | None
    upgrade: str | None


def printable(raw: bytes) -> str:
    """Bytes of the wire as printable ASCII, everything else as \\DDD."""
    return "".join(chr(c) if 32 <= c < 127 and c != 92 else f"\\{c:03d}" for c in raw)


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


def fields_of(lines: list[bytes]) -> dict[bytes, bytes]:
    """The first value of each field, folded lines joined (RFC 9112 section 5.2)."""
    fields: dict[bytes, bytes] = {}
    last = b""
    for line in lines:
        if line[:1] in (b" ", b"\t") and last:
            fields[last] = (fields[last] + b" " + line.strip()).strip()
            continue
        name, colon, value = line.partition(b":")
        name = name.strip().lower()
        last = name if colon and name not in fields else b""
        if last:
            fields[name] = value.strip()
    return fields


def whole_number(text: bytes | None) -> int | None:
    """A Content-Length as a number; None when absent or something else."""
    return int(text) if text and text.isdigit() and len(text) < 16 else None


def word(text: bytes | None) -> str | None:
    """A short field value as text; None when absent."""
    return printable(text)[:MAX_WORD] if text is not None else None


def is_absolute(target: str) -> bool:
    """A target as it is sent to a proxy (RFC 9112 section 3.2.2)."""
    return target[:8].lower().startswith(("http://", "https://"))


def by_proxy(method: str, target: str) -> bool:
    """The destination address is a proxy's, so that the request's host does not name it."""
    return method == "CONNECT" or is_absolute(target)


def parse(head: bytes) -> Request | None:
    """Reads one head; None when its first line is no HTTP/1 request line.

    "GET /HTTP/1.1" without a blank before the version is read as lenient servers do: the target is
    all that follows the method.
    """
    lines = head.split(b"\n")
    words = lines[0].rstrip(b"\r").split(b" ")
    words = [words[0], *(w for w in words[1:] if w)]  # several blanks count as one
    spoken = words[-1]
    if len(words) >= 3 and spoken[:7] == b"HTTP/1.":
        version = printable(spoken[5:8])
        target = printable(b" ".join(words[1:-1]))
    elif len(words) == 2 and b"HTTP/1." in spoken:
        version = "1.0"
        target = printable(spoken)
    else:
        return None
    method = printable(words[0])
    fields = fields_of(lines[1:])
    authority = printable(fields.get(b"host", b""))
    if method == "CONNECT" and target[:1] != "/":
        authority = target.split(" ", 1)[0]
    elif is_absolute(target):
        with suppress(ValueError):  # a malformed IPv6 authority: the Host field still stands
            authority = urlsplit(target).netloc or authority
    host, port = split_authority(authority)
    return Request(
        method=method,
        host=host,
        port=port,
        target=redact(target),
        content_length=whole_number(fields.get(b"content-length")),
        blob_type=word(fields.get(b"x-ms-blob-type")),
        version=version,
    )


def parse_response(head: bytes) -> Response | None:
    """Reads one response head; None when its first line is no status line (RFC 9112 section 4)."""
    lines = head.split(b"\n")
    code = lines[0][9:12]
    if lines[0][:7] != b"HTTP/1." or not code.isdigit() or len(code) != 3:
        return None
    fields = fields_of(lines[1:])
    return Response(
        status=int(code),
        content_length=whole_number(fields.get(b"content-length")),
        server=word(fields.get(b"server")),
        location_host=host_in(fields.get(b"location")),
        content_type=word(fields.get(b"content-type")),
        upgrade=word(fields[b"upgrade"].lower()) if b"upgrade" in fields else None,
    )


def host_in(location: bytes | None) -> str | None:
    """The host that a Location names; None for a path alone."""
    if location is None:
        return None
    with suppress(ValueError):
        return split_authority(urlsplit(printable(location[:8192])).netloc)[0]
    return None
