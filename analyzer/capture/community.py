"""Community ID v1 of flows (github.com/corelight/community-id-spec), seed 0.

SHA-1 over seed, both addresses, protocol, a zero byte and both ports, the smaller endpoint first.
The bytes of a whole batch are laid out at once; only the digests are made one by one.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha1
from ipaddress import ip_address
from typing import TYPE_CHECKING

import numpy as np

from analyzer.capture.layout import F_A_HI, F_A_LO, F_B_HI, F_B_LO, F_KEY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyzer.capture.types import Ints


def community_id(proto: int, a: str, a_port: int, b: str, b_port: int) -> str:
    """The identifier of one 5-tuple.

    Args:
        proto: IP protocol number, 6 or 17.
        a: One address, in text.
        a_port: Its port.
        b: The other address.
        b_port: Its port.
    """
    ends = sorted(
        (ip_address(h).packed, p.to_bytes(2, "big")) for h, p in ((a, a_port), (b, b_port))
    )
    return _digest(b"\0\0" + ends[0][0] + ends[1][0] + bytes((proto, 0)) + ends[0][1] + ends[1][1])


def community_ids(rows: Ints) -> NDArray[np.object_]:
    """The identifiers that Zeek, Suricata and Wireshark give the same 5-tuples.

    Args:
        rows: Rows of the flow array; their two endpoints may stand in any order.
    """
    out = np.empty(len(rows), dtype=object)
    version = rows[:, F_KEY] >> 40
    for is_v6 in (False, True):
        chosen = np.flatnonzero((version == 6) == is_v6)
        if len(chosen):
            out[chosen] = _digests(_messages(rows[chosen], is_v6))
    return out


def _messages(rows: Ints, is_v6: bool) -> NDArray[np.uint8]:
    """What is hashed, one row per flow."""
    key = rows[:, F_KEY]
    ends = []
    for high, low, port in ((F_A_HI, F_A_LO, key >> 16), (F_B_HI, F_B_LO, key)):
        if is_v6:
            address = np.stack([rows[:, high], rows[:, low]], axis=1).astype(">i8").view(np.uint8)
        else:
            address = (rows[:, low] & 0xFFFFFFFF).astype(">u4").view(np.uint8).reshape(-1, 4)
        ends.append((address, (port & 0xFFFF).astype(">u2").view(np.uint8).reshape(-1, 2)))
    (a, a_port), (b, b_port) = ends
    swap = _after(np.hstack([a, a_port]), np.hstack([b, b_port]))[:, None]
    proto = ((key >> 32) & 0xFF).astype(np.uint8)[:, None]
    zero = np.zeros_like(proto)
    return np.hstack(
        [
            zero,
            zero,
            np.where(swap, b, a),
            np.where(swap, a, b),
            proto,
            zero,
            np.where(swap, b_port, a_port),
            np.where(swap, a_port, b_port),
        ]
    )


def _after(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where the bytes of ``a`` are greater than those of ``b``, compared from the left."""
    different = a != b
    first = different.argmax(axis=1)[:, None]
    return (np.take_along_axis(a, first, axis=1) > np.take_along_axis(b, first, axis=1)).ravel()


def _digests(messages: NDArray[np.uint8]) -> list[str]:
    width = messages.shape[1]
    raw = messages.tobytes()
    return [_digest(raw[at : at + width]) for at in range(0, len(raw), width)]


def _digest(message: bytes) -> str:
    return "1:" + b64encode(sha1(message, usedforsecurity=False).digest()).decode()
