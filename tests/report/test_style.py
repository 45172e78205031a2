"""The style sheet: contrast of text as WCAG 2.1 AA asks for, in both colour schemes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analyzer.report import html

STYLE = Path(html.TEMPLATES, "style.css").read_text(encoding="utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
    for block in re.findall(r":root \{(.*?)\}", STYLE, re.S)
)
SURFACES = ("page", "panel", "sunken", "caution-page")
PAIRS = [
    *((text, surface) for text in ("text", "muted", "link") for surface in SURFACES),
    *(("on-badge", level) for level in ("critical", "high", "medium", "low", "info")),
    ("critical-text", "panel"),
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
    palette = LIGHT if scheme == "light" else {**LIGHT, **DARK}
    assert contrast(palette[text], palette[surface]) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, {**LIGHT, **DARK}])
def test_bars_stand_out_from_their_panel(palette: dict[str, str]) -> None:
    """3:1 for graphics; the figure beside each bar carries the meaning anyway."""
    assert contrast(palette["sent"], palette["panel"]) >= 3


def test_severity_is_never_colour_alone() -> None:
    assert "font-size: 0" not in STYLE
    assert "text-indent: -" not in STYLE
