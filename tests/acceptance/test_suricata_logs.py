"""The same truth on another road: what Suricata logs of a capture says what we read from it."""

from __future__ import annotations

import shutil
import subprocess
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest

from craft import run
from craft.logs import observed, unreadable

if TYPE_CHECKING:
    from pathlib import Path

CAPTURES = ("m01_put_1k.pcap", "b10_pull_ipv6.pcap", "m18_put_proxy.pcap")

Tuple = tuple[Any, ...]


@pytest.fixture(params=CAPTURES)
def capture(request: pytest.FixtureRequest, lab_dir: Path) -> Path:
    path: Path = lab_dir / "captures" / request.param
    return path


@pytest.fixture
def eve(capture: Path, tmp_path: Path, repo_root: Path) -> list[dict[str, Any]]:
    """Observations of the EVE log that Suricata writes of the capture."""
    if shutil.which("suricata") is None:
        pytest.skip("suricata is not installed")
    config = repo_root / "benchmarks" / "suricata.yaml"
    command = ["suricata", "-r", str(capture), "-l", str(tmp_path), "-c", str(config)]
    command += ["-S", "/dev/null", "-k", "none", "--runmode", "single"]
    subprocess.run(command, check=True, capture_output=True)
    formats, rows, tally = observed(tmp_path / "eve.json")
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
    assert ours

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
