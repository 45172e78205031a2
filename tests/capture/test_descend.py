"""Whatever is around the packets, the tables are those of the packets themselves."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craft import direct, frames, scenes, tunnels
from craft.packet import Packet
from craft.pcap import write_pcap
from craft.tcp import EPOCH_NS

OUTSIDE = ("outer_orig_ip", "outer_resp_ip", "encapsulation")
SCENE = scenes.everything()
TUNNELLING = [wrap for wrap in tunnels.WRAPS if wrap.linktype == 1 and None not in wrap.paths]


def bare(tables: direct.Tables) -> dict[str, list[dict[str, Any]]]:
    """All rows without what is around the packets; flows are numbered by their order."""
    number = {row["flow_id"]: k for k, row in enumerate(tables["flows"])}
    return {
        table: [
            {k: number.get(v) if k == "flow_id" else v for k, v in row.items() if k not in OUTSIDE}
            for row in rows
        ]
        for table, rows in tables.comparable().items()
    }


@pytest.fixture(scope="module")
def plain() -> direct.Tables:
    return direct.read(SCENE)


def datagram(payload: bytes, port: int, source: int = 50000, ns: int = 0) -> Packet:
    return Packet(EPOCH_NS + ns, tunnels.over_udp(port, payload, source=source))


@pytest.mark.parametrize("wrap", tunnels.WRAPS, ids=lambda wrap: wrap.name)
def test_a_wrapped_capture_gives_the_tables_of_the_bare_one(wrap, plain):
    read = direct.read(write_pcap(wrap.packets(SCENE), wrap.linktype))
    assert bare(read) == bare(plain)
    assert {row["encapsulation"] for row in read["flows"]} == wrap.paths
    assert read.codes == {}


def test_outer_addresses_stand_on_the_side_of_who_sent():
    packets = [replace(p, data=tunnels.vxlan(p.data)) for p in SCENE]
    first = direct.read(packets)["flows"][0]
    assert (first["outer_orig_ip"], first["outer_resp_ip"]) == (tunnels.A, tunnels.B)
    swapped = [replace(p, data=tunnels.vxlan(p.data, ends=(tunnels.B, tunnels.A))) for p in SCENE]
    first = direct.read(swapped)["flows"][0]
    assert (first["outer_orig_ip"], first["outer_resp_ip"]) == (tunnels.B, tunnels.A)


def test_of_several_outer_headers_the_outermost_is_kept():
    packets = [replace(p, data=tunnels.geneve(tunnels.erspan2(p.data))) for p in SCENE]
    row = direct.read(packets)["flows"][0]
    assert (row["outer_orig_ip"], row["encapsulation"]) == (tunnels.A6, "geneve/gre/erspan")


def test_each_direction_in_a_tunnel_of_its_own_is_one_conversation(plain):
    packets = []
    for packet in SCENE:
        key = sum(packet.data[26:34]) % 2
        ends = ("10.0.0.1", "10.0.0.9") if key else ("10.0.0.2", "10.0.0.9")
        packets.append(replace(packet, data=tunnels.vxlan(packet.data, 5 + key, ends)))
    assert bare(direct.read(packets)) == bare(plain)


@pytest.mark.parametrize("wrap", TUNNELLING, ids=lambda wrap: wrap.name)
@pytest.mark.parametrize("gap_ns", [2_000, -2_000])
def test_a_packet_seen_inside_a_tunnel_and_beside_it_counts_once(wrap, gap_ns, plain):
    both = sorted(
        [*SCENE, *(p.shifted(gap_ns) for p in wrap.packets(SCENE))], key=lambda p: p.ts_ns
    )
    read = direct.read(both)
    for table in ("flows", "tls", "http"):
        assert len(read[table]) == len(plain[table])
    for row, alone in zip(read["flows"], plain["flows"], strict=True):
        for column in ("orig_bytes", "resp_bytes", "orig_pkts", "resp_pkts", "upload_bytes"):
            assert row[column] == alone[column]
        assert row["duplicate_pkts"] == alone["orig_pkts"] + alone["resp_pkts"]


def test_eight_encapsulations_are_followed_and_nine_are_counted():
    frame = SCENE[0].data
    for depth, code in ((8, {}), (9, {"tunnel-depth": 1})):
        data = frame
        for _ in range(depth):
            data = tunnels.vxlan(data)
        read = direct.read([Packet(EPOCH_NS, data)])
        assert read.codes == code
        assert len(read["flows"]) == (depth == 8)


ORDINARY = {
    "text": b"an ordinary datagram on this port, with more than forty bytes of text in it",
    "zeros": bytes(120),
    "noise": bytes((k * 73 + 19) % 256 for k in range(300)),
    "header only": b"\x08" + bytes(7),
}


@pytest.mark.parametrize("port", [4789, 8472, 4790, 6081, 2152, 3544, 1701, 6635, 4754])
@pytest.mark.parametrize("payload", ORDINARY.values(), ids=ORDINARY)
def test_an_ordinary_datagram_on_a_tunnel_port_is_a_conversation(port, payload):
    row = direct.read([datagram(payload, port), datagram(payload, port, ns=10**9)]).flow
    assert row["orig_bytes"] == 2 * len(payload)
    assert row["encapsulation"] is None
    assert row["orig_ip"] == tunnels.A


def test_a_tunnel_whose_passenger_makes_no_sense_stays_a_conversation():
    inner = frames.ethernet(frames.ipv4("10.0.0.1", "10.0.0.2", 6, b"x" * 40, total_length=999))
    read = direct.read([Packet(EPOCH_NS, tunnels.vxlan(inner))])
    assert read.flow["resp_port"] == 4789
    assert read.codes == {"udp-tunnel": 1}


def test_control_messages_of_a_tunnel_stay_a_conversation():
    echo = struct.pack(">BBHI", 0x32, 1, 4, 0) + bytes(4)
    assert direct.read([datagram(echo, 2152)]).flow["orig_bytes"] == 12
    hello = struct.pack(">HHHHHH", 0xC802, 20, 1, 0, 0, 0) + bytes(8)
    assert direct.read([datagram(hello, 1701)]).flow["orig_bytes"] == 20


ENCRYPTED = {
    "esp": tunnels.over_ip(50, bytes(range(1, 90))),
    "esp in udp": tunnels.over_udp(4500, bytes(range(1, 90)), source=4500),
    "wireguard": tunnels.over_udp(51820, b"\4\0\0\0" + bytes(60)),
    "macsec": frames.ethernet(struct.pack(">BBI", 0x0C, 0, 1) + bytes(60), 0x88E5),
}


@pytest.mark.parametrize(("kind", "frame"), ENCRYPTED.items())
def test_what_is_encrypted_is_counted_by_kind(kind, frame):
    codes = direct.read([Packet(EPOCH_NS, frame)]).codes
    # WireGuard is a UDP conversation all the same; of the others nothing is left.
    nothing = {} if kind == "wireguard" else {"nothing-analysed": 1}
    assert codes == {kind.split()[0]: 1, **nothing}


def test_encrypted_wifi_is_counted_and_frames_that_the_driver_decrypted_are_read():
    frame = SCENE[0].data
    sealed = tunnels.wifi(b"\0" * 60, control=0x41)[:24] + bytes(range(80))
    opened = tunnels.wifi(frame, control=0x41)
    read = direct.read(write_pcap([Packet(EPOCH_NS, sealed), Packet(EPOCH_NS, opened)], 105))
    assert read.codes == {"wifi-encrypted": 1}
    assert len(read["flows"]) == 1


def test_every_frame_of_an_aggregate_is_read(plain):
    packets = []
    for first, second in zip(SCENE[:-1:2], SCENE[1::2], strict=True):
        packets.append(replace(first, data=tunnels.aggregate(first.data, second.data)))
    packets.append(replace(SCENE[-1], data=tunnels.aggregate(SCENE[-1].data)))
    read = direct.read(write_pcap(packets, 105))
    assert sum(r["orig_bytes"] for r in read["flows"]) == sum(
        r["orig_bytes"] for r in plain["flows"]
    )
    assert len(read["tls"]) == len(plain["tls"])


def test_padding_behind_the_passenger_is_no_payload():
    packets = [replace(p, data=tunnels.ip_in_ip(p.data) + b"trailer" * 9) for p in SCENE]
    assert bare(direct.read(packets)) == bare(direct.read(SCENE))


def test_a_short_snaplen_leaves_the_sizes(plain):
    packets = [replace(p, data=tunnels.vxlan(p.data)).snapped(130) for p in SCENE]
    read = direct.read(packets)
    for row, whole in zip(read["flows"], plain["flows"], strict=True):
        assert (row["orig_bytes"], row["resp_bytes"]) == (whole["orig_bytes"], whole["resp_bytes"])


LINKTYPES = sorted(
    {wrap.linktype for wrap in tunnels.WRAPS}
    | {51, 109, 117, 149, 166, 204, 226, 242, 274, 281, 282, 284, 285}
)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_bytes_upset_it(data):
    """Spliced wrappers: parts of two records, bytes changed, any length, any link type."""
    packets = []
    linktype = data.draw(st.sampled_from(LINKTYPES))
    fitting = [wrap for wrap in tunnels.WRAPS if wrap.linktype == linktype] or tunnels.WRAPS
    for k in range(data.draw(st.integers(1, 6))):
        one, two = (
            data.draw(st.sampled_from(fitting)).make(data.draw(st.sampled_from(SCENE)).data)
            for _ in range(2)
        )
        cut = data.draw(st.integers(0, len(one)))
        raw = bytearray(one[:cut] + two[data.draw(st.integers(0, min(cut, len(two)))) :])
        for _ in range(data.draw(st.integers(0, 4))):
            if raw:
                raw[data.draw(st.integers(0, min(len(raw) - 1, 120)))] = data.draw(
                    st.integers(0, 255)
                )
        wire = len(raw) + data.draw(st.sampled_from([0, 0, 40, 3000]))
        packets.append(Packet(EPOCH_NS + k, bytes(raw), wire))
    read = direct.read(write_pcap(packets, linktype))
    assert "kernel-fault" not in read.codes
    assert read.reports[0].records == len(packets)
