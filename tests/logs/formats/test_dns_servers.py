"""Query logs of DNS servers against the shared samples, and what only some of them can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from craft.log_oracles import differences, expected_events
from craft.logs import observed, pick, unreadable

if TYPE_CHECKING:
    from pathlib import Path

ECS = {
    "client_ip": "source.ip",
    "client_port": "source.port",
    "server_ip": "destination.ip",
    "name": "dns.question.name",
    "qtype": "dns.question.type",
    "rcode": "dns.response_code",
}


def test_coredns(logs_dir: Path) -> None:
    """Seven of nine lines have no time, as CoreDNS writes them; a container's log has it."""
    path = logs_dir / "coredns" / "elastic_coredns.log"
    formats, rows, tally = observed(path)
    assert formats == ("coredns",)
    assert tally.others == 0
    assert unreadable(tally) == 7
    assert pick(rows, "client_ip", "txid", "name", "rcode") == [
        ("172.17.0.4", 21583, "httpbin.org.cluster.local", "NXDOMAIN"),
        ("::1", 14639, "www.yahoo.com", "NOERROR"),
    ]
    lines = path.read_text(encoding="utf-8").splitlines()
    wrapped = "".join(f"2019-03-06T08:55:28.903Z stdout F {line}\n" for line in lines)
    formats, rows, tally = observed(wrapped)
    assert formats == ("coredns",)
    assert unreadable(tally) == 0
    assert [row["txid"] for row in rows] == [
        64820, 15835, 54384, 60490, 52029, 41596, 18434, 21583, 14639,
    ]  # fmt: skip


def test_bind(logs_dir: Path) -> None:
    """Sekoia took the head with the time off: without it no line can be used, with one all can."""
    folder = logs_dir / "bind9"
    formats, rows, tally = observed(folder / "sekoia.log")
    assert formats == ("bind",)
    assert (len(rows), tally.unusable) == (0, {"no time that can be read": (9, 1)})
    lines = (folder / "sekoia.log").read_text(encoding="utf-8").splitlines()
    headed = "".join(f"Oct 10 12:34:56 ns1 named[1]: {line}\n" for line in lines)
    formats, rows, tally = observed(headed, year=2025)
    assert formats == ("bind",)
    # The other 22 lines are of other categories (transfers, response policies, lame servers).
    assert (len(rows), unreadable(tally), tally.records) == (9, 0, 9)
    assert differences(lines, rows, expected_events(folder), ECS) == (38, {})


def test_unbound(logs_dir: Path) -> None:
    """Queries, a reply and a local action; errors and statistics are no queries."""
    folder = logs_dir / "unbound"
    formats, rows, tally = observed(folder / "sekoia.log")
    assert formats == ("unbound",)
    assert (len(rows), unreadable(tally), tally.others) == (4, 0, 0)
    lines = (folder / "sekoia.log").read_text(encoding="utf-8").splitlines()
    compared, found = differences(
        lines, rows, expected_events(folder), {**ECS, "ts_ns": "@timestamp"}
    )
    assert (compared, found) == (12, {})


def test_dnsmasq(logs_dir: Path) -> None:
    """Eight questions, two of them with their answers; most lines need to be told the year."""
    path = logs_dir / "dnsmasq_pihole" / "public_snippets.log"
    formats, rows, tally = observed(path, year=2025)
    assert formats == ("dnsmasq",)
    assert (len(rows), unreadable(tally), tally.others) == (8, 0, 0)
    answers = [(r["line"], [a["value"] for a in r["answers"]]) for r in rows if "answers" in r]
    assert answers == [(1, ["142.250.191.14"]), (6, ["93.184.216.34"])]
    _, rows, tally = observed(path)
    assert {k: n for k, (n, _) in tally.unusable.items()} == {"no year: --log-year says which": 5}
    assert [row["line"] for row in rows] == [9, 10, 11]


