"""A log is told by its content, clearly or not at all, whatever the bytes are."""

from __future__ import annotations

import codecs
import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analyzer.inputs.sniff import Format, Stranger
from analyzer.issues import UsageError
from analyzer.logs import recognise
from analyzer.logs.format import read_format
from analyzer.logs.patterns import matches
from analyzer.logs.recognise import SAMPLE, recognise_log
from craft.logs import observed, unreadable

ROW = {
    "category": "AZFWApplicationRule",
    "time": "2024-05-06T07:08:09Z",
    "properties": {"SourceIp": "10.0.0.1", "Fqdn": "a.example", "Action": "Allow"},
}
LINE = json.dumps(ROW) + "\n"


def told(head, chosen=None, formats=None):
    """(formats, layout, encoding) of a log, None of anything else."""
    found = recognise_log(head if isinstance(head, bytes) else head.encode(), chosen, formats)
    if isinstance(found, Format):
        return found.log.formats, found.log.layout, found.log.encoding
    return found


AZURE = ("azure-firewall",)


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        (LINE * 3, "json"),
        (LINE, "json"),
        (LINE.strip(), "json"),
        (" " + LINE.replace("\n", "\r\n"), "json"),
        (LINE * 2 + LINE[:60], "json"),
        (json.dumps(ROW, indent=2), "documents"),
        (json.dumps([ROW] * 2), "documents"),
        (json.dumps([ROW] * 2, indent=1), "documents"),
        (json.dumps({"records": [ROW] * 2}), "documents"),
        (json.dumps({"records": [ROW] * 2})[:-20], "documents"),
        (json.dumps({"records": [ROW]}) + json.dumps({"records": [ROW]}), "documents"),
        ("TimeGenerated,SourceIp,SourcePort,Fqdn,Action\n2024-05-06,1.1.1.1,5,a,Allow\n", "table"),
        ("\ttimegenerated;\"sourceip\";SourcePort;fqdn\n2024-05-06;1.1.1.1;5;a\n", "table"),
    ],
    ids=lambda v: str(v)[:32],
)  # fmt: skip
def test_one_format_in_each_of_its_forms(text, layout):
    formats, found, encoding = told(text)
    assert (formats[:1], found, encoding) == (AZURE, layout, "utf-8")


@pytest.mark.parametrize(
    ("mark", "codec", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8", "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16"),
        (b"", "utf-16-le", "utf-16-le"),
        (b"", "utf-16-be", "utf-16-be"),
    ],
)
def test_encodings(mark, codec, encoding):
    formats, layout, found = told(mark + (LINE * 3).encode(codec))
    assert (formats[:1], layout, found) == (AZURE, "json", encoding)


NO_LOGS = {
    "readme": "# Title\n\nThis program reads captures, and [this](x) is prose: \"quoted\".\n" * 9,
    "source": "import os\n\n\ndef main() -> None:\n    print({'a': [1, 2]})\n" * 9,
    "sql": "-- title = \"x\"\nSELECT SourceIp, Fqdn, SourcePort FROM t;\n" * 3,
    "html": "<!doctype html>\n<html><head><title>a</title></head><body>x</body></html>\n" * 5,
    "xml": "<?xml version=\"1.0\"?>\n<a><b c=\"d\"/></a>\n",
    "toml": "[[records]]\nshape = \"text\"\n",
    "yaml": "---\na: 1\nb:\n  - c\n---\na: 2\n",
    "json": json.dumps({"name": "x", "dependencies": {"a": "1"}}, indent=2),
    "json lines": '{"a": 1}\n' * 20,
    "json array": "[1, 2, 3]",
    "notes": "[INFO] build started\n[INFO] build ended\n" * 5,
    "csv": "name,age\nx,3\ny,4\n",
    "dashes": "name   age\n-----  ---\nx      3\n",
    "empty": "",
    "space": " \n\t\n" * 100,
    "mark": "\ufeff",
}  # fmt: skip


