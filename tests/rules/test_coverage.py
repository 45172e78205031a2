"""Coverage: what could not be seen, in figures and sentences."""

from __future__ import annotations

import pytest

from analyzer.rules.coverage import BY_VOLUME, NOT_PROVEN, SERVER_SIDE


def notes(case):
    return case.judge().coverage.notes


def test_shares_of_outgoing_bytes(case):
    case.flow("a.example.org", orig_bytes=600)
    case.flow(None, orig_bytes=300)
    case.flow("b.example.org", orig_bytes=100, name_grade="A5", has_turns=False, turns=None)
    coverage = case.judge().coverage
    assert (coverage.outgoing_bytes, coverage.flows) == (1000, 3)
    assert (coverage.named_share, coverage.directed_share) == (0.6, 0.9)


def test_what_does_not_count_as_outgoing(case):
    case.flow("a.example.org", orig_bytes=100)
    case.flow(None, orig_bytes=900, app="dns", proto="udp", resp_port=53)
    case.flow(None, orig_bytes=900, app=None, proto="udp", resp_port=53)
    case.flow("a.example.org", orig_bytes=900, proxy_leg="upstream")
    case.flow(None, orig_bytes=900, scope="loopback")
    case.flow(None, orig_bytes=900, scope="multicast")
    coverage = case.judge().coverage
    assert (coverage.outgoing_bytes, coverage.named_share) == (100, 1.0)


def test_traffic_to_port_53_that_is_no_dns_counts(case):
    case.flow(None, orig_bytes=900, app=None, proto="tcp", resp_port=53)
    assert case.judge().coverage.outgoing_bytes == 900


def test_a_name_hidden_by_ech_is_no_name(case):
    case.flow("cloudflare-ech.com", name_hidden=True, table_flow={"ech": "offered"})
    coverage = case.judge().coverage
    assert (coverage.named_share, coverage.ech_flows) == (0.0, 1)
    assert any("hides the real name" in note for note in coverage.notes)
    assert not any("GREASE" in note for note in coverage.notes)


def test_offered_ech_is_named_as_what_it_may_be(case):
    case.flow("www.example.org", table_flow={"ech": "offered"})
    assert any("GREASE" in note for note in notes(case))


def test_quic_holes_snaplen_one_side_and_damage(case):
    case.flow("www.example.org", table_flow={"one_sided": "orig"}, has_turns=False, turns=None)
    case.flow("www.example.org", orig_missed_bytes=77, proto="udp", orig_bytes=1234)
    case.flow("www.example.org", table_flow={"open_at_start": True})
    case.connection.execute("UPDATE inputs SET snapped = 9, complete = false")
    coverage = case.judge().coverage
    assert (coverage.one_sided_flows, coverage.missed_bytes, coverage.quic_flows) == (1, 77, 1)
    assert coverage.snapped_packets == 9
    text = " ".join(coverage.notes)
    for wanted in (
        "1 of 1 input could not be read to the end",
        "9 packets were captured shorter",
        "1 of 3 flows shows only one side",
        "for 1 flow the direction",
        "77 bytes are missing",
        "name was not read (1,234 bytes out",
        "1 flow was under way when the capture began",
    ):
        assert wanted in text


def test_quic_flows_are_told_apart_by_what_could_be_read(case):
    def hello(flow: int) -> None:
        case.add("tls", flow_id=flow, ts_ns=1, packet=1, input_id=0, version=772, ech=False,
                 truncated=False, quic_version=1, ticket=False,
             psk=False, early_data=False)  # fmt: skip

    quic = {"proto": "udp", "app": "quic", "orig_bytes": 100}
    hello(case.flow("www.example.org", **quic))
    hello(case.flow("www.example.org", **quic, resp_port=4433))
    case.flow(None, **quic)
    case.flow(None, **{**quic, "app": "gquic"})
    case.flow(None, **{**quic, "app": None})
    case.flow(None, **{**quic, "app": None}, resp_port=9999)
    coverage = case.judge().coverage
    assert (coverage.quic_flows, coverage.quic_unread_flows) == (5, 3)
    text = " ".join(coverage.notes)
    assert "name was not read (300 bytes out" in text
    for wanted in ("1 to UDP port 443 without", "1 with a handshake", "1 in a QUIC", "In 4 QUIC"):
        assert wanted in text


