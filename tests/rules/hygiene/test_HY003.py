"""HY003: DoH, DoT, and resolvers other than the declared ones."""

from __future__ import annotations

import pytest

from analyzer.rules.expected import Expected

OURS = Expected(resolvers=("10.0.0.53", "10.9.0.0/16", "dns.contoso.example"))


def around(case):
    case.address("10.0.0.5", "private")
    case.address("10.0.0.53", "private")
    case.address("10.9.1.1", "private")
    case.address("8.8.8.8")
    case.address("127.0.0.53", "loopback")


def test_dns_over_tls_is_reported_whatever_is_declared(case):
    around(case)
    case.flow(None, resp_port=853, resp_ip="8.8.8.8")
    found = case.only()
    assert (found.rule, found.severity, found.addresses) == ("HY003", "low", ["8.8.8.8"])
    assert found.facts == {"how": ["DNS over TLS (port 853)"]}
    assert "No resolver was declared" in found.explanation


def test_dns_over_https_to_a_known_resolver(case):
    around(case)
    case.flow("dns.google", role="doh", ownership="undecidable", resp_ip="8.8.8.8")
    found = case.only()
    assert (found.endpoint, found.facts["how"]) == ("dns.google", ["DNS over HTTPS"])
    assert "--resolver dns.google" in found.clears[0]


def test_plain_dns_to_another_resolver_than_the_declared_ones(case):
    around(case)
    case.look_up("example.com", "93.184.215.14", server_ip="8.8.8.8")
    case.look_up("example.org", server_ip="8.8.8.8", is_response=False, rcode=None)
    case.look_up("example.com", "93.184.215.14", server_ip="10.0.0.53")
    case.look_up("example.com", "93.184.215.14", server_ip="10.9.1.1")
    assert case.findings() == []  # nothing was declared
    (found,) = case.judge(expected=OURS).findings
    assert (found.endpoint, found.addresses) == (None, ["8.8.8.8"])
    assert "Seen in 2 DNS messages" in found.explanation
    assert "Declared are 10.0.0.53, 10.9.0.0/16, dns.contoso.example." in found.explanation
    assert [e.first_packet for e in found.evidence] == [500, 501]


@pytest.mark.parametrize(
    "values",
    [
        {"resp_ip": "10.0.0.53", "resp_port": 853},
        {"resp_ip": "10.9.1.1", "resp_port": 853},
        {"endpoint": "dns.contoso.example", "role": "doh", "resp_ip": "8.8.8.8"},
    ],
)
def test_encrypted_dns_to_a_declared_resolver_is_fine(case, values):
    around(case)
    values = dict(values)
    case.flow(values.pop("endpoint", None), **values)
    assert case.judge(expected=OURS).findings == []


def test_what_the_declared_resolver_asks_itself_is_its_job(case):
    around(case)
    case.look_up("example.com", server_ip="8.8.8.8", client_ip="10.0.0.53")
    assert case.judge(expected=OURS).findings == []


def test_near_misses(case):
    """A stub on the own machine, and plain traffic to an address that also resolves."""
    around(case)
    case.look_up("example.com", server_ip="127.0.0.53")
    case.flow(None, role="doh", resp_ip="8.8.8.8", resp_port=53, app="dns", proto="udp")
    case.flow(None, role="doh", resp_ip="8.8.8.8", resp_port=80, app="http")
    assert case.judge(expected=OURS).findings == []
