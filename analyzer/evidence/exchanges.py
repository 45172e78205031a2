"""HTTP requests and their answers from tshark's fields, conversation by conversation.

HTTP/1 answers come in the order of the requests (RFC 9112 section 9.3.2), HTTP/2 ones by stream
(RFC 9113 section 5). Interim answers (1xx) are none. Secrets go before anything is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analyzer.redact import redact, redact_header
from analyzer.result import Request

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from analyzer.capture.engines.tshark_packet import Fields

FIELDS = (
    "http.response.code",
    "http.response.line",
    "tcp.stream",
    "frame.comment",
    "tls.record.content_type",
)
"""What is asked for beside the fields of the tshark engine."""

DATA, HEADERS = 0, 1
MAX_REQUESTS = 1000
MAX_HEADERS = 100
MAX_STREAMS = 1 << 14
MAX_NAME = 200


@dataclass(slots=True)
class Open:
    """A request while it waits for its answer; fields as in `Request`."""

    packet: int | None
    time_ns: int | None
    version: str
    decrypted: bool
    method: str
    url: str
    headers: list[str]
    body_bytes: int | None
    status: int | None = None
    answer_headers: list[str] = field(default_factory=list)

    def close(self) -> Request:
        """What is kept of it."""
        return Request(
            self.packet,
            self.time_ns,
            self.version,
            self.decrypted,
            self.method,
            self.url,
            self.headers,
            self.body_bytes,
            self.status,
            self.answer_headers,
        )


class Exchanges:
    """Requests of all conversations.

    Attributes:
        found: By conversation, in the order of the requests.
        dropped: Requests beyond 1,000.
    """

    def __init__(self) -> None:
        self.found: dict[int, list[Open]] = {}
        self.dropped = 0
        self._count = 0
        self._waiting: dict[Hashable, list[Open]] = {}

    def take(self, fields: Fields, conversation: int, packet: int | None) -> None:
        """Reads one packet.

        Args:
            fields: What tshark says of it.
            conversation: Which one it belongs to.
            packet: Its number in its input.
        """
        decrypted = ":tls:" in fields.text("frame.protocols")
        stream = (conversation, fields.text("tcp.stream"))
        for seen in _http1(fields, packet, decrypted):
            self._add(conversation, stream, seen)
        codes, lines = fields.numbers("http.response.code"), fields.all("http.response.line")
        for code in codes:
            self._answer(stream, code, _headers(lines) if len(codes) == 1 else [])
        if fields.all("http2.type"):
            self._http2(fields, conversation, stream, packet, decrypted)

    def _add(self, conversation: int, key: Hashable, seen: Open) -> None:
        if self._count >= MAX_REQUESTS:
            self.dropped += 1
            return
        self._count += 1
        self.found.setdefault(conversation, []).append(seen)
        self._waiting.setdefault(key, []).append(seen)

    def _answer(self, key: Hashable, code: int, headers: list[str]) -> None:
        waiting = self._waiting.get(key)
        if not waiting or 100 <= code < 200:
            return
        seen = waiting.pop(0)
        seen.status, seen.answer_headers = code, headers
        if not waiting:
            del self._waiting[key]

    def _http2(
        self,
        fields: Fields,
        conversation: int,
        stream: Hashable,
        packet: int | None,
        decrypted: bool,
    ) -> None:
        streams, sizes = fields.numbers("http2.streamid"), fields.numbers("http2.length")
        groups = _groups(fields)
        for at, kind in enumerate(fields.numbers("http2.type")):
            key = (stream, streams[at] if at < len(streams) else 0)
            if kind == DATA:
                for seen in self._waiting.get(key, [])[-1:]:
                    seen.body_bytes = (seen.body_bytes or 0) + (sizes[at] if at < len(sizes) else 0)
            elif kind == HEADERS:
                group = next(groups, [])
                named = dict(reversed(group))
                plain = [_header(name, value) for name, value in group if not name.startswith(":")][
                    :MAX_HEADERS
                ]
                if ":method" in named:
                    host = named.get(":authority") or named.get("host", "")
                    url = _url(host, named.get(":path", ""), named.get(":scheme") or "https")
                    method = named[":method"][:MAX_NAME]
                    self._add(
                        conversation,
                        key,
                        Open(
                            packet,
                            fields.time_ns(),
                            "HTTP/2",
                            decrypted,
                            method,
                            url,
                            plain,
                            0,
                        ),
                    )
                elif named.get(":status", "").isdecimal():
                    self._answer(key, int(named[":status"][:6]), plain)


def _http1(fields: Fields, packet: int | None, decrypted: bool) -> Iterator[Open]:
    methods, targets = fields.all("http.request.method"), fields.all("http.request.uri")
    versions, hosts = fields.all("http.request.version"), fields.all("http.host")
    lines = fields.all("http.request.line")
    alone = len(methods) == 1  # header lines of several requests stand in one list
    length = fields.text("http.content_length_header")
    chunks = fields.numbers("http.chunk_size")
    for at, method in enumerate(methods):
        host = hosts[at] if len(hosts) == len(methods) else ""
        body = None
        if alone:
            announced = length.isdecimal() and len(length) < 16
            body = int(length) if announced else sum(chunks)
        yield Open(
            packet,
            fields.time_ns(),
            (versions[at] if at < len(versions) else "HTTP/1.1")[:MAX_NAME],
            decrypted,
            method[:MAX_NAME],
            _url(host, targets[at] if at < len(targets) else "", "https" if decrypted else "http"),
            _headers(lines) if alone else [],
            body,
        )


def _url(host: str, target: str, scheme: str) -> str:
    """The request's URL; an absolute target and that of CONNECT stay as they are."""
    if target.startswith("/") or not target:
        return redact(f"{scheme}://{host}{target}")
    return redact(target)


def _headers(lines: list[str]) -> list[str]:
    pairs = (line.rstrip("\r\n").partition(":") for line in lines[:MAX_HEADERS])
    return [_header(name, value.strip()) for name, _, value in pairs]


def _header(name: str, value: str) -> str:
    return f"{name[:MAX_NAME]}: {redact_header(name, value)}"


def _groups(fields: Fields) -> Iterator[list[tuple[str, str]]]:
    """The header lists of a packet's HEADERS frames: pseudo-headers begin each."""
    group: list[tuple[str, str]] = []
    plain = False
    names, values = fields.all("http2.header.name"), fields.all("http2.header.value")
    for name, value in zip(names, values, strict=False):
        pseudo = name.startswith(":")
        if pseudo and plain:
            yield group
            group = []
        plain = not pseudo
        group.append((name.lower(), value))
    if group:
        yield group
