"""The `addresses` table: sortable key, scope, agent label and catalogued service of each address.

Ranges are compared on the key (32 hex digits of the IPv6 form, IPv4 as ::ffff:a.b.c.d), so no
DuckDB extension is needed, and one table of special ranges serves both families.
"""

from __future__ import annotations

import socket
from bisect import bisect_right
from typing import TYPE_CHECKING

from analyzer.case.columns import append_columns, text_array
from analyzer.case.scripts import load_text
from analyzer.endpoints.match import UNKNOWN
from analyzer.issues import UsageError
from analyzer.schema import ADDRESSES

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

    from analyzer.endpoints.inventory import Inventory
    from analyzer.endpoints.match import Catalogue, Match

_MAPPED = "00000000000000000000ffff"

# IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), and the multicast blocks. The
# narrowest range that holds an address decides. Shared address space (100.64.0.0/10,
# RFC 6598) is private here: it is behind the operator's NAT, never a public service. Documentation
# and benchmarking ranges are "other": nobody's private endpoint, and not globally routable.
_SPECIAL = (
    ("0.0.0.0/8", "other"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "private"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "other"),
    ("192.0.0.9/32", "global"),
    ("192.0.0.10/32", "global"),
    ("192.0.2.0/24", "other"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "other"),
    ("198.51.100.0/24", "other"),
    ("203.0.113.0/24", "other"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "other"),
    ("::/96", "other"),
    ("::1/128", "loopback"),
    ("::ffff:0:0/96", "global"),
    ("64:ff9b:1::/48", "private"),
    ("100::/64", "other"),
    ("2001::/23", "other"),
    ("2001:1::1/128", "global"),
    ("2001:1::2/128", "global"),
    ("2001:3::/32", "global"),
    ("2001:4:112::/48", "global"),
    ("2001:20::/28", "global"),
    ("2001:30::/28", "global"),
    ("2001:db8::/32", "other"),
    ("3fff::/20", "other"),
    ("5f00::/16", "other"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "private"),
    ("ff00::/8", "multicast"),
)


def fill_addresses(
    connection: duckdb.DuckDBPyConnection,
    agents: Iterable[tuple[str, str]],
    *,
    catalogue: Catalogue,
    inventory: Inventory,
) -> None:
    """Replaces `addresses`, and makes `address_matches` of those that have a meaning by themselves:
    the catalogue knows them (link-local agents, resolvers), or the inventory declares them.

    Raises:
        UsageError: An agent's network is not one.
    """
    label_of = AgentLabels(agents)
    found = connection.execute(_DISTINCT).fetchnumpy()["addr"].tolist()
    keys = [key_of(addr) for addr in found]
    matches = {a: catalogue.match_address(a) or UNKNOWN for a in found}
    connection.execute("DELETE FROM addresses")
    append_columns(
        connection,
        ADDRESSES,
        {
            "addr": text_array(found),
            "key": text_array(keys),
            "scope": text_array([scope_of(k) for k in keys]),
            "agent": text_array([label_of(a, k) for a, k in zip(found, keys, strict=True)]),
            "service": text_array([matches[a].service for a in found]),
        },
    )
    _load_matches(connection, matches, inventory)


def key_of(addr: str) -> str:
    """The 32 hex digits of an address; what is no address sorts as ``::`` and has scope other."""
    try:
        if ":" in addr:
            return socket.inet_pton(socket.AF_INET6, addr.partition("%")[0]).hex()
        return _MAPPED + socket.inet_pton(socket.AF_INET, addr).hex()
    except (OSError, ValueError):
        return "0" * 32


def scope_of(key: str) -> str:
    """Scope of the address with this key."""
    return _SCOPES[bisect_right(_STARTS, key) - 1]


class AgentLabels:
    """Label of an address: the longest of the named networks that holds it, else the address.

    A label may have several networks of both families; equal networks go to the label named first.
    """

    def __init__(self, agents: Iterable[tuple[str, str]]) -> None:
        self._by_length: dict[int, dict[int, str]] = {}
        for label, text in agents:
            for part in text.split(","):
                first, length = _network(label, part.strip())
                self._by_length.setdefault(length, {}).setdefault(first, label)
        self._lengths = sorted(self._by_length, reverse=True)

    def __call__(self, addr: str, key: str) -> str:
        """The label of an address whose key is known."""
        if not self._lengths:
            return addr
        value = int(key, 16)
        for length in self._lengths:
            shift = 128 - length
            label = self._by_length[length].get(value >> shift << shift)
            if label is not None:
                return label
        return addr


def _network(label: str, text: str) -> tuple[int, int]:
    import ipaddress

    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise UsageError(
            f"agent {label!r}: {text!r} is no address or network, expected for example 10.1.0.0/24"
        ) from error
    first = int(key_of(str(network.network_address)), 16)
    return first, network.prefixlen + (96 if network.version == 4 else 0)


def _load_matches(
    connection: duckdb.DuckDBPyConnection, matches: dict[str, Match], inventory: Inventory
) -> None:
    declared = {*inventory.own.hosts, *inventory.approved.hosts, *inventory.denied.hosts}
    rows = [
        (a, m, inventory.ownership(m, a)[0])
        for a, m in sorted(matches.items())
        if m.entry is not None or a in declared
    ]
    load_text(
        connection,
        "address_matches",
        addr=[a for a, _, _ in rows],
        service=[m.service for _, m, _ in rows],
        role=[m.role for _, m, _ in rows],
        owner=[m.owner for _, m, _ in rows],
        ownership=[o for _, _, o in rows],
        direction=[m.direction for _, m, _ in rows],
        technique=[m.technique for _, m, _ in rows],
    )


def _ranges() -> tuple[list[str], list[str]]:
    """Start keys and scopes of consecutive ranges that cover the whole key space."""
    import ipaddress

    cuts = {0, 1 << 128}
    spans = []
    for text, scope in _SPECIAL:
        network = ipaddress.ip_network(text)
        first = int(key_of(str(network.network_address)), 16)
        end = first + network.num_addresses
        spans.append((first, end, scope))
        cuts |= {first, end}
    spans.sort(key=lambda s: s[1] - s[0])
    starts, scopes = [], []
    for start in sorted(cuts - {1 << 128}):
        starts.append(f"{start:032x}")
        scopes.append(next((s for a, b, s in spans if a <= start < b), "global"))
    return starts, scopes


_STARTS, _SCOPES = _ranges()

_DISTINCT = """
SELECT DISTINCT addr FROM (
    SELECT orig_ip AS addr FROM flows UNION ALL SELECT resp_ip FROM flows
    UNION ALL SELECT client_ip FROM names UNION ALL SELECT addr FROM names
    UNION ALL SELECT client_ip FROM dns UNION ALL SELECT server_ip FROM dns
    UNION ALL SELECT addr FROM literals
) WHERE addr IS NOT NULL ORDER BY addr
"""
