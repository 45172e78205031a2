"""The example maps of docs/maps read the samples that they are for, as an independent reader does.

The oracle is what Sekoia's normaliser makes of the same line. It states the address of a name that
it finds in a URL as well; those fields are left out.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from analyzer.logs.format import load_formats
from analyzer.logs.mapping import formats_with, read_mapping
from analyzer.logs.recognise import recognise_log
from craft.logs import observed, unreadable

MAPS = Path(__file__).resolve().parents[2] / "docs" / "maps"
SYSLOG = {
    "juniper_srx": "<14>1 2024-05-06T07:08:09.500Z fw RT_FLOW - ",
    "openbsd_pf": "<14>May  6 07:08:09 fw filterlog[12]: ",
}
"""Heads that the samples have lost, and with them the time."""

# Sample, its maps, lines that they read; why the other lines are not theirs.
CASES = [
    ("zscaler_zia", ["zscaler-web", "zscaler-dns"], [3, 4, 5, 6]),  # audit, CASB
    ("cloudflare_gateway_dns", ["cloudflare-gateway-dns"], [1]),
    (
        "cloudflare_gateway_http",
        ["cloudflare-gateway-http", "cloudflare-gateway-network"],
        [1, 2, 3],
    ),
    ("cloudflare_gateway_network", ["cloudflare-gateway-network"], [1]),
    ("umbrella_dns", ["umbrella-dns"], [1, 2, 3]),
    ("umbrella_proxy", ["umbrella-proxy"], [1]),
    # 7 to 13 are not CEF: key:"value" in brackets, which no map reaches.
    ("checkpoint", ["checkpoint-cef"], [1, 2, 3, 4, 5, 6]),
    # 3: authentication; 5: SD-WAN; 7 to 9: the older product UTM, without a time.
    ("sophos_firewall", ["sophos-firewall", "sophos-firewall-17"], [1, 2, 4, 6, 10]),
    # Only the structured close holds counters and keys.
    ("juniper_srx", ["juniper-srx"], [3]),
    # ICMP, VRRP, CARP and IPv6.
    ("openbsd_pf", ["pfsense-filterlog"], [8]),
]


def paths(names):
    return [MAPS / f"{name}.toml" for name in names]


def sample(logs_dir, name):
    text = (logs_dir / name / "sekoia.log").read_text(encoding="utf-8")
    head = SYSLOG.get(name, "")
    return "\n".join(head + line for line in text.splitlines())


@pytest.mark.parametrize(("name", "maps", "expected"), CASES, ids=lambda v: str(v)[:24])
def test_the_lines_that_a_map_is_for_are_read(logs_dir, name, maps, expected):
    formats, rows, tally = observed(sample(logs_dir, name), maps=paths(maps), year=2024)
    assert set(formats) == set(maps)
    assert [row["line"] for row in rows] == expected
    assert unreadable(tally) == 0


def stated(row):
    """What a row says, as paths of the oracle."""
    return {
        ("source", "ip"): row.get("client_ip"),
        ("source", "port"): row.get("client_port"),
        ("source", "bytes"): row.get("bytes_up"),
        ("source", "packets"): row.get("pkts_up"),
        ("destination", "ip"): row.get("server_ip"),
        ("destination", "port"): row.get("server_port"),
        ("destination", "bytes"): row.get("bytes_down"),
        ("destination", "packets"): row.get("pkts_down"),
        ("http", "request", "method"): row.get("method"),
        ("http", "response", "status_code"): row.get("status"),
        ("dns", "question", "name"): row.get("name") if row["kind"] == "dns" else None,
        ("@timestamp",): row["ts_ns"],
    }


def told(event, path):
    for key in path:
        event = event.get(key) if isinstance(event, dict) else None
    if path == ("@timestamp",) and event is not None:
        return int(datetime.fromisoformat(event).timestamp()) * 10**9
    return None if event in ("", "NA", 0) else event


@pytest.mark.parametrize(("name", "maps", "expected"), CASES, ids=lambda v: str(v)[:24])
def test_what_a_map_reads_is_what_the_oracle_says(logs_dir, name, maps, expected):
    oracle = {}
    folder = logs_dir / name
    for line in (folder / "sekoia.expected.ndjson").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        oracle[case["message"].strip()] = case["expected"]
    lines = (folder / "sekoia.log").read_text(encoding="utf-8").splitlines()
    _, rows, _ = observed(sample(logs_dir, name), maps=paths(maps), year=2024)
    compared = 0
    for row in rows:
        event = oracle[lines[row["line"] - 1].strip()]
        for path, value in stated(row).items():
            wanted = told(event, path)
            if wanted is None or (path == ("@timestamp",) and name in SYSLOG):
                continue
            if path == ("@timestamp",):
                value = value // 10**9 * 10**9
            assert str(value) == str(wanted), (row["line"], path)
            compared += 1
    assert compared >= 3 * len(expected)


@pytest.mark.parametrize("path", sorted(MAPS.glob("*.toml")), ids=lambda p: p.stem)
def test_every_example_is_named_like_its_file_and_has_a_case(path):
    each = read_mapping(path)
    assert each.name == path.stem
    assert each.vendor.startswith("https://")
    assert any(each.name in maps for _, maps, _ in CASES)


def test_all_examples_may_be_given_at_once():
    names = list(formats_with(sorted(MAPS.glob("*.toml"))))
    assert names[len(names) - len(load_formats()) :] == list(load_formats())


def test_samples_are_told_apart_with_all_examples_at_once(logs_dir):
    formats = formats_with(sorted(MAPS.glob("*.toml")))
    for name, maps, _ in CASES:
        found = recognise_log(sample(logs_dir, name).encode(), None, formats)
        assert set(found.log.formats) == set(maps), name
