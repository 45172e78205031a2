"""Recall, precision and size error: acrtrace next to three thresholds, on the same captures.

    python captures/lab/compare.py [--lab ../shared/lab] [--own captures/lab/recorded]

A *case* is an agent and a destination that a truth file lists as an upload of 4 KB or more.
acrtrace reports a case with an exfiltration finding of medium or more for exactly that agent and
endpoint. The thresholds see what a flow log sees, bytes by agent and destination address, and
report an address; such a report is right for every case at that address, however many names share
it, and wrong if none is there. So they are judged more kindly than acrtrace: an address names no
owner.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from analyzer import api
from analyzer.config import Settings

ROOT = Path(__file__).resolve().parents[2]
NOTICEABLE = 4_000
ABOVE_LOW = ("critical", "high", "medium")
PCR = 0.4
"""Above it a pair counts as producing; from 4 KB up, so that it is judged fairly."""

BY_ADDRESS = """
    SELECT orig_ip, resp_ip, sum(orig_bytes)::BIGINT, sum(resp_bytes)::BIGINT
    FROM flows WHERE proto = 'tcp' GROUP BY ALL
"""


@dataclass
class Score:
    """Hits and misses of one method."""

    found: int = 0
    missed: int = 0
    wrong: int = 0
    errors: dict[str, list[float]] = field(default_factory=dict)
    """Relative size errors by evidence grade."""


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = os.environ.get("ACRTRACE_LAB") or ROOT.parent / "shared/lab"
    parser.add_argument("--lab", type=Path, default=Path(default))
    parser.add_argument("--own", type=Path, default=ROOT / "captures/lab/recorded")
    options = parser.parse_args()
    scores = {name: Score() for name in ("acrtrace", f"PCR > {PCR}", "500 MB", "1 MB")}
    captures = 0
    for scenario, files, settings in [*_own(options.own), *_other(options.lab)]:
        captures += 1
        with tempfile.TemporaryDirectory() as folder:
            case = Path(folder) / "case.duckdb"
            result = api.analyze(
                Settings(inputs=tuple(map(str, files)), case_path=case, **settings)
            )
            with duckdb.connect(str(case), read_only=True) as connection:
                pairs = connection.execute(BY_ADDRESS).fetchall()
        _judge(scores, scenario, result, pairs)
    print(f"{captures} captures, {scores['acrtrace'].found + scores['acrtrace'].missed} uploads of "
          f"{NOTICEABLE} bytes or more\n")  # fmt: skip
    print(f"{'':12} {'found':>6} {'missed':>7} {'wrong':>6} {'recall':>7} {'precision':>10}")
    for name, score in scores.items():
        recall = score.found / max(1, score.found + score.missed)
        said = score.found + score.wrong
        precision = f"{score.found / said:.1%}" if said else "-"
        print(f"{name:12} {score.found:6} {score.missed:7} {score.wrong:6} {recall:7.1%} "
              f"{precision:>10}")  # fmt: skip
    print("\nsize error of acrtrace by direction evidence (complete captures)")
    for grade, errors in sorted(scores["acrtrace"].errors.items()):
        print(f"  {grade}: {len(errors):3} findings, median {statistics.median(errors):.2%}, "
              f"worst {max(errors):.2%}")  # fmt: skip


def _own(folder: Path) -> list[tuple[dict[str, Any], list[Path], dict[str, Any]]]:
    table = json.loads((folder / "truth.json").read_bytes())
    return [
        (scenario, [folder / name for name in scenario["files"]],
         {"own": (*table["own"], *scenario["own"])})
        for scenario in table["scenarios"]
    ]  # fmt: skip


def _other(folder: Path) -> list[tuple[dict[str, Any], list[Path], dict[str, Any]]]:
    path = folder / "ground_truth.json"
    if not path.exists():
        print(f"no {path}: the project's own captures alone")
        return []
    return [
        (scenario, [folder / name for name in scenario["files"]],
         {"inventories": (folder / "endpoints.json",)})
        for scenario in json.loads(path.read_bytes())["scenarios"]
    ]  # fmt: skip


def _judge(scores: dict[str, Score], scenario: dict[str, Any], result: Any, pairs: list) -> None:
    uploads = scenario["expected"]["suspicious_uploads"]
    # A finding on an upload below the line is neither asked for nor wrong.
    known = {(c, u.get("endpoint", u["host"])): u for u in uploads for c in u["clients"]}
    cases = {key: u for key, u in known.items() if u["upload_body_bytes"] >= NOTICEABLE}
    accused = {
        (f.agent, f.endpoint): f for f in result.findings
        if f.stream == "exfiltration" and f.severity in ABOVE_LOW
    }  # fmt: skip
    score = scores["acrtrace"]
    score.found += len(cases.keys() & accused.keys())
    score.missed += len(cases.keys() - accused.keys())
    score.wrong += len(accused.keys() - known.keys())
    complete = scenario["capture"].get("complete", scenario["capture"]["lossless"])
    for key in cases.keys() & accused.keys():
        if complete and len(cases[key]["clients"]) == 1:
            size, told = cases[key]["upload_body_bytes"], accused[key].uploaded_bytes
            error = abs(told - size) / size
            score.errors.setdefault(accused[key].direction_evidence, []).append(error)
    where = _addresses(scenario)
    for name in list(scores)[1:]:
        hit = {(agent, ip) for agent, ip, up, down in pairs if _says(name, up, down)}
        for (agent, _), upload in cases.items():
            caught = any((agent, ip) in hit for ip in where.get(upload["host"], ()))
            scores[name].found += caught
            scores[name].missed += not caught
        right = {(agent, ip) for (agent, _), u in known.items() for ip in where.get(u["host"], ())}
        scores[name].wrong += len(hit - right)


def _says(name: str, up: int, down: int) -> bool:
    if name.startswith("PCR"):
        return up >= NOTICEABLE and (up - down) / (up + down) > PCR
    return up >= (500_000_000 if name == "500 MB" else 1_000_000)


def _addresses(scenario: dict[str, Any]) -> dict[str, set[str]]:
    """Addresses behind a host, and the proxy's where the capture sees no other."""
    found: dict[str, set[str]] = {}
    listed = scenario.get("connections") or scenario.get("transfers") or ()
    for row in listed:
        host = row.get("host_header") or row.get("sni")
        if host:
            ips = found.setdefault(host, set())
            ips.add(row["server_ip"])
            ips.update(scenario.get("proxies") or ())
            if row.get("via_proxy"):
                ips.add(row["via_proxy"].rsplit(":", 1)[0])
    for upload in scenario["expected"]["suspicious_uploads"]:
        found.setdefault(upload["host"], set()).update(upload.get("ips") or ())
    return found


if __name__ == "__main__":
    main()
