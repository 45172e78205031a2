"""Palo Alto TRAFFIC and URL logs against the shared samples and Sekoia's reading of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from craft.log_oracles import FIELDS, differences, expected_events
from craft.logs import observed, pick, unreadable

if TYPE_CHECKING:
    from pathlib import Path


def test_elastic_samples(logs_dir: Path) -> None:
    """Recognised without help; 7734 bytes are 1758 up and 5976 down, 36 packets 16 and 20."""
    folder = logs_dir / "paloalto"
    formats, rows, tally = observed(folder / "elastic_panos_traffic_excerpt.log")
    assert formats == ("palo-alto",)
    assert (unreadable(tally), tally.others) == (0, 0)
    assert pick(rows[:1], "bytes_up", "bytes_down", "pkts_up", "pkts_down") == [
        (1758, 5976, 16, 20)
    ]
    # The last line is of subtype start: its counters are not the session's.
    assert pick(rows[-1:], "begins", "bytes_up") == [(True, None)]
    formats, rows, tally = observed(folder / "elastic_panos_threat_url.log")
    assert formats == ("palo-alto",)
    assert unreadable(tally) == 0
    assert pick(rows, "kind", "name", "action") == [("name", "consent.cmp.oath.com", "allow")]


@pytest.mark.parametrize("shape", ["text", "json"])
def test_sekoia_samples(logs_dir: Path, shape: str) -> None:
    """A collection of test cases: its CSV and CEF lines as one log, its Cortex JSON as another."""
    folder = logs_dir / "paloalto"
    lines = (folder / "sekoia.log").read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line.startswith("{") == (shape == "json")]
    formats, rows, tally = observed("\n".join(lines) + "\n")
    assert formats == ("palo-alto",)
    assert (tally.others, tally.lost.count) == (0, 0)
    events = expected_events(folder)
    compared, found = differences(lines, rows, events, {**FIELDS, "end_ns": "@timestamp"})
    if shape == "text":
        # src= is empty in the CEF line that was made anonymous.
        assert {k: n for k, (n, _) in tally.unusable.items()} == {"no client": 1}
        assert (len(rows), compared, found) == (6, 31, {})
    else:
        assert unreadable(tally) == 0
        # Sekoia takes the time to the second; TimeGeneratedHighResolution has its milliseconds.
        assert {column for _, column in found} == {"end_ns"}
        assert (len(rows), compared) == (4, 20)


def test_high_resolution_time_states_the_zone(logs_dir: Path) -> None:
    """The device's clock without a zone is that of --log-timezone unless a column says better."""
    lines = (logs_dir / "paloalto" / "sekoia.log").read_text(encoding="utf-8").splitlines()
    fine = next(line for line in lines if ",2024-01-03T13:15:30.547+01:00," in line)
    assert observed(fine, zone="Asia/Tokyo")[1] == observed(fine)[1]
    plain = fine.replace("2024-01-03T13:15:30.547+01:00", "")
    assert observed(plain, zone="Europe/Paris")[1][0]["ts_ns"] == observed(fine)[1][0]["ts_ns"]
