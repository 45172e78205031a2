"""Bounded accessors: the only reads of packet bytes, all returning int64.

Mixing uint64 and int64 gives float64 in Numba, and uint8 arithmetic wraps, so every byte is widened
here. The caller has checked ``0 <= i and i + n <= end``; an index outside the window trips Numba's
bounds check and becomes a ``kernel-fault`` issue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.kernel import kernel
from analyzer.capture.types import int64

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes


@kernel("i(B1, i)", inline=True)
def u8(b: Bytes, i: int) -> int:
    """One byte."""
    return int64(b[i])


@kernel("i(B1, i)", inline=True)
def u16(b: Bytes, i: int) -> int:
    """Two bytes, network order."""
    return (int64(b[i]) << 8) | int64(b[i + 1])


@kernel("i(B1, i)", inline=True)
def u24(b: Bytes, i: int) -> int:
    """Three bytes, network order."""
    return (int64(b[i]) << 16) | (int64(b[i + 1]) << 8) | int64(b[i + 2])


@kernel("i(B1, i)", inline=True)
def u32(b: Bytes, i: int) -> int:
    """Four bytes, network order."""
    return (int64(b[i]) << 24) | (int64(b[i + 1]) << 16) | (int64(b[i + 2]) << 8) | int64(b[i + 3])


@kernel("i(B1, i)", inline=True)
def s64(b: Bytes, i: int) -> int:
    """Eight bytes, network order, as a signed integer (addresses are compared, never added)."""
    return (u32(b, i) << 32) | u32(b, i + 4)


@kernel("i(B1, i, i)", inline=True)
def e16(b: Bytes, i: int, big: int) -> int:
    """Two bytes in the file's byte order."""
    if big:
        return u16(b, i)
    return (int64(b[i + 1]) << 8) | int64(b[i])


@kernel("i(B1, i, i)", inline=True)
def e32(b: Bytes, i: int, big: int) -> int:
    """Four bytes in the file's byte order."""
    if big:
        return u32(b, i)
    return (int64(b[i + 3]) << 24) | (int64(b[i + 2]) << 16) | (int64(b[i + 1]) << 8) | int64(b[i])


@kernel("i(i, i)", inline=True)
def seq_diff(a: int, b: int) -> int:
    """Signed distance a - b in 32-bit sequence space (RFC 9293 section 3.4)."""
    return ((a - b + 0x80000000) & 0xFFFFFFFF) - 0x80000000
