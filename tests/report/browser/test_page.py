"""The report as a reader meets it: opened from a file, with mouse, keyboard, paper and without
scripts. Each page must stay silent on its console and ask for nothing (conftest.py)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from craft import results

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Reports
    from playwright.sync_api import Page

    from analyzer.result import Result

pytestmark = pytest.mark.tool

HIGH = "#finding-ex-7c1f0a92d4"
DROP = "stagingdrop17.blob.core.windows.net"
PHONE = {"viewport": {"width": 390, "height": 800}}


def column(page: Page, table: str, number: int) -> list[str]:
    cells = page.locator(f"{table} tbody tr:visible > :nth-child({number})")
    return cells.all_inner_texts()


def test_opens_from_a_file_and_obeys_its_own_policy(
    open_report: Callable[..., Page], reports: Reports
) -> None:
    page = open_report(results.realistic())
    assert page.locator("h1").text_content() == "suspected upload"
    assert page.locator(".tools button").count() == 3
    assert reports.complaints == []
    with page.expect_console_message() as refusal:
        page.evaluate("fetch('https://example.com/').catch(() => 'blocked')")
    assert "Content Security Policy" in refusal.value.text
    reports.complaints.clear()


def test_tables_sort_by_number_and_by_text(open_report: Callable[..., Page]) -> None:
    page = open_report(results.realistic())
    table = "[aria-label='Endpoints table']"
    head = page.locator(f"{table} th", has_text="Received")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    first = column(page, table, 7)
    assert first[0] == "184,220,931 B"
    head.locator("button").click()
    assert column(page, table, 7) == first[::-1]
    page.locator(f"{table} th button", has_text="Agent").click()
    agents = column(page, table, 2)
    assert agents == sorted(agents)
    assert page.locator(f"{table} [aria-sort]").count() == 1


def test_findings_are_filtered_by_text_and_severity(open_report: Callable[..., Page]) -> None:
    page = open_report(results.realistic())
    search = page.get_by_label("Filter findings")
    search.fill("quietbucket.s3")  # the name as it is, not as it is shown
    shown = page.locator(".card:visible")
    titles = page.locator(".card:visible h3").all_inner_texts()
    assert titles == ["The announced name contradicts the destination"]
    assert page.get_by_role("status").filter(has_text="1 of 5 findings in full").count() == 1
    search.fill("")
    assert shown.count() == 5
    for level in ("critical", "low", "medium", "info"):
        page.get_by_role("checkbox", name=level).uncheck()
    assert page.locator(".card:visible .badge").first.inner_text() == "high"
    assert shown.count() == 1
    assert page.locator(".overview tbody tr:visible").count() == 1


def test_a_filter_without_hits_says_so(open_report: Callable[..., Page]) -> None:
    page = open_report(results.realistic())
    heading = page.locator("#exfiltration")
    assert heading.inner_text() == "Exfiltration 3 findings"
    search = page.get_by_label("Filter findings")
    search.fill("quietbucket.s3")
    assert heading.inner_text() == "Exfiltration 1 of 3 findings"
    search.fill("no such thing")
    assert heading.inner_text() == "Exfiltration 0 of 3 findings"
    assert page.get_by_role("status").filter(has_text="No finding matches the filter").count() == 1
    assert page.locator("p.empty:visible", has_text="No finding matches the filter.").count() == 3
    assert page.locator("table.overview:visible").count() == 0
    search.fill("")
    assert heading.inner_text() == "Exfiltration 3 findings"
    assert page.locator("p.empty:visible").count() == 0
    assert page.locator("table.overview:visible").count() == 1


def test_long_tables_are_filtered(open_report: Callable[..., Page]) -> None:
    page = open_report(results.crowded(20, 40))
    page.get_by_label("Filter endpoints").fill("h17.example")
    names = column(page, "[aria-label='Endpoints table']", 1)
    assert len(names) == 1
    assert names[0].startswith("h17[.]example")


def test_a_link_opens_what_it_leads_to(open_report: Callable[..., Page]) -> None:
    last = f"#finding-ex-{9:010x}"
    page = open_report(results.crowded(10, 10), last)
    body = page.locator(last)
    assert body.is_visible()
    assert page.locator(f"#finding-ex-{5:010x}").is_hidden()
    box = body.bounding_box()
    assert box is not None
    assert box["y"] < page.viewport_size["height"]
    page.evaluate(f"location.hash = '#finding-ex-{5:010x}'")
    page.locator(f"#finding-ex-{5:010x}").wait_for(state="visible")


def test_a_link_opens_without_scripts_too(open_report: Callable[..., Page]) -> None:
    last = f"#finding-ex-{9:010x}"
    page = open_report(results.crowded(10, 10), last, java_script_enabled=False)
    assert page.locator(last).is_visible()


def test_marks_and_cells_lead_to_findings(open_report: Callable[..., Page]) -> None:
    page = open_report(results.realistic())
    page.locator("a.mark").first.click()
    assert page.url.endswith("#finding-ex-03b7e1c55a")
    page.locator("a.flag.high").click()
    assert page.url.endswith(HIGH)
    assert page.locator(HIGH).is_visible()


def test_names_are_defanged_until_asked(open_report: Callable[..., Page]) -> None:
    page = open_report(results.realistic())
    fanged = re.compile(r"stagingdrop17\.blob\.core\.windows\.net")
    text = page.locator("main").inner_text()
    assert "stagingdrop17[.]blob[.]core[.]windows[.]net" in text
    assert not fanged.search(text)
    switch = page.get_by_role("button", name="Show real names")
    said = page.get_by_text("Host names are shown defanged")
    assert said.is_visible()
    switch.click()
    back = page.get_by_role("button", name="Show defanged names")
    assert back.is_visible()
    assert said.is_hidden()
    assert fanged.search(page.locator("main").inner_text())
    assert "[.]" not in page.locator("#exfiltration ~ article").first.inner_text()
    assert page.locator(".busiest th", has_text=DROP).count() == 1
    back.click()
    assert switch.is_visible()
    assert page.locator("main").inner_text() == text


def test_commands_are_copied_as_they_are(open_report: Callable[..., Page]) -> None:
    page = open_report(results.realistic(), HIGH, permissions=["clipboard-read", "clipboard-write"])
    body = page.locator(HIGH)
    command = body.locator("code.cmd").nth(2).inner_text()
    button = body.get_by_role("button", name="Copy: tshark").first
    button.evaluate(
        "button => { window.said = []; new MutationObserver("
        "() => window.said.push(button.textContent)).observe(button, {childList: true}) }"
    )
    button.click()
    page.wait_for_function("() => window.said.includes('Copied')")
    assert page.evaluate("navigator.clipboard.readText()") == command
    assert command.startswith("tshark -r build-agents.pcapng")


def test_commands_are_copied_without_a_clipboard_of_ones_own(
    open_report: Callable[..., Page],
) -> None:
    page = open_report(results.realistic(), HIGH)
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')) }")
    page.evaluate(
        "() => document.addEventListener("
        "'copy', () => { window.taken = getSelection().toString() })"
    )
    page.locator(HIGH).get_by_role("button", name="Copy: tshark").first.click()
    page.wait_for_function("() => window.taken")
    assert page.evaluate("window.taken").startswith("tshark -r build-agents.pcapng")


def test_buttons_come_with_what_is_opened(open_report: Callable[..., Page]) -> None:
    page = open_report(results.crowded(10, 10))
    before = page.locator("button.copy").count()
    page.locator(".card > details > summary").nth(7).click()
    assert page.locator("button.copy").count() > before


def test_everything_is_reached_and_worked_by_keyboard(open_report: Callable[..., Page]) -> None:
    page = open_report(results.realistic())
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    assert skip.evaluate("element => element === document.activeElement")
    box = skip.bounding_box()
    assert box is not None
    assert box["width"] > 50
    page.keyboard.press("Enter")
    assert page.url.endswith("#findings")
    seen = []
    for _ in range(30):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.tagName"))
    assert "SUMMARY" in seen
    summary = page.locator(".card > details > summary").nth(3)
    summary.focus()
    card = page.locator(".card > details").nth(3)
    assert card.get_attribute("open") is None
    page.keyboard.press("Enter")
    assert card.get_attribute("open") is not None
    head = page.locator("[aria-label='Agents table'] th button").first
    head.focus()
    page.keyboard.press("Space")
    assert page.locator("[aria-label='Agents table'] [aria-sort=ascending]").count() == 1


def test_focus_is_always_to_be_seen(open_report: Callable[..., Page]) -> None:
    page = open_report(results.realistic())
    for _ in range(40):
        page.keyboard.press("Tab")
        width = page.evaluate(
            "(() => { const style = getComputedStyle(document.activeElement); "
            "return document.activeElement.closest('svg') ? 2 : parseFloat(style.outlineWidth) "
            "* (style.outlineStyle !== 'none') })()"
        )
        assert width >= 1.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system_and_the_switch(
    open_report: Callable[..., Page], scheme: str
) -> None:
    page = open_report(results.realistic(), color_scheme=scheme)
    shade = "getComputedStyle(document.body).backgroundColor"
    first = page.evaluate(shade)
    assert first == ("rgb(246, 247, 249)" if scheme == "light" else "rgb(15, 19, 24)")
    page.get_by_role("button", name="Dark" if scheme == "light" else "Light").click()
    assert page.evaluate(shade) != first
    page.get_by_role("button", name="Light" if scheme == "light" else "Dark").click()
    assert page.evaluate(shade) == first


def test_a_phone_scrolls_one_way(open_report: Callable[..., Page]) -> None:
    page = open_report(results.undeclared(), **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Open all").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_phone_scrolls_one_way_with_many_agents(open_report: Callable[..., Page]) -> None:
    many = [
        results.make_endpoint(agent=f"build-agent-{n}", endpoint=f"h{n}.example") for n in range(12)
    ]
    page = open_report(replace(results.realistic(), endpoints=many), **PHONE)
    page.get_by_role("button", name="Open all").click()
    assert page.locator(".matrix .none").count() == 110
    assert page.evaluate("document.scrollingElement.scrollWidth") == 390
    assert page.evaluate("innerWidth") == 390


@pytest.mark.parametrize("width", [390, 1000, 1280])
def test_the_timeline_fits_and_its_marks_are_apart(
    open_report: Callable[..., Page], width: int
) -> None:
    result = results.realistic()
    first = min(each.start_ns for each in result.timeline)
    span = max(each.start_ns for each in result.timeline) - first
    one = next(f for f in result.findings if f.stream == "exfiltration")
    found = [replace(one, id=f"ex-{n}", first_ns=first + n * span // 100) for n in range(100)]
    page = open_report(replace(result, findings=found), viewport={"width": width, "height": 800})
    figure = page.locator("figure")
    assert figure.evaluate("each => each.scrollWidth <= each.clientWidth")
    boxes = "all => all.map(each => each.getBoundingClientRect()).map(b => [b.left, b.right])"
    marks = page.locator(".mark circle:visible").evaluate_all(boxes)
    assert len(marks) > (8 if width == 390 else 20)
    texts = page.locator(".marks text:visible").evaluate_all(boxes)
    assert len(texts) == len(marks)
    inside = zip(marks, texts, strict=True)
    assert all(m[0] < t[0] and t[1] < m[1] for m, t in inside)
    # WCAG 2.2, target size: circles of 24 pixels around the centres do not meet.
    centres = [(left + right) / 2 for left, right in marks]
    assert min(b - a for a, b in zip(centres, centres[1:], strict=False)) >= 24
    assert min(left for left, _ in marks) >= 0
    assert max(right for _, right in marks) <= width
    times = [box for box in page.locator(".lane text.x").evaluate_all(boxes) if box[1] > box[0]]
    assert len(times) >= 2
    assert all(a[1] < b[0] for a, b in zip(times, times[1:], strict=False))


def test_paper_has_everything_open(open_report: Callable[..., Page]) -> None:
    page = open_report(results.crowded(10, 10))
    hidden = page.locator(f"#finding-ex-{9:010x}")
    assert hidden.is_hidden()
    document = page.pdf(format="A4")
    assert document.startswith(b"%PDF-")
    page.emulate_media(media="print")
    assert page.locator(".tools").is_hidden()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert hidden.is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 3


def test_paper_leaves_out_a_long_timeline_table(open_report: Callable[..., Page]) -> None:
    result = results.realistic()
    one = result.timeline[0]
    rows = [replace(one, start_ns=one.start_ns + n * one.width_ns) for n in range(200)]
    page = open_report(replace(result, timeline=rows))
    note = page.get_by_text("The same as a table of 200 rows")
    table = page.locator("[aria-label='Timeline table']")
    assert note.is_hidden()
    page.locator("summary", has_text="The same as a table").click()
    assert table.is_visible()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert table.is_hidden()
    assert note.is_visible()


def test_paper_has_the_table_of_a_short_timeline(open_report: Callable[..., Page]) -> None:
    result = results.realistic()
    page = open_report(replace(result, timeline=result.timeline[:3]))
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("[aria-label='Timeline table']").is_visible()


@pytest.mark.parametrize("result", [results.realistic(), results.crowded(10, 10)])
def test_tables_fit_the_paper(open_report: Callable[..., Page], result: Result) -> None:
    # A4 less its margins, in pixels.
    page = open_report(result, viewport={"width": 703, "height": 1000})
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    too_wide = "all => all.filter(t => t.offsetWidth > t.parentElement.clientWidth).length"
    assert page.locator("table.evidence").count() > 0
    assert page.locator("table").evaluate_all(too_wide) == 0


def test_without_scripts_it_reads_in_full(open_report: Callable[..., Page]) -> None:
    page = open_report(results.realistic(), java_script_enabled=False)
    text = page.locator("body").text_content() or ""
    for wanted in ("Why this severity", "Capture filter", "What would clear it", "Thresholds"):
        assert wanted in text
    page.locator(".card > details > summary").nth(3).click()
    assert page.locator("#finding-rd-5510fe2b71").is_visible()
    assert page.locator("button").count() == 0


def test_an_empty_report_opens(open_report: Callable[..., Page]) -> None:
    result = results.make_result()
    empty = replace(result, endpoints=[], registries=[], inputs=[], inventories=[], timeline=[])
    page = open_report(empty)
    assert page.get_by_text("there is nothing to draw").count() == 1
