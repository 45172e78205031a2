"""The style sheet: contrast of text as WCAG 2.1 AA asks for, in both colour schemes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analyzer.report import html

STYLE = Path(html.TEMPLATES, "style.css").read_text(encoding="utf-8")
LIGHT, DARK = (
    {
        name: pair[which]
        for name, *pair in re.findall(
            r"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", STYLE
        )
    }
    for which in (0, 1)
)
SURFACES = ("page", "panel", "sunken", "caution-page")
PAIRS = [
    *((text, surface) for text in ("text", "muted", "link") for surface in SURFACES),
    *(("panel", f"{level}-mark") for level in ("critical", "high", "medium", "low", "info")),
    *(("on-badge", level) for level in ("critical", "high", "medium", "low", "info")),
    ("critical-text", "panel"),
    ("calm-text", "panel"),
    *((text, f"shade{n}") for text in ("text",) for n in range(1, 6)),
    ("caution", "panel"),
    ("caution", "caution-page"),
]


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.1."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "surface"), PAIRS)
def test_text_contrast(scheme: str, text: str, surface: str) -> None:
    palette = LIGHT if scheme == "light" else DARK
    assert contrast(palette[text], palette[surface]) >= 4.5


MARKS = ("sent", "foreign", "open", "ours", "platform", "accent",
         *(f"{level}-mark" for level in ("critical", "high", "medium", "low", "info")))  # fmt: skip


@pytest.mark.parametrize("palette", [LIGHT, DARK])
@pytest.mark.parametrize("mark", MARKS)
def test_marks_stand_out_from_their_panel(palette: dict[str, str], mark: str) -> None:
    """3:1 for graphics; the figure beside each bar carries the meaning anyway."""
    assert contrast(palette[mark], palette["panel"]) >= 3


def test_every_colour_has_both_schemes() -> None:
    colours = re.findall(r"--([a-z0-9-]+):", STYLE)
    assert sorted(colours) == sorted(LIGHT)


def test_severity_is_never_colour_alone() -> None:
    assert "font-size: 0" not in STYLE
    assert "text-indent: -" not in STYLE
