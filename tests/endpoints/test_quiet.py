"""Names that are quiet in DNS: what a catalogue file may state, and what it may not."""

from __future__ import annotations

import pytest

from analyzer.endpoints.match import Catalogue
from analyzer.issues import UsageError

GOOD = """
[[quiet]]
id = "corp.scanner"
title = "Our scanner"
zones = ["scan.corp.example"]
forms = ["[0-9a-f]{32}[.]x[.]example"]
source = "our wiki"
checked = 2026-11-23
examples = ["a.scan.corp.example", "0123456789abcdef0123456789abcdef.x.example"]
"""


def load(tmp_path, text, **options):
    path = tmp_path / "extra.toml"
    path.write_text(text)
    return Catalogue.load([path], **options)


def test_a_file_adds_quiet_names_and_changes_the_version(tmp_path):
    found = load(tmp_path, GOOD)
    mine = found.quiet[-1]
    assert (mine.id, mine.checked, mine.file) == ("corp.scanner", "2026-11-23", "extra.toml")
    assert mine.covers("b.c.scan.corp.example")
    assert not mine.covers("scan.corp.example.evil.example")
    assert not mine.covers("y0123456789abcdef0123456789abcdef.x.example")
    assert found.version != Catalogue.load().version


def test_an_id_switches_one_off(tmp_path):
    all_of_them = {q.id for q in Catalogue.load().quiet}
    assert "quiet.reverse" in all_of_them
    less = Catalogue.load(disabled=["quiet.reverse"])
    assert {q.id for q in less.quiet} == all_of_them - {"quiet.reverse"}
    with pytest.raises(UsageError, match="the id is taken by"):
        load(tmp_path, GOOD.replace("corp.scanner", "acr.login"))


@pytest.mark.parametrize("quiet", Catalogue.load().quiet, ids=lambda q: q.id)
def test_ours_are_sourced_and_clear_no_foreign_name(quiet):
    assert len(quiet.source) > 5
    assert not quiet.covers("0123456789abcdef0123456789abcdef.t.evil.example")
    for zone in quiet.zones:
        assert not quiet.covers(f"{zone}.evil.example")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"our wiki"', "7", "source has the wrong type"),
        ("2026-11-23", "true", "checked is a date"),
        ('source = "our wiki"', "", "source is missing"),
        ('"Our scanner"', '"x"\nrole = "auth"', "unknown key 'role'"),
        ('["scan.corp.example"]', '["Scan.corp.example"]', "no lower-case domain"),
        ('["scan.corp.example"]', '["example"]', "no lower-case domain"),
        ("[0-9a-f]{32}", "(a", "no regular expression"),
        ("[0-9a-f]{32}", "(?=a)", "no regular expression"),
        ("[0-9a-f]{32}", "a{1,999}", "no regular expression"),
        ('"a.scan.corp.example"', '"scan.other.example"', "does not fit"),
        ("[[quiet]]", "[quiet]", "are written"),
    ],
)
def test_what_is_wrong_names_file_and_entry(tmp_path, old, new, message):
    assert old in GOOD
    with pytest.raises(UsageError, match=rf"extra\.toml.*{message}"):
        load(tmp_path, GOOD.replace(old, new))
