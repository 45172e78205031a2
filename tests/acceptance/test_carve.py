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


def times(path: Path, shown: str) -> list[str]:
    """Packet times that tshark shows with this filter."""
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-e", "frame.time_epoch"]
    done = subprocess.run(
        [*command, *(["-Y", shown] if shown else [])], capture_output=True, check=True, text=True
    )
    return sorted(done.stdout.split())


@pytest.mark.tool
@pytest.mark.skipif(shutil.which("tshark") is None, reason="no tshark")
def test_exactly_the_findings_conversations(
    lab_dir: Path, ground_truth: dict[str, Any], scenario_id: str, tmp_path: Path
) -> None:
    scenario = ground_truth["scenarios"][scenario_id]
    files = [lab_dir / name for name in scenario.get("files") or [scenario["file"]]]
    result = run.analyze(tmp_path, *files, inventories=[lab_dir / "endpoints.json"]).result
    for finding in result.findings[:3]:
        listed = captured(finding)
        stream = io.BytesIO()
        done = carve(result, finding, stream, Options())
        out = tmp_path / "out.pcapng"
        out.write_bytes(stream.getvalue())
        # A packet quoted inside an ICMP error has the same addresses and ports.
        shown = " || ".join(f"({each.display_filter})" for each in listed)
        shown = f"({shown}) && !icmp && !icmpv6"
        expected = sorted(at for file in files for at in times(file, shown))
        assert times(out, "") == expected == times(out, shown)
        assert (
            done.packets
            == len(expected)
            == sum(each["packets"] for each in done.manifest["conversations"])
        )
        assert done.missing == finding.flow_count - len(listed)
