"""EX008: data in the names of DNS queries."""

from __future__ import annotations

import hashlib

import pytest

from analyzer.endpoints.match import Catalogue
from analyzer.rules.expected import Expected

SECOND = 1_000_000_000
HOUR = 1_795_474_800 * SECOND


def ask(case, names, *, step=SECOND, start=HOUR, logged=False):
    """One query a name, each in a conversation of its own; a resolver's log has none."""
    if not case.connection.execute("SELECT count(*) FROM addresses").fetchall()[0][0]:
        case.add("addresses", addr="10.0.0.5", key="0", scope="private", agent="10.0.0.5")
    for number, name in enumerate(names):
        at = start + number * step
        packet = 2 * number + 1
        if not logged:
            case.flow(
                None, proto="udp", app="dns", resp_ip="168.63.129.16", resp_port=53, start_ns=at,
                end_ns=at + 1, first_packet=packet, last_packet=packet + 1, has_turns=False,
                table_flow={"first_packet": packet, "orig_pkts": 1},
            )  # fmt: skip
        case.add(
            "dns", dns_id=number, ts_ns=at, client_ip="10.0.0.5", server_ip="168.63.129.16",
            transport="udp", txid=1, is_response=False, qname=name, qtype=16, answers=0,
            malformed=False, packet=packet, input_id=0,
        )  # fmt: skip


def data(number, length=80):
    """Labels that no two names share."""
    text = "".join(hashlib.sha256(f"{number}/{i}".encode()).hexdigest() for i in range(3))[:length]
    return ".".join(text[at : at + 40] for at in range(0, length, 40))


def tunnel(count, length, parent="t.evil.example"):
    return [f"{data(number, length)}.{parent}" for number in range(count)]


def test_fifty_names_with_four_kib_in_an_hour_are_medium(case):
    ask(case, tunnel(52, 80))
    found = case.only()
    assert (found.rule, found.severity, found.endpoint) == ("EX008", "medium", "t.evil.example")
    assert (found.facts["hour_names"], found.facts["hour_bytes"]) == (52, 52 * 80)
    assert (found.flow_count, found.addresses) == (52, ["168.63.129.16"])


@pytest.mark.parametrize(("count", "length"), [(51, 80), (49, 120)])
def test_less_than_either_is_silent(case, count, length):
    """Near miss: 4,080 bytes; or 49 names, however long."""
    ask(case, tunnel(count, length))
    assert case.findings() == []


def test_the_full_hour_cuts_no_burst(case):
    ask(case, tunnel(52, 80), start=HOUR - 26 * SECOND)
    assert case.only().severity == "medium"


def test_what_takes_all_day_is_silent(case):
    ask(case, tunnel(52, 80), step=600 * SECOND)
    assert case.findings() == []


def test_names_directly_below_the_domain(case):
    ask(case, tunnel(60, 80, "evil.co.uk"))
    assert case.only().endpoint == "evil.co.uk"


@pytest.mark.parametrize(
    "names",
    [
        [f"{n % 250}.{n // 250}.2.10.in-addr.arpa" for n in range(900)],
        [".".join(f"{n:032x}") + ".ip6.arpa" for n in range(300)],
        [f"selector-{data(n, 40)}._domainkey.mail.example" for n in range(120)],
        [f"{data(n, 32)}.trafficmanager.net" for n in range(300)],
        [f"{data(n, 40)}.avqs.mcafee.com" for n in range(300)],
        [f"d{data(n, 13)}.cloudfront.net" for n in range(900)],
        [f"www.{data(n, 12)}.example" for n in range(300)],
        [f"www.{data(n, 12)}.co.uk" for n in range(600)],
        [f"host{n}.default.svc.cluster.local" for n in range(300)],
    ],
)
def test_what_systems_ask_for_by_themselves_is_silent(case, names):
    ask(case, names)
    assert case.findings() == []


def test_names_that_share_their_long_part_count_it_once(case):
    """Near miss: 120 names of 80 bytes, of which 70 are always the same."""
    ask(case, [f"h{n}.{'x' * 60}.corp.evil.example" for n in range(120)])
    assert case.findings() == []


def test_an_approved_domain_is_silent(case):
    ask(case, tunnel(60, 80))
    case.add("endpoints", name="t.evil.example", role="unknown", ownership="approved")
    assert case.findings() == []


def test_the_log_of_a_resolver_is_enough(case):
    """No conversation is known: the first message of each name is the evidence."""
    ask(case, [*tunnel(52, 80), *tunnel(52, 80)], logged=True)
    found = case.only()
    assert (found.rule, found.severity, found.endpoint) == ("EX008", "medium", "t.evil.example")
    assert (found.facts["names"], found.flow_count) == (52, 0)
    assert {e.kind for e in found.evidence} == {"dns"}
    assert len({e.name for e in found.evidence}) == len(found.evidence) == 50
    assert "Seen in 52 DNS messages between" in found.explanation
    assert found.uploaded_bytes is None  # what the labels encode is not estimated
    assert case.judge().verdict == "suspected upload"


def test_of_very_many_messages_a_thousand_stand_for_all(case):
    ask(case, tunnel(1200, 80), logged=True)
    found = case.only()
    assert found.facts["names"] == 1200
    assert "Seen in 1,000 DNS messages" in found.explanation


def test_what_is_switched_off_is_silent_no_longer(case):
    ask(case, [f"{data(n, 40)}.avqs.mcafee.com" for n in range(300)])
    assert case.findings() == []
    loud = Catalogue.load(disabled=["quiet.mcafee-gti"]).quiet
    found = case.judge(expected=Expected(quiet=loud)).findings
    assert [f.endpoint for f in found if f.rule == "EX008"] == ["avqs.mcafee.com"]


def test_data_in_the_names_of_reverse_look_ups_is_no_reverse_look_up(case):
    ask(case, tunnel(60, 80, "2.10.in-addr.arpa"))
    assert case.only().rule == "EX008"
