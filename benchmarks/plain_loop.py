"""What a script would do: ``plain_loop.py FORMAT FILE`` reads a log line by line with Python's json
or csv and keeps the fields that acrtrace takes from it. Prints how many rows and the seconds."""

from __future__ import annotations

import csv
import json
import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Rows = list[tuple[Any, ...]]


def azure_firewall(path: str) -> Rows:
    """Application rules."""
    rows: Rows = []
    with open(path, encoding="utf-8", errors="replace") as lines:  # noqa: PTH123
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            p = record["properties"]
            when = datetime.fromisoformat(record["time"]).timestamp()
            rows.append(
                (when, p["SourceIp"], int(p["SourcePort"]), int(p["DestinationPort"]),
                 p["Fqdn"].lower(), p["Action"] == "Allow", p["RuleCollection"], p["Rule"])
            )  # fmt: skip
    return rows


def azure_flow_logs(path: str) -> Rows:
    """Tuples of virtual network flow logs."""
    rows: Rows = []
    with open(path, encoding="utf-8") as lines:  # noqa: PTH123
        for line in lines:
            for flow in json.loads(line)["flowRecords"]["flows"]:
                for group in flow["flowGroups"]:
                    for text in group["flowTuples"]:
                        t = text.split(",")
                        rows.append(
                            (int(t[0]), t[1], t[2], int(t[3]), int(t[4]), t[5], t[7],
                             int(t[9]), int(t[10]), int(t[11]), int(t[12]))
                        )  # fmt: skip
    return rows


def zeek(path: str) -> Rows:
    """conn.log."""
    rows: Rows = []
    with open(path, encoding="utf-8", newline="") as lines:  # noqa: PTH123
        for t in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            if t[0][0] != "#":
                rows.append(
                    (float(t[0]), t[1], t[2], int(t[3]), t[4], int(t[5]), t[6], t[7], float(t[8]),
                     int(t[9]), int(t[10]), int(t[14]), int(t[16]), int(t[18]))
                )  # fmt: skip
    return rows


def suricata(path: str) -> Rows:
    """Flow and tls events."""
    rows: Rows = []
    with open(path, encoding="utf-8") as lines:  # noqa: PTH123
        for line in lines:
            e = json.loads(line)
            flow, tls = e.get("flow", {}), e.get("tls", {})
            when = datetime.fromisoformat(e["timestamp"]).timestamp()
            rows.append(
                (when, e["event_type"], e["flow_id"], e["src_ip"], e["src_port"], e["dest_ip"],
                 e["dest_port"], e["proto"], tls.get("sni"), flow.get("bytes_toserver"),
                 flow.get("bytes_toclient"), flow.get("pkts_toserver"), flow.get("pkts_toclient"))
            )  # fmt: skip
    return rows


def squid(path: str) -> Rows:
    """access.log, native."""
    rows: Rows = []
    with open(path, encoding="utf-8") as lines:  # noqa: PTH123
        for line in lines:
            t = line.split()
            host, _, port = t[6].rpartition(":")
            rows.append(
                (float(t[0]), int(t[1]), t[2], t[3].split("/"), int(t[4]), t[5], host, int(port),
                 t[8].split("/")[1])
            )  # fmt: skip
    return rows


READERS: dict[str, Callable[[str], Rows]] = {
    "azure-firewall": azure_firewall,
    "azure-firewall-damaged": azure_firewall,
    "azure-flow-logs": azure_flow_logs,
    "zeek": zeek,
    "suricata": suricata,
    "squid": squid,
}


if __name__ == "__main__":
    kind, log_path, expected = sys.argv[1:4]
    start = time.perf_counter()
    count = len(READERS[kind](log_path))
    print(
        json.dumps(
            {"packets": int(expected), "seconds": time.perf_counter() - start, "rows": count}
        )
    )
