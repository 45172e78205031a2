"""EX012: upload to a name that nobody classified."""

from __future__ import annotations

import pytest

KIB = 1024
MIB = 1024 * KIB
HOST = "collect.example.net"


@pytest.mark.parametrize(
    ("size", "severity"),
    [
        (4096, "low"),
        (MIB - 1, "low"),
        (MIB, "medium"),
        (100 * MIB - 1, "medium"),
        (100 * MIB, "critical"),
    ],
)
def test_ladder(case, size, severity):
    case.upload(HOST, size)
    found = case.only()
    assert (found.rule, found.severity, found.shows) == ("EX012", severity, "upload")
    assert "TLS to port 443" in found.explanation


@pytest.mark.parametrize(("body", "severity"), [(4000, "low"), (2 * MIB, "medium")])
def test_writes_read_in_clear(case, body, severity):
    case.flow(HOST, app="http", resp_port=80, write_requests=1, write_bytes=body,
              write_line="POST /x (packet 4)", direction_evidence="W1")  # fmt: skip
    assert (case.only().rule, case.only().severity) == ("EX012", severity)


def test_small_forms_and_drips_are_silent(case):
    """Near miss: what browsing sends. Sums of drips are EX009's."""
    case.flow(HOST, write_requests=3, write_bytes=3999, write_line="POST /f (packet 4)",
              direction_evidence="W1")  # fmt: skip
    case.drip(HOST, 30_000, 20)
    case.flow(HOST, orig_bytes=50_000)
    assert case.findings() == []


@pytest.mark.parametrize(
    "values",
    [
        {"ownership": "ours"},
        {"ownership": "approved"},
        {"role": "auth", "ownership": "platform"},
        {"proxy_leg": "upstream"},
        {"scope": "loopback"},
    ],
)
def test_what_is_known_is_silent(case, values):
    case.upload(HOST, 2 * MIB, **values)
    assert case.findings() == []


def test_what_stays_in_the_network_is_information(case):
    case.upload("nexus.corp.example", 2 * MIB, scope="private", resp_ip="10.0.0.9")
    assert (case.only().rule, case.only().severity) == ("EX012", "info")


def test_behind_a_proxy_the_address_says_nothing(case):
    case.upload(HOST, 2 * MIB, scope="private", resp_ip="10.0.0.9", proxy_leg="client")
    assert case.only().severity == "medium"


def test_a_name_on_the_deny_list_is_at_least_medium(case):
    case.upload(HOST, 5000, ownership="denied")
    assert case.only().severity == "medium"


def test_counters(case):
    case.counted(HOST, 3 * MIB)
    assert (case.only().severity, case.only().direction_evidence) == ("medium", "W4")
