from __future__ import annotations

from dataclasses import fields

from analyzer.rules.check import COLUMNS, TEXT_FIELDS
from analyzer.rules.load import EFFECTS, FIGURES, Rule, load
from analyzer.rules.severity import SHARED_MODIFIERS


def test_the_page_names_every_rule_key_column_and_modifier(repo_root):
    page = (repo_root / "docs" / "rules.md").read_text()
    for rule in load():
        assert f"| {rule.id} |" in page
    keys = {f.name for f in fields(Rule)} - {"path", "text"}
    for word in (*keys, *COLUMNS, *TEXT_FIELDS, *FIGURES, *EFFECTS, *SHARED_MODIFIERS):
        assert f"`{word}" in page, word
