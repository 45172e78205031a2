from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.endpoints.project_keys import SINGLES, Place

TEXT = """own = ["a"]  # first
# [logs]
[logs]
year = 1
"timezone" = "UTC"
[[approve]]
name = "x"
[[approve]]
name = "y"
[rules."HY005"]
off = true
"""


@pytest.mark.parametrize(
    ("key", "table", "line"),
    [
        ("own", "", 1),
        ("year", "logs", 4),
        ("timezone", "logs", 5),
        ("", "logs", 3),
        ("name", "approve", 7),
        ("HY005", "rules", 10),
        ("off", "rules.HY005", 11),
        ("off", "rules", None),
        ("year", "", None),
        ("", "", None),
    ],
)
def test_lines_of_keys_and_tables(key, table, line):
    assert Place(Path("x"), TEXT).line(key, table) == line


def test_an_error_names_what_it_can():
    place = Place(Path("acrtrace.toml"), TEXT)
    assert str(place.error("no", "year", "logs")) == "acrtrace.toml:4: no"
    assert str(place.error("no", "absent", "logs")) == "acrtrace.toml:3: no"
    assert str(place.error("no")) == "acrtrace.toml: no"


def test_every_single_stands_for_an_option_of_analyze():
    from analyzer.cli.analyze import analyze

    assert {key.parameter for key in SINGLES} <= {p.name for p in analyze.params}
    assert len({key.dotted for key in SINGLES}) == len(SINGLES)
