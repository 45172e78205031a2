"""Lines inside of what container runtimes write around them."""

from __future__ import annotations

import json

from analyzer.logs.documents import Lost
from analyzer.logs.wrapped import unwrapped
from craft.logs import observed


def test_parts_of_a_line_are_put_together() -> None:
    """CRI marks parts with P; the two streams do not mix; the first part has the time."""
    lines = [
        "2026-11-03T08:00:01Z stdout P one ",
        "2026-11-03T08:00:02Z stderr F other",
        "2026-11-03T08:00:03+01:00 stdout F line",
        "no wrapper",
        "2026-11-03T08:00:04Z stdout F ",
        "2026-11-03T08:00:05Z stdout P unfinished",
    ]
    lost = Lost()
    blocks = list(unwrapped(iter([(1, lines[:2]), (3, lines[2:])]), lost))
    assert blocks == [
        ([2], ["2026-11-03T08:00:02Z"], ["other"]),
        ([1, 5], ["2026-11-03T08:00:01Z", "2026-11-03T08:00:04Z"], ["one line", ""]),
        ([6], ["2026-11-03T08:00:05Z"], ["unfinished"]),
    ]
    assert (lost.count, lost.first_line) == (1, 4)


def test_objects_in_a_wrapper_are_read_as_objects() -> None:
    """A program in a container that logs JSON: recognised by what is inside."""
    inner = {
        "time": "2026-11-03T08:00:02Z",
        "verdict": "FORWARDED",
        "IP": {"source": "10.0.0.4", "destination": "20.1.2.3"},
        "l4": {"TCP": {"source_port": 1, "destination_port": 443}},
    }
    outer = {"log": json.dumps(inner) + "\n", "stream": "stdout", "time": "2026-11-03T08:00:03Z"}
    formats, rows, _ = observed(f"{json.dumps(outer)}\n" * 3)
    assert formats == ("hubble",)
    assert [row["client_ip"] for row in rows] == ["10.0.0.4"] * 3


def test_a_line_without_end_does_not_grow_forever() -> None:
    """Parts are handed out when they are longer than a line may be."""
    part = f"2026-11-03T08:00:01Z stdout P {'x' * (1 << 19)}"
    blocks = list(unwrapped(iter([(1, [part] * 7)]), Lost()))
    assert [len(text) for _, _, texts in blocks for text in texts] == [
        1 << 20,
        1 << 20,
        1 << 20,
        1 << 19,
    ]
