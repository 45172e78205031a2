"""EX011: budgets of hosts that builds write to by themselves, or that everybody shares."""

from __future__ import annotations

import pytest

KIB = 1024
MIB = 1024 * KIB
DAY = 86_400 * 1_000_000_000
RESULTS = {"role": "ci-platform", "ownership": "platform-claimed", "service": "storage"}
SHARED = [
    ("ci-platform", "platform-claimed"),
    ("registry-task-staging", "platform-claimed"),
    ("storage-system", "platform-claimed"),
    ("telemetry", "foreign"),
    ("telemetry", "platform"),
    ("code-host", "undecidable"),
    ("azure-service", "undecidable"),
]


@pytest.mark.parametrize(("role", "ownership"), SHARED)
@pytest.mark.parametrize(
    ("size", "severity"),
    [(4096, "low"), (MIB - 1, "low"), (MIB, "medium"), (300 * MIB, "medium")],
)
def test_low_within_the_budget_and_medium_above_never_high(case, role, ownership, size, severity):
    case.upload("x.example.com", size, role=role, ownership=ownership)
    found = case.only()
    assert (found.rule, found.severity, found.shows) == ("EX011", severity, "upload")
    assert found.facts["day_bytes"] == size
    assert found.facts["day"] == "2026-11-23"


@pytest.mark.parametrize("ownership", ["ours", "approved"])
def test_declared_workspaces_are_silent(case, ownership):
    case.upload("ws.ods.opinsights.azure.com", 9 * MIB, role="telemetry", ownership=ownership)
    assert case.findings() == []


def test_twenty_accounts_share_one_budget(case):
    """The results service picks one of many accounts for each artifact."""
    for number in range(20):
        case.upload(f"productionresultssa{number}.blob.core.windows.net", 60 * KIB, **RESULTS)
    found = case.findings()
    assert len(found) == 20
    assert {(f.rule, f.severity) for f in found} == {("EX011", "medium")}
    assert found[0].facts["day_bytes"] == 20 * 60 * KIB
    assert found[0].facts["service_hosts"] == 20


def test_each_day_and_each_agent_has_a_budget_of_its_own(case):
    """Near miss: 1.8 MiB in all, but never 1 MiB by one agent on one day."""
    host = "productionresultssa1.blob.core.windows.net"
    for day in range(2):
        start = 1_795_474_332 * 1_000_000_000 + day * DAY
        case.upload(host, 600 * KIB, **RESULTS, start_ns=start, end_ns=start + 1)
    case.upload(host, 600 * KIB, **RESULTS, agent="10.0.0.6", agent_ip="10.0.0.6")
    assert {(f.rule, f.severity, f.agent) for f in case.findings()} == {
        ("EX011", "low", "10.0.0.5"),
        ("EX011", "low", "10.0.0.6"),
    }


def test_counters_of_a_log_keep_to_the_budget_too(case):
    case.counted("productionresultssa1.blob.core.windows.net", 200 * KIB, **RESULTS)
    found = case.only()
    assert (found.severity, found.direction_evidence) == ("low", "W4")
    assert found.severity_reasons[-1].endswith("(within-budget)")


def test_a_write_read_in_clear_is_no_more_than_medium(case):
    case.flow(
        "api.github.com",
        role="code-host",
        ownership="undecidable",
        write_requests=1,
        write_bytes=2 * MIB,
        write_line="POST / (packet 4)",
        direction_evidence="W1",
    )
    assert case.only().severity == "medium"


def test_what_fetching_from_a_code_host_takes_is_silent(case):
    """Near miss: key exchange and negotiation are drips, in every fetch."""
    case.drip("github.com", 1600, role="code-host", ownership="undecidable")
    assert case.findings() == []
    case.drip("github.com", 3000, role="code-host", ownership="undecidable")
    assert case.only().severity == "low"


@pytest.mark.parametrize(("size", "severity"), [(70 * KIB, "low"), (MIB, "medium")])
def test_slack_is_shared_by_everybody(case, size, severity):
    case.upload("hooks.slack.com", size, role="webhook", ownership="undecidable", service="slack")
    assert (case.only().rule, case.only().severity) == ("EX011", severity)


def test_a_workspace_in_the_name_stays_with_the_webhooks(case):
    case.upload("evil.slack.com", 70 * KIB, role="webhook", ownership="foreign", service="slack")
    assert (case.only().rule, case.only().severity) == ("EX005", "medium")


def test_a_tenant_that_is_not_ours_is_critical_all_the_same(case):
    from analyzer.config import Settings

    host = "productionresultssa1.blob.core.windows.net"
    flow = case.upload(host, 20 * KIB, **RESULTS)
    case.add("http", flow_id=flow, ts_ns=1, packet=3, input_id=0, method="PUT", host=host,
             target="/c/b?sktid=11111111-1111-1111-1111-111111111111&sig=x")  # fmt: skip
    tenant = "22222222-2222-2222-2222-222222222222"
    result = case.judge(settings=Settings(inputs=("c.pcap",), tenant=tenant))
    assert [f.severity for f in result.findings] == ["critical"]
