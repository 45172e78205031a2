"""The words that formats share: times and keys, of text that may hold anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.logs.observe import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = 1793692800 * 10**9  # 2026-11-03T08:00:00Z


@pytest.fixture(scope="module")
def words() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the macros; times without zone are Berlin's, those without year of 2026."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    prepare(connection, "Europe/Berlin", 2026)
    yield connection
    connection.close()


def _value(words: duckdb.DuckDBPyConnection, expression: str, *values: str) -> Any:
    row = words.execute(f"SELECT {expression}", list(values)).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    "head",
    [
        "2026-11-03T08:00:00Z host x[1]: ",
        "<14>1 2026-11-03T09:00:00.000+01:00 host x[1]: ",
        "<14>Nov  3 09:00:00 host x[1]: ",
        "Nov  3 2026 09:00:00 host x[1]: ",
        "Tue Nov  3 09:00:00 2026 daemon.info x[1]: ",
        "2026-11-03 09:00:00 host x[1]: ",
    ],
)
def test_syslog_heads(words: duckdb.DuckDBPyConnection, head: str) -> None:
    """RFC 5424, RFC 3164, and what syslog daemons make of them."""
    assert _value(words, "syslog_ns($1)", head) == DAY


def test_a_head_without_year_says_so() -> None:
    """Nobody guesses the year."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    prepare(connection, "UTC", None)
    head = "Nov  3 09:00:00 host x: "
    assert _value(connection, "syslog_ns($1)", head) is None
    assert _value(connection, "syslog_problem($1)", head) == "no year: --log-year says which"
    assert _value(connection, "syslog_problem($1)", f"2026 {head}") is None


def test_cef_keys(words: duckdb.DuckDBPyConnection) -> None:
    """Values hold blanks; a URL in the first word may hold equals signs."""
    text = "CEF:0|a|b|1|2|c|3|src=10.0.0.4 cs1=a rule request=http://x/?src=6.6.6.6&b=c act=allow"
    keys = _value(words, "cef_part($1, 1)", text)
    values = _value(words, "cef_part($1, 2)", text)
    assert dict(zip(keys, values, strict=True)) == {
        "src": "10.0.0.4",
        "cs1": "a rule",
        "request": "http://x/?src=6.6.6.6&b=c",
        "act": "allow",
    }


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://a.example.com:8443/x", "a.example.com"),
        ("a.example.com/x", "a.example.com"),
        ("user:pw@a.example.com/x", "a.example.com"),
        ("[fd00::1]:443/x", "[fd00::1]"),
        ("/x", None),
        ("", None),
    ],
)
def test_host_of_a_url(words: duckdb.DuckDBPyConnection, url: str, host: str | None) -> None:
    """With or without a scheme."""
    assert _value(words, "url_host($1)", url) == host


TIMES = (
    "9999-12-31T23:59:59Z",
    "290000-01-01 00:00:00",
    "1/1/9999 1:00:00",
    "9999999999",
    "infinity",
)


@settings(max_examples=60, deadline=None)
@given(text=st.one_of(st.text(max_size=40), st.sampled_from(TIMES)))
def test_no_text_ends_the_reading(words: duckdb.DuckDBPyConnection, text: str) -> None:
    """Whatever a log says is a time, an error that ends everything it is not."""
    for word in (
        "iso_ns",
        "us_ns",
        "any_ns",
        "zoned_ns",
        "epoch_s_ns",
        "epoch_ns_of",
        "seconds_ns",
    ):
        _value(words, f"{word}($1)", text)
    for word in ("syslog_ns", "syslog_problem", "whole", "url_host", "xml_text", "host_part"):
        _value(words, f"{word}($1)", text)
    _value(words, "cef_part($1, 1)", text)
    _value(words, "local_ns(try_cast($1 AS TIMESTAMP))", text)