@pytest.mark.parametrize("name", NO_LOGS)
def test_what_is_no_log(name):
    assert told(NO_LOGS[name]) is None


def test_of_two_equal_keys_the_first_counts():
    """For telling a log as for reading it."""
    members = "".join(f',"{name}":"again"' for name in ROW)
    doubled = LINE.rstrip()[:-1] + members + "}\n"
    assert told(doubled)[0][0] == "azure-firewall"
    assert observed(doubled)[1] == observed(LINE)[1]
    wrapped = f'{{"time": 1, "records": [{doubled.strip()}]}}'
    assert [{**row, "line": 1} for row in observed(wrapped)[1]] == observed(LINE)[1]


def test_random_bytes_are_no_log():
    block = bytes((at * 197 + (at >> 3) * 31) % 256 for at in range(1 << 16))
    assert recognise_log(block) is None


def test_a_line_that_begins_with_a_bracket_is_no_json():
    """As CoreDNS ([INFO]) and Unbound ([3483:15]) write."""
    text = '[INFO] 10.0.0.1:5 - 1 "A IN a.example. udp 57 false 1232" NOERROR qr 66 0.0001s\n' * 3
    assert recognise.sample_of(text).layout == "lines"
    assert recognise.sample_of("[3483:15] info: 10.0.0.1 a.example. A IN\n" * 3).layout == "lines"
    assert recognise.sample_of('[{"a":1}]').layout == "documents"


MADE = """\
-- title = "T"
-- vendor = "https://v.example"
-- view = "none"
{extra}
-- [[records]]
-- shape = "text"
-- pattern = '''{pattern}'''
SELECT line_no AS line FROM records
"""


@pytest.fixture
def make(tmp_path):
    def made(**patterns):
        formats = {}
        for name, pattern in patterns.items():
            family, _, pattern = pattern.rpartition("|")
            extra = f'-- family = "{family}"' if family else "-- order = 1"
            path = tmp_path / f"{name}.sql"
            path.write_text(MADE.format(pattern=pattern, extra=extra), encoding="utf-8")
            formats[name] = read_format(path)
        return formats

    return made


def test_text_that_two_formats_claim_names_both(make):
    formats = make(one="^a", two="b$", other="^z")
    found = told("a b\n" * 5, formats=formats)
    assert isinstance(found, Stranger)
    assert "a log that may be any of one, two" in str(found)
    assert "--log-format" in found.hint


def test_the_chosen_format_ends_the_doubt(make):
    formats = make(one="^a", two="b$")
    assert told("a b\n" * 5, "two", formats)[0] == ("two",)


def test_formats_of_a_family_share_a_file(make):
    formats = make(one="f|^a", two="f|b$", three="f|^never")
    assert set(told("a b\n" * 5, formats=formats)[0]) == {"one", "two", "three"}


def test_formats_that_claim_different_lines_share_a_file(make):
    formats = make(one="^a", two="^b")
    assert told("a\n" * 5 + "b\n" * 9, formats=formats)[0] == ("two", "one")


def test_a_few_chance_hits_do_not_make_a_log(make):
    formats = make(one="^a")
    assert told("a\n" * 2 + "x\n" * 98, formats=formats) is None
    assert told("a\n" * 3 + "x\n" * 98, formats=formats)[0] == ("one",)
    assert told("a\n" + "x\n" * 9, formats=formats)[0] == ("one",)


def test_a_chosen_format_that_takes_nothing_is_told():
    found = told("x\n" * 5, "azure-firewall")
    assert isinstance(found, Stranger)
    assert "text without a record of azure-firewall" in str(found)


def test_a_chosen_format_that_does_not_exist_is_told():
    with pytest.raises(UsageError, match="no log format 'nope'"):
        told("x\n" * 5, "nope")


def test_bytes_that_are_no_text_stay_so_whatever_is_chosen():
    assert told(bytes(range(256)) * 20, "azure-firewall") is None


