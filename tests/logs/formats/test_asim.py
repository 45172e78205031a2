"""Sentinel's ASIM schemas, against a portal export of Azure Firewall's records in them."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from craft.logs import observed, pick, unreadable
from craft.mutate import damaged

HERE = Path(__file__).resolve().parent / "asim"
SAMPLE = "azfw_loganalytics_csv/sentinel_ASIM_NetworkSession_portal_export.csv"


def test_the_sample_is_read_whole(logs_dir):
    """Every cell that we use, read by Python's csv and strptime."""
    path = logs_dir / SAMPLE
    formats, rows, tally = observed(path)
    assert formats == ("asim",)
    assert (unreadable(tally), tally.others) == (0, 0)
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = list(csv.DictReader(file))
    expected = []
    for cell in cells:
        start = datetime.strptime(cell["EventStartTime [UTC]"], "%m/%d/%Y, %I:%M:%S.%f %p")
        nanoseconds = round(start.replace(tzinfo=UTC).timestamp() * 1000) * 10**6
        expected.append(
            (
                nanoseconds,
                *(cell["SrcIpAddr"], int(cell["SrcPortNumber"])),
                *(cell["DstIpAddr"], int(cell["DstPortNumber"])),
                *(cell["NetworkProtocol"].lower(), cell["DvcAction"].lower()),
            )
        )
    assert len(cells) >= 5
    assert pick(
        rows, "ts_ns", "client_ip", "client_port", "server_ip", "server_port", "proto", "action"
    ) == expected  # fmt: skip


def test_no_bytes_are_no_bytes(logs_dir):
    _, rows, _ = observed(logs_dir / SAMPLE)
    assert not any(row.keys() & {"bytes_up", "bytes_down", "counter"} for row in rows)


HONEST = (HERE / "mixed.ndjson").read_text(encoding="utf-8").splitlines()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(bad=st.lists(damaged(HONEST), min_size=1, max_size=3))
def test_damaged_lines_cost_only_themselves(bad):
    _, rows, _ = observed("\n".join([*HONEST, *bad, *HONEST]))
    honest = {*range(1, 6), *range(6 + len(bad), 11 + len(bad))}
    assert honest <= {row["line"] for row in rows}
