"""The documentation builds as a site without a warning, whole, and needs no network to be read."""

from __future__ import annotations

import re
import subprocess
import sys

from craft.run import ROOT


def test_the_site_builds_strictly_and_loads_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path / "site")],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    pages = {
        str(page.relative_to(ROOT / "docs").with_suffix(".html")).replace("README", "index")
        for page in (ROOT / "docs").rglob("*.md")
    }
    built = {
        str(page.relative_to(tmp_path / "site")) for page in (tmp_path / "site").rglob("*.html")
    }
    assert pages <= built
    loaded = re.compile(rb"""<(?:script|link|img|iframe)\b[^>]*(?:src|href)=["']?(?:https?:)?//""")
    for page in (tmp_path / "site").rglob("*.html"):
        assert loaded.search(page.read_bytes()) is None, page


def test_links_of_the_readme_lead_somewhere():
    text = (ROOT / "README.md").read_text()
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    assert len(targets) > 15
    for target in targets:
        assert (ROOT / target).exists(), target


def test_pages_name_no_file_that_is_not_there():
    named = re.compile(r"`((?:docs|captures|analyzer|tests|benchmarks)/[\w./-]+\.\w+)`")
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for path in named.findall(page.read_text()):
            assert (ROOT / path).exists() or "NAME" in path or "<" in path, (page, path)
