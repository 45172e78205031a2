"""Zeek's own logs, as third parties published them, and damaged ones."""

from __future__ import annotations

import collections
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from craft.damage import check, hurts
from craft.logs import observed, unreadable

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES = {
    "zeek_json/zat_conn.json.log": {"flow": 50},
    "zeek_json/zat_dns.json.log": {"dns": 50},
    "zeek_json/zat_ssl.json.log": {"name": 50},
    "zeek_quic/zeekdocs_quic.ndjson": {"name": 1},
    "zeek_tsv/brim_dns_first3000.log": {"dns": 3000},
    "zeek_tsv/brim_ssl_first2000.log": {"name": 2000},
    "zeek_tsv/zat_conn.log": {"flow": 360},
    "zeek_tsv/zat_conn_date_issue.log": {"flow": 3},
    # Three of the 54 rows are answers without a question.
    "zeek_tsv/zat_dns.log": {"dns": 51},
    "zeek_tsv/zat_http.log": {"http": 150},
    "zeek_tsv/zat_http.log.gz": {"http": 150},
    "zeek_tsv/zat_http_empty.log": {},
    "zeek_tsv/zat_ssl.log": {"name": 37},
    "zeek_tsv/zat_x509_noise.log": {},
}


@pytest.mark.parametrize("name", SAMPLES)
def test_sample(logs_dir: Path, name: str) -> None:
    """Every sample is told as Zeek, every line is read."""
    formats, rows, tally = observed(logs_dir / name)
    assert formats == ("zeek",)
    assert unreadable(tally) == tally.others == 0
    assert collections.Counter(row["kind"] for row in rows) == SAMPLES[name]


ABSURD = {
    # 12677 bytes in 2 packets of 88 bytes, 3944 missed: the sequence numbers jumped.
    ("CnZuft1xELwUH6nLCb", "resp_bytes"): "8",
    ("CEvMHF2ulDKQLdcUk", "orig_bytes"): "8",
}
"""What the sanity rule puts in place of counters that the packets cannot have held."""


def table(path: Path) -> list[dict[str, str]]:
    """A TSV log, read in the plainest way."""
    lines = path.read_text().splitlines()
    header = next(line for line in lines if line.startswith("#fields")).split("\t")[1:]
    body = [line.split("\t") for line in lines if not line.startswith("#")]
    return [dict(zip(header, cells, strict=True)) for cells in body]


def test_conn_says_the_same_as_a_plain_reading(logs_dir: Path) -> None:
    """Addresses, ports, bytes, packets and times of all 360 connections."""
    path = logs_dir / "zeek_tsv/zat_conn.log"
    _, rows, _ = observed(path)
    for row, line in zip(rows, table(path), strict=True):
        assert row["ts_ns"] == int(line["ts"].replace(".", "")) * 1000
        assert row["session"] == line["uid"]
        assert (row["client_ip"], row["server_ip"]) == (line["id.orig_h"], line["id.resp_h"])
        if line["proto"] != "icmp":
            ports = (int(line["id.orig_p"]), int(line["id.resp_p"]))
            assert (row["client_port"], row["server_port"]) == ports
        for column, field in (
            ("bytes_up", "orig_bytes"),
            ("bytes_down", "resp_bytes"),
            ("pkts_up", "orig_pkts"),
            ("pkts_down", "resp_pkts"),
        ):
            expected = ABSURD.get((line["uid"], field), line[field])
            assert str(row.get(column, "-")) == expected, (line["uid"], column)


def test_dns_says_the_same_as_a_plain_reading(logs_dir: Path) -> None:
    """Question, transaction, answers and their lives of 3000 lookups."""
    path = logs_dir / "zeek_tsv/brim_dns_first3000.log"
    _, rows, _ = observed(path)
    for row, line in zip(rows, table(path), strict=True):
        assert row["name"] == line["query"].lower()
        assert row["txid"] == int(line["trans_id"])
        assert row.get("qtype", "-") == line["qtype_name"]
        assert row["is_response"] == (line["rcode_name"] != "-")
        answers = row.get("answers") or []
        assert [a["value"] for a in answers] == (
            line["answers"].split(",") if line["answers"] != "-" else []
        )
        assert [a["ttl"] for a in answers] == (
            [int(float(t)) for t in line["TTLs"].split(",")] if line["TTLs"] != "-" else []
        )


def test_ssl_without_a_name_keeps_the_contact(logs_dir: Path) -> None:
    """1804 of these 2000 handshakes name nobody: their addresses still count."""
    _, rows, _ = observed(logs_dir / "zeek_tsv/brim_ssl_first2000.log")
    assert sum("name" not in row for row in rows) == 1804
    assert all(row["server_ip"] and row["session"] for row in rows)


def test_json_ssl_names(logs_dir: Path) -> None:
    """Names equal those that json.loads finds."""
    path = logs_dir / "zeek_json/zat_ssl.json.log"
    _, rows, _ = observed(path)
    for row, line in zip(rows, path.read_text().splitlines(), strict=True):
        record = json.loads(line)
        if "server_name" in record:
            assert (row["name"], row["name_kind"]) == (record["server_name"].lower(), "sni")


HEAD = (
    b"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
    b"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tduration\torig_bytes\t"
    b"resp_bytes\tconn_state\torig_pkts\torig_ip_bytes\n"
)
CONN = tuple(
    b"1793692800.%06d\tC%d\t10.0.0.4\t%d\t20.60.0.1\t443" % (i, i, 50_000 + i)
    + b"\ttcp\t1.5\t100\t200\tSF\t4\t300"
    for i in range(6)
)
DNS = tuple(
    b'{"ts":1793692800.%d,"uid":"C%d","id.orig_h":"10.0.0.4","id.orig_p":5,"id.resp_h":"10.0.0.2",'
    b'"id.resp_p":53,"proto":"udp","trans_id":%d,"query":"a\\\\x09.example","qtype_name":"A",'
    b'"rcode_name":"NOERROR","answers":["192.0.2.1"],"TTLs":[60.0]}' % (i, i, i)
    for i in range(6)
)


@pytest.mark.parametrize(("head", "lines"), [(HEAD, CONN), (b"", DNS)], ids=["tsv", "json"])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_hurt_line_costs_itself(
    head: bytes, lines: tuple[bytes, ...], data: st.DataObject
) -> None:
    """Whatever some lines have become, the others are read as before."""
    check(lines, data.draw(hurts(lines)), "zeek", head)
