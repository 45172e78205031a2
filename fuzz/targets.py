"""The fuzz targets, one per protocol: what is done with the fuzzer's bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import analyse, boxed, capture_of, conversation, datagram, parts, script

if TYPE_CHECKING:
    from collections.abc import Callable

GOOGLE = 0x54303531


def container(data: bytes) -> None:
    """The bytes are a file: pcap, pcapng, gzip, or nothing at all."""
    analyse(data)


def archive(data: bytes) -> None:
    """The bytes are a tar or a zip; as they are, and as a member of a compressed tar."""
    analyse(data)
    analyse(boxed(data))


def frames(data: bytes) -> None:
    """The first byte chooses the link type, then each part is a frame."""
    link_types = (1, 0, 9, 50, 51, 101, 105, 108, 113, 127, 149, 228, 229, 239, 258, 276)
    link_types += (10, 104, 109, 117, 119, 163, 166, 192, 204, 226, 242, 274, 281, 282, 284, 285)
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


def answers(data: bytes) -> None:
    """Four pipelined requests, then the parts; a server's are answers to them."""
    asked = b"HEAD /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nPUT /c HTTP/1.1\r\nExpect: x\r\n"
    asked += b"Content-Length: 9\r\n\r\n"
    analyse(conversation(script((0, asked)) + data, 80))


def h2(data: bytes) -> None:
    """HTTP/2 with prior knowledge: the parts are what both sides say behind the preface."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    analyse(conversation(script((0, preface)) + data, 80))


def preambles(data: bytes) -> None:
    """The parts are the segments of a conversation on port 1080: SOCKS or PROXY first."""
    analyse(conversation(data, 1080))


def starttls(data: bytes) -> None:
    """The parts are the segments of a conversation on port 25."""
    analyse(conversation(data, 25))


def quic(data: bytes) -> None:
    """Each part is a datagram on port 443."""
    bodies = [datagram(body, 443, not flags & 1) for flags, body in parts(data)]
    analyse(capture_of(bodies))


def quic_frames(data: bytes) -> None:
    """Each part is what an Initial holds: it is sealed, so that fuzzing gets behind the tag.

    Flag bit 2 takes a version of Google's, which has frames of its own.
    """
    from craft import quic as craft

    bodies = [
        datagram(
            craft.initial(craft.Initial(body[:1200], version=GOOGLE if flags & 2 else craft.V1)),
            443,
            not flags & 1,
        )
        for flags, body in parts(data)
    ]
    analyse(capture_of(bodies))


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (
        *(container, archive, frames, dns, tls, certificate, http, answers, h2, preambles),
        *(starttls, quic, quic_frames),
    )
}
