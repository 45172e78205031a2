"""Sysmon events against the shared samples; Windows' own binary logs are told what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.inputs.sniff import Stranger
from analyzer.logs.recognise import recognise_log
from craft.log_oracles import FIELDS, differences, expected_events
from craft.logs import observed, unreadable

if TYPE_CHECKING:
    from pathlib import Path


def test_sekoia_samples(logs_dir: Path) -> None:
    """NXLog's flat JSON and Azure diagnostics with RawXml."""
    folder = logs_dir / "sysmon_sekoia"
    lines = (folder / "sekoia.log").read_text(encoding="utf-8").splitlines()
    formats, rows, tally = observed(folder / "sekoia.log")
    assert formats == ("sysmon",)
    # One line is of the Security channel (5156), one is Sysmon's event 11.
    assert (len(rows), unreadable(tally), tally.records) == (4, 0, 5)
    compared, found = differences(
        lines,
        rows,
        expected_events(folder),
        {
            **FIELDS,
            "name": "dns.question.name",
            "process": "process.executable",
            "ts_ns": "@timestamp",
        },
    )
    assert (compared, found) == (20, {})
    assert [answer["value"] for answer in rows[1]["answers"]] == [
        "login.msa.msidentity.com",
        "lgin.msa.trafficmanager.net",
        *["1.1.1.1"] * 5,
    ]


def test_xml_sample(logs_dir: Path) -> None:
    """One event over many lines."""
    formats, rows, tally = observed(logs_dir / "sysmon_xml" / "public_event22.xml")
    assert formats == ("sysmon",)
    assert unreadable(tally) == 0
    assert [(r["name"], [a["value"] for a in r["answers"]]) for r in rows] == [
        ("www.perdu.com", ["208.97.177.124"])
    ]


def test_binary_log() -> None:
    """EVTX is named, with what turns it into something that can be read."""
    found = recognise_log(b"ElfFile\0" + bytes(4096))
    assert isinstance(found, Stranger)
    assert "EVTX" in found.kind
    assert "XML or JSON" in found.hint
    assert found.holds_traffic
