from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer.issues import UsageError
from analyzer.report.formats import FORMATS, SINGLE_FILES, fill, find, of_ending, render
from craft import results

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", SINGLE_FILES)
def test_every_single_file_renders_the_same_twice(name: str) -> None:
    text = render(results.realistic(), name)
    assert text.strip()
    assert render(results.realistic(), name) == text


@pytest.mark.parametrize("name", sorted(set(FORMATS) - set(SINGLE_FILES)))
def test_every_folder_is_filled_the_same_twice(name: str, tmp_path: Path) -> None:
    written = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        fill(results.realistic(), name, folder)
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert written[0] == written[1]
    assert all(each.endswith(FORMATS[name].suffix) for each in written[0])


def test_endings_are_told_apart() -> None:
    assert len({entry.suffix for entry in FORMATS.values()}) == len(FORMATS)
    for name in SINGLE_FILES:
        assert of_ending(f"REPORT{FORMATS[name].suffix.upper()}").name == name
    assert of_ending("page.htm").name == "html"
    with pytest.raises(UsageError, match=r"x\.docx: no format has this ending, expected .*\.html"):
        of_ending("x.docx")


def test_unknown_format_names_the_known() -> None:
    with pytest.raises(UsageError, match="html, json"):
        find("docx")
