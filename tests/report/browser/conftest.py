"""A real browser for reports: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

    from analyzer.result import Result

ARGUMENTS = [
    *("--no-sandbox", "--headless", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--no-first-run"),
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a worker."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        message = "no chromium on this machine (apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield started
        started.close()


class Reports:
    """Opens reports from files and keeps what must not happen: messages, errors, requests."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self._browser = browser
        self._folder = folder
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []
        self.requests: list[str] = []

    def file(self, result: Result) -> Path:
        """The report of a result, in a file."""
        from analyzer.report.html import render_html

        path = self._folder / "report.html"
        path.write_text(render_html(result), encoding="utf-8")
        return path

    def open(self, result: Result, fragment: str = "", **context: Any) -> Page:
        """A page with that report, opened from its file."""
        made = self._browser.new_context(**{"locale": "en-GB", **context})
        self._contexts.append(made)
        page = made.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.complaints.append("dialog"), dialog.dismiss()))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(self.file(result).as_uri() + fragment)
        return page

    def close(self) -> None:
        """Ends every page."""
        for context in self._contexts:
            context.close()


@pytest.fixture
def reports(browser: Browser, tmp_path: Path) -> Iterator[Reports]:
    """Fails when a page said anything on its console or asked for more than its own file."""
    opened = Reports(browser, tmp_path)
    yield opened
    opened.close()
    assert opened.complaints == []
    own = (tmp_path / "report.html").as_uri()
    assert {url.partition("#")[0] for url in opened.requests} <= {own}


@pytest.fixture
def open_report(reports: Reports) -> Callable[..., Page]:
    """Opens the report of a result."""
    return reports.open
