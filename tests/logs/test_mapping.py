"""Formats that the user describes: what they say wrongly is told, what logs hold cannot hurt."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.inputs.sniff import Stranger
from analyzer.issues import UsageError
from analyzer.logs.mapping import formats_with, read_mapping
from analyzer.logs.recognise import recognise_log
from craft.logs import observed, pick, unreadable

TABLE = """\
name = "my-proxy"
shape = "table"
kind = "flow"
counter = "total"
bytes_kind = "payload"
[columns]
ts = { field = "when", as = "local:%d.%m.%Y %H:%M:%S" }
client_ip = "src"
server_port = { value = "443" }
name = ["host", "sni"]
bytes_up = "sent"
action = { field = "verdict", allow = ["ok"], deny = ["blocked"] }
"""
CSV = """\
When;Src;Host;SNI;Sent;Verdict
06.05.2024 07:08:09;10.0.0.1;a.example;;123;OK
06.05.2024 07:08:10;10.0.0.1;;b.example;;blocked
"""
JSON = """\
name = "my-json"
shape = "json"
match = { app = "^proxy$" }
[columns]
ts = { field = "t", as = "epoch_ms" }
client_ip = { field = "client.address", as = "host" }
client_port = { field = "client.address", as = "port" }
name = { field = "url", as = "url_host" }
url = "url"
"""


@pytest.fixture
def write(tmp_path):
    def written(text, name="map.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return written


def test_a_table_is_read_as_the_map_says(write):
    formats, rows, tally = observed(CSV, maps=[write(TABLE)])
    assert formats == ("my-proxy",)
    assert unreadable(tally) == 0
    names = ("ts_ns", "client_ip", "name", "name_kind", "bytes_up", "counter", "action")
    assert pick(rows, *names) == [
        (1714979289 * 10**9, "10.0.0.1", "a.example", "log_fqdn", 123, "total", "allow"),
        (1714979290 * 10**9, "10.0.0.1", "b.example", "log_fqdn", None, None, "deny"),
    ]
    assert {row["server_port"] for row in rows} == {443}


def test_a_time_without_zone_is_in_the_zone_of_the_log(write):
    _, rows, _ = observed(CSV, maps=[write(TABLE)], zone="Europe/Berlin")
    assert rows[0]["ts_ns"] == 1714972089 * 10**9


def test_json_is_read_as_the_map_says(write):
    line = '{"app":"proxy","t":1714979289123,"client":{"address":"10.0.0.1:5"},"url":"%s"}\n'
    text = "".join(
        line % url
        for url in ("https://u:p@x.example:8443/a?b=c", "y.example/z", "http://[2001:db8::1]/")
    )
    formats, rows, _ = observed(text, maps=[write(JSON)])
    assert formats == ("my-json",)
    assert pick(rows, "client_ip", "client_port", "name", "ts_ns") == [
        ("10.0.0.1", 5, name, 1714979289123 * 10**6)
        for name in ("x.example", "y.example", "[2001:db8::1]")
    ]


PAIRS = """\
name = "my-pairs"
shape = "pairs"
pattern = '''^(?P<when>\\d{4}\\S+) fw '''
kind = "flow"
unset = ["N/A"]
[columns]
ts = "when"
client_ip = "src"
server_ip = "dst"
rule = "rule_name"
session = "id"
name = "host"
"""


@pytest.mark.parametrize(
    ("line", "rule", "session", "name"),
    [
        ('src=1.2.3.4 dst=5.6.7.8 rule_name="a b" id=7 host=h.example', "a b", "7", "h.example"),
        ("src=1.2.3.4 dst=5.6.7.8 rule_name=a b id=7", "a b", "7", None),
        ('src="1.2.3.4" id= dst="5.6.7.8" host="" rule_name="a \\"b\\""', 'a \\"b\\"', None, None),
        ("src=1.2.3.4,dst=5.6.7.8,id=N/A,host=h.example]", None, None, "h.example"),
        ("xsrc=9.9.9.9 src=1.2.3.4 dst=5.6.7.8 url=a?id=3 id=4", None, "4", None),
    ],
)
def test_pairs(write, line, rule, session, name):
    text = f"2024-05-06T07:08:09Z fw {line}\n" * 3
    _, rows, _ = observed(text, maps=[write(PAIRS)])
    assert (
        pick(rows, "client_ip", "server_ip", "rule", "session", "name")
        == [("1.2.3.4", "5.6.7.8", rule, session, name)] * 3
    )


def test_answers_are_the_addresses_of_the_text(write):
    text = """\
