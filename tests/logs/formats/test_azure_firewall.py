"""Azure Firewall: both schemas, every envelope, every spelling of a time."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.logs.observe import prepare
from craft.logs import observed, pick, unreadable
from craft.mangle import mangled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STRUCTURED = "azfw_structured_json"
LEGACY = "azfw_legacy_json"
NS = 1_000_000_000

RECORDS: list[dict[str, Any]] = [
    {
        "time": "2026-11-03T08:00:01.1234560Z",
        "resourceId": "/R",
        "category": "AZFWApplicationRule",
        "properties": {
            "Protocol": "HTTPS",
            "SourceIp": "10.0.0.4",
            "SourcePort": 50001,
            "DestinationPort": 443,
            "Fqdn": "contoso.azurecr.io",
            "TargetUrl": "",
            "Action": "Allow",
            "ActionReason": "",
            "Policy": "p",
            "RuleCollectionGroup": "g",
            "RuleCollection": "acr, all",
            "Rule": 'say "login"',
            "IsTlsInspected": False,
            "IsExplicitProxyRequest": False,
            "WebCategory": "",
        },
    },
    {
        "time": "2026-11-03T20:00:02.0000000Z",
        "resourceId": "/R",
        "category": "AZFWApplicationRule",
        "properties": {
            "Protocol": "HTTP/1.1",
            "SourceIp": "10.0.0.5",
            "SourcePort": 50002,
            "DestinationPort": 443,
            "Fqdn": "acct.blob.core.windows.net",
            "TargetUrl": "https://acct.blob.core.windows.net/c/b?comp=block",
            "Action": "Deny",
            "ActionReason": "No rule matched. Proceeding with default action.",
            "Policy": "",
            "RuleCollectionGroup": "",
            "RuleCollection": "",
            "Rule": "",
            "IsTlsInspected": True,
            "IsExplicitProxyRequest": False,
            "WebCategory": "",
        },
    },
]


def _facts(text: str | bytes, **more: Any) -> list[dict[str, Any]]:
    formats, rows, tally = observed(text, **more)
    assert formats[0] == "azure-firewall"
    assert unreadable(tally) == 0
    return [{k: v for k, v in row.items() if k != "line"} for row in rows]


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    columns = {"TenantId": "t", "TimeGenerated": record["time"], **record["properties"]}
    return {**columns, "Type": record["category"], "_ResourceId": "/r"}


def _csv(header: list[str], rows: list[list[Any]], *, quoting: int = csv.QUOTE_ALL) -> str:
    out = io.StringIO()
    writer = csv.writer(out, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def _kusto() -> str:
    """Every cell quoted, times without zone, booleans as 0 and 1."""
    rows = []
    for record in RECORDS:
        flat = _flat(record)
        flat["TimeGenerated"] = record["time"].replace("T", " ").rstrip("Z")
        rows.append([int(v) if isinstance(v, bool) else v for v in flat.values()])
    return _csv(list(_flat(RECORDS[0])), rows)


def _portal(zone: str = "UTC") -> str:
    """US time with U+202F before PM, a mark at the beginning, CRLF, quotes where needed."""
    times = ("11/3/2026, 8:00:01.123456\u202fAM", "11/3/2026, 8:00:02.000\u202fPM")
    rows = []
    for record, time in zip(RECORDS, times, strict=True):
        flat = {**_flat(record), "TimeGenerated": time}
        rows.append(list(flat.values()))
    header = [f"TimeGenerated [{zone}]" if n == "TimeGenerated" else n for n in _flat(RECORDS[0])]
    return "\ufeff" + _csv(header, rows, quoting=csv.QUOTE_MINIMAL)


def _az_json() -> str:
    """``az monitor log-analytics query -o json``: all values are text, "None" for null."""
    rows = []
    for record in RECORDS:
        flat = {k: str(v) if v != "" else "None" for k, v in _flat(record).items()}
        rows.append({"TableName": "PrimaryResult", **flat})
    return json.dumps(rows, indent=2)


def _rest() -> str:
    names = list(_flat(RECORDS[0]))
    rows = [list(_flat(record).values()) for record in RECORDS]
    columns = [{"name": name, "type": "string"} for name in names]
    table = {"name": "PrimaryResult", "columns": columns, "rows": rows}
    return json.dumps({"tables": [table]})


def _lines(records: list[dict[str, Any]] = RECORDS) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


ENVELOPES: dict[str, Callable[[], str]] = {
    "event hub": lambda: json.dumps({"records": RECORDS}),
    "event hub, a message a line": lambda: _lines([{"records": [r]} for r in RECORDS]),
    "capture, nothing between": lambda: "".join(json.dumps({"records": [r]}) for r in RECORDS),
    "pretty": lambda: json.dumps({"records": RECORDS}, indent=4),
    "array": lambda: json.dumps(RECORDS),
    "one object over many lines": lambda: "\n".join(json.dumps(r, indent=2) for r in RECORDS),
    "by hand, trailing commas": lambda: (
        "[\n" + "".join(json.dumps(r).replace("}}", ",},}") + ",\n" for r in RECORDS)
    ),
    "crlf": lambda: _lines().replace("\n", "\r\n"),
    "data export": lambda: _lines([_flat(r) for r in RECORDS]),
    "kusto": _kusto,
    "portal": _portal,
    "az -o json": _az_json,
    "rest": _rest,
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_every_envelope_says_the_same(name: str) -> None:
    """The same two records, however they were exported."""
    expected = _facts(_lines())
    assert len(expected) == len(RECORDS)
    assert _facts(ENVELOPES[name]()) == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_encoding_says_the_same(encoding: str) -> None:
    """What PowerShell's ``>`` makes of a log."""
    expected = _facts(_lines())
    assert _facts(_lines().encode(encoding)) == expected
    assert _facts(_kusto().encode(encoding)) == expected


