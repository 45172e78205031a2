"""TLS record accounting, per direction, along the contiguous stream.

RFC 8446 section 5.1, RFC 5246 section 6.2. Only record headers are read; what lies between two
headers is stepped over, so a hole inside a record costs nothing. A hole over a header loses the
place: bytes then count as application payload until the next plausible header.

What protection adds to a record follows from the cipher suite that the server chose (flight); when
that was not seen it is 17 bytes, as in TLS 1.3. There a record of 19 bytes is an alert and no
payload. The first application-data record of the originator ends the handshake. In TLS 1.3 that
record is the Finished message (at most 96 bytes without client certificate), which is not payload;
what the responder sends before it is not payload either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import u8, u16
from analyzer.capture.flight import OVERHEAD
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    D0,
    D_HAVE,
    D_HDR,
    D_PKTS,
    D_REC,
    D_RECS,
    DW,
    F_APP,
    F_FLAGS,
    F_ORIENT,
    F_OVERHEAD,
    FL_APPDATA,
    FL_HTTP,
    FL_MIDTLS,
    FL_TLS,
    REC_LOST,
    REC_OFF,
    T_APP,
    T_DOWN,
    T_REC1,
)
from analyzer.capture.turns import in_handshake, restart

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

HEADER, MAX_RECORD = 5, 18432
APPLICATION_DATA, HANDSHAKE = 23, 22
FINISHED_MAX, ALERT_SIZE = 96, 19


@kernel("i(B1, i, i)", inline=True)
def plausible(b: Bytes, p: int, end: int) -> int:
    """Content type when a TLS record header may stand at ``p``, else 0."""
    if p + HEADER > end:
        return 0
    kind = u8(b, p)
    if kind < 20 or kind > 23 or u8(b, p + 1) != 3 or u8(b, p + 2) > 4:
        return 0
    size = u16(b, p + 3)
    if size == 0 or size > MAX_RECORD:
        return 0
    return kind


@kernel("void(I2, i, i, i)")
def unplaced(f: Ints, i: int, side: int, size: int) -> None:
    """Counts ``size`` bytes as application payload whose records are not known."""
    f[i, F_APP + side] += size
    if f[i, F_ORIENT] == side:
        f[i, T_APP] += size


@kernel("void(I2, i, i, i, i, i)")
def application_record(f: Ints, i: int, side: int, role: int, size: int, tail: int) -> None:
    """Accounts one application-data record whose body is ``size`` bytes.

    Args:
        tail: Bytes of this segment from the record's header on.
    """
    added = f[i, F_OVERHEAD] if f[i, F_OVERHEAD] > 0 else OVERHEAD
    hidden = added == OVERHEAD  # TLS 1.3: handshake and alerts look like application data
    payload = max(size - added, 0) if size != ALERT_SIZE or not hidden else 0
    if role != 0:
        alone = f[i, D0 + (1 - side) * DW + D_PKTS] == 0
        if not hidden or alone or f[i, F_FLAGS] & FL_APPDATA:
            f[i, F_APP + side] += payload
        return
    if not f[i, F_FLAGS] & FL_APPDATA:
        f[i, F_FLAGS] |= FL_APPDATA
        restart(f, i, tail, 1)
        if hidden and size <= FINISHED_MAX and not f[i, F_FLAGS] & FL_MIDTLS:
            return
    f[i, F_APP + side] += payload
    f[i, T_APP] += payload
    if f[i, T_REC1] < 0:
        f[i, T_REC1] = payload


@kernel("i(B1, i, i)")
def resync(b: Bytes, p: int, end: int) -> int:
    """Position of the next plausible application-data header, or ``end``."""
    while p + HEADER <= end:
        if u8(b, p) == APPLICATION_DATA and plausible(b, p, end):
            return p
        p += 1
    return end


@kernel("void(I2, i, i, i, i)")
def skip(f: Ints, i: int, side: int, role: int, size: int) -> None:
    """Steps over bytes that the capture does not hold."""
    d = D0 + side * DW
    left = f[i, d + D_REC]
    if left == REC_OFF:
        return
    if left >= size and left > 0:
        f[i, d + D_REC] = left - size
        return
    unplaced(f, i, side, size - max(left, 0))
    if role == 0:
        if (
            in_handshake(f, i) and f[i, T_DOWN] > 0
        ):  # the server has answered: what is sent now counts
            f[i, F_FLAGS] |= FL_APPDATA
            restart(f, i, size, 1)
            f[i, T_APP] = size - max(left, 0)
        f[i, F_FLAGS] |= FL_APPDATA
    f[i, d + D_REC] = REC_LOST


@kernel("void(B1, I2, i, i, i, i, i, i)")
def track(b: Bytes, f: Ints, i: int, side: int, role: int, p: int, end: int, after: int) -> None:
    """Steps over the new contiguous bytes ``b[p:end]`` of one side.

    Args:
        after: Bytes of the segment behind ``end`` that were not captured.
    """
    d = D0 + side * DW
    left = f[i, d + D_REC]
    if left == REC_OFF:
        return
    if left == REC_LOST:
        found = resync(b, p, end)
        unplaced(f, i, side, found - p)
        p = found
        if p == end:
            unplaced(f, i, side, after)
            return
        left = 0
        f[i, d + D_HAVE] = 0
        f[i, d + D_HDR] = 0
    while p < end:
        if left > 0:
            step = min(left, end - p)
            p += step
            left -= step
            continue
        value = (f[i, d + D_HDR] << 8) | u8(b, p)
        have = f[i, d + D_HAVE] + 1
        p += 1
        f[i, d + D_HDR] = value
        f[i, d + D_HAVE] = have
        bad = (have == 1 and (value < 20 or value > 24)) or (have == 2 and value & 0xFF != 3)
        if have == HEADER and value & 0xFFFF > MAX_RECORD:
            bad = True
        if bad:
            left = REC_LOST
            if role == 0:
                f[i, F_FLAGS] |= FL_APPDATA  # not a handshake any more: judge what follows
            unplaced(f, i, side, end - p)  # what was not captured is counted below
            break
        if have == HEADER:
            left = value & 0xFFFF
            f[i, d + D_HDR] = 0
            f[i, d + D_HAVE] = 0
            if value >> 32 == APPLICATION_DATA:
                f[i, d + D_RECS] += 1
                application_record(f, i, side, role, left, end - p + after + HEADER)
    f[i, d + D_REC] = left
    if after > 0:
        skip(f, i, side, role, after)


@kernel("void(B1, I2, i, i, i, i, i)")
def begin(b: Bytes, f: Ints, i: int, side: int, p: int, end: int, first: int) -> None:
    """Turns the tracker on where a segment starts with a record header.

    Args:
        first: 1 when these are the first bytes seen of this side.
    """
    d = D0 + side * DW
    if f[i, d + D_REC] != REC_OFF or (f[i, F_FLAGS] & FL_HTTP and not f[i, F_FLAGS] & FL_TLS):
        return
    kind = plausible(b, p, end)
    if kind == 0:
        if first and f[i, F_FLAGS] & FL_TLS:
            f[i, d + D_REC] = REC_LOST
        return
    if kind == APPLICATION_DATA and not f[i, F_FLAGS] & FL_TLS:
        f[i, F_FLAGS] |= FL_TLS | FL_APPDATA | FL_MIDTLS
    elif not f[i, F_FLAGS] & FL_TLS and not first:
        return  # a handshake that starts inside a conversation starts with a ClientHello (heads)
    f[i, F_FLAGS] |= FL_TLS
    f[i, d + D_REC] = 0
