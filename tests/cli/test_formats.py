"""``acrtrace formats``, and the page that it writes."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from analyzer.cli.formats import formats
from analyzer.issues import UsageError
from analyzer.logs.format import load_formats
from analyzer.logs.mapping import COLUMNS, KEYS, PART_KEYS, SHAPES, TIMES, WAYS


def said(*args):
    answer = CliRunner().invoke(formats, args)
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_the_list_has_every_format_in_order_with_what_it_claims():
    lines = said().splitlines()
    stated = load_formats().values()
    assert [line for line in lines if not line.startswith(" ")] == [
        f"{each.name}: {each.title}" for each in stated
    ]
    assert len(lines) == 3 * len(stated)
    for each in stated:
        at = lines.index(f"{each.name}: {each.title}")
        assert all(word in lines[at + 1] for word in each.claims)
        assert all(word in lines[at + 2] for word in each.cannot)


@pytest.mark.parametrize("name", load_formats())
def test_one_format_in_full(name):
    page, each = said(name), load_formats()[name]
    assert each.vendor in page
    assert each.view in page
    assert "Recognised by" in page
    assert "SELECT" in page
    assert not re.search("^--", page, re.MULTILINE)
    for field, paths in each.fields:
        assert f"  {field}: {', '.join(paths)}" in page


def test_a_map_of_the_user_is_listed_first(repo_root):
    path = repo_root / "docs" / "maps" / "umbrella-dns.toml"
    assert said("--log-map", str(path)).startswith("umbrella-dns: Cisco Umbrella")
    assert "Recognised by (one is enough)\n  - lines like ^" in said(
        "--log-map", str(path), "umbrella-dns"
    )


def test_an_unknown_format_is_told():
    answer = CliRunner().invoke(formats, ["nope"])
    assert isinstance(answer.exception, UsageError)
    assert "no log format 'nope': expected one of" in str(answer.exception)


def test_the_page_is_what_the_command_prints(repo_root):
    page = (repo_root / "docs" / "formats.md").read_text(encoding="utf-8")
    assert page == said("--markdown"), "run: acrtrace formats --markdown > docs/formats.md"


def test_every_format_says_what_it_claims_and_cannot():
    for each in load_formats().values():
        assert each.claims, each.name
        assert each.cannot, each.name
        assert each.vendor.startswith("https://"), each.name


def test_the_page_on_maps_names_every_key(repo_root):
    page = (repo_root / "docs" / "log-maps.md").read_text(encoding="utf-8")
    for word in (*KEYS, *COLUMNS, *PART_KEYS, *SHAPES, *WAYS, *(t.split(":")[0] for t in TIMES)):
        assert re.search(rf"`{word}:?`", page), word
    for path in (repo_root / "docs" / "maps").glob("*.toml"):
        assert f"(maps/{path.name})" in page, path.name
    assert len(re.findall(r"\(maps/[a-z0-9-]+\.toml\)", page)) == len(
        list((repo_root / "docs" / "maps").glob("*.toml"))
    )