def test_local_times_take_the_zone_of_the_user() -> None:
    """A portal export in the browser's zone: 8:00 in Berlin in November is 7:00 UTC."""
    there = _facts(_portal("Local Time"), zone="Europe/Berlin")
    assert [r["ts_ns"] + 3600 * NS for r in there] == [r["ts_ns"] for r in _facts(_lines())]


def test_an_export_without_the_table_name() -> None:
    """Columns that the user left out do not hide what the others say."""
    wanted = ("TimeGenerated", "SourceIp", "Fqdn", "Action")
    rows = [{k: v for k, v in _flat(r).items() if k in wanted} for r in RECORDS]
    found = _facts(json.dumps(rows))
    assert pick(found, "name", "action", "proto") == [
        ("contoso.azurecr.io", "allow", "tcp"),
        ("acct.blob.core.windows.net", "deny", "tcp"),
    ]


def test_the_union_of_both_schemas() -> None:
    """Rows of AzureDiagnostics and of the new tables in one CSV; rows of others are others."""
    header = [*_flat(RECORDS[0]), "Category", "msg_s"]
    empty = [""] * len(header)
    new = [*_flat(RECORDS[0]).values(), "", ""]
    old = [*empty[:-1], "HTTPS request from 10.0.0.9:5 to x.example:443. Action: Deny. "]
    old[header.index("TimeGenerated")] = "2026-11-03 08:00:05.0000000"
    old[header.index("Type")] = "AzureDiagnostics"
    old[header.index("Category")] = "AzureFirewallApplicationRule"
    usage = list(empty)
    usage[header.index("Type")] = "Usage"
    _, rows, tally = observed(_csv(header, [new, old, usage]))
    assert pick(rows, "line", "format", "name") == [
        (2, "azure-firewall", "contoso.azurecr.io"),
        (3, "azure-firewall-legacy", "x.example"),
    ]
    assert tally.records == 2


def test_application_rules_of_a_workspace(logs_dir: Path) -> None:
    """Counts that the reference states for the Sentinel export."""
    path = logs_dir / "azfw_loganalytics_csv" / "sentinel_AZFWApplicationRule.csv"
    formats, rows, tally = observed(path)
    names = [row["name"] for row in rows]
    assert formats[0] == "azure-firewall"
    assert (len(rows), unreadable(tally)) == (22, 0)
    # The reference counts names, not rows: one account occurs twice.
    assert sum("blob" in name for name in set(names)) == 7
    assert sum(name.endswith(".blob.core.windows.net") for name in set(names)) == 6
    assert sum(name.endswith(".vsblob.vsassets.io") for name in names) == 1
    with path.open(encoding="utf-8") as file:
        told = list(csv.DictReader(file))
    assert pick(rows, "client_ip", "client_port", "server_port", "name") == [
        (t["SourceIp"], int(t["SourcePort"]), int(t["DestinationPort"]), t["Fqdn"]) for t in told
    ]
    assert {row["action"] for row in rows} == {"allow"}
    assert not any("bytes_up" in row or "url" in row for row in rows)


def test_lookups_of_a_workspace(logs_dir: Path) -> None:
    """A time-out is a question without an answer, not an answer with code 0."""
    path = logs_dir / "azfw_loganalytics_csv" / "sentinel_AZFWDnsQuery.csv"
    _, rows, tally = observed(path)
    assert (len(rows), unreadable(tally)) == (21, 0)
    codes = Counter(row.get("rcode") for row in rows)
    assert codes == {"NOERROR": 16, "SERVFAIL": 2, "REFUSED": 1, None: 2}
    assert [row["qtype"] for row in rows if not row["is_response"]] == ["A", "AAAA"]
    assert [row["name"] for row in rows].count("testcontainers.azurecr.io") == 1


