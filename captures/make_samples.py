"""Writes the made captures of this folder: ``python captures/make_samples.py [FOLDER]``.

What each holds is in README.md. The script needs scapy; the product does not.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from https import Session
from wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

LOGIN, LOGIN_ADDRESS = "contoso.azurecr.io", "20.42.66.10"
DATA, DATA_ADDRESS = "contoso.eastus.data.azurecr.io", "20.42.66.33"
MANAGED, MANAGED_ADDRESS = "eusmanaged12.blob.core.windows.net", "20.60.241.37"
FOREIGN, FOREIGN_ADDRESS = "parkedlayers.blob.core.windows.net", "20.150.43.4"

CHAINS = {
    LOGIN: [
        "eus.fe.azcr.io",
        "eus-acr-reg.trafficmanager.net",
        "r0412eus.eastus.cloudapp.azure.com",
    ],
    DATA: [
        "eus-0.data.azcr.io",
        "eus-acr-dp.trafficmanager.net",
        "d0412eus.eastus.cloudapp.azure.com",
    ],
    MANAGED: ["blob.blz21prdstr09a.store.core.windows.net"],
    FOREIGN: ["blob.blz22prdstr03a.store.core.windows.net"],
}


def log_in(wire: Wire) -> Session:
    """Challenge and token on one connection to the login server."""
    wire.lookup(LOGIN, CHAINS[LOGIN], LOGIN_ADDRESS)
    session = Session(wire, LOGIN, LOGIN_ADDRESS, ("h2", "http/1.1"))
    session.exchange(head=190, body=0, answer=640)
    session.exchange(head=410, body=0, answer=1790)
    return session


def pull(wire: Wire, storage: str, address: str, layers: tuple[int, ...]) -> None:
    """Manifest and redirects from the login server, layers from where they redirect to."""
    login = log_in(wire)
    login.exchange(head=1420, body=0, answer=1310)
    wire.lookup(storage, CHAINS[storage], address)
    for size in layers:
        login.exchange(head=1450, body=0, answer=720)
        blob = Session(wire, storage, address, ("h2", "http/1.1"))
        blob.exchange(head=690, body=0, answer=size)
        blob.close()
    login.close()
    wire.pause(400)


def pull_and_upload() -> Wire:
    """An innocent pull, then one Put Blob of 60 KB to a storage account that is not ours."""
    wire = Wire()
    pull(wire, DATA, DATA_ADDRESS, (1500, 120_000))
    wire.lookup(FOREIGN, CHAINS[FOREIGN], FOREIGN_ADDRESS)
    upload = Session(wire, FOREIGN, FOREIGN_ADDRESS)
    upload.exchange(head=420, body=60_000, answer=310)
    upload.close()
    return wire


def legacy_pull() -> Wire:
    """A pull whose layers come from registry-managed storage."""
    wire = Wire()
    pull(wire, MANAGED, MANAGED_ADDRESS, (1500, 150_000))
    return wire


def push_own() -> Wire:
    """A push of one 90 KB layer and its manifest to our own registry."""
    wire = Wire()
    session = log_in(wire)
    session.exchange(head=1400, body=0, answer=430)
    session.exchange(head=1480, body=0, answer=520)
    session.exchange(head=1560, body=90_000, answer=510)
    session.exchange(head=1590, body=0, answer=480)
    session.exchange(head=1500, body=528, answer=470)
    session.close()
    return wire


def look_alike_lookups() -> Wire:
    """DNS alone: our registry, a name that imitates it, and a name that does not exist."""
    wire = Wire()
    wire.lookup(LOGIN, CHAINS[LOGIN], LOGIN_ADDRESS)
    wire.lookup("contoso.azurecr.io.registry-sync.example", [], "198.51.100.23")
    wire.lookup("contoso-old.azurecr.io", [], None)
    return wire


SAMPLES: dict[str, Callable[[], Wire]] = {
    "made-pull-and-upload.pcap": pull_and_upload,
    "made-legacy-pull.pcap": legacy_pull,
    "made-push-own.pcap": push_own,
    "made-look-alike-dns.pcap": look_alike_lookups,
}


def main() -> None:
    """Writes every sample into the folder that is given, or this one."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, make in SAMPLES.items():
        make().write(str(folder / name))


if __name__ == "__main__":
    main()
