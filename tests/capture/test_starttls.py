"""TLS that begins inside another protocol: the name, and what counts as payload.

The dialogues follow RFC 3207 (SMTP), RFC 9051 (IMAP), RFC 2595 (POP3), RFC 6120 (XMPP), RFC 4511
section 4.14 (LDAP), RFC 4217 (FTP), and the message formats of PostgreSQL and MySQL.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craft import tls
from craft.direct import read
from craft.tcp import Conversation, Host

if TYPE_CHECKING:
    from craft.tcp import Segment

NAME = "mail.example"
HELLO = tls.handshake_records(tls.client_hello(tls.Hello(NAME, key_share_bytes=1216)))
BODY = 50_000
MYSQL_GREETING = b"\x4a\0\0\0\x0a8.0.36\0" + bytes(66)
MYSQL_REQUEST = b"\x20\0\0\x01\x85\xae\xff\x19" + b"\0\0\0\x01\xff" + bytes(23)
XMPP = b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' to='x.example' version='1.0'>"
EXTENDED = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + b"1.3.6.1.4.1.1466.20037"

# (sender, bytes): 0 the client, 1 the server
DIALOGUES = {
    "smtp": [
        (1, b"220 mail.example ESMTP\r\n"), (0, b"EHLO agent.example\r\n"),
        (1, b"250-mail.example\r\n250-SIZE 35882577\r\n250 STARTTLS\r\n"), (0, b"STARTTLS\r\n"),
        (1, b"220 2.0.0 Ready to start TLS\r\n"),
    ],
    "imap": [
        (1, b"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n"),
        (0, b"a001 CAPABILITY\r\n"), (1, b"* CAPABILITY IMAP4rev1 STARTTLS\r\na001 OK\r\n"),
        (0, b"a002 STARTTLS\r\n"), (1, b"a002 OK Begin TLS negotiation now\r\n"),
    ],
    "pop3": [(1, b"+OK ready\r\n"), (0, b"STLS\r\n"), (1, b"+OK Begin TLS\r\n")],
    "xmpp": [
        (0, XMPP), (1, XMPP + b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'>"
                    b"<required/></starttls></stream:features>"),
        (0, b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
        (1, b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
    ],
    "postgresql": [(0, b"\0\0\0\x08\x04\xd2\x16\x2f"), (1, b"S")],
    "ldap": [(0, EXTENDED), (1, b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\0\x04\0\x04\0")],
    "mysql": [(1, MYSQL_GREETING), (0, MYSQL_REQUEST)],
    "ftp": [(1, b"220 FTP\r\n"), (0, b"AUTH TLS\r\n"), (1, b"234 Proceed with negotiation.\r\n")],
}  # fmt: skip
PORTS = {"smtp": 587, "imap": 143, "pop3": 110, "xmpp": 5222, "postgresql": 5432, "ldap": 389,
         "mysql": 3306, "ftp": 21}  # fmt: skip


def opened(protocol: str, *, hello: bool = True) -> Conversation:
    talk = Conversation(Host("10.0.0.5", 40000, 7), Host("20.60.1.4", PORTS[protocol], 900)).open()
    for sender, data in DIALOGUES[protocol]:
        talk.send(not sender, data)
    return talk.client(HELLO) if hello else talk


def upload(talk: Conversation, *, tls13: bool = True) -> Conversation:
    talk.server(tls.server_flight(3000, tls13=tls13)).client(tls.client_finished(tls13=tls13))
    if not tls13:
        talk.server(tls.server_finished_tls12())
    talk.client(tls.application(BODY, tls13=tls13))
    return talk.server(tls.application(100, tls13=tls13)).close()


@pytest.mark.parametrize("tls13", [True, False], ids=["tls13", "tls12"])
@pytest.mark.parametrize("protocol", DIALOGUES)
def test_name_and_payload(protocol: str, tls13: bool) -> None:
    tables = read(upload(opened(protocol), tls13=tls13).packets())
    assert [r["sni"] for r in tables["tls"]] == [NAME]
    assert [r["version"] for r in tables["tls_server"]] == [772 if tls13 else 771]
    flow = tables.flow
    assert (flow["app"], flow["resp_port"], flow["upload_turns"]) == ("tls", PORTS[protocol], 1)
    assert abs(flow["upload_app_bytes"] - (BODY - 400)) <= 100
    assert abs(flow["orig_app_bytes"] - BODY) <= 100
    assert abs(flow["resp_app_bytes"] - 100) <= 30


@pytest.mark.parametrize("protocol", DIALOGUES)
def test_the_client_alone(protocol: str) -> None:
    talk = upload(opened(protocol))
    tables = read(talk.packets([s for s in talk.segments if s.from_client]))
    assert [r["sni"] for r in tables["tls"]] == [NAME]
    assert abs(tables.flow["upload_app_bytes"] - (BODY - 400)) <= 1100


@pytest.mark.parametrize("protocol", ["mysql", "postgresql"])
def test_request_and_hello_in_one_segment(protocol: str) -> None:
    """Their clients need not wait, or a middlebox joins their writes."""
    talk = opened(protocol, hello=False)
    requests = [s for s in talk.segments if s.payload and s.from_client]
    last = requests[-1]
    again = Conversation(talk.client_host, talk.server_host).open()
    for sender, data in DIALOGUES[protocol]:
        if data != last.payload:
            again.send(not sender, data)
    again.client(last.payload + HELLO, sizes=[1400])
    flow = (tables := read(upload(again).packets())).flow
    assert [r["sni"] for r in tables["tls"]] == [NAME]
    assert (flow["app"], flow["upload_turns"]) == ("tls", 1)
    assert abs(flow["upload_app_bytes"] - (BODY - 400)) <= 100
    assert abs(flow["orig_app_bytes"] - BODY) <= 100


def shuffled(segments: list[Segment], chosen: list[int], order: tuple[int, ...]) -> list[Segment]:
    times = [segments[k].ts_ns for k in chosen]
    out = list(segments)
    for place, source in enumerate(order):
        out[chosen[source]] = replace(segments[chosen[source]], ts_ns=times[place])
    return out


@settings(max_examples=120, deadline=None)
@given(
    protocol=st.sampled_from(sorted(DIALOGUES)),
    sizes=st.lists(st.integers(1, 700), max_size=7),
    data=st.data(),
)
def test_the_hello_in_any_pieces_and_order(
    protocol: str, sizes: list[int], data: st.DataObject
) -> None:
    talk = opened(protocol, hello=False)
    before = len(talk.segments)
    talk.client(HELLO, sizes=sizes)
    chosen = [k for k, s in enumerate(talk.segments) if s.payload and k >= before]
    order = tuple(data.draw(st.permutations(range(len(chosen)))))
    end = talk.now
    upload(talk)
    tables = read(talk.packets(shuffled(talk.segments, chosen, order)))
    assert talk.now > end
    assert [r["sni"] for r in tables["tls"]] == [NAME]
    assert tables["tls"][0]["truncated"] is False
    assert abs(tables.flow["orig_app_bytes"] - BODY) <= 100


@settings(max_examples=60, deadline=None)
@given(sizes=st.lists(st.integers(1, 900), max_size=6), data=st.data())
def test_the_servers_flight_in_any_pieces_and_order(sizes: list[int], data: st.DataObject) -> None:
    talk = opened("smtp")
    before = len(talk.segments)
    talk.server(tls.server_flight(3000, tls13=False), sizes=sizes)
    chosen = [k for k, s in enumerate(talk.segments) if s.payload and k >= before]
    order = tuple(data.draw(st.permutations(range(len(chosen)))))
    tables = read(talk.packets(shuffled(talk.segments, chosen, order)))
    (row,) = tables["tls_server"]
    assert (row["version"], row["cipher"], row["truncated"]) == (771, 0xC02F, False)
    assert row["cert_sha256"] is not None


def test_a_long_dialogue_in_clear_is_no_handshake() -> None:
    """Mail that is sent in clear and loses a segment stays what it is."""
    talk = opened("smtp", hello=False)
    talk.client(b"DATA\r\n").client(b"x" * 20_000).server(b"250 OK\r\n").close()
    lost = [k for k, s in enumerate(talk.segments) if s.payload and s.from_client][3]
    flow = (
        tables := read(talk.packets([s for k, s in enumerate(talk.segments) if k != lost]))
    ).flow
    assert (flow["app"], tables["tls"], tables.codes) == (None, [], {})
    assert (flow["upload_turns"], flow["orig_app_bytes"]) == (1, None)
