"""Cisco ASA and FTD messages against the shared samples and Sekoia's reading of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.logs import observe
from craft.log_oracles import FIELDS, differences, expected_events
from craft.logs import observed, pick, unreadable

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_elastic_samples(logs_dir: Path) -> None:
    """Outbound connections were opened from inside, whichever side the line names first."""
    formats, rows, tally = observed(logs_dir / "cisco_asa" / "elastic_asa_excerpt.log")
    assert formats == ("cisco-asa",)
    assert (unreadable(tally), tally.others) == (0, 0)
    flows = [row for row in rows if row["action"] == "allow"]
    assert len(flows) == 12
    assert {row["client_ip"] for row in flows} == {"172.31.98.44"}
    # One total for both directions proves no upload: it is left out.
    assert all("bytes_up" not in row and "bytes_down" not in row for row in rows)
    assert pick(rows[1:2], "end_ns", "ts_ns") == [(1539174896 * 10**9, (1539174896 - 67) * 10**9)]
    assert pick(rows[-1:], "action", "client_ip", "rule") == [("deny", "100.66.19.254", "inbound")]


def test_sekoia_samples(logs_dir: Path) -> None:
    """Sekoia took the head with the time off; events that state their own time need none."""
    folder = logs_dir / "cisco_asa"
    lines = (folder / "sekoia.log").read_text(encoding="utf-8").splitlines()
    formats, rows, tally = observed(folder / "sekoia.log")
    assert formats == ("cisco-asa",)
    assert [row["line"] for row in rows] == [2, 3, 43, 44]
    assert {k: n for k, (n, _) in tally.unusable.items()} == {"no time that can be read": 5}
    headed = "".join(f"Oct 10 12:34:56 fw1 {line}\n" for line in lines)
    formats, rows, tally = observed(headed, year=2025)
    assert formats == ("cisco-asa",)
    # Eight lines lost even their message number.
    assert (len(rows), unreadable(tally), tally.records) == (9, 0, 48)
    compared, found = differences(lines, rows, expected_events(folder), FIELDS)
    assert (compared, found) == (42, {})


def test_an_inbound_connection_keeps_its_direction_when_it_ends() -> None:
    """The Teardown line does not say who opened it: its Built line does, not the port."""
    head = "Nov 03 2026 08:00:0"
    outside, inside = "outside:198.51.100.9/53", "dmz:10.0.9.53/5353"
    built = f"Built inbound UDP connection 7 for {outside} (1.1.1.1/53) to {inside} (1.1.1.1/5353)"
    ended = f"Teardown UDP connection 7 for {outside} to {inside} duration 0:00:01 bytes 148"
    text = f"{head}1 fw : %ASA-6-302015: {built}\n{head}2 fw : %ASA-6-302016: {ended}\n"
    assert pick(observed(text)[1], "client_ip", "session") == [("198.51.100.9", "fw/7")] * 2
    alone = f"{head}2 fw : %ASA-6-302016: {ended}\n"
    assert pick(observed(alone)[1], "client_ip") == [("10.0.9.53",)]


def connection(second: int, line: str, number: int, message: int) -> str:
    """A line of a connection between two high ports, which only its first line can direct."""
    return (
        f"Nov 03 2026 08:{second // 60:02}:{second % 60:02} fw : %ASA-6-{message}: "
        + line.format(
            f"TCP connection {number} for outside:198.51.100.9/53000", "dmz:10.0.9.53/50000"
        )
    )


def test_a_connection_keeps_its_direction_over_any_number_of_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its number is used again, by others and in the other direction."""
    monkeypatch.setattr(observe, "BLOCK_LINES", 7)
    over = "Teardown {} to {} duration 0:00:01 bytes 148"
    lines = [connection(1, "Built outbound {} (1.1.1.1/1) to {} (1.1.1.1/2)", 7, 302013)]
    lines += [connection(2, over.replace("53000", "1"), n, 302014) for n in range(100, 150)]
    lines += [connection(61, over, 7, 302014)]
    lines += [connection(90, "Built inbound {} (1.1.1.1/1) to {} (1.1.1.1/2)", 7, 302013)]
    lines += [connection(91, over, 7, 302014)]
    rows = [row for row in observed("\n".join(lines) + "\n")[1] if row["session"] == "fw/7"]
    start = 1_793_692_800
    assert pick(rows, "client_ip", "server_port", "ts_ns") == [
        ("10.0.9.53", 53000, (start + 1) * 10**9),
        ("10.0.9.53", 53000, (start + 1) * 10**9),
        ("198.51.100.9", 50000, (start + 90) * 10**9),
        ("198.51.100.9", 50000, (start + 90) * 10**9),
    ]
