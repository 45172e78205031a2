"""IP fragments: put together, bounded, and counted when something is missing or contradicts."""

from __future__ import annotations

import pickle
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.capture import fragments as unit
from analyzer.capture.engine import Engine
from analyzer.capture.fragments import Fragments, Place
from analyzer.capture.handover import resume, suspend
from analyzer.capture.merge import Merge
from analyzer.inputs.discover import discover
from craft import direct, frames, scenes, tunnels
from craft.packet import Packet
from craft.pcap import write_pcap
from craft.pcapng import Interface, write_pcapng
from craft.tcp import EPOCH_NS

if TYPE_CHECKING:
    from collections.abc import Callable

SCENE = [p for p in scenes.everything() if p.data[12:14] == b"\x08\x00"]
BODY = bytes(range(256)) * 8
SOURCE, TARGET = "10.1.1.1", "20.2.2.2"
SECOND = 10**9


def count(pool: Fragments, code: str) -> int:
    return sum(issue.count for issue in pool.issues() if issue.code == code)


def shattered(
    size: int, wrap: Callable[[bytes], bytes] = lambda f: f, order: int = 1
) -> list[Packet]:
    """The scene with every packet in fragments, forwards (1) or backwards (-1)."""
    out = []
    for number, packet in enumerate(SCENE):
        pieces = tunnels.fragments(packet.data, size, ident=number + 1, wrap=wrap)
        for k, data in enumerate(pieces[::order]):
            out.append(replace(packet, ts_ns=packet.ts_ns + k, data=data))
    return out


def comparable(tables: direct.Tables) -> dict[str, list[dict[str, object]]]:
    """Rows but for times, numbers of packets and flows, and what is around the packets."""
    gone = {"ts_ns", "start_ns", "end_ns", "packet", "first_packet", "last_packet"}
    gone |= {"outer_orig_ip", "outer_resp_ip", "encapsulation"}
    number = {row["flow_id"]: k for k, row in enumerate(tables["flows"])}
    return {
        table: [
            {k: number.get(v) if k == "flow_id" else v for k, v in row.items() if k not in gone}
            for row in rows
        ]
        for table, rows in tables.comparable().items()
    }


@pytest.fixture(scope="module")
def plain() -> direct.Tables:
    return direct.read(SCENE)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("size", [8, 200, 1000])
def test_fragments_give_the_tables_of_the_whole(size, order, plain):
    read = direct.read(shattered(size, order=order))
    assert comparable(read) == comparable(plain)
    assert read.codes == {}


@pytest.mark.parametrize("wrap", [tunnels.vxlan, tunnels.erspan3, tunnels.mpls, tunnels.pppoe])
def test_fragments_inside_a_tunnel(wrap, plain):
    read = direct.read(shattered(160, wrap))
    assert comparable(read) == comparable(plain)
    assert read["flows"][0]["encapsulation"] is not None


@pytest.mark.parametrize("make", [tunnels.vxlan, tunnels.gre, tunnels.ip_in_ip, tunnels.gtp])
def test_a_tunnel_inside_fragments(make, plain):
    packets = []
    for number, packet in enumerate(SCENE):
        for k, data in enumerate(tunnels.fragments(make(packet.data), 240, ident=number + 1)):
            packets.append(replace(packet, ts_ns=packet.ts_ns + k, data=data))
    read = direct.read(packets)
    assert comparable(read) == comparable(plain)
    assert {row["outer_orig_ip"] for row in read["flows"]} == {tunnels.A}


def test_fragments_of_fragments(plain):
    packets = []
    for number, packet in enumerate(SCENE):
        for j, inner in enumerate(tunnels.fragments(packet.data, 400, ident=number + 1)):
            outer = tunnels.fragments(tunnels.vxlan(inner), 160, ident=number * 20 + j + 1)
            packets += [
                replace(packet, ts_ns=packet.ts_ns + 100 * j + k, data=d)
                for k, d in enumerate(outer)
            ]
    assert comparable(direct.read(packets)) == comparable(plain)


def six(body: bytes, size: int, *, extensions: tuple[int, ...] = (), ident: int = 9) -> list[bytes]:
    """An IPv6 UDP datagram in fragments, extension headers in front of the fragment header."""
    whole = frames.udp("2001:db8::1", "2001:db8::2", (40000, 2000), body)
    out = []
    for at in range(0, len(whole), size):
        head = frames.fragment_header(17, at, at + size < len(whole), ident)
        out.append(
            frames.ethernet(
                frames.ipv6(
                    "2001:db8::1", "2001:db8::2", 44, head + whole[at : at + size],
                    extensions=extensions,
                ),
                0x86DD,
            )
        )  # fmt: skip
    return out


