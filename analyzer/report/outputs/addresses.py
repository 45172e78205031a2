"""``address:port`` of an evidence row taken apart again."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

IP = IPv4Address | IPv6Address


class Side(NamedTuple):
    """One end of a conversation; None for what is not known (or no address at all)."""

    ip: IP | None
    port: int | None


def side(text: str) -> Side:
    """Reads ``10.0.0.1:443``, ``[2001:db8::1]:443`` and the same with ``?`` for a part."""
    host, _, port = text.rpartition(":")
    if not host:
        host, port = text, ""
    known = port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65_535
    return Side(address(host.removeprefix("[").removesuffix("]")), int(port) if known else None)


def address(text: str) -> IP | None:
    """The address, None for what is none; a zone (``%eth0``) is of one machine and left out."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


def addresses(texts: list[str]) -> list[str]:
    """Those that are addresses, in their usual spelling, each once, in their order."""
    found = (address(text) for text in texts)
    return list(dict.fromkeys(str(ip) for ip in found if ip is not None))