def test_windows_dns(logs_dir: Path) -> None:
    """A whole log: three questions and their answers; what the server asked others is left out."""
    folder = logs_dir / "windows_dns_debug"
    formats, rows, tally = observed(folder / "en-us_dnsdebug-dc01.log", zone="America/New_York")
    assert formats == ("windows-dns",)
    # 28 lines of the head that explains the columns.
    assert (unreadable(tally), tally.records) == (0, 12)
    assert pick(rows, "client_ip", "txid", "is_response", "name") == [
        ("10.0.0.2", 0xC049, False, "odc.officeapps.live.com"),
        ("10.0.0.2", 0xC049, True, "odc.officeapps.live.com"),
        ("10.0.0.2", 0xEDE1, False, "ocsp.digicert.com"),
        ("10.0.0.2", 0xEDE1, True, "ocsp.digicert.com"),
        ("10.0.0.2", 0x1CDE, False, "4.au.download.windowsupdate.com"),
        ("10.0.0.2", 0x1CDE, True, "4.au.download.windowsupdate.com"),
    ]
    assert rows[0]["ts_ns"] == 1768968016 * 10**9  # 2026-01-21T04:00:16Z


def test_windows_dns_dates(logs_dir: Path) -> None:
    """Lines of several countries in one file: each date that settles its own order is read."""
    formats, rows, tally = observed(logs_dir / "windows_dns_debug" / "misc_locale_lines.log")
    assert formats == ("windows-dns",)
    assert pick(rows, "line", "ts_ns") == [
        (1, 1432216278 * 10**9),  # 5/21/2015 1:51:18 PM
        (4, 1640209564 * 10**9),  # 22/12/2021 21:46:04
        (5, 1408205337 * 10**9),  # 20140816 16:08:57
    ]
    # Line 7 was made anonymous: 14 letters under a length of 15. The others came from upstream.
    reason = "a name whose labels do not have their stated lengths"
    assert tally.unusable == {reason: (1, 7)}


def test_dnsmasq_answers_belong_to_the_question_before_them() -> None:
    """The same name again and again: each question has the answers that follow it, and no more."""
    head = "2026-11-03T08:00:0{0}+00:00 gw dnsmasq[12]: "
    text = "".join(
        f"{head}query[A] a.example.com from 10.0.0.{{0}}\n"
        f"{head}cached a.example.com is <CNAME>\n"
        f"{head}cached b.example.com is 20.1.2.{{0}}\n".format(number)
        for number in range(1, 6)
    )
    rows = observed(text)[1]
    assert [(r["client_ip"], [a["value"] for a in r["answers"]]) for r in rows] == [
        (f"10.0.0.{number}", ["b.example.com", f"20.1.2.{number}"]) for number in range(1, 6)
    ]


def test_names_cannot_state_who_asked() -> None:
    """A name may hold blanks: what the server wrote behind it counts."""
    line = "2026-11-03T08:00:01+00:00 gw dnsmasq[1]: query[type=65] a from 10.9.9.9 from 10.0.0.4\n"
    assert pick(observed(line)[1], "client_ip", "name", "qtype") == [
        ("10.0.0.4", "a from 10.9.9.9", "65")
    ]
    line = (
        "2026-11-03T08:00:01Z [INFO] 10.0.0.4:1 - 2 "
        '"A IN a\\ udp\\ \\"b.example.com. udp 57 false 1232" NOERROR qr 66 0.1s\n'
    )
    assert pick(observed(line)[1], "client_ip", "name") == [
        ("10.0.0.4", 'a\\ udp\\ \\"b.example.com')
    ]
    line = (
        "1/20/2026 11:00:16 PM 0FE0 PACKET  000002C53117D990 UDP Rcv 10.0.0.2        c049   Q "
        "[0001   D   NOERROR] A      (5)a b c(7)example(3)com(0)\n"
    )
    assert pick(observed(line)[1], "client_ip", "name") == [("10.0.0.2", "a b c.example.com")]
