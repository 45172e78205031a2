"""Damage to log lines, for tests that a bad line costs only itself."""

from __future__ import annotations

from hypothesis import strategies as st

NASTY = (
    "", "\x01", "\ufffd", "9" * 400, "-1", "1e999", "9999-12-31T23:59:59Z", "a" * 10_000, '"', "\\",
    "{", "[", ",", "null", "'", "\r", "�" * 3, "::", "%",
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, honest: list[str]) -> str:
    """One of the lines with a piece of it replaced; never empty, never two lines."""
    line = draw(st.sampled_from(honest))
    at = draw(st.integers(0, len(line)))
    upto = draw(st.integers(at, min(len(line), at + 40)))
    text = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=20)
    return line[:at] + draw(st.sampled_from(NASTY) | text) + line[upto:] or "x"
