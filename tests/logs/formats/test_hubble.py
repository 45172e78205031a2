"""Hubble flows against the shared sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from craft.logs import observed, pick, unreadable

if TYPE_CHECKING:
    from pathlib import Path


def test_exported_line(logs_dir: Path) -> None:
    """A packet to a pod: addresses, ports, verdict and nanoseconds; no bytes anywhere."""
    formats, rows, tally = observed(logs_dir / "cilium_hubble" / "public_export_lines.ndjson")
    assert formats == ("hubble",)
    assert (unreadable(tally), tally.others) == (0, 0)
    assert pick(
        rows, "ts_ns", "client_ip", "client_port", "server_ip", "server_port", "action"
    ) == [(1774492529114383229, "192.168.85.176", 41012, "192.168.95.3", 8181, "allow")]
    assert "bytes_up" not in rows[0]
