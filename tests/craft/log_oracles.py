"""Independent readings of the shared log samples: Sekoia's expected events (ECS) by line."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def expected_events(folder: Path) -> dict[str, dict[str, Any]]:
    """Raw line: what Sekoia's parser makes of it; lines that it leaves out are not there."""
    events = {}
    for line in (folder / "sekoia.expected.ndjson").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        events[case["message"].strip()] = case["expected"]
    return events


def at(event: dict[str, Any], path: str) -> Any:
    """A field of an event by its dotted path, None where it has none."""
    found: Any = event
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def nanoseconds(text: str) -> int:
    """An ISO time of an oracle, in nanoseconds to the microsecond."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00")[:32])
    seconds = int(moment.timestamp() // 1)
    return seconds * 10**9 + moment.microsecond * 1000


FIELDS = {
    "client_ip": "source.ip",
    "client_port": "source.port",
    "server_ip": "destination.ip",
    "server_port": "destination.port",
    "bytes_up": "source.bytes",
    "bytes_down": "destination.bytes",
    "pkts_up": "source.packets",
    "pkts_down": "destination.packets",
}


def differences(
    lines: list[str],
    rows: list[dict[str, Any]],
    events: dict[str, dict[str, Any]],
    fields: dict[str, str],
) -> tuple[int, dict[tuple[int, str], tuple[Any, Any]]]:
    """Compares rows with the oracle's events.

    Args:
        lines: The input, from line 1.
        rows: Observations of it.
        events: The oracle, by line.
        fields: Column: where the oracle keeps it; `ts_ns` is compared as a time.

    Returns:
        How many values were compared; (line, column): (ours, theirs) of those that differ. Where
        either says nothing there is nothing to compare.
    """
    compared = 0
    found = {}
    for row in rows:
        event = events.get(lines[row["line"] - 1].strip())
        if event is None:
            continue
        for column, path in fields.items():
            ours, theirs = row.get(column), at(event, path)
            if column in ("ts_ns", "end_ns") and theirs is not None and ours is not None:
                # Oracles round to microseconds by way of floating point.
                theirs = nanoseconds(theirs)
                ours = theirs if abs(ours - theirs) <= 1000 else ours
            if ours is None or theirs is None:
                continue
            compared += 1
            if str(ours).lower() != str(theirs).rstrip(".").lower():
                found[row["line"], column] = (ours, theirs)
    return compared, found
