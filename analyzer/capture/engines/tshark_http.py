"""HTTP requests from tshark's flat fields: HTTP/1 heads, and HTTP/2 streams over several packets.

tshark shows an HTTP/1 request when its body is complete, so an announced length was captured.
HTTP/2 bodies are counted in DATA frames until the stream ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.capture.engines.tshark_packet import Fields, TsharkPacket
    from analyzer.capture.plain.packet import Packet

DATA, HEADERS = 0, 1
MAX_STREAMS = 1 << 14
BLOB_TYPE = "x-ms-blob-type"


@dataclass(slots=True)
class Seen:
    """One request as tshark reads it, bytes as on the wire.

    Attributes:
        body_bytes: Body that is in the capture.
    """

    method: bytes
    target: bytes
    authority: bytes
    content_length: int | None
    blob_type: bytes | None
    head_bytes: int
    body_bytes: int | None


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def requests(fields: Fields) -> Iterator[Seen]:
    """The HTTP/1 requests of one packet."""
    methods, targets = fields.all("http.request.method"), fields.all("http.request.uri")
    versions, lines = fields.all("http.request.version"), fields.all("http.request.line")
    shared = len(methods) > 1  # header lines of several requests stand in one list
    for k, method in enumerate(methods):
        target = targets[k] if k < len(targets) else ""
        version = versions[k] if k < len(versions) else ""
        own = [] if shared else lines
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in reversed(own))
        }
        hosts = fields.all("http.host")
        host = hosts[k] if len(hosts) == len(methods) else headers.get("host", "")
        length = headers.get("content-length", "")
        announced = int(length) if length.isdigit() and len(length) < 16 else None
        chunks = fields.numbers("http.chunk_size") if not shared else []
        head = len(_raw(f"{method} {target} {version}\r\n")) + 2 + sum(len(_raw(x)) for x in own)
        blob = headers.get(BLOB_TYPE)
        yield Seen(
            method=_raw(method),
            target=_raw(target),
            authority=_raw(host),
            content_length=announced,
            blob_type=_raw(blob) if blob is not None else None,
            head_bytes=head,
            body_bytes=None if shared else announced if announced is not None else sum(chunks),
        )


class Http2:
    """Requests whose streams are open, by conversation and stream."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, int], tuple[Packet, Seen]] = {}

    def take(self, packet: TsharkPacket, flow_id: int) -> list[tuple[Packet, Seen]]:
        """Reads the frames of a packet; the requests that ended."""
        assert packet.fields is not None
        fields = packet.fields
        done: list[tuple[Packet, Seen]] = []
        streams, sizes = fields.numbers("http2.streamid"), fields.numbers("http2.length")
        ends = iter(fields.numbers("http2.flags.end_stream"))
        groups = iter(_header_groups(fields))
        for k, kind in enumerate(fields.numbers("http2.type")):
            if kind not in (DATA, HEADERS):
                continue
            ended = next(ends, 0)
            key = (flow_id, streams[k] if k < len(streams) else 0)
            size = sizes[k] if k < len(sizes) else 0
            if kind == HEADERS:
                headers = next(groups, {})
                if ":method" in headers:
                    if len(self._open) >= MAX_STREAMS:  # the oldest is written as it stands
                        done.append(self._open.pop(next(iter(self._open))))
                    self._open[key] = (packet, _request(headers, size))
            known = self._open.get(key)
            if known is None or packet.src != known[0].src or packet.sport != known[0].sport:
                continue
            if kind == DATA:
                known[1].body_bytes = (known[1].body_bytes or 0) + size
            if ended:
                done.append(self._open.pop(key))
        return done

    def rest(self) -> list[tuple[Packet, int, Seen]]:
        """The requests whose streams did not end."""
        left = [(packet, key[0], seen) for key, (packet, seen) in self._open.items()]
        self._open.clear()
        return left


def _header_groups(fields: Fields) -> list[dict[str, str]]:
    """The header lists of a packet's HEADERS frames: pseudo-headers begin each."""
    groups: list[dict[str, str]] = []
    plain = True
    pairs = zip(fields.all("http2.header.name"), fields.all("http2.header.value"), strict=False)
    for name, value in pairs:
        if name.startswith(":") and plain:
            groups.append({})
        plain = not name.startswith(":")
        if groups:
            groups[-1].setdefault(name.lower(), value)
    return groups


def _request(headers: dict[str, str], size: int) -> Seen:
    length, blob = headers.get("content-length", ""), headers.get(BLOB_TYPE)
    return Seen(
        method=_raw(headers[":method"]),
        target=_raw(headers.get(":path", "")),
        authority=_raw(headers.get(":authority") or headers.get("host", "")),
        content_length=int(length) if length.isdigit() and len(length) < 16 else None,
        blob_type=_raw(blob) if blob is not None else None,
        head_bytes=size,
        body_bytes=0,
    )
