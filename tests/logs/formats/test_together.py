"""What several lines of one device say becomes one conversation: formats through the gathering."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from analyzer.case.build import open_case
from analyzer.inputs.sniff import Format
from analyzer.logs.gather import gather
from analyzer.logs.observe import observe, prepare
from analyzer.logs.recognise import recognise_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def gathered() -> Iterator[Callable[[str, str], list[dict[str, Any]]]]:
    """Reads a text as a log and gives the rows of a query."""
    with open_case() as case:

        def read(text: str, query: str) -> list[dict[str, Any]]:
            data = text.encode()
            found = recognise_log(data)
            assert isinstance(found, Format)
            assert found.log is not None
            prepare(case.connection)
            observe(case.connection, io.BytesIO(data).readinto, found.log, 0)
            gather(case.connection)
            cursor = case.connection.execute(query)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

        yield read


FLOWS = "SELECT * FROM flows ORDER BY start_ns, flow_id"


def case(name: str, repo_root: Path) -> str:
    """The made case of a format."""
    return (repo_root / "tests/logs/formats" / name).read_text(encoding="utf-8")


def test_palo_alto(gathered: Any, repo_root: Path) -> None:
    """The start of a session adds nothing to its end."""
    lines = case("palo-alto/made.log", repo_root).splitlines()[:2]
    flows = gathered("\n".join(lines) + "\n", FLOWS)
    assert len(flows) == 1
    # 60 packets with a head of 54 bytes each come off.
    assert flows[0]["orig_bytes"] == 80000 - 60 * 54


def test_palo_alto_names(gathered: Any, repo_root: Path) -> None:
    """The URL log names the session that the traffic log counts."""
    lines = case("palo-alto/made.log", repo_root).splitlines()
    text = f"{lines[0]}\n{lines[6]}\n"
    named = "SELECT n.name, f.orig_bytes FROM names n JOIN flows f USING (flow_id)"
    assert gathered(text, named) == [
        {"name": "acct.blob.core.windows.net", "orig_bytes": 80000 - 60 * 54}
    ]


def test_fortigate_long_session(gathered: Any) -> None:
    """Lines of a long session count so far: the largest counts, not their sum."""
    line = (
        'date=2026-11-03 time=0{0}:00:00 devid="F" logid="0000000020" type="traffic" '
        'subtype="forward" '
        "srcip=10.0.0.4 srcport=50001 dstip=20.1.2.3 dstport=443 sessionid=7 proto=6 "
        'action="accept" duration={1} sentbyte={2} rcvdbyte=10 sentpkt=10 rcvdpkt=1 sentdelta=9\n'
    )
    text = line.format(1, 3600, 10540) + line.format(2, 7200, 20540) + line.format(3, 10800, 30540)
    flows = gathered(text, FLOWS)
    assert [flow["orig_bytes"] for flow in flows] == [30540 - 540]


def test_cisco_asa(gathered: Any, repo_root: Path) -> None:
    """Built and Teardown are one connection, of unknown amounts."""
    lines = case("cisco-asa/made.log", repo_root).splitlines()[:4]
    flows = gathered("\n".join(lines) + "\n", FLOWS)
    assert [(f["orig_ip"], f["resp_ip"], f["orig_bytes"]) for f in flows] == [
        ("10.0.0.4", "20.1.2.3", None),
        ("198.51.100.9", "10.0.9.53", None),
    ]
    assert flows[0]["end_ns"] - flows[0]["start_ns"] == 67 * 10**9


def test_dnsmasq(gathered: Any, repo_root: Path) -> None:
    """Answers name addresses for who asked, along their aliases."""
    text = case("dnsmasq/made.log", repo_root)
    names = gathered(text, "SELECT client_ip, addr, name, chain FROM names ORDER BY addr")
    assert ("10.0.0.4", "20.1.2.3", "contoso.azurecr.io") in {
        (n["client_ip"], n["addr"], n["name"]) for n in names
    }
    # What Pi-hole made up for a blocked name is no address of it.
    assert "0.0.0.0" not in {n["addr"] for n in names}


def test_sysmon(gathered: Any, repo_root: Path) -> None:
    """A host's answers and its connections, with the program that made them."""
    flows = gathered(case("sysmon/made.xml", repo_root), FLOWS)
    assert [(f["orig_ip"], f["resp_ip"], f["resp_port"]) for f in flows] == [
        ("10.0.0.4", "20.1.2.3", 443)
    ]


def _vnet(mac: str, way: str, base: int) -> dict[str, Any]:
    head = "10.0.0.4,20.60.1.1,50001,443,6"
    tuples = [f"{base},{head},{way},B,NX,0,0,0,0"]
    tuples += [f"{base + m * 60_000},{head},{way},C,NX,7500,10405000,10,5000" for m in (1, 2, 3)]
    return {
        "category": "FlowLogFlowEvent",
        "macAddress": mac,
        "flowRecords": {"flows": [{"flowGroups": [{"rule": "r", "flowTuples": tuples}]}]},
    }


def _nsg(mac: str, base: int) -> dict[str, Any]:
    head = "10.0.0.4,20.60.1.1,50001,443,T,O,A"
    tuples = [f"{base},{head},B,,,,"]
    tuples += [f"{base + m * 60},{head},C,7500,10405000,10,5000" for m in (1, 2, 3)]
    flows = [{"rule": "r", "flows": [{"mac": mac, "flowTuples": tuples}]}]
    return {
        "category": "NetworkSecurityGroupFlowEvent",
        "properties": {"Version": 2, "flows": flows},
    }


@pytest.mark.parametrize(
    "other",
    [_nsg("000D3A000001", 1793692800), _vnet("000D3A000002", "I", 1793692800412)],
    ids=["group and network", "two interfaces"],
)
def test_flow_logs_of_two_places(gathered: Any, other: dict[str, Any]) -> None:
    """An upload of 30 MB is one of 30 MB, whoever else logs it."""
    both = [_vnet("000D3A000001", "O", 1793692800400), other]
    (flow,) = gathered("\n".join(map(json.dumps, both)) + "\n", FLOWS)
    assert flow["orig_bytes"] == 3 * (10_405_000 - 7500 * 54)
    assert (flow["orig_pkts"], flow["records"]) == (22_500, 8)


def test_aws_flow_logs_of_two_interfaces(gathered: Any) -> None:
    """The client's interface and a translator's saw the same packets."""
    names = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes"
    rows = [f"{names} start end action log-status"]
    for minute in range(2):
        start = 1793692800 + minute * 60
        for eni in ("eni-1", "eni-2"):
            rows.append(
                f"2 1 {eni} 10.0.0.4 20.60.0.1 50001 443 6 100 140000 "
                f"{start} {start + 60} ACCEPT OK"
            )
    (flow,) = gathered("\n".join(rows) + "\n", FLOWS)
    assert flow["orig_bytes"] == 2 * (140_000 - 100 * 54)
