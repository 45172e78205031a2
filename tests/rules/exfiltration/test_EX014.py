"""EX014: tunnels and relays."""

from __future__ import annotations

import pytest

from tests.rules.conftest import SECOND, START

LONG = {"start_ns": START, "end_ns": START + 600 * SECOND, "turns": 20, "orig_bytes": 65_536,
        "resp_bytes": 9_000, "small_turns": 20, "small_bytes": 40_000, "small_app_bytes": 30_000,
        "direction_evidence": "W2"}  # fmt: skip
NAME = "relay.unknown.example"


def rules(case):
    return {f.rule for f in case.findings()}


def test_a_long_conversation_that_sends_more_than_it_gets(case):
    case.flow(NAME, **LONG)
    found = case.only()
    assert (found.rule, found.severity, found.shows) == ("EX014", "medium", "upload")
    assert "open for 10 minutes: 20 turns, 65,536 bytes sent and 9,000 received in 1 flow." in (
        found.explanation
    )
    assert found.facts["shape"] == ["TLS to port 443"]
    assert case.judge().thresholds["tunnel_seconds"] == 600


def test_without_a_name_the_address_is_the_endpoint(case):
    case.flow(None, **LONG, app="ssh", resp_port=22)
    found = case.only()
    assert (found.rule, found.endpoint, found.addresses) == ("EX014", None, ["52.0.0.1"])
    assert found.facts["shape"] == ["SSH to port 22"]


@pytest.mark.parametrize(
    "less",
    [
        {"end_ns": START + 600 * SECOND - 1},
        {"turns": 19},
        {"orig_bytes": 65_535},
        {"scope": "private"},
        {"app": "dns"},
    ],
)
def test_a_little_less_is_silent(case, less):
    case.flow(NAME, **{**LONG, **less})
    assert "EX014" not in rules(case)


@pytest.mark.parametrize("ownership", ["ours", "approved", "platform"])
def test_our_own_cluster_is_silent(case, ownership):
    """Near miss: kubelet watches its API server all day."""
    case.flow("c1.hcp.westeurope.azmk8s.io", **LONG, role="azure-service", service="aks",
              ownership=ownership)  # fmt: skip
    assert "EX014" not in rules(case)


def test_somebody_else_s_cluster_is_not(case):
    case.flow("c1.hcp.westeurope.azmk8s.io", **LONG, role="azure-service", ownership="foreign")
    assert "EX014" in rules(case)


@pytest.mark.parametrize(
    "role", ["ci-platform", "code-host", "telemetry", "auth", "control-plane", "registry-login"]
)
def test_what_other_rules_judge_is_left_to_them(case, role):
    case.flow("x.example.org", **LONG, role=role, ownership="undecidable")
    assert "EX014" not in rules(case)


def test_more_down_than_up_is_low(case):
    """Near miss: a page that polls for an hour, or a download with many requests."""
    case.flow(NAME, **{**LONG, "resp_bytes": 65_536})
    assert case.only().severity == "low"


def test_a_catalogued_tunnel_is_not_lowered_for_it(case):
    case.flow("abc.ngrok.io", **{**LONG, "resp_bytes": 900_000}, role="tunnel",
              ownership="undecidable")  # fmt: skip
    found = case.only()
    assert (found.rule, found.also, found.severity) == ("EX005", ["EX014"], "medium")


def test_turns_without_an_upload_are_low(case):
    quiet = {**LONG, "small_turns": 0, "small_bytes": 0, "small_app_bytes": 0,
             "direction_evidence": None}  # fmt: skip
    case.flow(NAME, **quiet)
    assert case.only().severity == "low"


def test_through_a_proxy(case):
    case.flow(NAME, **LONG, scope="private", proxy_leg="client")
    assert "EX014" in rules(case)
