from __future__ import annotations

import pytest

from analyzer.issues import UsageError
from analyzer.report.formats import FORMATS, find, render
from craft import results


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_renders(name: str) -> None:
    assert render(results.realistic(), name).strip()
    assert FORMATS[name].suffix.startswith(".")


def test_unknown_format_names_the_known() -> None:
    with pytest.raises(UsageError, match="html, json"):
        find("docx")
