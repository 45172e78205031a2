"""HY004: look-alikes and homographs, without any upload."""

from __future__ import annotations

from analyzer.evidence.carve import captured
from craft.results import make_input, make_result

LOOK_ALIKE = "contoso.azurecr.io.evil.net"


def known(case, name, imitates):
    case.address("10.0.0.5", "private")
    case.add("endpoints", name=name, role="unknown", ownership="unknown", imitates=imitates)


def test_a_look_up_is_enough(case):
    known(case, LOOK_ALIKE, "contoso.azurecr.io")
    case.look_up(LOOK_ALIKE, "198.51.100.9")
    found = case.only()
    assert (found.rule, found.stream, found.severity) == ("HY004", "hygiene", "low")
    assert "looked up contoso.azurecr.io.evil.net, which imitates contoso.azurecr.io" in (
        found.explanation
    )
    assert case.judge().verdict == "cannot tell"  # no flow at all; certainly no upload


def test_look_up_and_conversation_are_one_finding(case):
    known(case, LOOK_ALIKE, "contoso.azurecr.io")
    case.look_up(LOOK_ALIKE, "198.51.100.9")
    case.flow(LOOK_ALIKE, imitates="contoso.azurecr.io")
    found = case.only()
    assert (found.flow_count, len(found.evidence)) == (1, 2)
    assert "Seen in 1 flow and 1 DNS message" in found.explanation
    assert {e.kind for e in found.evidence} == {"flow", "dns"}
    message = next(e for e in found.evidence if e.kind == "dns")
    assert (message.flow_id, message.bpf, message.tshark, message.kql) == (None, None, None, [])
    assert message.display_filter == f"frame.number == {message.first_packet}"
    whole = make_result(inputs=[make_input(path="c.pcap", first_ns=0, last_ns=1 << 62)])
    assert [found.evidence[e.place or 0].kind for e in captured(whole, found)] == ["flow"]


def test_letters_that_only_look_alike(case):
    known(case, "xn--zurecr-2nf.io", "azurecr.io")
    case.flow("xn--zurecr-2nf.io", imitates="azurecr.io")
    assert "written in letters that only look alike" in case.only().explanation


def test_genuine_names_and_unanswered_search_domains_are_silent(case):
    """Near miss: a resolver tries contoso.azurecr.io.corp.example, and there is none."""
    known(case, "contoso.azurecr.io.corp.example", "contoso.azurecr.io")
    case.look_up("contoso.azurecr.io.corp.example", rcode=3)
    case.flow("contoso.azurecr.io", role="registry-login", ownership="ours")
    assert "HY004" not in {f.rule for f in case.findings()}


def test_an_upload_there_is_an_exfiltration_finding_of_its_own(case):
    known(case, LOOK_ALIKE, "contoso.azurecr.io")
    case.upload(LOOK_ALIKE, 9000, imitates="contoso.azurecr.io")
    assert [(f.rule, f.stream) for f in case.findings()] == [
        ("EX003", "exfiltration"),
        ("HY004", "hygiene"),
    ]
