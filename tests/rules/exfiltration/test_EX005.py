"""EX005: drop services, webhooks and tunnels."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("role", ["drop-service", "tunnel"])
@pytest.mark.parametrize(("size", "severity"), [(4095, "low"), (4096, "medium"), (65_536, "high")])
def test_ladder(case, role, size, severity):
    case.upload("transfer.sh", size, role=role, ownership="undecidable", technique="T1567.003")
    found = case.only()
    assert (found.rule, found.severity) == ("EX005", severity)
    assert found.attack == ["T1567", "T1567.003"]


@pytest.mark.parametrize(
    ("size", "severity"),
    [(4096, "low"), (65_535, "low"), (65_536, "medium"), (104_857_600, "critical")],
)
def test_webhooks_are_one_step_lower(case, size, severity):
    case.upload("hooks.slack.com", size, role="webhook", ownership="undecidable")
    assert case.only().severity == severity


def test_a_single_drip_is_low(case):
    case.drip("pastebin.com", 3000, role="drop-service", ownership="undecidable")
    assert case.only().severity == "low"


def test_a_seen_write_counts_by_its_body(case):
    case.flow(
        "pastebin.com",
        role="drop-service",
        ownership="undecidable",
        write_requests=1,
        write_bytes=4000,
        write_line="POST /api (packet 4)",
        direction_evidence="W1",
    )
    assert (case.only().severity, case.only().direction_evidence) == ("medium", "W1")


def test_reading_a_paste_or_an_approved_one_is_silent(case):
    case.flow("pastebin.com", role="drop-service", ownership="undecidable")
    case.upload("drop.contoso.com", 70_000, role="drop-service", ownership="approved")
    assert case.findings() == []
