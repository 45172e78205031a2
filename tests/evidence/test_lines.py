"""The command behind a log's line prints that line and nothing else."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.api import analyze
from analyzer.config import Settings
from analyzer.evidence.lines import reprint

if TYPE_CHECKING:
    from pathlib import Path

LINES = [b'{"n": 1}', b"caf\xe9 \xff\x00 raw", b"$(touch owned) `id`", b"", b"last, no line end"]
TEXT = b"\r\n".join(LINES)


def printed(shell: str, folder: Path) -> bytes:
    done = subprocess.run(shell, shell=True, capture_output=True, check=True, cwd=folder)
    return done.stdout


@pytest.mark.parametrize(
    "name", ["fw.json", "-n", "a b;touch owned.json", "it's $HOME.log", "ü.log"]
)
@pytest.mark.parametrize("number", range(1, len(LINES) + 1))
def test_it_prints_exactly_the_line(tmp_path, name, number):
    (tmp_path / name).write_bytes(TEXT)
    command = reprint(path=name, lines=[number], form="azure-firewall")
    # A last line without an end gets one from some versions of sed.
    assert printed(command, tmp_path).rstrip(b"\n") == TEXT.split(b"\n")[number - 1]
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_it_prints_several_lines_in_their_order(tmp_path):
    (tmp_path / "fw.log").write_bytes(TEXT)
    command = reprint(path="fw.log", lines=[4, 2, 2, 1], form="squid")
    assert command == "LC_ALL=C sed -n '1p;2p;4{p;q;}' < fw.log"
    parts = [TEXT.split(b"\n")[number] for number in (0, 1, 3)]
    assert printed(command, tmp_path) == b"".join(part + b"\n" for part in parts)


@pytest.mark.parametrize(
    ("compression", "pack"),
    [("gzip", gzip.compress), ("bzip2", bz2.compress), ("xz", lzma.compress)],
)
def test_compressed_logs_are_decompressed_first(tmp_path, compression, pack):
    if shutil.which(compression) is None:
        pytest.skip(f"{compression} is not installed")
    (tmp_path / "fw.json.packed").write_bytes(pack(TEXT))
    command = reprint(path="fw.json.packed", lines=[2], form=f"azure-firewall+{compression}")
    assert printed(command, tmp_path) == LINES[1] + b"\r\n"


def test_an_extract_command_comes_first(tmp_path):
    (tmp_path / "x").write_bytes(TEXT)
    command = reprint(path="a.tar!/x", lines=[1], form="zeek", extract="cat x", member=True)
    assert printed(command, tmp_path) == LINES[0] + b"\r\n"


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "-"},
        {"path": "s3://bucket/fw.json"},
        {"path": "a.tar!/fw.json", "member": True},
        {"path": "two\nlines.json"},
        {"path": "\udcff.json"},
        {"form": "azure-firewall+rar"},
    ],
)
def test_there_is_none_where_nothing_can_be_read_again(changes):
    assert reprint(**{"path": "fw.json", "lines": [3], "form": "azure-firewall", **changes}) is None


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=30), st.integers(1, 1 << 60))
def test_any_name_is_one_word_of_the_command(name, line):
    command = reprint(path=name, lines=[line], form=None)
    if command is not None:
        words = shlex.split(command)
        assert words == ["LC_ALL=C", "sed", "-n", f"{line}{{p;q;}}", "<", name]


LINE = (
    "1793692805.250 50 10.0.0.{} TCP_MISS/201 400 PUT https://{}/c/{} - HIER_DIRECT/20.60.0.1 -\n"
)


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_line_of_utf_16_is_printed_as_utf_8(tmp_path, codec, pack):
    """Characters whose second byte is 10 end no line."""
    lines = [LINE.format(n, "evil.blob.core.windows.net", f"\u0a0a{n}") for n in (1, 2, 3)]
    (tmp_path / "access.log").write_bytes(pack("".join(lines).encode(codec)))
    result = analyze(Settings(inputs=(str(tmp_path / "access.log"),)))
    commands = {f.agent: f.evidence[0].log_command for f in result.findings}
    assert sorted(commands) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    assert printed(commands["10.0.0.2"], tmp_path).decode() == lines[1]


def test_a_record_of_a_document_without_a_command_for_its_records_has_none():
    """Line 3 of it is another thing."""
    assert reprint(path="fw.json", lines=[3], form="azure-firewall", unit="record") is None


def request(number, host):
    return {
        "category": "AZFWApplicationRule",
        "time": f"2026-10-29T10:00:0{number}.1234567Z",
        "properties": {
            "Protocol": "HTTPS",
            "SourceIp": f"10.0.0.{number}",
            "SourcePort": 50_000 + number,
            "DestinationPort": 443,
            "Fqdn": host,
            "Action": "Deny",
            "Text": 'tab\tquote"\u00fc\u0a0a, ]}',
        },
    }


REQUESTS = [request(n, f"evil{n}.blob.core.windows.net") for n in (1, 2, 3, 4)]
ONE, *_, LAST = (json.dumps(each) for each in REQUESTS)
ARRANGEMENTS = {
    "one line": json.dumps({"records": REQUESTS}),
    "printed": json.dumps({"Records": REQUESTS}, indent=2),
    "crlf": json.dumps({"Records": REQUESTS}, indent=2).replace("\n", "\r\n"),
    "array": json.dumps(REQUESTS),
    "pages": json.dumps([{"value": REQUESTS[:1]}, {"value": []}, {"value": REQUESTS[1:]}]),
    "concatenated": json.dumps({"records": REQUESTS[:2]}) + json.dumps({"records": REQUESTS[2:]}),
    "arrays": json.dumps(REQUESTS[:2]) + "\n" + json.dumps(REQUESTS[2:]),
    "nested": json.dumps([REQUESTS[:2], [], REQUESTS[2:]]),
    "printed objects": "\n".join(json.dumps(each, indent=1) for each in REQUESTS),
    "behind": json.dumps({"count": 4, "records": REQUESTS}),
    "before": json.dumps({"records": REQUESTS, "more": {"a": [1]}, "n": 2}),
    "still written": json.dumps({"records": REQUESTS})[:-20],
    "still written array": json.dumps(REQUESTS, indent=2)[:-20],
    "between records": json.dumps({"records": REQUESTS})[: -len(LAST) - 4] + ", ",
    "still written objects": "\n".join(json.dumps(each, indent=1) for each in REQUESTS)[:-9],
}


def commands_of(path):
    """(what the findings say of their place, agent by agent; what was noticed)"""
    result = analyze(Settings(inputs=(str(path),)))
    evidence = {f.agent: f.evidence[0] for f in result.findings}
    return evidence, result.issues


@pytest.mark.skipif(not shutil.which("jq"), reason="needs jq")
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_a_record_of_a_document_is_printed_alone(tmp_path, arrangement, codec):
    """However many lines the document has."""
    path = tmp_path / "PT1H.json"
    path.write_bytes(ARRANGEMENTS[arrangement].encode(codec))
    evidence, _ = commands_of(path)
    whole = 3 if "still" in arrangement or arrangement == "between records" else 4
    assert sorted(evidence) == [f"10.0.0.{n}" for n in range(1, whole + 1)]
    for number, each in enumerate(REQUESTS[:whole], 1):
        found = evidence[f"10.0.0.{number}"]
        assert (found.log_unit, found.log_line) == ("record", number)
        assert json.loads(printed(found.log_command, tmp_path)) == each


@pytest.mark.skipif(not shutil.which("jq"), reason="needs jq")
def test_a_record_of_a_packed_document_is_printed_alone(tmp_path):
    path = tmp_path / "it's one.json.gz"
    path.write_bytes(gzip.compress(ARRANGEMENTS["one line"].encode()))
    evidence, _ = commands_of(path)
    command = evidence["10.0.0.3"].log_command
    assert command.endswith(" | jq -c '.records[]' | LC_ALL=C sed -n '3{p;q;}'")
    assert json.loads(printed(command, tmp_path)) == REQUESTS[2]


@pytest.mark.skipif(not shutil.which("jq"), reason="needs jq")
def test_rows_of_an_answer_of_log_analytics_are_printed_alone(tmp_path):
    rows = [
        [each["time"], "AZFWApplicationRule", "10.0.0.1", 50_001, 443, "HTTPS", f"e{n}.net", "Deny"]
        for n, each in enumerate(REQUESTS)
    ]
    names = ["TimeGenerated", "Type", "SourceIp", "SourcePort", "DestinationPort"]
    columns = [{"name": name} for name in [*names, "Protocol", "Fqdn", "Action"]]
    table = {"name": "PrimaryResult", "columns": columns, "rows": rows}
    path = tmp_path / "query.json"
    path.write_text(json.dumps({"tables": [table]}))
    result = analyze(Settings(inputs=(str(path),)))
    ((extract, unit),) = {(each.extract, each.unit) for each in result.inputs}
    assert unit == "record"
    assert [json.loads(each) for each in printed(extract, tmp_path).splitlines()] == rows


@pytest.mark.parametrize(
    "text",
    [
        ARRANGEMENTS["array"].replace("}, {", "},, {", 1),
        ARRANGEMENTS["array"][:-2] + ",}]",
        ARRANGEMENTS["array"].replace("}, {", "} {", 1),
        ARRANGEMENTS["one line"].replace("tab", "t\x01b", 1),
        ARRANGEMENTS["one line"].replace("50001", "NaN", 1),
        ARRANGEMENTS["printed objects"] + ",",
        ARRANGEMENTS["one line"] + "\n" + ONE,
        ARRANGEMENTS["one line"].replace("[", '[{"cut": <cut>}, ', 1),
        ARRANGEMENTS["one line"] + "]",
        "\x1e" + ARRANGEMENTS["array"],
        ARRANGEMENTS["array"] + "\ufeff" + ARRANGEMENTS["array"],
        ARRANGEMENTS["one line"][:-1] + ', "x" 1}',
    ],
    ids=range(12),
)
def test_what_jq_would_count_otherwise_has_no_command(tmp_path, text):
    """The reader lets pass what jq refuses, or prints in another order."""
    path = tmp_path / "edited.json"
    path.write_text(text)
    evidence, _ = commands_of(path)
    assert evidence
    assert {(each.log_unit, each.log_command) for each in evidence.values()} == {("record", None)}


def test_what_is_lost_of_a_document_is_a_record(tmp_path):
    path = tmp_path / "edited.json"
    path.write_text(json.dumps(REQUESTS, indent=2).replace("50003", "<port>"))
    _, issues = commands_of(path)
    (issue,) = [each for each in issues if each.code == "unreadable-record"]
    assert issue.where == "record 3"
    assert "(begins in line 28)" in issue.detail
