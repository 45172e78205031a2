"""HY001: a private-link name that resolves to a public address."""

from __future__ import annotations

NAME = "contoso.azurecr.io"
CHAIN = "contoso.azurecr.io>contoso.privatelink.azurecr.io>eus1.fe.azcr.io"


def around(case, ownership="ours"):
    case.address("10.0.0.5", "private")
    case.address("20.62.128.38")
    case.address("10.1.0.7", "private")
    case.add("endpoints", name=NAME, service="acr", role="registry-login", owner="contoso",
             ownership=ownership)  # fmt: skip


def test_our_registry_resolved_to_its_public_address(case):
    around(case)
    case.look_up(NAME, "20.62.128.38", CHAIN)
    found = case.only()
    assert (found.rule, found.stream, found.severity) == ("HY001", "hygiene", "low")
    assert (found.endpoint, found.role, found.ownership) == (NAME, "registry-login", "ours")
    assert found.facts == {
        "aliases": ["contoso.privatelink.azurecr.io"],
        "addresses": ["20.62.128.38"],
    }
    # A look-up is no flow: nothing was sent, and nothing is counted.
    assert (found.flow_count, found.orig_payload_bytes, found.uploaded_bytes) == (0, None, None)
    assert "Seen in 1 DNS message between" in found.explanation
    (proof,) = found.evidence
    assert (proof.kind, proof.flow_id, proof.first_packet) == ("dns", None, 500)
    assert (proof.display_filter, proof.tshark) == ("frame.number == 500", None)
    assert (proof.orig, proof.resp) == ("10.0.0.5", "10.0.0.53:53")
    assert "20.62.128.38" in proof.detail
    assert "--zone-name privatelink.azurecr.io" in found.clears[0]
    assert case.judge().verdict != "suspected upload"


def test_the_private_endpoint_s_address_is_right(case):
    around(case)
    case.look_up(NAME, "10.1.0.7", "contoso.azurecr.io>contoso.privatelink.azurecr.io")
    assert case.findings() == []


def test_somebody_else_s_private_endpoint_is_only_noted(case):
    """Near miss: everybody outside of that network is given the public address."""
    around(case, "foreign")
    case.look_up(NAME, "20.62.128.38", CHAIN)
    found = case.only()
    assert (found.severity, "how the outside is meant" in found.explanation) == ("info", True)


def test_other_people_s_names_with_that_label_mean_nothing(case):
    """Near miss: Snowflake's private link has certificates and public records of its own."""
    around(case)
    case.look_up("acme.privatelink.snowflakecomputing.com", "20.62.128.38")
    assert case.findings() == []


def test_a_log_s_line_is_the_evidence(case):
    around(case)
    log = case.log("dns.json", "azure-dns")
    case.look_up(NAME, "20.62.128.38", CHAIN, input_id=log, packet=7)
    (proof,) = case.only().evidence
    assert (proof.log, proof.log_line, proof.display_filter) == ("dns.json", 7, "")
    assert proof.first_packet is None
