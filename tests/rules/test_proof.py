"""Evidence from logs: a line instead of packets, and both where both tell of a conversation."""

from __future__ import annotations

HOST = "evil.blob.core.windows.net"
STORAGE = {"role": "storage-account", "ownership": "foreign"}


def evidence(case):
    return case.only().evidence


def test_a_flow_of_a_log_has_its_line_and_no_packets(case):
    log = case.log("logs/fw 1.json.gz", "azure-firewall+gzip")
    case.counted(HOST, 90_000, **STORAGE, input_id=log, first_packet=17, last_packet=23,
                 table_flow={"records": 4, "action": "allow", "rule": "r",
                             "process": "curl"})  # fmt: skip
    (one,) = evidence(case)
    assert (one.log, one.log_line, one.log_last_line) == ("logs/fw 1.json.gz", 17, 23)
    assert (one.first_packet, one.last_packet, one.log_records) == (None, None, 4)
    assert (one.display_filter, one.tshark) == ("", None)
    assert one.log_command == "gzip -dc < 'logs/fw 1.json.gz' | LC_ALL=C sed -n '17p;23{p;q;}'"
    assert (one.action, one.rule, one.process) == ("allow", "r", "curl")
    assert one.detail == (
        "A device allowed it (rule r). Opened by curl. 4 log records. By byte counters (wire)."
    )


def test_a_captured_flow_keeps_its_recount_and_gets_the_line(case):
    log = case.log()
    flow = case.upload(HOST, 90_000, **STORAGE, table_flow={"action": "allow", "records": 1})
    for line in (40, 31):
        case.add("names", ts_ns=1, flow_id=flow, name=HOST, kind="log_fqdn", packet=line,
                 input_id=log)  # fmt: skip
    case.add("names", ts_ns=1, flow_id=flow, name=HOST, kind="sni", packet=2, input_id=0)
    (one,) = evidence(case)
    assert (one.input, one.first_packet, one.log, one.log_line) == ("c.pcap", 1, "fw.json", 31)
    assert one.tshark.startswith("tshark -r c.pcap ")
    assert one.log_command == "LC_ALL=C sed -n '31{p;q;}' < fw.json"


def test_a_counted_flow_says_which_line_of_another_log_names_it(case):
    flows, firewall = case.log("vnet.json", "azure-flow-logs"), case.log("fw.json")
    flow = case.counted(HOST, 90_000, **STORAGE, input_id=flows, first_packet=4)
    case.add("names", ts_ns=1, flow_id=flow, name=HOST, kind="log_fqdn", packet=5927,
             input_id=firewall)  # fmt: skip
    (one,) = evidence(case)
    assert (one.log, one.log_line) == ("vnet.json", 4)
    assert one.detail.endswith("Named in line 5,927 of fw.json.")


def test_the_line_that_names_a_flow_is_printed_beside_its_count(case):
    log = case.log("eve.json", "suricata")
    flow = case.counted(HOST, 90_000, **STORAGE, input_id=log, first_packet=2, last_packet=2)
    case.add("names", ts_ns=1, flow_id=flow, name=HOST, kind="sni", packet=1, input_id=log)
    (one,) = evidence(case)
    assert (one.log_line, one.log_last_line) == (2, 2)
    assert one.log_command == "LC_ALL=C sed -n '1p;2{p;q;}' < eve.json"


def test_logs_take_no_part_in_a_recount(case):
    """A log of the same hour is no capture to be merged."""
    case.log()
    case.upload(HOST, 90_000, **STORAGE, end_ns=10**19 // 2)
    (one,) = evidence(case)
    assert "mergecap" not in one.tshark


def test_what_a_log_does_not_know_is_left_out(case):
    case.logged(HOST, **STORAGE, agent_ip="2001:db8::5", agent_port=None, resp_ip=None)
    case.logged(HOST, **STORAGE, agent_port=None, resp_ip="52.0.0.9", resp_port=None)
    assert sorted((one.orig, one.resp) for one in evidence(case)) == [
        ("10.0.0.5", "52.0.0.9"),
        ("2001:db8::5", "?:443"),
    ]


def test_a_log_on_standard_input_has_a_line_and_no_command(case):
    case.logged(HOST, **STORAGE, input_id=case.log("-"), first_packet=3)
    (one,) = evidence(case)
    assert (one.log, one.log_line, one.log_command) == ("-", 3, None)


def test_a_captured_flow_that_no_line_is_known_of(case):
    case.upload(HOST, 90_000, **STORAGE, table_flow={"action": "allow", "records": 2})
    (one,) = evidence(case)
    assert (one.log, one.log_line, one.log_records, one.action) == (None, None, 2, "allow")
