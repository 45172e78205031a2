"""Small captures with known content that several tests share.

Addresses are documentation ranges (RFC 5737, RFC 3849) but for servers, which must be globally
routable for the rules to look at them: those are taken from 151.101.0.0/16 at will, and every name
ends in a real service suffix under a label nobody owns.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from craft import dns, http, https, tls
from craft.tcp import EPOCH_NS, Conversation, Host, data_indexes, delay, retransmit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from craft.packet import Packet
    from craft.tcp import Segment

OWN = "acr:quietworks"
OWN_LOGIN = "quietworks.azurecr.io"
FOREIGN_STORE = "leakdepot7.blob.core.windows.net"
OTHER_REGISTRY = "rivalworks.azurecr.io"
REGISTRY_ADDRESS = "151.101.9.10"
STORE_ADDRESS = "151.101.9.36"
SECOND_NS = 1_000_000_000


def agent(number: int) -> str:
    """The number-th build agent."""
    return f"10.77.{number // 200}.{number % 200 + 1}"


def resolve(client: str, name: str, address: str, ts_ns: int, txid: int = 0x2222) -> list[Packet]:
    """One A look-up with the CNAME that Azure services have."""
    kind = dns.AAAA if ":" in address else dns.A
    edge = f"edge.{name}"
    answers = [dns.Record(name, dns.CNAME, edge, 60), dns.Record(edge, kind, address, 30)]
    return dns.lookup(ts_ns, client, name, answers, txid=txid, qtype=kind, port=20000 + txid % 9999)


def merge(*groups: Iterable[Packet]) -> list[Packet]:
    """Packets of several sources in time order."""
    return sorted((p for group in groups for p in group), key=lambda packet: packet.ts_ns)


def upload_session(
    client: str,
    *,
    port: int = 41000,
    name: str = FOREIGN_STORE,
    address: str = STORE_ADDRESS,
    body: int = 30_000,
    start_ns: int = EPOCH_NS,
    tls13: bool = True,
    isn: int = 1_000_000,
) -> https.Session:
    """One PUT of `body` bytes over TLS to a store, answered by a short 201."""
    session = https.connect(
        (client, port), (address, 443), name, start_ns=start_ns, tls13=tls13, isn=(isn, 77_000)
    )
    return session.exchange(400, body, 250).close()


def pull_session(
    client: str,
    *,
    port: int = 42000,
    name: str = OWN_LOGIN,
    address: str = REGISTRY_ADDRESS,
    start_ns: int = EPOCH_NS,
    layers: Sequence[int] = (30_000, 8_000),
) -> https.Session:
    """GETs with tokens in front of downloads, on one connection, with two session tickets."""
    session = https.connect((client, port), (address, 443), name, start_ns=start_ns)
    session.tickets(240, 240)
    for size in layers:
        session.exchange(1_700, 0, size)
    return session.close()


def push_session(
    client: str,
    *,
    port: int = 43000,
    name: str = OWN_LOGIN,
    address: str = REGISTRY_ADDRESS,
    start_ns: int = EPOCH_NS,
    body: int = 60_000,
) -> https.Session:
    """HEAD, POST, PATCH with the layer, PUT: an image push to a registry."""
    session = https.connect((client, port), (address, 443), name, start_ns=start_ns)
    session.exchange(1_500, 0, 300).exchange(1_500, 0, 400)
    session.exchange(1_600, body, 300).exchange(1_600, 0, 300)
    return session.close()


def _torn_upload(start_ns: int) -> list[Packet]:
    """An upload whose ClientHello spans three segments, out of order, with a resend and a wrap."""
    hello = tls.Hello(FOREIGN_STORE, key_share_bytes=1216)
    session = https.connect(
        (agent(1), 41001), (STORE_ADDRESS, 443), None, hello=hello, isn=(2**32 - 9_000, 5),
        start_ns=start_ns, sizes=(500, 500),
    )  # fmt: skip
    talk = session.exchange(400, 14_000, 250).close().conversation
    mine = data_indexes(talk.segments, True)
    segments: list[Segment] = delay(talk.segments, mine[0], 250_000)
    segments = retransmit(segments, mine[8], 900_000)
    return talk.packets(delay(segments, mine[10], 350_000))


def _plain_http(start_ns: int) -> list[Packet]:
    """Two requests on one plain connection, the second a Put Blob with a readable body."""
    talk = Conversation(
        Host(agent(2), 42002, 7_000), Host(STORE_ADDRESS, 80, 8_000), start_ns=start_ns
    )
    talk.open().client(http.request("GET", "/c/list", FOREIGN_STORE)).server(
        http.response(body=b"x" * 900)
    )
    talk.client(http.put_blob(FOREIGN_STORE, "/c/blob", b"y" * 5_000), sizes=(90, 60))
    return talk.server(http.response(201, "Created")).close().packets()


def _dns_over_tcp(start_ns: int) -> list[Packet]:
    """Two answers in one TCP stream to port 53, cut inside the second length prefix."""
    talk = Conversation(Host(agent(3), 42003, 100), Host("192.0.2.53", 53, 200), start_ns=start_ns)
    name = "tcp.quietworks.example"
    answers = [dns.Record(name, dns.A, f"198.51.100.{n}", 60) for n in range(1, 40)]
    first = dns.over_tcp(dns.message(9, name, dns.A, answers, response=True))
    second = dns.over_tcp(dns.message(10, name, dns.A, answers[:2], response=True))
    talk.open().client(dns.over_tcp(dns.message(9, name), dns.message(10, name)))
    return talk.server(first + second, sizes=(len(first) + 1,)).close().packets()


def _joined_late(start_ns: int) -> list[Packet]:
    """An IPv6 upload under way when the capture began: no handshake, no name."""
    session = https.connect(
        ("2001:db8:77::5", 42004), ("2620:1ec:9::36", 443), FOREIGN_STORE, start_ns=start_ns
    )
    talk = session.exchange(400, 9_000, 250).conversation
    return talk.packets(talk.segments[12:])


def _through_a_proxy(start_ns: int) -> list[Packet]:
    """CONNECT to a proxy, then TLS inside the tunnel."""
    talk = Conversation(
        Host(agent(4), 42005, 300), Host("10.77.9.9", 3128, 400), start_ns=start_ns
    ).open()
    talk.client(http.request("CONNECT", f"{FOREIGN_STORE}:443", f"{FOREIGN_STORE}:443"))
    talk.server(http.response(200, "Connection established"))
    session = https.Session(talk).handshake(tls.Hello(FOREIGN_STORE))
    return session.exchange(400, 11_000, 250).close().conversation.packets()


def _refused(start_ns: int) -> list[Packet]:
    """A server that does not like the name."""
    talk = Conversation(
        Host(agent(4), 50004, 10), Host("198.51.100.9", 443, 20), start_ns=start_ns
    ).open()
    hello = tls.client_hello(tls.Hello("refused.example"))
    return talk.client(tls.handshake_records(hello)).server(tls.alert(2, 112)).close().packets()


def everything() -> list[Packet]:
    """About 170 packets with one of each: what any cut of a capture has to survive."""
    at = EPOCH_NS
    pull = pull_session(agent(0), start_ns=at + 5_000_000, layers=(9_000, 3_000))
    parts = merge(
        resolve(agent(0), OWN_LOGIN, REGISTRY_ADDRESS, at, 0x101),
        resolve(agent(1), FOREIGN_STORE, STORE_ADDRESS, at + 100_000, 0x102),
        pull.conversation.packets(),
        _torn_upload(at + 5_050_000),
        _plain_http(at + 5_020_000),
        _dns_over_tcp(at + 5_030_000),
        _joined_late(at + 5_010_000),
        _through_a_proxy(at + 5_040_000),
        _refused(at + 5_060_000),
    )
    return retimed(parts)


def retimed(packets: Sequence[Packet], step_ns: int = 50_000) -> list[Packet]:
    """The same packets in the same order, no two at the same time."""
    return [replace(packet, ts_ns=EPOCH_NS + i * step_ns) for i, packet in enumerate(packets)]
