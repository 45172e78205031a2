"""Log lines of one format: ``make_log.py PATH FORMAT LINES``; ``-`` is standard output.

The same bytes for the same arguments. Lines differ in client, port, name and amounts as real ones
do: 5,000 clients, 2,000 names of which every hundredth is a stranger's storage account, more down
than up. ``damaged`` breaks every hundredth line of Azure Firewall JSON.
Prints how many lines (tuples) and bytes.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK = 20_000
TUPLES = 50
START = 1_793_664_000


def _client(n: int) -> str:
    return f"10.1.{n % 5000 // 250}.{n % 250 + 1}"


def _port(n: int) -> int:
    return 32768 + n * 7 % 28000


def _name(n: int) -> str:
    which = n * 31 % 2000
    if which % 100 == 7:
        return f"account{which}.blob.core.windows.net"
    return f"host{which}.example.net"


def _server(n: int) -> str:
    return f"20.60.{n * 31 % 2000 // 250}.{n * 31 % 250 + 1}"


def azure_firewall(n: int) -> str:
    """An application rule's line."""
    second = START + n // 200
    record: dict[str, Any] = {
        "category": "AZFWApplicationRule",
        "properties": {
            "Action": "Allow", "ActionReason": "", "DestinationPort": 443, "Fqdn": _name(n),
            "IsExplicitProxyRequest": False, "IsTlsInspected": False, "Policy": "hub-policy",
            "Protocol": "HTTPS", "Rule": "blob", "RuleCollection": "agents",
            "RuleCollectionGroup": "DefaultApplicationRuleCollectionGroup", "SourceIp": _client(n),
            "SourcePort": _port(n), "TargetUrl": "", "WebCategory": "",
        },
        "resourceId": "/SUBSCRIPTIONS/0/RESOURCEGROUPS/HUB/PROVIDERS/MICROSOFT.NETWORK/"
        "AZUREFIREWALLS/FW",
        "time": f"2026-11-03T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}."
        f"{n % 1000000:06}+00:00",
    }  # fmt: skip
    return json.dumps(record, separators=(",", ":"))


def damaged(n: int) -> str:
    """The same, every hundredth line cut."""
    line = azure_firewall(n)
    return line[: len(line) // 2] if n % 100 == 99 else line


def vnet_flow(n: int) -> str:
    """A record of fifty tuples; lines of a storage export that was split by record."""
    first = n * TUPLES
    tuples = [
        f"{(START + each // 500) * 1000},{_client(each)},{_server(each)},{_port(each)},443,6,O,"
        f"{'BCE'[each % 3]},NX,"
        + ("0,0,0,0" if each % 3 == 0 else f"{each % 90 + 1},{each % 90 * 60 + 60},"
           f"{each % 40 + 1},{each % 40 * 900 + 60}")
        for each in range(first, first + TUPLES)
    ]  # fmt: skip
    record = {
        "time": "2026-11-03T08:00:00.0Z", "flowLogVersion": 4, "macAddress": "112233445566",
        "category": "FlowLogFlowEvent", "operationName": "FlowLogFlowEvent",
        "flowRecords": {"flows": [{"aclID": "a", "flowGroups": [
            {"rule": "AllowInternet", "flowTuples": tuples}]}]},
    }  # fmt: skip
    return json.dumps(record, separators=(",", ":"))


ZEEK = (
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t"
    "orig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\t"
    "orig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents\n"
    "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\t"
    "bool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]\n"
)


def zeek(n: int) -> str:
    """A line of conn.log."""
    up, down = n * 37 % 9000, n * 91 % 900000
    return (
        f"{START + n // 200}.{n % 1000000:06}\tC{n:016x}\t{_client(n)}\t{_port(n)}\t{_server(n)}\t"
        f"443\ttcp\tssl\t{n % 90}.5\t{up}\t{down}\tSF\tT\tF\t0\tShADadFf\t{up // 1400 + 4}\t"
        f"{up + 40 * (up // 1400 + 4)}\t{down // 1400 + 4}\t{down + 40 * (down // 1400 + 4)}\t-"
    )


def eve(n: int) -> str:
    """A flow event, every second time a tls one of the same flow."""
    flow = n // 2
    base = {
        "timestamp": f"2026-11-03T{n // 360000 % 24:02}:{n // 6000 % 60:02}:{n // 100 % 60:02}."
        f"{n % 1000000:06}+0000",
        "flow_id": 10**15 + flow, "in_iface": "eth0",
        "event_type": "tls" if n % 2 == 0 else "flow", "src_ip": _client(flow),
        "src_port": _port(flow), "dest_ip": _server(flow), "dest_port": 443, "proto": "TCP",
    }  # fmt: skip
    if n % 2 == 0:
        base["tls"] = {"sni": _name(flow), "version": "TLS 1.3"}
    else:
        base["app_proto"] = "tls"
        base["flow"] = {
            "pkts_toserver": 20, "pkts_toclient": 30, "bytes_toserver": flow * 37 % 9000 + 1200,
            "bytes_toclient": flow * 91 % 900000 + 1800, "start": base["timestamp"],
            "end": base["timestamp"], "age": 0, "state": "closed", "reason": "timeout",
            "alerted": False,
        }  # fmt: skip
    return json.dumps(base, separators=(",", ":"))


def squid(n: int) -> str:
    """A tunnel in the native format."""
    return (
        f"{START + n // 200}.{n % 1000:03} {n % 9000:6} {_client(n)} TCP_TUNNEL/200 "
        f"{n * 91 % 900000} CONNECT {_name(n)}:443 - HIER_DIRECT/{_server(n)} -"
    )


MAKERS: dict[str, tuple[Callable[[int], str], str, int]] = {
    "azure-firewall": (azure_firewall, "", 1),
    "azure-firewall-damaged": (damaged, "", 1),
    "azure-flow-logs": (vnet_flow, "", TUPLES),
    "zeek": (zeek, ZEEK, 1),
    "suricata": (eve, "", 1),
    "squid": (squid, "", 1),
}
"""Line maker, header and how many rows a line holds."""


def main() -> None:
    """Writes the log."""
    target, kind, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    line, header, rows = MAKERS[kind]
    with open(1 if target == "-" else target, "wb") as out:  # noqa: PTH123 - a descriptor
        size = out.write(header.encode())
        for first in range(0, count // rows, BLOCK):
            last = min(first + BLOCK, count // rows)
            size += out.write("".join(f"{line(n)}\n" for n in range(first, last)).encode())
    if target != "-":
        print(json.dumps({"packets": count // rows * rows, "bytes": size}))


if __name__ == "__main__":
    main()