@pytest.mark.parametrize("extensions", [(), (0,), (0, 60)])
def test_ipv6(extensions):
    pieces = six(BODY, 600, extensions=extensions)
    row = direct.read([Packet(EPOCH_NS + k, d) for k, d in enumerate(pieces)]).flow
    assert (row["orig_bytes"], row["orig_pkts"], row["orig_port"]) == (len(BODY), 1, 40000)


def four(body: bytes = BODY, size: int = 800, ident: int = 5) -> list[bytes]:
    """An IPv4 UDP datagram in fragments."""
    whole = frames.udp(SOURCE, TARGET, (40000, 2000), body)
    packet = frames.ethernet(frames.ipv4(SOURCE, TARGET, 17, whole, ident=ident))
    return tunnels.fragments(packet, size, ident=ident)


def test_a_missing_fragment_is_counted_and_the_beginning_kept():
    pieces = four()
    read = direct.read([Packet(EPOCH_NS, pieces[0]), Packet(EPOCH_NS + 1, pieces[2])])
    assert read.codes == {"ip-fragment": 1}
    assert (read.flow["orig_port"], read.flow["orig_bytes"]) == (40000, 800 - 8)
    assert not any(issue.incomplete for issue in read.issues)


def test_without_the_first_fragment_there_is_no_conversation():
    read = direct.read([Packet(EPOCH_NS, p) for p in four()[1:]])
    assert (read.codes, read["flows"]) == ({"ip-fragment": 1}, [])


def test_fragments_that_come_too_late_make_no_datagram():
    pieces = four()
    times = [0, 1, 31 * SECOND]
    read = direct.read([Packet(EPOCH_NS + t, p) for t, p in zip(times, pieces, strict=True)])
    assert read.codes == {"ip-fragment": 2}
    assert read.flow["orig_bytes"] == 1600 - 8


