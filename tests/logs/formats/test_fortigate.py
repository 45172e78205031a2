"""FortiGate logs against the shared samples and Sekoia's reading of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from craft.log_oracles import FIELDS, differences, expected_events
from craft.logs import observed, pick, unreadable

if TYPE_CHECKING:
    from pathlib import Path


def test_elastic_samples(logs_dir: Path) -> None:
    """Recognised without help; multicast is left out."""
    formats, rows, tally = observed(logs_dir / "fortigate" / "elastic_fortinet_7_4_excerpt.log")
    assert formats == ("fortigate",)
    assert (unreadable(tally), tally.others) == (0, 0)
    assert pick(
        rows, "client_ip", "client_port", "server_ip", "server_port", "bytes_up", "bytes_down"
    ) == [
        ("10.1.100.11", 58012, "81.2.69.142", 80, 1188, 1224),
        ("172.16.200.254", 62024, "172.16.200.2", 443, 1247, 1719),
    ]
    # eventtime is when the line was written, in nanoseconds; the session lasted 116 seconds.
    assert pick(rows[:1], "ts_ns", "end_ns") == [(1557513351369913239, 1557513467369913239)]


def test_sekoia_samples(logs_dir: Path) -> None:
    """Seventy lines of all modes: key=value, CSV, CEF with four spellings of its keys."""
    folder = logs_dir / "fortigate"
    lines = (folder / "sekoia.log").read_text(encoding="utf-8").splitlines()
    formats, rows, tally = observed(folder / "sekoia.log")
    assert formats == ("fortigate",)
    assert (tally.others, tally.lost.count) == (0, 0)
    assert {k: n for k, (n, _) in tally.unusable.items()} == {
        "no name that was asked for": 1,  # line 3: qname was taken out when it was made anonymous
        "no time that can be read": 2,  # lines 56 and 58: taken off with the syslog head
    }
    compared, found = differences(
        lines,
        rows,
        expected_events(folder),
        {**FIELDS, "end_ns": "@timestamp", "name": "url.domain"},
    )
    # Section 17 of the reference: of long sessions Sekoia takes the delta, the format what counts
    # so far (the largest counts).
    assert found == {
        (50, "bytes_up"): (12604185928, 771825),
        (50, "bytes_down"): (24366746607, 4330052),
        (51, "bytes_up"): (160972, 31328),
        (51, "bytes_down"): (58449, 10476),
    }
    assert (len(rows), compared) == (21, 144)
    names = [row for row in rows if row["kind"] in ("http", "dns")]
    assert {row["name"] for row in names} == {"example.com"}


def test_values_cannot_state_keys() -> None:
    """What a client sends stands between quotes and names no address of its own."""
    line = (
        'date=2026-11-03 time=08:00:00 devid="F" logid="0" type="traffic" subtype="forward" '
        'app="a srcip=6.6.6.6 sentbyte=1" srcip=10.0.0.4 srcport=1 dstip=20.0.0.1 dstport=443 '
        'sessionid=1 proto=6 action="accept" sentbyte=50 rcvdbyte=5'
    )
    assert pick(observed(line)[1], "client_ip", "bytes_up") == [("10.0.0.4", 50)]


def test_octets_are_those_of_ip_packets(logs_dir: Path) -> None:
    """Five pings (56 bytes each behind ICMP and IP) are 420 bytes in the published samples."""
    rows = observed(logs_dir / "fortigate" / "sekoia.log")[1]
    (row,) = [row for row in rows if row["proto"] == "icmp" and row.get("pkts_up") == 5]
    assert (row["bytes_up"], row["bytes_down"]) == (5 * (20 + 8 + 56),) * 2
    assert row["bytes_kind"] == "headers"
