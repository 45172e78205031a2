"""Kusto queries that show a log's evidence again in Azure's own tables.

Tables and columns: learn.microsoft.com/azure/azure-monitor/reference/tables (azfwapplicationrule,
azfwnetworkrule, azfwdnsquery, dnsquerylogs, ntanetanalytics, azurediagnostics). Names and addresses
come from the wire and the log: they enter as string literals in which everything but plain
characters is an escape, so none ends a literal, begins a comment, or shows as something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.evidence.moments import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

MINUTE_NS = 60 * 10**9
FIREWALL_SLACK_NS = 5 * MINUTE_NS
FLOW_SLACK_NS = 60 * MINUTE_NS
"""Traffic Analytics sums a flow up over 10 or 60 minutes; a row's time is the interval's."""

MAX_TEXT = 1024
PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:-_/ *@=,()[]")

FIREWALL, LEGACY = "azure-firewall", "azure-firewall-legacy"
FLOW_LOGS, DNS = "azure-flow-logs", "azure-dns"


def literal(text: str) -> str:
    r"""A Kusto string literal; what is not plain ASCII is ``\\uXXXX`` (UTF-16)."""
    out = []
    for char in text[:MAX_TEXT]:
        if char in PLAIN:
            out.append(char)
        else:
            units = char.encode("utf-16-be", "surrogatepass")
            out += [f"\\u{units[at]:02X}{units[at + 1]:02X}" for at in range(0, len(units), 2)]
    return f'"{"".join(out)}"'


def queries(
    forms: Sequence[str],
    *,
    orig: tuple[str | None, int | None],
    resp: tuple[str | None, int | None],
    name: str | None,
    window: tuple[int | None, int | None],
    lookup: bool = False,
) -> list[str]:
    """The queries for one conversation, in the order of the sources.

    Args:
        forms: Formats of the logs that tell of it, as ``inputs.format`` has them.
        orig: Client address and port, as far as they are logged.
        resp: Server address and port, likewise.
        name: The name it was attributed to.
        window: First and last time, nanoseconds UTC.
        lookup: It is one DNS message: only tables of look-ups are asked.
    """
    found: list[str] = []
    for form in dict.fromkeys(each.partition("+")[0] for each in forms):
        if form == FIREWALL:
            found += (
                _dns_proxy(orig, name, window) if lookup else _firewall(orig, resp, name, window)
            )
        elif form == LEGACY:
            found += _legacy(orig, resp, name, window)
        elif form == FLOW_LOGS and not lookup:
            found += _flows(orig, resp, window)
        elif form == DNS:
            found += _dns(orig, name, window)
    return found


def _query(table: str, conditions: Sequence[str | None], rest: str) -> str:
    lines = [table, *(f"| where {each}" for each in conditions if each is not None), rest]
    return "\n".join(lines)


def _during(column: str, window: tuple[int | None, int | None], slack: int) -> str | None:
    start, end = window
    if start is None:
        return None
    first, last = moment(start - slack), moment((end if end is not None else start) + slack)
    return f"{column} between (datetime({first}) .. datetime({last}))"


def _equal(column: str, value: str | int | None) -> str | None:
    if value is None:
        return None
    return f"{column} == {literal(value) if isinstance(value, str) else int(value)}"


def _firewall(
    orig: tuple[str | None, int | None],
    resp: tuple[str | None, int | None],
    name: str | None,
    window: tuple[int | None, int | None],
) -> list[str]:
    during = _during("TimeGenerated", window, FIREWALL_SLACK_NS)
    client = [during, _equal("SourceIp", orig[0]), _equal("SourcePort", orig[1])]
    found = []
    if name is not None:
        host = literal(name)
        found.append(
            _query(
                "AZFWApplicationRule",
                [*client, f"Fqdn =~ {host}"],
                "| project TimeGenerated, SourceIp, SourcePort, Fqdn, TargetUrl, DestinationPort, "
                "Action, RuleCollection, Rule",
            )
        )
    if resp[0] is not None:
        server = [_equal("DestinationIp", resp[0]), _equal("DestinationPort", resp[1])]
        found.append(
            _query(
                "AZFWNetworkRule",
                [*client, *server],
                "| project TimeGenerated, SourceIp, SourcePort, DestinationIp, DestinationPort, "
                "Protocol, Action, RuleCollection, Rule",
            )
        )
    return found + _dns_proxy(orig, name, window)


def _dns_proxy(
    orig: tuple[str | None, int | None],
    name: str | None,
    window: tuple[int | None, int | None],
) -> list[str]:
    if name is None:
        return []
    during = _during("TimeGenerated", window, FIREWALL_SLACK_NS)
    return [
        _query(
            "AZFWDnsQuery",
            [during, _equal("SourceIp", orig[0]), _question(name)],
            "| project TimeGenerated, SourceIp, QueryName, QueryType, ResponseCode",
        )
    ]


def _question(name: str) -> str:
    """A name as a resolver may log it: with its dot at the end, or without."""
    bare = name.rstrip(".")
    return f"QueryName in~ ({literal(bare)}, {literal(bare + '.')})"


def _legacy(
    orig: tuple[str | None, int | None],
    resp: tuple[str | None, int | None],
    name: str | None,
    window: tuple[int | None, int | None],
) -> list[str]:
    """AzureDiagnostics: one text column for everything."""
    client = None
    if orig[0] is not None:
        client = orig[0] if orig[1] is None else f"{orig[0]}:{orig[1]}"
    server = name if name is not None else resp[0]
    return [
        _query(
            "AzureDiagnostics",
            [
                _during("TimeGenerated", window, FIREWALL_SLACK_NS),
                'Category in ("AzureFirewallApplicationRule", "AzureFirewallNetworkRule", '
                '"AzureFirewallDnsProxy")',
                None if client is None else f"msg_s contains {literal(client)}",
                None if server is None else f"msg_s contains {literal(server)}",
            ],
            "| project TimeGenerated, Category, msg_s",
        )
    ]


def _flows(
    orig: tuple[str | None, int | None],
    resp: tuple[str | None, int | None],
    window: tuple[int | None, int | None],
) -> list[str]:
    """Traffic Analytics over VNet flow logs, and over NSG flow logs; neither has the client's port.

    Public addresses stand in a list of their own.
    """
    server: tuple[str | None, str | None] = (None, None)
    if resp[0] is not None:
        at = literal(resp[0])
        server = (
            f"(DestIp == {at} or DestPublicIps has {at})",
            f"(DestIP_s == {at} or DestPublicIPs_s has {at})",
        )
    return [
        _query(
            "NTANetAnalytics",
            [
                _during("FlowStartTime", window, FLOW_SLACK_NS),
                'SubType == "FlowLog"',
                _equal("SrcIp", orig[0]),
                server[0],
                _equal("DestPort", resp[1]),
            ],
            "| project FlowStartTime, FlowEndTime, SrcIp, DestIp, DestPublicIps, DestPort, "
            "L4Protocol, FlowStatus, AclRule, BytesSrcToDest, BytesDestToSrc",
        ),
        _query(
            "AzureNetworkAnalytics_CL",
            [
                _during("FlowStartTime_t", window, FLOW_SLACK_NS),
                'SubType_s == "FlowLog"',
                _equal("SrcIP_s", orig[0]),
                server[1],
                _equal("DestPort_d", resp[1]),
            ],
            "| project FlowStartTime_t, FlowEndTime_t, SrcIP_s, DestIP_s, DestPublicIPs_s, "
            "DestPort_d, FlowStatus_s, OutboundBytes_d, InboundBytes_d",
        ),
    ]


def _dns(
    orig: tuple[str | None, int | None],
    name: str | None,
    window: tuple[int | None, int | None],
) -> list[str]:
    if name is None:
        return []
    return [
        _query(
            "DNSQueryLogs",
            [
                _during("TimeGenerated", window, FLOW_SLACK_NS),
                _equal("SourceIpAddress", orig[0]),
                _question(name),
            ],
            "| project TimeGenerated, SourceIpAddress, QueryName, QueryType, ResponseCode, Answer",
        )
    ]
