"""A day of an Azure network as its logs tell it: made, with the truth known.

500 build agents behind a firewall pull from registries (one through private endpoints, one with
dedicated data endpoints, one whose layers come from managed storage), write to storage that is
ours, send telemetry, and use ports again. Two of them write to storage of a stranger: 40 MB at
once, and 2 MB in steps of 50 KB.

Three logs, each seeing its part: the firewall names without bytes (nothing of what goes through
private endpoints), flow logs with bytes and without names, the resolver's answers.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

DAY = datetime(2026, 11, 3, tzinfo=UTC)
MTU = 1460
HEADERS = 54
AGENTS = 500
UPLOADER, DRIPPER = "10.1.0.77", "10.1.1.33"
UPLOAD_TO, DRIP_TO = "exfil7.blob.core.windows.net", "stats9.blob.core.windows.net"
UPLOADED, DRIPPED = 40_000_000, 2_000_000

PRIVATE = "contoso.azurecr.io"
DEDICATED = "fabrik.azurecr.io"
DEDICATED_DATA = "fabrik.westeurope.data.azurecr.io"
MANAGED_LOGIN, MANAGED = "tailspin.azurecr.io", "weumanaged12.blob.core.windows.net"
OURS = "contosobuild.blob.core.windows.net"
OWN = ("contoso", "fabrik", "tailspin", "storage:contosobuild")

ADDRESSES = {
    PRIVATE: ("10.9.0.5", "contoso.privatelink.azurecr.io"),
    "contoso.westeurope.data.azurecr.io": (
        "10.9.0.4",
        "contoso.westeurope.data.privatelink.azurecr.io",
    ),
    DEDICATED: ("20.61.1.10", "r0318weu.westeurope.cloudapp.azure.com"),
    DEDICATED_DATA: ("20.61.1.11", "d0318weu.westeurope.cloudapp.azure.com"),
    MANAGED_LOGIN: ("20.61.1.10", "r0318weu.westeurope.cloudapp.azure.com"),
    MANAGED: ("20.60.1.132", "blob.ams09prdstr06a.store.core.windows.net"),
    OURS: ("20.60.1.132", "blob.ams09prdstr06a.store.core.windows.net"),
    UPLOAD_TO: ("20.60.1.132", "blob.ams09prdstr06a.store.core.windows.net"),
    DRIP_TO: ("20.60.7.9", "blob.ams23prdstr14a.store.core.windows.net"),
    "mcr.microsoft.com": ("150.171.70.10", "mcr-0001.mcr-msedge.net"),
    "0a1b.ods.opinsights.azure.com": ("20.50.1.1", "weu-oms.trafficmanager.net"),
    "login.microsoftonline.com": ("20.190.160.1", "www.tm.ak.prd.aadg.akadns.net"),
}


@dataclass(slots=True)
class Day:
    """The three logs as text, and the records they are made of."""

    application: list[str] = field(default_factory=list)
    tuples: list[tuple[datetime, str]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    connections: int = 0

    def firewall_log(self) -> str:
        """JSON lines as a diagnostic setting stores them."""
        return "".join(f"{line}\n" for line in self.application)

    def flow_log(self) -> str:
        """One document of virtual network flow logs, version 4."""
        groups: dict[int, list[str]] = {}
        for at, text in self.tuples:
            groups.setdefault(round((at - DAY).total_seconds()) // 60, []).append(text)
        records = [
            {
                "time": (DAY + timedelta(minutes=minute + 1)).isoformat(),
                "flowLogVersion": 4,
                "flowLogGUID": "00000000-0000-0000-0000-000000000001",
                "macAddress": "112233445566",
                "category": "FlowLogFlowEvent",
                "operationName": "FlowLogFlowEvent",
                "flowRecords": {
                    "flows": [
                        {
                            "aclID": "00000000-0000-0000-0000-000000000002",
                            "flowGroups": [{"rule": "AllowInternet", "flowTuples": texts}],
                        }
                    ]
                },
            }
            for minute, texts in sorted(groups.items())
        ]
        return json.dumps({"records": records})

    def resolver_log(self) -> str:
        """JSON lines of a DNS security policy."""
        return "".join(f"{line}\n" for line in self.answers)

    def connect(
        self, agent: str, port: int, name: str, at: datetime, up: int, down: int, seconds: int = 2
    ) -> None:
        """One connection as all three logs see it; ``up`` and ``down`` are TCP payload."""
        self.connections += 1
        address, alias = ADDRESSES[name]
        self._answer(agent, name, address, alias, at - timedelta(milliseconds=40))
        if not address.startswith("10."):  # a private endpoint is not behind the firewall
            self._rule(agent, port, name, at)
        milliseconds = round(at.timestamp() * 1000)
        head = f"{agent},{address},{port},443,6,O"
        self._tuple(at, f"{milliseconds},{head},B,NX,0,0,0,0")
        parts = max(seconds // 300, 0) + 1
        for part in range(parts):
            state = "E" if part == parts - 1 else "C"
            then = at + timedelta(seconds=seconds if state == "E" else 300 * (part + 1))
            share = [_part(total, part, parts) for total in (up, down)]
            counts = [(-(-each // MTU) + 2, each) for each in share]
            shown = ",".join(f"{n},{size + HEADERS * n}" for n, size in counts)
            self._tuple(then, f"{round(then.timestamp() * 1000)},{head},{state},NX,{shown}")

    def _tuple(self, at: datetime, text: str) -> None:
        self.tuples.append((at, text))

    def _rule(self, agent: str, port: int, name: str, at: datetime) -> None:
        record: dict[str, Any] = {
            "category": "AZFWApplicationRule",
            "time": (at + timedelta(milliseconds=25)).isoformat(timespec="microseconds"),
            "resourceId": "/SUBSCRIPTIONS/0/RESOURCEGROUPS/HUB/AZUREFIREWALLS/FW",
            "properties": {
                "Action": "Allow", "ActionReason": "", "DestinationPort": 443, "Fqdn": name,
                "IsExplicitProxyRequest": False, "IsTlsInspected": False, "Policy": "hub",
                "Protocol": "HTTPS", "Rule": "blob", "RuleCollection": "agents",
                "RuleCollectionGroup": "default", "SourceIp": agent, "SourcePort": port,
                "TargetUrl": "", "WebCategory": "",
            },
        }  # fmt: skip
        self.application.append(json.dumps(record))

    def _answer(self, agent: str, name: str, address: str, alias: str, at: datetime) -> None:
        record = {
            "time": at.isoformat(timespec="microseconds"),
            "resourceId": "/SUBSCRIPTIONS/0/DNSRESOLVERPOLICIES/P",
            "operationName": "RESPONSE_SUCCESS",
            "category": "DnsResponse",
            "properties": {
                "query_name": f"{name}.", "query_type": "A", "query_class": "IN",
                "response_code": 0, "srcipaddr": agent, "srcport": 40000,
                "dstipaddr": "168.63.129.16", "dstport": 53, "transport": "UDP",
                "resolverpolicy_rule_action": "NoMatch", "resolution_path": "PublicDnsResolution",
                "answer": [
                    {"Type": "CNAME", "Class": "IN", "TTL": 60, "RData": f"{alias}."},
                    {"Type": "A", "Class": "IN", "TTL": 60, "RData": address},
                ],
            },
        }  # fmt: skip
        self.answers.append(json.dumps(record))


def _part(total: int, part: int, parts: int) -> int:
    return total * (part + 1) // parts - total * part // parts


def made(agents: int = AGENTS, seed: int = 7) -> Day:
    """The day, the same for the same arguments."""
    draw = random.Random(seed)
    day = Day()
    for number in range(agents):
        agent = f"10.1.{number // 250}.{number % 250 + 1}"
        free: dict[int, datetime] = {}
        for job in range(draw.randint(1, 3)):
            at = DAY + timedelta(seconds=draw.randint(600 + 28000 * job, 20000 + 28000 * job))
            for name, up, down in _job(draw):
                at += timedelta(milliseconds=draw.randint(50, 4000))
                # The lowest port that is free: used again soon, only time tells connections apart.
                port = next(p for p in range(49152, 65536) if free.get(p, at) <= at)
                seconds = draw.choice([1, 2, 4, 400])
                free[port] = at + timedelta(seconds=seconds + 1)
                day.connect(agent, port, name, at, up, down, seconds)
    _uploads(day)
    return day


def _job(draw: random.Random) -> list[tuple[str, int, int]]:
    login = draw.choice([PRIVATE, DEDICATED, MANAGED_LOGIN])
    data = {
        PRIVATE: "contoso.westeurope.data.azurecr.io",
        DEDICATED: DEDICATED_DATA,
        MANAGED_LOGIN: MANAGED,
    }[login]
    steps = [
        ("login.microsoftonline.com", 3000, 9000),
        (login, draw.randint(4000, 9000), draw.randint(8000, 30000)),
        *((data, draw.randint(900, 1800), draw.randint(10**6, 10**8)) for _ in range(3)),
        ("mcr.microsoft.com", 1500, draw.randint(10**5, 10**7)),
        ("0a1b.ods.opinsights.azure.com", draw.randint(2000, 60000), 900),
    ]
    if draw.random() < 0.3:
        steps.append((login, draw.randint(10**6, 10**7), 5000))  # a push
    if draw.random() < 0.2:
        steps.append((OURS, draw.randint(10**5, 10**7), 2000))  # build results
    return steps


def _uploads(day: Day) -> None:
    day.connect(
        UPLOADER, 50111, UPLOAD_TO, DAY + timedelta(hours=13, minutes=7), UPLOADED, 21_000, 1500
    )
    for step in range(DRIPPED // 50_000):
        at = DAY + timedelta(hours=2, minutes=31 * step)
        day.connect(DRIPPER, 49152 + step % 6, DRIP_TO, at, 50_000, 700)
