"""Network namespaces: servers on one side, a router, and agents on the other.

    agent a1, a2, a3 ── router (gw) ── net (every server address, on its loopback device)
    proxy px ──────────┘

The router's devices are called like the agents (``a1``), its far side ``wan``. No address exists
outside of the namespaces, and nothing in them has a way out.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

PREFIX = "acrlab-"
AGENTS = {"a1": 1, "a2": 2, "a3": 3, "px": 9}
RESOLV = Path("/etc/netns")


def run(*argv: str, check: bool = True) -> None:
    """One command of iproute2 or its like."""
    subprocess.run(argv, check=check, capture_output=not check)


def inside(namespace: str, *argv: str) -> list[str]:
    """The command line that runs `argv` in a namespace."""
    return ["ip", "netns", "exec", PREFIX + namespace, *argv]


def agent_address(agent: str, version: int = 4) -> str:
    """Address of an agent (or of the proxy)."""
    number = AGENTS[agent]
    last = "8" if agent == "px" else "10"
    return f"10.30.{number}.{last}" if version == 4 else f"fd30:{number}::{last}"


def _in(namespace: str, *argv: str, check: bool = True) -> None:
    run(*inside(namespace, *argv), check=check)


def create(servers: list[str], resolver: str) -> None:
    """All namespaces, without any link between them."""
    destroy()
    for name in ("net", "gw", *AGENTS):
        run("ip", "netns", "add", PREFIX + name)
        _in(name, "ip", "link", "set", "lo", "up")
        _in(name, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0")
        _in(name, "sysctl", "-qw", "net.ipv6.conf.default.router_solicitations=0")
        folder = RESOLV / (PREFIX + name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "resolv.conf").write_text(f"nameserver {resolver}\n", encoding="ascii")
        (folder / "nsswitch.conf").write_text("hosts: files dns\n", encoding="ascii")
    for family in ("ipv4.ip_forward", "ipv6.conf.all.forwarding"):
        _in("gw", "sysctl", "-qw", f"net.{family}=1")
    for address in servers:
        length = "128" if ":" in address else "32"
        _in("net", "ip", "addr", "add", f"{address}/{length}", "dev", "lo")


def destroy() -> None:
    """Whatever an earlier run left, and nothing else."""
    for name in ("net", "gw", *AGENTS):
        run("ip", "netns", "del", PREFIX + name, check=False)
        shutil.rmtree(RESOLV / (PREFIX + name), ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Link:
    """Two ends of a cable, as namespace and device."""

    near: tuple[str, str]
    far: tuple[str, str]


def far_link() -> Link:
    """Router to servers."""
    return Link(("gw", "wan"), ("net", "inet"))


def agent_link(agent: str) -> Link:
    """Agent to router."""
    return Link((agent, "eth0"), ("gw", agent))


def connect(link: Link) -> None:
    """A plain cable (veth)."""
    (near, device), (far, other) = link.near, link.far
    run("ip", "link", "add", device, "netns", PREFIX + near, "type", "veth",
        "peer", "name", other, "netns", PREFIX + far)  # fmt: skip


def disconnect(link: Link) -> None:
    """Removes a cable of either kind."""
    for namespace, device in (link.near, link.far):
        _in(namespace, "ip", "link", "del", device, check=False)


def offload(link: Link, state: str) -> None:
    """Segmentation offload of both ends: off shows the frames as they are on a real cable."""
    for namespace, device in (link.near, link.far):
        _in(namespace, "ethtool", "-K", device, "tx", state, "gso", state, "tso", state,
            "gro", state, check=False)  # fmt: skip


def address_far() -> None:
    """Addresses and routes of the link between router and servers."""
    _up("gw", "wan", ["198.18.0.1/30", "fd31::1/64"])
    _up("net", "inet", ["198.18.0.2/30", "fd31::2/64"])
    _in("gw", "ip", "route", "add", "default", "via", "198.18.0.2")
    _in("gw", "ip", "-6", "route", "add", "default", "via", "fd31::2")
    _in("net", "ip", "route", "add", "default", "via", "198.18.0.1")
    _in("net", "ip", "-6", "route", "add", "default", "via", "fd31::1")


def address_agent(agent: str, *, ipv6: bool) -> None:
    """Addresses and routes of an agent's link."""
    number = AGENTS[agent]
    inner = [f"{agent_address(agent)}/24", f"{agent_address(agent, 6)}/64"]
    outer = [f"10.30.{number}.1/24", f"fd30:{number}::1/64"]
    count = 2 if ipv6 else 1
    _up(agent, "eth0", inner[:count])
    _up("gw", agent, outer[:count])
    _in(agent, "ip", "route", "add", "default", "via", f"10.30.{number}.1")
    if ipv6:
        _in(agent, "ip", "-6", "route", "add", "default", "via", f"fd30:{number}::1")


def _up(namespace: str, device: str, addresses: list[str]) -> None:
    _in(namespace, "ip", "link", "set", device, "up")
    for address in addresses:
        quick = ["nodad"] if ":" in address else []
        _in(namespace, "ip", "addr", "add", address, "dev", device, *quick)


def masquerade(state: bool) -> None:
    """Agents behind one address: the router translates what leaves through `wan`."""
    _in("gw", "nft", "flush", "ruleset")
    if state:
        rules = (
            "table ip nat { chain post { type nat hook postrouting priority 100; "
            'oifname "wan" masquerade; }; }'
        )
        _in("gw", "nft", rules)
