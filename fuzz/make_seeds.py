"""Writes the committed seeds, from the same builders as the tests: ``python fuzz/make_seeds.py``.

A seed shows the fuzzer a shape that it would not find by itself in a night: a handshake, a tunnel,
a compressed file. What a later fuzzing run adds lies in ``fuzz/kept`` and is not committed.
"""

from __future__ import annotations

import gzip
import struct
import sys
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]

from harness import script  # noqa: E402

from craft import (  # noqa: E402
    archives,
    certificates,
    dns,
    h2,
    http,
    pcap,
    pcapng,
    quic,
    scenes,
    tls,
    tunnels,
)

Seeds = dict[str, bytes]
NAME = "store.blob.core.windows.net"


def containers() -> Seeds:
    """One small capture in every container that is read."""
    packets = scenes.resolve(scenes.agent(0), NAME, "192.0.2.7", 10**18)
    blocks = [
        pcapng.section(),
        pcapng.interface(pcapng.Interface()),
        pcapng.custom(b"whatever"),
        *(pcapng.enhanced(packet, pcapng.Interface()) for packet in packets),
        pcapng.name_resolution([(b"\xc0\0\2\7", NAME)]),
        pcapng.interface_statistics(0),
    ]
    plain = pcap.write_pcap(packets)
    return {
        "pcap": plain,
        "pcap-big-nano": pcap.write_pcap(packets, order="big", nano=True),
        "pcapng": b"".join(blocks),
        "pcapng-big": pcapng.write_pcapng(packets, order="big"),
        "gzip": gzip.compress(plain, mtime=0),
        "cut": plain[:-7],
    }


def all_archives() -> Seeds:
    """tar and zip with every kind of member, well-formed and not."""
    plain = pcap.write_pcap(scenes.resolve(scenes.agent(0), NAME, "192.0.2.7", 10**18))
    members = [("d/a.pcap", plain), ("note", b"text"), ("b.gz", gzip.compress(plain, mtime=0))]
    tar = archives.tar(members, 0)
    packed, crc = archives.deflate(plain), zlib.crc32(plain)
    streamed = archives.local(b"s", packed, len(plain), crc, flags=8)
    secret = archives.local(b"e", packed, len(plain), crc, flags=1)
    entries = [
        archives.listed(b"s", len(packed), len(plain), crc, 0, 8),
        archives.listed(b"e", len(packed), len(plain), crc, len(streamed), 1),
        archives.listed(b"again", len(packed), len(plain), crc, 0, 8),
    ]
    odd = [
        archives.entry(b"pax", b"13 path=p.x\n22 GNU.sparse.major=1\n", b"x"),
        archives.entry(b"a", plain),
        archives.entry(b"long", b"n" * 300 + b"\0", b"L"),
        archives.entry(b"b", plain),
        archives.header(b"link", 0, b"2"),
        archives.entry(b"hole", b"x" * 40, b"S"),
        archives.END,
    ]
    return {
        "tar-ustar": tar,
        "tar-pax": archives.tar([("n" * 300, plain)], 2),
        "tar-odd": b"".join(odd),
        "tar-gzip": gzip.compress(tar, mtime=0),
        "tar-in-zip": archives.zipped([("t", tar)]),
        "zip": archives.zipped(members),
        "zip-odd": streamed + secret + archives.ending(entries, len(streamed + secret)),
        "zip-cut": streamed + secret,
    }


