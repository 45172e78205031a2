"""Formats that users wrote into squid.conf."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer.issues import UsageError
from analyzer.logs.squid_logformat import expression_of, logformat
from craft.logs import observed, pick, unreadable

if TYPE_CHECKING:
    from pathlib import Path

EXTENSIVE = (
    "%ts.%03tu %6tr %>a %>p %Ss/%03>Hs %<st %>st %>sh %<sh %<bs %rm %ru %rv %[un %Sh/%<a %<p %mt "
    '%>eui %err_code "%{Referer}>h" "%{User-Agent}>h" "%{Host}>h" "%{X}>h" %dt %ssl::bump_mode'
)


def test_the_sample_with_both_byte_counts(logs_dir: Path) -> None:
    """Client port and request size, which the native format lacks."""
    path = logs_dir / "squid" / "elastic_access_extensive_custom_logformat.log"
    _, rows, tally = observed(path, given=[logformat(EXTENSIVE)])
    assert unreadable(tally) == tally.others == 0
    columns = (
        "client_port",
        "name",
        "server_ip",
        "server_port",
        "bytes_up",
        "bytes_down",
        "status",
    )
    assert pick(rows, *columns) == [
        (58938, "example.com", "203.0.113.10", 80, 123, 904, 200),
        (58948, "www.google.com", "198.51.100.20", 443, 2051, 28854, 200),
        (58962, "httpbin.org", "192.0.2.30", 80, 161, 640, 200),
        (32868, "api.github.com", "198.51.100.20", 443, 2034, 6907, 200),
        (32878, "httpbin.org", "192.0.2.30", 80, 205, 768, 200),
    ]
    assert (rows[0]["ts_ns"], rows[0]["end_ns"]) == (1773416922287000000, 1773416922391000000)
    assert {row["format"] for row in rows} == {"squid-logformat"}


def test_sni_local_time_and_total() -> None:
    """%st is both directions: with %<st the upload is known. SNI names what the URL does not."""
    chosen = logformat(
        "logformat mine [%tl] %>a:%>p %rm %ru sni=%ssl::>sni %st %<st %% %ssl::bump_mode"
    )
    line = "[03/Nov/2026:09:00:00 +0100] 10.0.0.4:5555 CONNECT 20.60.0.1:443"
    line += " sni=a.example 100 30 % splice"
    _, rows, _ = observed(line + "\n", given=[chosen])
    columns = ("ts_ns", "client_port", "name", "name_kind", "server_ip", "bytes_up", "bytes_down")
    assert pick(rows, *columns) == [
        (1793692800000000000, 5555, "a.example", "sni", "20.60.0.1", 70, 30)
    ]
    assert chosen.claims == ("name", "bytes up", "bytes down", "method and URL")


def test_seconds_alone_and_padding() -> None:
    """%ts without %tu; values that are padded on either side."""
    _, rows, _ = observed(
        "1793692800   12.0.0.1 |GET    |http://a.example/\n",
        given=[logformat("%ts %10>a |%-7rm|%ru")],
    )
    assert pick(rows, "ts_ns", "client_ip", "method", "name") == [
        (1793692800000000000, "12.0.0.1", "GET", "a.example")
    ]


@pytest.mark.parametrize("own", ["squid", "common", "combined"])
def test_formats_that_squid_names(own: str, repo_root: Path) -> None:
    """The rows of the built-in formats, read through their own definition."""
    text = (repo_root / "tests/logs/formats/squid/access.log").read_text()
    _, plain, _ = observed(text)
    _, rows, _ = observed(text, given=[logformat(own)])
    assert rows
    columns = ("line", "ts_ns", "client_ip", "name", "bytes_down", "action", "method", "status")
    assert set(pick(rows, *columns)) <= set(pick(plain, *columns))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("%ts %>a", "expected %ru"),
        ("%>a %ru", "expected %ts or %tl"),
        ("%ts %ru", "expected %>a"),
        ("%ts %>a %ru %zz", "no code of Squid's starts at '%zz'"),
        ("%{%H}tl %>a %ru", "a time of its own"),
        ("%ts %>a %ru %", "no code of Squid's starts at '%'"),
    ],
)
def test_wrong_logformats_are_refused(text: str, reason: str) -> None:
    """Before anything is read, and with the place named."""
    with pytest.raises(UsageError, match=reason):
        logformat(text)


def test_lines_of_another_format_are_counted() -> None:
    """A line that the logformat does not describe is no row, and known to be missing."""
    good = "1793692800 10.0.0.1 GET http://a.example/\n"
    _, rows, tally = observed(good * 4 + "else\n" + good, given=[logformat("%ts %>a %rm %ru")])
    assert (len(rows), tally.others, tally.first_other) == (5, 1, 5)
    assert expression_of("%ts.%03tu %>a %ru")[1] == ["seconds", "subseconds", "client", "url"]
