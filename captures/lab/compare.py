"""Recall, precision and size error: acrtrace next to three thresholds, on the same captures.

    python captures/lab/compare.py [--lab ../shared/lab] [--own captures/lab/recorded]

A *case* is an agent and a destination that a truth file lists as an upload of 4 KB or more.
acrtrace reports a case with an exfiltration finding of medium or more for exactly that agent and
endpoint. Where only the volume can be judged (a shared host, a name that nobody declared), the
rules say low below 1 MiB by definition (docs/rules.md, EX011 and EX012): these cases are counted
apart, and a finding of any severity reports them.

The thresholds see what a flow log sees, bytes by agent and destination address, and report an
address; such a report is right for every case at that address, however many names share it, and
wrong if none is there. So they are judged more kindly than acrtrace: an address names no owner.
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


OWNER, VOLUME = "owner", "volume"
"""What a case can be judged by."""


@dataclass
class Score:
    """Hits and misses of one method, by what the case can be judged by."""

    found: dict[str, int] = field(default_factory=lambda: {OWNER: 0, VOLUME: 0})
    missed: dict[str, int] = field(default_factory=lambda: {OWNER: 0, VOLUME: 0})
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
    cases = {kind: scores["acrtrace"].found[kind] + scores["acrtrace"].missed[kind]
             for kind in (OWNER, VOLUME)}  # fmt: skip
    print(f"{captures} captures, {sum(cases.values())} uploads of {NOTICEABLE} bytes or more\n")
    print(f"{cases[OWNER]} to destinations whose owner can be judged: acrtrace at medium or more")
    print(f"{'':12} {'found':>6} {'missed':>7} {'wrong':>6} {'recall':>7} {'precision':>10}")
    for name, score in scores.items():
        said = score.found[OWNER] + score.wrong
        precision = f"{score.found[OWNER] / said:.1%}" if said else "-"
        print(f"{name:12} {score.found[OWNER]:6} {score.missed[OWNER]:7} {score.wrong:6} "
              f"{_recall(score, OWNER):7.1%} {precision:>10}")  # fmt: skip
    print(f"\n{cases[VOLUME]} to shared hosts and undeclared names: acrtrace at any severity")
    print(f"{'':12} {'found':>6} {'missed':>7} {'recall':>7}")
    for name, score in scores.items():
        print(f"{name:12} {score.found[VOLUME]:6} {score.missed[VOLUME]:7} "
              f"{_recall(score, VOLUME):7.1%}")  # fmt: skip
    print("\nsize error of acrtrace by direction evidence (complete captures)")
    for grade, errors in sorted(scores["acrtrace"].errors.items()):
        print(f"  {grade}: {len(errors):3} findings, median {statistics.median(errors):.2%}, "
              f"worst {max(errors):.2%}")  # fmt: skip


def _recall(score: Score, kind: str) -> float:
    return score.found[kind] / max(1, score.found[kind] + score.missed[kind])


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
    named = {(f.agent, f.endpoint): f for f in result.findings if f.stream == "exfiltration"}
    accused = {key: f for key, f in named.items() if f.severity in ABOVE_LOW}
    score = scores["acrtrace"]
    for key, upload in cases.items():
        kind = _kind(upload)
        reported = key in (accused if kind == OWNER else named)
        score.found[kind] += reported
        score.missed[kind] += not reported
    score.wrong += len(accused.keys() - known.keys())
    complete = scenario["capture"].get("complete", scenario["capture"]["lossless"])
    for key in cases.keys() & named.keys():
        size, told = cases[key]["upload_body_bytes"], named[key].uploaded_bytes
        # Of a DNS tunnel no payload is estimated: its direction is W5 and its size not stated.
        if complete and len(cases[key]["clients"]) == 1 and told:
            error = abs(told - size) / size
            score.errors.setdefault(named[key].direction_evidence, []).append(error)
    where = _addresses(scenario)
    for name in list(scores)[1:]:
        hit = {(agent, ip) for agent, ip, up, down in pairs if _says(name, up, down)}
        for (agent, _), upload in cases.items():
            caught = any((agent, ip) in hit for ip in where.get(upload["host"], ()))
            scores[name].found[_kind(upload)] += caught
            scores[name].missed[_kind(upload)] += not caught
        right = {(agent, ip) for (agent, _), u in known.items() for ip in where.get(u["host"], ())}
        scores[name].wrong += len(hit - right)


def _kind(upload: dict[str, Any]) -> str:
    """What an upload can be judged by; the other laboratory's truth states roles."""
    if "judged_by" in upload:
        return VOLUME if upload["judged_by"] in ("budget", "unclassified") else OWNER
    # A name that imitates a registry's is judged as what it is (EX003), not by its volume.
    return VOLUME if upload["role"] == "other" and ".azurecr.io." not in upload["host"] else OWNER


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
