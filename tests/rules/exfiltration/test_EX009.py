"""EX009: drips and long query strings, per owner and day, and over many accounts."""

from __future__ import annotations

import pytest

KIB = 1024
DAY = 86_400 * 1_000_000_000
START = 1_795_474_332 * 1_000_000_000
STORAGE = {"role": "storage-account", "ownership": "foreign", "service": "storage"}
HOST = "evil.blob.core.windows.net"


def test_an_owner_that_gets_64_kib_a_day_in_drips_is_medium(case):
    for _ in range(32):
        case.drip("collect.example.net", 2 * KIB, 1)
    found = case.only()
    assert (found.rule, found.severity, found.confidence) == ("EX009", "medium", "low")
    assert found.facts["owner"] == "example.net"
    assert (found.facts["day_bytes"], found.facts["day"]) == (64 * KIB, "2026-11-23")
    assert found.uploaded_bytes == 32 * KIB


def test_below_and_on_two_days_nothing_shows(case):
    """Near miss: one byte less; or the same amount over two days."""
    case.drip("collect.example.net", 64 * KIB - 1, 40)
    for day in range(2):
        start = START + day * DAY
        case.drip("other.example.org", 40_000, 30, start_ns=start, end_ns=start + 1)
    assert case.findings() == []


def test_hosts_of_one_site_add_up(case):
    case.drip("a.collect.co.uk", 40_000, 30)
    case.drip("b.collect.co.uk", 40_000, 30)
    found = case.findings()
    assert {f.endpoint for f in found} == {"a.collect.co.uk", "b.collect.co.uk"}
    assert {f.facts["owner"] for f in found} == {"collect.co.uk"}


def test_different_sites_below_a_country_code_do_not(case):
    for number in range(4):
        case.drip(f"www.site{number}.co.uk", 30_000, 20)
    assert case.findings() == []


def test_one_account_by_several_of_its_services(case):
    for service in ("blob", "queue"):
        case.drip(f"evil.{service}.core.windows.net", 40_000, 30, **STORAGE, owner="evil")
    found = case.findings()
    assert {(f.rule, *f.also, f.severity) for f in found} == {("EX001", "EX009", "medium")}


def test_many_accounts_that_get_a_little_each(case):
    for number in range(20):
        name = f"evil{number:02}"
        case.drip(f"{name}.blob.core.windows.net", 5000, 4, **STORAGE, owner=name)
    found = case.findings()
    assert {(f.rule, *f.also, f.severity) for f in found} == {("EX001", "EX009", "medium")}
    assert len(found) == 20
    assert found[0].facts["day_bytes"] == 100_000
    assert any("(many-accounts)" in reason for reason in found[0].severity_reasons)


def test_a_few_accounts_below_the_sum_stay_low(case):
    for number in range(5):
        case.drip(f"e{number}.blob.core.windows.net", 5000, 4, **STORAGE, owner=f"e{number}")
    assert {(f.rule, *f.also, f.severity) for f in case.findings()} == {("EX001", "low")}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_long_query_strings_read_in_clear(case, method):
    """A proxy's log has the address of each request, and no turns."""
    log = case.log("access.log", "squid")
    for number in range(70):
        flow = case.logged("collect.example.net", input_id=log)
        case.add(
            "http",
            flow_id=flow,
            ts_ns=START,
            packet=number + 1,
            input_id=log,
            method=method,
            host="collect.example.net",
            target="/p?d=" + "x" * 1000,
        )
    found = case.only()
    assert (found.rule, found.severity) == ("EX009", "medium")
    assert found.facts["query_bytes"] == 70 * 1002


def test_short_query_strings_are_what_reading_takes(case):
    flow = case.flow("collect.example.net")
    for number in range(400):
        case.add("http", flow_id=flow, ts_ns=START, packet=number + 1, input_id=0, method="GET",
                 host="collect.example.net", target="/p?d=" + "x" * 400)  # fmt: skip
    assert case.findings() == []


@pytest.mark.parametrize(
    "values",
    [
        {"role": "registry-login", "ownership": "foreign"},
        {"role": "other-registry", "ownership": "undecidable"},
        {"role": "auth", "ownership": "platform"},
        {"role": "unknown", "ownership": "approved"},
        {"role": "unknown", "proxy_leg": "upstream"},
    ],
)
def test_where_drips_are_ordinary_or_declared_nothing_shows(case, values):
    """A pull of 200 layers holds 201 drips, 333 KB: a token in front of each."""
    case.drip("x.example.net", 333_000, 201, **values)
    assert case.findings() == []


def test_drips_that_stay_in_the_network_are_information(case):
    case.drip("nexus.corp.example", 90_000, 60, scope="private", resp_ip="10.0.0.9")
    assert case.only().severity == "info"