def all_frames() -> Seeds:
    """Link layers around one look-up."""
    (query, _) = scenes.resolve(scenes.agent(0), NAME, "192.0.2.7", 10**18)
    inner = query.data[14:]
    udp = struct.pack(">HHHH", 50000, 4789, 16 + len(query.data), 0)
    vxlan = udp + b"\x08\0\0\0\0\0\x2a\0" + query.data
    outer = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(vxlan), 1, 0, 64, 17, 0)
    gre = struct.pack(">BBHHHBBH", 0x45, 0, 24 + len(inner), 1, 0, 64, 47, 0)
    ends = bytes((192, 0, 2, 1, 192, 0, 2, 2))
    ether = bytes(12) + b"\x08\0"
    pieces = tunnels.fragments(tunnels.vxlan(query.data), 32)
    extra = {
        f"wrapped-{wrap.name}": b"\0" + script((0, wrap.make(query.data)))
        for wrap in tunnels.WRAPS
        if wrap.linktype == 1 and wrap.name not in ("vxlan", "teredo")
    }
    first = query.data[:20] + b"\x20\0" + query.data[22:42]
    return extra | {
        "fragments": b"\0" + script(*((0, piece) for piece in pieces)),
        "aggregate": b"\6" + script((0, tunnels.aggregate(query.data, query.data))),
        "prism": b"\x14" + script((0, tunnels.prism(query.data))),
        "ppi": b"\x17" + script((0, tunnels.ppi(query.data))),
        "pktap": b"\x0e" + script((0, tunnels.pktap(query.data))),
        "ethernet": b"\0" + script((0, query.data), (0, bytes(12) + b"\x81\0\0\5\x08\0" + inner)),
        "vxlan": b"\0" + script((0, ether + outer + ends + vxlan)),
        "gre": b"\0" + script((0, ether + gre + ends + b"\0\0\x08\0" + inner)),
        "mpls": b"\0" + script((0, bytes(12) + b"\x88\x47\0\1\1\x40" + inner)),
        "pppoe": b"\0" + script((0, bytes(12) + b"\x88\x64\x11\0\0\1\0\x40\0\x21" + inner)),
        "fragment": b"\0" + script((0, first)),
        "null": b"\1" + script((0, b"\2\0\0\0" + inner)),
        "ppp": b"\2" + script((0, b"\xff\x03\0\x21" + inner)),
        "raw": b"\5" + script((0, inner)),
        "wifi": b"\6" + script((0, b"\x08\1" + bytes(22) + b"\xaa\xaa\3\0\0\0\x08\0" + inner)),
        "sll": b"\x08" + script((0, bytes(14) + b"\x08\0" + inner)),
        "radiotap": b"\x09" + script((0, b"\0\0\x08\0\0\0\0\0\x08\1" + bytes(22) + inner)),
        "nflog": b"\x0d" + script((0, b"\2\0\0\0" + struct.pack("<HH", len(inner) + 4, 9) + inner)),
        "sll2": b"\x0f" + script((0, b"\x08\0" + bytes(18) + inner)),
    }


def dns_messages() -> Seeds:
    """Questions, answers of each kind, a loop."""
    asked, answered = scenes.resolve(scenes.agent(0), NAME, "192.0.2.7", 10**18)
    question, answer = asked.data[42:], answered.data[42:]
    over = b"".join(struct.pack(">H", len(m)) + m for m in (question, answer))
    return {
        "lookup": script((0, question), (1, answer)),
        "loop": script((1, dns.looping_answer(7, NAME))),
        "tcp": script((0, over[:9]), (0, over[9:40]), (1, over[40:])),
    }


def tls_sessions() -> Seeds:
    """A handshake in one piece and in several, out of order, with ECH."""
    hello = tls.client_hello(tls.Hello(sni=NAME))
    whole = tls.handshake_records(hello)
    split = tls.handshake_records(hello, (40, 60))
    ech = tls.handshake_records(tls.client_hello(tls.Hello(sni=NAME, ech="real")))
    flight = tls.server_flight(900)
    after = tls.client_finished() + tls.application(4000)
    twelve = tls.handshake_records(tls.client_hello(tls.Hello(sni=NAME, versions=())))
    return {
        "whole": script((0, whole), (1, flight), (0, after)),
        "pieces": script((0, split[:70]), (4, split[70:]), (1, flight), (0, after[:900])),
        "ech": script((0, ech), (1, flight)),
        "twelve": script((0, twelve), (1, tls.server_flight(900, tls13=False)), (0, after)),
        "holes": script((0, whole), (1, flight), (16, after), (2, after)),
        **server_sides(whole),
    }


def server_sides(hello: bytes) -> Seeds:
    """What servers answer: a chain in pieces, a retry, a resumed session, alerts."""
    choice = tls.Choice(tls.TLS12, 0xC02F, alpn="h2", session_id=bytes(32), ticket=True)
    leaf = certificates.issue(NAME, [NAME])
    shown = tls.server_hello(choice) + tls.certificate_message(leaf, leaf) + tls.HELLO_DONE
    chain = tls.handshake_records(shown, (50, 200))
    retry = tls.handshake_records(tls.server_hello(tls.Choice(retry=True)))
    resumed = tls.handshake_records(tls.server_hello(choice)) + tls.record(20, b"\1")
    torn = tls.handshake_records(shown, (1, 2, 3, 40))
    return {
        "chain": script((0, hello), (1, chain[:300]), (1, chain[300:])),
        "chain-torn": script((0, hello), (1, torn[90:]), (5, torn[:90])),
        "retry": script((0, hello), (1, retry), (0, hello), (1, tls.server_flight(900))),
        "resumed": script((0, hello), (1, resumed)),
        "refused": script((0, hello), (1, tls.alert(2, 40))),
        "warned": script((0, hello), (1, tls.alert(1, 112) + chain), (0, tls.alert(2, 48))),
    }


