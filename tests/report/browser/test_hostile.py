"""Text from the wire in a real browser: nothing runs, nothing loads, nothing is drawn by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer.report.visible import visible
from craft import results
from craft.hostile import HOSTILE, MARK

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

pytestmark = pytest.mark.tool

TAGS = "() => [...new Set([...document.querySelectorAll('*')].map(e => e.localName))].sort()"
EVENTS = (
    "() => [...document.querySelectorAll('*')].flatMap(e => [...e.attributes])"
    ".filter(a => a.name.startsWith('on') || a.value.startsWith('javascript:')).length"
)
LINKS = "() => [...document.querySelectorAll('[href], [src]')].map(e => e.getAttribute('href'))"
SHORT = {name: text for name, text in HOSTILE.items() if len(text) < 1000}
GROUP = 12


@pytest.mark.parametrize("first", range(0, len(SHORT), GROUP))
def test_hostile_text_is_inert_in_every_field(open_report: Callable[..., Page], first: int) -> None:
    """Every free text field of the document holds them, joined so that few pages do."""
    calm = open_report(results.with_text(results.undeclared(), "calm")).evaluate(TAGS)
    text = "\n".join(list(SHORT.values())[first : first + GROUP])
    page = open_report(results.with_text(results.undeclared(), text))
    page.get_by_role("button", name="Open all").click()
    page.get_by_role("button", name="Show real names").click()
    page.get_by_label("Filter findings").fill("a")
    assert page.evaluate(f"window.{MARK}") is None
    assert set(page.evaluate(TAGS)) <= {*calm, "wbr"}
    assert page.evaluate(EVENTS) == 0
    outside = [each for each in page.evaluate(LINKS) if not (each or "#").startswith("#")]
    assert all(each.startswith("https://attack.mitre.org/techniques/") for each in outside)
    assert page.locator("h1").count() == 1
    shown = page.locator("body").text_content() or ""
    assert visible(text)[:40] in shown


def test_long_text_neither_stops_nor_widens_the_page(open_report: Callable[..., Page]) -> None:
    text = "\n".join(text for name, text in HOSTILE.items() if name not in SHORT)
    page = open_report(
        results.with_text(results.realistic(), text), viewport={"width": 390, "height": 800}
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(f"window.{MARK}") is None
