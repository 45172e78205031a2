"""The same truth on another road: what Suricata logs of a capture says what we read from it."""

from __future__ import annotations

import shutil
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest

from craft import run
from craft.logs import observed, unreadable
from craft.suricata import eve_of

if TYPE_CHECKING:
    from pathlib import Path

CAPTURES = (
    "m01_put_1k.pcap",
    "b07_browse.pcap",
    "b10_pull_ipv6.pcap",
    "b08_dns_only.pcap",
    "m16_plain_http.pcap",
    "m18_put_proxy.pcap",
)
OPTIONS = 20
"""Bytes of TCP options in a packet, on average at most: counters that include headers have them."""
UDP_LESS = 12
"""A UDP header is this much smaller than the TCP header that is taken off for every packet."""

WITHOUT_SNI = ("b08_dns_only.pcap", "m16_plain_http.pcap")

Tuple = tuple[Any, ...]


@pytest.fixture(params=CAPTURES)
def capture(request: pytest.FixtureRequest, lab_dir: Path) -> Path:
    path: Path = lab_dir / "captures" / request.param
    return path


@pytest.fixture
def log(capture: Path, tmp_path: Path) -> Path:
    """The EVE log that Suricata writes of the capture."""
    if shutil.which("suricata") is None:
        pytest.skip("suricata is not installed")
    return eve_of(capture, tmp_path / "suricata")


@pytest.fixture
def eve(log: Path) -> list[dict[str, Any]]:
    """What the log states."""
    formats, rows, tally = observed(log)
    assert formats == ("suricata",)
    assert unreadable(tally) == tally.others == 0
    return rows


def conversation(row: dict[str, Any], client: str, server: str) -> Tuple:
    ends = (
        (row[f"{client}_ip"], row[f"{client}_port"]),
        (row[f"{server}_ip"], row[f"{server}_port"]),
    )
    return (row["proto"], *((str(ip_address(ip)), port) for ip, port in ends))


def test_names_flows_and_lookups(eve: list[dict[str, Any]], capture: Path, tmp_path: Path) -> None:
    """SNI names, flow counters and DNS questions of each conversation are the same."""
    analysis = run.analyze(tmp_path, capture)
    names = analysis.rows(
        "SELECT proto, orig_ip, orig_port, resp_ip, resp_port, name FROM names JOIN flows "
        "USING (flow_id) WHERE names.kind IN ('sni', 'quic_sni')"
    )
    ours = {(*conversation(n, "orig", "resp"), n["name"]) for n in names}
    theirs = {
        (*conversation(e, "client", "server"), e["name"])
        for e in eve
        if e["kind"] == "name" and e["name_kind"] in ("sni", "quic_sni")
    }
    assert theirs == ours
    assert ours or capture.name in WITHOUT_SNI

    flows = analysis.rows("SELECT * FROM flows WHERE proto IN ('tcp', 'udp')")
    counted = {
        (*conversation(f, "orig", "resp"), f["orig_pkts"], f["resp_pkts"], f["start_ns"] // 1000)
        for f in flows
    }
    logged = {
        (*conversation(e, "client", "server"), e["pkts_up"], e["pkts_down"], e["ts_ns"] // 1000)
        for e in eve
        if e["kind"] == "flow" and e["proto"] in ("tcp", "udp")
    }
    assert logged == counted

    asked = {
        (e["name"], e["txid"], e["is_response"], str(ip_address(e["client_ip"])))
        for e in eve
        if e["kind"] == "dns"
    }
    questions = analysis.rows("SELECT qname, txid, is_response, client_ip FROM dns")
    assert asked == {
        (q["qname"], q["txid"], q["is_response"], str(ip_address(q["client_ip"])))
        for q in questions
    }


CONVERSATIONS = """
SELECT proto, orig_ip, orig_port, resp_ip, resp_port, start_ns // 1000 AS start,
    end_ns // 1000 AS until, orig_bytes, resp_bytes, orig_pkts, resp_pkts
FROM flows WHERE proto IN ('tcp', 'udp') ORDER BY ALL
"""
ANSWERS = """
SELECT DISTINCT client_ip, qname, rcode, owner, a.type, a.value, ttl_s
FROM dns JOIN dns_answers AS a USING (dns_id) WHERE a.type IN (1, 5, 28) ORDER BY ALL
"""
REQUESTS = """
SELECT orig_ip, orig_port, resp_ip, resp_port, method, host, target, status
FROM http JOIN flows USING (flow_id) ORDER BY ALL
"""


def test_tables_of_the_log_are_those_of_the_capture(
    log: Path, capture: Path, tmp_path: Path
) -> None:
    """Times, addresses, bytes, answers and requests, as rules see them."""
    ours, theirs = run.analyze(tmp_path, capture), run.analyze(tmp_path, log)
    assert theirs.rows(ANSWERS) == ours.rows(ANSWERS)
    assert theirs.rows(REQUESTS) == ours.rows(REQUESTS)

    captured, logged = ours.rows(CONVERSATIONS), theirs.rows(CONVERSATIONS)
    same = ("proto", "orig_ip", "orig_port", "resp_ip", "resp_port", "start", "until")
    assert [[f[name] for name in same] for f in logged] == [
        [f[name] for name in same] for f in captured
    ]
    for one, other in zip(captured, logged, strict=True):
        for side in ("orig", "resp"):
            payload, packets = one[f"{side}_bytes"], one[f"{side}_pkts"]
            less, more = (
                (0, OPTIONS * packets) if one["proto"] == "tcp" else (UDP_LESS * packets, 0)
            )
            assert payload - less <= other[f"{side}_bytes"] <= payload + more, one
