"""What encapsulates a packet: the path from the outside in, and the outermost addresses.

Each encapsulation is five bits of X_ENCAP, the innermost lowest, so eight of them fit; a packet
with more is counted and not analysed. VLAN tags and link headers are none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    X_CAP_END,
    X_DST_HI,
    X_DST_LO,
    X_ENCAP,
    X_IF,
    X_L4,
    X_L4_LEN,
    X_OUT_DST_HI,
    X_OUT_DST_LO,
    X_OUT_SRC_HI,
    X_OUT_SRC_LO,
    X_OUTER,
    X_SRC_HI,
    X_SRC_LO,
    X_VERSION,
    X_WIRE_END,
)

if TYPE_CHECKING:
    from analyzer.capture.types import Ints

ENCAP_BITS, MAX_DEPTH = 5, 8
NAMES = (
    "",
    "mpls",
    "pppoe",
    "ppp",
    "ipip",
    "6in4",
    "4in6",
    "gre",
    "erspan",
    "vxlan",
    "vxlan-gpe",
    "geneve",
    "gtp",
    "teredo",
    "l2tp",
    "etherip",
    "nsh",
    "pbb",
    "macsec",
    "udp",
    "gre-udp",
    "802.11",
)
(
    _,
    E_MPLS,
    E_PPPOE,
    E_PPP,
    E_IPIP,
    E_6IN4,
    E_4IN6,
    E_GRE,
    E_ERSPAN,
    E_VXLAN,
    E_VXLAN_GPE,
    E_GENEVE,
    E_GTP,
    E_TEREDO,
    E_L2TP,
    E_ETHERIP,
    E_NSH,
    E_PBB,
    E_MACSEC,
    E_UDP,
    E_GRE_UDP,
    E_WIFI,
) = range(len(NAMES))
CAPTURE_POINT = 1 << 38


@kernel("void(I1, i)")
def enter(x: Ints, code: int) -> None:
    """Goes into one encapsulation."""
    x[X_ENCAP] = (x[X_ENCAP] << ENCAP_BITS) | code


@kernel("i(I1)")
def too_deep(x: Ints) -> int:
    """1 when more encapsulations were entered than are followed."""
    return 1 if x[X_ENCAP] >> (ENCAP_BITS * MAX_DEPTH) else 0


@kernel("void(I1, i)")
def enter_ip(x: Ints, code: int) -> None:
    """Goes into what an IP packet carries: the outermost header's addresses are kept.

    What lies behind the outer packet's end (padding, trailers) is not the inner packet's.
    """
    enter(x, code)
    if x[X_OUTER] == 0:
        x[X_OUTER] = x[X_VERSION]
        x[X_OUT_SRC_HI], x[X_OUT_SRC_LO] = x[X_SRC_HI], x[X_SRC_LO]
        x[X_OUT_DST_HI], x[X_OUT_DST_LO] = x[X_DST_HI], x[X_DST_LO]
    x[X_WIRE_END] = min(x[X_WIRE_END], x[X_L4] + x[X_L4_LEN])
    x[X_CAP_END] = min(x[X_CAP_END], x[X_WIRE_END])


@kernel("void(I1)")
def as_capture_point(x: Ints) -> None:
    """Makes a tunnel a capture point of its own, so that a packet seen inside it and beside it is
    one packet and its copy, as on two interfaces.
    """
    mixed = x[X_ENCAP] * 1000003 + x[X_OUTER]
    for k in range(X_OUT_SRC_HI, X_OUT_DST_LO + 1):
        mixed = ((mixed ^ x[k] ^ (x[k] >> 31)) * 1000003) & 0x3FFFFFFFFFFF
    x[X_IF] = (x[X_IF] & 0xFFFFFFFF) ^ ((mixed >> 8) & (CAPTURE_POINT - 1)) | CAPTURE_POINT


def path(code: int) -> str | None:
    """The path that X_ENCAP holds, outermost first, or None when there is none."""
    parts = []
    while code:
        parts.append(NAMES[code & 31] if code & 31 < len(NAMES) else "?")
        code >>= ENCAP_BITS
    return "/".join(reversed(parts)) or None
