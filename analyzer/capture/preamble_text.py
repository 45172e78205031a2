"""What SOCKS requests and PROXY headers say: the host behind, or the client in front.

Reads the units that `preambles` has found complete (RFC 1928, RFC 1929, SOCKS 4a, PROXY protocol).
User names and passwords are stepped over and never leave this module.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

from analyzer.capture.http import printable


def socks_target(said: bytes) -> str | None:
    """Host name or address that a SOCKS client asks for; None for anything but CONNECT."""
    if said[:1] == b"\x04":
        if said[1] != 1:
            return None
        if said[4:7] == b"\0\0\0" and said[7]:
            return _name(said[8:].split(b"\0")[1])
        return str(IPv4Address(said[4:8]))
    at = 2 + said[1]
    if said[at] == 1:
        at += 2 + said[at + 1]
        at += 1 + said[at]
    if said[at + 1] != 1:
        return None
    kind, at = said[at + 3], at + 4
    if kind == 1:
        return str(IPv4Address(said[at : at + 4]))
    if kind == 4:
        return IPv6Address(said[at : at + 16]).compressed
    return _name(said[at + 1 : at + 1 + said[at]])


def proxied_client(header: bytes) -> str | None:
    """Address of the client that a PROXY header states; None where it states none."""
    if header[:6] == b"PROXY ":
        words = header.split()
        if len(words) < 6 or words[1] not in (b"TCP4", b"TCP6"):
            return None
        try:
            return str(ip_address(words[2].decode("ascii", "replace")))
        except ValueError:
            return None
    if header[12] & 15 != 1:
        return None  # LOCAL: the proxy speaks for itself
    family = header[13] >> 4
    if family == 1 and len(header) >= 28:
        return str(IPv4Address(header[16:20]))
    if family == 2 and len(header) >= 52:
        return IPv6Address(header[16:32]).compressed
    return None


def _name(raw: bytes) -> str | None:
    return printable(raw).lower().removesuffix(".") or None
