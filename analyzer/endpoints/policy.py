"""What the network is meant to permit: its resolvers, the names that its firewall lets through, and
the tenant whose signatures are ours.

A firewall's ``*.`` stands for one or more labels (Azure Firewall and most proxies). Such a wildcard
is what the report is about, so it is understood here, and only here: it never declares an owner.
"""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from typing import TYPE_CHECKING

from analyzer.issues import UsageError
from analyzer.names import address_of, normalise, printable

if TYPE_CHECKING:
    from collections.abc import Iterable


def resolver(text: str, where: str) -> str:
    """An address, a network or a host name of a resolver, in one spelling.

    Raises:
        UsageError: It is none of them; `where` begins the message.
    """
    plain = text.strip()
    try:
        network = ipaddress.ip_network(plain, strict=False)
    except ValueError:
        host = normalise(plain) if address_of(plain) is None else None
    else:
        whole = network.prefixlen == network.max_prefixlen
        return str(network.network_address) if whole else str(network)
    if host is None or "." not in host or host.rpartition(".")[2].isdigit():
        raise UsageError(
            f"{where}: {printable(text)!r}: expected an address, a network or a host name, "
            "for example 10.0.0.53, 10.0.0.0/24 or dns.example.com"
        )
    return host


def allowed(text: str, where: str) -> str:
    """A host name, or ``*.`` and the end of one, in lower case.

    Raises:
        UsageError: It is neither; `where` begins the message.
    """
    plain = text.strip()
    star = "*." if plain.startswith("*.") else ""
    host = normalise(plain.removeprefix("*."))
    if host is None or "*" in host or address_of(host) is not None:
        raise UsageError(
            f"{where}: {printable(text)!r}: expected a host name, at most *. in front of it, "
            "for example *.data.azurecr.io"
        )
    return star + host


def claimed_twice(agents: Iterable[tuple[str, str]]) -> str | None:
    """What is wrong when two agents have the same network; None when all have their own.

    A network inside of another one is no clash: the narrower one counts.

    Args:
        agents: Labels, each with networks (CIDR, separated by commas).
    """
    owner: dict[str, str] = {}
    for label, networks in agents:
        for text in networks.split(","):
            with suppress(ValueError):  # what is no network is told where it is read
                network = str(ipaddress.ip_network(text.strip(), strict=False))
                first = owner.setdefault(network, label)
                if first != label:
                    return (
                        f"agents {printable(first)!r} and {printable(label)!r} both have the "
                        f"network {network}: its addresses can have one name only"
                    )
    return None


def tenant(text: str, where: str) -> str:
    """A tenant's id in lower case: a UUID, as signatures (``sktid``) and tokens have it.

    Raises:
        UsageError: It is none; `where` begins the message.
    """
    from uuid import UUID

    try:
        return str(UUID(text.strip()))
    except ValueError:
        raise UsageError(
            f"{where}: {printable(text)!r} is no tenant id: expected for example "
            "72f988bf-86f1-41af-91ab-2d7cd011db47 (az account show --query tenantId)"
        ) from None
