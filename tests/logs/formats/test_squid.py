"""Squid's native, common and combined lines as third parties published them, and damaged ones."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from hypothesis import given, settings

from craft.damage import check, hurts
from craft.logs import observed, unreadable

if TYPE_CHECKING:
    from pathlib import Path


def test_sekoia_expected(logs_dir: Path) -> None:
    """Clients, names, ports, bytes, statuses and times as Sekoia normalises them."""
    folder = logs_dir / "squid"
    formats, rows, tally = observed(folder / "sekoia.log")
    assert formats == ("squid",)
    assert unreadable(tally) == tally.others == 0
    lines = (folder / "sekoia.log").read_text().splitlines()
    cases = [json.loads(line) for line in (folder / "sekoia.expected.ndjson").open()]
    expected = {case["message"].strip(): case["expected"] for case in cases}
    by_line = {row["line"]: row for row in rows}
    # One line says that nobody was contacted: error:transaction-end-before-headers.
    assert set(range(1, 13)) - by_line.keys() == {9}
    for number, row in by_line.items():
        ecs = expected[lines[number - 1].strip()]
        target, response = ecs.get("destination", {}), ecs["http"]["response"]
        assert row["client_ip"] == ecs["source"]["ip"]
        # In a GET, Sekoia's destination is the peer; ours keeps the name of the URL as well.
        name = ecs.get("url", {}).get("domain") or target.get("domain")
        assert row.get("name") == name
        assert row["server_port"] == target.get("port", 80)
        if "ip" in target:
            assert row["server_ip"] == target["ip"]
        assert row["method"] == ecs["http"]["request"]["method"]
        assert row.get("bytes_down") == response.get("bytes")
        assert row.get("status", 0) == response["status_code"]
        assert "bytes_up" not in row
        # The log's time is the request's end.
        ended = datetime.fromisoformat(ecs["@timestamp"]).timestamp()
        assert round(row.get("end_ns", row["ts_ns"]) / 1e6) == round(ended * 1e3)


def test_a_log_of_a_web_server_is_not_squid() -> None:
    """Apache writes the same lines, but of its own pages: their URLs have no host."""
    line = '10.0.0.4 - - [03/Nov/2026:09:00:12 +0100] "GET /index.html HTTP/1.1" 200 512 "-" "x"\n'
    try:
        formats = observed(line * 5)[0]
    except AssertionError:
        formats = ()
    assert "squid" not in formats


def test_a_question_for_credentials_is_no_decision() -> None:
    """407 begins every authenticated request; 403 is a refusal."""
    native = "179369280{}.000 0 10.0.0.4 TCP_DENIED/{} 3868 CONNECT a.example:443 - HIER_NONE/- -\n"
    plain = '10.0.0.4 - - [03/Nov/2026:09:00:1{} +0100] "CONNECT a.example:443 HTTP/1.1" {} 5\n'
    text = "".join(
        form.format(at, status) for at, status in enumerate((407, 403)) for form in (native, plain)
    )
    text += native.format(2, 407).replace("TCP_DENIED", "TCP_MISS")
    _, rows, _ = observed(text)
    assert [(row["status"], row.get("action")) for row in rows] == [
        (407, None), (407, None), (403, "deny"), (403, "deny"), (407, "allow"),
    ]  # fmt: skip


NATIVE = "179369280%d.000   5000 10.0.0.4 TCP_MISS/200 6801 %s - HIER_NONE/- -"
COMMON = (
    '10.0.0.4 - - [03/Nov/2026:09:00:1%d +0100] "CONNECT up.example:443 HTTP/1.1" 200 5 TCP_X:Y'
)
LINES = tuple(
    line.encode()
    for number in range(4)
    for line in (
        NATIVE % (number, "CONNECT a.example:443"),
        NATIVE % (number, "GET http://[2001:db8::1]:80/x"),
        COMMON % number,
    )
)


@settings(max_examples=30, deadline=None)
@given(hurts(LINES))
def test_a_hurt_line_costs_itself(damaged: dict[int, bytes]) -> None:
    """Whatever some lines have become, the others are read as before."""
    check(LINES, damaged, "squid")
