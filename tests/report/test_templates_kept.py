from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer.report.html import render_html
from analyzer.report.templates_kept import kept_templates
from craft.results import realistic

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACRTRACE_CACHE_DIR", str(tmp_path))
    return tmp_path / "acrtrace"


def test_the_second_page_compiles_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = render_html(realistic())
    monkeypatch.setattr("jinja2.environment.Environment._generate", None)
    assert render_html(realistic()) == first


def test_damaged_and_changed_ones_are_compiled_again(home: Path) -> None:
    first = render_html(realistic())
    (folder,) = home.glob("pages-*")
    kept = sorted(folder.iterdir())
    assert kept
    for file in kept:
        file.write_bytes(file.read_bytes()[:40])
    assert render_html(realistic()) == first
    assert all(file.stat().st_size > 40 for file in kept)


def test_a_folder_that_others_can_write_to_is_not_trusted(home: Path) -> None:
    render_html(realistic())
    (folder,) = home.glob("pages-*")
    folder.chmod(0o777)
    assert kept_templates() is None


def test_a_page_needs_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACRTRACE_CACHE_DIR", "/dev/null")
    assert kept_templates() is None
    assert render_html(realistic())
