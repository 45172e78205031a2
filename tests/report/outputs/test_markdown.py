from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from analyzer.report.outputs.markdown import FULL, ROWS, code, prose, render_markdown
from analyzer.report.visible import visible
from craft import results
from craft.hostile import HOSTILE

GITHUB = MarkdownIt("gfm-like", {"linkify": False, "html": True})
"""CommonMark with tables and strikethrough, as GitHub has them, and HTML let through."""

ALLOWED = {
    *("heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "text"),
    *("bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"),
    *("table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close"),
    *("tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close"),
    *("code_inline", "softbreak"),
}


def tokens(text: str) -> list[tuple[str, str]]:
    """Kind and content of every token, those inside lines too."""
    found = []
    for token in GITHUB.parse(text):
        for each in (token, *(token.children or [])):
            found.append((each.type, each.content))
    return found


def only_text(text: str) -> str:
    """What a reader sees of a line that must be text and code alone."""
    found = tokens(text)
    assert {kind for kind, _ in found} <= ALLOWED - {"heading_open", "bullet_list_open"}, text
    return "".join(content for kind, content in found if kind in ("text", "code_inline"))


def test_what_a_ticket_says() -> None:
    text = render_markdown(results.realistic())
    assert text.startswith("# acrtrace: suspected upload\n")
    assert "- Findings: exfiltration: 1 critical, 1 high, 1 low; readiness: 1 medium;" in text
    row = "| critical | `EX004` | `10.20.1.15` | `quietbucket.s3.eu-central-1.amazonaws.com` |"
    assert row in text
    assert "- Incomplete: `late.pcap`" in text
    assert "packets 18,204 to 22,877" in text
    assert "| awk " in text  # a command to copy is whole
    assert "- What would clear it: The account is ours: pass --own storage" in text


def test_undeclared_names_and_no_findings() -> None:
    text = render_markdown(results.undeclared())
    assert "`fabrikam.azurecr.io`: `--own acr:fabrikam`" in text
    assert render_markdown(results.make_result()).endswith("\nNo findings.\n")


def test_missing_data_is_in_the_heading() -> None:
    cut = results.make_result(inputs=[results.make_input(complete=False)])
    first = render_markdown(cut).splitlines()[0]
    assert first == "# acrtrace: none found in what could be seen, but data is missing"


def test_a_crowd_is_cut_and_says_so() -> None:
    text = render_markdown(results.crowded(findings=10_000, endpoints=1))
    assert f"{ROWS} of 10,000 shown, gravest first" in text
    assert text.count("\n### ") == FULL
    assert len(text) < 65_536


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_strings_are_text(name: str) -> None:
    hostile = results.with_text(results.undeclared(), HOSTILE[name])
    text = render_markdown(hostile)
    found = tokens(text)
    assert {kind for kind, _ in found} <= ALLOWED
    assert all(line.isprintable() for line in text.splitlines())
    assert len(text) < 65_536
    if HOSTILE[name].strip():  # else there are paragraphs without text, which are none
        calm = render_markdown(results.with_text(results.undeclared(), "x"))
        assert [kind for kind, _ in found if "_open" in kind] == [
            kind for kind, _ in tokens(calm) if "_open" in kind
        ]


def test_all_hostile_strings_at_once() -> None:
    text = render_markdown(results.hostile())
    assert {kind for kind, _ in tokens(text)} <= ALLOWED
    assert len(text) < 65_536
    assert len(text.encode()) < 120_000


@settings(max_examples=400, deadline=None)
@given(st.text(st.sampled_from("`*_[]()<>!|\\#-+=.:/&;~$ \n\tab1@w"), max_size=25))
def test_any_text_is_text(text: str) -> None:
    line = visible(text).strip(" ")
    shown = line.replace("@", "<U+0040>").replace("#", "<U+0023>")
    assert only_text(prose(text)) == shown
    assert only_text(code(text)) == (line.replace("`", "<U+0060>") or "(empty)")


@pytest.mark.parametrize(
    "text",
    [
        "www.hostile.com",
        "https://hostile.example/",
        "mailto:me@hostile.com",
        "a@b.com",
        "b.com",
    ],
)
def test_nothing_is_made_a_link(text: str) -> None:
    github = MarkdownIt("gfm-like")  # with linkify-it, which takes more for links than GitHub does
    assert "<a " in github.render(text)
    assert "<a " not in github.render(f"x {prose(text)} y {code(text)}")


def test_one_finding_of_each_direction_and_grade() -> None:
    for direction, grade in zip(
        ("W1", "W2", "W3", "W4", "W5"), ("A1", "A2", "A3", "A4", "A5"), strict=True
    ):
        finding = results.make_finding(direction_evidence=direction, name_grade=grade)
        text = render_markdown(replace(results.make_result(), findings=[finding]))
        assert f"name {grade} (" in text
        assert f"Direction {direction}: " in text