def test_readable_quic_leaves_only_the_note_on_sizes(case):
    flow = case.flow("www.example.org", proto="udp", app="quic")
    case.add("tls", flow_id=flow, ts_ns=1, packet=1, input_id=0, version=772, ech=False,
             truncated=False, quic_version=1, ticket=False,
             psk=False, early_data=False)  # fmt: skip
    notes = [note for note in case.judge().coverage.notes if "QUIC" in note]
    assert [note[:17] for note in notes] == ["In 1 QUIC flow pa"]


@pytest.mark.parametrize("version", [None, 1])
def test_a_text_that_no_host_can_have_is_counted(case, version):
    told = {"sni": "server4:443", "quic_version": version, "version": 772, "truncated": False}
    rest = {"ech": False, "ticket": False, "psk": False, "early_data": False}
    over = {"proto": "udp", "app": "quic"} if version else {}
    first = case.flow(None, **over)
    for flow in (first, first, case.flow("edge.example.org", name_source="dns", **over)):
        case.add("tls", flow_id=flow, ts_ns=1, packet=1, input_id=0, **told, **rest)
    for name, used in (("192.0.2.9", None), ("www.example.org", "www.example.org")):
        flow = case.flow(used, **over)
        case.add(
            "tls", flow_id=flow, ts_ns=1, packet=1, input_id=0, **{**told, "sni": name}, **rest
        )
    (note,) = [note for note in notes(case) if "no host can be called" in note]
    counts = "TLS over TCP 0, QUIC 2" if version else "TLS over TCP 2, QUIC 0"
    assert note.startswith(f"2 flows announce a text that no host can be called ({counts})")


def test_what_was_left_out_beside_the_inputs_is_told(case):
    for where, count in (("a.zip!/x", 1), ("run", 2)):
        case.add("issues", code="x", where=where, detail="x", count=count, incomplete=True)
    case.add("issues", code="x", where="run", detail="x", count=9, incomplete=False)
    case.add("issues", code="x", input_id=0, where="packet 1", detail="x", count=9, incomplete=True)
    (note,) = [note for note in notes(case) if "left out or lost" in note]
    assert "3 times" in note


def test_quic_to_the_port_of_dns_is_not_dns(case):
    case.flow(None, orig_bytes=900, app="quic", proto="udp", resp_port=53)
    assert case.judge().coverage.outgoing_bytes == 900


def test_packets_that_could_not_be_looked_into_are_told(case):
    for code, count in (("tunnel-depth", 3), ("esp", 2), ("tunnel-depth", 4), ("not-ip", 9)):
        case.add("issues", code=code, where="packet 1", detail="x", count=count, incomplete=False)
    (note,) = [n for n in case.judge().coverage.notes if "looked into" in n]
    assert note.startswith(
        "9 packets could not be looked into (more than 8 encapsulations: 7, ESP: 2)"
    )


def test_missing_dns_is_a_gap_and_present_dns_is_counted(case):
    case.flow("www.example.org")
    assert any("no DNS message" in note for note in notes(case))
    case.add(
        "dns",
        dns_id=1,
        ts_ns=1,
        client_ip="a",
        server_ip="b",
        transport="udp",
        txid=1,
        is_response=False,
        rcode=0,
        answers=0,
        malformed=False,
        packet=1,
        input_id=0,
    )
    coverage = case.judge().coverage
    assert coverage.dns_messages == 1
    assert not any("no DNS message" in note for note in coverage.notes)


def test_the_standing_limits_are_said_once(case):
    case.flow("www.example.org")
    case.flow("www.example.org")
    found = notes(case)
    assert [found.count(x) for x in (NOT_PROVEN, BY_VOLUME, SERVER_SIDE)] == [1, 1, 1]


def test_a_name_read_in_clear_needs_no_caveat(case):
    case.flow("www.example.org", name_grade="A1")
    assert NOT_PROVEN not in notes(case)


def test_missing_byte_counts(case):
    case.flow("www.example.org", orig_bytes=None)
    coverage = case.judge().coverage
    assert (coverage.named_share, coverage.directed_share) == (None, None)
    assert any("1 flow has no byte counts" in note for note in coverage.notes)


