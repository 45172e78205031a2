"""The Python interface, and the notebook that shows it."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import weakref
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import duckdb
import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

import analyzer
from analyzer import analyze, schema
from analyzer.issues import UsageError
from analyzer.result import Finding
from craft.hostile import HOSTILE
from craft.run import ROOT, command_line

CAPTURE = ROOT / "captures" / "made-pull-and-upload.pcap"
INVENTORY = ROOT / "captures" / "endpoints.json"


@pytest.fixture(scope="module")
def result():
    with analyze(CAPTURE, inventory=INVENTORY, agents={"build": "10.20.0.0/24"}) as found:
        yield found


def test_the_document_is_that_of_the_command_line(result, tmp_path):
    arguments = ("--inventory", INVENTORY, "--agent", "build=10.20.0.0/24", "-o", "c.json")
    done = command_line("analyze", CAPTURE, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    path = result.save(tmp_path / "p.json")
    ours, theirs = (json.loads(p.read_text()) for p in (path, tmp_path / "c.json"))
    assert {**ours, "command_line": []} == {**theirs, "command_line": []}


def test_columns_are_those_that_are_documented(result):
    def renamed(names):
        return [name.removesuffix("_ns") for name in names]

    assert [result.findings.index.name, *result.findings.columns] == renamed(
        field.name for field in fields(Finding)
    )
    for name, frame in (("attributed", result.flows), ("dns", result.dns)):
        (table,) = [t for t in (*schema.TABLES, *schema.DERIVED) if t.name == name]
        assert [frame.index.name, *frame.columns] == renamed(c.name for c in table.columns)
    (table,) = [t for t in schema.TABLES if t.name == "names"]
    assert list(result.names.columns) == renamed(c.name for c in table.columns)


def test_values_keep_their_types(result):
    (finding,) = result.document.findings
    row = result.findings.loc[finding.id]
    assert row["uploaded_bytes"] == finding.uploaded_bytes
    assert row["first"].value == finding.first_ns
    flows = result.flows
    assert flows["orig_bytes"].dtype == "Int64"
    assert flows["start"].dtype == "datetime64[ns, UTC]"
    assert flows["resp_port"].isin([53, 443]).all()
    assert flows["name_hidden"].dtype == "boolean"
    assert flows["contradiction"].isna().all()
    assert set(flows["agent"]) == {"build"}
    assert len(result.dns) == result.coverage.dns_messages


def test_no_digit_is_lost_where_values_are_missing(result):
    frame = result.sql(
        "SELECT * FROM (VALUES (9007199254740993, 1790000000123456789), (NULL, NULL)) t(n, at_ns)"
    )
    assert frame["n"].tolist() == [9_007_199_254_740_993, pd.NA]
    assert frame["at"][0].value == 1_790_000_000_123_456_789
    assert frame["at"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    "query",
    ["", ";", "DROP TABLE flows", "UPDATE flows SET orig_bytes = 0", "SELECT 1; SELECT 2", 5],
)
def test_sql_takes_one_select(result, query):
    with pytest.raises(UsageError, match="query: expected"):
        result.sql(query)


def test_sql_reads_no_files_and_writes_none(result, tmp_path):
    (tmp_path / "x.csv").write_text("a\nsecret\n")
    frame = pd.DataFrame({"a": [1]})
    for source in (f"read_csv('{tmp_path}/x.csv')", f"'{tmp_path}/x.csv'", "frame"):
        with pytest.raises(duckdb.Error):
            result.sql(f"SELECT * FROM {source}")  # noqa: S608
    with pytest.raises(UsageError, match="exactly one SELECT"):
        result.sql(f"COPY flows TO '{tmp_path}/y.csv'")
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]
    assert len(frame) == result.sql("SELECT 1 AS a").shape[0]


def test_a_notebook_shows_verdict_and_findings(result):
    text = result._repr_html_()
    assert "suspected upload" in text
    assert "parkedlayers.blob.core.windows.net" in text


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_are_inert_in_a_notebook(result, text):
    from analyzer.frames import Result

    copy = Result.__new__(Result)
    finding = replace(result.document.findings[0], endpoint=text, agent=text)
    copy.document = replace(result.document, findings=[finding], verdict_line=text)
    shown = copy._repr_html_()
    assert "<script" not in shown.lower()
    assert shown.replace("\n", "").isprintable()
    assert repr(copy).isprintable()


def test_time_rules_limits_and_configuration(tmp_path):
    late = analyze(CAPTURE, own=["contoso"], start=datetime(2027, 1, 1, tzinfo=UTC))
    assert late.flows.empty
    assert late.verdict == "cannot tell"
    config = tmp_path / "acrtrace.toml"
    config.write_text('registries = ["contoso"]\n[rules]\noff = ["EX001"]\n[run]\nhash = false\n')
    found = analyze([CAPTURE], config=config, thresholds={"tunnel_turns": 30})
    assert found.findings.empty
    assert {i.code for i in found.document.issues} == {"rule-off", "limits-changed"}
    assert found.document.inputs[0].sha256 is None
    assert analyze(CAPTURE, config=config, hash_inputs=True).document.inputs[0].sha256 is not None


def test_a_day_ends_with_its_end():
    day = analyze(CAPTURE, own=["contoso"]).flows["start"].min().date()
    before = day - timedelta(days=1)
    for end in (day, day.isoformat()):
        assert not analyze(CAPTURE, own=["contoso"], start=day, end=end).flows.empty
    assert analyze(CAPTURE, own=["contoso"], end=before.isoformat()).flows.empty


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"own": "contoso"}, "own: expected several names"),
        ({"rules_off": "EX001"}, r"rules_off: expected several names, for example \['EX001'\]"),
        ({"own": [5]}, "own: expected a text, found 5"),
        ({"own": [""]}, "^own '': '' is no name"),
        ({"approve": ["acr:x@foo"]}, "^approve 'acr:x@foo': unknown cloud suffix"),
        ({"own": 5}, "own: expected several names, found 5"),
        ({"agents": "x"}, "agents: expected a mapping such as"),
        ({"agents": {"b": 5}}, r"agents\['b'\]: expected a network or several, found 5"),
        ({"agents": {"b": "10.0.0.0/99"}}, r"agents\['b'\]: '10.0.0.0/99' does not appear"),
        ({"start": 5}, "start: 5: expected a time"),
        ({"inventory": 5}, "inventory: expected a path or several, found 5"),
        ({"log_maps": [b"x"]}, "log_maps: expected a path, found b'x'"),
        ({"threads": "2"}, "threads must be 1 to 8, found '2'"),
        ({"threads": True}, "threads must be 1 to 8, found True"),
        ({"log_year": "x"}, "log_year must be 1970 to 2200, found 'x'"),
        ({"thresholds": ["a"]}, "thresholds: expected a mapping such as"),
        ({"thresholds": {"tunnel_turns": "9"}}, "tunnel_turns must be a whole number"),
        ({"config": 5}, "config: expected a path, found 5"),
        ({"keylog": 5}, "keylog: expected a path, found 5"),
        ({"progress": 1}, "progress: expected a function, found 1"),
        ({"hash_inputs": "no"}, "hash_inputs: expected True or False, found 'no'"),
        ({"tenant": 5}, "tenant: expected a text, found 5"),
        ({"log_format": 5}, "log_format: expected a text, found 5"),
        ({"engine": "zeek"}, "none of native, scapy, tshark"),
        ({"threads": 9}, "threads must be 1 to 8"),
        ({"keylog": "k.txt"}, "keylog needs engine='tshark'"),
        ({"start": "soon"}, "start: 'soon': expected a time"),
        ({"start": "2027-01-01", "end": "2026-01-01"}, "start is later than end"),
        ({"thresholds": {"drip_bytes": 1}}, "drip_bytes cannot be changed"),
        ({"rules_off": ["EX099"]}, "^rules_off: rule 'EX099' cannot be switched off"),
        ({"config": "absent.toml"}, "cannot read configuration"),
        ({"tenant": "us"}, "tenant: 'us' is no tenant id"),
        ({"log_timezone": "Mars"}, "log_timezone 'Mars' is no time zone"),
        ({"log_year": 1066}, "log_year must be 1970 to 2200"),
    ],
)
def test_what_is_wrong_is_a_usage_error(arguments, reason):
    with pytest.raises(UsageError, match=reason):
        analyze(CAPTURE, **arguments)


def test_a_closed_result_keeps_its_document(tmp_path):
    result = analyze(CAPTURE, own=["contoso"])
    result.close()
    assert result.verdict == "suspected upload"
    with pytest.raises(ValueError, match="closed"):
        _ = result.flows
    with pytest.raises(UsageError, match="no format has this ending"):
        result.save(tmp_path / "x.docx")


def test_what_the_run_read_is_never_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "day.pcap").write_bytes(CAPTURE.read_bytes())
    (logs / "dns.json").write_text(
        '{"ts":1795474393.1,"uid":"C1","id.orig_h":"10.20.0.7","id.orig_p":5353,"id.resp_h":"10.0.0.53",'
        '"id.resp_p":53,"proto":"udp","query":"contoso.azurecr.io","qtype_name":"A","rcode_name":"NOERROR"}\n'
    )
    (tmp_path / "own.json").write_bytes(INVENTORY.read_bytes())
    (tmp_path / "more.json").write_bytes(INVENTORY.read_bytes())
    (tmp_path / "run.md").write_text('inventory = ["more.json"]\n')
    result = analyze("logs", inventory="own.json", config="run.md")
    monkeypatch.chdir("/")
    for name in ("logs/dns.json", "own.json", "more.json", "run.md"):
        before = (tmp_path / name).read_bytes()
        with pytest.raises(UsageError, match="is an input of this run and is not overwritten"):
            result.save(tmp_path / name, force=True)
        assert (tmp_path / name).read_bytes() == before
    (tmp_path / "old.html").write_bytes(CAPTURE.read_bytes())
    with pytest.raises(UsageError, match="holds a capture.* even with force=True"):
        result.save(tmp_path / "old.html", force=True)
    written = result.save(tmp_path / "new.json")
    with pytest.raises(UsageError, match="exists already; force=True replaces it"):
        result.save(written)
    with pytest.raises(UsageError, match="no format has this ending") as caught:
        result.save(tmp_path / "x.docx")
    assert "--" not in str(caught.value)
    for wrong in (5, None, b"x.json"):
        with pytest.raises(UsageError, match="path: expected a path, found"):
            result.save(wrong)
    assert result.save(written, force=True) == written


def test_a_forgotten_result_is_freed():
    result = analyze(CAPTURE, own=["contoso"])
    closer, gone = result._closer, weakref.ref(result)
    del result
    gc.collect()
    assert gone() is None
    assert not closer.alive


def test_nothing_heavy_is_imported_before_it_is_asked_for():
    script = (
        "import sys, analyzer\n"
        "assert not {'numba', 'duckdb', 'pandas'} & set(sys.modules)\n"
        "from analyzer import analyze\n"
        f"analyze({str(CAPTURE)!r}).verdict\n"
        "assert 'pandas' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
    with pytest.raises(AttributeError, match="no attribute 'analyse'"):
        _ = analyzer.analyse


def test_without_pandas_the_extra_is_named(result, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install 'acrtrace\[pandas\]'"):
        result.sql("SELECT 1")


def test_the_notebook_runs():
    path = ROOT / "docs" / "examples" / "first-look.ipynb"
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)
    client = NotebookClient(
        notebook, timeout=None, resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
    texts = [
        str(output.get("data", output.get("text", "")))
        for cell in notebook.cells
        for output in cell.get("outputs", ())
    ]
    assert any("exfilacct01.blob.core.windows.net" in text for text in texts)
