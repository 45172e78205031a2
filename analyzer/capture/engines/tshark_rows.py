"""What tshark saw in a packet, as rows of ``tls``, ``http``, ``dns`` and ``names``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.engines.tshark_dns import messages
from analyzer.capture.engines.tshark_http import Http2, requests
from analyzer.capture.engines.tshark_packet import TsharkPacket
from analyzer.capture.http import by_proxy, printable, split_authority
from analyzer.capture.plain import lookups
from analyzer.capture.plain.dns import packed_text
from analyzer.capture.plain.heads import Kind
from analyzer.capture.plain.hello import EARLY_DATA, PSK, Hello, client_hello, escaped
from analyzer.capture.plain.lookups import place
from analyzer.capture.plain.packet import TCP
from analyzer.redact import redact

if TYPE_CHECKING:
    from analyzer.capture.engines.tshark_http import Seen
    from analyzer.capture.plain.conversation import Conversation
    from analyzer.capture.plain.packet import Packet
    from analyzer.capture.plain.rows import Rows
    from analyzer.capture.plain.state import Unit

CLIENT_HELLO, ECH = 1, 0xFE0D
DNS_PORT = 53


class TsharkReader:
    """Makes rows of tshark's fields.

    Attributes:
        ech: Conversations whose hello offers an encrypted one.
    """

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.ech: set[int] = set()
        self._dns_serial = 0
        self._http2 = Http2()
        self._shape: tuple[int, int, Hello] | None = None

    def read(self, unit: Unit) -> None:
        """Takes from a hello what tshark prints nothing of; the rest tshark has read."""
        if unit.kind is Kind.TLS:
            self._shape = (unit.flow_id, unit.packet.number, client_hello(unit.data, unit.cut))

    def seen(self, packet: Packet, conversation: Conversation) -> None:
        """Takes a packet after it was accounted."""
        assert isinstance(packet, TsharkPacket)
        if packet.fields is None or conversation.last_was_copy:
            return
        fields, flow_id = packet.fields, conversation.flow_id
        if fields.get("tls_handshake_type"):
            self._hello(packet, flow_id)
        if fields.get("dns_id") and DNS_PORT in (packet.sport, packet.dport):
            self._dns(packet)
        if fields.get("http_request_method"):
            for request in requests(fields):
                self._request(packet, flow_id, request)
        if fields.get("http2_type"):
            for at, request in self._http2.take(packet, flow_id):
                self._request(at, flow_id, request)

    def finish(self) -> None:
        """Writes the HTTP/2 requests that did not end."""
        for at, flow_id, request in self._http2.rest():
            self._request(at, flow_id, request)

    def _hello(self, packet: TsharkPacket, flow_id: int) -> None:
        assert packet.fields is not None
        fields = packet.fields
        if CLIENT_HELLO not in fields.numbers("tls.handshake.type"):
            return
        names = fields.all("tls.handshake.extensions_server_name")
        sni = name_text(names[0]) if names and names[0] else None
        alpn = [name_text(p) for p in fields.all("tls.handshake.extensions_alpn_str")]
        versions = fields.numbers("tls.handshake.extensions.supported_version")
        newest = [v for v in versions if v & 0x0F0F != 0x0A0A and v < 0x0400]
        kinds = fields.numbers("tls.handshake.extension.type")
        ech = ECH in kinds
        shape = self._own(packet, flow_id)
        if ech:
            self.ech.add(flow_id)
        self.rows.add(
            "tls",
            **place(packet),
            flow_id=flow_id,
            sni=sni,
            alpn=",".join(alpn) or None,
            version=max(newest, default=fields.number("tls.handshake.version", 0)),
            ech=ech,
            truncated=bool(fields.get("_ws_malformed")),
            quic_version=fields.number("quic.version", 0) if packet.proto != TCP else None,
            versions=shape.versions,
            ciphers=shape.ciphers,
            session_id=shape.session_id,
            ticket=shape.ticket,
            psk=PSK in kinds,
            early_data=EARLY_DATA in kinds,
            ech_type=shape.ech_type,
            ech_config=shape.ech_config,
            ja4=shape.ja4,
        )
        if sni is not None:
            kind = "sni" if packet.proto == TCP else "quic_sni"
            self._announced(packet, flow_id, sni, kind, packed_text(packet.dst))

    def _own(self, packet: Packet, flow_id: int) -> Hello:
        """What the plain path read of the hello that this packet completed."""
        shape, self._shape = self._shape, None
        if shape is None or shape[:2] != (flow_id, packet.number):
            return Hello()
        return shape[2]

    def _announced(
        self, packet: Packet, flow_id: int, name: str, kind: str, addr: str | None
    ) -> None:
        self.rows.add(
            "names",
            **place(packet),
            client_ip=packed_text(packet.src),
            flow_id=flow_id,
            addr=addr,
            port=packet.dport,
            name=name,
            kind=kind,
        )

    def _request(self, packet: Packet, flow_id: int, request: Seen) -> None:
        method, target = printable(request.method), printable(request.target)
        authority = target.encode() if method == "CONNECT" and target else request.authority
        host, _ = split_authority(printable(authority))
        blob = printable(request.blob_type)[:64] if request.blob_type is not None else None
        self.rows.add(
            "http",
            **place(packet),
            flow_id=flow_id,
            method=method,
            host=host,
            target=redact(target),
            content_length=request.content_length,
            blob_type=blob,
            head_bytes=request.head_bytes,
            body_bytes=request.body_bytes,
        )
        if host is not None:
            proxied = by_proxy(method, target)
            addr = None if proxied else packed_text(packet.dst)
            kind = "connect" if method == "CONNECT" else "http_host"
            self._announced(packet, flow_id, host, kind, addr)

    def _dns(self, packet: TsharkPacket) -> None:
        assert packet.fields is not None
        for message in messages(packet.fields):
            serial = self._dns_serial
            self._dns_serial += 1
            source, target = packed_text(packet.src), packed_text(packet.dst)
            lookups.write(self.rows, packet, message, serial, source, target)


def name_text(text: str) -> str:
    """A name that tshark printed, in the form of every other name here."""
    return escaped(text[:255].encode("utf-8", "replace"))
