"""Ground truth of a scenario, from the servers' log: what arrived as HTTP, byte for byte."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import names
import netns

if TYPE_CHECKING:
    from pathlib import Path

    from scenario import Scenario

Transfer = dict[str, Any]


def transfers(log: Path, offset: int) -> list[Transfer]:
    """Exchanges that nginx logged from a byte offset on, in order of their start."""
    with log.open("rb") as lines:
        lines.seek(offset)
        found = [_transfer(json.loads(line)) for line in lines]
    return sorted(found, key=lambda transfer: transfer["start"])


def _transfer(row: dict[str, Any]) -> Transfer:
    body, source = _body(row)
    return {
        "client_ip": row["client_ip"].removeprefix("::ffff:"),
        "client_port": row["client_port"],
        "server_ip": row["server_ip"].removeprefix("::ffff:"),
        "server_port": row["server_port"],
        "connection": row["connection"],
        "sni": row["sni"] or None,
        "host_header": (row["host"] or row["authority"]).removesuffix(":443"),
        "method": row["method"],
        "uri": row["uri"][:120],
        "status": row["status"],
        "http": row["http"],
        "tls": row["tls"] or None,
        "tls_resumed": row["resumed"] == "r",
        "upload_body_bytes": body,
        "upload_body_source": source,
        "request_bytes": row["request_bytes"],
        "download_body_bytes": row["download_body_bytes"],
        "response_bytes": row["response_bytes"],
        "start": round(row["end"] - row["seconds"], 3),
        "end": row["end"],
        "user_agent": row["agent"][:80],
    }


def _body(row: dict[str, Any]) -> tuple[int, str]:
    if row["content_length"].isdigit():
        return int(row["content_length"]), "content-length"
    if row["forwarded"].isdigit() and int(row["forwarded"]):
        return int(row["forwarded"]), "counted by the server"
    return 0, "no body"


def uploads(scenario: Scenario, exchanges: list[Transfer]) -> list[dict[str, Any]]:
    """What a perfect analysis reports: one entry per malicious host and agent."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    connections: dict[tuple[str, str], set[int]] = {}
    for exchange in exchanges:
        host = exchange["host_header"]
        if host not in scenario.malicious or not exchange["upload_body_bytes"]:
            continue
        agent = _agent(scenario, exchange)
        entry = found.setdefault(
            (host, agent),
            {
                "host": host, "clients": [agent], "upload_body_bytes": 0, "requests": 0,
                "endpoint": scenario.seen_as.get(host, host) or None,
            },
        )  # fmt: skip
        entry["upload_body_bytes"] += exchange["upload_body_bytes"]
        entry["requests"] += 1
        connections.setdefault((host, agent), set()).add(exchange["connection"])
    for key, entry in found.items():
        entry["connections"] = len(connections[key])
    for parent, size in scenario.tunnel.items():
        agent = netns.agent_address(scenario.agents()[0])
        found[parent, agent] = {
            "host": parent, "clients": [agent], "upload_body_bytes": size, "requests": 0,
            "endpoint": parent, "connections": 0,
        }  # fmt: skip
    judged_by = {host.name: group.judged_by for group in names.load() for host in group.hosts}
    for (host, _), upload in found.items():
        upload["judged_by"] = "tunnel" if host in scenario.tunnel else judged_by[host]
        if host in scenario.size_pending:
            upload["size_pending"] = scenario.size_pending[host]
    missing = set(scenario.malicious) - {host for host, _ in found}
    if missing:
        raise ValueError(f"{scenario.id}: nothing arrived at {', '.join(sorted(missing))}")
    return list(found.values())


def _agent(scenario: Scenario, exchange: Transfer) -> str:
    named = scenario.agent_of.get(exchange["host_header"])
    return netns.agent_address(named) if named else str(exchange["client_ip"])


def uses_proxy(scenario: Scenario) -> bool:
    """Whether a step goes through the proxy."""
    return any("{proxy}" in text for s in scenario.step for text in [*s.run, *s.env.values()])


def per_connection(exchanges: list[Transfer]) -> list[dict[str, Any]]:
    """Application bytes of every connection, both ways."""
    found: dict[int, dict[str, Any]] = {}
    for exchange in exchanges:
        entry = found.setdefault(
            exchange["connection"],
            {
                **{key: exchange[key] for key in ("client_ip", "client_port", "server_ip",
                                                  "server_port", "sni", "http", "tls")},
                "requests": 0, "upload_body_bytes": 0, "request_bytes": 0,
                "download_body_bytes": 0, "response_bytes": 0,
            },
        )  # fmt: skip
        entry["requests"] += 1
        for key in ("upload_body_bytes", "request_bytes", "download_body_bytes", "response_bytes"):
            entry[key] += exchange[key]
    return list(found.values())


def entry(
    scenario: Scenario, exchanges: list[Transfer], files: list[str], lossless: bool
) -> dict[str, Any]:
    """The scenario's part of truth.json."""
    accused = uploads(scenario, exchanges)
    listed = exchanges if len(exchanges) <= 12 else []
    return {
        "id": scenario.id,
        "description": scenario.description,
        "files": files,
        "verdict": scenario.verdict,
        "clients": sorted({_agent(scenario, t) for t in exchanges}),
        "capture": {
            "at": scenario.capture.at, "format": scenario.capture.format,
            "snaplen": scenario.capture.snaplen, "lossless": lossless,
            "begins_late": scenario.capture.hold,
            "elsewhere": bool(scenario.agent_of or scenario.nat),
            "complete": scenario.capture.complete and lossless,
        },
        "totals": {
            "http_exchanges": len(exchanges),
            "connections": len({t["connection"] for t in exchanges}),
            "upload_body_bytes": sum(t["upload_body_bytes"] for t in exchanges),
            "download_body_bytes": sum(t["download_body_bytes"] for t in exchanges),
            "malicious_upload_body_bytes": sum(u["upload_body_bytes"] for u in accused),
        },
        "own": scenario.own,
        "expected": {"suspicious_uploads": accused, "also": scenario.also},
        "connections": per_connection(exchanges),
        "proxies": [netns.agent_address("px")] if uses_proxy(scenario) else [],
        "transfers": listed,
        "notes": scenario.notes,
    }  # fmt: skip
