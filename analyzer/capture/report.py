"""What reading one input gave, whichever engine read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.issues import Issue

if TYPE_CHECKING:
    from collections.abc import Iterable

LOST = frozenset(
    (
        "tunnel-depth",
        "esp",
        "wifi-encrypted",
        "wifi-fragment",
        "macsec",
        "ppp-encoded",
        "unknown-link-type",
        "cut-link-header",
        "cut-ip-header",
        "bad-ip-header",
        "ipv6-header-chain",
        "cut-transport-header",
        "bad-tcp-header",
    )
)
"""Issues of packets that may have carried data and are in no conversation."""

_NO_CONVERSATION = frozenset(("not-ip", "mpls", "pppoe", "ip-protocol", "ip-tunnel"))


@dataclass(frozen=True, slots=True)
class InputReport:
    """The columns of the ``inputs`` table."""

    input_id: int
    path: str
    sha256: str | None
    format: str | None
    bytes: int
    records: int
    first_ns: int | None
    last_ns: int | None
    snapped: int
    complete: bool
    archive: str | None
    extract: str | None
    unit: str = "packet"


def nothing_analysed(found: Iterable[Issue], records: int, input_id: int) -> Issue | None:
    """The problem of an input none of whose packets could be analysed, None where one could.

    A packet that cannot be looked into is counted; where all are such, nothing at all was read. A
    capture of ARP or ICMP alone is read to its end and has nothing to analyse: that is no problem.
    """
    counts = {issue.code: issue.count for issue in found}
    lost = sum(counts.get(code, 0) for code in LOST)
    aside = sum(counts.get(code, 0) for code in _NO_CONVERSATION)
    if not lost or lost + aside < records:
        return None
    detail = (
        f"expected packets that can be looked into, found none among {records:,} (the other issues "
        "say why); what they carried is lost"
    )
    return Issue("nothing-analysed", input_id, "packet 1", detail, incomplete=True)