def test_a_printed_table(logs_dir: Path) -> None:
    """``az monitor log-analytics query -o table`` of a real pull."""
    _, rows, tally = observed(logs_dir / "azfw_az_cli_table" / "aca_lab_acr_pull.txt")
    assert unreadable(tally) == 0
    assert pick(rows, "ts_ns", "client_ip", "name", "action") == [
        (
            1780727527036219000,
            "10.90.1.160",
            "acracrpefcinhh4rw.koreacentral.data.azurecr.io",
            "allow",
        ),
        (1780727526895921000, "10.90.1.160", "acracrpefcinhh4rw.azurecr.io", "allow"),
    ]


@pytest.mark.parametrize("folder", [STRUCTURED, LEGACY])
def test_every_sample_is_read(folder: str, logs_dir: Path) -> None:
    """Recognised without help; unreadable are only records without message or time.

    ``elastic_time_formats`` holds records without a message, ``public_acr_msg_examples`` messages
    without a time (SOURCES).
    """
    bare = {"elastic_time_formats.ndjson": 11, "public_acr_msg_examples.txt": 5}
    name = "azure-firewall" if folder == STRUCTURED else "azure-firewall-legacy"
    paths = [p for p in sorted((logs_dir / folder).iterdir()) if p.name != "SOURCES.md"]
    assert paths
    for path in paths:
        formats, rows, tally = observed(path)
        assert formats[0] == name, path.name
        assert unreadable(tally) == bare.get(path.name, 0), path.name
        assert {row["format"] for row in rows} <= {name}


def test_both_schemas_state_the_same_event(logs_dir: Path) -> None:
    """Records of both schemas that a real firewall wrote of the same packets."""
    what = ("ts_ns", "client_ip", "client_port", "server_ip", "server_port", "proto", "action")
    _, new, _ = observed(logs_dir / STRUCTURED / "azfwwatch_AZFWNetworkRule_ipv6.ndjson")
    _, old, _ = observed(logs_dir / LEGACY / "azfwwatch_AzureFirewallNetworkRule_ipv6.ndjson")
    both = set(pick(new, *what)) & set(pick(old, *what))
    assert len(both) == 7
    rules = ({(r["ts_ns"], r.get("rule")) for r in rows} for rows in (new, old))
    assert len(set.intersection(*rules)) >= 6


def test_every_spelling_of_a_time(logs_dir: Path) -> None:
    """All are 2007-01-09 09:41:00 UTC with or without a fraction, as SOURCES says."""
    path = logs_dir / LEGACY / "elastic_time_formats.ndjson"
    times = [json.loads(line)["time"] for line in path.read_text(encoding="utf-8").splitlines()]
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    prepare(connection)
    read = [connection.execute("SELECT any_ns($1)", [t]).fetchall()[0][0] for t in times]
    fractions = [0, 0, 0, 0, 0, 0, 220_000_000, 681_666_300, 535_404_056, 992_099_000, 0]
    at = 1_168_335_660 * NS
    assert read == [at + fraction for fraction in fractions]
    assert connection.execute("SELECT any_ns('1/9/2007, 9:41:00.737\u202fPM')").fetchall() == [
        (at + 12 * 3600 * NS + 737_000_000,)
    ]


def test_a_client_does_not_write_the_decision() -> None:
    """A URL that holds what the firewall writes behind it."""
    message = (
        "HTTP  request from 10.0.0.4:5 to a.example:80. Url: a.example/. Action: Allow. Rule "
        "Collection: c. Rule: r. Action: Deny. No rule matched. Proceeding with default action"
    )
    record = {"time": "2026-11-03T08:00:01Z", "category": "AzureFirewallApplicationRule"}
    _, rows, _ = observed(json.dumps({**record, "properties": {"msg": message}}))
    assert pick(rows, "action", "rule") == [
        ("deny", "No rule matched. Proceeding with default action")
    ]


HONEST = {**RECORDS[0], "properties": {**RECORDS[0]["properties"], "Fqdn": "honest.example"}}
OLD = {
    "time": "2026-11-03T08:00:03Z",
    "category": "AzureFirewallNetworkRule",
    "properties": {
        "msg": "TCP request from [fd10::4]:38238 to [2606::1]:80. Action: Deny.. Policy: p. "
        "Rule Collection Group: g. Rule Collection: c. Rule: r"
    },
}
DNS = {
    "time": "2026-11-03T08:00:03Z",
    "category": "AzureFirewallDnsProxy",
    "properties": {
        "msg": "DNS Request: 10.0.2.4:61248 - 6513 A IN wpad.example. udp 43 false 512 NXDOMAIN "
        "qr,rd,ra 145 0.002846368s"
    },
}


@settings(max_examples=15, deadline=None)
@given(st.lists(mangled([json.dumps(r) for r in (RECORDS[1], OLD, DNS)]), min_size=1, max_size=12))
def test_a_hostile_line_costs_itself(hostile: list[bytes]) -> None:
    """Whatever a line is, its neighbours are read."""
    honest = json.dumps(HONEST).encode()
    text = b"\n".join([honest] * 4 + [each for line in hostile for each in (line, honest)])
    _, rows, _ = observed(text)
    assert sum(row.get("name") == "honest.example" for row in rows) == 4 + len(hostile)