def test_counters_of_both_ways_are_a_direction(case):
    case.logged("www.example.org", orig_bytes=600, resp_bytes=10)
    case.logged("www.example.org", orig_bytes=300, resp_bytes=None)
    case.flow("www.example.org", orig_bytes=100)
    coverage = case.judge().coverage
    assert (coverage.outgoing_bytes, coverage.directed_share) == (1000, 0.7)
    text = " ".join(coverage.notes)
    assert "2 connections (900 bytes out) are known by the byte counters of logs alone" in text
    assert "1 connections have a counter of what was sent and none" in text


def test_flows_without_counts_are_named_by_their_source(case):
    firewall = [case.log(), case.log("b.json.gz", "azure-firewall+gzip")]
    for log in firewall:
        case.logged("www.example.org", input_id=log)
    case.logged("www.example.org", input_id=case.log("x.log", "odd-format"))
    case.logged(None, input_id=firewall[0], app="dns")
    coverage = case.judge().coverage
    assert (coverage.counted_flows, coverage.uncounted_flows) == (0, 3)
    said = [note for note in coverage.notes if "never how much" in note]
    assert [note[:45] for note in said] == [
        "2 connections come from Azure Firewall logs, ",
        "1 connections come from odd-format logs, whic",
    ]
    assert not any("flows have no byte counts" in note for note in coverage.notes)


def test_denied_connections_are_in_no_share(case):
    case.flow("www.example.org", orig_bytes=100)
    case.logged(None, orig_bytes=900, resp_bytes=0, table_flow={"action": "deny"})
    coverage = case.judge().coverage
    assert (coverage.outgoing_bytes, coverage.denied_flows) == (100, 1)
    assert any(note.startswith("1 connections were denied") for note in coverage.notes)


def test_what_left_all_the_same_is_outgoing(case):
    case.counted(None, 5_000_000, table_flow={"action": "deny"})
    coverage = case.judge().coverage
    assert (coverage.outgoing_bytes, coverage.denied_flows) == (5_000_000, 0)


def test_joins_between_sources_are_reported(case):
    case.flow("www.example.org")
    case.add("joins", source="azure-firewall", target="capture", key="client address and port",
             window_s=300, confidence="medium", matched=7, ambiguous=2, unmatched=3)  # fmt: skip
    assert (
        "7 connections of the Azure Firewall log were found in the capture, 2 of them one of "
        "several that fit; 3 in no other source (equal client address and port, at most 300 s "
        "apart; confidence medium)."
    ) in notes(case)


@pytest.mark.parametrize(
    ("source", "target", "key", "found"),
    [
        ("suricata", "suricata", "client and server, address and port; another sensor",
         "Suricata EVE JSON log were found in the Suricata EVE JSON log of another sensor;"),
        ("zeek", "suricata", "client and server, address and port; another sensor",
         "Zeek log were found in the Suricata EVE JSON log of another sensor;"),
        ("azure-flow-logs", "azure-flow-logs", "client address and port, server port",
         "Azure VNet flow log were found among its other lines;"),
        ("azure-firewall-legacy", "azure-firewall", "client address and port, server port",
         "Azure Firewall log were found among its other lines;"),
    ],
)  # fmt: skip
def test_no_log_is_found_in_itself(case, source, target, key, found):
    """Two sensors write one format, and lines without counts belong to lines with counts."""
    case.add("joins", source=source, target=target, key=key, window_s=2, confidence="high",
             matched=7, ambiguous=0, unmatched=3)  # fmt: skip
    told = f"7 connections of the {found} 3 in no other source (equal "
    assert any(note.startswith(told) for note in notes(case))


def test_without_packets_names_rest_on_what_devices_logged(case):
    case.logged("www.example.org")
    assert any("names rest on what devices logged" in note for note in notes(case))


def test_sampled_counters_are_said(case):
    case.logged("a.example.org", orig_bytes=600, resp_bytes=1,
                table_flow={"bytes_grade": "estimated"})  # fmt: skip
    assert any("600 of the bytes are an estimate" in note for note in notes(case))