name = "d"
shape = "json"
kind = "dns"
[columns]
ts = "t"
name = "q"
answers = "a"
"""
    line = '{"t":"2024-05-06T07:08:09Z","q":"x.","a":["1.2.3.4","2001:db8::1","cname.x"]}\n'
    _, rows, _ = observed(line, maps=[write(text)])
    assert [(a["type"], a["value"]) for a in rows[0]["answers"]] == [
        ("A", "1.2.3.4"),
        ("AAAA", "2001:db8::1"),
    ]
    assert rows[0]["is_response"] is True


@pytest.mark.parametrize(
    ("way", "text", "expected"),
    [
        ("iso", "2024-05-06 07:08:09.5+02:00", 1714972089.5),
        ("us", "5/6/2024, 7:08:09 AM", 1714979289),
        ("epoch", "1714979289.25", 1714979289.25),
        ("epoch_ms", "1714979289250", 1714979289.25),
        ("epoch_us", "1714979289250000", 1714979289.25),
        ("epoch_ns", "1714979289250000000", 1714979289.25),
        ("local", "2024-05-06 07:08:09", 1714972089),
        ("local", "2024-05-06T07:08:09Z", 1714979289),
        ("utc:%d/%b/%Y:%H:%M:%S", "06/May/2024:07:08:09", 1714979289),
        ("utc:%d/%b/%Y:%H:%M:%S %z", "06/May/2024:07:08:09 +0200", 1714972089),
        ("local:%b %d %H:%M:%S", "May  6 07:08:09", 1714972089),
    ],
)
def test_times(write, way, text, expected):
    map_ = TABLE.replace("local:%d.%m.%Y %H:%M:%S", way)
    table = f'when,src,host,sni,sent,verdict\n"{text}",10.0.0.1,a.example,,1,ok\n'
    _, rows, _ = observed(table, maps=[write(map_)], zone="Europe/Berlin", year=2024)
    assert rows[0]["ts_ns"] == int(expected * 4) * 250_000_000


def test_a_time_without_year_needs_one(write):
    map_ = TABLE.replace("%d.%m.%Y", "%d.%m.")
    _, rows, tally = observed(CSV.replace("2024", ""), maps=[write(map_)])
    assert rows == []
    assert tally.unusable == {"no year: --log-year says which": (2, 2)}


WRONG = [
    ("", "name: expected a text"),
    ("name = 'x'", "shape: expected one of table, json, pairs, text"),
    ("name = [", "expected TOML"),
    (TABLE.replace('"my-proxy"', '"My Proxy"'), "name: expected lower-case"),
    (TABLE.replace('"my-proxy"', '"azure-firewall"'), "'azure-firewall' is the name of a built-in"),
    (TABLE.replace("shape", "shap"), "shap: unknown key; did you mean 'shape'?"),
    (TABLE.replace("client_ip", "clientip"), "clientip: unknown key; did you mean 'client_ip'?"),
    (TABLE.replace('"total"', '"totl"'), "counter: expected one of total, delta, cumulative, "),
    (TABLE.replace('counter = "total"\n', ""), "counter: bytes_up needs it"),
    (TABLE.replace('bytes_kind = "payload"\n', ""), "bytes_kind: bytes_up needs it"),
    (TABLE.replace('client_ip = "src"\n', ""), "columns.client_ip: is needed for kind 'flow'"),
    (TABLE.replace("[columns]\nts", "[columns]\nend"), "columns.ts: is needed"),
    (TABLE.replace('name = ["host", "sni"]\n', ""), "expected at least one of server_ip, name"),
    (TABLE.replace('"src"', "3"), "columns.client_ip.field: expected a list of texts"),
    (TABLE.replace('"src"', '{ feld = "src" }'), "columns.client_ip.feld: unknown key; did"),
    (TABLE.replace('"src"', "{ as = 'host' }"), "columns.client_ip: expected one of field, "),
    (TABLE.replace('"src"', '{ field = "src", as = "hst" }'), "did you mean 'host'?"),
    (TABLE.replace('"src"', '{ field = "src", allow = ["a"] }'), "allow: goes with action only"),
    (TABLE.replace("local:%d.%m.%Y %H:%M:%S", "iso8601"), "columns.ts.as: expected one of iso"),
    (TABLE.replace("local:%d.%m.%Y %H:%M:%S", "local:%Q"), "columns.ts.as: "),
    (TABLE.replace("local:%d.%m.%Y %H:%M:%S", "utc:"), "columns.ts.as: expected a spelling"),
    (TABLE.replace('"src"', "'a\"b'"), "holds a double quote"),
    (TABLE.replace('"src"', '"a\\u0000b"'), "without control characters"),
    ("match = {a = 'b'}\n" + TABLE, "match: does not go with shape 'table'"),
    (JSON.replace('"^proxy$"', '"("'), "match.app: '(' is no regular expression (RE2)"),
    (JSON.replace('"^proxy$"', '"(?=x)"'), "match.app: '(?=x)' is no regular expression (RE2)"),
    (PAIRS.replace("'''^(?P<when>\\d{4}\\S+) fw '''", "'('"), "pattern: '(' is no regular"),
    (PAIRS.replace('"pairs"', '"text"'), "columns.client_ip.field: 'src' is no group of pattern"),
    (PAIRS.replace("?P<when>", "").replace('"pairs"', '"text"'), "pattern: expected named groups"),
    (PAIRS.replace("pattern", "title"), "pattern: expected a text"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG, ids=lambda v: v[-24:])
def test_what_is_wrong_is_told_with_file_and_key(write, text, message):
    path = write(text)
    with pytest.raises(UsageError, match=re.escape(message)) as told:
        formats_with([path])
    assert str(told.value).startswith(f"{path}: ")


def test_a_missing_or_huge_file_is_told(tmp_path, write):
    with pytest.raises(UsageError, match="No such file"):
        read_mapping(tmp_path / "none.toml")
    with pytest.raises(UsageError, match="more than 1,048,576 bytes"):
        read_mapping(write("#" * (1 << 20) + "\n"))


def test_two_maps_of_one_name_are_told(write):
    with pytest.raises(UsageError, match="'my-proxy' is the name of another map"):
        formats_with([write(TABLE), write(TABLE, "again.toml")])


def test_two_maps_for_the_same_lines_are_told(write):
    other = write(TABLE.replace("my-proxy", "other"), "other.toml")
    found = recognise_log(CSV.encode(), None, formats_with([write(TABLE), other]))
    assert isinstance(found, Stranger)
    assert "my-proxy, other" in str(found)


AZURE = (
    '{"category":"AZFWApplicationRule","time":"2024-05-06T07:08:09Z","properties":{"Action":"Allow",'
    '"SourceIp":"10.0.0.1","SourcePort":5,"DestinationPort":443,"Fqdn":"a.example",'
    '"Protocol":"HTTPS"}}\n'
)


def test_a_map_goes_before_the_built_in_formats(write):
    text = """\
