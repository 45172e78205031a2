"""802.11 data frames and the radio headers in front of them.

IEEE 802.11-2020 clause 9.2 and 9.3.2: three and four addresses, QoS, HT control, padding between
header and body, the frame check sequence. Radiotap, PRISM and AVS headers (tcpdump.org/linktypes).
Encrypted frames are counted, except where the capturing driver has decrypted them and left the
Protected bit set. A-MSDUs go to the driver, which hands their frames on one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import e16, e32, u8, u16, u32
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    AGGREGATE,
    AT_TYPE,
    AT_WIFI,
    Q_CUT_LINK,
    Q_NOT_IP,
    Q_WIFI_ENCRYPTED,
    Q_WIFI_FRAGMENT,
    X_AT,
    X_CAP_END,
    X_LAYER,
    X_TYPE,
    X_WIRE_END,
)

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

PADDED, HAS_FCS = 0x20, 0x10
PRISM_HEAD = 144


@kernel("i(B1, i, i)")
def is_snap(b: Bytes, at: int, end: int) -> int:
    """1 when an LLC/SNAP header stands here (IEEE 802.2)."""
    return 1 if at + 8 <= end and u16(b, at) == 0xAAAA and u8(b, at + 2) == 3 else 0


@kernel("i(B1, i, I1, i)")
def wifi(b: Bytes, at: int, x: Ints, flags: int) -> int:
    """One 802.11 frame.

    Args:
        flags: Radiotap's flags: PADDED and HAS_FCS are used.
    """
    if flags & HAS_FCS:
        x[X_WIRE_END] -= 4
        x[X_CAP_END] = min(x[X_CAP_END], x[X_WIRE_END])
    cap = x[X_CAP_END]
    if at + 24 > cap:
        return -1 - Q_NOT_IP if at + 2 <= cap and u8(b, at) & 0x0C != 8 else -1 - Q_CUT_LINK
    kind = u8(b, at)
    control = u8(b, at + 1)
    if kind & 0x4F != 0x08:  # no data frame, or one without data
        return -1 - Q_NOT_IP
    sequence = u8(b, at + 22)
    size = 24 if control & 3 != 3 else 30
    aggregate = 0
    if kind & 0x80:
        if at + size + 2 > cap:
            return -1 - Q_CUT_LINK
        aggregate = u8(b, at + size) & 0x80
        size += 2
        if control & 0x80:
            size += 4
    if flags & PADDED:
        size = (size + 3) & ~3
    at += size
    if control & 0x40 and not is_snap(b, at, cap) and not is_snap(b, at + 14, cap):
        return -1 - Q_WIFI_ENCRYPTED
    if sequence & 15:
        return -1 - Q_WIFI_FRAGMENT
    if aggregate:
        x[X_AT] = at
        return AGGREGATE
    x[X_TYPE] = 0  # an LLC header follows
    x[X_LAYER] = AT_TYPE
    return at


@kernel("i(B1, i, I1)")
def radiotap(b: Bytes, at: int, x: Ints) -> int:
    """A radiotap header: its length, and its flags, which stand behind an optional 64-bit time."""
    cap = x[X_CAP_END]
    if at + 8 > cap or u8(b, at) != 0:
        return -1 - Q_CUT_LINK
    size = e16(b, at + 2, 0)
    present = e32(b, at + 4, 0)
    p = 8
    word = present
    for _ in range(32):
        if not word & 0x80000000 or at + p + 4 > cap:
            break
        word = e32(b, at + p, 0)
        p += 4
    if present & 1:
        p = ((p + 7) & ~7) + 8
    flags = u8(b, at + p) if present & 2 and p < size and at + p < cap else 0
    if size < 8 or at + size > cap:
        return -1 - Q_CUT_LINK
    return wifi(b, at + size, x, flags)


@kernel("i(B1, i, I1)")
def prism_or_avs(b: Bytes, at: int, x: Ints) -> int:
    """A PRISM header of 144 bytes, or an AVS header that says how long it is."""
    if at + 8 > x[X_CAP_END]:
        return -1 - Q_CUT_LINK
    size = PRISM_HEAD
    if u32(b, at) & 0xFFFFF000 == 0x80211000:
        size = u32(b, at + 4)
    if size < 8 or at + size > x[X_CAP_END]:
        return -1 - Q_CUT_LINK
    x[X_LAYER] = AT_WIFI
    return at + size
