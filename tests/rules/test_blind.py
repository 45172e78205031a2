"""What the input itself cannot show is counted, and said when there is any."""

from __future__ import annotations

import pytest

SECOND = 1_000_000_000
START = 1_795_000_000 * SECOND


def coverage(case):
    return case.judge().coverage


def said(case, text):
    return any(text in note for note in coverage(case).notes)


def test_bytes_by_grade_add_up(case):
    case.flow("a.example.org", orig_bytes=100, name_grade="A1")
    case.flow("b.example.org", orig_bytes=200, name_grade="A3")
    case.flow("c.example.org", orig_bytes=400, name_grade="A2", name_hidden=True)
    case.flow(None, orig_bytes=800, name_grade="A6")
    case.flow(None, orig_bytes=999, app="dns", proto="udp", resp_port=53)
    found = coverage(case)
    assert found.bytes_by_grade == {"A1": 100, "A2": 0, "A3": 200, "A4": 0, "A5": 0, "A6": 1200}
    assert sum(found.bytes_by_grade.values()) == found.outgoing_bytes


def test_dropped_packets(case):
    case.add("issues", code="capture-drops", input_id=0, where="b", detail="d", count=7,
             incomplete=False)  # fmt: skip
    assert coverage(case).dropped_packets == 7
    assert said(case, "dropped 7 packets before they were written")


@pytest.mark.parametrize(("back", "jumps"), [(SECOND // 2, 0), (90 * SECOND, 1)])
def test_a_clock_that_goes_back(case, back, jumps):
    for packet, at in ((1, START), (2, START + 100 * SECOND), (3, START + 100 * SECOND - back)):
        case.flow("a.example.org", start_ns=at, table_flow={"first_packet": packet, "start_ns": at})
    assert coverage(case).clock_jumps == jumps
    assert said(case, "Time runs backwards 1 time inside the captures, by 90.0 s") is bool(jumps)


@pytest.mark.parametrize(
    ("values", "closed"),
    [
        ({"resp_port": 853}, 1),
        ({"resp_port": 853, "proto": "udp"}, 1),
        ({"role": "doh"}, 1),
        ({}, 0),
    ],
)
def test_encrypted_dns(case, values, closed):
    case.flow("dns.example.org", **values)
    assert coverage(case).encrypted_dns_flows == closed
    assert said(case, "encrypted resolvers") is bool(closed)


def test_time_between_captures(case):
    last = case.connection.execute("SELECT max(last_ns) FROM inputs").fetchall()[0][0]
    for number, path, begin in (
        (1, "b.pcap", last + 30 * SECOND),
        (2, "c.pcap", last + 500 * SECOND),
    ):
        case.add("inputs", input_id=number, path=path, format="pcap", bytes=9, records=9,
                 first_ns=begin, last_ns=begin + 20 * SECOND, snapped=0, complete=True,
                 unit="packet")  # fmt: skip
    found = coverage(case)
    assert (found.gaps, found.gap_ns) == (1, 450 * SECOND)
    assert said(case, "No capture covers 450 seconds between the inputs (1 gap ")


def test_categories_that_a_firewall_log_lacks(case):
    log = case.log()
    case.add("names", ts_ns=1, flow_id=1, name="a.example.org", kind="log_fqdn", packet=1,
             input_id=log)  # fmt: skip
    assert said(case, "categories: network rules (addresses), DNS proxy queries (look-ups).")


def test_no_firewall_log_lacks_nothing(case):
    case.flow("a.example.org")
    assert not said(case, "Azure Firewall log has no record")
