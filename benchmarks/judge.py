"""Attribution and rules on a million conversations with ten thousand findings: ``judge.py``.

The tables are made by SQL, so no capture has to be read first; what is measured is `derive` and
`evaluate`, in a process of its own: seconds of processor time, by step, and the peak of its memory.

    python benchmarks/judge.py [--flows 1000000] [--findings 10000] [--statements]

A twentieth of the conversations uploads, spread over the findings; the others are a build's day:
pulls from our registry and its data endpoint, package mirrors, and addresses without a name. DNS
was asked for each name by every agent that uses it.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

PROMISED_SECONDS, PROMISED_MIB = 10, 1024
AGENTS = 64
HOUR_NS = 3_600_000_000_000

# A flow's place says what it is: uploads come first, then what everybody does, in turn.
FLOWS = """
INSERT INTO flows BY NAME
SELECT n AS flow_id, 0 AS input_id, $start + n * $step AS start_ns, start_ns + 900000000 AS end_ns,
    'tcp' AS proto, '10.1.0.'
        || (1 + CASE WHEN n < $uploading THEN n % $findings ELSE n // 8 END % $agents) AS orig_ip,
    1024 + n // (8 * $agents) * 8 + n % 8 AS orig_port,
    CASE WHEN n < $uploading THEN '20.60.' || (n // 8 % 100) || '.' || (1 + n % 8)
        WHEN n % 8 < 4 THEN '20.62.128.38'
        WHEN n % 8 < 7 THEN '45.33.' || (n % 200) || '.' || (n % 5)
        ELSE '192.0.2.' || (n % 250) END AS resp_ip,
    443 AS resp_port, 'syn' AS orientation,
    CASE WHEN n < $uploading THEN 9000 ELSE 1500 END AS orig_bytes, 4000 AS resp_bytes,
    12 AS orig_pkts, 12 AS resp_pkts, 0 AS orig_missed_bytes, 0 AS missed_bytes,
    0 AS duplicate_pkts, 'tls' AS app, false AS open_at_start, false AS open_at_end, 3 AS turns,
    (n < $uploading)::INTEGER AS upload_turns, upload_turns * 8200 AS upload_bytes,
    upload_turns * 7800 AS upload_app_bytes, 8200 AS largest_upload, 64 AS median_request,
    0 AS wide_requests, 0 AS wide_bytes, 0 AS drip_turns, 0 AS drip_bytes, 0 AS big16_turns,
    0 AS big16_bytes, 0 AS big16_app_bytes, 0 AS big32_turns, 0 AS big32_bytes,
    0 AS big32_app_bytes, 0 AS big64_turns, 0 AS big64_bytes, 0 AS big64_app_bytes,
    0 AS small_app_bytes, 8000 AS orig_app_bytes, 3000 AS resp_app_bytes,
    'measured' AS bytes_grade, 1 + n * 24 AS first_packet, 24 + n * 24 AS last_packet,
    '1:' || n AS community_id
FROM range($flows) AS r(n)
"""
NAMED = """
CREATE TEMP TABLE named AS
SELECT flow_id, start_ns, orig_ip, resp_ip, first_packet,
    CASE WHEN flow_id < $uploading
            THEN 'account' || lpad((flow_id % $findings)::VARCHAR, 5, '0')
                || '.blob.core.windows.net'
        WHEN flow_id % 8 < 3 THEN 'contoso.azurecr.io'
        WHEN flow_id % 8 = 3 THEN 'contoso.eastus.data.azurecr.io'
        WHEN flow_id % 8 < 7 THEN 'cache-' || (flow_id % 2000) || '.build.example' END AS name
FROM flows
"""
NAMES = """
INSERT INTO names BY NAME
SELECT start_ns + 2 AS ts_ns, orig_ip AS client_ip, flow_id, resp_ip AS addr, 443 AS port, name,
    'sni' AS kind, first_packet + 3 AS packet, 0 AS input_id
FROM named WHERE name IS NOT NULL
UNION ALL BY NAME
SELECT min(start_ns) - 1000 AS ts_ns, orig_ip AS client_ip, resp_ip AS addr, name, 'dns' AS kind,
    3600 AS ttl_s, min(first_packet) AS packet, 0 AS input_id
FROM named WHERE name IS NOT NULL GROUP BY orig_ip, resp_ip, name
"""
INPUT = """
INSERT INTO inputs BY NAME
SELECT 0 AS input_id, 'made.pcap' AS path, repeat('0', 64) AS sha256, 'pcap' AS format,
    1 AS bytes, $flows * 24 AS records, $start AS first_ns,
    $start + $flows::BIGINT * $step AS last_ns, 0 AS snapped, true AS complete, 'packet' AS unit
"""


def fill(connection: duckdb.DuckDBPyConnection, flows: int, findings: int) -> None:
    """The base tables."""
    known = {
        "start": 1_700_000_000 * 1_000_000_000,
        "step": HOUR_NS // flows,
        "agents": AGENTS,
        "flows": flows,
        "findings": findings,
        "uploading": max(flows // 20, findings),
    }
    for text in (INPUT, FLOWS, NAMED, NAMES):
        wanted = {name: value for name, value in known.items() if f"${name}" in text}
        connection.execute(text, wanted)
    connection.execute("DROP TABLE named")


def by_statement(spent: Counter[str]) -> None:
    """Makes the rooms run their scripts statement by statement, and count what each takes."""
    from analyzer.case import build, scripts
    from analyzer.rules import tables

    def run(connection: Any, name: str, text: str) -> Any:
        cursor = None
        for number, statement in enumerate(connection.extract_statements(text), 1):
            started = time.process_time()
            cursor = connection.execute(statement)
            spent[f"{name} {number}"] += time.process_time() - started
        return cursor

    def run_script(connection: Any, name: str) -> None:
        run(connection, name, scripts.script_text(name))

    def rows(connection: Any, name: str) -> list[dict[str, Any]]:
        cursor = run(connection, f"rules/{name}", tables._text(name))
        started = time.process_time()
        names = [column[0] for column in cursor.description or []]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        spent[f"rules/{name} rows"] += time.process_time() - started
        return found

    build.run_script = run_script  # type: ignore[assignment]
    tables.rows = rows  # type: ignore[assignment]


def child(flows: int, findings: int, *, statements: bool) -> None:
    """Makes, derives and judges a case; prints what it took as JSON."""
    from analyzer.api import derive, evaluate, load_inventory, open_case
    from analyzer.config import Settings
    from analyzer.evidence.filters import bpf, recount
    from analyzer.evidence.kql import queries
    from analyzer.evidence.lines import reprint
    from analyzer.report.document import render_json
    from analyzer.rules.proof import Commands

    spent: Counter[str] = Counter()
    if statements:
        by_statement(spent)
    settings = Settings(inputs=("made.pcap",), own=("contoso.azurecr.io",))
    inventory = load_inventory(settings)
    with open_case() as case:
        fill(case.connection, flows, findings)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        times = [time.process_time()]
        derive(case, catalogue=inventory.catalogue, inventory=inventory, settings=settings)
        times.append(time.process_time())
        result = evaluate(
            case.connection,
            settings=settings,
            inventory_infos=inventory.sources,
            catalogue_version=inventory.catalogue.version,
            tool_version="benchmark",
            commands=Commands(recount, reprint, bpf, queries),
        )
        times.append(time.process_time())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    text = render_json(result)
    told = {
        "findings": len(result.findings),
        "attribution": times[1] - times[0],
        "rules": times[2] - times[1],
        "filled_mib": before,
        "peak_mib": peak,
        "document_mb": len(text) / 1e6,
        "spent": spent.most_common(40),
    }
    print(json.dumps(told))


def main() -> None:
    """Measures, next to a tenth of the conversations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flows", type=int, default=1_000_000)
    parser.add_argument("--findings", type=int, default=10_000)
    parser.add_argument("--statements", action="store_true", help="processor time by statement")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.flows, options.findings, statements=options.statements)
        return
    command = [sys.executable, str(Path(__file__)), "--child", "--findings", str(options.findings)]
    if options.statements:
        command.append("--statements")
    for flows in (options.flows // 10, options.flows):
        done = subprocess.run([*command, "--flows", str(flows)], capture_output=True, check=True)
        told = json.loads(done.stdout)
        print(
            f"{flows:,} conversations, {told['findings']:,} findings: attribution "
            f"{told['attribution']:.1f} s, rules {told['rules']:.1f} s of processor time, peak "
            f"{told['peak_mib']:,} MiB (the tables: {told['filled_mib']:,} MiB)"
        )
        for name, seconds in told["spent"]:
            print(f"  {seconds:6.2f} s  {name}")
    print(f"promised: below {PROMISED_SECONDS} s and {PROMISED_MIB:,} MiB")


if __name__ == "__main__":
    main()
