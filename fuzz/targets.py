"""The fuzz targets, one per protocol: what is done with the fuzzer's bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import analyse, capture_of, conversation, datagram, parts, script

if TYPE_CHECKING:
    from collections.abc import Callable


def container(data: bytes) -> None:
    """The bytes are a file: pcap, pcapng, gzip, or nothing at all."""
    analyse(data)


def frames(data: bytes) -> None:
    """The first byte chooses the link type, then each part is a frame."""
    link_types = (1, 0, 9, 50, 51, 101, 105, 108, 113, 127, 149, 228, 229, 239, 258, 276)
    if data:
        bodies = [body for _, body in parts(data[1:])]
        analyse(capture_of(bodies, link_types[data[0] % len(link_types)]))


def dns(data: bytes) -> None:
    """Each part is a DNS message over UDP; then all of them over TCP."""
    messages = list(parts(data))
    analyse(capture_of([datagram(body, 53, not flags & 1) for flags, body in messages]))
    analyse(conversation(data, 53))


def tls(data: bytes) -> None:
    """The parts are the segments of a conversation on port 443."""
    analyse(conversation(data, 443))


def certificate(data: bytes) -> None:
    """The bytes are the certificate that a TLS 1.2 server shows."""
    der = data[:15000]
    chain = (len(der) + 3).to_bytes(3, "big") + len(der).to_bytes(3, "big") + der
    hello = b"\2\0\0\x26\3\3" + bytes(33) + b"\xc0\x2f\0"
    message = hello + b"\x0b" + len(chain).to_bytes(3, "big") + chain
    record = b"\x16\3\3" + len(message).to_bytes(2, "big") + message
    rows = analyse(conversation(script((0, b"\x16\3\1\0\5\1"), (1, record)), 443))
    (shown,) = rows["tls_server"]
    for text in (shown["cert_subject"], shown["cert_names"], shown["cert_issuer"]):
        assert text is None or (text.isascii() and text.isprintable()), text


def http(data: bytes) -> None:
    """The parts are the segments of a conversation on port 80."""
    analyse(conversation(data, 80))


def starttls(data: bytes) -> None:
    """The parts are the segments of a conversation on port 25."""
    analyse(conversation(data, 25))


def quic(data: bytes) -> None:
    """Each part is a datagram on port 443."""
    bodies = [datagram(body, 443, not flags & 1) for flags, body in parts(data)]
    analyse(capture_of(bodies))


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (container, frames, dns, tls, certificate, http, starttls, quic)
}
