"""Community ID v1 against the published baseline, and against tshark."""

from __future__ import annotations

import shutil
import subprocess
from ipaddress import ip_address
from typing import TYPE_CHECKING

import numpy as np
import pytest

from analyzer.capture.community import community_id, community_ids
from analyzer.capture.layout import F_A_HI, F_A_LO, F_B_HI, F_B_LO, F_KEY, F_SIZE
from craft import run

if TYPE_CHECKING:
    from pathlib import Path

    from analyzer.capture.types import Ints

# github.com/corelight/community-id-spec, baseline/baseline_deflt.json
BASELINE = [
    (6, "128.232.110.120", 34855, "66.35.250.204", 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
    (17, "192.168.1.52", 54585, "8.8.8.8", 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
]
PAIRS = [
    ("10.0.0.1", 5, "10.0.0.2", 4),
    ("10.0.0.1", 9, "10.0.0.1", 4),
    ("10.0.0.1", 9, "10.0.0.1", 9),
    ("2001:db8::1", 80, "fe80::1", 443),
    ("fe80::1", 80, "::1", 443),
    ("2001:db8::ffff:0:0:1", 80, "2001:db8::1", 80),
    ("::ffff:1.2.3.4", 80, "::1", 80),
]


def flow_row(proto: int, a: str, a_port: int, b: str, b_port: int) -> Ints:
    row = np.zeros(F_SIZE, dtype=np.int64)
    version = ip_address(a).version
    row[F_KEY] = (version << 40) | (proto << 32) | (a_port << 16) | b_port
    for host, high, low in ((a, F_A_HI, F_A_LO), (b, F_B_HI, F_B_LO)):
        value = int(ip_address(host)) | (0xFFFF00000000 if version == 4 else 0)
        row[[high, low]] = np.array([value >> 64, value & (1 << 64) - 1], np.uint64).view(np.int64)
    return row


@pytest.mark.parametrize(("proto", "a", "a_port", "b", "b_port", "expected"), BASELINE)
def test_baseline(proto: int, a: str, a_port: int, b: str, b_port: int, expected: str) -> None:
    assert community_id(proto, a, a_port, b, b_port) == expected
    assert community_id(proto, b, b_port, a, a_port) == expected
    both = [flow_row(proto, a, a_port, b, b_port), flow_row(proto, b, b_port, a, a_port)]
    assert community_ids(np.array(both)).tolist() == [expected, expected]


def test_a_batch_equals_its_flows_one_by_one() -> None:
    """Addresses above 2^63 and both versions mixed, in both orders of the endpoints."""
    ends = [*PAIRS, *((b, b_port, a, a_port) for a, a_port, b, b_port in PAIRS)]
    rows = np.array([flow_row(17, *end) for end in ends])
    assert community_ids(rows).tolist() == [community_id(17, *end) for end in ends]
    assert len(community_ids(rows[:0])) == 0


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize(
    "name",
    ["PcapPlusPlus__Pcap++Test_PcapExamples_four_ipv6_http_streams.pcap", "zeek__wikipedia.pcap"],
)
def test_tshark_gives_the_same(corpus_dir: Path, tmp_path: Path, name: str) -> None:
    path = corpus_dir / "open" / name
    command = ["tshark", "-n", "-r", str(path), "-Y", "tcp or udp", "-T", "fields"]
    command += ["--enable-protocol", "communityid", "-e", "communityid"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    theirs = set(done.stdout.split())
    assert theirs
    ours = run.analyze(tmp_path, path).rows("SELECT community_id FROM flows")
    assert {row["community_id"] for row in ours} == theirs
