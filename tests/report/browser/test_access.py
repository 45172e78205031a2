"""axe-core over the report: no violation of WCAG 2.2 A and AA, in both schemes and two widths."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from craft import results

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from analyzer.result import Result

pytestmark = pytest.mark.tool

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS = {"desktop": 1280, "phone": 390}
RESULTS = {
    "realistic": results.realistic(),
    "undeclared": results.undeclared(),
    "empty": results.make_result(),
}


def violations(page: Page) -> list[str]:
    """What axe finds, one line each."""
    script = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    page.evaluate(script)
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    assert len(found["passes"]) > 20
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", RESULTS)
def test_axe_finds_nothing(
    open_report: Callable[..., Page], name: str, width: str, scheme: str
) -> None:
    result: Result = RESULTS[name]
    page = open_report(
        result,
        color_scheme=scheme,
        viewport={"width": WIDTHS[width], "height": 900},
        bypass_csp=True,  # for axe alone; test_page.py opens reports under their own policy
    )
    page.get_by_role("button", name="Open all").click()
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    assert violations(page) == []
