"""Encapsulations built by scapy, which shares no code with our builders."""

from __future__ import annotations

from typing import Any

import pytest

from craft import direct
from craft.packet import Packet
from craft.pcap import write_pcap
from craft.tcp import EPOCH_NS

scapy = pytest.importorskip("scapy.all")

from scapy.contrib.erspan import ERSPAN_II, ERSPAN_III  # noqa: E402  (scapy may be missing)
from scapy.contrib.geneve import GENEVE  # noqa: E402
from scapy.contrib.gtp import GTP_U_Header, GTPPDUSessionContainer  # noqa: E402
from scapy.contrib.mpls import MPLS, EoMCW  # noqa: E402
from scapy.contrib.nsh import NSH  # noqa: E402
from scapy.layers.dot11 import Dot11, Dot11QoS, RadioTap  # noqa: E402
from scapy.layers.inet import IP, TCP, UDP  # noqa: E402
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.layers.l2 import GRE, LLC, SNAP, Dot1AD, Dot1Q, Ether  # noqa: E402
from scapy.layers.l2tp import L2TP  # noqa: E402
from scapy.layers.ppp import HDLC, PPP, PPPoE  # noqa: E402
from scapy.layers.vxlan import VXLAN  # noqa: E402

OUT = IP(src="192.0.2.1", dst="192.0.2.2")
OUT6 = IPv6(src="2001:db8::a", dst="2001:db8::b")
MAC = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
INNER = IP(src="10.1.1.1", dst="20.2.2.2") / TCP(sport=40000, dport=443, flags="PA") / (b"x" * 77)
INNER6 = IPv6(src="2001:db8:1::1", dst="2001:db8:2::2") / TCP(sport=40000, dport=443) / (b"y" * 77)
FRAME = Ether(**MAC) / INNER
PLAIN = Ether(**MAC)

STACKS: dict[str, tuple[Any, str | None, int]] = {
    "qinq": (PLAIN / Dot1AD(vlan=5) / Dot1Q(vlan=6) / INNER, None, 1),
    "vxlan": (PLAIN / OUT / UDP(dport=4789) / VXLAN(vni=9) / FRAME, "vxlan", 1),
    "vxlan group policy": (
        PLAIN / OUT / UDP(dport=4789) / VXLAN(vni=9, flags=0x88, gpid=5) / FRAME, "vxlan", 1),
    "vxlan over ipv6": (PLAIN / OUT6 / UDP(dport=8472) / VXLAN(vni=9) / FRAME, "vxlan", 1),
    "vxlan with vlan": (
        PLAIN / OUT / UDP(dport=4789) / VXLAN(vni=9) / PLAIN / Dot1Q(vlan=7) / INNER6, "vxlan", 1),
    "geneve": (PLAIN / OUT / UDP(dport=6081) / GENEVE(vni=9) / FRAME, "geneve", 1),
    "gre": (PLAIN / OUT / GRE() / INNER, "gre", 1),
    "gre key": (PLAIN / OUT / GRE(key_present=1, seqnum_present=1, chksum_present=1) / INNER6,
                "gre", 1),
    "gre ethernet": (PLAIN / OUT / GRE(proto=0x6558) / FRAME, "gre", 1),
    "gre mpls": (PLAIN / OUT / GRE(proto=0x8847) / MPLS(label=5, s=1) / INNER, "gre/mpls", 1),
    "erspan ii": (
        PLAIN / OUT / GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II() / FRAME, "gre/erspan", 1),
    "erspan iii": (
        PLAIN / OUT / GRE(proto=0x22EB, seqnum_present=1) / ERSPAN_III() / FRAME, "gre/erspan", 1),
    "ip in ip": (PLAIN / OUT / INNER, "ipip", 1),
    "6in4": (PLAIN / OUT / INNER6, "6in4", 1),
    "4in6": (PLAIN / OUT6 / INNER, "4in6", 1),
    "mpls": (PLAIN / MPLS(label=3, s=0) / MPLS(label=4, s=1) / INNER, "mpls", 1),
    "pseudowire": (PLAIN / MPLS(label=4, s=1) / EoMCW(seq=5) / FRAME, "mpls", 1),
    "pppoe": (PLAIN / PPPoE(sessionid=3) / PPP() / INNER, "pppoe", 1),
    "ppp": (PPP(proto=0x57) / INNER6, None, 9),
    "ppp hdlc": (HDLC() / PPP() / INNER, None, 50),
    "l2tp": (PLAIN / OUT / UDP(sport=1701, dport=1701) / L2TP(hdr=0, version=2) / PPP() / INNER,
             "l2tp", 1),
    "gtp": (PLAIN / OUT / UDP(sport=2152, dport=2152) / GTP_U_Header(gtp_type=255, teid=7) / INNER,
            "gtp", 1),
    "gtp extension": (
        PLAIN / OUT / UDP(sport=2152, dport=2152) / GTP_U_Header(gtp_type=255, teid=7, E=1,
        next_ex=0x85) / GTPPDUSessionContainer(type=1, QFI=9) / INNER, "gtp", 1),
    "nsh": (PLAIN / NSH(nextproto=3) / FRAME, "nsh", 1),
    "802.11": (Dot11(type=2, FCfield=1) / LLC() / SNAP() / INNER, None, 105),
    "802.11 qos, four addresses": (
        Dot11(type=2, subtype=8, FCfield=3, addr4="02:00:00:00:00:09") / Dot11QoS()
        / LLC() / SNAP() / INNER, None, 105),
    "radiotap": (
        RadioTap(present="TSFT+Flags+Rate") / Dot11(type=2, FCfield=2) / LLC() / SNAP()
        / INNER6, None, 127),
}  # fmt: skip


@pytest.mark.parametrize("name", STACKS)
def test_the_conversation_inside_is_found(name):
    stack, path, linktype = STACKS[name]
    row = direct.read(write_pcap([Packet(EPOCH_NS, bytes(stack))], linktype)).flow
    inner = INNER6 if INNER6[TCP].payload.load in bytes(stack) else INNER
    assert (row["orig_ip"], row["resp_ip"]) == (inner.src, inner.dst)
    assert (row["orig_port"], row["resp_port"], row["orig_bytes"]) == (40000, 443, 77)
    assert row["encapsulation"] == path


def test_fragments_that_scapy_cut(tmp_path):
    whole = IP(src="10.1.1.1", dst="20.2.2.2", id=9) / UDP(sport=40000, dport=999) / (b"z" * 5000)
    pieces = [PLAIN / OUT / UDP(dport=4789) / VXLAN(vni=9) / PLAIN / piece
              for piece in scapy.fragment(whole, fragsize=1400)]  # fmt: skip
    row = direct.read([Packet(EPOCH_NS + k, bytes(p)) for k, p in enumerate(pieces)]).flow
    assert (row["orig_bytes"], row["orig_pkts"], row["encapsulation"]) == (5000, 1, "vxlan")
