"""Names, CNAME chains and addresses of the laboratory, from names.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESOLVER = "168.63.129.16"
"""Azure's resolver and wire server; the laboratory's DNS server answers there."""


@dataclass(frozen=True, slots=True)
class Host:
    """One name that clients use."""

    name: str
    chain: tuple[str, ...]
    addresses: tuple[str, ...]
    """Of the chain's end; empty where another host with the same chain end states them."""


@dataclass(frozen=True, slots=True)
class Group:
    """Hosts that share a server and a certificate."""

    backend: str
    certificate: tuple[str, ...]
    hosts: tuple[Host, ...]
    judged_by: str = "owner"
    """What an upload to them can be judged by: a key of the table `judged_by`."""


def load() -> list[Group]:
    """All groups, in the order of the file."""
    return [
        Group(
            entry["backend"],
            tuple(entry["certificate"]),
            tuple(_hosts(entry)),
            entry.get("judged_by", "owner"),
        )
        for entry in _table()["group"]
    ]


def judged_by() -> dict[str, dict[str, Any]]:
    """By what an upload is judged: body bytes from which a severity is expected, and why."""
    return dict(_table()["judged_by"])


def _table() -> dict[str, Any]:
    return tomllib.loads((HERE / "names.toml").read_text(encoding="utf-8"))


def _hosts(entry: dict) -> list[Host]:
    hosts = [_host(host["name"], host) for host in entry.get("host", ())]
    for series in entry.get("series", ()):
        hosts += [_host(series["name"].format(n=n + 1), series) for n in range(series["count"])]
    return hosts


def _host(name: str, table: dict) -> Host:
    return Host(name, tuple(table.get("chain", ())), tuple(table.get("addresses", ())))


def addresses(groups: list[Group]) -> list[str]:
    """Every server address, once."""
    found = [address for g in groups for host in g.hosts for address in host.addresses]
    return list(dict.fromkeys([RESOLVER, *found]))


def dnsmasq_lines(groups: list[Group]) -> list[str]:
    """host-record and cname lines that make dnsmasq answer with the whole chains."""
    lines: dict[str, None] = {}
    for group in groups:
        for host in group.hosts:
            links = [host.name, *host.chain]
            for alias, target in pairwise(links):
                lines[f"cname={alias},{target},60"] = None
            if host.addresses:
                lines[f"host-record={links[-1]},{','.join(host.addresses)},60"] = None
    # dnsmasq knows a CNAME only to a name that it knows itself: the ends come first.
    return sorted(lines, key=lambda line: line.startswith("cname="))
