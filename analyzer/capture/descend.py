"""The long way from a frame to its innermost transport header, through whatever is around it.

The walk's quick way knows Ethernet, the cooked and the raw link types with plain IP, TCP and UDP.
Where it ends (another EtherType, link type or IP protocol, a UDP port of a tunnel) ``descend``
goes on, one layer a step: labels.py, linktypes.py, wifi.py, tunnels.py, udptunnels.py. It is one
call away from the quick way, so that what nobody tunnels pays nothing for it.

A conversation is found by its innermost addresses and ports alone; a tunnel's identity (outer
addresses, network identifier, session) is no part of its key. So both directions of a mirror, each
in a tunnel of its own, are one conversation, and so are a mirror's copy and the packet itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.encap import as_capture_point, too_deep
from analyzer.capture.ip import network
from analyzer.capture.kernel import kernel
from analyzer.capture.labels import by_type, ethernet, nsh, ppp
from analyzer.capture.layout import (
    AT_ETHERNET,
    AT_GRE,
    AT_IP,
    AT_LINK,
    AT_NSH,
    AT_PPP,
    AT_PROTOCOL,
    AT_TYPE,
    AT_UDP,
    AT_WIFI,
    BY_LINK,
    BY_PROTOCOL,
    BY_TYPE,
    Q_DEPTH,
    X_AT,
    X_ENCAP,
    X_LAYER,
    X_LINK,
    X_OFF,
    X_OUTER,
    X_PROTO,
    X_TYPE,
)
from analyzer.capture.linktypes import by_link
from analyzer.capture.tunnels import by_protocol, gre
from analyzer.capture.udptunnels import by_port, on_tunnel_port
from analyzer.capture.wifi import wifi

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

TCP, UDP = 6, 17
MAX_STEPS = 64


@kernel("i(B1, i, I1, i)")
def step(b: Bytes, at: int, x: Ints, layer: int) -> int:
    """One layer inwards: the offset of the next one, whose kind is in X_LAYER, or negative."""
    if layer == AT_TYPE:
        return by_type(b, at, x)
    if layer == AT_ETHERNET:
        return ethernet(b, at, x)
    if layer == AT_LINK:
        return by_link(b, at, x)
    if layer == AT_PPP:
        return ppp(b, at, x)
    if layer == AT_GRE:
        return gre(b, at, x)
    if layer == AT_WIFI:
        return wifi(b, at, x, 0)
    if layer == AT_NSH:
        return nsh(b, at, x)
    return by_protocol(b, x)


@kernel("i(I1)")
def arrived(x: Ints) -> int:
    """0; the registers are those of a transport header."""
    if x[X_ENCAP] != 0:
        as_capture_point(x)
    return 0


@kernel("i(B1, I1, I2, i)")
def descend(b: Bytes, x: Ints, q: Ints, why: int) -> int:
    """Goes on where the quick way ended.

    Args:
        why: 0 at a UDP header on a tunnel's port, else what the quick way returned.

    Returns:
        0 with the registers of a TCP or UDP header set, FRAGMENT or AGGREGATE with X_AT, or the
        negative issue that ended the way.
    """
    x[X_OUTER] = 0
    at = x[X_AT]
    layer = AT_UDP
    if why == BY_TYPE:
        layer = AT_TYPE
    elif why == BY_LINK:
        layer = AT_LINK
        at = x[X_OFF]
        x[X_TYPE] = x[X_LINK]
    elif why == BY_PROTOCOL:
        layer = AT_PROTOCOL
    elif why < 0:
        return why
    for _ in range(MAX_STEPS):
        if layer == AT_IP:
            got = network(b, at, x, q)
            if got == 0 and not on_tunnel_port(b, x):
                return arrived(x)
            if got != 0 and got != BY_PROTOCOL:
                return got
            layer = AT_UDP if got == 0 else AT_PROTOCOL
        elif layer == AT_UDP:
            at = by_port(b, x, q)
            if at < 0:
                return arrived(x)
            layer = x[X_LAYER]
        elif layer == AT_PROTOCOL and x[X_PROTO] in (TCP, UDP):  # behind an AH header
            if not on_tunnel_port(b, x):
                return arrived(x)
            layer = AT_UDP
        else:
            at = step(b, at, x, layer)
            if at < 0:
                return at
            layer = x[X_LAYER]
        if too_deep(x):
            break
    return -1 - Q_DEPTH