def test_the_first_to_arrive_counts_and_a_contradiction_is_counted():
    whole = frames.udp(SOURCE, TARGET, (1000, 53), b"A" * 56)
    evil = b"B" * 40
    parts = [(0, whole[:24], 1), (24, whole[24:48], 1), (16, evil, 1), (48, whole[48:], 0)]
    pool = Fragments()
    done = []
    for k, (at, body, more) in enumerate(parts):
        raw = frames.ipv4(SOURCE, TARGET, 17, body, ident=1, fragment=more << 13 | at // 8)
        done += list(pool.take(raw, len(raw), Place(k, k + 1, 0, b"")))
    (datagram,) = done
    # 48..56 of the contradicting fragment came before the last one: it counts, for it was first
    assert datagram.data[20:] == whole[:48] + evil[32:40] + whole[56:]
    assert count(pool, "ip-fragment-overlap") == 2
    assert pool.held == 0


def test_a_fragment_sent_twice_is_no_contradiction():
    pieces = four()
    read = direct.read([Packet(EPOCH_NS, p) for p in (pieces[0], pieces[0], *pieces[1:])])
    assert (read.codes, read.flow["orig_bytes"]) == ({}, len(BODY))


@pytest.mark.parametrize("raw", [
    frames.ipv4(SOURCE, TARGET, 17, b"x" * 16, fragment=0x1FFF),
    frames.ipv4(SOURCE, TARGET, 17, b"", fragment=0x2000),
])  # fmt: skip
def test_fragments_that_make_no_sense_are_counted(raw):
    read = direct.read([Packet(EPOCH_NS, frames.ethernet(raw))])
    assert (read.codes, read["flows"]) == ({"bad-ip-fragment": 1}, [])


def test_a_datagram_of_which_only_the_heads_were_captured_counts_in_full():
    packets = [Packet(EPOCH_NS + k, p).snapped(60) for k, p in enumerate(four())]
    read = direct.read(packets)
    assert (read.codes, read.flow["orig_bytes"]) == ({}, len(BODY))


def test_both_copies_of_a_fragmented_datagram_are_one():
    packets = []
    for number, data in enumerate(four()):
        packets += [Packet(EPOCH_NS + number * 10 + k, data, interface=k) for k in range(2)]
    row = direct.read(write_pcapng(packets, (Interface(), Interface()))).flow
    assert (row["orig_pkts"], row["duplicate_pkts"], row["orig_bytes"]) == (1, 1, len(BODY))


def test_overlapping_files_hold_one_datagram():
    packets = [Packet(EPOCH_NS + k, p) for k, p in enumerate(four())]
    read = direct.read(packets, packets)
    assert (read.codes, read.flow["orig_bytes"]) == ({}, len(BODY))


def test_a_datagram_over_two_files(plain):
    packets = shattered(304)
    for cut in range(1, 40, 7):
        read = direct.read(packets[:cut], packets[cut:])
        assert len(read["flows"]) == len(plain["flows"])
        assert read.codes == {}


def test_what_is_open_is_handed_on(tmp_path):
    pieces = [Packet(EPOCH_NS + k, p) for k, p in enumerate(four())]
    tables = direct.Tables()
    first = Engine(tables.add, seed=1)
    path = tmp_path / "part.cap"
    path.write_bytes(write_pcap(pieces[:2]))
    Merge([first]).run(discover([str(path)])[0], finish=False)
    boundary = pickle.loads(pickle.dumps(suspend(first)))
    read = direct.read(pieces[2:], engine=resume(boundary, tables.add))
    assert read.flow["orig_bytes"] == len(BODY)
    assert not tables.issues


def test_the_bounds_hold_and_are_counted(monkeypatch):
    monkeypatch.setattr(unit, "MAX_OPEN", 50)
    monkeypatch.setattr(unit, "MAX_BYTES", 20_000)
    pool = Fragments()
    for k in range(400):
        raw = frames.ipv4(SOURCE, TARGET, 17, bytes(800), ident=k, fragment=0x2000)
        for _ in pool.take(raw, len(raw), Place(k, k + 1, 0, b"")):
            pass
        assert len(pool.open) <= 50
        assert pool.held <= 20_000
        assert len(pool.done) <= 50
    assert count(pool, "ip-fragment-cap") == count(pool, "ip-fragment") > 300
    assert [i.code for i in pool.issues()] == ["ip-fragment", "ip-fragment-cap"]


def test_tiny_fragments_of_one_datagram_are_bounded():
    pool = Fragments()
    for k in range(0, 8000, 2):
        raw = frames.ipv4(SOURCE, TARGET, 17, bytes(8), ident=1, fragment=0x2000 | k)
        assert list(pool.take(raw, len(raw), Place(k, k + 1, 0, b""))) == []
    (datagram,) = pool.open.values()
    assert len(datagram.pieces) == unit.MAX_PIECES
    assert count(pool, "ip-fragment-cap") == 4000 - unit.MAX_PIECES


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_order_with_copies_gives_the_datagram(data):
    body = data.draw(st.binary(min_size=1, max_size=900))
    cuts = sorted({0, len(body), *(8 * c for c in data.draw(st.lists(st.integers(0, 112)))
                                  if 8 * c < len(body))})  # fmt: skip
    parts = [(a, body[a:b], b < len(body)) for a, b in pairwise(cuts)]
    sent = data.draw(st.permutations(parts + data.draw(st.lists(st.sampled_from(parts)))))
    pool, whole = Fragments(), []
    for k, (at, piece, more) in enumerate(sent):
        raw = frames.ipv4(SOURCE, TARGET, 17, piece, ident=1, fragment=more << 13 | at // 8)
        whole += list(pool.take(raw, len(raw), Place(k, k + 1, 0, b"")))
    assert whole[0].data[20:] == body
    assert count(pool, "ip-fragment-overlap") == 0


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=90), st.integers(0, 70000)), max_size=12))
def test_no_bytes_upset_the_pool(parts):
    pool = Fragments()
    for k, (raw, wire) in enumerate(parts):
        list(pool.take(raw, max(wire, len(raw)), Place(k, k + 1, 0, b"")))
    for whole in pool.flush():
        assert len(whole.data) <= whole.wire
    assert (pool.open, pool.held) == ({}, 0)


def test_each_input_has_a_line_of_its_own() -> None:
    pool = Fragments()
    for k, (source, packet) in enumerate(((1, 19), (0, 7), (1, 23))):
        raw = frames.ipv4(SOURCE, TARGET, 17, bytes(8), ident=k, fragment=1 << 13)
        assert list(pool.take(raw, len(raw), Place(k, packet, source, b""))) == []
    assert len(list(pool.flush())) == 3
    told = [(i.input_id, i.where, i.count) for i in pool.issues()]
    assert told == [(0, "packet 7", 1), (1, "packet 19", 2)]
