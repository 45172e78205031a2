"""netfilter LOG lines against the shared samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from craft.log_oracles import FIELDS, differences, expected_events
from craft.logs import observed, pick, unreadable

if TYPE_CHECKING:
    from pathlib import Path


def test_elastic_samples(logs_dir: Path) -> None:
    """The packet that an ICMP error quotes does not replace the error's own addresses."""
    formats, rows, tally = observed(logs_dir / "netfilter" / "elastic_iptables_raw.log", year=2024)
    assert formats == ("netfilter",)
    assert (unreadable(tally), tally.others) == (0, 0)
    itself = "2a02:cf40:add:4002:91f2:a9b2:e09a:6fc6"
    assert pick(
        rows, "client_ip", "client_port", "server_ip", "server_port", "proto", "action"
    ) == [
        ("67.43.156.15", 38842, "10.4.0.5", 443, "tcp", "deny"),
        ("67.43.156.15", 38842, "10.4.0.5", 443, "tcp", "deny"),
        ("192.168.2.71", None, "192.168.2.83", None, "icmp", "deny"),
        ("81.2.69.143", 17805, "172.16.54.114", 445, "tcp", "deny"),
        (itself, None, itself, None, "icmp6", None),
    ]


def test_sekoia_samples(logs_dir: Path) -> None:
    """Sekoia took the head with the time off."""
    folder = logs_dir / "netfilter"
    lines = (folder / "sekoia.log").read_text(encoding="utf-8").splitlines()
    formats, rows, tally = observed(folder / "sekoia.log")
    assert formats == ("netfilter",)
    assert tally.unusable == {"no time that can be read": (3, 1)}
    headed = "".join(f"Oct 10 12:34:56 fw1 kernel: {line}\n" for line in lines)
    formats, rows, tally = observed(headed, year=2025)
    assert (len(rows), unreadable(tally)) == (3, 0)
    assert differences(lines, rows, expected_events(folder), FIELDS) == (10, {})
    assert pick(rows, "action", "rule") == [
        ("allow", "DA->FEDERATEUR ACCEPT"),
        ("deny", "INTERNET SPOOFING DROP"),
        (None, "IPTABLES"),
    ]
