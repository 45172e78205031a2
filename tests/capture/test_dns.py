"""DNS: answers bound along CNAME chains, hints, bad messages; scapy as a second opinion."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from craft import dns
from craft.direct import Tables, read
from craft.dns import AAAA, CNAME, HTTPS, Record, Service, message
from craft.tcp import EPOCH_NS, Conversation, Host

if TYPE_CHECKING:
    from collections.abc import Sequence

    from craft.packet import Packet

CLIENT, RESOLVER = "10.0.0.5", "192.0.2.53"


def answer(payload: bytes, ts_ns: int = EPOCH_NS) -> Packet:
    return dns.datagram(ts_ns, (RESOLVER, 53), (CLIENT, 40000), payload)


def heard(payload: bytes) -> Tables:
    return read([answer(payload)])


def bound(tables: Tables) -> list[tuple[Any, ...]]:
    return sorted(
        (r["name"], r["addr"], r["kind"], r["ttl_s"], r["chain"]) for r in tables["names"]
    )


# -- what a sound message says --------------------------------------------------------------------


def test_question_and_answer_rows() -> None:
    tables = read(
        dns.lookup(EPOCH_NS, CLIENT, "Www.Example", [Record("www.example", 1, "1.2.3.4", 60)])
    )
    question, reply = tables["dns"]
    assert (question["is_response"], question["answers"], question["malformed"]) == (
        False,
        0,
        False,
    )
    assert (reply["is_response"], reply["answers"], reply["rcode"]) == (True, 1, 0)
    for row in (question, reply):
        assert (row["client_ip"], row["server_ip"], row["transport"]) == (CLIENT, RESOLVER, "udp")
        assert (row["qname"], row["qtype"], row["txid"]) == ("www.example", 1, 0x1234)
    assert tables["dns_answers"] == [
        {
            "dns_id": 1,
            "position": 0,
            "owner": "www.example",
            "type": 1,
            "value": "1.2.3.4",
            "ttl_s": 60,
        }
    ]
    assert bound(tables) == [("www.example", "1.2.3.4", "dns", 60, None)]


def test_the_name_asked_is_bound_along_the_chain_with_the_smallest_ttl() -> None:
    records = [
        Record("c.example", 1, "20.1.1.1", 900),
        Record("a.example", CNAME, "b.example", 30),
        Record("b.example", CNAME, "c.example", 10),
        Record("c.example", 1, "20.1.1.2", 5),
        Record("other.example", 1, "20.9.9.9", 5),
    ]
    tables = heard(message(7, "a.example", 1, records, response=True))
    chain = "b.example>c.example"
    assert bound(tables) == [
        ("a.example", "20.1.1.1", "dns", 10, chain),
        ("a.example", "20.1.1.2", "dns", 5, chain),
    ]
    assert len(tables["dns_answers"]) == 5


@pytest.mark.parametrize(("links", "reached"), [(15, True), (16, False), (200, False)])
def test_chains_have_an_end(links: int, reached: bool) -> None:
    records = [Record(f"n{k}.example", CNAME, f"n{k + 1}.example") for k in range(links)]
    records.append(Record(f"n{links}.example", 1, "20.1.1.1"))
    tables = heard(message(7, "n0.example", 1, records, response=True))
    assert len(tables["names"]) == reached
    assert tables["dns"][0]["malformed"] is False


def test_a_circle_of_cnames_binds_nothing() -> None:
    records = [
        Record("a.example", CNAME, "b.example"),
        Record("b.example", CNAME, "a.example"),
        Record("x.example", 1, "20.1.1.1"),
    ]
    assert heard(message(7, "a.example", 1, records, response=True))["names"] == []


def test_hints_bind_like_addresses() -> None:
    service = Service(1, ".", ("h2",), ("20.1.1.1", "20.1.1.2"), ("2001:db8::1",))
    records = [Record("a.example", HTTPS, service.rdata(), 77)]
    tables = heard(message(7, "a.example", HTTPS, records, response=True))
    assert bound(tables) == [
        ("a.example", "20.1.1.1", "dns_hint", 77, None),
        ("a.example", "20.1.1.2", "dns_hint", 77, None),
        ("a.example", "2001:db8::1", "dns_hint", 77, None),
    ]


def test_an_answer_in_a_question_binds_nothing() -> None:
    raw = bytearray(message(7, "a.example", 1, [Record("a.example", 1, "1.2.3.4")], response=True))
    raw[2] &= 0x7F
    assert heard(bytes(raw))["names"] == []


def test_addresses_of_both_versions() -> None:
    records = [
        Record("a.example", AAAA, "2001:db8::1"),
        Record("a.example", AAAA, "::ffff:1.2.3.4"),
    ]
    tables = heard(message(7, "a.example", AAAA, records, response=True))
    assert {r["addr"] for r in tables["names"]} == {"2001:db8::1", "::ffff:1.2.3.4"}


@pytest.mark.parametrize("rcode", [2, 3, 5])
def test_refusals_are_rows(rcode: int) -> None:
    raw = bytearray(message(7, "a.example", 1, response=True))
    raw[3] |= rcode
    (row,) = heard(bytes(raw))["dns"]
    assert (row["rcode"], row["answers"], row["malformed"]) == (rcode, 0, False)


def test_odd_bytes_in_labels_are_escaped() -> None:
    raw = struct.pack(">HHHHHH", 1, 0, 1, 0, 0, 0) + b"\x05A.\\\x00\xff\x01b\0" + b"\0\1\0\1"
    (row,) = heard(raw)["dns"]
    assert row["qname"] == "a\\046\\092\\000\\255.b"


# -- what breaks the rules ------------------------------------------------------------------------

HEAD = struct.pack(">HHHHHH", 1, 0x8180, 1, 1, 0, 0)
QUESTION = dns.plain_name("a.example") + b"\0\1\0\1"
DATA = struct.pack(">HHIH", 1, 1, 60, 4) + b"\x14\1\1\1"


@pytest.mark.parametrize(
    "owner",
    [
        dns.pointer(len(HEAD) + len(QUESTION)),
        dns.pointer(len(HEAD) + len(QUESTION) + 2),
        dns.pointer(0x3FFF),
        b"\x01a" + dns.pointer(len(HEAD) + len(QUESTION)),
        b"\x40" + b"a" * 64 + b"\0",
        b"\x80\0",
        (b"\x3f" + b"a" * 63) * 4 + b"\0",
        b"\xc0",
    ],
    ids=["itself", "forward", "far", "loop", "64", "reserved", "256", "half"],
)
def test_bad_names_end_the_message(owner: bytes) -> None:
    tables = heard(HEAD + QUESTION + owner + (DATA if len(owner) > 1 else b""))
    (row,) = tables["dns"]
    assert (row["malformed"], row["qname"], row["answers"]) == (True, "a.example", 0)
    assert tables["names"] == []


def test_the_longest_lawful_name() -> None:
    name = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])
    tables = heard(message(7, name, 1, [Record(name, 1, "1.2.3.4")], response=True))
    assert bound(tables) == [(name, "1.2.3.4", "dns", 300, None)]


def test_pointers_that_hop_backwards_are_followed() -> None:
    names = b"\x07example\0" + b"".join(
        b"\x01a" + dns.pointer(12 + (9 if k else 0) + 4 * max(k - 1, 0)) for k in range(20)
    )
    questions = struct.pack(">HHHHHH", 1, 0x8180, 1, 1, 0, 0) + b"\x07example\0\0\1\0\1"
    first = questions + b"\x01b" + dns.pointer(12) + DATA
    assert heard(first)["dns_answers"][0]["owner"] == "b.example"
    assert len(names) > 0


@pytest.mark.parametrize(
    ("questions", "answers", "rows"),
    [(1, 5, 1), (1, 65535, 1), (65535, 1, 0), (2, 1, 0)],
)
def test_counts_that_lie(questions: int, answers: int, rows: int) -> None:
    raw = struct.pack(">HHHHHH", 1, 0x8180, questions, answers, 0, 0) + QUESTION
    raw += dns.pointer(12) + DATA
    tables = heard(raw)
    assert tables["dns"][0]["malformed"] is True
    assert len(tables["dns_answers"]) == rows


@pytest.mark.parametrize("size", [3, 5, 0])
def test_an_address_of_the_wrong_length_is_malformed(size: int) -> None:
    data = struct.pack(">HHIH", 1, 1, 60, size) + bytes(size)
    tables = heard(HEAD + QUESTION + dns.pointer(12) + data)
    assert tables["dns"][0]["malformed"] is True
    assert tables["names"] == []


def test_a_record_that_reaches_behind_the_message() -> None:
    data = struct.pack(">HHIH", 1, 1, 60, 400) + bytes(4)
    assert heard(HEAD + QUESTION + dns.pointer(12) + data)["dns"][0]["malformed"] is True


@pytest.mark.parametrize("size", range(12))
def test_less_than_a_header_is_no_message(size: int) -> None:
    assert heard(HEAD[:size])["dns"] == []


@settings(max_examples=200, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=8),
    cut=st.integers(12, 400),
)
def test_wrong_bytes_never_raise(flips: list[tuple[int, int]], cut: int) -> None:
    records = [
        Record("a.example", CNAME, "b.example"),
        Record("b.example", 1, "20.1.1.1"),
        Record("b.example", HTTPS, Service(1, "x.example", ("h2",), ("1.1.1.1",)).rdata()),
    ]
    raw = bytearray(message(7, "a.example", 1, records, response=True))
    for place, value in flips:
        raw[place % len(raw)] = value
    tables = heard(bytes(raw[:cut]))
    assert "kernel-fault" not in tables.codes
    assert len(tables["dns"]) == 1


# -- a second decoder -----------------------------------------------------------------------------

label = st.from_regex(r"[a-z0-9_-]{1,12}", fullmatch=True)
host = st.lists(label, min_size=1, max_size=5).map(".".join)
address = st.ip_addresses(v=4).map(str)
entry = st.one_of(
    st.builds(Record, host, st.just(1), address, st.integers(0, 2**31 - 1)),
    st.builds(Record, host, st.just(AAAA), st.ip_addresses(v=6).map(str), st.integers(0, 9)),
    st.builds(Record, host, st.just(CNAME), host, st.integers(0, 86400)),
)


def plain(kind: int, value: str) -> str:
    """An address in one spelling: ``::ffff:1.2.3.4`` has two, by the version of Python."""
    return value if kind == CNAME else str(int(ip_address(value)))


def by_scapy(raw: bytes) -> tuple[str, list[tuple[str, int, str, int]]]:
    from scapy.layers.dns import DNS

    decoded = DNS(raw)
    out = []
    for record in decoded.an or []:
        value = record.rdata
        text = value.decode().rstrip(".") if record.type == CNAME else plain(record.type, value)
        out.append((record.rrname.decode().rstrip("."), record.type, text, record.ttl))
    return decoded.qd[0].qname.decode().rstrip("."), out


@settings(max_examples=60, deadline=None)
@example("a", [Record("a", AAAA, "::ffff:0:0", 0)])
@given(qname=host, records=st.lists(entry, max_size=8))
def test_scapy_reads_the_same(qname: str, records: Sequence[Record]) -> None:
    raw = message(7, qname, 1, records, response=True)
    tables = heard(raw)
    mine = [
        (r["owner"], r["type"], plain(r["type"], r["value"]), r["ttl_s"])
        for r in tables["dns_answers"]
    ]
    assert (tables["dns"][0]["qname"], mine) == by_scapy(raw)
    assert tables["dns"][0]["malformed"] is False


# -- over TCP -------------------------------------------------------------------------------------

MESSAGES = [
    message(k, f"n{k}.example", 1, [Record(f"n{k}.example", 1, f"20.0.0.{k}")], response=True)
    for k in range(1, 9)
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 90), max_size=30))
def test_messages_over_tcp_in_any_segments(sizes: list[int]) -> None:
    talk = Conversation(Host(CLIENT, 40000, 1), Host(RESOLVER, 53, 9)).open()
    talk.client(dns.over_tcp(message(1, "n1.example"))).server(dns.over_tcp(*MESSAGES), sizes=sizes)
    tables = read(talk.close().packets())
    assert [r["qname"] for r in tables["dns"]] == ["n1.example"] + [
        f"n{k}.example" for k in range(1, 9)
    ]
    assert {r["transport"] for r in tables["dns"]} == {"tcp"}
    assert [r["addr"] for r in tables["names"]] == [f"20.0.0.{k}" for k in range(1, 9)]
    assert tables.flow["app"] == "dns"


@pytest.mark.parametrize("length", [0, 11, 40_000])
def test_a_length_prefix_that_makes_no_sense_is_counted(length: int) -> None:
    talk = Conversation(Host(CLIENT, 40000, 1), Host(RESOLVER, 53, 9)).open()
    talk.client(struct.pack(">H", length) + bytes(min(length, 20_000)))
    assert read(talk.packets()).codes.get("dns-tcp-length", 0) >= 1


def test_many_names_make_the_store_grow() -> None:
    packets = [
        answer(
            message(
                k & 0xFFFF,
                f"n{k}.example",
                1,
                [Record(f"n{k}.example", 1, "1.2.3.4")],
                response=True,
            ),
            EPOCH_NS + k * 1000,
        )
        for k in range(5000)
    ]
    tables = read(packets)
    assert [r["qname"] for r in tables["dns"]] == [f"n{k}.example" for k in range(5000)]
    assert tables.codes == {}
