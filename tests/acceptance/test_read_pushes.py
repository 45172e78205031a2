"""A push to a stranger's registry of which a log states the request alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from analyzer.api import analyze
from analyzer.config import Settings

if TYPE_CHECKING:
    from pathlib import Path

HOST = "badguy.azurecr.io"
BLOB = "/v2/team/app/blobs/uploads/7f?digest=sha256:0"
ZEEK = {"_path": "http", "ts": 1793692805.25, "uid": "CjhGID4nQcgTWjvg4c", "id.orig_h": "10.0.0.4",
        "id.orig_p": 50000, "id.resp_h": "20.60.0.1", "id.resp_p": 80, "host": HOST,
        "trans_depth": 1}  # fmt: skip
EVE = {"timestamp": "2026-11-03T08:00:05.250000+0000", "flow_id": 7, "event_type": "http",
       "src_ip": "10.0.0.4", "src_port": 50000, "dest_ip": "20.60.0.1", "dest_port": 80,
       "proto": "TCP"}  # fmt: skip


def zeek(method: str, target: str, body: int) -> str:
    """A line of Zeek's http.log."""
    return json.dumps({**ZEEK, "method": method, "uri": target, "request_body_len": body,
                       "response_body_len": 0, "status_code": 201}) + "\n"  # fmt: skip


def eve(method: str, target: str, _body: int) -> str:
    """An http event of Suricata, which does not say how long a request's body was."""
    http = {"hostname": HOST, "url": target, "http_method": method, "status": 201, "length": 0,
            "protocol": "HTTP/1.1"}  # fmt: skip
    return json.dumps({**EVE, "http": http}) + "\n"


def squid(method: str, target: str, _body: int) -> str:
    """A request that Squid read, which neither says so."""
    return (
        f"1793692805.250 50 10.0.0.4 TCP_MISS/201 400 {method} "
        f"https://{HOST}{target} - HIER_DIRECT/20.60.0.1 -\n"
    )


@pytest.mark.parametrize("log", [zeek, eve, squid])
@pytest.mark.parametrize(
    ("method", "target", "rule"),
    [
        ("PUT", BLOB, "EX002"),
        ("PATCH", BLOB, "EX002"),
        ("POST", BLOB, "EX002"),
        ("POST", "/oauth2/token", "EX015"),
        ("GET", "/v2/team/app/blobs/sha256:0", "EX015"),
    ],
)
def test_what_a_log_read(tmp_path: Path, log: Any, method: str, target: str, rule: str) -> None:
    path = tmp_path / "http.log"
    path.write_text(log(method, target, 5000 if method != "GET" else 0))
    result = analyze(Settings(inputs=(str(path),), own=("acr:contoso",)))
    (found,) = [f for f in result.findings if f.stream == "exfiltration"]
    assert (found.rule, found.also, found.endpoint) == (rule, [], HOST)
    if rule == "EX002":
        assert found.direction_evidence == "W1"
        assert (found.severity, found.uploaded_bytes) == (
            ("medium", 5000) if log is zeek else ("low", None)
        )
