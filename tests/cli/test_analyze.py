"""`acrtrace analyze` as its users run it, over the committed captures."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

import duckdb
import pytest

from analyzer import schema
from craft.footing import ANALYSIS, imports_seconds
from craft.run import ROOT, command_line

if TYPE_CHECKING:
    from pathlib import Path

CAPTURES = ROOT / "captures"
UPLOAD = CAPTURES / "made-pull-and-upload.pcap"
QUIET = CAPTURES / "made-push-own.pcap"
INVENTORY = ("--inventory", CAPTURES / "endpoints.json")


@pytest.fixture(scope="module", autouse=True)
def compiled_kernels() -> None:
    """Compiled beforehand, so that no run has to say that it compiles them."""
    subprocess.run([sys.executable, "-m", "analyzer.capture.warm"], cwd=ROOT, check=True)


def header(linktype: int = 1) -> bytes:
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, linktype)


def result(run: subprocess.CompletedProcess[bytes]) -> dict:
    return json.loads(run.stdout)


def test_report_and_summary(tmp_path: Path) -> None:
    run = command_line("analyze", UPLOAD, *INVENTORY, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    page = tmp_path / "reports" / "made-pull-and-upload.html"
    assert "parkedlayers.blob.core.windows.net" in page.read_text()
    assert b"suspected upload" in run.stdout
    assert run.stderr == b""


def test_inputs_are_hashed_unless_told_not_to(tmp_path: Path) -> None:
    to_stdout = ("-o", "-", "--format", "json")
    (usual,) = result(command_line("analyze", UPLOAD, *to_stdout, cwd=tmp_path))["inputs"]
    assert usual["sha256"] == hashlib.sha256(UPLOAD.read_bytes()).hexdigest()
    (bare,) = result(command_line("analyze", UPLOAD, "--no-hash", *to_stdout, cwd=tmp_path))[
        "inputs"
    ]
    assert bare == {**usual, "sha256": None}


def test_an_existing_report_is_refused_before_the_analysis(tmp_path: Path) -> None:
    (tmp_path / "r.html").write_text("mine")
    run = command_line("analyze", "no-such-capture", "-o", "r.html", cwd=tmp_path)
    assert run.returncode == 2
    assert b"--force" in run.stderr
    assert (tmp_path / "r.html").read_text() == "mine"
    run = command_line("analyze", QUIET, *INVENTORY, "-o", "r.html", "--force", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "r.html").read_text().startswith("<!")


def test_standard_output_holds_the_document_alone(tmp_path: Path) -> None:
    arguments = ("analyze", UPLOAD, *INVENTORY, "--format", "json", "-o", "-")
    run = command_line(*arguments, cwd=tmp_path)
    document = result(run)
    assert document["schema"] == "acrtrace-result/2"
    assert document["command_line"][:2] == ["acrtrace", "analyze"]
    assert b"suspected upload" in run.stderr
    assert not (tmp_path / "reports").exists()
    assert command_line(*arguments, cwd=tmp_path).stdout == run.stdout


def test_the_ending_of_the_report_names_its_format(tmp_path: Path) -> None:
    run = command_line("analyze", QUIET, *INVENTORY, "-o", "r.json", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert json.loads((tmp_path / "r.json").read_text())["findings"] == []


@pytest.mark.parametrize(("limit", "code"), [("medium", 1), ("low", 1), ("critical", 0)])
def test_fail_on(tmp_path: Path, limit: str, code: int) -> None:
    run = command_line("analyze", UPLOAD, *INVENTORY, "--fail-on", limit, cwd=tmp_path)
    assert run.returncode == code, run.stderr


@pytest.mark.parametrize("packed", [False, True])
def test_standard_input(tmp_path: Path, packed: bool) -> None:
    data = UPLOAD.read_bytes()
    arguments = ("analyze", "-", *INVENTORY, "--format", "json", "-o", "-")
    piped = command_line(
        *arguments, cwd=tmp_path, stdin=gzip.compress(data, mtime=0) if packed else data
    )
    assert piped.returncode == 0, piped.stderr
    (entry,) = result(piped)["inputs"]
    assert entry["path"] == "-"
    assert entry["format"] == ("pcap+gzip" if packed else "pcap")
    assert [f["rule"] for f in result(piped)["findings"]] == ["EX001"]


BAD = {
    "empty": (b"", "offset 0", "empty file"),
    "junk": (b"\x99\x98\x97\x96\x95" * 9, "offset 0", "expected pcap or pcapng"),
    "text": (b"hello world\n", "offset 0", "plain text"),
    "cut": (UPLOAD.read_bytes()[:-10], "offset", "expected"),
    "length": (UPLOAD.read_bytes() + struct.pack("<IIII", 1, 1, 1 << 30, 1 << 30), "offset", ""),
    "gzip": (gzip.compress(UPLOAD.read_bytes())[:-100], "offset", "gzip"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_bad_input_is_one_clear_line_and_a_report(tmp_path: Path, name: str) -> None:
    content, where, detail = BAD[name]
    path = tmp_path / name
    path.write_bytes(content)
    run = command_line("analyze", name, *INVENTORY, "-o", "r.json", cwd=tmp_path)
    assert run.returncode == 3, run.stderr
    lines = run.stderr.decode().splitlines()
    assert lines
    assert lines[0].startswith(f"acrtrace: {name}: ")
    assert where in lines[0]
    assert detail in lines[0]
    assert "Traceback" not in run.stderr.decode()
    document = json.loads((tmp_path / "r.json").read_text())
    assert [i["path"] for i in document["inputs"]] == [name]
    assert not document["inputs"][0]["complete"]
    if name in ("cut", "length", "gzip"):
        assert [f["rule"] for f in document["findings"]] == ["EX001"]


def test_header_only_says_that_nothing_can_be_told(tmp_path: Path) -> None:
    (tmp_path / "none.pcap").write_bytes(header())
    run = command_line("analyze", "none.pcap", "-o", "r.json", cwd=tmp_path)
    assert run.returncode == 3
    assert run.stderr.startswith(b"acrtrace: none.pcap: ")
    document = json.loads((tmp_path / "r.json").read_text())
    assert document["verdict"] == "cannot tell"
    run = command_line("analyze", "none.pcap", "-o", "-", "--fail-on", "incomplete", cwd=tmp_path)
    assert run.returncode == 1


def test_the_good_files_of_a_bad_directory_are_analysed(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a").write_bytes(UPLOAD.read_bytes())
    (folder / "b").write_bytes(b"\x28\xb5\x2f\xfd" + bytes(30))
    (folder / "c").write_text("notes")
    (folder / "d").symlink_to("nowhere")
    run = command_line("analyze", "in", *INVENTORY, "-o", "r.json", cwd=tmp_path)
    assert run.returncode == 3
    document = json.loads((tmp_path / "r.json").read_text())
    assert [f["rule"] for f in document["findings"]] == ["EX001"]
    assert {i["code"] for i in document["issues"]} >= {"not-a-capture", "missing"}
    assert "zstd data" in run.stderr.decode()


def test_directory_of_junk(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "readme").write_text("nothing here")
    run = command_line("analyze", "in", "-o", "r.json", cwd=tmp_path)
    assert run.returncode == 3
    assert "found nothing in this directory that could be recognised" in run.stderr.decode()
    assert "--log-map" in run.stderr.decode()
    assert json.loads((tmp_path / "r.json").read_text())["verdict"] == "cannot tell"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--agent", "build"),
        ("--agent", "=10.0.0.0/8"),
        ("--agent", "build=10.0.0.0/33"),
        ("--agent", "build=10.0.0.1,host"),
        ("--inventory", "missing.json"),
        ("--inventory", "junk.json"),
        ("--own", "contoso..azurecr.io"),
        ("--config", "junk.json"),
        ("--format", "pdf"),
        ("--case", "no/such/folder/case.duckdb"),
        ("-o", "junk.json/report.html"),
    ],
)
def test_usage_errors(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "junk.json").write_text("][")
    run = command_line("analyze", QUIET, *arguments, cwd=tmp_path)
    assert run.returncode == 2, run.stderr
    assert run.stderr.decode().splitlines()[-1].startswith("acrtrace: ")
    assert not (tmp_path / "reports").exists()


def test_configuration_is_found_in_the_current_directory(tmp_path: Path) -> None:
    (tmp_path / "acrtrace.toml").write_text('own = ["storage:parkedlayers", "contoso"]\n')
    run = command_line("analyze", UPLOAD, "-o", "r.json", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert json.loads((tmp_path / "r.json").read_text())["findings"] == []


def test_an_agent_is_a_label(tmp_path: Path) -> None:
    run = command_line(
        *("analyze", UPLOAD, *INVENTORY, "--agent", "build=10.20.0.9/24,fd00::/64"),
        *("-o", "-", "--format", "json"),
        cwd=tmp_path,
    )
    (finding,) = result(run)["findings"]
    assert (finding["agent"], finding["agent_addresses"]) == ("build", ["10.20.0.7"])


def test_case_keeps_the_tables(tmp_path: Path) -> None:
    run = command_line("analyze", UPLOAD, *INVENTORY, "--case", "c.duckdb", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    with duckdb.connect(str(tmp_path / "c.duckdb"), read_only=True) as case:
        for table in schema.TABLES:
            found = case.execute(f'SELECT * FROM "{table.name}"').description
            assert [c[0] for c in found] == [c.name for c in table.columns]
        assert case.execute("SELECT count(*) FROM flows").fetchone() != (0,)


def test_case_keeps_what_is_documented_and_nothing_else(tmp_path: Path) -> None:
    run = command_line("analyze", UPLOAD, *INVENTORY, "--case", "c.duckdb", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    with duckdb.connect(str(tmp_path / "c.duckdb"), read_only=True) as case:
        found = case.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() AS c "
            "WHERE NOT internal AND table_name IN (SELECT table_name FROM duckdb_tables()) "
            "ORDER BY table_name, column_index"
        ).fetchall()
        kept = [
            (table.name, column.name, column.type)
            for table in sorted((*schema.TABLES, *schema.DERIVED), key=lambda table: table.name)
            for column in table.columns
        ]
        assert found == kept
        views = case.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
        described = (ROOT / "docs" / "schema.md").read_text()
        assert len(views) == 12
        assert all(f"### {name}\n" in described for (name,) in views), views
        functions = case.execute("SELECT count(*) FROM duckdb_functions() WHERE NOT internal")
        assert functions.fetchall() == [(0,)]


def test_heavy_libraries_are_not_imported_and_little_time_is_used(tmp_path: Path) -> None:
    """1 MB in, report out, kernels warm: little CPU time and no pandas, pyarrow, scapy, pyshark."""
    capture = tmp_path / "mb.pcap"
    body = UPLOAD.read_bytes()[24:]
    capture.write_bytes(header() + body * (1_000_000 // len(body) + 1))
    script = (
        "import json, resource, sys\n"
        "from analyzer.cli.main import run\n"
        "code = run(['analyze', 'mb.pcap', '--force'])\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "heavy = [m for m in ('pandas', 'pyarrow', 'scapy', 'pyshark') if m in sys.modules]\n"
        "print(json.dumps([code, used.ru_utime + used.ru_stime, heavy]))\n"
    )
    best = 100.0
    for _ in range(4):
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        )
        code, seconds, heavy = json.loads(done.stdout.splitlines()[-1])
        assert (code, heavy) == (0, []), done.stderr
        best = min(best, seconds)
    assert best < ANALYSIS * imports_seconds()


def test_progress_is_for_terminals(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-m", "analyzer.cli.main", "analyze", str(UPLOAD)]
    child = subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while piece := _read(ours):
        shown += piece
    os.close(ours)
    assert child.wait() == 0
    assert b"reading" in shown


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, 4096)
    except OSError:  # the other end is closed
        return b""


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    command = f"{sys.executable} -m analyzer.cli.main analyze {UPLOAD} -o - | head -c 10 >/dev/null"
    run = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in run.stderr
    assert run.returncode in (0, 141)


def test_a_log_in_a_folder_is_not_replaced_by_its_report(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "access.json"
    log.parent.mkdir()
    line = (
        "1795849016.917 120 10.1.2.3 TCP_TUNNEL/200 39 CONNECT a.example.net:443 - "
        "HIER_DIRECT/192.0.2.3 -\n"
    )
    log.write_text(line * 3)
    done = command_line("analyze", "logs", "-o", "logs/access.json", "--force", cwd=tmp_path)
    assert done.returncode == 2
    assert b"logs/access.json: is an input of this run and is not overwritten" in done.stderr
    assert log.read_text() == line * 3


def test_no_report_where_no_input_exists(tmp_path: Path) -> None:
    run = command_line("analyze", "capture.pcap", "no/such\x1b.pcap", cwd=tmp_path)
    names = b"capture.pcap, no/such<U+001B>.pcap"
    assert run.stderr == b"acrtrace: " + names + b": no such file; no report was written\n"
    assert (run.returncode, run.stdout) == (3, b"")
    assert list(tmp_path.iterdir()) == []
