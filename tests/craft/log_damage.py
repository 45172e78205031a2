"""Damaged log lines between honest ones: reading goes on, and the honest ones come through."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from craft.logs import observed

if TYPE_CHECKING:
    from collections.abc import Sequence

ODD = [
    "\x01",
    "\0",
    '"',
    "\\",
    "'",
    "\r",
    "\u2028",
    "(",
    "[",
    "{",
    "=",
    ",",
    " ",
    "\ud8ff",
    "<",
    "&",
]
NUMBERS = [
    "-1",
    "65536",
    "99999999999999999999",
    "1e999",
    "",
    "9" * 400,
    "0x",
    "-9223372036854775809",
]


@st.composite
def damaged_lines(draw: st.DrawFn, lines: Sequence[str]) -> list[str]:
    """Some of the lines, each hurt in one to three ways; never two lines of one."""
    hurt = []
    for _ in range(draw(st.integers(1, 40))):
        line = draw(st.sampled_from(list(lines)))
        for _ in range(draw(st.integers(1, 3))):
            place = draw(st.integers(0, max(len(line) - 1, 0)))
            how = draw(st.integers(0, 5))
            if how == 0:
                line = line[:place]
            elif how == 1:
                line = line[:place] + draw(st.sampled_from(ODD)) + line[place:]
            elif how == 2:
                line = line[:place] + "x" * 10_000 + line[place:]
            elif how == 3 and (numbers := list(re.finditer(r"\d+", line))):
                number = draw(st.sampled_from(numbers))
                line = (
                    line[: number.start()] + draw(st.sampled_from(NUMBERS)) + line[number.end() :]
                )
            elif how == 4:
                line = line[:place] + line[place + draw(st.integers(1, 40)) :]
            else:
                line = line[:place] + line[place:][::-1]
        hurt.append(line)
    return hurt


def assert_honest_lines_survive(
    honest: Sequence[str],
    hurt: Sequence[str],
    chosen: str,
    joined: Sequence[str] = (),
) -> None:
    """Reads honest lines with hurt ones between them; nothing raises, no honest row is lost.

    Args:
        honest: Lines that are read alone first.
        hurt: Lines of any kind, put between and behind them.
        chosen: The format.
        joined: Columns that the format fills from other lines: a hurt line may change them.
    """
    expected = _rows("\n".join(honest) + "\n", chosen, joined)
    mixed: list[str] = []
    origin: dict[int, int] = {}
    for at, line in enumerate(honest):
        mixed.append(line)
        origin[len(mixed)] = at + 1
        mixed += hurt[at :: len(honest)]
    found = [
        {**row, "line": origin[row["line"]]}
        for row in _rows("\n".join(mixed) + "\n", chosen, joined)
        if row["line"] in origin
    ]
    assert found == expected


def _rows(text: str, chosen: str, joined: Sequence[str]) -> list[dict[str, Any]]:
    data = text.encode("utf-8", "surrogatepass")
    _, rows, _ = observed(data, chosen, year=2026)
    return [{k: v for k, v in row.items() if k not in joined} for row in rows]
