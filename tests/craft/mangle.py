"""Log lines as an attacker or a bad disk would have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

PIECES = (
    b"",
    b"\0",
    b"\x01",
    b"\xff\xfe",
    b"\\ud800",
    b'"',
    b"\\",
    b",",
    b"}",
    b"{",
    b"[",
    b": ",
    b". Action: Allow",
    b"-1",
    b"99999999999999999999999999",
    b"1" * 5000,
    b"1e999",
    b"x" * 10_000,
    b"\xe2\x80\xa8",
    b"\r",
    b"null",
)


def mangled(lines: Sequence[str]) -> st.SearchStrategy[bytes]:
    """One of the lines, with pieces cut out, put in or put in place of others."""

    @st.composite
    def strategy(draw: st.DrawFn) -> bytes:
        line = draw(st.sampled_from(list(lines))).encode()
        for _ in range(draw(st.integers(1, 3))):
            start = draw(st.integers(0, len(line)))
            end = min(len(line), start + draw(st.sampled_from((0, 1, 3, 20, len(line)))))
            line = line[:start] + draw(st.sampled_from(PIECES)) + line[end:]
        return line.replace(b"\n", b" ")

    return strategy()
