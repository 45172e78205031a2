"""Carving recorded captures: what tshark's filters show of the capture is what is in the file."""

from __future__ import annotations

import io
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from analyzer.evidence.carve import Options, captured, carve
from craft import run

if TYPE_CHECKING:
    from pathlib import Path

    from analyzer.evidence.carve import Listed
    from analyzer.result import Finding


def times(path: Path, shown: str) -> list[str]:
    """Packet times that tshark shows with this filter."""
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-e", "frame.time_epoch"]
    done = subprocess.run(
        [*command, *(["-Y", shown] if shown else [])], capture_output=True, check=True, text=True
    )
    return sorted(done.stdout.split())


def display_filter(finding: Finding, each: Listed) -> str:
    """As the evidence states it; of a conversation that it does not list, both sockets."""
    if each.place is not None:
        return finding.evidence[each.place].display_filter
    (orig, orig_port), (resp, resp_port) = each.orig, each.resp
    addr = "ipv6.addr" if ":" in orig else "ip.addr"
    return (
        f"{addr} == {orig} && {addr} == {resp} && {each.proto}.port == {orig_port} "
        f"&& {each.proto}.port == {resp_port}"
    )


@pytest.mark.tool
@pytest.mark.skipif(shutil.which("tshark") is None, reason="no tshark")
def test_exactly_the_findings_conversations(
    lab_dir: Path, ground_truth: dict[str, Any], scenario_id: str, tmp_path: Path
) -> None:
    scenario = ground_truth["scenarios"][scenario_id]
    files = [lab_dir / name for name in scenario.get("files") or [scenario["file"]]]
    result = run.analyze(tmp_path, *files, inventories=[lab_dir / "endpoints.json"]).result
    for finding in result.findings[:3]:
        listed = captured(result, finding)
        stream = io.BytesIO()
        done = carve(result, finding, stream, Options())
        out = tmp_path / "out.pcapng"
        out.write_bytes(stream.getvalue())
        # A packet quoted inside an ICMP error has the same addresses and ports.
        shown = " || ".join(f"({display_filter(finding, each)})" for each in listed)
        shown = f"({shown}) && !icmp && !icmpv6"
        expected = sorted(at for file in files for at in times(file, shown))
        assert times(out, "") == expected == times(out, shown)
        assert (
            done.packets
            == len(expected)
            == sum(each["packets"] for each in done.manifest["conversations"])
        )
        assert done.conversations == len(listed)
        assert done.missing == 0
