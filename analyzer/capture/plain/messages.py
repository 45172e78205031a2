"""Hellos, request heads and DNS messages to rows of ``tls``, ``http``, ``dns`` and ``names``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture import http
from analyzer.capture.plain import dns, lookups
from analyzer.capture.plain.dns import packed_text
from analyzer.capture.plain.heads import Kind
from analyzer.capture.plain.hello import client_hello
from analyzer.capture.plain.lookups import place

if TYPE_CHECKING:
    from analyzer.capture.plain.rows import Rows
    from analyzer.capture.plain.state import Unit


class Messages:
    """Reads units in plain Python.

    Attributes:
        ech: Conversations whose hello offers an encrypted one.
    """

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.ech: set[int] = set()
        self._dns_serial = 0

    def read(self, unit: Unit) -> None:
        """Reads one unit into rows."""
        if unit.kind is Kind.TLS:
            self._hello(unit)
        elif unit.kind is Kind.HTTP:
            self._request(unit)
        elif unit.kind is Kind.DNS:
            self._dns(unit)

    def _hello(self, unit: Unit) -> None:
        hello = client_hello(unit.data, unit.cut)
        if hello.ech:
            self.ech.add(unit.flow_id)
        self.rows.add(
            "tls",
            **place(unit.packet),
            flow_id=unit.flow_id,
            sni=hello.sni,
            alpn=hello.alpn,
            version=hello.version,
            ech=hello.ech,
            truncated=hello.cut,
            versions=hello.versions,
            ciphers=hello.ciphers,
            session_id=hello.session_id,
            ticket=hello.ticket,
            psk=hello.psk,
            early_data=hello.early_data,
            ech_type=hello.ech_type,
            ech_config=hello.ech_config,
            ja4=hello.ja4,
        )
        if hello.sni is not None:
            self._announced(unit, hello.sni, "sni", packed_text(unit.target[0]))

    def _announced(self, unit: Unit, name: str, kind: str, addr: str | None) -> None:
        self.rows.add(
            "names",
            **place(unit.packet),
            client_ip=packed_text(unit.source[0]),
            flow_id=unit.flow_id,
            addr=addr,
            port=unit.target[1],
            name=name,
            kind=kind,
        )

    def _request(self, unit: Unit) -> None:
        request = http.parse(unit.data)
        if request is None:
            return
        self.rows.add(
            "http",
            **place(unit.packet),
            flow_id=unit.flow_id,
            method=request.method,
            host=request.host,
            target=request.target,
            content_length=request.content_length,
            blob_type=request.blob_type,
            head_bytes=len(unit.data),
            version=request.version,
        )
        if request.host is None:
            return
        proxied = http.by_proxy(request.method, request.target)
        kind = "connect" if request.method == "CONNECT" else "http_host"
        self._announced(unit, request.host, kind, None if proxied else packed_text(unit.target[0]))

    def _dns(self, unit: Unit) -> None:
        message = dns.read_message(unit.data, unit.cut)
        serial = self._dns_serial
        self._dns_serial += 1
        source, target = packed_text(unit.source[0]), packed_text(unit.target[0])
        lookups.write(self.rows, unit.packet, message, serial, source, target)
