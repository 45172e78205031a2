"""Queries for Azure's tables: the right columns, and no name gets out of its literal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.evidence.kql import literal, queries
from analyzer.evidence.moments import moment

NS = 1_795_473_715_710_259_123
ARGUMENTS = {
    "orig": ("10.0.0.4", 50123),
    "resp": ("20.60.1.2", 443),
    "name": "evil.blob.core.windows.net",
    "window": (NS, NS + 10**9),
}


def tables(form: str) -> list[str]:
    return [query.partition("\n")[0] for query in queries([form], **ARGUMENTS)]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("azure-firewall+gzip", ["AZFWApplicationRule", "AZFWNetworkRule", "AZFWDnsQuery"]),
        ("azure-firewall-legacy", ["AzureDiagnostics"]),
        ("azure-flow-logs", ["NTANetAnalytics", "AzureNetworkAnalytics_CL"]),
        ("azure-dns", ["DNSQueryLogs"]),
        ("zeek", []),
        ("pcap", []),
    ],
)
def test_tables_of_a_format(form: str, expected: list[str]) -> None:
    assert tables(form) == expected


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("azure-firewall", ["AZFWDnsQuery"]),
        ("azure-firewall-legacy", ["AzureDiagnostics"]),
        ("azure-flow-logs", []),
        ("azure-dns", ["DNSQueryLogs"]),
    ],
)
def test_tables_of_a_look_up(form: str, expected: list[str]) -> None:
    found = queries([form], **ARGUMENTS, lookup=True)
    assert [query.partition("\n")[0] for query in found] == expected


def test_an_application_rule() -> None:
    assert queries(["azure-firewall"], **ARGUMENTS)[0] == "\n".join(
        [
            "AZFWApplicationRule",
            "| where TimeGenerated between (datetime(2026-11-23T22:36:55.7102591Z) .. "
            "datetime(2026-11-23T22:46:56.7102591Z))",
            '| where SourceIp == "10.0.0.4"',
            "| where SourcePort == 50123",
            '| where Fqdn =~ "evil.blob.core.windows.net"',
            "| project TimeGenerated, SourceIp, SourcePort, Fqdn, TargetUrl, DestinationPort, "
            "Action, RuleCollection, Rule",
        ]
    )


def test_what_is_not_logged_is_no_condition() -> None:
    found = queries(
        ["azure-firewall", "azure-firewall-legacy", "azure-flow-logs", "azure-dns"],
        orig=(None, None), resp=(None, None), name=None, window=(None, None),
    )  # fmt: skip
    assert [query.count("where") for query in found] == [1, 1, 1]
    assert "None" not in "".join(found)


@given(st.text(max_size=80))
def test_no_text_leaves_its_literal(text: str) -> None:
    shown = literal(text)
    assert shown.isascii()
    assert re.fullmatch(r'"(?:[^"\\\x00-\x1f\x7f]|\\u[0-9A-F]{4})*"', shown)
    units = re.sub(r"\\u([0-9A-F]{4})", lambda m: chr(int(m[1], 16)), shown[1:-1])
    assert units.encode("utf-16", "surrogatepass") == text.encode("utf-16", "surrogatepass")


@pytest.mark.parametrize(
    "hostile", ['x" or true //', "x\\", "x\n| take 1", "x' or 1==1", "x\u202e"]
)
def test_a_hostile_name_adds_no_line_and_no_quote(hostile: str) -> None:
    plain = queries(["azure-firewall", "azure-dns"], **ARGUMENTS)
    found = queries(["azure-firewall", "azure-dns"], **{**ARGUMENTS, "name": hostile})
    assert [q.count("\n") for q in found] == [q.count("\n") for q in plain]
    assert [q.count('"') for q in found] == [q.count('"') for q in plain]


@pytest.mark.parametrize(
    ("ns", "shown"),
    [
        (-5, "1970-01-01T00:00:00.0000000Z"),
        (1 << 70, "9999-12-31T23:59:59.4117031Z"),
        (NS, "2026-11-23T22:41:55.7102591Z"),
    ],
)
def test_moments(ns: int, shown: str) -> None:
    assert moment(ns)[:20] == shown[:20]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", moment(ns))