name = "mine"
shape = "json"
[columns]
ts = "time"
client_ip = "properties.SourceIp"
name = "properties.Fqdn"
"""
    formats, rows, _ = observed(AZURE * 3, maps=[write(text)])
    assert formats == ("mine",)
    assert {row["format"] for row in rows} == {"mine"}
    assert observed(AZURE * 3)[0][0] == "azure-firewall"


def test_nothing_of_a_map_becomes_sql(write):
    """Quotes in every text that may hold them: the log is read all the same."""
    nasty = "a'b)--"
    text = TABLE.replace('"src"', f'"{nasty}"').replace('["ok"]', f'["{nasty}"]')
    text = text.replace('{ value = "443" }', f'{{ value = "{nasty}" }}')
    text = text.replace("%d.%m.%Y", "%d.%m.%Y'")
    csv = CSV.replace("Src", nasty).replace("2024", "2024'")
    _, rows, _ = observed(csv, maps=[write(text)])
    assert pick(rows, "client_ip", "name") == [("10.0.0.1", "a.example"), ("10.0.0.1", "b.example")]


ENTRY = '{"app":"proxy","t":1714979289123,"client":{"address":"1.1.1.1:5"},"url":"u"}'
LINES = {
    "table": (TABLE, CSV.splitlines()[0], CSV.splitlines()[1:]),
    "json": (JSON, "", [ENTRY]),
    "pairs": (PAIRS, "", ['2024-05-06T07:08:09Z fw src=1.2.3.4 dst=5.6.7.8 id="7" host=h.example']),
}  # fmt: skip


@pytest.mark.parametrize("shape", LINES)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_damaged_line_costs_only_itself(tmp_path, shape, data):
    map_, header, honest = LINES[shape]
    path = tmp_path / "map.toml"
    path.write_text(map_, encoding="utf-8")
    line = data.draw(st.sampled_from(honest))
    at = data.draw(st.integers(0, len(line)))
    upto = data.draw(st.integers(at, len(line)))
    put = data.draw(
        st.text(st.characters(exclude_characters='\n"', exclude_categories=["Cs"]), max_size=30)
        | st.sampled_from(["9" * 400, "-1", "\x01", "1e999", "9999-12-31T23:59:59Z", "a" * 10_000])
    )
    damaged = line[:at] + put + line[upto:]
    if damaged.count('"') % 2 and shape == "table":
        return
    text = "\n".join(filter(None, [header, *honest, damaged, *honest])) + "\n"
    _, rows, _ = observed(text, maps=[path])
    numbers = {row["line"] for row in rows}
    first = 2 if header else 1
    good = set(range(first, first + len(honest)))
    assert numbers >= good | {n + len(honest) + 1 for n in good}
