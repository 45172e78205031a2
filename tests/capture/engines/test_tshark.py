"""The tshark engine: how it starts, feeds and outlives tshark, and what it says when it cannot."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from craft import engines, pcap, scenes
from craft.run import ROOT, command_line

if TYPE_CHECKING:
    from pathlib import Path

PACKETS = scenes.upload_session(scenes.agent(1), body=9_000).conversation.packets()
PLAIN = pcap.write_pcap(PACKETS)
needs_tshark = pytest.mark.skipif(
    shutil.which("tshark") is None and os.environ.get("CI") != "true", reason="no tshark"
)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "x.pcap"
    path.write_bytes(PLAIN)
    return path


@pytest.mark.tool
@needs_tshark
def test_the_same_tables(capture: Path) -> None:
    native, other = engines.read("native", capture), engines.read("tshark", capture)
    for check in ("flows", "tls", "names"):
        assert engines.differences(native, other, check, "tshark")[1] == []
    assert other.reports == native.reports
    (limits,) = [i for i in other.issues if i.code == "engine-limits"]
    assert limits.detail.startswith("tshark ")
    assert not limits.incomplete


@pytest.mark.tool
@needs_tshark
def test_a_cut_file_is_said_to_be_cut(capture: Path) -> None:
    capture.write_bytes(PLAIN[:-9])
    tables = engines.read("tshark", capture)
    assert tables.codes["cut-record"] == 1
    assert not tables.reports[0].complete
    assert tables.reports[0].sha256 is not None
    assert tables.flow["orig_bytes"] > 9_000


@pytest.mark.tool
@needs_tshark
def test_standard_input(tmp_path: Path) -> None:
    arguments = ("analyze", "-", "--engine", "tshark", "--format", "json", "-o", "-")
    run = command_line(*arguments, cwd=tmp_path, stdin=PLAIN)
    assert run.returncode == 0, run.stderr
    assert scenes.FOREIGN_STORE.encode() in run.stdout


def fake(folder: Path, body: str) -> dict[str, str]:
    """A program called tshark that answers --version and then does as told."""
    folder.mkdir()
    program = folder / "tshark"
    program.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        "if sys.argv[1] in ('-v', '--version'):\n"
        "    print('TShark (Wireshark) 4.2.0 (fake).'); sys.exit()\n"
        f"{body}\n"
    )
    program.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


PACKET = (
    '{"timestamp":"1","layers":{"frame_number":["1"],"frame_time_epoch":["1.5"],'
    '"frame_protocols":["eth:ethertype:ip:udp"],"frame_len":["60"],"frame_cap_len":["60"],'
    '"ip_src":["10.0.0.1"],"ip_dst":["192.0.2.1"],"udp_srcport":["4000"],"udp_dstport":["9999"],'
    '"udp_length":["12"],"udp_payload":["01020304"]}}'
)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (f"print({PACKET!r}, flush=True); os.kill(os.getpid(), 9)", "tshark-failed"),
        (f"print({PACKET!r})", "tshark-failed"),
        (f"print({PACKET!r}); sys.stderr.write('out of memory'); sys.exit(2)", "tshark-failed"),
        (f"print({PACKET!r}); print('{{no json'); print({PACKET!r})", "tshark-output"),
        (f"print({PACKET!r}); sys.stderr.write('\\x1b[31m' + 'x' * 9999); sys.exit(1)",
         "tshark-failed"),
    ],
)  # fmt: skip
def test_a_dying_tshark_is_an_issue(
    tmp_path: Path, capture: Path, monkeypatch: pytest.MonkeyPatch, body: str, code: str
) -> None:
    """What it had written before is reported, the input is incomplete, nothing hangs."""
    capture.write_bytes(PLAIN * 50)  # more than a pipe holds: the feeder must notice
    for name, value in fake(tmp_path / "bin", body).items():
        monkeypatch.setenv(name, value)
    tables = engines.read("tshark", capture)
    assert tables.codes[code] == 1
    assert tables.flow["orig_bytes"] in (4, 8)
    assert not tables.reports[0].complete
    (issue,) = [i for i in tables.issues if i.code == code]
    assert issue.detail.isprintable()
    assert len(issue.detail) < 400


def test_its_exit_code_is_three(tmp_path: Path, capture: Path) -> None:
    environment = fake(tmp_path / "bin", f"print({PACKET!r}); sys.exit(4)")
    run = command_line(
        "analyze", capture, "--engine", "tshark", "-o", "x.html", cwd=tmp_path, **environment
    )
    assert run.returncode == 3, run.stderr
    assert b"tshark ended with exit status 4" in run.stderr


def test_no_tshark_is_one_line(tmp_path: Path, capture: Path) -> None:
    (tmp_path / "empty").mkdir()
    run = command_line(
        "analyze", capture, "--engine", "tshark", cwd=tmp_path, PATH=str(tmp_path / "empty")
    )
    assert run.returncode == 2
    assert b"install the package tshark" in run.stderr
    assert run.stderr.count(b"\n") == 1
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(("engine", "package"), [("scapy", "scapy"), ("tshark", "pyshark")])
def test_a_missing_package_is_one_line(
    tmp_path: Path, capture: Path, engine: str, package: str
) -> None:
    (tmp_path / f"{package}.py").write_text(f"raise ModuleNotFoundError('no', name={package!r})")
    run = command_line(
        "analyze", capture, "--engine", engine, cwd=tmp_path,
        PYTHONPATH=f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}:{ROOT}",
    )  # fmt: skip
    assert run.returncode == 2
    assert f"pip install {package}".encode() in run.stderr
    assert run.stderr.count(b"\n") == 1


def test_a_key_log_wants_tshark(tmp_path: Path, capture: Path) -> None:
    (tmp_path / "keys").write_text("")
    run = command_line("analyze", capture, "--keylog", "keys", cwd=tmp_path)
    assert run.returncode == 2
    assert b"--engine tshark" in run.stderr


def test_threads_are_for_the_native_engine(tmp_path: Path, capture: Path) -> None:
    run = command_line("analyze", capture, "--engine", "scapy", "--threads", "2", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, b"")
    assert b"--threads is for --engine native" in run.stderr


def test_a_key_log_is_not_overwritten(tmp_path: Path, capture: Path) -> None:
    (tmp_path / "keys.html").write_text("secret")
    run = command_line(
        "analyze", capture, "--engine", "tshark", "--keylog", "keys.html", "-o", "keys.html",
        "--force", cwd=tmp_path,
    )  # fmt: skip
    assert run.returncode == 2
    assert (tmp_path / "keys.html").read_text() == "secret"
