"""Overlapping blocks: each line once, with its neighbours."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.logs import observe as module
from analyzer.logs.format import known
from analyzer.logs.windows import windows
from craft.logs import observed


@given(
    st.lists(st.integers(0, 40), max_size=12), st.integers(1, 30), st.integers(1, 9), st.booleans()
)
def test_each_line_is_in_one_window_with_its_neighbours(
    sizes: list[int], size: int, neighbours: int, timed: bool
) -> None:
    parts, number = [], 1
    for count in sizes:
        numbers = list(range(number, number + count))
        parts.append((numbers, [f"l{n}" for n in numbers], [f"t{n}" for n in numbers]))
        number += count
    total, seen = number - 1, []
    for window in windows((p if timed else (*p[:2], None) for p in parts), size, neighbours):
        assert window.lines == [f"l{n}" for n in window.numbers]
        assert window.times == ([f"t{n}" for n in window.numbers] if timed else None)
        ours = [
            n
            for n in window.numbers
            if n >= window.first and (window.until is None or n < window.until)
        ]
        for each in ours[:1] + ours[-1:]:
            around = range(max(1, each - neighbours), min(total, each + neighbours) + 1)
            assert set(around) <= set(window.numbers)
        seen += ours
    assert seen == list(range(1, total + 1))


def queries(count: int, apart: int) -> str:
    """Questions of two clients for changing names, each answered so many lines later."""
    head = "Nov  3 08:00:00 dnsmasq[42]: "
    lines = []
    for n in range(count + apart):
        if n < count:
            lines.append(f"{head}query[A] h{n}.example.net from 10.0.0.{n % 250 + 1}")
        if n >= apart:
            lines.append(f"{head}reply h{n - apart}.example.net is <CNAME>")
            lines.append(f"{head}reply c{n - apart}.example.net is 192.0.2.{n % 250 + 1}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("apart", [0, 3, 20])
def test_no_border_parts_a_query_from_its_answer(
    monkeypatch: pytest.MonkeyPatch, apart: int
) -> None:
    text = queries(300, apart)
    whole = observed(text, year=2026)
    assert len([row for row in whole[1] if row.get("answers")]) == 300
    assert all(len(row["answers"]) == 2 for row in whole[1])
    monkeypatch.setattr(module, "BLOCK_LINES", 37)
    small = dataclasses.replace(known("dnsmasq"), neighbours=100)
    monkeypatch.setattr(module, "known", lambda _name, _formats: small)
    assert observed(text, year=2026) == whole
