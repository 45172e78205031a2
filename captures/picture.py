"""The picture of a report: ``python captures/picture.py docs/images/report.png``.

Analyses captures/pull-and-upload.pcap and lets Debian's Chromium draw the top of the page. The same
Chromium and fonts give the same picture. Needs the packages of ``.[dev]`` (Playwright).
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from analyzer.cli.main import run

HERE = Path(__file__).resolve().parent
SIZE = {"width": 1200, "height": 1010}


def main() -> None:
    """Writes the picture to the path that is given."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None or len(sys.argv) != 2:
        sys.exit("usage: python captures/picture.py FILE.png (needs chromium)")
    target = Path(sys.argv[1]).resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    # The page shows the command line: paths as a reader of the README types them.
    os.chdir(HERE.parent)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        report = Path(folder) / "report.html"
        capture = "captures/pull-and-upload.pcap"
        code = run(
            ["analyze", capture, "--inventory", "captures/endpoints.json", "-o", str(report)]
        )
        if code:
            sys.exit(code)
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--headless", "--disable-gpu"]
        )
        page = browser.new_page(viewport=SIZE, color_scheme="light", locale="en-GB")
        page.goto(report.as_uri())
        page.screenshot(path=target, animations="disabled")
        browser.close()


if __name__ == "__main__":
    main()
