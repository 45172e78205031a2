"""One block or many, DuckDB's reader or line by line: the same observations."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from analyzer.logs import observe as module
from analyzer.logs import statements, text
from analyzer.logs.format import load_formats
from craft.logs import observed

CASES = Path(__file__).with_name("formats")
JSON = [
    path
    for name, each in load_formats().items()
    if each.of_shape("json")
    for path in sorted((CASES / name).glob("*"))
    if not path.name.endswith(".expected.ndjson")
]
LINE = (
    '{"category":"AZFWApplicationRule","time":"2026-11-03T08:00:0%d.000000+00:00","properties":'
    '{"Action":"Allow","DestinationPort":443,"Fqdn":"a%d.blob.core.windows.net","Protocol":"HTTPS",'
    '"SourceIp":"10.0.0.%d","SourcePort":5000%d}}'
)


def line(number: int) -> bytes:
    """A firewall's line."""
    return (LINE % (number, number, number, number)).encode()


@pytest.fixture
def by_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB's reader of JSON files is not used."""
    real = statements.of_objects

    def slow(formats: object) -> statements.Objects:
        return dataclasses.replace(real(formats), typed=())  # type: ignore[arg-type]

    monkeypatch.setattr(module, "of_objects", slow)


@pytest.mark.parametrize("path", JSON, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_both_ways_of_reading_json(path: Path, request: pytest.FixtureRequest) -> None:
    """Every case of every format that comes as JSON."""
    fast = observed(path)
    request.getfixturevalue("by_lines")
    assert observed(path) == fast


ODD = {
    "blank": b"",
    "spaces": b"   ",
    "array": b"[1, 2]",
    "text": b'"x"',
    "number": b"5",
    "null": b"null",
    "two objects": line(1) + line(2),
    "trailing comma": line(1) + b",",
    "comma inside": line(1).replace(b"}}", b",}}"),
    "cut": line(1)[:90],
    "no text": line(1).replace(b"Allow", b"\xff\xfe"),
    "NUL": line(1).replace(b"Allow", b"Al\0low"),
    "raw control character": line(1).replace(b"Allow", b"Al\x01low"),
    "half a pair": line(1).replace(b"Allow", b"\\ud800"),
    "carriage return": line(1) + b"\r",
    "object where text is expected": line(1).replace(b'"Allow"', b'{"a": 1}'),
    "key twice": line(1).replace(b'"Action"', b'"SourceIp":"10.9.9.9","Action"'),
    "deep": line(1).replace(b'"Action"', b'"z":' + b"[" * 5000 + b"]" * 5000 + b',"Action"'),
    "other kind": b'{"category":"Other","time":"2026-11-03T08:00:00Z"}',
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_line_costs_nothing_but_itself(name: str, request: pytest.FixtureRequest) -> None:
    """Its neighbours keep their numbers, and what became of it is the same either way."""
    data = b"\n".join([line(3), ODD[name], line(4), line(5)])
    formats, rows, tally = observed(data)
    assert {3: "a4.blob.core.windows.net", 4: "a5.blob.core.windows.net"}.items() <= {
        row["line"]: row["name"] for row in rows
    }.items()
    request.getfixturevalue("by_lines")
    again = observed(data)
    assert again[:2] == (formats, rows)
    assert again[2] == tally


def test_a_long_line_keeps_its_neighbours() -> None:
    """Read line by line it would be cut; DuckDB's reader takes it, or leaves the block to be."""
    for size in (1_500_000, 20_000_000):
        long = line(1).replace(b'"Action"', b'"z":"' + b"x" * size + b'","Action"')
        _, rows, tally = observed(b"\n".join([line(3), long, line(4), line(5)]))
        assert {1, 3, 4} <= {row["line"] for row in rows}
        assert len(rows) + tally.damage.overlong >= 4


def test_clean_lines_are_read_as_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read line by line, not even where another format of the family needs it."""

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(module._Observer, "_block", never)
    _, rows, tally = observed(b"\n".join(line(n) for n in range(9)))
    assert [row["line"] for row in rows] == list(range(1, 10))
    assert tally.records == 9


def test_many_blocks_give_what_one_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Side by side, with a damaged line, a blank one and one of another kind among them."""
    parts = [line(n % 10) for n in range(400)]
    parts[37], parts[120], parts[333] = b"{cut", b"", ODD["other kind"]
    data = b"\n".join(parts)
    whole = observed(data)
    monkeypatch.setattr(text, "CHUNK", 3000)
    assert observed(data) == whole
    assert (whole[2].records, whole[2].ignored, whole[2].lost.first_line) == (397, 1, 38)


def test_many_blocks_of_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Squid's lines; the first that is none is the first, whichever block was read first."""
    lines = [
        f"1793664000.{n:03} 5 10.0.0.{n % 200} TCP_TUNNEL/200 900 CONNECT a{n}.example:443 - "
        f"HIER_DIRECT/20.60.0.1 -"
        for n in range(300)
    ]
    lines[100] = lines[200] = lines[299] = "nothing of the kind"
    data = "\n".join(lines)
    whole = observed(data)
    monkeypatch.setattr(text, "CHUNK", 2000)
    assert observed(data) == whole
    assert (whole[2].others, whole[2].first_other) == (3, 101)
