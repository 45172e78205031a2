"""Every format has a directory of cases: an input and the observations that it must give.

``tests/logs/formats/FORMAT/NAME.log`` (or .json, .csv, ...) and beside it ``NAME.expected.ndjson``,
one object per observation with exactly the columns that are not NULL (``format`` left out).
``python tests/logs/formats/test_cases.py FORMAT/NAME.log`` prints what is read now: check it by
hand against the vendor's page before it is committed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
if str(HERE.parents[1]) not in sys.path:
    sys.path.insert(0, str(HERE.parents[1]))

from analyzer.logs.format import load_formats  # noqa: E402
from craft.logs import observed  # noqa: E402

INPUTS = sorted(
    path
    for path in HERE.glob("*/*")
    if path.is_file() and not path.name.endswith(".expected.ndjson") and path.suffix != ".py"
)


@pytest.mark.parametrize("path", INPUTS, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_case(path: Path) -> None:
    """What is read is what is expected, and the file is told without help."""
    formats, rows, _ = observed(path)
    expected = path.with_name(f"{path.name}.expected.ndjson").read_text(encoding="utf-8")
    assert path.parent.name in formats
    assert [{k: v for k, v in row.items() if k != "format"} for row in rows] == [
        json.loads(line) for line in expected.splitlines()
    ]


@pytest.mark.parametrize("name", load_formats())
def test_every_format_has_a_case(name: str) -> None:
    """A format without a case is not known to work."""
    assert any(path.parent.name == name for path in INPUTS)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        for row in observed(HERE / argument)[1]:
            print(json.dumps({k: v for k, v in row.items() if k != "format"}))