def certificate_bytes() -> Seeds:
    """Certificates with names, addresses, text that needs care, and none."""
    return {
        "names": certificates.issue(NAME, [NAME, "*.example"], addresses=["192.0.2.7"]),
        "text": certificates.issue("a\x1b[1m\u202e", ["x,y", "\0"], issuer="a,b"),
        "bare": certificates.issue("", []),
        "indefinite": b"\x30\x80\x30\x80\0\0\0\0",
    }


def http_sessions() -> Seeds:
    """Requests that are pipelined, chunked, tunnelled."""
    put = http.put_blob(NAME, "/c/b?sig=x", b"z" * 300)
    get = b"GET /v2/ HTTP/1.1\r\nHost: a.example\r\n\r\n"
    chunked = b"POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunked += http.chunked(b"abc", b"d" * 40)
    connect = b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n"
    hello = tls.handshake_records(tls.client_hello(tls.Hello(sni=NAME)))
    return {
        "pipelined": script((0, get + put + get), (1, http.response() * 3)),
        "chunked": script((0, chunked[:60]), (0, chunked[60:] + get), (1, http.response())),
        "connect": script((0, connect), (1, b"HTTP/1.1 200 OK\r\n\r\n"), (0, hello)),
        "socks": script(
            (0, b"\5\1\0"), (1, b"\5\0"), (0, b"\5\1\0\3\x09a.example\1\xbb"), (0, hello)
        ),
        "proxy": script((0, b"PROXY TCP4 10.0.0.1 10.0.0.2 5 443\r\n" + get)),
        "h2c": script((0, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\4" + bytes(5))),
        "websocket": script(
            (0, get[:-2] + b"Upgrade: websocket\r\n\r\n"), (1, b"HTTP/1.1 101 X\r\n\r\n")
        ),
    }


def http_answers() -> Seeds:
    """Answers of every framing to the requests that the target sends first."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + http.chunked(b"abc", b"d")
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n"
    refused = http.response(403, "No", b"no")
    get = b"GET /d HTTP/1.1\r\n\r\n"
    return {
        "all": script((1, head + chunked), (1, b"HTTP/1.1 100 Go\r\n\r\n"), (0, b"123456789")),
        "refused": script((1, head), (1, chunked + refused), (0, get), (1, http.response())),
        "close": script((1, head + b"HTTP/1.0 200 OK\r\n\r\nHTTP/1.1 500 no\r\n\r\n")),
        "gap": script((1, head), (17, chunked), (1, refused), (0, get), (1, http.response())),
    }


def h2_sessions() -> Seeds:
    """Streams of an encoder with a dynamic table, whole and torn."""
    up, down = h2.Side(), h2.Side()
    fields = [(":method", "PUT"), (":authority", NAME), (":path", "/c?sig=x"), ("a", "b" * 90)]
    said = h2.settings(4096) + up.headers(1, fields, pieces=2) + h2.data(1, b"x" * 70, end=True)
    said += up.headers(3, fields, priority=True, padding=3)
    told = h2.settings(0) + down.headers(1, [(":status", "201"), ("server", "s")], end=True)
    reset = h2.frame(3, 0, 3, bytes(4)) + h2.frame(7, 0, 0, bytes(8))
    return {
        "whole": script((0, said), (1, told), (0, reset)),
        "torn": script((0, said[:40]), (4, said[40:90]), (0, said[90:]), (1, told)),
        "promise": script(
            (0, said),
            (
                1,
                h2.frame(5, 4, 1, bytes(4) + b"\x82"),
            ),
            (1, told),
        ),
    }


def preambles() -> Seeds:
    """SOCKS of each version and PROXY of both, with TLS or HTTP behind."""
    hello = tls.handshake_records(tls.client_hello(tls.Hello(sni=NAME)))
    get = b"GET /v2/ HTTP/1.1\r\nHost: a.example\r\n\r\n"
    v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes((10, 0, 0, 1, 10, 0, 0, 2, 0, 5, 1, 187))
    user = b"\1\3bob\3pwd"
    return {
        "socks4a": script((0, b"\4\1\1\xbb\0\0\0\1me\0a.example\0" + hello)),
        "socks5": script((0, b"\5\2\0\2"), (0, user), (0, b"\5\1\0\1\1\2\3\4\1\xbb"), (0, get)),
        "proxy1": script((0, b"PROXY TCP6 ::1 ::2 5 443\r\n" + hello)),
        "proxy2": script((0, v2[:9]), (0, v2[9:] + get), (1, http.response())),
    }


def starttls_sessions() -> Seeds:
    """TLS that begins inside other protocols."""
    hello = tls.handshake_records(tls.client_hello(tls.Hello(sni=NAME)))
    flight = tls.server_flight(900, tls13=False)
    smtp = ((1, b"220 hi\r\n"), (0, b"EHLO x\r\nSTARTTLS\r\n"), (1, b"220 go\r\n"))
    postgres = b"\0\0\0\x08\x04\xd2\x16\x2f"
    return {
        "smtp": script(*smtp, (0, hello), (1, flight)),
        "smtp-torn": script(*smtp, (0, hello[:50]), (4, hello[50:])),
        "postgres": script((0, postgres), (1, b"S"), (0, hello)),
        "postgres-joined": script((0, postgres + hello), (1, b"S"), (1, flight)),
        "mysql": script((0, b"\x20\0\0\1" + bytes(32) + hello), (1, flight)),
        "server-torn": script(*smtp, (0, hello), (1, flight[80:]), (5, flight[:80])),
    }


def quic_datagrams() -> Seeds:
    """Handshakes: one Initial, several, version 2, Retry, negotiation; and what follows."""
    hello = tls.client_hello(tls.Hello(sni=NAME, alpn=("h3",)))
    big = tls.client_hello(tls.Hello(sni=NAME, key_share_bytes=1216, ech="real"))
    first, second = quic.opening(big, pieces=2)
    again = quic.opening(hello, dcid=b"newid", token=b"token")[0]
    old = quic.opening(hello, version=quic.DRAFT_29)[0]
    return {
        "initial": script((0, quic.opening(hello)[0])),
        "pieces": script((0, second), (0, first)),
        "coalesced": script((0, quic.initial(quic.Initial(quic.crypto(0, hello))) + second)),
        "version-two": script((0, quic.opening(hello, version=quic.V2)[0])),
        "retry": script((0, first), (1, quic.retry(b"newid")), (0, again)),
        "negotiation": script((0, old), (1, quic.negotiation([quic.V1])), (0, again)),
        "handshake": script(*quic.established(hello)),
        "zero-rtt": script((0, quic.opening(hello)[0]), *[(0, quic.zero_rtt(900))] * 9),
        "short": script((0, quic.short(41)), (1, quic.short(1200))),
        "google": script((0, b"\x0d" + bytes(8) + b"Q043" + bytes(300))),
    }


def quic_frame_lists() -> Seeds:
    """Frames as they stand inside an Initial."""
    hello = tls.client_hello(tls.Hello(sni=NAME, alpn=("h3",)))
    cut = quic.crypto(90, hello[90:]) + b"\1" + quic.ack(3, [(0, 1)]) + quic.crypto(0, hello[:90])
    return {
        "hello": script((0, quic.crypto(0, hello))),
        "scrambled": script((0, cut)),
        "two": script(
            (0, quic.crypto(200, hello[200:])), (0, bytes(30) + quic.crypto(0, hello[:200]))
        ),
        "google": script((2, b"\x08" + quic.crypto(0, hello)[1:])),
        "close": script((0, quic.crypto(0, hello[:50]) + b"\x1c\0\0\0")),
    }


KINDS = {
    "container": containers,
    "archive": all_archives,
    "frames": all_frames,
    "dns": dns_messages,
    "tls": tls_sessions,
    "certificate": certificate_bytes,
    "http": http_sessions,
    "answers": http_answers,
    "h2": h2_sessions,
    "preambles": preambles,
    "starttls": starttls_sessions,
    "quic": quic_datagrams,
    "quic_frames": quic_frame_lists,
}


def main() -> None:
    """Renews every seed."""
    for kind, make in KINDS.items():
        folder = HERE / "seeds" / kind
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, data in make().items():
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