def test_matching_lines_does_not_depend_on_what_the_line_holds():
    """Python's engine needs time that doubles with each character here."""
    assert matches(["^(a+)+$", "a.*a.*a.*a.*a.*b", "é"], ["a" * 50_000 + "!"]) == [[False]] * 3
    assert matches(["^b", "a$"], ["ba", "a"]) == [[True, False], [True, True]]
    assert matches([], ["a"]) == []
    assert matches(["a"], []) == [[]]


FILLS = [
    *("a", "[", "{", '"', ",", "\n", " ", "|", "-", "\\", "[{", '{"a":', '["', "{\n", "[\n"),
    *('{"a"\n', '"a",', "---\n", '"a":1,', '{"records":[', "#separator \\x09\n", "SRC=", "\ufeff"),
    *("query: ", "{}", "null\n", '""', "0 "),
]  # fmt: skip


@pytest.mark.parametrize("prefix", ["", '[{"x":1},'])
@pytest.mark.parametrize("fill", FILLS, ids=repr)
def test_a_head_of_one_thing_is_seen_through(prefix, fill, monkeypatch):
    """A mebibyte of it: no more than the sample is taken apart, and a bounded number of times."""
    parsed = []
    original = recognise._parsed

    def counted(text):
        parsed.append(len(text))
        return original(text)

    monkeypatch.setattr(recognise, "_parsed", counted)
    head = (prefix + fill * ((1 << 20) // len(fill))).encode()
    assert not isinstance(recognise_log(head), Format)
    assert sum(parsed) <= 8 * SAMPLE
    assert len(parsed) <= 50_000


def test_no_more_than_the_sample_is_looked_at():
    head = LINE * 3 + "x\n" * SAMPLE
    assert told(head) is not None
    assert told("x\n" * SAMPLE + LINE * 300) is None


PIECES = st.sampled_from(
    [*FILLS, LINE, LINE[:70], "AZFWApplicationRule", "SourceIp,Fqdn,SourcePort"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.binary(max_size=400)
    | st.lists(PIECES | st.text(max_size=20), max_size=30).map(
        lambda p: "".join(p).encode("utf-8", "surrogatepass")
    )
)
@example(b"\xff\xfe")
@example(b"\xff\xfe{\x00")
@example(b"[" * 5000)
@example(b'{"a":' * 5000)
@example(b'{"category":"AZFW"')
@example(b'{"category":' + b"1" * 5000 + b"}")
@example(b'{"category":NaN}\n' * 5)
def test_nothing_raises(head):
    found = recognise_log(head)
    assert found is None or isinstance(found, Format | Stranger)


@pytest.mark.parametrize("chosen", [None, "bind"])
@pytest.mark.parametrize("hole", [600, 3_000, 70_000])
def test_a_log_with_holes_is_read(chosen: str | None, hole: int) -> None:
    """What copytruncate leaves in front, and a block that was never written in between."""
    row = (
        "03-Nov-2026 08:00:00.512 queries: info: client @0x7f 10.0.0.4#5301 (a.example): "
        "query: a.example IN A + (10.0.0.2)\n"
    )
    formats, rows, tally = observed("\0" * hole + row * 5 + "\0" * 512 + row * 5, chosen)
    assert formats[0] == "bind"
    assert [row["line"] for row in rows] == list(range(1, 11))
    assert (unreadable(tally), tally.damage.zeros) == (0, hole + 512)


def test_an_access_log_of_its_own_layout_is_told_what_describes_it() -> None:
    row = b"agent=10.0.0.4 CONNECT a.blob.core.windows.net:443 up=5000000 TCP_TUNNEL/200\n"
    found = recognise_log(row * 5)
    assert isinstance(found, Stranger)
    assert "--squid-logformat" in found.hint
    assert "--log-map" in found.hint
    assert found.holds_traffic
    assert (
        recognise_log(b"To fetch it, GET the file.\n" + b"Nothing else is in here.\n" * 5) is None
    )
