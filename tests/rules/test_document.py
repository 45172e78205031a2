"""Pages of rules: limits filled in, techniques named, markup inert."""

from __future__ import annotations

import re
from dataclasses import fields, replace

import pytest

from analyzer.attack import TECHNIQUES, technique
from analyzer.config import Thresholds
from analyzer.endpoints.inventory import Inventory
from analyzer.rules.document import filled, index, markdown, sections, shared, span, text
from analyzer.rules.load import load
from analyzer.rules.severity import COMMON_STEPS

RULES = {rule.id: rule for rule in load()}


def section(rule, heading):
    return next(s for s in sections(rule, Thresholds()) if s.heading == heading)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_built_in_rule_is_documented(rule):
    assert rule.why.endswith(".")
    assert rule.arithmetic.endswith(".")
    assert rule.false_positives
    assert all(each.endswith(".") for each in rule.false_positives)
    assert "Not stated" not in markdown(rule, Thresholds())


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_arithmetic_names_every_limit_of_the_ladder(rule):
    for step in rule.ladder:
        assert step.threshold in rule.arithmetic, step


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_words_that_look_like_limits_are_limits(rule):
    """A threshold that was renamed must not live on in a text."""
    known = {f.name for f in fields(Thresholds)}
    words = set(re.findall(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b", rule.arithmetic))
    assert words <= known


def test_limits_are_filled_in_once_each_whatever_contains_what():
    limits = replace(Thresholds(), upload_turn_bytes=5000, medium_upload_bytes=6000)
    assert filled("from upload_turn_bytes, medium_upload_bytes; x_drip_bytes", limits) == (
        "from 5,000 (upload_turn_bytes), 6,000 (medium_upload_bytes); x_drip_bytes"
    )


def test_pages_follow_the_limits_that_are_given():
    page = "\n".join(text(RULES["EX001"], replace(Thresholds(), high_upload_bytes=777_777)))
    assert "high from 777,777 (high_upload_bytes)" in page
    assert "high: upload_bytes of 777,777 or more (high_upload_bytes)" in page


def test_every_technique_of_rules_and_catalogue_has_its_name():
    used = {each for rule in RULES.values() for each in rule.attack}
    named = {e.technique for e in Inventory.load().catalogue.entries if e.technique}
    assert len(named) > 5
    used |= named
    assert used <= set(TECHNIQUES)
    assert technique("T1567") == "T1567 Exfiltration Over Web Service"
    assert technique("T9999") == "T9999"


def test_what_shows_no_upload_has_no_ladder_of_uploads():
    assert not [
        line for line in section(RULES["EX010"], "Severity").lines if "upload_bytes" in line
    ]
    wanted = COMMON_STEPS[0].threshold
    assert any(wanted in line for line in section(RULES["EX001"], "Severity").lines)


def test_a_foreign_signature_can_raise_any_exfiltration_rule_and_no_other():
    assert "foreign-tenant" in {m.name for m in shared(RULES["EX015"])}
    assert span(RULES["EX015"]) == "low to critical"
    assert shared(RULES["RD001"]) == []
    assert span(RULES["RD001"]) == "info to low"


def test_markdown_shows_text_as_it_is_written():
    rule = replace(RULES["RD001"], why="A *.b [c](d) <script> `e` | \\ f_g.")
    page = markdown(rule, Thresholds())
    assert r"A \*.b \[c\](d) \<script\> \`e\` \| \\ f\_g." in page
    assert page.index("```sql") > page.index("## SQL")
    assert "[RD001](RD001.md) | readiness | info to low |" in index([rule])


def test_a_rule_without_texts_says_so():
    bare = replace(RULES["EX001"], why="", arithmetic="", false_positives=(), attack=())
    page = "\n".join(text(bare, Thresholds()))
    assert page.count("Not stated.") == 3
    assert "None: it is no technique." in page
