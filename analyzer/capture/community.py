"""Community ID v1 of a flow (github.com/corelight/community-id-spec), seed 0."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha1
from ipaddress import ip_address


def community_id(proto: int, a: str, a_port: int, b: str, b_port: int) -> str:
    """The identifier that Zeek, Suricata and Wireshark give the same 5-tuple.

    Args:
        proto: IP protocol number, 6 or 17.
        a: One address, in text.
        a_port: Its port.
        b: The other address.
        b_port: Its port.
    """
    first = (ip_address(a).packed, a_port)
    second = (ip_address(b).packed, b_port)
    if first > second:
        first, second = second, first
    data = (
        b"\0\0"
        + first[0]
        + second[0]
        + bytes((proto, 0))
        + first[1].to_bytes(2, "big")
        + second[1].to_bytes(2, "big")
    )
    return "1:" + b64encode(sha1(data, usedforsecurity=False).digest()).decode()
