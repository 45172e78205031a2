"""Whether an IP packet or an Ethernet frame may stand at an offset, before it is believed.

A UDP port or a label proves nothing about what follows. Only bytes that make sense as a packet that
fits exactly where it stands are followed; anything else stays what it was outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import u8, u16, u32
from analyzer.capture.kernel import kernel

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes


@kernel("i(B1, i, i, i)")
def plausible_ip(b: Bytes, at: int, cap: int, wire: int) -> int:
    """1 when an IP packet that fits into ``wire - at`` bytes may stand at ``at``.

    Args:
        cap: End of the captured bytes. A header beyond it is believed when it was on the wire.
        wire: End of what encloses the packet.
    """
    if at >= cap:
        return 1 if wire - at >= 20 else 0
    version = u8(b, at) >> 4
    if version == 4:
        head = (u8(b, at) & 15) * 4
        if head < 20 or wire - at < head:
            return 0
        if at + 20 > cap:
            return 1
        total = u16(b, at + 2)
        return 1 if total == 0 or head <= total <= wire - at else 0
    if version == 6:
        if wire - at < 40:
            return 0
        if at + 40 > cap:
            return 1
        return 1 if u16(b, at + 4) + 40 <= wire - at else 0
    return 0


@kernel("i(B1, i, i)")
def label_end(b: Bytes, at: int, cap: int) -> int:
    """Where an MPLS label stack of at most 16 entries ends (RFC 3032), or -1."""
    for _ in range(16):
        if at + 4 > cap:
            return -1
        at += 4
        if u8(b, at - 2) & 1:
            return at
    return -1


@kernel("i(B1, i, i, i)")
def plausible_labels(b: Bytes, at: int, cap: int, wire: int) -> int:
    """1 when a label stack with an IP packet behind it may stand here."""
    end = label_end(b, at, cap)
    return plausible_ip(b, end, cap, wire) if end >= 0 else 0


@kernel("i(B1, i, i, i)")
def plausible_frame(b: Bytes, at: int, cap: int, wire: int) -> int:
    """1 when an Ethernet frame that carries IP or ARP (behind up to two tags) may stand here."""
    if at + 14 > cap:
        return 1 if wire - at >= 34 and cap < wire else 0
    kind = u16(b, at + 12)
    p = at + 14
    for _ in range(2):
        if kind not in (0x8100, 0x88A8) or p + 4 > cap:
            break
        kind = u16(b, p + 2)
        p += 4
    if kind in (0x0800, 0x86DD):
        if p < cap and u8(b, p) >> 4 != (4 if kind == 0x0800 else 6):
            return 0
        return plausible_ip(b, p, cap, wire)
    if kind == 0x0806:  # ARP for IPv4 over Ethernet: 28 bytes and no more than padding behind them
        return 1 if p + 8 <= cap and u32(b, p) == 0x00010800 and u16(b, p + 4) == 0x0604 else 0
    if kind in (0x8847, 0x8848):
        return plausible_labels(b, p, cap, wire)
    return 0


@kernel("i(B1, i, i)")
def ppp_payload(b: Bytes, at: int, cap: int) -> int:
    """Offset behind a PPP header when it announces IPv4 or IPv6, else -1 (RFC 1661, 1662)."""
    if at + 4 > cap:
        return -1
    if u16(b, at) == 0xFF03:
        at += 2
    if at + 2 > cap:
        return -1
    if u8(b, at) in (0x21, 0x57):
        return at + 1
    return at + 2 if u16(b, at) in (0x0021, 0x0057) else -1


@kernel("i(B1, i, i, i)")
def plausible_ppp(b: Bytes, at: int, cap: int, wire: int) -> int:
    """1 when a PPP frame that carries IP may stand here."""
    p = ppp_payload(b, at, cap)
    return plausible_ip(b, p, cap, wire) if p >= 0 else 0
